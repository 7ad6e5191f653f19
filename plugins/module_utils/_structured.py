# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot -> the structured document that users see; pure. Private to this collection, may change at any time.

Fields of resources are named one by one: some hold the broker's token and the pre-shared key.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
    allocations_in,
    globalnet_of,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import CRDS, MCS_CRDS, MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.globalnet import KINDS as GLOBALNET_KINDS
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import (
    imported_service,
    offered_by,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import image_tags, reported
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import pods_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._dns import edit_of, lighthouse_addresses
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Snapshot,
    Workload,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Wish, plan

SCHEMA = 1
"""Raised when a field of the document changes its meaning or goes."""

SPEC = (
    "airGappedDeployment",
    "brokerK8sApiServer",
    "brokerK8sRemoteNamespace",
    "cableDriver",
    "ceIPSecForceUDPEncaps",
    "ceIPSecIKEPort",
    "ceIPSecNATTPort",
    "ceIPSecPreferredServer",
    "clusterCIDR",
    "clusterID",
    "clustersetIPCIDR",
    "clustersetIPEnabled",
    "components",
    "connectionHealthCheck",
    "coreDNSCustomConfig",
    "customDomains",
    "defaultCustomDomains",
    "globalCIDR",
    "globalnetCIDRRange",
    "globalnetEnabled",
    "defaultGlobalnetClusterSize",
    "clustersetIPCIDRRange",
    "imageOverrides",
    "loadBalancerEnabled",
    "natEnabled",
    "repository",
    "serviceCIDR",
    "serviceDiscoveryEnabled",
    "version",
)
STATUS = ("clusterCIDR", "clustersetIPCIDR", "globalCIDR", "natEnabled", "networkPlugin", "serviceCIDR")
OWN_WORDS = ("StartError", "ContainerCannotRun")
"""Ends of a container whose message is the runtime's own; any other may be a line of the container's log."""


def structured(snapshot: Snapshot) -> Json:
    """All that was read, part by part; a part that was not asked for is not in there."""
    parts = {name: build(snapshot) for name, (keys, build) in PARTS.items() if set(keys) & set(snapshot.readings)}
    return {
        "schema": SCHEMA,
        "server": snapshot.server,
        "uid": snapshot.uid,
        "clock": snapshot.clock,
        "kubernetes": text(snapshot.first_of("version").get("gitVersion")),
        "cluster_id": snapshot.cluster_id,
        "installed": snapshot.installed,
        **parts,
        "unknown": snapshot.unanswered,
    }


def _names(obj: Json) -> Json:
    meta = mapping(obj.get("metadata"))
    return {k: text(meta.get(k)) for k in ("namespace", "name") if text(meta.get(k))}


def _conditions(obj: Json) -> list[Json]:
    return [
        {k: text(c.get(k)) for k in ("type", "status", "reason", "message", "lastTransitionTime") if text(c.get(k))}
        for c in map(mapping, sequence(mapping(obj.get("status")).get("conditions")))
    ]


def _resource(obj: Json) -> Json:
    """A resource of the operator without its secrets; empty for none."""
    if not obj:
        return {}
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    return {
        **_names(obj),
        "created": text(meta.get("creationTimestamp")),
        "deleting": text(meta.get("deletionTimestamp")),
        "finalizers": [text(f) for f in sequence(meta.get("finalizers")) if text(f)],
        "spec": {k: spec[k] for k in SPEC if k in spec},
        "status": {k: status[k] for k in STATUS if k in status},
    }


def _brokers(snapshot: Snapshot) -> list[Json]:
    return [_broker(snapshot, namespace) for namespace in snapshot.broker_namespaces]


def _broker(snapshot: Snapshot, namespace: str) -> Json:
    table = snapshot.first("broker-configmaps", namespace, CLUSTERSET_IP_INFO)
    clusterset: dict[str, list[str]] = {}
    for owner, cidr in allocations_in(mapping(table.get("data"))):
        clusterset.setdefault(owner, []).append(cidr)
    return {
        "namespace": namespace,
        "resource": _resource(next(iter(snapshot.objects("brokers", namespace)), {})),
        "globalnet": globalnet_of(mapping(snapshot.first("broker-configmaps", namespace, GLOBALNET_INFO).get("data"))),
        "clusterset_ips": clusterset,
    }


def _records(snapshot: Snapshot) -> list[Json]:
    """Endpoints and Clusters by namespace: copies of one record stand in several."""
    places = [*snapshot.objects("endpoints"), *snapshot.objects("clusters")]
    namespaces = {text(mapping(o.get("metadata")).get("namespace")) for o in places}
    return [
        {
            "namespace": namespace,
            "endpoints": [asdict(e) for e in snapshot.endpoints(namespace)],
            "clusters": [asdict(c) for c in snapshot.clusters(namespace)],
        }
        for namespace in sorted(namespaces)
    ]


def _route_agents(snapshot: Snapshot) -> list[Json]:
    found = []
    for obj in snapshot.objects("routeagents", snapshot.operator_namespace):
        status = mapping(obj.get("status"))
        remotes = [
            {
                "cluster_id": text(mapping(r.get("spec")).get("cluster_id")),
                "status": text(r.get("status")),
                "message": text(r.get("statusMessage")),
                "latency": text(mapping(r.get("latencyRTT")).get("average")),
            }
            for r in map(mapping, sequence(status.get("remoteEndpoints")))
        ]
        found.append({**_names(obj), "version": text(status.get("version")), "remotes": remotes})
    return found


def _routes(key: str) -> t.Callable[[Snapshot], list[Json]]:
    def build(snapshot: Snapshot) -> list[Json]:
        specs = [(o, mapping(o.get("spec"))) for o in snapshot.objects(key)]
        return [
            {**_names(o), "next_hops": sequence(s.get("nextHops")), "remote_cidrs": sequence(s.get("remoteCIDRs"))}
            for o, s in specs
        ]

    return build


def _leases(snapshot: Snapshot) -> list[Json]:
    found = []
    for obj in snapshot.objects("leases"):
        spec = mapping(obj.get("spec"))
        found.append(
            {
                **_names(obj),
                "holder": text(spec.get("holderIdentity")),
                "transitions": spec.get("leaseTransitions") if isinstance(spec.get("leaseTransitions"), int) else None,
                "acquired": text(spec.get("acquireTime")),
                "renewed": text(spec.get("renewTime")),
            }
        )
    return found


def _workloads(snapshot: Snapshot) -> list[Json]:
    return [{**asdict(w), **_containers(snapshot, w)} for w in snapshot.workloads]


def _containers(snapshot: Snapshot, workload: Workload) -> Json:
    """How often the containers of a workload were started again, and how one of them ended last."""
    restarts, ends = 0, []
    for pod in pods_of(snapshot, workload.name):
        for key in ("initContainerStatuses", "containerStatuses"):
            for container in map(mapping, sequence(mapping(pod.get("status")).get(key))):
                count = container.get("restartCount")
                restarts += count if isinstance(count, int) else 0
                ended = mapping(mapping(container.get("lastState")).get("terminated"))
                if ended:
                    ends.append(_end(pod, container, ended))
    return {"restarts": restarts, "last_termination": max(ends, key=lambda e: str(e["finished"]), default=None)}


def _end(pod: Json, container: Json, ended: Json) -> Json:
    reason = text(ended.get("reason"))
    return {
        "pod": text(mapping(pod.get("metadata")).get("name")),
        "container": text(container.get("name")),
        "reason": reason,
        "exit_code": ended.get("exitCode") if isinstance(ended.get("exitCode"), int) else None,
        "finished": text(ended.get("finishedAt")),
        "message": text(ended.get("message"))[:300] if reason in OWN_WORDS else "",
    }


def _versions(snapshot: Snapshot) -> Json:
    return {
        "submariner": text(mapping(snapshot.submariner.get("spec")).get("version")),
        "images": image_tags(snapshot),
        "reported": sorted(reported(snapshot) - {""}),
    }


def _namespaces(snapshot: Snapshot) -> list[Json]:
    return [
        {
            "name": name,
            "deleting": text(mapping(snapshot.namespace(name).get("metadata")).get("deletionTimestamp")),
            "conditions": _conditions(snapshot.namespace(name)),
        }
        for name in dict.fromkeys((snapshot.operator_namespace, *snapshot.broker_namespaces))
        if snapshot.namespace(name)
    ]


def _dns(snapshot: Snapshot) -> Json:
    edit = edit_of(snapshot)
    return {
        "place": edit.place,
        "edited": edit.there,
        "markers_paired": edit.paired,
        "forwards_to": list(edit.addresses),
        "lighthouse": lighthouse_addresses(snapshot),
    }


def _exports(snapshot: Snapshot) -> list[Json]:
    return [{**_names(o), "conditions": _conditions(o)} for o in snapshot.objects("serviceexports")]


def _imports(snapshot: Snapshot) -> list[Json]:
    return [
        {
            **_names(o),
            "service": imported_service(o),
            "clusters": sorted(offered_by(o)),
        }
        for o in snapshot.objects("serviceimports")
    ]


def _globalnet(snapshot: Snapshot) -> list[Json]:
    found = []
    for key in GLOBALNET_KINDS:
        for obj in snapshot.objects(key):
            status = mapping(obj.get("status"))
            given = [*sequence(status.get("allocatedIPs")), status.get("allocatedIP")]
            found.append(
                {
                    "kind": text(obj.get("kind")),
                    **_names(obj),
                    "addresses": [text(a) for a in given if text(a)],
                    "conditions": _conditions(obj),
                }
            )
    return found


def _definitions(snapshot: Snapshot) -> list[Json]:
    """Submariner's definitions. Whether one is established shows when its kind was read, too: else C(served) is null."""
    found = []
    for obj in snapshot.objects("crds"):
        meta = mapping(obj.get("metadata"))
        name = text(meta.get("name"))
        if name in CRDS | MCS_CRDS:
            state = snapshot.reading(name.partition(".")[0]).state
            served = {"present": True, "absent": False}.get(state)
            found.append({"name": name, "deleting": text(meta.get("deletionTimestamp")), "served": served})
    return found


def _residue(snapshot: Snapshot) -> list[Json]:
    """What the catalogue owns here and nothing needs: beside an installation, what an uninstall or a test left."""
    owned = plan(snapshot, Wish(frozenset([MEMBER]))).owned
    if snapshot.submariner or snapshot.broker_namespaces:
        owned = [o for o in owned if o.residue in ("R2", "R25")]
    return [{"kind": o.kind, "object": o.label, "residue": o.residue, "why": o.why} for o in owned]


def _access(snapshot: Snapshot) -> Json:
    secret = snapshot.first_of("broker-secret")
    return {**_names(secret), **mapping(secret.get("access"))}


def _service_discovery(snapshot: Snapshot) -> Json:
    return _resource(next(iter(snapshot.objects("servicediscoveries", snapshot.operator_namespace)), {}))


PARTS: dict[str, tuple[tuple[str, ...], t.Callable[[Snapshot], t.Any]]] = {
    "submariner": (("submariners",), lambda s: _resource(s.submariner)),
    "service_discovery": (("servicediscoveries",), _service_discovery),
    "brokers": (("brokers",), _brokers),
    "access": (("broker-secret",), _access),
    "versions": (("deployments", "gateways"), _versions),
    "records": (("endpoints", "clusters"), _records),
    "gateways": (("gateways",), lambda s: [asdict(g) for g in s.gateways]),
    "route_agents": (("routeagents",), _route_agents),
    "gateway_routes": (("gatewayroutes",), _routes("gatewayroutes")),
    "non_gateway_routes": (("nongatewayroutes",), _routes("nongatewayroutes")),
    "leases": (("leases",), _leases),
    "workloads": (("deployments", "daemonsets"), _workloads),
    "nodes": (("nodes",), lambda s: [asdict(n) for n in s.nodes]),
    "namespaces": (("namespaces",), _namespaces),
    "dns": (("coredns", "dns-custom", "dns-operator"), _dns),
    "exports": (("serviceexports",), _exports),
    "imports": (("serviceimports",), _imports),
    "globalnet": (("clusterglobalegressips",), _globalnet),
    "definitions": (("crds",), _definitions),
    "residue": (("transient-pods",), _residue),
}
"""Part of the document -> the readings that it is made of, and how."""
