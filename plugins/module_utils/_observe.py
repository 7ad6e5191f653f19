# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster -> Snapshot: one LIST per kind, all in parallel. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    OPERATOR_NAMESPACE,
    Json,
    Reading,
    Snapshot,
    mapping,
    sequence,
    text,
)

PARALLEL = 8
"""Requests under way at once against one API server."""


@dataclass(frozen=True)
class Read:
    """One thing to read: C(path) with C({operator}) for the operator namespace, and the sections that need it."""

    key: str
    path: str
    sections: frozenset[str]
    metadata_only: bool = False
    selector: str = ""
    one: bool = False


def _read(key: str, path: str, sections: str, **more: t.Any) -> Read:
    return Read(key, path, frozenset(sections.split()), **more)


CR = "/apis/submariner.io/v1alpha1/"
RECORDS = "/apis/submariner.io/v1/"
APPS = "/apis/apps/v1/namespaces/{operator}/"
CORE = "/api/v1/namespaces/{operator}/"
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
MCS = "/apis/multicluster.x-k8s.io/v1alpha1/"

READS: tuple[Read, ...] = (
    _read("kube-system", "/api/v1/namespaces/kube-system", "identity", one=True),
    _read("version", "/version", "identity", one=True),
    _read("nodes", "/api/v1/nodes", "identity state nodes"),
    _read("namespaces", "/api/v1/namespaces", "state residue broker"),
    _read("submariners", CR + "submariners", "identity state residue"),
    _read("servicediscoveries", CR + "servicediscoveries", "state residue"),
    _read("brokers", CR + "brokers", "state residue broker"),
    _read("clusters", RECORDS + "clusters", "state residue broker records"),
    _read("endpoints", RECORDS + "endpoints", "state residue broker records"),
    _read("gateways", RECORDS + "gateways", "state residue records"),
    _read("routeagents", RECORDS + "routeagents", "state"),
    _read("leases", "/apis/coordination.k8s.io/v1/namespaces/{operator}/leases", "state"),
    _read("deployments", APPS + "deployments", "state residue workloads"),
    _read("daemonsets", APPS + "daemonsets", "state residue workloads"),
    _read("pods", CORE + "pods", "state residue workloads"),
    _read("configmaps", CORE + "configmaps", "residue", metadata_only=True),
    _read("secrets", CORE + "secrets", "residue", metadata_only=True),
    _read("services", CORE + "services", "residue", metadata_only=True),
    _read("broker-configmaps", "/api/v1/namespaces/{broker}/configmaps", "residue broker"),
    _read("broker-secrets", "/api/v1/namespaces/{broker}/secrets", "residue broker", metadata_only=True),
    _read("serviceaccounts", "/api/v1/serviceaccounts", "residue broker", metadata_only=True),
    _read("rolebindings", RBAC + "rolebindings", "residue broker", metadata_only=True),
    _read("roles", RBAC + "roles", "residue broker", metadata_only=True),
    _read("clusterroles", RBAC + "clusterroles", "residue", metadata_only=True),
    _read("clusterrolebindings", RBAC + "clusterrolebindings", "residue", metadata_only=True),
    _read("crds", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "state residue", metadata_only=True),
    _read("coredns", "/api/v1/namespaces/kube-system/configmaps/coredns", "state residue", one=True),
    _read("serviceexports", MCS + "serviceexports", "state"),
    _read("serviceimports", MCS + "serviceimports", "state residue"),
    _read(
        "endpointslices",
        "/apis/discovery.k8s.io/v1/endpointslices",
        "residue",
        selector="endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io",
    ),
    _read(
        "control-plane",
        "/api/v1/namespaces/kube-system/pods",
        "identity",
        selector="tier=control-plane",
    ),
    _read("transient-pods", "/api/v1/pods", "residue", selector="submariner.io/transient=true"),
)

SECTIONS: tuple[str, ...] = ("identity", "state", "residue", "broker", "records", "workloads", "nodes")


KINDS: dict[str, str] = {
    "kube-system": "Namespace",
    "coredns": "ConfigMap",
    "transient-pods": "Pod",
    "control-plane": "Pod",
    "broker-configmaps": "ConfigMap",
    "broker-secrets": "Secret",
    "nodes": "Node",
    "namespaces": "Namespace",
    "submariners": "Submariner",
    "servicediscoveries": "ServiceDiscovery",
    "brokers": "Broker",
    "clusters": "Cluster",
    "endpoints": "Endpoint",
    "gateways": "Gateway",
    "routeagents": "RouteAgent",
    "leases": "Lease",
    "deployments": "Deployment",
    "daemonsets": "DaemonSet",
    "pods": "Pod",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "services": "Service",
    "serviceaccounts": "ServiceAccount",
    "rolebindings": "RoleBinding",
    "roles": "Role",
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "crds": "CustomResourceDefinition",
    "serviceexports": "ServiceExport",
    "serviceimports": "ServiceImport",
    "endpointslices": "EndpointSlice",
}
"""Key -> kind; the items of a LIST do not say it themselves."""


def observe(
    api: Api,
    sections: t.Iterable[str] = SECTIONS,
    operator_namespace: str = OPERATOR_NAMESPACE,
    keys: t.Collection[str] | None = None,
) -> Snapshot:
    """Read the C(sections), or just the C(keys), of one cluster. What was not answered is V(unknown) in there."""
    wanted = set(sections)
    chosen = [r for r in READS if (r.key in keys if keys is not None else r.sections & wanted)]
    snapshot = Snapshot(server=api.server, operator_namespace=operator_namespace)
    if not chosen:
        return snapshot
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        answers = list(pool.map(lambda r: _ask(api, r, operator_namespace), chosen))
    for read, answer in zip(chosen, answers):
        snapshot.readings[read.key] = reading(answer, read)
        if answer.date is not None:
            snapshot.clock = answer.date
    return snapshot


def _ask(api: Api, read: Read, operator_namespace: str) -> Answer:
    path = read.path.format(operator=operator_namespace, broker=BROKER_NAMESPACE)
    if read.one:
        return api.get(path)
    selector = {"labelSelector": read.selector} if read.selector else {}
    return api.list(path, metadata_only=read.metadata_only, **selector)


def reading(answer: Answer, read: Read) -> Reading:
    """The pure form of an answer, without what nobody needs and what nobody may see."""
    if not answer.present:
        return Reading(answer.state, [], answer.reason)
    objects = [answer.body] if read.one else answer.items
    return Reading("present", [_lean(o, read.key) for o in objects])


def _lean(obj: Json, key: str) -> Json:
    meta = mapping(obj.get("metadata"))
    fields = sequence(meta.pop("managedFields", None))
    if key == "gateways":
        meta["written"] = max((text(mapping(f).get("time")) for f in fields), default="")
    if key == "nodes":
        mapping(obj.get("status")).pop("images", None)  # the larger part of a node
    if key in KINDS:
        obj["kind"] = KINDS[key]
    if key in ("secrets", "broker-secrets"):
        obj.pop("data", None)
        obj.pop("stringData", None)
    return obj


def snapshot_of(objects: t.Iterable[Json], operator_namespace: str = OPERATOR_NAMESPACE) -> Snapshot:
    """A Snapshot from one list of objects of all kinds (a recording, C(kubectl get -o json)), all of it answered."""
    snapshot = Snapshot(operator_namespace=operator_namespace)
    by_kind: dict[str, list[Json]] = {}
    for obj in objects:
        by_kind.setdefault(str(obj.get("kind")), []).append(obj)
    for read in READS:
        found = [o for o in by_kind.get(KINDS.get(read.key, ""), []) if _in_read(o, read, operator_namespace)]
        snapshot.readings[read.key] = Reading("present", [_lean(dict(o), read.key) for o in found])
    return snapshot


def _in_read(obj: Json, read: Read, operator_namespace: str) -> bool:
    meta = mapping(obj.get("metadata"))
    if read.one:
        return bool(read.path.endswith("/" + str(meta.get("name"))))
    if "{operator}" in read.path:
        return bool(meta.get("namespace") == operator_namespace)
    if "{broker}" in read.path:
        return bool(meta.get("namespace") == BROKER_NAMESPACE)
    if read.selector:
        label, _equals, value = read.selector.partition("=")
        return bool(mapping(meta.get("labels")).get(label) == value)
    return True
