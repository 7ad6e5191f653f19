# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module subctl_cloud against an API server and a program in subctl's place."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.modules import subctl_cloud
from tests.unit.cleaning import definition, obj
from tests.unit.fake_api import FakeApi
from tests.unit.fake_subctl import FakeSubctl
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
GATEWAY = {"submariner.io/gateway": "true"}
SET = "east-x7k2p-submariner-gw-a"
MACHINE_SETS = ("machine.openshift.io", "machinesets")
SUBMARINERS = ("submariner.io", "submariners")
HERE = {"infra_id": "east-x7k2p", "region": "eu-central-1"}


def machine_set(name: str, labels: Json) -> Json:
    template = {"spec": {"metadata": {"labels": labels}}}
    return obj("machine.openshift.io/v1beta1", "MachineSet", name, "openshift-machine-api", spec={"template": template})


def node(name: str, ready: bool = True) -> Json:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return obj("v1", "Node", name, labels=GATEWAY, status={"conditions": conditions})


@pytest.fixture
def openshift(api: FakeApi) -> FakeApi:
    """A cluster with the machine API, and without Submariner."""
    api.cluster.load([definition("machine.openshift.io", kind, "v1beta1") for kind in ("MachineSet", "Machine")])
    api.cluster.load([machine_set("east-x7k2p-worker-a", {"node-role.kubernetes.io/worker": ""})])
    return api


def run(
    api: FakeApi, folder: pathlib.Path, subctl: str = "/nowhere/subctl", check: bool = False, **options: t.Any
) -> Outcome:
    arguments = {"kubeconfig": api.kubeconfig(folder), "provider": "aws", "subctl": subctl, **HERE, **options}
    return run_module(subctl_cloud.main, arguments, check=check)


def test_the_gateways_that_it_makes_are_waited_for(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    def prepare() -> None:
        openshift.cluster.load([machine_set(SET, GATEWAY), node("gw-a")])

    with FakeSubctl(tmp_path, prepare) as subctl:
        done = run(openshift, tmp_path, str(subctl.path))
    assert not done.failed, done.msg
    assert done.changed
    assert (done["gateways"], done["machine_sets"]) == (["gw-a"], [SET])
    asked = subctl.arguments
    assert asked[:3] == ["cloud", "prepare", "aws"]
    assert {"--infra-id=east-x7k2p", "--region=eu-central-1", "--gateways=1", "--natt-port=4500"} <= set(asked)
    assert asked[-2] == "--kubeconfig"
    assert done["command"] == ["subctl", *asked[:-2]]
    assert openshift.writes == []


def test_check_mode_says_the_command_and_needs_no_subctl(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    done = run(openshift, tmp_path, check=True, gateways=2)
    assert (done.failed, done.changed) == (False, True)
    assert done["command"][:4] == ["subctl", "cloud", "prepare", "aws"]
    assert "--gateways=2" in done["command"]
    assert (done["gateways"], done["machine_sets"]) == ([], [])


def test_gateways_that_do_not_come_are_named_with_their_machines(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    labels = {"machine.openshift.io/cluster-api-machineset": SET}
    status = {"phase": "Failed", "errorMessage": "no such instance type"}
    broken = obj(
        "machine.openshift.io/v1beta1", "Machine", f"{SET}-1", "openshift-machine-api", labels=labels, status=status
    )

    def prepare() -> None:
        openshift.cluster.load([machine_set(SET, GATEWAY), node("gw-a", ready=False), broken])

    with FakeSubctl(tmp_path, prepare) as subctl:
        done = run(openshift, tmp_path, str(subctl.path), ready_timeout=1)
    assert done.failed
    assert "gateway nodes: 0 ready; expected 1" in done.msg
    assert f"machine {SET}-1 is Failed: no such instance type" in done.msg
    assert done["findings"][0]["id"] == "cloud.gateways-missing"


def test_a_clean_up_that_leaves_a_machine_set_is_not_believed(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    openshift.cluster.load([machine_set(SET, GATEWAY)])
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        done = run(openshift, tmp_path, str(subctl.path), state="cleaned")
    assert done.failed
    assert f"machine set {SET}: is still there" in done.msg
    assert [(f["id"], f["severity"]) for f in done["findings"]] == [("cloud.machine-set-left", "error")]


def test_a_clean_up(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    openshift.cluster.load([machine_set(SET, GATEWAY)])

    def gone() -> None:
        openshift.cluster.delete(MACHINE_SETS, "openshift-machine-api", SET)

    with FakeSubctl(tmp_path, gone) as subctl:
        done = run(openshift, tmp_path, str(subctl.path), state="cleaned")
    assert not done.failed, done.msg
    assert subctl.arguments[:3] == ["cloud", "cleanup", "aws"]
    assert not [word for word in subctl.arguments if "port" in word or "gateways" in word]


@pytest.mark.parametrize("check", [False, True])
def test_a_clean_up_is_refused_while_submariner_is_there(
    openshift: FakeApi, tmp_path: pathlib.Path, check: bool
) -> None:
    installed = obj("submariner.io/v1alpha1", "Submariner", "submariner", "submariner-operator")
    openshift.cluster.load([definition("submariner.io", "Submariner", "v1alpha1"), installed])
    done = run(openshift, tmp_path, state="cleaned", check=check)
    assert done.failed
    assert "Submariner is still installed here" in done.msg
    assert "submariner.lifecycle.uninstall" in done.msg


def test_a_clean_up_is_refused_where_that_is_not_known(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    openshift.fault(403, verb="list", path="/submariners$")
    done = run(openshift, tmp_path, state="cleaned")
    assert done.failed
    assert "Nothing was touched" in done.msg


def test_a_cluster_without_the_machine_api_is_refused(api: FakeApi, tmp_path: pathlib.Path) -> None:
    done = run(api, tmp_path)
    assert done.failed
    assert "has no machine API" in done.msg
    assert "role firewall" in done.msg


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"provider": "gcp", "infra_id": None}, "gcp needs infra_id; gcp needs project_id"),
        ({"provider": "digitalocean"}, "value of provider must be one of: aws, azure, gcp, rhos"),
        (
            {"ocp_metadata": "/nowhere/metadata.json"},
            "ocp_metadata is /nowhere/metadata.json, and there is no such file",
        ),
        ({"credentials": "/nowhere/credentials"}, "credentials is /nowhere/credentials, and there is no such file"),
        ({"vxlan_port": 0}, "vxlan_port is 0, and a port is from 1 to 65535"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    openshift: FakeApi, tmp_path: pathlib.Path, options: Json, said: str
) -> None:
    done = run(openshift, tmp_path, **options)
    assert done.failed
    assert said in done.msg
    assert "\n" not in done.msg


@pytest.mark.parametrize("rc", [0, 1])
def test_credentials_are_given_by_file_and_never_shown(openshift: FakeApi, tmp_path: pathlib.Path, rc: int) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[clusters]\naws_access_key_id = AKIDEXAMPLEKEY\naws_secret_access_key = hush-hush-hush\n")
    says = " ✗ cannot log in as AKIDEXAMPLEKEY with hush-hush-hush, session token=0123456789abcdef"
    with FakeSubctl(tmp_path, lambda: None, rc=rc, says=says) as subctl:
        done = run(
            openshift, tmp_path, str(subctl.path), credentials=str(credentials), profile="clusters", ready_timeout=0
        )
    assert done.failed == bool(rc)
    assert {f"--credentials={credentials}", "--profile=clusters"} <= set(subctl.arguments)
    words = " ".join([*subctl.arguments[:-2], str(done.result)])
    assert "cannot log in as <hidden>" in words
    assert not [secret for secret in ("hush-hush", "AKIDEXAMPLE", "0123456789abcdef") if secret in words]


def test_openstack_finds_its_clouds_by_the_environment(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text("clouds: {}\n")
    program = tmp_path / "subctl"
    program.write_text(f'#!/bin/sh\necho "$OS_CLIENT_CONFIG_FILE $OS_REGION_NAME" > {tmp_path}/seen\n')
    program.chmod(0o755)
    options: Json = {"provider": "rhos", "project_id": "fleet", "credentials": str(clouds), "ready_timeout": 0}
    done = run(openshift, tmp_path, str(program), **options)
    assert not done.failed, done.msg
    assert (tmp_path / "seen").read_text().split() == [str(clouds), "eu-central-1"]
    assert not [word for word in done["command"] if str(clouds) in word]


def test_a_command_that_hangs_is_ended(openshift: FakeApi, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "subctl"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    done = run(openshift, tmp_path, str(program), timeout=1)
    assert done.failed
    assert "did not end within 1 s" in done.msg
