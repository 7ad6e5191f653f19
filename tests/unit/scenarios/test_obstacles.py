# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of obstacles, and how the end of an obstructed run is judged."""

from __future__ import annotations

import json

import pytest

from tests.scenarios import foreign, obstacles
from tests.scenarios.judge import of_submariner
from tests.scenarios.plan import SCENARIOS
from tests.scenarios.playbook import Run
from tests.unit.scenarios.tasks import TASKS


def run(code: int, *said: str, seconds: float = 1.0) -> Run:
    lines = [f"fatal: [west]: FAILED! => {json.dumps({'msg': text})}" for text in said]
    return Run(code, seconds, tuple(lines))


@pytest.mark.parametrize("name", obstacles.OBSTACLES)
def test_each_is_a_scenario_with_an_end(name: str) -> None:
    obstacle = obstacles.OBSTACLES[name]
    assert f"obstacle-{name}" in SCENARIOS
    assert obstacle.begun in ("", *TASKS)
    assert obstacle.timeout <= 300
    text = "; ".join(obstacle.says)
    code = 2 if obstacle.says else 0
    assert obstacles.unclear(obstacle, run(code, *([text] if text else []))) == []
    assert obstacles.unclear(obstacle, run(2 - code, text)) != []
    assert obstacles.unclear(obstacle, run(code, text, seconds=1000.0)) != []


def test_an_end_without_the_words_is_unclear() -> None:
    policy = obstacles.OBSTACLES["policy"]
    found = obstacles.unclear(policy, run(2, "timed out"))
    assert len(found) == len(policy.says)
    assert all("not said" in line for line in found)
    assert obstacles.unclear(policy, run(2, "; ".join(policy.says) + "\nTraceback")) != []


def test_what_is_put_in_the_way_is_nobodys_for_a_stranger() -> None:
    assert foreign.MARK in obstacles.NAME
    one = obstacles.service_import("one", ours=False)
    assert not of_submariner({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": obstacles.NAME}})
    assert "annotations" not in one["metadata"]
