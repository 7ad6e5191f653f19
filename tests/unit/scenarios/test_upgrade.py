# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an upgrade is judged, where it is cut, and that the lab is given back."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.scenarios import upgrade
from tests.scenarios.fleet import Fleet
from tests.scenarios.playbook import Run
from tests.scenarios.stage import ScenarioFailed, Stage
from tests.scenarios.upgrade import Releases
from tests.unit.fake_api import recording
from tests.unit.scenarios.tasks import TASKS

STATE = "healthy-two-nodes"
OLD, NEW = "0.19.0", "0.20.0"
PLANNED = ("broker east: 0.19.0 -> 0.20.0", "member east: 0.19.0 -> 0.20.0", "member west: 0.19.0 -> 0.20.0")


def of(version: str) -> list[dict[str, Any]]:
    """West, recorded, as if it were of this version."""
    items: list[dict[str, Any]] = json.loads(json.dumps(recording(STATE, "west")).replace("0.19.0", version))
    return items


@pytest.mark.parametrize("point", upgrade.POINTS)
def test_every_point_is_a_task(point: str) -> None:
    assert upgrade.POINTS[point].begun in TASKS


def test_every_part_has_to_be_of_the_version() -> None:
    assert upgrade.parts_of_others({"west": of(OLD)}, OLD) == []
    assert upgrade.parts_of_others({"west": of(NEW)}, NEW) == []
    found = upgrade.parts_of_others({"west": of(OLD)}, NEW)
    assert f"west: Submariner submariner-operator/submariner is {OLD}" in found
    assert [line for line in found if "DaemonSet submariner-operator/submariner-routeagent" in line]
    assert upgrade.parts_of_others({"west": []}, NEW) == ["west: there is no Submariner"]


def test_settings_are_compared_without_what_a_join_makes_anew() -> None:
    old, new = (upgrade.settings_of({"west": of(version)}) for version in (OLD, NEW))
    assert old == new
    assert old["west"]["cableDriver"] == "vxlan"


def test_an_object_that_was_replaced_is_seen() -> None:
    before, after = of(OLD), of(OLD)
    assert upgrade.replaced(before, after) == []
    next(item for item in after if item["kind"] == "Submariner")["metadata"]["uid"] = "another"
    assert upgrade.replaced(before, after) != []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (PLANNED, []),
        (PLANNED[:2], ["'member west: 0.19.0 -> 0.20.0' is not said"]),
        (PLANNED[::-1], ["the order is another one"]),
    ],
)
def test_check_mode_has_to_say_the_order(lines: tuple[str, ...], said: list[str]) -> None:
    assert upgrade.unsaid(Run(0, 1.0, lines), Releases(OLD, NEW)) == said


def test_a_recap_that_counts_changes_or_is_missing_is_a_complaint() -> None:
    assert upgrade.changes_of(Run(0, 1.0, ("east : ok=7    changed=0    failed=0",))) == []
    assert upgrade.changes_of(Run(0, 1.0, ("east : ok=7    changed=1    failed=0",))) == ["east: changed=1"]
    assert upgrade.changes_of(Run(2, 1.0, ())) == ["no recap"]


class Lab(Stage):
    """A stage whose lab only notes what is asked of it."""

    asked: list[str]

    def bring(self, source: str) -> None:
        self.asked.append(f"up {source}")
        self.fleet.state.version = NEW if source in (f"simulated:{NEW}", "/newer") else OLD

    def damage(self, state: str) -> None:
        self.asked.append(f"damage {state}")


def lab(folder: Path, newer: str | None = None) -> Lab:
    fleet = SimpleNamespace(state=SimpleNamespace(submariner="/older", version=""), objects=lambda: {"west": of(OLD)})
    stage = Lab(cast(Fleet, fleet), folder, io.StringIO(), newer=newer)
    stage.asked = []
    return stage


@pytest.mark.parametrize("fails", [False, True])
def test_the_lab_is_given_back_with_what_it_had(tmp_path: Path, fails: bool) -> None:
    stage = lab(tmp_path)

    def act() -> None:
        with upgrade.two_releases(stage) as releases:
            assert releases == Releases(OLD, NEW)
            if fails:
                raise ScenarioFailed("no")

    if fails:
        with pytest.raises(ScenarioFailed, match="no"):
            act()
    else:
        act()
    wanted = [f"up simulated:{OLD}", "damage healthy", f"up simulated:{NEW}", "up /older", "damage clean"]
    assert stage.asked == wanted


def test_a_newer_one_is_what_the_lab_is_upgraded_to(tmp_path: Path) -> None:
    stage = lab(tmp_path, "/newer")
    with upgrade.two_releases(stage) as releases:
        assert releases == Releases(OLD, NEW)
    assert stage.asked == ["up /older", "damage healthy", "up /newer", "up /older", "damage clean"]


def test_one_version_is_no_upgrade(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFailed, match=f"both are {OLD}"), upgrade.two_releases(lab(tmp_path, "/same")):
        pass
