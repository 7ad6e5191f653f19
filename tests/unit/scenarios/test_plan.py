# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passes and their results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lab.config import places
from tests.lab.damage import STATES
from tests.scenarios import cli, plan
from tests.scenarios.fleet import Fleet
from tests.scenarios.results import FAILED, PASSED, Result, Results
from tests.scenarios.runner import run_all
from tests.scenarios.stage import ScenarioFailed, Stage


def test_the_campaign_has_every_scenario_once() -> None:
    assert sorted(plan.campaign()) == sorted(plan.SCENARIOS)


def test_every_state_but_the_empty_one_is_reinstalled_from() -> None:
    assert {f"reinstall-{state}" for state in STATES if state != "clean"} <= set(plan.SCENARIOS)


def test_a_seed_gives_the_same_order() -> None:
    assert plan.ci(7) == plan.ci(7)
    assert len({tuple(plan.ci(seed)) for seed in range(20)}) > 1
    assert set(plan.ci(7)) <= set(plan.SCENARIOS)


def test_each_ci_pass_begins_with_the_hardest_state() -> None:
    for seed in range(50):
        names = plan.ci(seed)
        assert names[0] == "reinstall-3411"
        assert len(names) == len(set(names))


def test_the_passes_reach_every_scenario_in_turn_but_the_longest() -> None:
    never = set(plan.SCENARIOS) - {name for seed in range(1000) for name in plan.ci(seed)}
    groups = re.compile(r"upgrade|wreck-|kill-.*-api-server$")
    assert {name for name in never if not groups.match(name)} == {"broker-apart", "firewall-reinstall", "load-balancer"}
    assert [name for name in never if groups.match(name)]


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--only", "nothing"])
    assert "no scenario nothing" in capsys.readouterr().err


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUBMARINER_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(Fleet, "__init__", lambda self, places: None)
    return tmp_path


def test_results_are_kept_and_taken_up(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bad(_stage: Stage) -> None:
        raise ScenarioFailed("first cause\nsecond cause")

    def good(stage: Stage) -> None:
        stage.notes.append("reinstall 7 s")

    monkeypatch.setattr("tests.scenarios.runner.SCENARIOS", {"good": good, "bad": bad})
    results = Results(home / "results.json")
    counts = run_all(["good", "bad"], places(), results, resume=False)
    assert str(counts) == "1 passed, 1 failed, 0 skipped"
    printed = capsys.readouterr().out
    assert "passed good in 0 s (reinstall 7 s)" in printed
    assert "  second cause" in printed
    assert str(home / "logs" / "scenarios" / "bad.log") in printed

    again = Results(home / "results.json")
    again.load()
    assert [again.found[name].outcome for name in ("good", "bad")] == [PASSED, FAILED]
    assert str(run_all(["good", "bad"], places(), again, resume=True)) == "0 passed, 1 failed, 1 skipped"


def test_a_torn_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results = Results(path)
    results.record("one", Result(PASSED, 1.0))
    path.write_text(path.read_text()[:-9])
    results.load()
    assert results.found == {}
