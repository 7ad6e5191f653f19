# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No tag takes a part out of a playbook: what comes after it relies on what comes before."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
PLAYBOOKS = sorted([*(ROOT / "playbooks").glob("*.yml"), *(ROOT / "playbooks" / "phases").glob("*.yml")])
OPTIONAL = {"firewall.yml": ["always", "firewall"]}
"""What may be left out: it changes machines that others may look after, and nothing relies on it without a look."""


@pytest.mark.parametrize("path", PLAYBOOKS, ids=[p.stem for p in PLAYBOOKS])
def test_a_play_runs_whatever_the_tags(path: pathlib.Path) -> None:
    plays: list[dict[str, t.Any]] = yaml.safe_load(path.read_text())
    wanted = OPTIONAL.get(path.name, "always")
    assert [p["name"] for p in plays if "hosts" in p and p.get("tags") != wanted] == []
    tasks = [task for p in plays for part in ("pre_tasks", "tasks", "post_tasks", "roles") for task in p.get(part, [])]
    assert [task for task in [*tasks, *(p for p in plays if "hosts" not in p)] if "tags" in task] == []


SAID_BY_PLAYBOOKS = re.compile(r"submariner_(?:run|preflight|report)_verb|submariner_gather_around(?:_tasks)?")
"""What is not the user's to say: which playbook it is."""


@pytest.mark.parametrize("path", PLAYBOOKS, ids=[p.stem for p in PLAYBOOKS])
def test_a_playbook_sets_no_variable_over_the_inventory(path: pathlib.Path) -> None:
    """Variables of a play outrank those of hosts and groups."""
    plays: list[dict[str, t.Any]] = yaml.safe_load(path.read_text())
    tasks = [task for p in plays for part in ("pre_tasks", "tasks") for task in p.get(part, [])]
    named = {name for one in [*plays, *tasks] for name in one.get("vars", {}) if name.startswith("submariner_")}
    assert [name for name in named if not SAID_BY_PLAYBOOKS.fullmatch(name)] == []


def test_no_role_has_tags_of_its_own() -> None:
    tagged = [p for p in (ROOT / "roles").glob("*/*/**/*.yml") if re.search(r"^\s+tags:", p.read_text(), re.MULTILINE)]
    assert [str(p.relative_to(ROOT)) for p in tagged if p.parent.name in ("tasks", "handlers")] == []


def plays_of(folder: pathlib.Path, *options: str) -> tuple[int, str]:
    (folder / "hosts.yml").write_text("{submariner_broker: {hosts: {east: {}}}, submariner_members: {hosts: {}}}")
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    command = [str(program), "-i", str(folder / "hosts.yml"), str(ROOT / "playbooks" / "reinstall.yml"), *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": str(program.parent), "ANSIBLE_HOME": str(folder), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_tag_that_does_not_exist_is_no_way_around_the_gates(tmp_path: pathlib.Path) -> None:
    code, said = plays_of(tmp_path, "--tags", "nothing")
    assert code == 2, said
    assert "The group submariner_members is empty" in said


def test_the_firewalls_can_be_left_alone(tmp_path: pathlib.Path) -> None:
    _code, with_all = plays_of(tmp_path, "--list-tasks")
    code, without = plays_of(tmp_path, "--list-tasks", "--skip-tags", "firewall")
    gone = set(with_all.splitlines()) - set(without.splitlines())
    assert code == 0, without
    assert gone
    assert [line for line in gone if "firewall" not in line.lower()] == []
