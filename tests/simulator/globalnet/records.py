# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that Globalnet makes and what it writes into others."""

from __future__ import annotations

import base64
import datetime
import hashlib

from tests.simulator import crds, names
from tests.simulator.kube import Object

EGRESS_NAME = "cluster-egress.submariner.io"
EGRESS_ADDRESSES = 8
INTERNAL_SERVICE_FINALIZER = "submariner.io/globalnet-internal-service"
EXPORTED_SERVICE_LABEL = "submariner.io/exportedServiceRef"
CLUSTER_IP_SERVICE = "ClusterIPService"


def internal_service_name(service: str) -> str:
    """The name of the Service that has a service's global address."""
    digest = base64.b32encode(hashlib.sha256(service.encode()).digest()).decode().lower()
    return f"submariner-{digest[:32]}"


def internal_service(service: Object, global_ip: str) -> Object:
    """A Service of the same pods and ports that kube-proxy serves under the global address."""
    metadata, spec = service["metadata"], service["spec"]
    ports = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec["ports"]]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": internal_service_name(metadata["name"]),
            "namespace": metadata["namespace"],
            "labels": {EXPORTED_SERVICE_LABEL: metadata["name"]},
            "finalizers": [INTERNAL_SERVICE_FINALIZER],
        },
        "spec": {
            "ports": ports,
            "selector": spec.get("selector") or {},
            "externalIPs": [global_ip],
            "ipFamilyPolicy": "SingleStack",
        },
    }


def ingress_ip(namespace: str, service: str) -> Object:
    """The request for a service's global address."""
    return {
        "apiVersion": crds.GLOBAL_INGRESS_IPS.api_version,
        "kind": crds.GLOBAL_INGRESS_IPS.kind,
        "metadata": {
            "name": service,
            "namespace": namespace,
            "labels": {names.ORIGINATING_NAMESPACE_LABEL: namespace},
        },
        "spec": {"target": CLUSTER_IP_SERVICE, "serviceRef": {"name": service}},
    }


def cluster_egress_ip() -> Object:
    return {
        "apiVersion": crds.CLUSTER_GLOBAL_EGRESS_IPS.api_version,
        "kind": crds.CLUSTER_GLOBAL_EGRESS_IPS.kind,
        "metadata": {"name": EGRESS_NAME},
        "spec": {"numGlobalIPs": EGRESS_ADDRESSES},
    }


def allocated(message: str) -> Object:
    """The condition of an object that got what it asked for."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "Allocated", "status": "True", "reason": "Success", "message": message, "lastTransitionTime": now}


def exportable(service: Object | None) -> bool:
    """Whether a service can have a global address of its own; headless ones are not simulated."""
    if service is None:
        return False
    spec = service["spec"]
    return bool(spec.get("type", "ClusterIP") == "ClusterIP" and spec.get("clusterIP") != "None")
