# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot -> the compact digest that leaves the cluster's process; pure. Private, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import (
    CRDS,
    UNINSTALL_WORKLOADS,
    other_owner,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    OPERATOR_NAMESPACE,
    Endpoint,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity

SPEC_FIELDS = (
    "version",
    "repository",
    "cableDriver",
    "brokerK8sApiServer",
    "globalCIDR",
    "natEnabled",
    "airGappedDeployment",
)


def digest(snapshot: Snapshot, cluster_id: str) -> Json:
    """What fleet checks and reports need of one cluster: names, counts, addresses; no secrets, no whole objects."""
    namespace = snapshot.operator_namespace
    spec, status = mapping(snapshot.submariner.get("spec")), mapping(snapshot.submariner.get("status"))
    return {
        "uid": snapshot.uid,
        "server": snapshot.server,
        "kubernetes": text(snapshot.first_of("version").get("gitVersion")),
        "cluster_id": snapshot.cluster_id,
        "installed": snapshot.installed,
        "going": bool(snapshot.submariner) and not snapshot.installed,
        "identity": Identity.of(snapshot, cluster_id).as_dict(),
        "submariner": {k: spec[k] for k in SPEC_FIELDS if spec.get(k) not in (None, "")},
        "cluster_cidrs": cidrs(snapshot, "clusterCIDR", "--cluster-cidr", status),
        "service_cidrs": cidrs(snapshot, "serviceCIDR", "--service-cluster-ip-range", status),
        "nodes": [
            {
                "name": n.name,
                "ready": n.ready,
                "gateway": n.gateway,
                "control_plane": n.control_plane,
                "addresses": list(n.addresses),
            }
            for n in snapshot.nodes
        ],
        "endpoints": _records(snapshot.endpoints(namespace)),
        "clusters": sorted(c.cluster_id for c in snapshot.clusters(namespace)),
        "gateways": [
            {
                "name": g.name,
                "status": g.ha_status,
                "failure": g.failure,
                "connections": [{"to": c.cluster_id, "status": c.status, "remote": c.hostname} for c in g.connections],
            }
            for g in snapshot.gateways
        ],
        "workloads": [asdict(w) for w in snapshot.workloads],
        "uninstall_workloads": sorted(w.name for w in snapshot.workloads if w.name in UNINSTALL_WORKLOADS),
        "brokers": [_broker(snapshot, n) for n in snapshot.broker_namespaces],
        "definitions": len(
            [o for o in snapshot.objects("crds") if text(mapping(o.get("metadata")).get("name")) in CRDS]
        ),
        "namespaces": {
            n: "Terminating" if mapping(snapshot.namespace(n).get("metadata")).get("deletionTimestamp") else "Active"
            for n in (OPERATOR_NAMESPACE, namespace, *snapshot.broker_namespaces)
            if snapshot.namespace(n)
        },
        "other_owners": other_owners(snapshot),
        "exports": len(snapshot.objects("serviceexports")),
        "unknown": snapshot.unanswered,
    }


def _records(endpoints: t.Sequence[Endpoint]) -> list[Json]:
    return [
        {
            "name": e.name,
            "cluster_id": e.cluster_id,
            "own": not e.origin,
            "hostname": e.hostname,
            "private_ip": e.private_ip,
            "subnets": list(e.subnets),
        }
        for e in endpoints
    ]


def _broker(snapshot: Snapshot, namespace: str) -> Json:
    return {
        "namespace": namespace,
        "endpoints": _records(snapshot.endpoints(namespace)),
        "clusters": sorted(c.cluster_id for c in snapshot.clusters(namespace)),
        "resource": any(mapping(o.get("metadata")).get("namespace") == namespace for o in snapshot.objects("brokers")),
        "terminating": bool(mapping(snapshot.namespace(namespace).get("metadata")).get("deletionTimestamp")),
    }


def cidrs(snapshot: Snapshot, field: str, flag: str, status: Json) -> list[str]:
    """A cluster's pod or service CIDRs: as Submariner found them, else from the control plane's own arguments."""
    found = text(status.get(field))
    if not found:
        own = [c for c in snapshot.clusters(snapshot.operator_namespace) if not c.origin]
        found = ",".join(c for r in own for c in (r.cluster_cidr if field == "clusterCIDR" else r.service_cidr))
    if not found:
        found = next((a.split("=", 1)[1] for a in control_plane_arguments(snapshot) if a.startswith(flag + "=")), "")
    return sorted({c.strip() for c in found.split(",") if c.strip()})


def control_plane_arguments(snapshot: Snapshot) -> list[str]:
    """Arguments of the control plane's pods, as far as it runs in pods (kubeadm, kind)."""
    return [
        text(argument)
        for pod in snapshot.objects("control-plane")
        for container in map(mapping, sequence(mapping(pod.get("spec")).get("containers")))
        for argument in [*sequence(container.get("command")), *sequence(container.get("args"))]
    ]


def other_owners(snapshot: Snapshot) -> list[Json]:
    """Who else manages the installation, with that owner's way of removal."""
    places = [
        *snapshot.objects("submariners"),
        *snapshot.objects("brokers"),
        *[
            o
            for o in snapshot.objects("deployments")
            if text(mapping(o.get("metadata")).get("name")) == "submariner-operator"
        ],
        *[
            o
            for o in snapshot.objects("namespaces")
            if text(mapping(o.get("metadata")).get("name")) == snapshot.operator_namespace
        ],
    ]
    found = {}
    for obj in places:
        owner = other_owner(obj)
        if owner:
            subject = f"{obj.get('kind')} {mapping(obj.get('metadata')).get('name')}"
            found[owner.id] = {"id": owner.id, "words": owner.words, "removal": owner.removal, "subject": subject}
    return list(found.values())
