# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""port_probe from end to end: API servers and kubelets that answer, pods that are processes of this machine."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_pods as port_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, ExecResult
from ansible_collections.submariner.lifecycle.plugins.modules import port_probe
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import NAMESPACE, PODS, Kubelet
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]


class PodsAsProcesses(Kubelet):
    """Runs what a pod runs, with a folder of its own."""

    def __init__(self, api: FakeApi, folder: pathlib.Path) -> None:
        super().__init__(api)
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def environment(self, pod: Json) -> dict[str, str]:
        given = {item["name"]: item["value"] for item in pod["spec"]["containers"][0]["env"]}
        return {**os.environ, **given, "FOLDER": str(self.folder / pod["metadata"]["name"])}

    def start_pod(self, pod: Json) -> Json:
        command = pod["spec"]["containers"][0]["command"]
        self.processes.append(
            subprocess.Popen(command, env=self.environment(pod), stderr=subprocess.DEVNULL, start_new_session=True)
        )
        return super().start_pod(pod)


class Cluster:
    """One member, whose nodes have this machine's address and ports of their own."""

    def __init__(self, api: FakeApi, name: str, folder: pathlib.Path) -> None:
        self.api, self.name = api, name
        self.kubelet = PodsAsProcesses(api, folder)
        self.kubelet.start()
        self.deaf = False
        self.execs = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def add(self, node: str, address: str = "127.0.0.1", ready: str = "True", **labels: str) -> None:
        body: Json = {
            "metadata": {"name": node, "labels": {key.replace("_", "/"): v for key, v in labels.items()}},
            "status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": node}],
            },
        }
        self.api.cluster.create(("", "nodes"), body)

    def execute(self, pod: str, argv: list[str], stdin: str | None) -> ExecResult:
        self.execs += 1
        if self.deaf and "HEARD" in argv[-1]:
            raise ApiFailure("no exec today")
        environment = self.kubelet.environment(self.api.cluster.get(PODS, NAMESPACE, pod))
        done = subprocess.run(argv, env=environment, input=stdin or "", capture_output=True, text=True, check=False)
        return ExecResult(done.returncode, done.stdout, done.stderr)

    def call(self, state: str, **options: t.Any) -> Outcome:
        auth = {"host": self.api.url, "api_key": "token-of-the-test"}
        given: Json = {"run": "r1", "cluster": self.name, "image": "x", "natt_port": self.port, "ports": ["natt"]}
        return run_module(port_probe.main, {**auth, **given, "state": state, **options})

    def pods(self) -> list[Json]:
        return self.api.cluster.objects(PODS, NAMESPACE)


@pytest.fixture
def clusters(
    api: FakeApi, other_api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> t.Iterator[tuple[Cluster, Cluster]]:
    both = Cluster(api, "east", tmp_path), Cluster(other_api, "west", tmp_path)
    by_url = {cluster.api.url: cluster for cluster in both}

    def execute(
        client: Api, _ns: str, pod: str, _container: str, argv: list[str], stdin: str | None = None, timeout: float = 0
    ) -> ExecResult:
        return by_url[client.server].execute(pod, argv, stdin)

    monkeypatch.setattr(Api, "exec", execute)
    monkeypatch.setattr(own_pods, "START_LIMIT", 2.0)
    monkeypatch.setattr(port_pods, "RETRY", 0.1)
    yield both
    for process in both[0].kubelet.processes + both[1].kubelet.processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def gateways(both: t.Iterable[Cluster]) -> None:
    for cluster in both:
        cluster.add(f"{cluster.name}-gw", **{"submariner.io_gateway": "true"})


def test_both_directions_and_nothing_left(clusters: tuple[Cluster, Cluster]) -> None:
    gateways(clusters)
    served = [cluster.call("serve") for cluster in clusters]
    for outcome, cluster in zip(served, clusters, strict=True):
        assert (outcome["verdict"], outcome.changed) == ("pass", False)
        (server,) = outcome["servers"]
        assert (server["node"], server["role"]) == (f"{cluster.name}-gw", "gateway")
        assert server["listeners"] == [
            {"name": "natt", "protocol": "udp", "port": cluster.port, "state": "open", "said": ""}
        ]
    servers = served[0]["servers"] + served[1]["servers"]
    asked = [cluster.call("probe", targets=servers) for cluster in clusters]
    assert [(r["from_node"], r["to_node"], r["verdict"]) for o in asked for r in o["results"]] == [
        ("east-gw", "west-gw", "answered"),
        ("west-gw", "east-gw", "answered"),
    ]
    results = asked[0]["results"] + asked[1]["results"]
    for cluster in clusters:
        gone = cluster.call("absent", results=results)
        assert (gone["verdict"], gone["remaining"], len(gone["removed"])) == ("pass", [], 1)
        assert cluster.pods() == []


def test_a_pod_that_stays_is_named(clusters: tuple[Cluster, Cluster], monkeypatch: pytest.MonkeyPatch) -> None:
    east = clusters[0]
    gateways([east])
    east.call("serve")
    (pod,) = east.pods()
    pod["metadata"]["finalizers"] = ["example.com/holds-it"]
    east.api.cluster.replace(PODS, pod, NAMESPACE, pod["metadata"]["name"])
    monkeypatch.setattr(own_pods, "wait_gone", functools.partial(own_pods.wait_gone, limit=1.0))
    gone = east.call("absent")
    assert (gone["removed"], gone["remaining"]) == ([], [pod["metadata"]["name"]])
    assert [(f["id"], f["severity"]) for f in gone["findings"]] == [("port.left-behind", "warning")]
    assert pod["metadata"]["name"] in gone["findings"][0]["observed"]


def test_pods_that_may_not_be_listed_are_not_waited_for_nor_taken_for_gone(clusters: tuple[Cluster, Cluster]) -> None:
    east = clusters[0]
    east.api.fault(403)
    begin = time.monotonic()
    gone = east.call("absent")
    assert time.monotonic() - begin < 10
    assert gone["verdict"] == "unknown"
    (found,) = gone["findings"]
    assert (found["id"], found["cause"]) == ("port.left-behind", "fault asked for by the test")
    assert "not known" in found["observed"]


def test_the_pods_end_by_themselves_and_are_no_more_than_they_must(clusters: tuple[Cluster, Cluster]) -> None:
    east = clusters[0]
    gateways([east])
    east.call("serve", lifetime=77)
    (pod,) = east.pods()
    assert (pod["spec"]["activeDeadlineSeconds"], pod["spec"]["hostNetwork"]) == (77, True)
    assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert "volumes" not in pod["spec"]
    assert "privileged" not in pod["spec"]["containers"][0]["securityContext"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    east.call("serve")
    assert len(east.pods()) == 1, "a second call uses what the first one started"
    assert len(east.call("absent", run="other")["removed"]) == 0
    assert len(east.call("absent", run="")["removed"]) == 1


@pytest.mark.parametrize(("deaf", "words"), [(False, "did not arrive"), (True, "there or back")])
def test_a_port_that_nothing_comes_to(clusters: tuple[Cluster, Cluster], deaf: bool, words: str) -> None:
    east, west = clusters
    gateways(clusters)
    west.deaf = deaf
    (server,) = west.call("serve")["servers"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # takes packets in and never answers
        silent.bind(("127.0.0.1", 0))
        server["listeners"][0]["port"] = silent.getsockname()[1]
        east.call("serve")
        asked = east.call("probe", targets=[server])
    assert (asked["verdict"], asked["findings"][0]["id"]) == ("fail", "port.filtered")
    assert "there or back" in asked["findings"][0]["cause"]
    judged = west.call("absent", results=asked["results"])
    assert words in judged["findings"][0]["cause"]
    assert west.pods() == []
    assert east.call("absent", results=asked["results"])["findings"] == [], "only what goes to this cluster is its own"


def test_refusals_and_strangers(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    gateways(clusters)
    (server,) = west.call("serve")["servers"]
    east.call("serve")
    wrong = {**server, "nonce": "expected"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    closed = {**server, "node": "closed", "listeners": [{**server["listeners"][0], "port": number}]}
    asked = east.call("probe", targets=[wrong, closed])
    assert [f["id"] for f in asked["findings"]] == ["port.stranger", "port.refused"]
    assert east.execs <= 3, "the states, and one for all questions"


def test_a_port_that_is_taken(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    gateways(clusters)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holding:
        holding.bind(("127.0.0.1", west.port))
        served = west.call("serve")
    assert [(f["id"], f["severity"]) for f in served["findings"]] == [("port.taken", "error")]
    assert f"(process {os.getpid()})" in served["findings"][0]["observed"]
    assert served["findings"][0]["subject"] == f"gateway node west-gw of west, UDP {west.port} (natt)"
    east.call("serve")
    asked = east.call("probe", targets=served["servers"])
    assert [r["verdict"] for r in asked["results"]] == ["taken"]
    assert asked["findings"] == []


def test_a_node_says_which_ports_it_has(clusters: tuple[Cluster, Cluster]) -> None:
    nodes: list[Json] = [
        {
            "metadata": {
                "name": name,
                "labels": {"submariner.io/gateway": "true"} if name == "gw" else {},
                "annotations": {"gateway.submariner.io/public-ip": "ipv4:192.0.2.9", **notes},
            },
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [
                    {"type": "ExternalIP", "address": "192.0.2.1"},
                    {"type": "InternalIP", "address": "10.0.0.1"},
                ],
            },
        }
        for name, notes in (
            ("gw", {"gateway.submariner.io/udp-port": "4501"}),
            ("plain", {}),
            ("ovn", {"k8s.ovn.org/node-subnets": "{}"}),
        )
    ]
    every = ("natt", "nat-discovery", "esp", "vxlan")
    wanted = port_pods.Wanted("east", every, "", False, 4500, 4490, (), 2)
    found, refused = port_pods.responders(nodes, wanted, "n")
    assert refused == {}
    assert [(here.node, [(item.name, item.port) for item in here.listeners]) for here in found] == [
        ("gw", [("natt", 4501), ("nat-discovery", 4490), ("esp", 0), ("vxlan", 4800)]),
        ("plain", [("vxlan", 4800)]),
    ]
    assert found[0].addresses == ("10.0.0.1", "192.0.2.1", "192.0.2.9")


def test_pods_that_do_not_start_are_not_a_pass(clusters: tuple[Cluster, Cluster]) -> None:
    west = clusters[1]
    gateways([west])
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, "ready": False}
    west.kubelet.statuses = {"west-gw": {"phase": "Pending", "containerStatuses": [waiting]}}
    served = west.call("serve")
    assert (served["verdict"], [f["id"] for f in served["findings"]]) == ("unknown", ["port.not-tested"])
    assert "no such image" in served["findings"][0]["cause"]
    assert west.pods() == []
    assert "state=serve" in west.call("probe", targets=[{"node": "x"}])["msg"]


def test_a_gateway_that_is_not_ready_is_not_tested(clusters: tuple[Cluster, Cluster]) -> None:
    west = clusters[1]
    west.add("west-gw", ready="False", **{"submariner.io_gateway": "true"})
    served = west.call("serve")
    assert [f["cause"] for f in served["findings"]] == ["the node is not ready"]
    assert "submariner_gateway_nodes" in west.call("serve", gateways=["nobody"])["msg"]


def test_clusters_of_one_name_are_not_taken_for_one(clusters: tuple[Cluster, Cluster]) -> None:
    """Between nodes of one cluster no tunnel is asked for, so that nothing would stand in its way."""
    gateways(clusters)
    east, west = (cluster.call("serve", cluster="")["servers"] for cluster in clusters)
    asked = clusters[0].call("probe", cluster="", targets=east + west)
    assert asked.failed
    assert "west-gw" in asked["msg"]
    assert "cluster" in asked["msg"]


def test_nothing_asked_is_no_pass(clusters: tuple[Cluster, Cluster]) -> None:
    gateways(clusters)
    asked = clusters[0].call("probe", targets=clusters[0].call("serve")["servers"])
    assert (asked["results"], asked["verdict"]) == ([], "unknown")
    assert [f["observed"] for f in asked["findings"]] == ["nothing was asked"]


RESULT: Json = {
    **{f"{end}_{what}": "x" for end in ("from", "to") for what in ("cluster", "node", "role")},
    "name": "natt",
    "protocol": "udp",
    "port": 4500,
    "address": "192.0.2.7",
    "verdict": "silent",
}


@pytest.mark.parametrize(
    ("state", "options", "named"),
    [
        ("serve", {"run": "Not A Word"}, "run"),
        ("serve", {"run": ""}, "run"),
        ("serve", {"natt_port": 0}, "natt_port"),
        ("serve", {"nat_discovery_port": 70000}, "nat_discovery_port"),
        ("serve", {"cable_driver": "ipsec"}, "cable_driver"),
        ("serve", {"others": -1}, "others"),
        ("serve", {"ports": ["ssh"]}, "ports"),
        ("probe", {}, "targets"),
        ("probe", {"targets": [{"node": "a b"}]}, "targets"),
        ("probe", {"targets": [{"node": "a", "listeners": [{"colour": 1}]}]}, "targets"),
        (
            "probe",
            {"targets": [{"node": "a", "nonce": "b", "listeners": [{"name": "ntt", "protocol": "udp", "port": 1}]}]},
            "targets",
        ),
        ("absent", {"results": [{"verdict": "answered"}]}, "results"),
        ("absent", {"results": [{**RESULT, "name": "ntt"}]}, "results"),
        ("absent", {"results": [{**RESULT, "protocol": None}]}, "results"),
        ("absent", {"results": [{**RESULT, "tried": ["192.0.2.7"]}]}, "results"),
        ("absent", {"results": [{**RESULT, "verdict": {}}]}, "results"),
    ],
)
def test_wrong_input_is_named(clusters: tuple[Cluster, Cluster], state: str, options: Json, named: str) -> None:
    outcome = clusters[0].call(state, **options)
    assert outcome.failed
    assert re.search(rf"\b{named}\b", outcome["msg"])
    assert clusters[0].pods() == []
