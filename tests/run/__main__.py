# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line behind the Makefile: `python -m tests.run COMMAND`."""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import sys
import time

from tests.run import plan
from tests.run.paths import LOGS
from tests.run.steps import Count, Step, run

COMMANDS = {
    "test": "everything that a change must pass",
    "lint": "linters, types, documentation",
    "sanity": "ansible-test sanity with the newest and the oldest ansible-core",
    "unit": "unit tests",
    "packaging": "build, install and run the collection",
    "importer": "what Ansible Galaxy says of the archive",
    "awx": "what awx_setup makes, and its jobs as AWX runs them",
    "rulebooks": "the rulebooks by a real ansible-rulebook",
    "browser": "the report in a real browser",
    "campaign": "everything long: all states, all interruption points; resumable",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.run", epilog="; ".join(f"{name}: {text}" for name, text in COMMANDS.items())
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--seed", type=int, default=None, help="repeat the sample of an earlier run")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    logs = LOGS / f"{options.command}-{time.strftime('%Y%m%d-%H%M%S')}"
    logs.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    print(f"logs: {logs}\nseed: {seed}", flush=True)
    total = Count()
    try:
        for lanes in _phases(options.command, logs, seed):
            total += run(lanes, logs)
    except KeyboardInterrupt:
        print(f"interrupted, logs in {logs}", flush=True)
        return 130
    for name in total.failures:
        print(f"failed: {name}")
    print(f"took {(time.monotonic() - begin) / 60:.1f} minutes, logs in {logs}")
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


def _phases(command: str, logs: pathlib.Path, seed: int) -> list[list[list[Step]]]:
    """Groups of lanes: the steps of a lane one after another, lanes beside each other, a group after the other."""
    if command == "lint":
        return [[plan.lint()]]
    if command == "sanity":
        return [[[plan.sanity(logs)], [plan.sanity(logs, plan.OLDEST_CORE)]]]
    if command == "unit":
        return [[[plan.unit(logs, seed)], [plan.roles(logs)]]]
    if command in plan.ALONE:
        return [[[plan.ALONE[command](logs)]]]
    if command == "campaign":
        return [[[plan.lab(), *plan.campaign(logs)]]]
    still = [
        [plan.lab()],
        [plan.unit(logs, seed), *plan.lint(), plan.packaging(logs), plan.sanity(logs)],
        [plan.roles(logs, half=seed), plan.sanity(logs, plan.OLDEST_CORE)],
    ]
    return [still, [plan.on_the_lab(logs, seed), plan.beside_the_lab(logs, seed)]]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
