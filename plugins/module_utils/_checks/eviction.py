# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a member dropped clusters that went from the broker, and only these; pure. Private, may change at any time."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import STALE
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    Snapshot,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import seconds_since

KEYS = ("endpoints", "clusters", "gateways")
"""What must be read of the member."""


def copies(member: Snapshot, evicted: t.Collection[str]) -> list[str]:
    """Records of evicted clusters that the member has."""
    namespace = member.operator_namespace
    return [f"Endpoint {e.name}" for e in member.endpoints(namespace) if e.origin and e.cluster_id in evicted] + [
        f"Cluster {c.name}" for c in member.clusters(namespace) if c.origin and c.cluster_id in evicted
    ]


def connections(member: Snapshot) -> dict[str, str]:
    """The status of its connections by cluster ID, as gateways say that are not known to be stale."""
    found: dict[str, str] = {}
    for gateway in member.gateways:
        age = seconds_since(gateway.written, member.clock)
        if gateway.ha_status == "active" and (age is None or age <= STALE):
            found.update({c.cluster_id: c.status for c in gateway.connections})
    return found


def has_gateway(member: Snapshot) -> bool:
    """Whether a gateway may run that drops copies."""
    ages = [seconds_since(g.written, member.clock) for g in member.gateways if g.ha_status == "active"]
    return any(age is None or age <= STALE for age in ages)


def check_eviction(
    member: Snapshot, cluster_id: str, evicted: t.Collection[str], before: t.Collection[str]
) -> list[Finding]:
    """C(before) are the clusters to which it was connected before the eviction."""
    unread = [k for k in KEYS if not member.known(k)]
    if unread:
        said = f"not answered: {', '.join(unread)}"
        return [Finding("evict.not-shown", UNKNOWN, f"peer {cluster_id}", said, "an answer", hint="restore access")]
    names = ", ".join(sorted(evicted))
    left, now = copies(member, evicted), connections(member)
    findings = []
    if left:
        runs = has_gateway(member)
        findings.append(
            Finding(
                "evict.copy-left",
                ERROR if runs else WARNING,
                f"peer {cluster_id}",
                f"still has {', '.join(left)}",
                f"no copy of a record of {names}",
                cause="its gateway did not drop it" if runs else "no gateway runs there that would drop it",
                hint="run the playbook repair",
            )
        )
    findings += [
        Finding(
            "evict.connection-left",
            ERROR,
            f"peer {cluster_id} -> {other}",
            f"still has a connection: {now[other] or 'no status'}",
            "no connection to an evicted cluster",
            hint="run the playbook repair",
        )
        for other in sorted(set(evicted) & set(now))
    ]
    findings += [
        Finding(
            "evict.connection-lost",
            ERROR,
            f"peer {cluster_id} -> {other}",
            f"was connected before, and now {now.get(other) or 'has no connection'}",
            f"connections to all but {names} as before",
            hint="look at the gateways of both, and run the playbook repair",
        )
        for other in sorted(set(before) - set(evicted))
        if now.get(other) != "connected"
    ]
    return findings
