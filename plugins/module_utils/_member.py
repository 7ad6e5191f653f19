# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a join is to bring about, and what stands against it. Pure.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

# Option of the module -> (flag of join, where the Submariner resource keeps it; empty: it does not).
SETTINGS: dict[str, tuple[str, str]] = {
    "cable_driver": ("cable-driver", "cableDriver"),
    "nattport": ("nattport", "ceIPSecNATTPort"),
    "natt": ("natt", "natEnabled"),
    "preferred_server": ("preferred-server", "ceIPSecPreferredServer"),
    "force_udp_encaps": ("force-udp-encaps", "ceIPSecForceUDPEncaps"),
    "load_balancer": ("load-balancer", "loadBalancerEnabled"),
    "air_gapped": ("air-gapped", "airGappedDeployment"),
    "health_check": ("health-check", "connectionHealthCheck.enabled"),
    "health_check_interval": ("health-check-interval", "connectionHealthCheck.intervalSeconds"),
    "health_check_max_packet_loss_count": (
        "health-check-max-packet-loss-count",
        "connectionHealthCheck.maxPacketLossCount",
    ),
    "globalnet": ("globalnet", ""),
    "globalnet_cidr": ("globalnet-cidr", "globalCIDR"),
    "globalnet_cluster_size": ("globalnet-cluster-size", ""),
    "clusterset_ip_cidr": ("clusterset-ip-cidr", "clustersetIPCIDR"),
    "enable_clusterset_ip": ("enable-clusterset-ip", "clustersetIPEnabled"),
    "cluster_cidr": ("clustercidr", "clusterCIDR"),
    "service_cidr": ("servicecidr", "serviceCIDR"),
    "custom_domains": ("custom-domains", "customDomains"),
    "coredns_custom_configmap": ("coredns-custom-configmap", "coreDNSCustomConfig"),
    "repository": ("repository", "repository"),
    "version": ("version", "version"),
    "image_override": ("image-override", "imageOverrides"),
    "pod_debug": ("pod-debug", "debug"),
    "ipsec_debug": ("ipsec-debug", "ceIPSecDebug"),
    "operator_debug": ("operator-debug", ""),
    "ignore_requirements": ("ignore-requirements", ""),
    "check_broker_certificate": ("check-broker-certificate", "brokerK8sInsecure"),
    "http_proxy": ("http-proxy", ""),
    "https_proxy": ("https-proxy", ""),
    "no_proxy_hosts": ("no-proxy", ""),
}


def _dns_map(said: Any) -> str:
    """V(namespace/name), as the resource or the option says it; without a namespace the operator looks in kube-system."""
    held = mapping(said)
    namespace, _slash, name = text(said).rpartition("/")
    namespace, name = text(held.get("namespace")) or namespace, text(held.get("configMapName")) or name
    return f"{namespace or 'kube-system'}/{name}" if name else ""


def _in_order(said: Any) -> list[str]:
    return sorted(text(entry) for entry in sequence(said))


# What the resource keeps in another form than the option has: how to read either, to compare them.
FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "custom_domains": (_in_order, _in_order),
    "coredns_custom_configmap": (_dns_map, _dns_map),
    "check_broker_certificate": (operator.not_, bool),
}


@dataclass(frozen=True)
class Difference:
    """One setting of an installation that is not as wanted; secrets are named, not shown."""

    setting: str
    have: Any
    want: Any


def join_arguments(cluster_id: str, info_file: str, options: Mapping[str, Any]) -> list[str]:
    """The arguments of join; None is left to subctl. Gateways are labelled before, never by subctl's question."""
    arguments = ["join", info_file, "--clusterid", cluster_id, "--label-gateway=false"]
    for name, (flag, _where) in SETTINGS.items():
        value = options.get(name)
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, bool):
            arguments.append(f"--{flag}={'true' if value else 'false'}")
        elif isinstance(value, Mapping):
            arguments += [f"--{flag}={key}={image}" for key, image in sorted(value.items())]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            arguments.append(f"--{flag}={','.join(str(entry) for entry in value)}")
        else:
            arguments.append(f"--{flag}={value}")
    return arguments


def _at(spec: Json, where: str) -> Any:
    value: Any = spec
    for key in where.split("."):
        value = mapping(value).get(key)
    return value


def differences(spec: Json, options: Mapping[str, Any], info: BrokerInfo) -> list[Difference]:
    """What an existing installation has otherwise than wanted."""
    found: list[Difference] = []
    address = info.url.partition("://")[2] or info.url
    for setting, where, due in (
        ("broker address", "brokerK8sApiServer", address),
        ("broker namespace", "brokerK8sRemoteNamespace", info.namespace),
    ):
        if text(spec.get(where)) != due:
            found.append(Difference(setting, text(spec.get(where)), due))
    if info.psk and text(spec.get("ceIPSecPSK")) != base64.b64encode(info.psk).decode("ascii"):
        found.append(Difference("PSK", "another one", "the clusterset's"))
    discovery = "service-discovery" in info.components
    if info.components and (spec.get("serviceDiscoveryEnabled") is True) != discovery:
        found.append(Difference("service discovery", not discovery, discovery))
    domains = sorted(text(domain) for domain in sequence(spec.get("customDomains")))
    if info.components and not options.get("custom_domains") and domains != sorted(info.custom_domains):
        found.append(Difference("the broker's custom domains", domains, sorted(info.custom_domains)))
    for setting, (_flag, where) in SETTINGS.items():
        want = options.get(setting)
        if not where or want is None or want in ("", [], {}):
            continue
        have = _at(spec, where)
        if setting in FORMS:
            have, want = (read(value) for read, value in zip(FORMS[setting], (have, want), strict=True))
        elif isinstance(want, bool):
            have = have is True
        if have != want:
            found.append(Difference(setting, have, want))
    return found


def foreign_installation(spec: Json, cluster_id: str, info: BrokerInfo) -> Finding | None:
    """An installation that a join would not change but abandon: under another ID, or of another broker."""
    have = text(spec.get("clusterID"))
    if have != cluster_id:
        return Finding(
            "member.other-id",
            ERROR,
            f"cluster {cluster_id}",
            f"is joined as {have}",
            f"to be joined as {cluster_id} or not at all",
            cause="a join under a second ID leaves the records of the first one on the broker",
            hint="uninstall it first (submariner.lifecycle.reinstall does), or set submariner_cluster_id to its ID",
        )
    authority = base64.b64encode(info.ca).decode("ascii")
    if info.ca and text(spec.get("brokerK8sCA")) and text(spec.get("brokerK8sCA")) != authority:
        return Finding(
            "member.other-broker",
            ERROR,
            f"cluster {cluster_id}",
            f"is joined to another broker, at {text(spec.get('brokerK8sApiServer'))}",
            f"to be joined to the broker at {info.url}, or not at all",
            cause="the certificate authority of its broker is not this broker's",
            hint="uninstall it first (submariner.lifecycle.reinstall does)",
        )
    return None


def id_claimed(broker: Snapshot, member: Snapshot, namespace: str, cluster_id: str) -> Finding | None:
    """A record of this ID on the broker while this cluster has no record of its own: subctl refuses such a join."""
    if not any(record.cluster_id == cluster_id for record in broker.clusters(namespace)):
        return None
    if any(record.cluster_id == cluster_id for record in member.clusters(member.operator_namespace)):
        return None
    mine = {address for node in member.nodes for address in node.addresses}
    names = {node.name for node in member.nodes}
    claimed = [e for e in broker.endpoints(namespace) if e.cluster_id == cluster_id]
    if any(e.private_ip in mine and e.hostname in names for e in claimed):
        return Finding(
            "member.id-stale",
            ERROR,
            f"cluster ID {cluster_id}",
            "the broker still has the records of an earlier installation of this cluster",
            "no record of a cluster that is not installed",
            cause="an earlier uninstall ended without removing them",
            hint="run submariner.lifecycle.cleanup for this cluster with departure=rejoin, as the reinstall does",
            evidence={"endpoints": [e.name for e in claimed]},
        )
    where = ", ".join(f"{e.hostname} ({e.private_ip})" for e in claimed) or "no gateway"
    return Finding(
        "member.id-claimed",
        ERROR,
        f"cluster ID {cluster_id}",
        f"the broker has it for another cluster, with the gateway {where}",
        "an ID of its own for each cluster",
        cause="two clusters with one ID remove each other's Endpoint",
        hint="set submariner_cluster_id to another ID, or clean its records up if that cluster is gone for good",
        evidence={"endpoints": [e.name for e in claimed]},
    )
