# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the roles' tasks and of the playbooks' plays, at which scenarios cut a run."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

COLLECTION = Path(__file__).parents[3]
_DOORS = ("block", "include_role", "include_tasks", "import_role", "import_tasks")
"""They begin what comes next, and are over at once."""


def _all(tasks: t.Iterable[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _all(task.get(part, ()))


def _names(tasks: t.Iterable[dict[str, t.Any]]) -> set[str]:
    return {task["name"] for task in tasks if "name" in task}


_TASKS = [
    task for path in COLLECTION.glob("roles/*/tasks/*.yml") for task in _all(yaml.safe_load(path.read_text()) or ())
]
TASKS = _names(_TASKS)
LASTING = _names(task for task in _TASKS if not any(key.rpartition(".")[2] in _DOORS for key in task))
"""Those that work themselves, so that a run is still in them seconds later."""
PLAYS = _names(play for path in COLLECTION.glob("playbooks/*.yml") for play in yaml.safe_load(path.read_text()))
