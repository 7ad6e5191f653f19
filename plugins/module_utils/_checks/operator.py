# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the operator can have done, or not done; pure. Private to this collection, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import CONNECTIVITY
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    Finding,
    Snapshot,
    mapping,
    sequence,
    text,
)

OPERATOR = "submariner-operator"
DEFINITIONS = ("clusters", "endpoints", "gateways")
"""Kinds that the operator defines when it starts, in every release that this collection installs."""


def check_operator(member: Snapshot, cluster_id: str) -> list[Finding]:
    """An operator serves the Submariner resource, found the networks, and its definitions are there."""
    if not member.submariner:
        return []
    return (
        _served(member, cluster_id)
        if not member.installed
        else _idle(member, cluster_id) + _undefined(member, cluster_id)
    )


def is_idle(member: Snapshot) -> bool:
    """Whether an operator that is ready has made neither gateway nor route agent."""
    there = {w.name: w for w in member.workloads}
    operator = there.get(OPERATOR)
    return member.installed and operator is not None and operator.ready > 0 and not set(CONNECTIVITY[1:]) & set(there)


def _served(member: Snapshot, cluster_id: str) -> list[Finding]:
    """A resource that is being deleted waits for its finalizer; without an operator it waits for ever (3.4 R1)."""
    finalizers = [text(f) for f in sequence(mapping(member.submariner.get("metadata")).get("finalizers")) if text(f)]
    if not finalizers or any(w.name == OPERATOR and w.ready > 0 for w in member.workloads):
        return []
    return [
        Finding(
            "operator.none",
            ERROR,
            f"cluster {cluster_id}",
            f"its Submariner resource waits for the finalizer {', '.join(finalizers)}, and no operator runs",
            "a ready operator, which takes the finalizer away",
            hint="run the playbook uninstall or reinstall: they finish what the operator began",
        )
    ]


def _idle(member: Snapshot, cluster_id: str) -> list[Finding]:
    if not is_idle(member):
        return []
    found = text(mapping(member.submariner.get("status")).get("networkPlugin"))
    return [
        Finding(
            "operator.idle",
            ERROR,
            f"cluster {cluster_id}",
            "the operator runs and has made no gateway and no route agent"
            + ("" if found else ", and the Submariner resource names no network plugin"),
            "a gateway and a route agent within seconds after a join",
            cause="its log names it: mostly a network discovery that fails, or a broker that it does not reach",
            hint="read the log of pod submariner-operator; subctl join says 'up and running' all the same",
        )
    ]


def _undefined(member: Snapshot, cluster_id: str) -> list[Finding]:
    missing = [k for k in DEFINITIONS if member.reading(k).state == "absent"]
    if not missing:
        return []
    return [
        Finding(
            "operator.definition-missing",
            ERROR,
            f"cluster {cluster_id}",
            f"not served: {', '.join(k + '.submariner.io' for k in missing)}",
            "Submariner's resource definitions",
            cause="the operator makes them when it starts, and not again",
            hint="restart the pod submariner-operator",
        )
    ]
