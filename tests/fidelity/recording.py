# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded states and the facts in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.fidelity import nodes, objects
from tests.fidelity.naming import Naming, Object

RECORDINGS = Path(__file__).resolve().parents[1] / "fixtures" / "recordings"
CLUSTERS = ("east", "west")
# Recording -> state of the lab that is like it.
STATES = {
    "installed": "healthy",
    "healthy-two-nodes": "service-exported",
    "globalnet": "globalnet",
    "globalnet-west-uninstalled": "globalnet-west-uninstalled",
    "west-uninstalled": "west-uninstalled",
    "label-removed-first": "label-removed-first",
    "joined-as-second-id": "joined-as-second-id",
    "operator-killed-mid-uninstall": "operator-killed-mid-uninstall",
}
TWO_NODES = ("healthy-two-nodes", "globalnet", "globalnet-west-uninstalled")


@dataclass(frozen=True)
class Installation:
    """Two clusters as somebody looked at them: objects per cluster, data plane files per (cluster, role)."""

    objects: dict[str, list[Object]]
    files: dict[tuple[str, str], nodes.Files]

    def facts(self, kinds: set[str], roles: tuple[str, ...]) -> set[str]:
        """All facts, of these kinds and of nodes in these roles."""
        naming = Naming.of(self.objects)
        facts = set()
        for cluster, items in self.objects.items():
            facts |= {f"{cluster}: {fact}" for fact in objects.facts_of(items, naming, kinds)}
        for (cluster, role), files in self.files.items():
            facts |= nodes.facts_of(f"{cluster}-{role}:", files, naming)
        absent = {"gateway", "other"} - set(roles)
        return {fact for fact in facts if not any(f"-{role}>" in fact or f"-{role}:" in fact for role in absent)}


def roles_of(name: str) -> tuple[str, ...]:
    """One-node recordings have a gateway and nothing else."""
    return ("gateway", "other") if name in TWO_NODES else ("gateway",)


def kinds_of(name: str) -> set[str]:
    """The kinds that were asked for when recordings of this one's family were made."""
    family = TWO_NODES if name in TWO_NODES else [other for other in STATES if other not in TWO_NODES]
    found = {item["kind"] for member in family for cluster in CLUSTERS for item in _objects(member, cluster)}
    return found - {"Event"}


def load(name: str) -> Installation:
    """A recording."""
    items = {cluster: _objects(name, cluster) for cluster in CLUSTERS}
    files = {}
    for cluster in CLUSTERS:
        for folder in sorted((RECORDINGS / name).glob(f"{cluster}-*")):
            role = "other" if folder.name.endswith("control-plane") else "gateway"
            files[cluster, role] = {file.name: file.read_text() for file in sorted(folder.glob("*.txt"))}
    return Installation(items, files)


def _objects(name: str, cluster: str) -> list[Object]:
    items: list[Object] = json.loads((RECORDINGS / name / f"{cluster}.json").read_text())["items"]
    return items
