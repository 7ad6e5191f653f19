# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own plays on the hosts that the inventory plugin makes."""

from __future__ import annotations

import json
import pathlib
import re
import sys

import pytest

from tests.unit.fake_api import FakeApi, recording
from tests.unit.inventory_source import Source

PREFLIGHT = [
    {
        "hosts": "localhost:all",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {
                "ansible.builtin.include_role": {"name": "submariner.lifecycle.preflight", "tasks_from": "inputs.yml"},
                "run_once": True,
            }
        ],
    },
    {
        "hosts": "submariner_broker:submariner_members",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "roles": [{"role": "submariner.lifecycle.preflight", "submariner_preflight_reach": False}],
    },
]


@pytest.fixture
def source(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Source:
    found = Source(tmp_path)
    for name, server in (("east", api), ("west", other_api)):
        server.cluster.load(recording("healthy-two-nodes", name))
        server.kubeconfig(tmp_path, name)
    (tmp_path / "play.yml").write_text(json.dumps(PREFLIGHT))
    return found


def test_preflight_takes_these_hosts(source: Source, api: FakeApi, other_api: FakeApi) -> None:
    url = "'https://192.0.2.1:6443'"  # the recordings do not tell the API server's address
    source.write(kubeconfig=["kubeconfig.*"], nodes="all", compose={"submariner_broker_url": url})
    done = source.run("ansible-playbook", "play.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert api.writes == other_api.writes == []
    assert api.asked("list", "/endpoints$")
    assert other_api.asked("list", "/endpoints$")


def test_a_kubeconfig_that_the_environment_names(source: Source, api: FakeApi, other_api: FakeApi) -> None:
    """As AWX does it: the file is at another place when the inventory is used."""
    url = "'https://192.0.2.1:6443'"
    source.write(compose={"submariner_broker_url": url})
    paths = [f"{source.folder}/kubeconfig.{name}" for name in ("east", "west")]
    listed = source.run("ansible-inventory", "--list", K8S_AUTH_KUBECONFIG=":".join(paths))
    moved = [str(pathlib.Path(path).rename(f"{path}.moved")) for path in paths]
    source.path = source.folder / "kept.py"
    source.path.write_text(f"#!{sys.executable}\nprint({listed.stdout!r})\n")
    source.path.chmod(0o755)
    done = source.run("ansible-playbook", "play.yml", K8S_AUTH_KUBECONFIG=":".join(moved))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(api.asked("list", "/endpoints$")) == len(other_api.asked("list", "/endpoints$")) == 2


def test_an_id_that_two_have_and_a_broker_that_is_not_there_are_refused(source: Source) -> None:
    source.write(kubeconfig=["kubeconfig.*"], cluster_ids={"east": "one", "west": "one"})
    twice = source.run("ansible-playbook", "play.yml")
    assert twice.returncode != 0
    said = " ".join(twice.stdout.split())
    assert re.search(r"The cluster ID one belongs to more than one host \((east, west|west, east)\)", said)
    source.write(kubeconfig=["kubeconfig.west"])
    none = source.run("ansible-playbook", "play.yml")
    assert none.returncode != 0
    assert "The group submariner_broker has 0 hosts" in " ".join(none.stdout.split())
