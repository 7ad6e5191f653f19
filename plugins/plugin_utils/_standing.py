# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that come and go -> what is worth telling, once each; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, mapping, text, verdict
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._verdicts import FINDING, UNREACHABLE, Facts

SCHEMA = 1
"""Raised when what is kept between two processes changes its meaning."""

OVER = {FINDING: "resolved", UNREACHABLE: "reachable"}
"""Type of a fact -> type of the event that ends it."""


@dataclass(frozen=True)
class Change:
    """A fact that began to stand, or is over."""

    key: str
    fact: Json
    over: bool

    def event(self, fleet: str, verdict_now: str, time: str) -> Json:
        """What a rulebook gets."""
        kind = text(self.fact.get("type"))
        words = {**self.fact, "type": OVER[kind] if self.over else kind}
        if words["type"] == "reachable":
            words.pop("reason", None)
        return {**words, "fleet": fleet, "verdict": verdict_now, "time": time}


class Standing:
    """What was told to stand, and what is different from that without having lasted for C(settle) seconds yet."""

    def __init__(self, settle: float, told: Facts | None = None) -> None:
        self._settle = settle
        self.told: Facts = dict(told or {})
        self.inherited = set(self.told)
        """What an earlier process told and this one has not seen itself."""
        self._since: dict[str, float] = {}

    def see(self, now: float, facts: Facts, undecided: t.Collection[str] = ()) -> list[Change]:
        """Take in how it is C(now), by a monotonic clock; what was different for long enough counts as told from here on.

        A fact that is C(undecided) may be over or not: it stays.
        """
        self.inherited -= set(facts)
        over = {key for key in self.told if key not in facts and key not in undecided}
        different = [*over, *(key for key in facts if key not in self.told)]
        self._since = {key: self._since.get(key, now) for key in different}
        due = sorted((at, key) for key, at in self._since.items() if now - at >= self._settle)
        changes = []
        for _at, key in due:
            del self._since[key]
            changes.append(Change(key, self.told.pop(key) if key in over else facts[key], key in over))
            if key not in over:
                self.told[key] = facts[key]
        return changes

    def due_in(self, now: float) -> float | None:
        """Seconds until something may have lasted long enough; None when nothing is different."""
        return max(0.0, min(self._since.values()) + self._settle - now) if self._since else None

    @property
    def verdict(self) -> str:
        """The fleet's verdict by what was told; out of reach is unknown."""
        findings = [Finding.of(mapping(f.get("finding"))) for f in self.told.values() if f.get("type") == FINDING]
        lost = [
            Finding("cluster.unread", "unknown", "", "") for f in self.told.values() if f.get("type") == UNREACHABLE
        ]
        return verdict(findings + lost)


def kept(told: Facts) -> Json:
    """What a later process is to know."""
    return {"schema": SCHEMA, "told": told}


def is_ours(document: t.Any) -> bool:
    """Whether it has the form of L(kept), of whichever version."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("schema"), int)
        and isinstance(document.get("told"), dict)
    )


def known_from(document: t.Any) -> Facts:
    """Back from L(kept); nothing from what is not of that form."""
    document = mapping(document)
    if document.get("schema") != SCHEMA:
        return {}
    return {key: fact for key, fact in mapping(document.get("told")).items() if mapping(fact).get("type") in OVER}
