# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one release to the next: the whole fleet, a part of it first, and cut off in the middle.

Both releases are the simulation, which behaves the same under each version that it is to call itself, unless `--newer`
names another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.scenarios import judge
from tests.scenarios.interruption import Point
from tests.scenarios.judge import Json, Objects
from tests.scenarios.playbook import Run, current_task
from tests.scenarios.reinstall import require_same_psk, verify_last
from tests.scenarios.stage import ScenarioFailed, Stage

_SIMULATED = ("simulated:0.19.0", "simulated:0.20.0")
BROKER, OTHER = "east", "west"
CONFIRM = ("-e", "submariner_confirm=upgrade")
# Of the resource's settings those that are made anew with a join.
_RENEWED = ("version", "brokerK8sApiServerToken", "brokerK8sSecret")

# Where to cut. The broker and the first member are east, so the last two find one member upgraded and one not.
POINTS: dict[str, Point] = {
    "broker": Point("Broker | deploy over the one that is there, and prove the operator's replacement", 3.0),
    "removal": Point("API | remove and prove", 2.0),
    "join": Point("Ask | join, or in check mode what that would change", 6.0),
    "between": Point("Member | connected to all others", 0.5),
}


@dataclass(frozen=True)
class Releases:
    """Their versions."""

    old: str
    new: str


@contextmanager
def two_releases(stage: Stage) -> Iterator[Releases]:
    """A whole fleet of the old one, and the new one at hand; afterwards what was at hand before, and nothing installed."""
    before = stage.fleet.state.submariner
    source, target = (before, stage.newer) if stage.newer else _SIMULATED
    try:
        stage.bring(source)
        old = stage.fleet.state.version
        stage.damage("healthy")
        stage.require(parts_of_others(stage.fleet.objects(), old), f"all is {old}")
        stage.bring(target)
        new = stage.fleet.state.version
        stage.require([f"both are {old}"] if new == old else [], "they are two")
        yield Releases(old, new)
    finally:
        stage.bring(before)
        stage.damage("clean")


def whole_fleet(stage: Stage) -> None:
    """Check mode says the order and changes nothing, nor does a run without confirmation; then all of it, once."""
    with two_releases(stage) as releases:
        before = stage.fleet.steady_reading()
        check = stage.succeed("upgrade", "--check", "--diff", name="check")
        stage.require(unsaid(check, releases), "check mode says what would be upgraded, the broker first")
        refused = stage.play("upgrade", name="not confirmed")
        stage.require([] if refused.code else ["it ended with 0"], "without confirmation it is refused")
        stage.require_unchanged(before, "neither changes anything")
        psks, settings = set(stage.fleet.psks().values()), settings_of(stage.fleet.objects())
        stage.succeed("upgrade", *CONFIRM)
        _require_upgraded(stage, releases.new, psks, settings)
        after = stage.fleet.steady_reading()
        again = stage.succeed("upgrade", *CONFIRM, name="again")
        stage.require(changes_of(again), "a second run says that it changed nothing")
        stage.require_unchanged(after, "a second run changes nothing")
        verify_last(stage)


def in_parts(stage: Stage) -> None:
    """A member never before the broker; then the broker's host alone, and the other keeps what it has."""
    with two_releases(stage) as releases:
        before = stage.fleet.steady_reading()
        psks, settings = set(stage.fleet.psks().values()), settings_of(stage.fleet.objects())
        early = stage.play("upgrade", *CONFIRM, "--limit", OTHER, name=f"{OTHER} too early")
        said = " ".join(failure.message for failure in early.failures)
        stage.require([] if early.code else ["it ended with 0"], "a member does not go before the broker")
        stage.require([] if f"the broker on {BROKER} is {releases.old}" in said else [said or "nothing"], "it says why")
        stage.require_unchanged(before, "the refusal changes nothing")
        stage.succeed("upgrade", *CONFIRM, "--limit", BROKER, name=f"{BROKER} alone")
        seen = stage.fleet.objects()
        stage.require(parts_of_others({BROKER: seen[BROKER]}, releases.new), f"{BROKER} is {releases.new}")
        stage.require(parts_of_others({OTHER: seen[OTHER]}, releases.old), f"{OTHER} is {releases.old} still")
        stage.require(replaced(before.objects[OTHER], seen[OTHER]), f"{OTHER} was not joined anew")
        stage.require_whole()
        stage.succeed("upgrade", *CONFIRM, "--limit", OTHER, name=f"then {OTHER}")
        _require_upgraded(stage, releases.new, psks, settings)


def cut_at(point: str) -> Callable[[Stage], None]:
    """Killed there, and run again: the same end."""
    where = POINTS[point]

    def act(stage: Stage) -> None:
        with two_releases(stage) as releases:
            psks, settings = set(stage.fleet.psks().values()), settings_of(stage.fleet.objects())
            with stage.playbook("upgrade", *CONFIRM) as first:
                if not first.wait_for(where.begun):
                    raise ScenarioFailed(f"the run ended before {where.begun!r}")
                time.sleep(where.seconds)
                met = current_task(first.lines)
                first.kill()
                ended = first.finish()
                if ended.code == 0:
                    raise ScenarioFailed(f"the run ended well although it was killed in {met!r}")
                stage.notes.append(f"killed in {met!r} after {ended.seconds:.0f} s")
                stage.succeed("upgrade", *CONFIRM, name="again")
            _require_upgraded(stage, releases.new, psks, settings)

    return act


def _require_upgraded(stage: Stage, version: str, psks: set[str], settings: Mapping[str, Json]) -> None:
    stage.require_whole()
    stage.require(parts_of_others(stage.fleet.objects(), version), f"all is {version}")
    require_same_psk(stage, psks)
    now = settings_of(stage.fleet.objects())
    stage.require(
        [
            f"{name}: {key} was {was.get(key)!r} and is {now.get(name, {}).get(key)!r}"
            for name, was in settings.items()
            for key in sorted({*was, *now.get(name, {})})
            if was.get(key) != now.get(name, {}).get(key)
        ],
        "nothing but the version is another one",
    )


def parts_of_others(fleet: Mapping[str, Objects], version: str) -> list[str]:
    """Submariner's workloads and resources that are not of this version; and clusters that have none at all."""
    found = []
    for cluster, items in fleet.items():
        parts = [
            (judge.name_of(item), image.rpartition(":")[2])
            for item in items
            if item["kind"] in ("Deployment", "DaemonSet", "Pod")
            and item["metadata"].get("namespace") == judge.MEMBER_NAMESPACE
            for image in _images(item)
        ]
        parts += [(judge.name_of(i), str(i["spec"].get("version"))) for i in judge.records(items, "Submariner")]
        found += [f"{cluster}: {name} is {seen}" for name, seen in parts if seen != version]
        found += [] if parts else [f"{cluster}: there is no Submariner"]
    return found


def _images(item: Json) -> list[str]:
    spec = item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]
    return [str(container["image"]) for container in spec["containers"]]


def settings_of(fleet: Mapping[str, Objects]) -> dict[str, Json]:
    """What each member was joined with, less what comes anew with every join."""
    return {
        cluster: {key: value for key, value in item["spec"].items() if key not in _RENEWED}
        for cluster, items in fleet.items()
        for item in judge.records(items, "Submariner")
    }


def replaced(before: Objects, after: Objects) -> list[str]:
    """Submariner resources that are not the same objects any more."""
    uids = [{item["metadata"]["uid"] for item in judge.records(items, "Submariner")} for items in (before, after)]
    return [] if uids[0] == uids[1] else ["its Submariner resource is another object"]


def unsaid(check: Run, releases: Releases) -> list[str]:
    """What the output of check mode does not name, or in another order."""
    lines = [
        f"{what}: {releases.old} -> {releases.new}"
        for what in (f"broker {BROKER}", f"member {BROKER}", f"member {OTHER}")
    ]
    missing = [f"{line!r} is not said" for line in lines if line not in check.output]
    if missing:
        return missing
    places = [check.output.index(line) for line in lines]
    return [] if places == sorted(places) else ["the order is another one"]


def changes_of(run: Run) -> list[str]:
    """What the recap counts."""
    counted = [f"{host}: changed={counts['changed']}" for host, counts in run.recap.items() if counts["changed"]]
    return counted if run.recap else ["no recap"]
