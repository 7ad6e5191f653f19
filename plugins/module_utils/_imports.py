# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ServiceImports of others, which Submariner's own uninstall would delete; pure.

Its lighthouse agent deletes every ServiceImport outside the broker's namespace when it is uninstalled, whoever made it
(C(pkg/agent/controller/cleanup.go) of lighthouse). So where there are others' the operator is kept out of the removal.
Private to this collection, may change at any time.
"""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils import _catalogue as catalogue
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

WHY = "its own uninstall deletes every ServiceImport, and some are not Submariner's"


def of_others(snapshot: Snapshot) -> list[Json]:
    """ServiceImports that lighthouse did not make."""
    entry = catalogue.entry_of("R17", "serviceimports")
    ours = {snapshot.operator_namespace, *snapshot.broker_namespaces}
    return [
        found
        for found in snapshot.objects("serviceimports")
        if text(mapping(found.get("metadata")).get("namespace")) not in ours and not entry.owns(found, "")
    ]


def plan_imports(snapshot: Snapshot, result: Plan) -> None:
    """Others' imports stay; the operator, while it has resources to remove, is stopped first."""
    entry = catalogue.entry_of("R17", "serviceimports")
    others = of_others(snapshot)
    for found in others:
        result.keep(entry, found, "is not made by Submariner's lighthouse agent")
    if others and (snapshot.objects("submariners") or snapshot.objects("servicediscoveries")):
        result.without_operator = WHY
        result.findings.append(
            Finding(
                "operator.kept-out",
                WARNING,
                "the operator",
                "is stopped before its resources go",
                cause=f"{WHY}: {some(named(others), 3)}",
                hint="nothing is to be done: all that is Submariner's is removed without it",
            )
        )


def named(imports: list[Json]) -> list[str]:
    """Their names, with the namespaces."""
    metas = [mapping(found.get("metadata")) for found in imports]
    return sorted(f"{text(meta.get('namespace'))}/{text(meta.get('name'))}" for meta in metas)
