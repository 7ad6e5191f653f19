# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allocation of global and clusterset-IP CIDRs, kept in ConfigMaps on the broker."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

CLUSTERS_KEY = "clusterinfo"


@dataclass
class Pool:
    """A range, the size of one cluster's part of it, and who has which part."""

    cidr: str
    size: int
    clusters: dict[str, list[str]] = field(default_factory=dict)


def check(cidr: str) -> None:
    """Raise ValueError when a range cannot be used for clusters."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError as exc:
        raise ValueError(f"invalid CIDR address: {cidr}") from exc
    address = ipaddress.ip_address(cidr.split("/")[0])
    if "/" not in cidr:
        raise ValueError(f"invalid CIDR address: {cidr}")
    if address.is_unspecified:
        raise ValueError(f"{cidr} can't be unspecified")
    if address.is_loopback:
        raise ValueError(f"{cidr} can't be in loopback range")
    if address.is_link_local:
        raise ValueError(f"{cidr} can't be in link-local range")
    if network.version != 4:
        raise ValueError(f"{cidr} is no IPv4 range")


def valid_size(cidr: str, size: int) -> int:
    """The next power of two, if at least two such parts fit into the range."""
    available = ipaddress.ip_network(cidr, strict=False).num_addresses
    rounded = 1 << (size - 1).bit_length() if size > 0 else 0
    if rounded > available // 2:
        raise ValueError(f"cluster size {size}, should be <= {available // 2}")
    if rounded == 0:
        raise ValueError("cluster size must be > 0")
    return rounded


def allocate(pool: Pool) -> str:
    """The first free part of the range."""
    network = ipaddress.IPv4Network(pool.cidr, strict=False)
    taken = [ipaddress.IPv4Network(cidr, strict=False) for cidrs in pool.clusters.values() for cidr in cidrs]
    prefix = 32 - (pool.size - 1).bit_length()
    start = int(network.network_address)
    while start <= int(network.broadcast_address):
        part = ipaddress.IPv4Network((start, prefix), strict=False)
        if int(part.broadcast_address) > int(network.broadcast_address):
            break
        hit = next((other for other in taken if other.overlaps(part)), None)
        if hit is None:
            return str(part)
        start = max(int(hit.broadcast_address), int(part.broadcast_address)) + 1
    raise ValueError(f'no more allocations available in "{network}"')


def overlapping(pool: Pool, cidr: str, cluster_id: str) -> str:
    """The other cluster whose part overlaps with this one, or nothing."""
    wanted = ipaddress.ip_network(cidr, strict=False)
    for owner, cidrs in pool.clusters.items():
        if owner != cluster_id and any(ipaddress.ip_network(c, strict=False).overlaps(wanted) for c in cidrs):
            return owner
    return ""


def clusters(data: Mapping[str, str]) -> dict[str, list[str]]:
    """Who has which part, from a ConfigMap's data."""
    try:
        entries = json.loads(data.get(CLUSTERS_KEY) or "[]")
        return {entry["cluster_id"]: list(entry["global_cidr"] or []) for entry in entries}
    except (ValueError, TypeError, KeyError) as exc:
        raise ValueError(f'error unmarshalling "{CLUSTERS_KEY}" data: {exc}') from exc


def with_cluster(data: Mapping[str, str], cluster_id: str, cidr: str) -> dict[str, str]:
    """A ConfigMap's data after one cluster got its part."""
    parts = {**clusters(data), cluster_id: [cidr]}
    entries = [{"cluster_id": owner, "global_cidr": cidrs} for owner, cidrs in parts.items()]
    return {**data, CLUSTERS_KEY: json.dumps(entries, indent="\t")}
