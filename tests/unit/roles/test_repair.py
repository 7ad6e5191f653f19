# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role repair on recorded clusters: what it shows, what it refuses, and that it leaves healthy ones alone."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _run_record
from tests.unit.fake_api import FakeApi, recording

ROOT = pathlib.Path(__file__).parents[3]
PLAY = """
- hosts: submariner_broker:submariner_members
  gather_facts: false
  connection: local
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles: [submariner.lifecycle.repair]
"""
ENDPOINTS, CLUSTERS = ("submariner.io", "endpoints"), ("submariner.io", "clusters")
LEASES = ("coordination.k8s.io", "leases")


class Stage:
    """East and west as they were recorded, and an inventory for them."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder = folder
        self.apis = {"east": east, "west": west}

    def repair(
        self, state: str, *options: str, then: t.Callable[[], None] = lambda: None
    ) -> subprocess.CompletedProcess[str]:
        """Apply the role to a recorded state; C(then) begins once that is there."""
        hosts = {}
        for name, api in self.apis.items():
            api.cluster.load(recording(state, name))
            hosts[name] = {"submariner_kubeconfig": api.kubeconfig(self.folder, name), "submariner_context": name}
        groups = {"submariner_broker": {"hosts": {"east": hosts["east"]}}, "submariner_members": {"hosts": hosts}}
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        (self.folder / "play.yml").write_text(PLAY)
        then()
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        return subprocess.run(
            [str(program), "-i", "hosts.yml", *options, "play.yml"],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def drop_copies(self) -> None:
        """What east's running gateway does with copies that went on the broker (submariner.md 4.3)."""
        api = self.apis["east"]
        for kind in (ENDPOINTS, CLUSTERS):
            if api.cluster.served(kind):
                at_broker = [o["metadata"]["name"] for o in api.cluster.objects(kind, "submariner-k8s-broker")]
                for local in api.cluster.objects(kind, "submariner-operator"):
                    if local["metadata"].get("labels") and local["metadata"]["name"] not in at_broker:
                        api.cluster.delete(kind, "submariner-operator", local["metadata"]["name"])
        api.after(0.5, self.drop_copies)

    @property
    def writes(self) -> list[str]:
        return [f"{r.verb} {r.path}" for api in self.apis.values() for r in api.writes]


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def changed(output: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(r"^(\w+) .*changed=(\d+)", output, re.MULTILINE)}


def test_nothing_to_repair_changes_nothing(stage: Stage) -> None:
    done = stage.repair("healthy-two-nodes")
    assert done.returncode == 0, done.stdout
    assert "nothing to repair" in done.stdout
    assert set(changed(done.stdout).values()) == {0}
    assert stage.writes == []


def test_records_are_removed_only_when_it_is_confirmed(stage: Stage) -> None:
    done = stage.repair("joined-as-second-id")
    assert done.returncode == 2
    assert "submariner_confirm is not set, and this repair deletes records" in done.stdout
    assert "joined as 'west2'" in done.stdout
    assert stage.writes == []


def test_check_mode_shows_the_plan(stage: Stage) -> None:
    done = stage.repair("label-removed-first", "--check", "--diff")
    assert done.returncode == 0, done.stdout
    assert "-remove-records: 'west': west has no installation" in done.stdout
    assert "not healed: [submariner.not-installed] cluster west" in done.stdout
    assert changed(done.stdout) == {"east": 1, "west": 0}
    assert stage.writes == []


def test_a_cluster_without_an_answer_is_said_and_left_alone(stage: Stage) -> None:
    away = "away for a while"

    def go() -> None:
        stage.apis["west"].fault(503, path=".", message=away)

    done = stage.repair("healthy-two-nodes", then=go)
    assert done.returncode == 0, done.stdout
    assert "not healed: [cluster.unread] west" in done.stdout
    assert away in done.stdout
    assert stage.writes == []


def test_a_ghost_goes_under_the_lock_and_the_lock_is_given_back(stage: Stage) -> None:
    done = stage.repair("label-removed-first", "-e", "submariner_confirm=repair", then=stage.drop_copies)
    assert (done.returncode, changed(done.stdout)) == (0, {"east": 1, "west": 0}), done.stdout
    east = stage.apis["east"].cluster
    assert [o["spec"]["cluster_id"] for o in east.objects(ENDPOINTS, "submariner-k8s-broker")] == ["east"]
    assert east.objects(LEASES, "submariner-lifecycle") == []
    assert [w for w in stage.writes if "/leases" in w][0].startswith("create")


def test_an_interrupted_run_goes_first(stage: Stage) -> None:
    east = stage.apis["east"].cluster
    east.create(("", "namespaces"), {"metadata": {"name": "submariner-lifecycle"}})
    record = _run_record.Record(run_id="one", started="2026-11-23T06:00:00Z", verb="reinstall", psk=b"x" * 48)
    east.create(("", "secrets"), _run_record.to_secret(record), "submariner-lifecycle")
    done = stage.repair("label-removed-first", "-e", "submariner_confirm=repair")
    assert done.returncode == 2
    assert "A run of 'reinstall' begun 2026-11-23T06:00:00Z did not end." in done.stdout
    assert not [w for w in stage.writes if "/endpoints/" in w]
    assert east.objects(LEASES, "submariner-lifecycle") == []
