# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a campaign, and their order."""

from __future__ import annotations

import pathlib

import yaml

from tests.run import plan
from tests.run.paths import ROOT
from tests.unit.roles.conftest import drawn

ON_THE_LAB = {"tests.scenarios", "tests.fidelity", "tests.lab", "--lab"}


def test_molecule_takes_the_lab_away_when_nothing_needs_it_any_more(tmp_path: pathlib.Path) -> None:
    steps = plan.campaign(tmp_path)
    names = [step.name for step in steps]
    assert len(set(names)) == len(names)
    with_lab = [n for n, step in enumerate(steps) if ON_THE_LAB & set(step.command)]
    assert len(with_lab) >= 5
    assert max(with_lab) < names.index("molecule") < names.index("lab itself")


def test_molecule_runs_a_scenario_that_is_there_and_ends_with_its_removal(tmp_path: pathlib.Path) -> None:
    (command,) = [step.command for step in plan.campaign(tmp_path) if step.name == "molecule"]
    scenario = ROOT / "molecule" / command[command.index("--scenario-name") + 1] / "molecule.yml"
    assert yaml.safe_load(scenario.read_text())["scenario"]["test_sequence"][-1] == "destroy"


def test_every_folder_of_long_tests_is_in_the_campaign(tmp_path: pathlib.Path) -> None:
    """Those that `make test` runs whole, or that assert nothing, are not."""
    elsewhere = {"benchmarks", "demo", "fixtures", "lab", "packaging", "rights", "run", "simulator", "unit"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))} - elsewhere
    words = " ".join(" ".join(step.command) for step in plan.campaign(tmp_path)).replace("tests.", "tests/")
    assert {folder for folder in folders if f"tests/{folder}" not in words} == set()


def test_a_seed_draws_one_half_of_the_roles_tests_and_none_draws_all(tmp_path: pathlib.Path) -> None:
    names = [f"tests/unit/roles/test_any.py::test_{number}" for number in range(400)]
    taken = drawn("7", names)
    assert taken == drawn("7", names) != drawn("8", names)
    assert 160 < len(taken) < 240
    assert set().union(*(drawn(str(seed), names) for seed in range(20))) == set(names)
    assert "--half=7" in plan.roles(tmp_path, half=7).command
    assert not [word for word in plan.roles(tmp_path).command if word.startswith("--half")]
    assert plan.roles(tmp_path).command in [step.command for step in plan.campaign(tmp_path)]


def test_what_runs_beside_the_lab_is_drawn_by_the_seed_and_leaves_the_lab_alone(tmp_path: pathlib.Path) -> None:
    drawn = {}
    for seed in range(20):
        (step,) = plan.beside_the_lab(tmp_path, seed)
        assert [again.name for again in plan.beside_the_lab(tmp_path, seed)] == [step.name]
        assert not ON_THE_LAB & set(step.command)
        state = plan.on_the_lab(tmp_path, seed)[0].command[-1]
        drawn[step.name, state] = seed
    assert {name for name, _state in drawn} == {"rulebooks", "browser"}
    assert len(drawn) == 4, "neither draw tells the other"
