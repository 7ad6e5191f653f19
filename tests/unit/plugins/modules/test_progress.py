# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module whose action plugin shows what is waited for says something while it waits."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t
from dataclasses import dataclass

import pytest

from ansible_collections.submariner.lifecycle.plugins.action.cleanup import ActionModule
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods, _removal
from ansible_collections.submariner.lifecycle.plugins.module_utils._lock import LEASE
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE
from tests.unit.cleaning import Cleaning, definition, obj
from tests.unit.clusterset import GATEWAYS, Clusterset
from tests.unit.fake_api import FakeApi, recording
from tests.unit.plugins.modules import test_evict, test_repair
from tests.unit.plugins.modules.test_member import bare, broker_side, record
from tests.unit.run_module import run_module

Json = dict[str, t.Any]
PLUGINS = "ansible_collections.submariner.lifecycle.plugins"
ACTIONS = pathlib.Path(__file__).parents[4] / "plugins" / "action"
URL = "https://192.0.2.1:6443"
IMAGE = "registry.example/any:1"


@dataclass
class Stage:
    """Two API servers and a folder."""

    api: FakeApi
    other: FakeApi
    folder: pathlib.Path

    def run(self, module: str, **options: t.Any) -> None:
        main = importlib.import_module(f"{PLUGINS}.modules.{module}").main
        run_module(main, {"kubeconfig": self.api.kubeconfig(self.folder), **options})

    def with_subctl(self, module: str, **options: t.Any) -> None:
        """With one that hangs in a step."""
        path = self.folder / "subctl"
        path.write_text("#!/bin/sh\necho ' • Doing its part  ...' >&2\nexec sleep 300\n")
        path.chmod(0o755)
        self.run(module, subctl=str(path), timeout=5, **options)

    def installed(self) -> Stage:
        self.api.cluster.load(recording("healthy-two-nodes", "west"))
        return self

    def with_node(self, module: str, **options: t.Any) -> None:
        """With one that starts no pod."""
        status = {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.7"}],
        }
        self.api.cluster.load([obj("v1", "Node", "a", labels={"submariner.io/gateway": "true"}, status=status)])
        self.run(module, image=IMAGE, **options)


def member(stage: Stage) -> None:
    stage.api.cluster.load(bare())
    stage.other.cluster.load([*broker_side(), record()])
    broker = {"kubeconfig": stage.other.kubeconfig(stage.folder, "broker")}
    stage.with_subctl("member", cluster_id="west", broker=broker, broker_url=URL, check_broker_certificate=False)


def subctl_cloud(stage: Stage) -> None:
    stage.api.cluster.load([definition("machine.openshift.io", kind, "v1beta1") for kind in ("MachineSet", "Machine")])
    stage.with_subctl("subctl_cloud", provider="aws", infra_id="east-x7k2p", region="eu-central-1")


def run_lock(stage: Stage) -> None:
    spec = {"holderIdentity": "ops@elsewhere", "leaseDurationSeconds": 45}
    stage.api.cluster.load([obj("coordination.k8s.io/v1", "Lease", LEASE, NAMESPACE, spec=spec)])
    stage.run("run_lock", timeout=1)


def cleanup(stage: Stage) -> None:
    cleaning = Cleaning(stage.api, stage.folder)
    cleaning.load(obj("v1", "Namespace", "submariner-operator", finalizers=["example.com/held"]))
    cleaning.run(timeout=1)


def evict(stage: Stage) -> None:
    fleet = Clusterset(stage.api, stage.other, stage.folder)
    test_evict.cut_off(fleet)
    test_evict.remove(fleet, test_evict.judge(fleet)["cases"])


def repair(stage: Stage) -> None:
    clusterset = test_repair.Clusterset(stage.api, stage.other, stage.folder)
    clusterset.load("healthy-two-nodes")
    test_repair.lose_own_endpoint(clusterset)
    clusterset.repair("west", clusterset.plan()["steps"], timeout=1)


def waiting(module: str) -> t.Callable[[Stage], None]:
    def wait(stage: Stage) -> None:
        fleet = Clusterset(stage.api, stage.other, stage.folder)
        fleet.beat()
        for api in (fleet.east, fleet.west):
            fleet.change(api, GATEWAYS, lambda gateway: gateway["status"]["connections"][0].update(status="error"))
        fleet.second_endpoint(fleet.east)
        options = {"evicted": ["west"], "cluster_id": "east", **fleet.access(fleet.east)}
        stage.run(module, timeout=1, **(options if module == "wait_for_eviction" else fleet.arguments()))

    return wait


WAITS: dict[str, tuple[t.Callable[[Stage], None], str]] = {
    "broker": (
        lambda stage: stage.with_subctl("broker", broker_url=URL, check_broker_certificate=False),
        r"subctl deploy-broker: Doing its part; there is no namespace submariner-operator yet \(\d s of 5 s\)",
    ),
    "cleanup": (cleanup, r"removing Namespace submariner-operator; 1 left \(0 s of 1 s\)"),
    "data_path": (
        lambda stage: stage.with_node("data_path", state="serve", run="r1"),
        r"nodes whose pod does not run yet: a \(0 s of 120 s\)",
    ),
    "evict": (evict, r"removing .*west.*; \d+ left \(0 s of 3 s\)"),
    "gather": (
        lambda stage: stage.run("gather", cluster="west", dest=str(stage.folder), parts=["objects"], timeout=30),
        r"gathering objects \(0 s of 30 s\)",
    ),
    "member": (
        member,
        r"subctl join: Doing its part; there is no namespace submariner-operator yet \(\d s of 5 s\)",
    ),
    "node_cleanup": (
        lambda stage: stage.with_node("node_cleanup"),
        r"nodes that are not done yet: a \(0 s of 300 s\)",
    ),
    "port_probe": (
        lambda stage: stage.with_node("port_probe", state="serve", run="r1"),
        r"nodes whose pod does not run yet: a \(0 s of 120 s\)",
    ),
    "repair": (repair, r"restart-gateway: .* \(0 s of 1 s\)"),
    "run_lock": (
        run_lock,
        r"Another run holds the lock of this fleet: ops@elsewhere, since an unknown time \(0 s of 1 s\)",
    ),
    "second_opinion": (
        lambda stage: stage.installed().with_subctl("second_opinion", cluster_id="west", opinions=["show"]),
        r"subctl show: Doing its part \(\d s of 5 s\)",
    ),
    "subctl_cloud": (subctl_cloud, r"subctl cloud: Doing its part \(\d s of 5 s\)"),
    "subctl_uninstall": (
        lambda stage: stage.installed().with_subctl("subctl_uninstall", cluster_id="west"),
        r"subctl uninstall: Doing its part \(\d s of 5 s\)",
    ),
    "wait_for_connections": (waiting("wait_for_connections"), r".*west.* \(0 s of \d+ s\)"),
    "wait_for_eviction": (waiting("wait_for_eviction"), r".*west.* \(0 s of 1 s\)"),
    "wait_for_single_endpoint": (waiting("wait_for_single_endpoint"), r".*west.* \(0 s of \d+ s\)"),
}


def followed() -> list[str]:
    names = [path.stem for path in sorted(ACTIONS.glob("*.py"))]
    return [n for n in names if importlib.import_module(f"{PLUGINS}.action.{n}").ActionModule is ActionModule]


@pytest.mark.parametrize("module", followed())
def test_a_module_that_is_followed_says_what_it_waits_for(
    module: str, api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "said"))
    monkeypatch.setattr(_own_pods, "START_LIMIT", 0.5)
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    wait, words = WAITS[module]
    wait(Stage(api, other_api, tmp_path))
    said = (tmp_path / "said").read_text().splitlines()
    assert [line for line in said if re.fullmatch(words, line)], said
