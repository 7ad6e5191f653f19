# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""data_path from end to end: API servers and kubelets that answer, pods that are processes of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_pods as datapath_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ExecResult
from ansible_collections.submariner.lifecycle.plugins.modules import data_path
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import NAMESPACE, PODS, Kubelet
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


class PodsAsProcesses(Kubelet):
    """Runs what a pod runs; pods of one cluster share a port of this machine, so the first one's process answers."""

    def __init__(self, api: FakeApi) -> None:
        super().__init__(api)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start_pod(self, pod: Json) -> Json:
        container = pod["spec"]["containers"][0]
        environment = {item["name"]: item["value"] for item in container["env"]}
        self.processes.append(
            subprocess.Popen(
                container["command"],
                env={**os.environ, **environment},
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        return {**super().start_pod(pod), "podIP": "127.0.0.1"}


class Cluster:
    """One member: nodes, kubelet, and a port of its own."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.kubelet = PodsAsProcesses(api)
        self.kubelet.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def add(self, name: str, **labels: str) -> None:
        node = {"metadata": {"name": name, "labels": {key.replace("_", "/"): v for key, v in labels.items()}}}
        self.api.cluster.create(("", "nodes"), {**node, "status": READY})

    def execute(self, _server: str, pod: str, argv: list[str]) -> ExecResult:
        body = self.api.cluster.get(PODS, NAMESPACE, pod)
        environment = {item["name"]: item["value"] for item in body["spec"]["containers"][0]["env"]}
        done = subprocess.run(argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        return ExecResult(done.returncode, done.stdout, done.stderr)

    def call(self, state: str, **options: t.Any) -> Outcome:
        auth = {"host": self.api.url, "api_key": "token-of-the-test"}
        return run_module(data_path.main, {**auth, "image": "x", "port": self.port, "state": state, **options})

    def pods(self) -> list[Json]:
        return self.api.cluster.objects(PODS, NAMESPACE)


@pytest.fixture
def clusters(api: FakeApi, other_api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[Cluster, Cluster]]:
    both = Cluster(api), Cluster(other_api)
    by_url = {cluster.api.url: cluster for cluster in both}

    def execute(client: Api, _ns: str, pod: str, _container: str, argv: list[str], timeout: float = 0) -> ExecResult:
        return by_url[client.server].execute(client.server, pod, argv)

    monkeypatch.setattr(Api, "exec", execute)
    monkeypatch.setattr(own_pods, "START_LIMIT", 2.0)
    monkeypatch.setattr(datapath_pods, "RETRY", 0.1)
    yield both
    for process in both[0].kubelet.processes + both[1].kubelet.processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def two_nodes(cluster: Cluster, name: str) -> None:
    cluster.add(f"{name}-control", **{"node-role.kubernetes.io_control-plane": ""})
    cluster.add(f"{name}-gateway", **{"submariner.io_gateway": "true"})
    cluster.add(f"{name}-worker")


def test_serve_probe_and_remove(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    two_nodes(east, "east")
    two_nodes(west, "west")
    served = east.call("serve", run="r1")
    assert [(s["node"], s["role"]) for s in served["servers"]] == [
        ("east-gateway", "gateway"),
        ("east-worker", "other"),
    ]
    assert not served.changed

    probed = west.call("probe", run="r1", targets=served["servers"], timeout=5)
    assert probed["verdict"] == "pass"
    assert {(r["from_node"], r["to_node"]) for r in probed["results"]} == {
        (source, target) for source in ("west-gateway", "west-worker") for target in ("east-gateway", "east-worker")
    }

    again = west.call("serve", run="r1")
    assert len(west.pods()) == 2
    assert {s["nonce"] for s in again["servers"]} == {s["nonce"] for s in probed["servers"]}

    assert len(west.call("absent", run="other")["removed"]) == 0
    assert len(west.call("absent", run="r1")["removed"]) == 2
    assert west.pods() == []
    assert len(east.call("absent")["removed"]) == 2


def test_silence_and_strangers_fail_with_a_cause(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    two_nodes(west, "west")
    east.add("east-only")
    (server,) = east.call("serve")["servers"]
    dead = {"address": "127.0.0.1", "port": 1, "nonce": "x", "node": "gone", "cluster": "east"}
    probed = west.call("probe", targets=[dead, {**server, "nonce": "expected"}], timeout=1)
    assert probed["verdict"] == "fail"
    assert {f["id"] for f in probed["findings"]} == {"datapath.no-answer", "datapath.wrong-answer"}


def test_pods_that_do_not_start_are_not_a_pass(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    two_nodes(west, "west")
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, "ready": False}
    status = {"phase": "Pending", "containerStatuses": [waiting]}
    west.kubelet.statuses = {"west-gateway": status, "west-worker": status}
    probed = west.call("probe", targets=[{"address": "127.0.0.1", "nonce": "x"}], timeout=1)
    assert probed["verdict"] == "unknown"
    assert all("no such image" in f["cause"] + f["observed"] for f in probed["findings"])
    reached = west.call("reach", url="https://127.0.0.1:1")
    assert (reached["reached"], reached["verdict"]) == ("unknown", "unknown")
    assert west.pods() == []


def test_reach(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    west.add("west-only")
    assert west.call("reach", url=east.api.url)["verdict"] == "pass"
    refused = west.call("reach", url="https://127.0.0.1:1")
    assert (refused["verdict"], refused["findings"][0]["id"]) == ("fail", "broker.unreachable-from-pods")


def test_active_gateway_is_preferred_to_the_label(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    names = {"plural": "gateways", "kind": "Gateway"}
    crd: t.Any = {"metadata": {"name": "gateways.submariner.io"}}
    crd["spec"] = {"group": "submariner.io", "names": names, "scope": "Namespaced", "versions": [{"name": "v1"}]}
    west.api.cluster.create(("apiextensions.k8s.io", "customresourcedefinitions"), crd)
    west.api.cluster.create(("", "namespaces"), {"metadata": {"name": "submariner-operator"}})
    for name, status in (("a", "passive"), ("b", "active")):
        west.add(name, **{"submariner.io_gateway": "true"})
        gateway = {"metadata": {"name": name}, "status": {"haStatus": status}}
        west.api.cluster.create(("submariner.io", "gateways"), gateway, "submariner-operator")
    served = west.call("serve")
    assert [(s["node"], s["role"]) for s in served["servers"]] == [("b", "gateway"), ("a", "other")]


def test_pods_are_as_restricted_as_pods_can_be(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    west.add("west-only")
    west.call("serve", lifetime=77)
    (pod,) = west.pods()
    spec = pod["spec"]
    security = spec["containers"][0]["securityContext"]
    assert (security["runAsNonRoot"], security["capabilities"]) == (True, {"drop": ["ALL"]})
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (spec["activeDeadlineSeconds"], spec["automountServiceAccountToken"]) == (77, False)
    assert "hostNetwork" not in spec


@pytest.mark.parametrize(
    ("state", "options", "said"),
    [
        ("serve", {"run": "Not A Word"}, "lower case"),
        ("probe", {}, "targets"),
        ("reach", {}, "url"),
        ("serve", {}, "No node can run"),
    ],
)
def test_wrong_input_is_named(state: str, options: Json, said: str, clusters: tuple[Cluster, Cluster]) -> None:
    outcome = clusters[1].call(state, **options)
    assert outcome.failed
    assert said in outcome.msg
    assert clusters[1].pods() == []
