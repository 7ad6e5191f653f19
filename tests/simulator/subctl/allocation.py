# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A joining cluster's part of the global and clusterset-IP ranges, taken on the broker."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .. import names
from . import cidrs
from .api import Api, Object, path
from .status import ApiError, Reporter

CLUSTERSET_IP_SIZE = 4096
ATTEMPTS = 5


@dataclass(frozen=True)
class Request:
    """What a cluster asks for."""

    cluster_id: str
    cidr: str = ""
    size: int = 0


def global_cidr(broker: Api, namespace: str, request: Request, status: Reporter) -> str:
    """The cluster's global CIDR; nothing where the broker has no Globalnet."""
    for attempt in range(ATTEMPTS):
        status.start("Retrieving Globalnet information from the Broker")
        with status.explaining("unable to retrieve Globalnet information"):
            configmap = broker.get(path("ConfigMap", namespace, names.GLOBALNET_INFO))
            data = configmap.get("data") or {}
            enabled = bool(json.loads(data.get("globalnetEnabled", "")))
            pool = cidrs.Pool(
                json.loads(data.get("globalnetCidrRange", '""')),
                int(data.get("globalnetClusterSize", "0")),
                cidrs.clusters(data),
            )
        status.start("Validating Globalnet configuration")
        if request.cidr and request.size:
            raise status.error("Only one of cluster size and global CIDR can be specified")
        if not enabled:
            if request.cidr:
                status.warning("Globalnet is not enabled on the Broker - ignoring the specified global CIDR")
            elif request.size:
                status.warning("Globalnet is not enabled on the Broker - ignoring the specified cluster size")
            status.end()
            return ""
        with status.explaining("invalid cluster size"):
            if request.size:
                pool.size = cidrs.valid_size(pool.cidr, request.size)
        cidr = _assign(pool, request, status, "Assigning Globalnet IPs", "global")
        if _stored(broker, configmap, pool, request, cidr, status, "Globalnet", attempt):
            return cidr
    raise AssertionError("unreachable: the last attempt returns or raises")


def clusterset_ip_cidr(broker: Api, namespace: str, request: Request, status: Reporter) -> tuple[str, bool]:
    """The cluster's clusterset-IP CIDR, and whether the broker has clusterset IPs switched on."""
    for attempt in range(ATTEMPTS):
        status.start("Retrieving ClustersetIP information from the Broker")
        with status.explaining("unable to retrieve ClustersetIP information"):
            configmap = broker.get(path("ConfigMap", namespace, names.CLUSTERSET_IP_INFO))
            data = configmap.get("data") or {}
            enabled = bool(json.loads(data.get("clustersetIPEnabled", "")))
            size = int(data.get("clustersetIPClusterSize", "")) or CLUSTERSET_IP_SIZE
            pool = cidrs.Pool(json.loads(data.get("clustersetIPCidrRange", "")), size, cidrs.clusters(data))
        status.start("Validating ClustersetIP configuration")
        with status.explaining("specified clustersetip-cidr is invalid"):
            if request.cidr:
                cidrs.check(request.cidr)
        cidr = _assign(pool, request, status, "Assigning ClustersetIP IPs", "clustersetip")
        if _stored(broker, configmap, pool, request, cidr, status, "ClustersetIP", attempt):
            return cidr, enabled
    raise AssertionError("unreachable: the last attempt returns or raises")


def _assign(pool: cidrs.Pool, request: Request, status: Reporter, step: str, kind: str) -> str:
    status.start(step)
    had = next(iter(pool.clusters.get(request.cluster_id, [])), "")
    if had:
        if request.cidr:
            status.warning(
                f"A pre-configured {kind} CIDR {had} was detected - not using the specified CIDR {request.cidr}"
            )
        else:
            status.success(f"Using pre-configured {kind} CIDR {had}")
        return had
    if not request.cidr:
        with status.explaining(f"unable to allocate {kind} CIDR"):
            cidr = cidrs.allocate(pool)
        status.success(f"Allocated {kind} CIDR {cidr}")
        return cidr
    with status.explaining(f"error validating overlapping {kind} CIDRs {request.cidr}"):
        cidrs.check(request.cidr)
        other = cidrs.overlapping(pool, request.cidr, request.cluster_id)
        if other:
            raise ValueError(f'invalid CIDR "{request.cidr}" overlaps with cluster "{other}"')
    status.success(f"Using specified {kind} CIDR {request.cidr}")
    return request.cidr


def _stored(
    broker: Api,
    configmap: Object,
    pool: cidrs.Pool,
    request: Request,
    cidr: str,
    status: Reporter,
    what: str,
    attempt: int,
) -> bool:
    """Whether the broker knows the part now; False asks for another attempt."""
    if pool.clusters.get(request.cluster_id, [])[:1] == [cidr]:
        status.end()
        return True
    status.start(f"Updating the {what} information on the Broker")
    configmap["data"] = cidrs.with_cluster(configmap.get("data") or {}, request.cluster_id, cidr)
    metadata = configmap["metadata"]
    try:
        broker.replace(path("ConfigMap", metadata["namespace"], metadata["name"]), configmap)
    except ApiError as exc:
        if exc.status != 409 or attempt == ATTEMPTS - 1:
            raise status.error(f"error updating the {what} ConfigMap", exc) from exc
        status.warning(f"Conflict occurred updating the {what} ConfigMap - retrying")
        return False
    status.end()
    return True
