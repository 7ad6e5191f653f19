# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate of the role join, as a playbook runs it: after each join all members joined so far are looked at."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from tests.unit.clusterset import ENDPOINTS, OPERATOR, Clusterset
from tests.unit.fake_api import FakeApi

ROOT = pathlib.Path(__file__).parents[3]
PLAY = """
- hosts: submariner_members
  gather_facts: false
  connection: local
  serial: 1
  any_errors_fatal: true
  tasks:
    - ansible.builtin.include_role:
        name: submariner.lifecycle.common
        public: true
    - ansible.builtin.set_fact: # what tasks/member.yml leaves after a join
        __join_done: "{{ __submariner_auth }}"
        __join_result: {registered: [east, west]}
    - module_defaults:
        group/submariner.lifecycle.all: "{{ __submariner_auth }}"
      block:
        - ansible.builtin.include_tasks: GATE
          vars:
            submariner_join_gate_timeout: 1
            submariner_join_gate_window: 1
"""


@pytest.fixture
def fleet(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> Clusterset:
    return Clusterset(api, other_api, tmp_path)


def run(fleet: Clusterset, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    hosts = {
        name: {
            "submariner_kubeconfig": fleet.access(api)["kubeconfig"],
            "ansible_python_interpreter": sys.executable,
        }
        for name, api in (("east", fleet.east), ("west", fleet.west))
    }
    inventory = {
        "submariner_broker": {"hosts": {"east": {}}},
        "submariner_members": {"hosts": hosts},
    }
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": inventory}}))
    (folder / "play.yml").write_text(PLAY.replace("GATE", str(ROOT / "roles" / "join" / "tasks" / "gate.yml")))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    installed = [path for path in sys.path if path.endswith("site-packages")]
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": ":".join([str(ROOT / "playbooks" / "collections"), *installed]),
        "ANSIBLE_HOME": str(folder / "ansible"),
    }
    command = [str(program), "-i", str(folder / "hosts.yml"), str(folder / "play.yml"), "-v"]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=600, check=False)


def endpoint_lists(api: FakeApi) -> int:
    return len([r for r in api.asked("list") if r.path.endswith("/endpoints")])


def test_the_newcomer_is_watched_and_the_others_are_asked(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    done = run(fleet, tmp_path)
    assert done.returncode == 0, done.stdout
    # East as a member and as the broker, then as the broker and as one that joined before: a LIST and its proof each.
    assert endpoint_lists(fleet.east) == 8
    assert endpoint_lists(fleet.west) == 2
    assert len(fleet.east.asked("list", "/nodes$")) == 2  # of the others only Endpoints are asked for


def test_a_record_too_many_in_an_earlier_member_stops_the_play(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    fleet.once_asked(fleet.west, "list", lambda: fleet.second_endpoint(fleet.east, OPERATOR), delay=0.0)
    done = run(fleet, tmp_path)
    assert done.returncode != 0
    assert "2 Endpoints in east" in done.stdout
    assert "[endpoint.duplicate] cluster west" in done.stdout
    assert len(fleet.east.cluster.objects(ENDPOINTS, OPERATOR)) == 3
