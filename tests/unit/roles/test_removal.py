# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a removal asks for before it begins, and which nodes it inspects with which image, on recorded clusters."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from tests.unit.cleaning import definition
from tests.unit.fake_api import FakeApi, recording
from tests.unit.kubelet import Kubelet

ROOT = pathlib.Path(__file__).parents[3]
AGENT = "quay.io/submariner/submariner-route-agent"
NODES = ("", "nodes")
CIDR = re.compile(r'"clusterCIDR": "([\d./]+)"')
CLEAN = {"images": [], "plan": [], "known_cidrs": [], "identity": {"nodes": []}}
HEAD: dict[str, t.Any] = {
    "hosts": "submariner_broker:submariner_members",
    "gather_facts": False,
    "connection": "local",
    "any_errors_fatal": True,
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
}
PREFLIGHT = {**HEAD, "roles": ["submariner.lifecycle.preflight"]}
INSPECT = {
    **HEAD,
    "module_defaults": {"group/submariner.lifecycle.all": {"kubeconfig": "{{ submariner_kubeconfig }}"}},
    "vars": {**HEAD["vars"], "__submariner_cleanup": CLEAN},
    "tasks": [{"ansible.builtin.include_role": {"name": "submariner.lifecycle.cleanup", "tasks_from": "nodes.yml"}}],
}


class Stage:
    """East, which is the broker and no member unless asked for, and west."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder, self.east, self.west = folder, east, west
        self.subctl = ""
        self.options: tuple[str, ...] = ()
        self.nodes: dict[str, dict[str, t.Any]] = {}
        """Hosts of submariner_nodes."""

    def load(self, state: str, *, ready: bool = True, cached: bool = True, other_cidrs: str = "") -> None:
        for name, api in (("east", self.east), ("west", self.west)):
            objects = json.dumps(recording(state, name))
            for cidr in CIDR.findall(objects) if other_cidrs else ():
                objects = objects.replace(cidr, other_cidrs)
            api.cluster.load(json.loads(objects))
            for node in api.cluster.objects(NODES):
                for condition in node["status"]["conditions"]:
                    if condition["type"] == "Ready" and not ready:
                        condition["status"] = "Unknown"
                if not cached:
                    node["status"]["images"] = []
                api.cluster.replace(NODES, node, "", node["metadata"]["name"])

    def play(self, play: dict[str, t.Any], *members: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        hosts = {
            name: {"submariner_kubeconfig": api.kubeconfig(self.folder, name)}
            for name, api in (("east", self.east), ("west", self.west))
        }
        groups = {
            "submariner_broker": {"hosts": {"east": hosts["east"]}},
            "submariner_members": {"hosts": {name: hosts[name] for name in members}},
            "submariner_nodes": {"hosts": self.nodes},
        }
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        (self.folder / "play.yml").write_text(json.dumps([play]))
        program = self.folder / "bin" / "subctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{self.subctl or 'exit 127'}\n")
        program.chmod(0o755)
        ansible = pathlib.Path(sys.executable).parent / "ansible-playbook"
        return subprocess.run(
            [str(ansible), "-i", "hosts.yml", "-e", json.dumps(variables), *self.options, "play.yml"],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
                "PATH": f"{program.parent}:{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def test_what_hinders_an_installation_hinders_no_removal(stage: Stage) -> None:
    """Equal CIDRs behind Globalnet, no Ready node, and nobody who tries to reach the broker."""
    stage.load("globalnet", ready=False, other_cidrs="10.9.0.0/16")
    reinstall = {"submariner_preflight_verb": "reinstall", "submariner_confirm": "reinstall"}
    elsewhere = {"submariner_broker_url": "https://192.0.2.1:6443"}
    refused = stage.play(PREFLIGHT, "east", "west", **reinstall, **elsewhere, submariner_globalnet=False)
    assert refused.returncode == 2
    assert "none of 2 nodes is Ready" in refused.stdout
    assert "clusters east and west: overlap" in refused.stdout
    with_globalnet_as_it_was = stage.play(PREFLIGHT, "east", "west", **reinstall, **elsewhere)
    assert with_globalnet_as_it_was.returncode == 2
    assert "clusters east and west: overlap" not in with_globalnet_as_it_was.stdout
    uninstall = {"submariner_preflight_verb": "uninstall", "submariner_confirm": "uninstall"}
    removal = stage.play(PREFLIGHT, "east", "west", **uninstall)
    assert removal.returncode == 0, removal.stdout
    assert [request for api in (stage.east, stage.west) for request in api.writes] == []


def test_an_api_that_does_not_answer_refuses_an_uninstall_before_it_begins(stage: Stage) -> None:
    """What else stands in the namespaces cannot be told; the way out is told as it is written."""
    stage.load("healthy-two-nodes")
    stage.west.cluster.load([definition("example.com", "Widget", "v1")])
    stage.west.fault(503, path="^/apis/example.com/v1$", message="service unavailable")
    play = {"ansible.builtin.import_playbook": "submariner.lifecycle.uninstall"}
    refused = stage.play(play, "east", "west", submariner_confirm="uninstall")
    assert refused.returncode == 2
    for words in ("contents of namespace submariner-operator not answered", "example.com/v1", "delete its APIService"):
        assert words in refused.stdout
    assert [request for api in (stage.east, stage.west) for request in api.writes] == []


@pytest.mark.parametrize("verb", ["reinstall", "uninstall"])
def test_a_run_asks_once_for_a_record_before_it_has_the_lock(stage: Stage, verb: str) -> None:
    stage.load("healthy-two-nodes")
    stage.west.cluster.load([definition("example.com", "Widget", "v1")])
    stage.west.fault(503, path="^/apis/example.com/v1$", message="service unavailable")
    stage.subctl = "echo subctl version: v0.19.0"
    play = {"ansible.builtin.import_playbook": f"submariner.lifecycle.{verb}"}
    told = {"submariner_preflight_reach": False, "submariner_broker_url": "https://192.0.2.1:6443"}
    refused = stage.play(play, "east", "west", submariner_confirm=verb, **told)
    assert refused.returncode == 2
    assert "delete its APIService" in refused.stdout
    asked = [r for r in stage.east.requests if r.path.endswith("/secrets/submariner-lifecycle-run")]
    assert [request.verb for request in asked] == ["get"]


def test_who_may_not_read_the_record_of_a_run_still_gets_the_report(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.east.fault(403, path="/secrets/submariner-lifecycle-run$")
    done = stage.play(PREFLIGHT, "east", "west", submariner_preflight_reach=False)
    assert "Before reinstall" in done.stdout


@pytest.mark.parametrize("remembered", [True, False])
def test_a_broker_that_a_run_removed_still_says_that_addresses_may_overlap(stage: Stage, remembered: bool) -> None:
    stage.load("globalnet", other_cidrs="10.9.0.0/16")
    table = ("", "configmaps"), "submariner-k8s-broker", "submariner-globalnet-info"
    data = stage.east.cluster.get(*table)["data"]
    stage.east.cluster.delete(*table)
    if remembered:
        stage.east.cluster.load([to_secret(Record("one", "2026-11-23T15:00:00Z", verb="reinstall", globalnet=data))])
    reinstall = {"submariner_preflight_verb": "reinstall", "submariner_confirm": "reinstall"}
    elsewhere = {"submariner_broker_url": "https://192.0.2.1:6443", "submariner_preflight_reach": False}
    done = stage.play(PREFLIGHT, "east", "west", **reinstall, **elsewhere)
    assert ("clusters east and west: overlap" in done.stdout) is not remembered
    assert "Fleet | judge the clusters together" in done.stdout


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (("east",), "cluster 'west'"),
        (("east", "west"), "ClusterRole cluster-admin"),
    ],
    ids=["another team's cluster on the broker", "subctl would take cluster-admin along"],
)
def test_a_refused_uninstall_leaves_nothing_behind(stage: Stage, members: tuple[str, ...], said: str) -> None:
    """Neither a record, nor a lock, nor their namespace: nobody has to continue what never began."""
    stage.load("healthy-two-nodes")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": {"name": "submariner-admins"}, "roleRef": role}
    stage.west.cluster.create(("rbac.authorization.k8s.io", "clusterrolebindings"), binding)
    play = {"ansible.builtin.import_playbook": "submariner.lifecycle.uninstall"}
    options = {
        "submariner_confirm": "uninstall",
        "submariner_uninstall_method": "subctl" if len(members) > 1 else "api",
    }
    refused = stage.play(play, *members, **options)
    assert refused.returncode == 2
    assert said in refused.stdout
    assert [request for api in (stage.east, stage.west) for request in api.writes] == []


@pytest.mark.parametrize(("again", "code"), [(True, 0), (False, 2)])
def test_a_reinstall_run_again_is_not_refused_for_want_of_an_image(stage: Stage, again: bool, code: int) -> None:
    stage.load("west-uninstalled", cached=False)
    verb = {"submariner_preflight_verb": "reinstall", "submariner_confirm": "reinstall"} if again else {}
    done = stage.play(PREFLIGHT, "west", **verb, submariner_broker_url="https://192.0.2.1:6443")
    assert done.returncode == code, done.stdout
    assert "submariner_nettest_image" in done.stdout


class Case(t.NamedTuple):
    """What is there to name the image of the pods that look at nodes, and which it is."""

    cached: bool
    image: str
    subctl: str = ""
    elsewhere: str = ""
    version: str = ""


@pytest.mark.parametrize(
    "case",
    [
        Case(True, f"{AGENT}:0.19.0", subctl="0.20.0"),
        Case(False, f"{AGENT}:0.20.0", subctl="0.20.0"),
        Case(True, f"{AGENT}:0.21.0", subctl="0.20.0", elsewhere=f"{AGENT}:0.21.0"),
        Case(True, f"{AGENT}:0.22.0", elsewhere=f"{AGENT}:0.21.0", version="0.22.0"),
    ],
    ids=["kept by the nodes", "of subctl", "of another cluster", "of the version"],
)
def test_the_image_where_submariner_is_gone(stage: Stage, case: Case) -> None:
    """The broker's cluster is no member: there nothing is inspected, and nothing fails."""
    stage.load("west-uninstalled", cached=case.cached)
    kubelets = [Kubelet(api) for api in (stage.east, stage.west)]
    for kubelet in kubelets:
        kubelet.start()
    stage.subctl = f"echo 'subctl version: v{case.subctl}'" if case.subctl else ""
    variables: dict[str, t.Any] = {"submariner_cleanup_allow_uninspected": True}
    if case.elsewhere:
        variables["__submariner_plan"] = {"images": ["quay.io/other:1", case.elsewhere]}
    if case.version:
        variables["submariner_version"] = case.version
    done = stage.play(INSPECT, "west", **variables)
    assert done.returncode == 0, done.stdout
    assert kubelets[0].seen == {}
    assert [pod["spec"]["containers"][0]["image"] for pod in kubelets[1].seen.values()] == [case.image]
    assert "Whether the nodes are clean is not known. b-node:" in " ".join(done.stdout.split())


def test_nodes_that_cannot_be_inspected_end_the_run(stage: Stage) -> None:
    stage.load("west-uninstalled", ready=False)
    done = stage.play(INSPECT, "west")
    assert done.returncode == 2
    assert "b-node: the node is not ready" in done.stdout
    assert "submariner_cleanup_allow_uninspected" in done.stdout


def test_without_any_image_the_run_ends_and_says_how_to_name_one(stage: Stage) -> None:
    stage.load("west-uninstalled", cached=False)
    done = stage.play(INSPECT, "west")
    assert done.returncode == 2
    assert "Set submariner_version" in done.stdout
