# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters' own networks, and what Submariner asks of them (submariner.md 2.4, 6, measured.md); pure.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.clusterset import shown
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.target import minor_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    INFO,
    WARNING,
    Finding,
    mapping,
    mappings,
    overlap,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._site import plugin_of

NAMED = frozenset(["calico", "canal-flannel", "flannel", "kindnet", "OpenShiftSDN", "OVNKubernetes", "weave-net"])
"""Plugins that Submariner knows by name; any other is treated like a plain one."""

CALICO_RANGE = "242.0.0.0/8"
"""Used by Calico itself, and Globalnet's default."""

NEEDS_SERVER_POD = 36
"""Minor release of Kubernetes 1 on which the operator was seen to find the service CIDR in no other way."""


def check_network(fleet: Fleet) -> list[Finding]:
    """Each member's network is one that Submariner works with, as far as its objects tell."""
    if fleet.intent is None or fleet.intent.verb == "uninstall":
        return []
    findings = []
    for host in (h for h in fleet.hosts if h.member and h.digest):
        findings += _discovery(host)
        if not host.site:
            findings.append(_not_inspected(host, "network plugin and kube-proxy", "they were not read", WARNING))
            continue
        findings += _plugin(host) + _proxy(host)
        if plugin_of(host.site, text(host.digest.get("plugin"))) == "calico":
            findings += _calico(fleet, host)
    return findings


def _not_inspected(host: Host, what: str, why: str, severity: str = INFO) -> Finding:
    return Finding("preflight.not-inspected", severity, f"{host.name}: {what}", f"not inspected: {why}")


def _discovery(host: Host) -> list[Finding]:
    """The operator starts nothing until it knows the networks, whatever CIDRs it is given (measured.md)."""
    minor = minor_of(text(host.digest.get("kubernetes")))
    seen = host.digest.get("service_cidrs") or not host.knows("control-plane") or text(host.site.get("openshift"))
    if seen or minor is None or minor < NEEDS_SERVER_POD:
        return []
    return [
        Finding(
            "network.no-discovery",
            WARNING,
            host.name,
            "has no kube-apiserver pod in kube-system that names the service CIDR",
            "a pod labelled component=kube-apiserver with --service-cluster-ip-range",
            cause="on Kubernetes 1.36 the operator of 0.19 found the service CIDR in no other way, and started nothing",
            hint="if the join ends without a gateway, look into the operator's log; CIDRs given to join did not help there",
        )
    ]


def _plugin(host: Host) -> list[Finding]:
    plugin = plugin_of(host.site, text(host.digest.get("plugin")))
    if plugin == "cilium":
        return [
            Finding(
                "network.plugin-unsupported",
                WARNING,
                host.name,
                "uses Cilium, which Submariner does not support",
                f"one of {', '.join(sorted(NAMED))}",
                cause="Submariner takes it for a plain network (submariner#3159, #3168)",
                hint="expect traffic to fail; verify it with the data-path test",
            )
        ]
    if plugin == "OVNKubernetes":
        return [
            _not_inspected(
                host,
                "OVN's database",
                "its version (6.1.0 or newer is needed) stands in no object; subctl diagnose cni asks it",
            )
        ]
    if plugin in NAMED:
        return []
    return [
        Finding(
            "network.plugin-unknown",
            INFO,
            host.name,
            f"uses {plugin}, of which nothing is known here"
            if plugin
            else "uses a network plugin that is not known here",
            f"one of {', '.join(sorted(NAMED))}",
            cause="Submariner treats it like a plain network",
            hint="verify with the data-path test",
        )
    ]


def _proxy(host: Host) -> list[Finding]:
    mode = text(host.site.get("proxy"))
    if mode == "ipvs":
        return [
            Finding(
                "network.proxy-mode",
                WARNING,
                host.name,
                "runs kube-proxy in IPVS mode, which Submariner does not support",
                "kube-proxy in iptables mode",
                cause="services of other clusters are not reached then (submariner#1611, #3967)",
                hint="set mode: iptables in the ConfigMap kube-system/kube-proxy, and restart kube-proxy",
            )
        ]
    if mode == "nftables":
        return [
            Finding(
                "network.proxy-mode",
                INFO,
                host.name,
                "runs kube-proxy in nftables mode, of which nothing is known",
                "kube-proxy in iptables mode",
                hint="verify with the data-path test",
            )
        ]
    if not mode and "proxy" in host.site:
        return [
            _not_inspected(
                host, "kube-proxy", "there is no ConfigMap kube-system/kube-proxy, so another program does its work"
            )
        ]
    return []


def _calico(fleet: Fleet, host: Host) -> list[Finding]:
    """Tunnels of Calico's own are VXLAN, and it knows the other clusters' addresses as pools."""
    pools = mappings(host.site.get("pools"))
    plain = [text(p.get("cidr")) for p in pools if not p.get("vxlan") and not p.get("ours") and not p.get("disabled")]
    findings = []
    if plain:
        findings.append(
            Finding(
                "network.calico-encapsulation",
                WARNING,
                host.name,
                f"has Calico pools without VXLAN: {shown(sorted(plain))}",
                "VXLAN, the only encapsulation of Calico that Submariner supports",
                hint="set vxlanMode: Always (or CrossSubnet) in these IPPools",
            )
        )
    known = "pools" in host.site
    if not known and "calico-pools" not in mapping(host.digest.get("unknown")):  # else that is said already
        findings.append(_not_inspected(host, "Calico's pools", "they are not among the cluster's definitions"))
    lacking = _without_pool(fleet, host, [text(p.get("cidr")) for p in pools]) if known else []
    if host.site.get("pool_api") is False and lacking:
        findings.append(
            Finding(
                "network.calico-pools",
                WARNING,
                host.name,
                f"has no Calico pool for {shown(lacking)}, and no API server of Calico by which Submariner makes them",
                "a disabled IPPool for each CIDR of the other clusters",
                cause="Calico rewrites the source of packets to addresses that it does not know",
                hint="install Calico's API server, or make these IPPools (disabled: true, natOutgoing: false) by hand",
            )
        )
    intent = fleet.intent
    if intent and overlap(intent.globalnet_range, CALICO_RANGE):
        findings.append(
            Finding(
                "network.calico-range",
                WARNING,
                host.name,
                f"uses Calico, and the global range is {intent.globalnet_range}",
                f"a range outside of {CALICO_RANGE}",
                cause="Calico uses that range itself",
                hint="set submariner_globalnet_cidr_range to another one",
            )
        )
    return findings


def _without_pool(fleet: Fleet, host: Host, pools: t.Sequence[str]) -> list[str]:
    """CIDRs of the other members that no pool holds; with Globalnet they are not known before a join."""
    if fleet.intent and fleet.intent.globalnet_range:
        return []
    others = [h for h in fleet.in_play if h.name != host.name]
    wanted = {cidr for other in others for cidr in (*other.pod_cidrs, *other.service_cidrs)}
    return sorted(c for c in wanted if not any(overlap(c, pool) for pool in pools))
