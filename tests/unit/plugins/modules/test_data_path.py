# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""data_path from end to end: API servers and kubelets that answer, pods that are processes of this machine."""

from __future__ import annotations

import functools
import os
import re
import signal
import socket
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_exports as datapath_exports
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_pods as datapath_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_access as node_access
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ExecResult
from ansible_collections.submariner.lifecycle.plugins.modules import data_path
from tests.rights import roles
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import NAMESPACE, PODS, Kubelet
from tests.unit.rbac import allows
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
READY = {"conditions": [{"type": "Ready", "status": "True"}]}
BROKER = "submariner-k8s-broker"
MCS = "multicluster.x-k8s.io"
EXPORTS, IMPORTS, SLICES = (MCS, "serviceexports"), (MCS, "serviceimports"), ("discovery.k8s.io", "endpointslices")
GLOBAL_ADDRESSES = ("submariner.io", "globalingressips")
SERVICE_NAME = "multicluster.kubernetes.io/service-name"


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


def define(api: FakeApi, plural: str, kind: str, group: str) -> None:
    name = f"{plural}.{group}"
    names = {"plural": plural, "kind": kind}
    crd: t.Any = {"metadata": {"name": name}}
    crd["spec"] = {"group": group, "names": names, "scope": "Namespaced", "versions": [{"name": "v1"}]}
    known = [o["metadata"]["name"] for o in api.cluster.objects(("apiextensions.k8s.io", "customresourcedefinitions"))]
    if name not in known:
        api.cluster.create(("apiextensions.k8s.io", "customresourcedefinitions"), crd)


class Lighthouse(threading.Thread):
    """What Submariner writes for an exported Service, here and on the broker, and takes back when the export goes."""

    def __init__(self, api: FakeApi, broker: FakeApi, globalnet: bool) -> None:
        super().__init__(daemon=True)
        self.api, self.broker, self.globalnet = api, broker, globalnet
        self.withdraws = True
        self.no_address_for = ""
        """How the names of exports end that get no global address."""
        self.seen: set[str] = set()

    def run(self) -> None:
        while not self.api.stopping.wait(0.02):
            exports = {o["metadata"]["name"]: o for o in self.api.cluster.objects(EXPORTS, NAMESPACE)}
            for name in set(exports) - self.seen:
                self._export(name, exports[name])
            if self.withdraws:
                for name in self.seen - set(exports):
                    self._withdraw(name)
            self.seen |= set(exports)

    def _records(self, name: str) -> list[tuple[FakeApi, tuple[str, str], str, Json]]:
        noted = {"annotations": {SERVICE_NAME: name}}
        found: list[tuple[FakeApi, tuple[str, str], str, Json]] = [
            (self.broker, IMPORTS, BROKER, {"metadata": {"name": f"{name}-{NAMESPACE}", **noted}}),
            (self.broker, SLICES, BROKER, {"metadata": {"name": f"{name}-x", "labels": {SERVICE_NAME: name}}}),
            (self.api, IMPORTS, NAMESPACE, {"metadata": {"name": name}}),
        ]
        if self.globalnet and not (self.no_address_for and name.endswith(self.no_address_for)):
            body = {"spec": {"serviceRef": {"name": name}}, "status": {"allocatedIP": f"242.0.0.{name[-1]}"}}
            found.append((self.api, GLOBAL_ADDRESSES, NAMESPACE, {"metadata": {"name": name}, **body}))
        return found

    def _export(self, name: str, export: Json) -> None:
        for api, kind, namespace, body in self._records(name):
            api.cluster.create(kind, body, namespace)
        export["status"] = {"conditions": [{"type": "Valid", "status": "True"}, {"type": "Ready", "status": "True"}]}
        self.api.cluster.replace(EXPORTS, export, NAMESPACE, name)

    def _withdraw(self, name: str) -> None:
        for api, kind, namespace, body in self._records(name):
            if body["metadata"]["name"] in [o["metadata"]["name"] for o in api.cluster.objects(kind, namespace)]:
                api.cluster.delete(kind, namespace, body["metadata"]["name"])
        self.seen.discard(name)


class Cluster:
    """One member: nodes, kubelet, and a port of its own."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.kubelet = PodsAsProcesses(api)
        self.kubelet.start()
        self.names: dict[str, str] = {}
        self.execs = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def add(self, name: str, **labels: str) -> None:
        node = {"metadata": {"name": name, "labels": {key.replace("_", "/"): v for key, v in labels.items()}}}
        self.api.cluster.create(("", "nodes"), {**node, "status": READY})

    def execute(self, pod: str, argv: list[str], stdin: str | None) -> ExecResult:
        self.execs += 1
        body = self.api.cluster.get(PODS, NAMESPACE, pod)
        environment = {item["name"]: item["value"] for item in body["spec"]["containers"][0]["env"]}
        read, unresolved = self._resolve(stdin or "", argv[-1])
        done = subprocess.run(
            argv, env={**os.environ, **environment}, input=read, capture_output=True, text=True, check=False
        )
        return ExecResult(done.returncode, unresolved + done.stdout, done.stderr)

    def _resolve(self, targets: str, script: str) -> tuple[str, str]:
        """The targets with the addresses that the cluster's DNS gives, and what is said of names that it does not know."""
        known, said = [], []
        mark = re.search("mark=(\\S+)", script)
        for line in targets.splitlines():
            number, address = line.split(" ")[0], line.split(" ")[-1]
            if address in self.names:
                known.append(line.replace(address, self.names[address]))
            elif address.endswith(".clusterset.local") and mark:
                said.append(f"{mark[1]} target {number} silent [Errno -2] Name does not resolve\n")
            else:
                known.append(line)
        return "\n".join([*known, ""]), "".join(said)

    def install(self, name: str, broker: FakeApi, globalnet: bool = False, discovery: bool = True) -> Lighthouse:
        """Submariner's definitions and resources, and an agent that exports and forgets."""
        for server in (self.api, broker):
            for plural, kind, group in (
                ("submariners", "Submariner", "submariner.io"),
                ("servicediscoveries", "ServiceDiscovery", "submariner.io"),
                ("globalingressips", "GlobalIngressIP", "submariner.io"),
                ("serviceexports", "ServiceExport", MCS),
                ("serviceimports", "ServiceImport", MCS),
            ):
                define(server, plural, kind, group)
            for namespace in (BROKER, "submariner-operator"):
                if not [o for o in server.cluster.objects(("", "namespaces")) if o["metadata"]["name"] == namespace]:
                    server.cluster.create(("", "namespaces"), {"metadata": {"name": namespace}})
        spec = {"clusterID": name, **({"globalCIDR": "242.0.0.0/16"} if globalnet else {})}
        for plural, wanted in (("submariners", True), ("servicediscoveries", discovery)):
            if wanted:
                body = {"metadata": {"name": plural}, "spec": spec}
                self.api.cluster.create(("submariner.io", plural), body, "submariner-operator")
        agent = Lighthouse(self.api, broker, globalnet)
        agent.start()
        return agent

    def call(self, state: str, **options: t.Any) -> Outcome:
        auth = {"host": self.api.url, "api_key": "token-of-the-test"}
        return run_module(data_path.main, {**auth, "image": "x", "port": self.port, "state": state, **options})

    def pods(self) -> list[Json]:
        return self.api.cluster.objects(PODS, NAMESPACE)


@pytest.fixture
def clusters(api: FakeApi, other_api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[Cluster, Cluster]]:
    both = Cluster(api), Cluster(other_api)
    by_url = {cluster.api.url: cluster for cluster in both}
    for cluster in both:
        # With the documented rights and no others, see docs/verify-clusterrole.yml.
        cluster.api.permits = functools.partial(allows, roles.load("data-path"))

    def execute(
        client: Api, _ns: str, pod: str, _container: str, argv: list[str], stdin: str | None = None, timeout: float = 0
    ) -> ExecResult:
        return by_url[client.server].execute(pod, argv, stdin)

    monkeypatch.setattr(Api, "exec", execute)
    monkeypatch.setattr(own_pods, "START_LIMIT", 2.0)
    monkeypatch.setattr(datapath_pods, "RETRY", 0.1)
    monkeypatch.setattr(datapath_exports, "PAUSE", 0.05)
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
    assert [(f["id"], f["severity"]) for f in reached["findings"]] == [("broker.reach-not-tested", "unknown")]
    assert "no such image" in reached["findings"][0]["cause"]
    assert west.pods() == []


def test_reach(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    west.add("west-only")
    assert west.call("reach", url=east.api.url)["verdict"] == "pass"
    refused = west.call("reach", url="https://127.0.0.1:1")
    assert (refused["verdict"], refused["findings"][0]["id"]) == ("fail", "broker.unreachable-from-pods")


def test_active_gateway_is_preferred_to_the_label(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    define(west.api, "gateways", "Gateway", "submariner.io")
    west.api.cluster.create(("", "namespaces"), {"metadata": {"name": "submariner-operator"}})
    for name, status in (("a", "passive"), ("b", "active")):
        west.add(name, **{"submariner.io_gateway": "true"})
        gateway = {"metadata": {"name": name}, "status": {"haStatus": status}}
        west.api.cluster.create(("submariner.io", "gateways"), gateway, "submariner-operator")
    served = west.call("serve")
    assert [(s["node"], s["role"]) for s in served["servers"]] == [("b", "gateway"), ("a", "other")]


# -- names and Globalnet ----------------------------------------------------------------------------------------------


def know(asking: Cluster, served: Outcome) -> None:
    """Let the asking cluster's DNS and routes lead to what another one serves."""
    asking.names.update({s["address"]: "127.0.0.1" for s in served["servers"] if s["by"] != "pod-address"})


def leftovers(cluster: Cluster) -> list[str]:
    kinds = (PODS, ("", "services"), ("batch", "jobs"), EXPORTS)
    return [o["metadata"]["name"] for kind in kinds for o in cluster.api.cluster.objects(kind, NAMESPACE)]


def test_pods_are_asked_by_address_and_by_name(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    for cluster, name in ((east, "east"), (west, "west")):
        two_nodes(cluster, name)
        cluster.install(name, east.api)
    served = east.call("serve", run="r1", cluster="east", dns=True)
    assert [(s["by"], s["role"]) for s in served["servers"]] == [
        ("pod-address", "gateway"),
        ("pod-address", "other"),
        ("name", "any"),
    ]
    assert re.fullmatch(
        r"data-path-r1-[0-9a-f]{8}-0\.submariner-lifecycle\.svc\.clusterset\.local", served["servers"][2]["address"]
    )
    assert [s["note"] for s in served["servers"]] == ["", "", ""]
    again = east.call("serve", run="r1", cluster="east", dns=True)
    assert again["servers"] == served["servers"]

    know(west, served)
    probed = west.call("probe", run="r1", targets=served["servers"], timeout=5)
    assert (probed["verdict"], probed["tests"]) == ("pass", 6)
    assert [r["to_cluster"] for r in probed["results"] if r["by"] == "name"] == ["east", "east"]

    broker = {"host": east.api.url, "api_key": "token-of-the-test"}
    gone = east.call("absent", run="r1", broker=broker)
    assert (gone["remaining"], gone["verdict"]) == ([], "pass")
    assert leftovers(east) == []
    assert east.api.cluster.objects(IMPORTS) + east.api.cluster.objects(SLICES) == []


def test_an_export_is_gone_when_the_broker_has_forgotten_it(
    clusters: tuple[Cluster, Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datapath_exports, "GONE_LIMIT", 0.3)
    east, west = clusters
    two_nodes(west, "west")
    agent = west.install("west", east.api)
    west.call("serve", run="r1", dns=True)
    agent.withdraws = False
    broker = {"host": east.api.url, "api_key": "token-of-the-test"}
    gone = west.call("absent", run="r1", broker=broker)
    assert (gone["verdict"], [f["id"] for f in gone["findings"]]) == ("degraded", ["datapath.left-behind"])
    assert [words.split()[0] for words in gone["remaining"]] == ["ServiceImport", "ServiceImport", "EndpointSlice"]
    assert len([words for words in gone["remaining"] if words.endswith("on the broker")]) == 2
    assert west.pods() == []

    east.api.fault(403, verb="list", path=f"{BROKER}/serviceimports$")
    agent.withdraws = True
    monkeypatch.setattr(datapath_exports, "GONE_LIMIT", 2.0)
    unread = west.call("absent", run="r1", broker=broker)
    assert [words.split(":")[0] for words in unread["remaining"]] == ["unknown"]

    east.api.clear_faults()
    assert west.call("absent", run="r1", broker=broker)["remaining"] == []
    assert leftovers(west) == []


def test_with_globalnet_no_pod_is_asked_by_its_own_address(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    for cluster, name in ((east, "east"), (west, "west")):
        two_nodes(cluster, name)
        cluster.install(name, east.api, globalnet=True)
    served = east.call("serve", run="r1", cluster="east", dns=True)
    assert served["globalnet"] is True
    assert sorted((s["by"], s["role"]) for s in served["servers"]) == [
        ("global-address", "gateway"),
        ("global-address", "other"),
        ("name", "gateway"),
        ("name", "other"),
    ]
    know(west, served)
    probed = west.call("probe", run="r1", targets=served["servers"], timeout=5, mtu=True)
    assert (probed["verdict"], probed["tests"]) == ("pass", 8)
    assert [result["mtu"] for result in probed["results"]] == [{}] * 8
    without = east.call("serve", run="r1", dns=False)
    assert {s["by"] for s in without["servers"]} == {"global-address"}
    east.call("absent", run="r1")
    assert leftovers(east) == []


@pytest.mark.parametrize(("exports", "nodes"), [("-0", 1), ("", 2)], ids=["one", "all"])
def test_a_pod_that_gets_no_global_address_is_named(
    clusters: tuple[Cluster, Cluster], monkeypatch: pytest.MonkeyPatch, exports: str, nodes: int
) -> None:
    monkeypatch.setattr(datapath_exports, "READY_LIMIT", 1.0)
    east, west = clusters
    two_nodes(west, "west")
    agent = west.install("west", east.api, globalnet=True)
    if exports:
        agent.no_address_for = exports
    else:
        agent.globalnet = False
    served = west.call("serve", run="r1", cluster="west")
    assert len(served["servers"]) == 2 - nodes
    assert served["verdict"] == "unknown"
    assert [(f["id"], f["severity"]) for f in served["findings"]] == [("datapath.not-tested", "unknown")] * nodes
    asked = {s["node"] for s in served["servers"]}
    assert {f["subject"].split()[-1] for f in served["findings"]} == {"west-gateway", "west-worker"} - asked
    assert {f["cause"] for f in served["findings"]} == {"it has no global address yet"}


def test_without_service_discovery_names_are_not_tested(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    two_nodes(east, "east")
    two_nodes(west, "west")
    east.install("east", east.api)
    west.install("west", east.api, discovery=False)
    silent = west.call("serve", run="r1", dns=True)
    assert [(f["id"], f["severity"]) for f in silent["findings"]] == [("datapath.discovery-off", "info")]
    assert silent["verdict"] == "pass"
    assert {s["by"] for s in silent["servers"]} == {"pod-address"}

    served = east.call("serve", run="r1", dns=True)
    probed = west.call("probe", run="r1", targets=served["servers"], timeout=5)
    assert (probed["verdict"], probed["tests"]) == ("pass", 4)
    assert [f["id"] for f in probed["findings"]] == ["datapath.discovery-off"]


def test_a_name_that_is_not_known_fails_with_what_the_export_says(
    clusters: tuple[Cluster, Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datapath_exports, "READY_LIMIT", 0.2)
    east, west = clusters
    for cluster, name in ((east, "east"), (west, "west")):
        two_nodes(cluster, name)
        cluster.install(name, east.api)
    monkeypatch.setattr(Lighthouse, "_export", lambda *_arguments: None)
    served = east.call("serve", run="r1", cluster="east", dns=True)
    probed = west.call("probe", run="r1", targets=served["servers"], timeout=1)
    assert probed["verdict"] == "fail"
    assert {f["id"] for f in probed["findings"]} == {"datapath.name-not-resolved"}
    assert all("ServiceExport is not ready" in f["cause"] for f in probed["findings"])


def test_what_is_not_answered_is_unknown(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    west.add("west-only")
    west.api.fault(403, path="/submariners$", message="not for you")
    served = west.call("serve", dns=True)
    assert served["verdict"] == "unknown"
    assert "not for you" in served["findings"][0]["observed"]


def test_an_export_that_is_refused_is_unknown(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    west.add("west-only")
    west.install("west", east.api)
    west.api.fault(403, verb="create", path="serviceexports", message="no exporting here")
    served = west.call("serve", run="r1", dns=True)
    assert served["verdict"] == "unknown"
    assert "no exporting here" in served["findings"][0]["observed"]
    west.call("absent", run="r1")
    assert leftovers(west) == []


def test_what_an_interrupted_run_leaves_ends_by_itself(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    two_nodes(west, "west")
    west.install("west", east.api)
    west.call("serve", run="r1", dns=True, lifetime=77)
    (timer,) = west.api.cluster.objects(("batch", "jobs"), NAMESPACE)
    assert {key: timer["spec"][key] for key in ("completions", "parallelism", "ttlSecondsAfterFinished")} == {
        "completions": 0,
        "parallelism": 0,
        "ttlSecondsAfterFinished": 77,
    }
    west.api.cluster.delete(("batch", "jobs"), NAMESPACE, timer["metadata"]["name"])
    assert leftovers(west) == [pod["metadata"]["name"] for pod in west.pods()]
    assert {pod["spec"]["activeDeadlineSeconds"] for pod in west.pods()} == {77}


# -- cost and restrictions --------------------------------------------------------------------------------------------


def test_one_request_serves_all_targets_of_a_pod(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    west.add("west-only")
    east.add("east-only")
    (server,) = east.call("serve")["servers"]
    west.call("serve", run="r1")
    for count in (1, 20):
        west.execs = 0
        probed = west.call("probe", run="r1", targets=[server] * count, timeout=20)
        assert (probed["verdict"], probed["tests"], west.execs) == ("pass", count, 1)
    west.execs = 0
    west.call("probe", run="r1", targets=[server] * 3, timeout=20, mtu=True)
    assert west.execs == 2


def test_how_large_a_packet_passes(clusters: tuple[Cluster, Cluster]) -> None:
    east, west = clusters
    west.add("west-only")
    east.add("east-only")
    served = east.call("serve", run="r1")
    probed = west.call("probe", run="r1", targets=served["servers"], timeout=5, mtu=True)
    assert [(r["mtu"]["state"], r["mtu"]["packet"] == r["mtu"]["full"]) for r in probed["results"]] == [("full", True)]
    assert probed["findings"] == []


def restricted(pod: Json) -> list[str]:
    """What of a pod the Pod Security Standard "restricted" refuses (Kubernetes' documentation, version 1.36)."""
    spec, wrong = pod["spec"], []
    wrong += [field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    allowed = {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    wrong += [f"volume {v['name']}" for v in spec.get("volumes", []) if not set(v) & allowed]
    for container in spec["containers"]:
        security = {**spec.get("securityContext", {}), **container.get("securityContext", {})}
        capabilities = security.get("capabilities", {})
        wrong += ["hostPort" for port in container.get("ports", []) if port.get("hostPort")]
        checks = {
            "privileged": not security.get("privileged"),
            "allowPrivilegeEscalation": security.get("allowPrivilegeEscalation") is False,
            "runAsNonRoot": security.get("runAsNonRoot") is True,
            "runAsUser": security.get("runAsUser") != 0,
            "seccompProfile": security.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
            "drop": "ALL" in capabilities.get("drop", []),
            "add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
            "procMount": security.get("procMount", "Default") == "Default",
            "sysctls": not security.get("sysctls"),
        }
        wrong += [name for name, holds in checks.items() if not holds]
    return wrong


def test_namespaces_that_enforce_restricted_take_the_pods(clusters: tuple[Cluster, Cluster]) -> None:
    _east, west = clusters
    west.add("west-only")
    west.call("serve", lifetime=77)
    (pod,) = west.pods()
    assert restricted(pod) == []
    assert (pod["spec"]["activeDeadlineSeconds"], pod["spec"]["automountServiceAccountToken"]) == (77, False)
    looking_at_a_node = node_access.PodVisit(t.cast("Api", None), "west-only", 5).manifest("x", "r1")
    assert {"hostNetwork", "privileged", "drop"} <= set(restricted(looking_at_a_node)), "else this test says nothing"


@pytest.mark.parametrize(
    ("state", "options", "said"),
    [
        ("serve", {"run": "Not A Word"}, "lower case"),
        ("probe", {"targets": [{"address": "a b", "nonce": "x"}]}, "address is one word"),
        ("absent", {"broker": {"kubeconfig": "/nowhere"}}, "cannot be used"),
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
