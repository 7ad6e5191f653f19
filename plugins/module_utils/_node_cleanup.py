# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, apply and prove on nodes. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import NodeTrouble, Visit
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import (
    EVIDENCE,
    Change,
    Known,
    NodePlan,
    plan,
)

Json = dict[str, t.Any]

WAITS = "the rest is known by it and has to go first"
AGENT_PODS = "app in (submariner-gateway,submariner-routeagent,submariner-globalnet)"


@dataclass
class Treated:
    """What was found on a node, what was undone, and what a fresh reading afterwards still shows."""

    node: str
    before: NodePlan
    after: NodePlan
    agents: tuple[str, ...] = ()
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    attempted: bool = False

    @property
    def removed(self) -> list[Change]:
        left = {change.key for change in self.after.changes}
        return [change for change in self.before.changes if change.key not in left] if self.attempted else []

    @property
    def remaining(self) -> list[Json]:
        return [
            {**_entry(self.node, change), "cause": self.failures.get(change.key, "")} for change in self.after.changes
        ]

    @property
    def state(self) -> str:
        if self.after.changes:
            return "residue"
        return "unknown" if self.after.unknown else "clean"


def treat(visit: Visit, known: Known, apply: bool, force: bool) -> Treated:
    """Plan one node, and with C(apply) carry the plan out and read again.

    A node on which Submariner's own programs run is planned only, unless C(force): they would put everything back.
    What proves the rest to be Submariner's goes once the rest is gone: the next run could not know it otherwise.
    """
    reading = visit.read()
    found = plan(reading, known)
    if not apply or not found.changes or (reading.agents and not force):
        return Treated(visit.node, found, found, reading.agents)
    evidence = [change for change in found.changes if change.kind in EVIDENCE]
    failures: dict[tuple[str, str], str] = {}
    try:
        failures = _undo(visit, [change for change in found.changes if change not in evidence])
        may_go = not failures or all(change.kind in EVIDENCE for change in plan(visit.read(), known).changes)
        failures |= _undo(visit, evidence) if may_go else {change.key: WAITS for change in evidence}
        proof = plan(visit.read(), known)
    except NodeTrouble as error:
        # Commands may have run without an answer: what became of them is told by the node, if it still answers.
        failures = {**{change.key: str(error) for change in found.changes}, **failures}
        try:
            proof = plan(visit.read(), known)
        except NodeTrouble:
            proof = NodePlan(changes=found.changes, kept=found.kept, unknown={"proof": str(error)})
    return Treated(visit.node, found, proof, reading.agents, failures, attempted=True)


def _undo(visit: Visit, changes: t.Sequence[Change]) -> dict[tuple[str, str], str]:
    """Run the commands of changes; the answer holds why some failed."""
    owners = [change for change in changes for _argv in change.commands]
    causes = visit.run([argv for change in changes for argv in change.commands])
    return {change.key: cause for change, cause in zip(owners, causes) if cause}


def agents_in_cluster(api: Api) -> tuple[dict[str, list[str]], str]:
    """Submariner's agents by node, as the API shows them; the second answer says why that is not known."""
    answer = api.list("/api/v1/pods", labelSelector=AGENT_PODS)
    if answer.unknown:
        return {}, f"the pods cannot be listed: {answer.reason}"
    agents: dict[str, list[str]] = {}
    for pod in answer.items:
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            continue
        node = str((pod.get("spec") or {}).get("nodeName") or "")
        agents.setdefault(node, []).append(str(pod["metadata"].get("name")))
    return agents, ""


def _entry(node: str, change: Change) -> Json:
    return {"node": node, **change.as_dict()}


def report(treated: t.Sequence[Treated], not_inspected: dict[str, str], elsewhere: t.Container[str] = ()) -> Json:
    """The module's result: what was planned, removed, is left, is unknown, and the state of every node.

    What is not known of the nodes C(elsewhere) is to be found out by another task.
    """
    unknown = [
        {"node": item.node, "layer": layer, "cause": cause}
        for item in treated
        for layer, cause in sorted(item.after.unknown.items())
    ]
    unknown += [
        {"node": node, "layer": "node", "cause": cause}
        for node, cause in sorted(not_inspected.items())
        if node not in elsewhere
    ]
    nodes = [{"name": item.node, "state": item.state, "cause": "", "agents": list(item.agents)} for item in treated] + [
        {"name": node, "state": "not inspected", "cause": cause, "agents": []} for node, cause in not_inspected.items()
    ]
    remaining = [entry for item in treated for entry in item.remaining]
    return {
        "plan": [_entry(item.node, change) for item in treated for change in item.before.changes],
        "kept": [{"node": item.node, **kept.as_dict()} for item in treated for kept in item.after.kept],
        "removed": [_entry(item.node, change) for item in treated for change in item.removed],
        "remaining": remaining,
        "unknown": unknown,
        "nodes": sorted(nodes, key=lambda entry: str(entry["name"])),
        "verdict": "fail" if remaining else "unknown" if unknown else "pass",
    }


def shown(entries: t.Sequence[Json]) -> str:
    """Entries as lines for a diff."""
    return "".join(f"{entry['node']}: {entry['kind']} {entry['name']}\n" for entry in entries)
