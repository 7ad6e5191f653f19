# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab on this machine: it comes up, repairs itself after any end, and leaves nothing.

Needs root and a filled cache.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab import sweep
from tests.lab_tests.conftest import IMAGE, TestLab, machine


def test_it_comes_up_stays_up_and_goes_without_a_trace(lab: TestLab) -> None:
    before = machine()
    result = lab.up()
    assert result.rc == 0, result.err
    assert lab.leftovers(), "what the lab runs must be seen, or its absence proves nothing"
    assert machine() == before
    assert lab.run("status").rc == 0
    nodes = lab.run("exec", "kubectl", "--context", "east", "get", "nodes", "-o", "name")
    assert nodes.out.split() == ["node/east-control-plane"]
    images = lab.run("exec", "east-control-plane", "crictl", "images", "-o", "json")
    assert IMAGE in images.out
    assert lab.run("exec", "subctl", "version").out == "subctl version: v0.0.1\n"

    again = lab.up()
    assert again.rc == 0
    assert "..." not in again.err, "a step was done although everything ran"

    result = lab.run("down")
    assert result.rc == 0, result.err
    assert lab.leftovers() == []
    assert machine() == before
    assert lab.run("status").out == "down\n"
    assert lab.run("down").rc == 0


@pytest.mark.parametrize(
    "line", ["engine: start ...", "node image: hand over", "registry: start ...", "clusters: create"]
)
def test_down_clears_what_a_killed_up_has_left(lab: TestLab, line: str) -> None:
    before = machine()
    lab.kill_up_at(line)
    result = lab.run("down")
    assert result.rc == 0, result.err
    assert lab.leftovers() == []
    assert machine() == before


def test_up_repairs_a_killed_up_and_a_killed_engine(lab: TestLab) -> None:
    lab.kill_up_at("clusters: create")
    result = lab.up()
    assert result.rc == 0, result.err

    os.kill(int((lab.places.run / "dockerd.pid").read_text()), signal.SIGKILL)
    assert lab.run("status").rc == 1
    result = lab.up()
    assert result.rc == 0, result.err
    assert lab.run("status").rc == 0

    os.kill(int((lab.places.run / "dockerd.pid").read_text()), signal.SIGKILL)
    result = lab.run("down")
    assert result.rc == 0, result.err
    assert lab.leftovers() == []


def test_an_engine_with_a_damaged_store_starts_with_an_empty_one(lab: TestLab) -> None:
    data = lab.places.engine / "data"
    data.mkdir(parents=True)
    (data / "image").write_text("a file where the engine wants a folder")
    lab.kill_up_at("node image: hand over")
    assert (data / "image").is_dir()
    assert lab.run("down").rc == 0
    assert lab.leftovers() == []


def test_a_taken_subnet_is_one_line_and_changes_nothing(lab: TestLab) -> None:
    routes = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout.splitlines()
    taken = next(words[0] for words in map(str.split, routes) if words[0] != "default" and "/" in words[0])
    result = lab.run("up", "--subnet", taken, "--submariner", str(lab.source))
    assert result.rc == 1
    assert f"lab: error: --subnet {taken} is taken on this machine by" in result.err.splitlines()[-1]
    assert not sweep.links(lab.places)


def test_a_source_that_cannot_be_used_is_one_line(lab: TestLab, tmp_path: Path) -> None:
    result = lab.run("up", "--submariner", str(tmp_path / "nowhere"))
    assert result.rc == 1
    assert result.err.splitlines()[-1].startswith(f"lab: error: --submariner {tmp_path}/nowhere: neither simulated")
