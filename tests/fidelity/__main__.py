# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a lab with a recording: python -m tests.fidelity RECORDING... (all, if none is named).

The lab has to be in the state that the recording shows; --bring brings it there first.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fidelity import collect, recording
from tests.fidelity.compare import compare
from tests.fidelity.meant import DIFFERENCES
from tests.lab.config import LabError, places
from tests.lab.damage import bring_about
from tests.lab.lab import connect

SETTLE_SECONDS = 90.0
LOOK_SECONDS = 15.0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity")
    parser.add_argument("recording", nargs="*", choices=[[], *recording.STATES], default=[])
    parser.add_argument("--bring", action="store_true", help="bring the lab into the state first")
    arguments = parser.parse_args(argv)
    failed = False
    state = ""
    try:
        for name in arguments.recording or recording.STATES:
            if arguments.bring and recording.STATES[name] != state:
                state = recording.STATES[name]
                bring_about(places(), state)
            failed = not check(name) or failed
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


def check(name: str) -> bool:
    """Print what differs; True when nothing does. Looks again for a while: some statuses are written once a minute."""
    clusters, _state = connect(places())
    kinds, roles = recording.kinds_of(name), recording.roles_of(name)
    recorded = recording.load(name).facts(kinds, roles)
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        simulated = collect.look(clusters).facts(kinds, roles)
        result = compare(name, recorded, simulated, DIFFERENCES)
        if not result.differences or time.monotonic() > deadline:
            break
        time.sleep(LOOK_SECONDS)
    for difference in result.differences:
        print(f"{name}: only {difference.side}: {difference.fact}")
    print(
        f"{name}: {len(recorded)} recorded facts, {len(simulated)} simulated,"
        f" {len(result.differences)} differences, {len(result.used)} meant"
    )
    return not result.differences


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
