# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of kills, and how victims are found on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.scenarios import foreign, kills, victims
from tests.unit.scenarios.tasks import TASKS


@pytest.mark.parametrize("number", range(len(kills.POINTS)))
def test_every_point_is_a_task_and_every_victim_is_known(number: int) -> None:
    point = kills.POINTS[number]
    assert point.begun in TASKS
    assert point.victim in victims.VICTIMS


def test_everybody_is_killed_at_25_points_or_more() -> None:
    assert len({kills.name_of(number) for number in range(len(kills.POINTS))}) == len(kills.POINTS) >= 25
    assert {point.victim for point in kills.POINTS} == set(victims.VICTIMS)


def test_a_grandchild_in_a_session_of_its_own_is_a_descendant() -> None:
    script = "import subprocess; subprocess.run(['sleep', '30'], start_new_session=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run(['{sys.executable}', '-c', \"{script}\"])"]
    ) as child:
        try:
            while len(found := victims.descendants(child.pid)) < 2:
                assert child.poll() is None
            assert child.pid not in found
        finally:
            for pid in victims.descendants(child.pid):
                os.kill(pid, signal.SIGKILL)
            child.kill()


def test_all_that_is_planted_can_be_told_from_submariners() -> None:
    assert all("mine" in item["metadata"]["name"] or item["metadata"].get("namespace") for item in foreign.OBJECTS)
