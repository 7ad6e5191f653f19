# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot -> the compact digest that leaves the cluster's process; pure. Private, may change at any time."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
    clusterset_ip_of,
    globalnet_of,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.cluster import judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import (
    exported,
    imported_service,
    offered_by,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import image_tags
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import SCHEMA
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Connection,
    Endpoint,
    Gateway,
    Json,
    Node,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import seconds_since
from ansible_collections.submariner.lifecycle.plugins.module_utils._owners import other_owners
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._site import site_of

SPEC_FIELDS = (
    "version",
    "repository",
    "cableDriver",
    "brokerK8sApiServer",
    "brokerK8sRemoteNamespace",
    "globalCIDR",
    "natEnabled",
    "airGappedDeployment",
    "serviceDiscoveryEnabled",
)


def digest(snapshot: Snapshot, cluster_id: str) -> Json:
    """What fleet checks need of one cluster: names, counts, addresses, findings; no secrets, no whole objects.

    It grows with the number of members only by what must be compared with each of them: one mark for each copy of an
    Endpoint, one line for each connection.
    """
    namespace = snapshot.operator_namespace
    spec, status = mapping(snapshot.submariner.get("spec")), mapping(snapshot.submariner.get("status"))
    local = snapshot.endpoints(namespace)
    nodes = snapshot.nodes
    return {
        "schema": SCHEMA,
        "read": sorted(snapshot.readings),
        "unknown": snapshot.unanswered,
        "uid": snapshot.uid,
        "server": snapshot.server,
        "kubernetes": text(snapshot.first_of("version").get("gitVersion")),
        "cluster_id": snapshot.cluster_id,
        "wanted_id": cluster_id,
        "installed": snapshot.installed,
        "going": bool(snapshot.submariner) and not snapshot.installed,
        "identity": Identity.of(snapshot, cluster_id).as_dict(),
        "submariner": {k: spec[k] for k in SPEC_FIELDS if spec.get(k) not in (None, "")},
        "health_check": mapping(spec.get("connectionHealthCheck")).get("enabled") is not False,
        "cluster_cidrs": cidrs(snapshot, "clusterCIDR", "--cluster-cidr", status),
        "service_cidrs": cidrs(snapshot, "serviceCIDR", "--service-cluster-ip-range", status),
        "global_cidrs": split_cidrs(text(status.get("globalCIDR")) or text(spec.get("globalCIDR"))),
        "nodes": {"total": len(nodes), "ready": sum(n.ready for n in nodes)},
        "gateway_nodes": [_gateway_node(n) for n in nodes if n.gateway == "true"],
        "own_endpoints": [e.brief() for e in local if not e.origin],
        "copies": _copies(local),
        "clusters": sorted(c.cluster_id for c in snapshot.clusters(namespace)),
        "gateways": [
            {
                "name": g.name,
                "status": g.ha_status,
                "cable": g.local.cable_name,
                "age": _age(g, snapshot.clock_of("gateways")),
                "connections": [_line(c) for c in g.connections],
            }
            for g in snapshot.gateways
        ],
        "brokers": [_broker(snapshot, n) for n in snapshot.broker_namespaces],
        "exports": exported(snapshot),
        "operator": image_tags(snapshot).get("submariner-operator", ""),
        "other_owners": other_owners(snapshot),
        "ahead": snapshot.ahead,
        "plugin": text(status.get("networkPlugin")),
        "site": site_of(snapshot),
        "findings": {
            check: [f.as_dict() for f in found]
            for check, found in judge(snapshot, cluster_id or snapshot.cluster_id or snapshot.server).items()
        },
    }


def _gateway_node(node: Node) -> Json:
    settings = [key for key in node.annotations if key.startswith("gateway.submariner.io/")]
    return {"name": node.name, "ready": node.ready, "by": node.labelled_by, "settings": settings}


def _copies(endpoints: t.Sequence[Endpoint]) -> dict[str, str]:
    """The marks of the copies of other clusters' Endpoints, by cluster ID; mostly one."""
    found: dict[str, str] = {}
    for endpoint in endpoints:
        if endpoint.origin:
            # the sync goes by the label
            mark = endpoint.mark if endpoint.origin == endpoint.cluster_id else "mislabelled"
            found[endpoint.cluster_id] = f"{found.get(endpoint.cluster_id, '')} {mark}".strip()
    return found


def _age(gateway: Gateway, clock: float | None) -> float | None:
    """Seconds since a Gateway was last updated, by the API server's clock; None when that is not known."""
    age = seconds_since(gateway.written, clock)
    return None if age is None else round(age, 1)


def _line(connection: Connection) -> str:
    """A connection in one line, which L(_fleet.Link) reads: a fleet has as many as it has pairs."""
    measured = connection.latency or connection.status != "connected"
    doubt = connection.message or ("" if measured else "nothing has measured it")
    cable = connection.cable_name + (connection.family and f"/{connection.family}")
    words = (connection.cluster_id, connection.status, cable)
    return " ".join([*(w.replace(" ", "_") or "-" for w in words), doubt]).strip()


def _broker(snapshot: Snapshot, namespace: str) -> Json:
    return {
        "namespace": namespace,
        "endpoints": [e.brief() for e in snapshot.endpoints(namespace)],
        "clusters": [
            {"name": c.name, "cluster_id": c.cluster_id, "cluster_cidr": list(c.cluster_cidr)}
            for c in snapshot.clusters(namespace)
        ],
        "resource": any(mapping(o.get("metadata")).get("namespace") == namespace for o in snapshot.objects("brokers")),
        "terminating": bool(mapping(snapshot.namespace(namespace).get("metadata")).get("deletionTimestamp")),
        "globalnet": globalnet_of(_table(snapshot, namespace, GLOBALNET_INFO)),
        "clusterset_ip": clusterset_ip_of(_table(snapshot, namespace, CLUSTERSET_IP_INFO)),
        "imports": _imports(snapshot, namespace),
        "admin_token": _admin_token(snapshot, namespace),
        "globalnet_size": _globalnet_size(snapshot, namespace),
    }


def _globalnet_size(snapshot: Snapshot, namespace: str) -> str:
    """The global addresses that each cluster gets, as the table has it."""
    table = snapshot.first("broker-configmaps", namespace, GLOBALNET_INFO)
    return text(mapping(table.get("data")).get("globalnetClusterSize"))


def _admin_token(snapshot: Snapshot, namespace: str) -> bool | None:
    """Whether the Secret is there by which clusters are joined; None when Secrets could not be read."""
    if not snapshot.known("broker-secrets"):
        return None
    names = [text(mapping(o.get("metadata")).get("name")) for o in snapshot.objects("broker-secrets", namespace)]
    return any(name.startswith("submariner-k8s-broker-admin-token") for name in names)


def _imports(snapshot: Snapshot, namespace: str) -> dict[str, list[str]]:
    """The clusters that offer a service, by the service."""
    found: dict[str, set[str]] = {}
    for obj in snapshot.objects("serviceimports", namespace):
        found.setdefault(imported_service(obj), set()).update(offered_by(obj))
    return {service: sorted(clusters) for service, clusters in found.items()}


def _table(snapshot: Snapshot, namespace: str, name: str) -> Json:
    return mapping(snapshot.first("broker-configmaps", namespace, name).get("data"))


def cidrs(snapshot: Snapshot, field: str, flag: str, status: Json) -> list[str]:
    """A cluster's pod or service CIDRs: as Submariner found them, else as the control plane or OpenShift is told them."""
    found = text(status.get(field))
    if not found:
        own = [c for c in snapshot.clusters(snapshot.operator_namespace) if not c.origin]
        found = ",".join(c for r in own for c in (r.cluster_cidr if field == "clusterCIDR" else r.service_cidr))
    if not found:
        found = next((a.split("=", 1)[1] for a in control_plane_arguments(snapshot) if a.startswith(flag + "=")), "")
    return split_cidrs(found or ",".join(_of_openshift(snapshot, field)))


def _of_openshift(snapshot: Snapshot, field: str) -> list[str]:
    """As OpenShift's Network has them, whose control plane runs in namespaces of its own."""
    network = snapshot.first_of("openshift-network")
    facts = mapping(network.get("status")) or mapping(network.get("spec"))
    if field == "serviceCIDR":
        return [text(cidr) for cidr in sequence(facts.get("serviceNetwork"))]
    return [text(mapping(block).get("cidr")) for block in sequence(facts.get("clusterNetwork"))]


def split_cidrs(found: str) -> list[str]:
    return sorted({c.strip() for c in found.split(",") if c.strip()})


def control_plane_arguments(snapshot: Snapshot) -> list[str]:
    """Arguments of the control plane's pods, as far as it runs in pods (kubeadm, kind)."""
    return [
        text(argument)
        for pod in snapshot.objects("control-plane")
        for container in map(mapping, sequence(mapping(pod.get("spec")).get("containers")))
        for argument in [*sequence(container.get("command")), *sequence(container.get("args"))]
    ]
