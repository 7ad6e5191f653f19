# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens on the controller, in a real run: lines about waits, and the verdict over the fleet."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import yaml

from tests.unit.clusterset import GATEWAYS, Clusterset
from tests.unit.fake_api import FakeApi

ROOT = pathlib.Path(__file__).parents[4]


def run(tasks: list[object], folder: pathlib.Path) -> str:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks,
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    installed = [path for path in sys.path if path.endswith("site-packages")]
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": ":".join([str(ROOT / "playbooks" / "collections"), *installed]),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [str(program), "-i", "localhost,", str(folder / "play.yml")]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert "ignored=2" in done.stdout or "ignored=1" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_a_wait_says_what_it_waits_for_unless_it_is_to_be_quiet(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    fleet = Clusterset(api, other_api, tmp_path)
    fleet.beat()
    fleet.change(
        fleet.west, GATEWAYS, lambda g: g["status"]["connections"][0].update(status="error", statusMessage="no ping")
    )
    options = fleet.arguments(timeout=2, window=3)
    wait = {"submariner.lifecycle.wait_for_connections": options, "ignore_errors": True}
    output = run([wait, {**wait, "vars": {"submariner_quiet": "{{ 'yes' }}"}}], tmp_path)
    lines = [line for line in output.splitlines() if line.startswith("localhost: ")]
    assert lines[0].startswith("localhost: west -> east: error: no ping (")
    assert lines[0].endswith(" s of 5 s)")
    first, _task, second = output.partition("TASK")[2].partition("TASK")
    assert "localhost: west -> east" in first
    assert "localhost: west -> east" not in second


def test_the_fleet_is_judged_without_repeating_what_was_read(tmp_path: pathlib.Path) -> None:
    digests = {"east": {"schema": 0, "kubernetes": "a-version-that-nobody-prints"}}
    check = {"broker": "east", "digests": digests}
    output = run(
        [
            {"submariner.lifecycle.fleet_check": check, "ignore_errors": True, "register": "said"},
            {"ansible.builtin.debug": {"msg": "verdict {{ said.verdict }}, {{ said.findings | length }} findings"}},
            {"ansible.builtin.debug": {"msg": "{{ said }}"}},
            {"submariner.lifecycle.fleet_check": {**check, "digest": 1}, "ignore_errors": True},
        ],
        tmp_path,
    )
    assert "verdict unknown, 1 findings" in output
    assert "a-version-that-nobody-prints" not in output
    assert "Unsupported parameters" in output
