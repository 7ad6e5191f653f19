# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault is, and how verify is asked about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.stage import ScenarioFailed, Stage

BROKER_NAMESPACE = "submariner-k8s-broker"
MEMBER = "west"

Bring = Callable[[Stage], AbstractContextManager[None]]
Vars = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    bring: Bring
    """Brings it about, and at the end takes back what then is still of it."""
    finds: frozenset[str]
    """What verify must find."""
    may_find: frozenset[str] = frozenset()
    """What follows from it, depending on the moment."""
    options: Vars = field(default_factory=dict)
    """Variables of the run that looks for it."""
    repair: bool = False


def fault(bring: Bring, *finds: str, may: frozenset[str] = frozenset(), **options: object) -> Fault:
    return Fault(bring, frozenset(finds), may, dict(options))


def kubectl(stage: Stage, cluster: str, *arguments: str, stdin: str | None = None) -> str:
    return stage.fleet.lab.kubectl(cluster, *arguments, stdin=stdin).out


def west_nodes(stage: Stage) -> tuple[str, list[str]]:
    """West's gateway node, and the others."""
    names = sorted(node.name for node in stage.fleet.lab.nodes() if node.cluster == MEMBER)
    said = kubectl(stage, MEMBER, "get", "nodes", "-l", "submariner.io/gateway=true", "-o", "name")
    gateway = said.strip().removeprefix("node/")
    return gateway, [name for name in names if name != gateway]


def findings(stage: Stage, options: Vars | None = None) -> list[Vars]:
    """Of one look at the fleet by verify."""
    inventory = stage.inventory()
    inventory.common |= {"submariner_report_dir": str(stage.folder), "submariner_verify_report_only": True}
    inventory.common |= {"submariner_verify_window": 0, "submariner_verify_data_path": False, **(options or {})}
    result = stage.folder / "result.json"
    result.unlink(missing_ok=True)
    with stage.playbook("verify", inventory=inventory) as running:
        run = running.finish()
    if run.code or not result.exists():
        raise ScenarioFailed(f"verify ended with {run.code} and no result")
    found: list[Vars] = json.loads(result.read_text())["findings"]
    return found


def look(stage: Stage, options: Vars | None = None) -> frozenset[str]:
    """The ids of what verify finds, but for those of logs, which tell of earlier faults, too."""
    said = frozenset(item["id"] for item in findings(stage, options))
    return frozenset(name for name in said if not name.startswith("log."))
