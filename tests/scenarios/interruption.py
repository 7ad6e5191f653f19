# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reinstall that is cut off, and run again: the same end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.scenarios.fleet import now
from tests.scenarios.playbook import Playbook, current_task
from tests.scenarios.reinstall import require_same_psk
from tests.scenarios.stage import CONFIRM, ScenarioFailed, Stage


@dataclass(frozen=True)
class Point:
    """Where to cut: some seconds after the task or play of this name began."""

    begun: str
    seconds: float = 0.0


POINTS = {
    "after-record": Point("Begin | take up an interrupted run"),
    "in-member-cleanup": Point("API | remove and prove", 2.0),
    "in-node-cleanup": Point("Nodes | inspect, clean and prove", 2.0),
    "before-broker": Point("Deploy the broker"),
    "in-join": Point("Ask | join, or in check mode what that would change", 4.0),
}
# Half of them from the hardest state, half from one in which the operator still does its part.
SIGNALS: dict[str, tuple[Callable[[Playbook], None], str]] = {
    "sigint": (Playbook.interrupt, "3411"),
    "sigkill": (Playbook.kill, "healthy"),
}


def at(point: str, signal: str) -> Callable[[Stage], None]:
    where = POINTS[point]
    cut, state = SIGNALS[signal]

    def act(stage: Stage) -> None:
        stage.damage(state)
        psks = set(stage.fleet.psks().values())
        since = now()
        with stage.playbook("reinstall", *CONFIRM) as first:
            if not first.wait_for(where.begun):
                raise ScenarioFailed(f"the run ended before {where.begun!r}")
            time.sleep(where.seconds)
            met = current_task(first.lines)
            cut(first)
            stage.say(f"{signal} in {met!r}")
            ended = first.finish()
            if ended.code == 0:
                raise ScenarioFailed(f"the run ended well although it got {signal} in {met!r}")
            stage.notes.append(f"cut after {ended.seconds:.0f} s")
            if where.seconds and met != where.begun:
                raise ScenarioFailed(f"{signal} was meant for {where.begun!r} and came in {met!r}")
            stage.succeed("reinstall", *CONFIRM, name="again")
        stage.require_whole(since)
        require_same_psk(stage, psks)

    return act
