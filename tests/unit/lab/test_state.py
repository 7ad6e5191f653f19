# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab remembers survives a restart, and a torn file does no harm."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from tests.lab import state
from tests.lab.config import LabError, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path, tmp_path / "cache")


def test_a_saved_state_is_loaded_again(places: Places) -> None:
    saved = state.State(subnet="172.30.80.0/24", damage="3411")
    saved.clusters["east"] = state.Cluster(1, "image", "off", {"objects": ["namespace/default"]})
    saved.save(places)
    assert state.load(places) == saved


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"clusters": {"east": {}}}', '{"clusters": {}, "odd": 1}'])
def test_a_torn_state_counts_as_none(places: Places, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    places.state.write_text(content)
    assert state.load(places) == state.State()
    assert capsys.readouterr().err.count("\n") == 1


def test_no_state_is_the_empty_one(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert state.load(places) == state.State()
    assert capsys.readouterr().err == ""


def _hold(home: Path) -> None:
    with state.locked(Places(home, home)):
        (home / "held").touch()
        time.sleep(60)


def test_the_lock_is_free_when_its_holder_was_killed(places: Places) -> None:
    holder = multiprocessing.get_context("spawn").Process(target=_hold, args=(places.home,))
    holder.start()
    while not (places.home / "held").exists():
        assert holder.is_alive()
        time.sleep(0.05)
    holder.kill()
    holder.join()
    with state.locked(places):
        assert int((places.home / "lock").read_text()) > 0


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="set SUBMARINER_LAB_HOME"), state.locked(Places(tmp_path / "file", tmp_path)):
        pytest.fail("entered")
