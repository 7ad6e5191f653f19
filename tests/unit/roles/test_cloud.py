# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook cloud: which command it runs for which member, and what it asks before."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.unit.cleaning import definition, obj
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]
ROOT = pathlib.Path(__file__).parents[3]
GATEWAY = {"submariner.io/gateway": "true"}
AWS = {
    "submariner_cloud_provider": "aws",
    "submariner_cloud_infra_id": "west-x7k2p",
    "submariner_cloud_region": "eu-central-1",
    "submariner_nattport": 4501,
    "submariner_air_gapped": True,
}


class Fleet:
    """East stands in no cloud, west in AWS; a program in subctl's place notes what it is asked."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder, self.west = folder, west
        west.cluster.load([definition("machine.openshift.io", kind, "v1beta1") for kind in ("MachineSet", "Machine")])
        conditions = [{"type": "Ready", "status": "True"}]
        west.cluster.load([obj("v1", "Node", "gw-a", labels=GATEWAY, status={"conditions": conditions})])
        self.program = folder / "subctl"
        self.program.write_text(
            "#!/bin/sh\n"
            "if [ \"$1\" = version ]; then echo 'subctl version: v0.19.0'; exit; fi\n"
            f'echo "$@" >> {folder}/asked\n'
        )
        self.program.chmod(0o755)
        self.hosts = {
            "east": {"submariner_kubeconfig": east.kubeconfig(folder, "east")},
            "west": {"submariner_kubeconfig": west.kubeconfig(folder, "west"), **AWS},
        }

    @property
    def asked(self) -> list[str]:
        noted = self.folder / "asked"
        return noted.read_text().splitlines() if noted.exists() else []

    def play(self, *options: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        groups = {"submariner_broker": {"hosts": {"east": {}}}, "submariner_members": {"hosts": self.hosts}}
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        given = {"submariner_subctl_path": str(self.program), **variables}
        ansible = pathlib.Path(sys.executable).parent / "ansible-playbook"
        return subprocess.run(
            [str(ansible), "-i", "hosts.yml", "-e", json.dumps(given), *options, str(ROOT / "playbooks" / "cloud.yml")],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def fleet(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Fleet:
    return Fleet(tmp_path, api, other_api)


def words(output: str) -> str:
    return " ".join(output.replace('"', " ").split())


def test_it_is_done_where_there_is_a_cloud(fleet: Fleet) -> None:
    done = fleet.play(submariner_confirm="cloud-prepare")
    assert done.returncode == 0, done.stdout
    said = words(done.stdout)
    assert "east: nothing is done in a cloud, since submariner_cloud_provider is generic" in said
    assert "west: ran subctl cloud prepare aws --infra-id=west-x7k2p --region=eu-central-1" in said
    assert "gateway nodes are now gw-a" in said
    assert len(fleet.asked) == 1
    assert "--natt-port=4501" in fleet.asked[0]
    assert "air-gapped" not in fleet.asked[0]


def test_relative_files_count_from_where_the_run_was_started(fleet: Fleet) -> None:
    (fleet.folder / "aws.ini").write_text("[default]\n")
    (fleet.folder / "metadata.json").write_text("{}")
    files = {"submariner_cloud_credentials": "aws.ini", "submariner_cloud_ocp_metadata": "./metadata.json"}
    done = fleet.play(submariner_confirm="cloud-prepare", submariner_subctl_path="./subctl", **files)
    assert done.returncode == 0, done.stdout
    assert f"--credentials={fleet.folder}/aws.ini" in fleet.asked[0]
    assert f"--ocp-metadata={fleet.folder}/metadata.json" in fleet.asked[0]


def test_check_mode_says_the_command(fleet: Fleet) -> None:
    done = fleet.play("--check", submariner_cloud_state="cleaned")
    assert done.returncode == 0, done.stdout
    assert "west: would run subctl cloud cleanup aws --infra-id=west-x7k2p --region=eu-central-1;" in words(done.stdout)
    assert fleet.asked == []


@pytest.mark.parametrize(("state", "verb"), [("prepared", "cloud-prepare"), ("cleaned", "cloud-cleanup")])
def test_without_the_right_confirmation_nothing_is_asked(fleet: Fleet, state: str, verb: str) -> None:
    other = {"cloud-prepare": "cloud-cleanup", "cloud-cleanup": "cloud-prepare"}[verb]
    done = fleet.play(submariner_cloud_state=state, submariner_confirm=other)
    assert done.returncode == 2
    assert f"Run it with -e submariner_confirm={verb}, or with --check to see the command." in words(done.stdout)
    assert fleet.asked == []
