# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker's tables of CIDRs given to members (submariner.md 2.1); pure. Private, may change at any time."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text

GLOBALNET_INFO = "submariner-globalnet-info"
CLUSTERSET_IP_INFO = "submariner-clustersetip-info"


def allocations_in(table: Json) -> list[tuple[str, str]]:
    """The pairs of cluster ID and CIDR in the data of an allocation table of the broker."""
    try:
        entries = json.loads(text(table.get("clusterinfo")) or "[]")
    except ValueError:
        return []
    return [
        (text(entry.get("cluster_id")), text(cidr))
        for entry in map(mapping, sequence(entries))
        for cidr in sequence(entry.get("global_cidr"))
        if text(cidr)
    ]


def allocated(table: Json, cluster_id: str) -> str:
    """The CIDR that an allocation table holds for a cluster, empty without one."""
    return next((cidr for owner, cidr in allocations_in(table) if owner == cluster_id), "")


def without_clusters(table: Json, cluster_ids: t.Collection[str]) -> str | None:
    """The C(clusterinfo) of a table without the entries of some clusters, laid out as subctl does; None if it is no list."""
    try:
        entries = json.loads(text(table.get("clusterinfo")) or "[]")
    except ValueError:
        return None
    if not isinstance(entries, list):
        return None
    kept = [entry for entry in entries if text(mapping(entry).get("cluster_id")) not in cluster_ids]
    return json.dumps(kept, indent="\t")


def globalnet_of(table: Json) -> Json:
    """Of Globalnet's table: whether it is on, its range, and the CIDRs given out by cluster ID; empty without a table."""
    if not table:
        return {}
    given: dict[str, list[str]] = {}
    for owner, cidr in allocations_in(table):
        given.setdefault(owner, []).append(cidr)
    return {
        "enabled": text(table.get("globalnetEnabled")) == "true",
        "range": text(table.get("globalnetCidrRange")).strip('"'),
        "given": given,
    }


def clusterset_ip_of(table: Json) -> Json:
    """Of the table of clusterset IPs: whether services get them without asking, and their range; empty without a table."""
    if not table:
        return {}
    return {
        "enabled": text(table.get("clustersetIPEnabled")) == "true",
        "range": text(table.get("clustersetIPCidrRange")).strip('"'),
    }
