# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: python -m tests.scenarios."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections.abc import Sequence

from tests.lab.config import REPOSITORY, LabError, places
from tests.scenarios import plan
from tests.scenarios.results import Results
from tests.scenarios.runner import run_all


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.scenarios", description="the collection on the lab's clusters, as its users run it"
    )
    parser.add_argument("--pass", dest="which", choices=("ci", "campaign"), default="ci", help="default: ci")
    parser.add_argument("--seed", type=int, help="repeat the sample of an earlier ci pass")
    parser.add_argument("--only", action="append", metavar="NAME", help="this scenario alone; may be repeated")
    parser.add_argument("--resume", action="store_true", help="leave out what has passed before")
    parser.add_argument("--list", action="store_true", help="print the names and do nothing")
    parser.add_argument("--submariner", metavar="SOURCE", help="simulated, or a folder with subctl and images")
    parser.add_argument("--newer", metavar="SOURCE", help="what upgrades lead to from there; default: both simulated")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    names = options.only or (plan.ci(seed) if options.which == "ci" else plan.campaign())
    unknown = [name for name in names if name not in plan.SCENARIOS]
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; --list names them all")
    if options.list:
        print("\n".join(names))
        return 0
    here = places()
    results = Results(here.home / "scenarios" / f"{options.which}.json")
    if options.resume or options.only:
        results.load()
    if options.resume and all(results.passed(name) for name in names):
        print("everything has passed before: starting anew")
        results.found.clear()
    print(f"seed: {seed}\nlogs: {here.logs / 'scenarios'}", flush=True)
    try:
        lab_up(options.submariner)
        counts = run_all(names, here, results, options.resume, options.newer)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; --resume takes up here", file=sys.stderr)
        return 130
    print(counts, flush=True)
    return 1 if counts.failed else 0


def lab_up(source: str | None) -> None:
    """Under three seconds when the lab runs already."""
    command = [sys.executable, "-m", "tests.lab", "up", *(["--submariner", source] if source else [])]
    if subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, check=False).returncode:
        raise LabError("the lab did not come up")
