# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs scenarios one after the other, with one line for each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.config import LabError, Places
from tests.scenarios.fleet import Fleet
from tests.scenarios.plan import SCENARIOS, Act
from tests.scenarios.results import FAILED, PASSED, Result, Results
from tests.scenarios.stage import ScenarioFailed, Stage

SHOWN_LINES = 30
SHOWN_WIDTH = 400


class Counts:
    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run_all(names: Sequence[str], places: Places, results: Results, resume: bool, newer: str | None = None) -> Counts:
    counts = Counts()
    for name in names:
        if resume and results.passed(name):
            counts.skipped += 1
            print(f"skipped {name}: passed at {results.found[name].ended}", flush=True)
            continue
        result = run_one(name, SCENARIOS[name], places, newer)
        results.record(name, result)
        counts.passed += result.outcome == PASSED
        counts.failed += result.outcome != PASSED
        _show(name, result)
    return counts


def run_one(name: str, act: Act, places: Places, newer: str | None = None) -> Result:
    """A scenario that cannot be carried out has failed, too."""
    logs = places.logs / "scenarios"
    folder = places.home / "scenarios" / name
    for needed in (logs, folder):
        needed.mkdir(parents=True, exist_ok=True)
    path = logs / f"{name}.log"
    begin = time.monotonic()
    causes: list[str] = []
    notes: list[str] = []
    with path.open("w") as log:
        try:
            stage = Stage(Fleet(places), folder, log, notes, newer)
            act(stage)
        except (ScenarioFailed, LabError) as error:
            causes = str(error).splitlines()
        except Exception as error:  # noqa: BLE001  whatever it is, the next scenario runs
            causes = [f"{type(error).__name__}: {error}"]
            log.write(traceback.format_exc())
        log.write("\n".join(["", *causes, ""]))
    seconds = round(time.monotonic() - begin, 1)
    ended = time.strftime("%Y-%m-%d %H:%M:%S")
    return Result(FAILED if causes else PASSED, seconds, tuple(notes), tuple(causes), str(path), ended)


def _show(name: str, result: Result, out: Callable[[str], None] = print) -> None:
    notes = f" ({', '.join(result.notes)})" if result.notes else ""
    out(f"{result.outcome} {name} in {result.seconds:.0f} s{notes}")
    if result.outcome == PASSED:
        return
    for cause in result.causes:
        out(f"  {cause[:SHOWN_WIDTH]}")
    lines = Path(result.log).read_text(errors="replace").splitlines()
    out(f"  ... end of {result.log}:")
    for line in lines[-SHOWN_LINES:]:
        out(f"  | {line[:SHOWN_WIDTH]}")
