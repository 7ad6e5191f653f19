# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globalnet's addresses on one cluster; pure. Private to this collection, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    Finding,
    Snapshot,
    mapping,
    sequence,
    text,
)

KINDS = ("clusterglobalegressips", "globalegressips", "globalingressips")


def check_globalnet(member: Snapshot, cluster_id: str) -> list[Finding]:
    """Whoever asked Globalnet for an address got one."""
    if not member.installed:
        return []
    findings = []
    for obj in (o for kind in KINDS for o in member.objects(kind)):
        conditions = [mapping(c) for c in sequence(mapping(obj.get("status")).get("conditions"))]
        allocated = next((c for c in conditions if c.get("type") == "Allocated"), {})
        if allocated.get("status") == "True":
            continue
        meta = mapping(obj.get("metadata"))
        where = "/".join(text(meta.get(k)) for k in ("namespace", "name") if text(meta.get(k)))
        words = text(allocated.get("message")) or "has no status: the globalnet pod did not answer"
        findings.append(
            Finding(
                "globalnet.not-allocated",
                ERROR,
                f"{obj.get('kind')} {where} of {cluster_id}",
                words,
                "an address from the cluster's global CIDR",
                hint="look at the log of submariner-globalnet; a used-up CIDR needs a new join with a larger one",
            )
        )
    return findings
