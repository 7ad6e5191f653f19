# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line of the benchmarks: python -m tests.benchmarks; they print figures and assert none."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import platform
import sys

from tests.benchmarks import growth, process, reading, reinstall, removal
from tests.benchmarks.running import Clusters, Failed, recorded
from tests.benchmarks.table import Table
from tests.lab.config import LabError, places
from tests.scenarios.cli import lab_up

PARTS = ("reading", "process", "growth", "removal", "reinstall")


def lab() -> Clusters:
    lab_up(None)
    return Clusters(places().kubeconfig, ("east", "west"), recorded=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"of {', '.join(PARTS)}; the last two start the lab and reset its clusters (default: all)",
    )
    parser.add_argument("--lab", action="store_true", help="reading and process on the lab and what is installed there")
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts (default 3)")
    parser.add_argument("--clusters", default=",".join(map(str, growth.SIZES)), help="sizes for growth")
    parser.add_argument("--runs", type=int, default=5, help="runs of removal and of reinstall, of each way (default 5)")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the tables as Markdown, too")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the tables as JSON, too")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}")
    wanted = options.parts or PARTS
    load = os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} at the start"
    print(f"{machine}\n")
    tables: list[Table] = []

    def show(made: Table) -> None:
        tables.append(made)
        print(made, flush=True)
        if options.markdown:
            options.markdown.write_text("\n".join([f"{machine}\n", *(one.markdown() for one in tables)]))
        if options.json:
            document = {"machine": machine, "tables": [one.record() for one in tables]}
            options.json.write_text(json.dumps(document, indent=1) + "\n")

    try:
        with contextlib.ExitStack() as stack:
            clusters = lab() if options.lab else stack.enter_context(recorded(2))
            subctl = str(places().bin / "subctl") if options.lab else ""
            if "reading" in wanted:
                show(reading.report(clusters, options.repeat, subctl))
            if "process" in wanted:
                show(process.report(clusters, options.repeat))
        if "growth" in wanted:
            show(growth.report([int(size) for size in options.clusters.split(",")]))
        if "removal" in wanted:
            show(removal.report(lab(), options.runs))
        if "reinstall" in wanted:
            show(reinstall.report(lab(), options.runs))
    except (Failed, LabError) as error:
        print(f"benchmark: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
