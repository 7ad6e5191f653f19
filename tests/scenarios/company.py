# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of the fleet, and two runs at once."""

from __future__ import annotations

from typing import Any

from tests.scenarios import judge, objects
from tests.scenarios.judge import Objects
from tests.scenarios.reinstall import require_same_psk
from tests.scenarios.stage import CONFIRM, ScenarioFailed, Stage

LIMIT_WEST = ("--limit", "west")
_SOURCE = "multicluster.kubernetes.io/source-cluster"
_LOCK_TAKEN = "Begin | record"
_REFUSED_AFTER = 5


def limit_west(stage: Stage) -> None:
    """West joins anew; nothing of east's own is touched, and its connection comes back."""
    stage.ensure_whole()
    psks = set(stage.fleet.psks().values())
    before = stage.fleet.objects()
    stage.succeed("reinstall", *CONFIRM, *LIMIT_WEST, name="reinstall --limit west")
    stage.require_whole()
    after = stage.fleet.objects()
    require_same_psk(stage, psks)
    changes = objects.differences(without_west(before["east"]), without_west(after["east"]))
    stage.require(changes, "east's own objects are untouched")
    kept = {item["metadata"]["uid"] for item in judge.records(before["west"], "Submariner")}
    stage.require(
        [
            f"{judge.name_of(i)} is the old one"
            for i in judge.records(after["west"], "Submariner")
            if i["metadata"]["uid"] in kept
        ],
        "west was installed anew",
    )


def without_west(items: Objects) -> Objects:
    """East's objects less the ones that speak of west and go and come with it, what only west exports among them."""
    return [item for item in items if not _speaks_of_west(item)]


def _speaks_of_west(item: dict[str, Any]) -> bool:
    exporters = [cluster["cluster"] for cluster in (item.get("status") or {}).get("clusters") or []]
    return (
        (item.get("spec") or {}).get("cluster_id") == "west"
        or item["metadata"]["name"].startswith(("west", "cluster-west"))
        or (item["metadata"].get("labels") or {}).get(_SOURCE) == "west"
        or (item["kind"] == "ServiceImport" and exporters == ["west"])
    )


def lock(stage: Stage) -> None:
    """While one run works, another waits its time and then names the first."""
    stage.ensure_whole()
    with stage.playbook("reinstall", *CONFIRM, *LIMIT_WEST) as first:
        if not first.wait_for(_LOCK_TAKEN):
            raise ScenarioFailed("the first run ended before it had the lock")
        other = stage.folder / "other"
        other.mkdir(exist_ok=True)
        second_stage = Stage(stage.fleet, other, stage.log, stage.notes)
        wait = ("-e", f"submariner_run_lock_timeout={_REFUSED_AFTER}")
        second = second_stage.play("reinstall", *CONFIRM, *LIMIT_WEST, *wait, name="second run")
        named = [failure for failure in second.failures if f"process {first.process.pid}" in failure.message]
        stage.require([] if second.code else ["it ended with 0"], "the second run is refused")
        stage.require([] if named else [f.message for f in second.failures] or ["no message"], "it names the first")
        ended = first.finish()
    stage.notes.append(f"first run {ended.seconds:.0f} s")
    stage.require([] if ended.code == 0 else [f"exit code {ended.code}"], "the first run ends well")
    stage.require_whole()
