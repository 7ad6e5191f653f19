# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody is killed (SIGKILL) in the middle of an uninstall or a reinstall, which then is run again.

Each time the second run ends with proof, and what belongs to others is as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.scenarios import foreign, victims
from tests.scenarios.fleet import now, within
from tests.scenarios.leftovers import left
from tests.scenarios.playbook import current_task
from tests.scenarios.reinstall import require_same_psk
from tests.scenarios.stage import ScenarioFailed, Stage


@dataclass(frozen=True)
class Kill:
    """So many seconds after the task or play of this name began; it is waited for, if need be."""

    verb: str
    begun: str
    seconds: float
    victim: str
    cluster: str = "west"


_API, _NODES = "API | remove and prove", "Nodes | inspect, clean and prove"
_BROKERS = "Brokers | remove what is left on each cluster, and watch that it stays clean"
_DEPLOY, _JOIN = "Deploy | broker", "Ask | join, or in check mode what that would change"
_GATE, _WATCH = (
    "Gate | exactly one Endpoint per cluster, as the broker and each of them has it",
    "Watch | judge what there is now",
)
_RECORD, _PLAN = "Begin | record", "Plan | what goes"

# The kubelet's pause before it starts a container again doubles each time, up to five minutes.
_BACK_WITHIN = 330.0

# The one that joins first: at its gate there is nothing of the other yet.
_FIRST = "east"

POINTS: tuple[Kill, ...] = (
    Kill("uninstall", _RECORD, 0.2, "playbook"),
    Kill("uninstall", _API, 0.5, "playbook"),
    Kill("uninstall", _API, 4.0, "playbook"),
    Kill("uninstall", _NODES, 1.0, "playbook"),
    Kill("uninstall", _BROKERS, 1.0, "playbook"),
    Kill("uninstall", _BROKERS, 5.0, "playbook"),
    Kill("uninstall", _API, 0.5, "operator"),
    Kill("uninstall", _API, 2.0, "operator"),
    Kill("uninstall", _API, 0.5, "gateway"),
    Kill("uninstall", _API, 2.0, "kubelet"),
    Kill("uninstall", _API, 1.0, "api-server"),
    Kill("uninstall", _NODES, 1.0, "kubelet"),
    Kill("uninstall", _NODES, 0.5, "api-server"),
    Kill("uninstall", _BROKERS, 1.0, "api-server"),
    Kill("reinstall", _PLAN, 0.5, "api-server"),
    Kill("reinstall", _API, 2.0, "playbook"),
    Kill("reinstall", _DEPLOY, 1.0, "subctl"),
    Kill("reinstall", _DEPLOY, 4.0, "playbook"),
    Kill("reinstall", _JOIN, 1.0, "subctl"),
    Kill("reinstall", _JOIN, 6.0, "playbook"),
    Kill("reinstall", _GATE, 0.5, "gateway", _FIRST),
    Kill("reinstall", _GATE, 0.5, "operator", _FIRST),
    Kill("reinstall", _GATE, 1.0, "kubelet", _FIRST),
    Kill("reinstall", _GATE, 1.0, "api-server", _FIRST),
    Kill("reinstall", _WATCH, 1.0, "playbook"),
)


def name_of(number: int) -> str:
    """Readable and in the table's order."""
    point = POINTS[number]
    return f"kill-{number + 1:02d}-{point.verb}-{point.victim}"


def at(number: int) -> Callable[[Stage], None]:
    point = POINTS[number]
    confirm = ("-e", f"submariner_confirm={point.verb}")

    def act(stage: Stage) -> None:
        stage.damage("healthy")
        others = foreign.plant(stage.fleet)
        psks = set(stage.fleet.psks().values())
        since = now()
        with stage.playbook(point.verb, *confirm) as first:
            if not first.wait_for(point.begun):
                raise ScenarioFailed(f"the run ended before {point.begun!r}")
            time.sleep(point.seconds)
            victims.kill(point.victim, stage, first, point.cluster)
            stage.notes.append(f"{point.victim} killed in {current_task(first.lines)!r}")
            ended = first.finish()
        stage.notes.append(f"ended with {ended.code} after {ended.seconds:.0f} s")
        if point.victim == "api-server":  # the kubelet takes its time; nothing can be done meanwhile
            stage.require(within(lambda: _silent(stage, point.cluster), _BACK_WITHIN), "the API server is back")
        stage.require(_unclear(ended.code, [f.message for f in ended.failures], point.victim), "the run says why")
        stage.succeed(point.verb, *confirm, name="again")
        stage.require(others.changes(), "what belongs to others is as it was")
        others.take_back()  # a stranger would take it for Submariner's
        if point.verb == "uninstall":
            stage.require(left(stage.fleet), "nothing of Submariner is left")
        else:
            stage.require_whole(since)
            require_same_psk(stage, psks)

    return act


def _silent(stage: Stage, cluster: str) -> list[str]:
    answer = stage.fleet.lab.kubectl(cluster, "get", "--raw", "/readyz", check=False)
    return [] if answer.rc == 0 else [f"{cluster} does not answer"]


def _unclear(code: int, said: list[str], victim: str) -> list[str]:
    """A run that failed has a message, and no traceback; the one that was killed itself cannot have."""
    if code == 0 or victim == "playbook":
        return [] if victim != "playbook" or code else ["it ended well although it was killed"]
    return [text for text in said if "Traceback" in text] or ([] if any(said) else ["no message"])
