# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lighthouse makes of an exported Service, here and on the broker. Nothing here talks to an API server."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from tests.simulator import crds, names
from tests.simulator.kube import Object

SLICES = "discovery.k8s.io/v1"
MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by"
MANAGER = "lighthouse-agent.submariner.io"
KUBERNETES_SERVICE_LABEL = "kubernetes.io/service-name"
SERVICE_LABEL = "multicluster.kubernetes.io/service-name"
SOURCE_CLUSTER_LABEL = "multicluster.kubernetes.io/source-cluster"
SOURCE_NAMESPACE_LABEL = "lighthouse.submariner.io/sourceNamespace"
HEADLESS_LABEL = "lighthouse.submariner.io/is-headless"
GLOBALNET_ANNOTATION = "lighthouse.submariner.io/globalnet-enabled"
NOT_READY_ANNOTATION = "lighthouse.submariner.io/publish-not-ready-addresses"
CLUSTERSET_IP_ANNOTATION = "lighthouse.submariner.io/use-clusterset-ip"
TIMESTAMP_PREFIX = "timestamp.submariner.io/"

VALID, READY = "Valid", "Ready"
EXPORTED = "Service was successfully exported to the broker"


def labels_of(item: Object) -> dict[str, str]:
    return dict(item["metadata"].get("labels") or {})


def annotations_of(item: Object) -> dict[str, str]:
    return dict(item["metadata"].get("annotations") or {})


def source(item: Object) -> str:
    """The cluster that exported what an EndpointSlice or ServiceImport stands for."""
    return labels_of(item).get(SOURCE_CLUSTER_LABEL, "")


def is_ours(item: Object) -> bool:
    """Whether an EndpointSlice is lighthouse's."""
    return labels_of(item).get(MANAGER_LABEL) == MANAGER


def service_of(item: Object) -> tuple[str, str]:
    """Namespace and name of the Service that an EndpointSlice of lighthouse stands for."""
    labels = labels_of(item)
    return labels[SOURCE_NAMESPACE_LABEL], labels[SERVICE_LABEL]


def import_name(name: str, namespace: str, cluster_id: str) -> str:
    return f"{name}-{namespace}-{cluster_id}"


def aggregated_name(name: str, namespace: str) -> str:
    """The name of the ServiceImport on the broker to which every exporting cluster adds itself."""
    return f"{name}-{namespace}"


def unfit(service: Object | None) -> tuple[str, str] | None:
    """Reason and message why a Service cannot be exported. Headless ones are not simulated."""
    if service is None:
        return "ServiceUnavailable", "Service to be exported doesn't exist"
    kind = service["spec"].get("type", "ClusterIP")
    if kind != "ClusterIP" or service["spec"].get("clusterIP") == "None":
        return "UnsupportedServiceType", f"Service of type {kind} not supported"
    return None


def _ports(service: Object) -> list[Object]:
    keys = ("name", "protocol", "port", "appProtocol")
    return [{key: port[key] for key in keys if key in port} for port in service["spec"]["ports"]]


def _service_import(metadata: Object, spec: Object, clusters: list[str]) -> Object:
    return {
        "apiVersion": crds.SERVICE_IMPORTS.api_version,
        "kind": crds.SERVICE_IMPORTS.kind,
        "metadata": metadata,
        "spec": spec,
        "status": {"clusters": [{"cluster": cluster} for cluster in clusters]},
    }


def local_import(service: Object, cluster_id: str, address: str) -> Object:
    """The note in the operator's namespace that this cluster exports the Service."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    published = str(bool(service["spec"].get("publishNotReadyAddresses"))).lower()
    metadata = {
        "name": import_name(name, namespace, cluster_id),
        "namespace": names.OPERATOR_NAMESPACE,
        "annotations": {NOT_READY_ANNOTATION: published},
        "labels": {
            SERVICE_LABEL: name,
            SOURCE_NAMESPACE_LABEL: namespace,
            SOURCE_CLUSTER_LABEL: cluster_id,
        },
    }
    spec = {
        "ips": [address],
        "ports": _ports(service),
        "sessionAffinity": service["spec"].get("sessionAffinity", "None"),
        "type": "ClusterSetIP",
    }
    return _service_import(metadata, spec, [cluster_id])


def endpoint_slice(service: Object, cluster_id: str, address: str, ready: bool) -> Object:
    """The address of the exported Service, by which the others reach it."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    published = str(bool(service["spec"].get("publishNotReadyAddresses"))).lower()
    return {
        "apiVersion": SLICES,
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": {
                MANAGER_LABEL: MANAGER,
                SERVICE_LABEL: name,
                SOURCE_CLUSTER_LABEL: cluster_id,
                SOURCE_NAMESPACE_LABEL: namespace,
                HEADLESS_LABEL: "false",
            },
            "annotations": {GLOBALNET_ANNOTATION: "false", NOT_READY_ANNOTATION: published},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}}],
        "ports": _ports(service),
    }


def slice_copy(item: Object, namespace: str, cluster_id: str) -> Object:
    """An EndpointSlice as it stands on the broker and, from there, in the other clusters."""
    metadata = item["metadata"]
    labels = labels_of(item)
    labels.setdefault(names.ORIGINATING_NAMESPACE_LABEL, labels[SOURCE_NAMESPACE_LABEL])
    labels[names.CLUSTER_ID_LABEL] = cluster_id
    kept = {key: item[key] for key in ("apiVersion", "kind", "addressType", "endpoints", "ports") if key in item}
    return kept | {
        "metadata": {
            "name": metadata["name"],
            "generateName": metadata.get("generateName", ""),
            "namespace": namespace,
            "labels": labels,
            "annotations": annotations_of(item),
        }
    }


def aggregate(existing: Object | None, export: Object, own: Object, slices: list[Object], namespace: str) -> Object:
    """The ServiceImport on the broker with this cluster's part; slices are those of all exporters there."""
    cluster_id = source(own)
    service_namespace, service = service_of(own)
    result = copy.deepcopy(existing)
    if result is None:
        metadata = {
            "name": aggregated_name(service, service_namespace),
            "namespace": namespace,
            "annotations": {
                SERVICE_LABEL: service,
                SOURCE_NAMESPACE_LABEL: service_namespace,
                CLUSTERSET_IP_ANNOTATION: "false",
            },
        }
        spec = {key: own["spec"][key] for key in ("sessionAffinity", "type")}
        result = _service_import(metadata, spec, [])
    created = datetime.datetime.fromisoformat(export["metadata"]["creationTimestamp"])
    stamp = str(int(created.timestamp()) * 10**9)
    result["metadata"].setdefault("annotations", {})[TIMESTAMP_PREFIX + cluster_id] = stamp
    result["spec"]["ports"] = merged_ports(result, slices)
    clusters = result.setdefault("status", {}).setdefault("clusters", [])
    if {"cluster": cluster_id} not in clusters:
        clusters.append({"cluster": cluster_id})
    return result


def without_cluster(existing: Object, cluster_id: str, slices: list[Object]) -> Object:
    """The ServiceImport on the broker without a cluster's part."""
    result = copy.deepcopy(existing)
    (result["metadata"].get("annotations") or {}).pop(TIMESTAMP_PREFIX + cluster_id, None)
    status = result.setdefault("status", {})
    status["clusters"] = [entry for entry in status.get("clusters") or [] if entry["cluster"] != cluster_id]
    result["spec"]["ports"] = merged_ports(result, slices)
    return result


def merged_ports(aggregated: Object, slices: list[Object]) -> list[Object]:
    """The ports of all exporters; of two with one name that of the cluster which exported first."""
    stamps = {
        key.removeprefix(TIMESTAMP_PREFIX): int(value)
        for key, value in annotations_of(aggregated).items()
        if key.startswith(TIMESTAMP_PREFIX)
    }
    union: dict[str, Object] = {}
    for cluster in sorted(stamps, key=lambda cluster: (stamps[cluster], cluster)):
        for item in slices:
            for port in item.get("ports") or [] if source(item) == cluster else ():
                union.setdefault(port.get("name", ""), port)
    return list(union.values())


def import_copy(item: Object) -> Object:
    """The broker's ServiceImport as it stands beside the Service's name in every cluster."""
    annotations = annotations_of(item)
    metadata = {"name": annotations.pop(SERVICE_LABEL), "namespace": annotations.pop(SOURCE_NAMESPACE_LABEL)}
    kept = {key: item[key] for key in ("apiVersion", "kind", "spec", "status") if key in item}
    return kept | {"metadata": metadata | {"annotations": annotations}}


def as_aggregated(item: Object) -> Object:
    """The broker's ServiceImport of which this one was a copy, as far as its name goes."""
    metadata = item["metadata"]
    marks = {SERVICE_LABEL: metadata["name"], SOURCE_NAMESPACE_LABEL: metadata["namespace"]}
    return item | {"metadata": metadata | {"annotations": annotations_of(item) | marks}}


def with_condition(export: Object, kind: str, status: bool, reason: str = "", message: str = "") -> Object | None:
    """The ServiceExport with a condition; nothing where it says so already, whatever its date."""
    wanted = {"type": kind, "status": str(status), "reason": reason, "message": message}
    conditions: list[dict[str, Any]] = list((export.get("status") or {}).get("conditions") or [])
    for condition in conditions:
        if all(condition.get(key, "") == value for key, value in wanted.items()):
            return None
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fresh = wanted | {"lastTransitionTime": now}
    places = [index for index, condition in enumerate(conditions) if condition["type"] == kind]
    if places:
        conditions[places[0]] = fresh
    else:
        conditions.append(fresh)
    return export | {"status": {**(export.get("status") or {}), "conditions": conditions}}
