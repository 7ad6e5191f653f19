# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison itself: two sets of facts, and the differences that are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

RECORDED = "recorded"  # only the recording has it
SIMULATED = "simulated"  # only the simulation has it


@dataclass(frozen=True)
class Difference:
    """A fact that only one side has."""

    side: str
    fact: str


@dataclass(frozen=True)
class Meant:
    """A difference that is meant: in which states, on which side, which facts, and why."""

    reason: str
    pattern: str
    side: str = ""  # empty for both
    states: tuple[str, ...] = ()  # empty for all

    def covers(self, state: str, difference: Difference) -> bool:
        if (self.states and state not in self.states) or (self.side and self.side != difference.side):
            return False
        return re.search(self.pattern, difference.fact) is not None


@dataclass(frozen=True)
class Result:
    """What differs without being meant, and which entries of the table were needed."""

    differences: list[Difference]
    used: set[Meant]


def compare(state: str, recorded: set[str], simulated: set[str], meant: tuple[Meant, ...]) -> Result:
    """Everything that one side alone has."""
    differences = [Difference(RECORDED, fact) for fact in sorted(recorded - simulated)]
    differences += [Difference(SIMULATED, fact) for fact in sorted(simulated - recorded)]
    used: set[Meant] = set()
    left = []
    for difference in differences:
        reasons = [entry for entry in meant if entry.covers(state, difference)]
        used.update(reasons)
        if not reasons:
            left.append(difference)
    return Result(left, used)
