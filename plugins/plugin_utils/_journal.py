# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a run: a file of one JSON object a line, the first for the run, the others for its steps.

Private, may change at any time. The hosts of a task run in processes of their own, and all of them append to it, so that
it also has what was done before a run failed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, mappings, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact

NAME = "journal.jsonl"
BEFORE = "journal-before.jsonl"
"""The journal of the run before, until it is known whether this one goes on with it."""
SCHEMA = 1
VARIABLE = "__submariner_journal"
"""The registered result of the module report with O(state=begun)."""

PASSED_OVER = (
    ("gather", ""),
    ("gather", "plan"),
    ("run_lock", "held"),
    ("run_lock", "released"),
    ("second_opinion", ""),
    ("second_opinion", "plan"),
)
"""Module and variant of calls that change nothing that the run is about, and of which others tell."""

OBJECT = ("kind", "namespace", "name", "node", "action", "why", "residue", "cause")
"""What is kept of an object or a node's setting; never its content."""


def begin(folder: str, head: Json) -> str:
    """A new journal. The older one is put aside, unless it is of a run that ended before it had a record."""
    os.makedirs(folder, exist_ok=True)
    path, before = os.path.join(folder, NAME), os.path.join(folder, BEFORE)
    if read(path)[0].get("record") or (os.path.exists(path) and not os.path.exists(before)):
        os.replace(path, before)
    _write(path, head, [])
    return path


def recorded(folder: str, record: str, started: str, continued: bool) -> bool:
    """Note the ID of the run's record; one that was interrupted goes on with its journal. Whether that was there."""
    path, before = os.path.join(folder, NAME), os.path.join(folder, BEFORE)
    head, steps = read(path)
    earlier, done = read(before)
    found = continued and earlier.get("record") == record
    head["record"] = record
    if continued:
        times = [text(when) for when in sequence(earlier.get("resumed"))] if found else []
        head |= {"resumed": [*times, head.get("began")], "resumed_epoch": head.get("epoch"), "began": started}
        head |= {"epoch": earlier.get("epoch")} if found else {}
        # What came before the first journal that is there cannot be known.
        head["earlier"] = found and earlier.get("earlier") is not False
    _write(path, head, [*done, *steps] if found else steps)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(before)
    return found


def joined(folder: str, record: str) -> Json:
    """The journal of a run for a job that is a part of it; empty where the folder has none of that run."""
    path = os.path.join(folder, NAME)
    head = read(path)[0]
    return {**head, "path": path} if record and head.get("record") == record else {}


def ended(folder: str, run: str, when: str) -> bool:
    """Mark that a run came to its end, unless the journal is another one's by now. Whether it is marked."""
    path = os.path.join(folder, NAME)
    head, steps = read(path)
    if not run or head.get("run") != run:
        return False
    _write(path, {**head, "ended": when}, steps)
    return True


def _write(path: str, head: Json, steps: list[Json]) -> None:
    """A journal whole or not at all."""
    beside = f"{path}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8") as out:
        out.writelines(_line(value) for value in ({"schema": SCHEMA, **head}, *steps))
    os.replace(beside, path)


def note(path: str, step: Json) -> None:
    """Append one step, whole, whoever else does so at the same time."""
    with open(path, "a", encoding="utf-8") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        out.write(_line(step))


def read(path: str) -> tuple[Json, list[Json]]:
    """The run and its steps; empty without a journal. What is no object, as the end of a run that was killed, is left out."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            found = [_parsed(line) for line in lines]
    except OSError:
        return {}, []
    head, *steps = found or [{}]
    return (head, [s for s in steps if s]) if head.get("schema") == SCHEMA else ({}, [])


def step_of(action: str, arguments: Json, result: Json, **known: t.Any) -> Json:
    """What the journal says of one call of a module; C(known) is what the caller knows beside the result."""
    failed = result.get("failed") is True
    step: Json = {
        "step": action.rpartition(".")[2],
        "variant": _variant(arguments, known.get("check") is True),
        **known,
        "changed": result.get("changed") is True,
        "failed": failed,
        "verdict": text(result.get("verdict")),
        "findings": [_readable(f) for f in mappings(result.get("findings"))],
    }
    for key in ("plan", "removed", "remaining"):
        if known.get("check") is True or key != "plan":
            step[key] = [_object(o) for o in sequence(result.get(key))]
    if failed:
        step["message"] = redact(text(result.get("msg")))
    return step


def _variant(arguments: Json, check: bool) -> str:
    if check:
        return "plan"
    scope = [text(s) for s in sequence(arguments.get("scope"))]
    return text(arguments.get("state")) or "+".join(scope)


def _object(value: t.Any) -> Json:
    if isinstance(value, str):
        return {"name": redact(value)}
    return {k: redact(text(mapping(value).get(k))) for k in OBJECT if text(mapping(value).get(k))}


def _readable(finding: Json) -> Json:
    """A finding without the data behind it."""
    return {k: redact(text(v)) for k, v in finding.items() if k != "evidence"}


def _parsed(line: str) -> Json:
    try:
        return mapping(json.loads(line))
    except (ValueError, RecursionError):
        return {}


def _line(value: Json) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
