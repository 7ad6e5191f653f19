# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watched clusters show -> facts that stand: findings, and clusters out of reach; pure. Private, may change."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field, replace

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import check_own
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, unread
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import SCHEMA, Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    INFO,
    Finding,
    Json,
    Snapshot,
)

KEYS = ("namespaces", "nodes", "submariners", "brokers", "clusters", "endpoints", "gateways")
"""What is watched of each cluster: its records, and what tells which cluster it is."""

FINDING, UNREACHABLE = "finding", "unreachable"

Facts = dict[str, Json]
"""What stands, by a key that stays the same as long as it does. V(type) is V(finding) or V(unreachable)."""


@dataclass(frozen=True)
class Sight:
    """One cluster as it is seen. C(wanted_id) is the ID that it is to have, empty for the one that it has."""

    snapshot: Snapshot
    wanted_id: str = ""
    answered: bool = True
    """Whether it had the time to answer at all."""

    @property
    def lost(self) -> str:
        """Why nothing is known of it; empty when something is, or may be soon."""
        readings = self.snapshot.readings.values()
        if not self.answered or any(r.state != "unknown" for r in readings):
            return ""
        return Counter(r.reason for r in readings).most_common(1)[0][0] or "no answer"

    @property
    def whole(self) -> bool:
        return self.snapshot.known(*KEYS)


def facts(sights: t.Mapping[str, Sight], broker: str) -> Facts:
    """All that stands by what the clusters say now. What a cluster out of reach is part of is not judged."""
    found: Facts = {}
    for name, sight in sights.items():
        if sight.lost:
            found[f"{UNREACHABLE} {name}"] = {"type": UNREACHABLE, "cluster": name, "reason": sight.lost}
    for finding in _findings(sights, broker):
        if finding.severity != INFO:
            key = f"{finding.severity} {finding.id} {finding.subject}"
            found.setdefault(key, {"type": FINDING, "finding": finding.as_dict()})
    return found


def _findings(sights: t.Mapping[str, Sight], broker: str) -> list[Finding]:
    digests: dict[str, Json] = {}
    own: list[Finding] = []
    for name, sight in sights.items():
        snapshot = sight.snapshot
        cluster_id = sight.wanted_id or snapshot.cluster_id or name
        if sight.lost or not sight.answered:
            digests[name] = {"schema": SCHEMA, "wanted_id": cluster_id, "read": []}
            continue
        digests[name] = digest(snapshot, cluster_id)
        own += [Finding.of(f) for f in digests[name]["findings"].get("gateways", [])]
        if snapshot.installed and snapshot.known("submariners", "endpoints"):
            own += check_own(snapshot, cluster_id)
    fleet = Fleet.of(digests, broker)
    found = unread(fleet) + own
    for check in ("installation", "broker", "endpoints", "connections"):
        found += CHECKS[check](fleet)
    return found


@dataclass
class Memory:
    """The last answer of every cluster to every question, for those that no longer answer."""

    _last: dict[str, Snapshot] = field(default_factory=dict)

    def see(self, sights: t.Mapping[str, Sight]) -> None:
        for name, sight in sights.items():
            old, new = self._last.get(name), sight.snapshot
            kept = {k: r for k, r in (old.readings if old else {}).items() if new.reading(k).state == "unknown"}
            self._last[name] = replace(new, readings={**new.readings, **kept})

    def recall(self, sights: t.Mapping[str, Sight]) -> dict[str, Sight]:
        """C(sights), with what was known before in the place of what is not known any more."""
        return {name: replace(s, snapshot=self._last[name], answered=True) for name, s in sights.items()}


def undecidable(
    sights: t.Mapping[str, Sight], broker: str, memory: Memory, known: t.Collection[str], inherited: t.Collection[str]
) -> set[str]:
    """Of the facts that are C(known), those whose absence proves nothing, since not all that they follow from was read.

    They are the ones that stand by the last answers of all clusters. What is C(inherited) from an earlier process is there
    for as long as anything was never answered to this one.
    """
    if all(s.whole for s in sights.values()):
        return set()
    before = memory.recall(sights)
    held = {*facts(before, broker), *(f"{UNREACHABLE} {name}" for name, s in sights.items() if not s.answered)}
    if not all(s.whole for s in before.values()):
        held |= {key for key in inherited if not key.startswith(UNREACHABLE)}
    return held & set(known)
