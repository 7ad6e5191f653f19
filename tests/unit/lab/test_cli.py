# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong input ends in one line that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab import damage
from tests.lab.cli import main


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SUBMARINER_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["up", "--clusters", "0"], "--clusters 0: from 1 to 16 are possible"),
        (["up", "--clusters", "17"], "--clusters 17: from 1 to 16 are possible"),
        (["kubeconfig"], "kubeconfig does not exist"),
        (["kubeconfig", "east"], "kubeconfig.east does not exist"),
        (["exec", "east-worker", "true"], "the lab is down"),
        (["damage", "healthy"], "the lab is down"),
        (["damage", "broken"], "no state broken; states are clean, healthy"),
    ],
)
def test_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("lab: error: ")
    assert words in error
    assert error.count("\n") == 1


def test_status_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert capsys.readouterr().out == "down\n"


def test_another_user_is_refused_before_anything_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert main(["up"]) == 1
    assert "needs root" in capsys.readouterr().err
    assert not home.exists()


def test_every_recorded_state_and_race_can_be_brought_about() -> None:
    recordings = Path(__file__).parents[2] / "fixtures" / "recordings"
    recorded = {path.name for path in recordings.iterdir() if path.is_dir()}
    other_names = {"installed": "healthy", "healthy-two-nodes": "service-exported"}
    assert {other_names.get(name, name) for name in recorded} <= set(damage.STATES)
    assert {"healthy", "race-deploy-broker", "race-join", "3411"} <= set(damage.STATES)
