# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the reading over the plan to the healed clusterset: the modules against API servers on which somebody restarts pods."""

from __future__ import annotations

import copy
import pathlib
import threading
import typing as t
import uuid

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _repair_steps
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info, repair, repair_plan
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
BROKER, OPERATOR = "submariner-k8s-broker", "submariner-operator"
PODS, NAMESPACES, NODES = ("", "pods"), ("", "namespaces"), ("", "nodes")
ENDPOINTS, CLUSTERS = ("submariner.io", "endpoints"), ("submariner.io", "clusters")
GATEWAYS = ("submariner.io", "gateways")
CONFIGMAPS = ("", "configmaps")
EXPORTS, IMPORTS = ("multicluster.x-k8s.io", "serviceexports"), ("multicluster.x-k8s.io", "serviceimports")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repair_steps, "PAUSE", 0.05)
    monkeypatch.setattr(_repair_steps, "UNCHANGED", 0.3)
    monkeypatch.setattr(_repair_steps, "PASSES", 0.1)


class Controllers(threading.Thread):
    """Makes pods anew, and does what a component is said to do when its pod starts."""

    def __init__(self, api: FakeApi, starts: dict[str, t.Callable[[], None]]) -> None:
        super().__init__(daemon=True)
        self.api, self.starts = api, starts
        self.pods = api.cluster.objects(PODS, OPERATOR)
        self.started: list[str] = []
        self.comes_up = True

    def run(self) -> None:
        while not self.api.stopping.wait(0.02):
            there = {p["metadata"]["uid"] for p in self.api.cluster.objects(PODS, OPERATOR)}
            for old in [p for p in self.pods if p["metadata"]["uid"] not in there]:
                self.pods.remove(old)
                if self.comes_up:
                    self._start(old)

    def _start(self, old: Json) -> None:
        new = copy.deepcopy(old)
        workload = new["metadata"]["name"].rpartition("-")[0]
        new["metadata"] = {"name": f"{workload}-{uuid.uuid4().hex[:5]}", "labels": old["metadata"]["labels"]}
        self.pods.append(self.api.cluster.create(PODS, new, OPERATOR))
        for name, action in self.starts.items():
            if workload.startswith(name):
                action()
        self.started.append(workload)


class Clusterset:
    """East, which is the broker's cluster, and west, with whoever restarts their pods."""

    def __init__(self, east: FakeApi, west: FakeApi, folder: pathlib.Path) -> None:
        self.apis = {"east": east, "west": west}
        self.auth = {name: {"kubeconfig": api.kubeconfig(folder, name)} for name, api in self.apis.items()}
        self.controllers: dict[str, Controllers] = {}
        self.recorded: dict[str, list[Json]] = {}

    def load(self, state: str) -> None:
        for name, api in self.apis.items():
            self.recorded[name] = recording(state, name)
            api.cluster.load(self.recorded[name])
            starts = {
                "submariner-gateway": lambda name=name: self._gateway_starts(name),
                "submariner-operator": lambda name=name: self._operator_starts(name),
            }
            self.controllers[name] = Controllers(api, starts)  # type: ignore[arg-type]

    def go(self) -> None:
        for controller in self.controllers.values():
            controller.start()

    def _gateway_starts(self, name: str) -> None:
        """What submariner.md 4.3 says of a start: own records made and pushed, copies reconciled with the broker."""
        here, broker = self.apis[name].cluster, self.apis["east"].cluster
        for kind in (ENDPOINTS, CLUSTERS):
            wanted = [o for o in self.recorded[name] if here.kind_of(o) == kind and not o["metadata"].get("labels")]
            for own in wanted:
                _put(here, kind, OPERATOR, own, {})
                _put(broker, kind, BROKER, own, {"submariner-io/clusterID": name})
            at_broker = {o["metadata"]["name"]: o for o in broker.objects(kind, BROKER)}
            for record in at_broker.values():
                if record["spec"]["cluster_id"] != name:
                    _put(here, kind, OPERATOR, record, record["metadata"]["labels"])
            for local in here.objects(kind, OPERATOR):
                if local["metadata"].get("labels") and local["metadata"]["name"] not in at_broker:
                    here.delete(kind, OPERATOR, local["metadata"]["name"])

    def _operator_starts(self, name: str) -> None:
        (corefile,) = [
            o["data"]["Corefile"]
            for o in self.recorded[name]
            if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "coredns"
        ]
        config = self.apis[name].cluster.get(CONFIGMAPS, "kube-system", "coredns")
        config["data"]["Corefile"] = corefile
        self.apis[name].cluster.replace(CONFIGMAPS, config, "kube-system", "coredns")

    def plan(self, **more: t.Any) -> Outcome:
        digests = {}
        for name, auth in self.auth.items():
            read = run_module(cluster_info.main, {**auth, "cluster_id": name, "digest_only": True})
            assert not read.failed, read.msg
            digests[name] = read["digest"]
        return run_module(repair_plan.main, {"digests": digests, "broker": "east", **more})

    def repair(self, name: str, steps: list[Json], timeout: int = 20, **how: bool) -> Outcome:
        arguments = {**self.auth[name], "broker": self.auth["east"], "steps": steps, "timeout": timeout}
        return run_module(repair.main, arguments, **how)

    def names(self, name: str, kind: tuple[str, str], namespace: str) -> list[str]:
        return [o["metadata"]["name"] for o in self.apis[name].cluster.objects(kind, namespace)]


def _put(cluster: t.Any, kind: tuple[str, str], namespace: str, like: Json, labels: Json) -> None:
    body = {"metadata": {"name": like["metadata"]["name"], "labels": labels}, "spec": like["spec"]}
    if body["metadata"]["name"] in [o["metadata"]["name"] for o in cluster.objects(kind, namespace)]:
        cluster.replace(kind, body, namespace, body["metadata"]["name"])
    else:
        cluster.create(kind, body, namespace)


@pytest.fixture
def clusterset(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> Clusterset:
    return Clusterset(api, other_api, tmp_path)


def own_endpoint(clusterset: Clusterset, name: str) -> str:
    local = clusterset.apis[name].cluster.objects(ENDPOINTS, OPERATOR)
    (found,) = [o["metadata"]["name"] for o in local if not o["metadata"].get("labels")]
    return str(found)


def lose_own_endpoint(clusterset: Clusterset) -> str:
    name = own_endpoint(clusterset, "west")
    clusterset.apis["west"].cluster.delete(ENDPOINTS, OPERATOR, name)
    for namespace in (BROKER, OPERATOR):
        clusterset.apis["east"].cluster.delete(ENDPOINTS, namespace, name)
    return name


# -- restarts -------------------------------------------------------------------------------------------------------------


def test_a_missing_endpoint_comes_back_with_the_gateways_restart(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    lost = lose_own_endpoint(clusterset)
    clusterset.go()
    planned = clusterset.plan()
    assert [(s["host"], s["action"]) for s in planned["steps"]] == [("west", "restart-gateway")]
    assert planned["deletes"] is False
    assert any("endpoint.missing" in line for line in planned["lines"])

    done = clusterset.repair("west", planned["steps"])
    assert not done.failed, done.msg
    assert done.changed
    assert [name.rpartition("-")[0] for name in done["done"][0]["touched"]] == ["Pod submariner-gateway"]
    assert done["removed"] == []
    assert lost in clusterset.names("east", ENDPOINTS, BROKER)
    assert clusterset.controllers["east"].started == []
    (deleted,) = clusterset.apis["west"].asked("delete")
    assert deleted.body["preconditions"]["uid"]


def test_what_is_healed_has_no_steps(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    planned = clusterset.plan()
    assert (planned["steps"], planned["unhealed"], planned["lines"]) == ([], [], ["nothing to repair"])
    done = clusterset.repair("west", planned["steps"])
    assert (done.failed, done.changed, done["done"]) == (False, False, [])
    assert clusterset.apis["west"].writes == []


def test_a_copy_that_differs_is_reconciled(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    name = own_endpoint(clusterset, "west")
    stale = clusterset.apis["east"].cluster.get(ENDPOINTS, OPERATOR, name)
    stale["spec"]["private_ip"] = "172.31.2.99"
    clusterset.apis["east"].cluster.replace(ENDPOINTS, stale, OPERATOR, name)
    clusterset.go()
    planned = clusterset.plan()
    assert not clusterset.repair("east", planned["steps"]).failed
    assert clusterset.plan()["steps"] == []


def second_copy(clusterset: Clusterset) -> None:
    """West has a copy of east's record that the broker does not have."""
    west = clusterset.apis["west"].cluster
    like = west.get(ENDPOINTS, OPERATOR, own_endpoint(clusterset, "east"))
    spec = {**like["spec"], "private_ip": "192.0.2.78", "cable_name": "submariner-cable-east-192-0-2-78"}
    body = {"metadata": {"name": "east-second", "labels": like["metadata"]["labels"]}, "spec": spec}
    west.create(ENDPOINTS, body, OPERATOR)


def takes_the_tunnel(clusterset: Clusterset, starts: int) -> None:
    """West's gateway has no tunnel after each of its first starts: the copy that went had the same subnets."""
    west, controller = clusterset.apis["west"].cluster, clusterset.controllers["west"]
    (gateway,) = west.objects(GATEWAYS, OPERATOR)
    tunnels = gateway["status"]["connections"]
    reconcile = controller.starts["submariner-gateway"]

    def start() -> None:
        reconcile()
        (now,) = west.objects(GATEWAYS, OPERATOR)
        now["status"]["connections"] = [] if len(controller.started) < starts else tunnels
        west.replace(GATEWAYS, now, OPERATOR, now["metadata"]["name"])

    controller.starts["submariner-gateway"] = start
    for daemonset in west.objects(("apps", "daemonsets"), OPERATOR):
        daemonset["status"].update(numberReady=1, desiredNumberScheduled=1)
        west.replace(("apps", "daemonsets"), daemonset, OPERATOR, daemonset["metadata"]["name"])


@pytest.mark.parametrize("gone_before", [False, True])
def test_a_second_copy_is_not_healed_until_its_tunnel_and_routes_are_back(
    clusterset: Clusterset, monkeypatch: pytest.MonkeyPatch, gone_before: bool
) -> None:
    monkeypatch.setattr(_repair_steps, "TUNNELS", 0.5)
    clusterset.load("healthy-two-nodes")
    second_copy(clusterset)
    planned = clusterset.plan()["steps"]
    assert [(s["host"], s["action"]) for s in planned] == [("west", "restart-gateway")]
    assert "endpoint.duplicate" in planned[0]["heals"]
    takes_the_tunnel(clusterset, starts=1)
    if gone_before:
        drop(clusterset.apis["west"].cluster)
    clusterset.go()
    done = clusterset.repair("west", planned)
    assert not done.failed, done.msg
    nodes = len(clusterset.apis["west"].cluster.objects(NODES, ""))
    assert clusterset.controllers["west"].started == ["submariner-gateway"] * 2 + ["submariner-routeagent"] * nodes
    assert "east-second" not in clusterset.names("west", ENDPOINTS, OPERATOR)


def test_a_tunnel_that_does_not_come_back_is_named(clusterset: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repair_steps, "TUNNELS", 0.5)
    clusterset.load("healthy-two-nodes")
    second_copy(clusterset)
    planned = clusterset.plan()["steps"]
    takes_the_tunnel(clusterset, starts=9)
    clusterset.go()
    done = clusterset.repair("west", planned)
    assert done.failed
    assert "no tunnel to east" in done.msg
    assert clusterset.controllers["west"].started == ["submariner-gateway"] * 2


def test_a_node_that_does_not_report_the_gateways_address_is_no_trouble(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    for node in clusterset.apis["east"].cluster.objects(NODES, ""):
        node["status"]["addresses"] = [{"type": "InternalIP", "address": "10.9.9.9"}]
        clusterset.apis["east"].cluster.replace(NODES, node, "", node["metadata"]["name"])
    name = own_endpoint(clusterset, "west")
    stale = clusterset.apis["east"].cluster.get(ENDPOINTS, OPERATOR, name)
    stale["spec"]["private_ip"] = "172.31.2.99"
    clusterset.apis["east"].cluster.replace(ENDPOINTS, stale, OPERATOR, name)
    clusterset.go()
    assert not clusterset.repair("east", clusterset.plan()["steps"]).failed


def test_the_agent_need_not_export_what_it_refuses(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    east, west = (clusterset.apis[name].cluster for name in ("east", "west"))
    refused = {"conditions": [{"type": "Valid", "status": "False", "reason": "ServiceUnavailable"}]}
    west.create(EXPORTS, {"metadata": {"name": "typo"}, "status": refused}, "default")
    offered = east.objects(IMPORTS, BROKER)
    for record in offered:
        east.replace(IMPORTS, {**record, "status": {"clusters": []}}, BROKER, record["metadata"]["name"])
    planned = clusterset.plan()["steps"]
    assert [s["action"] for s in planned] == ["restart-agent"]

    def agent_starts() -> None:
        for record in offered:
            now = east.get(IMPORTS, BROKER, record["metadata"]["name"])
            east.replace(IMPORTS, {**now, "status": record["status"]}, BROKER, record["metadata"]["name"])

    clusterset.controllers["west"].starts["submariner-lighthouse-agent"] = agent_starts
    clusterset.go()
    done = clusterset.repair("west", planned)
    assert not done.failed, done.msg


def test_records_that_come_right_by_themselves_cost_no_restart(
    clusterset: Clusterset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_repair_steps, "PASSES", 30.0)
    clusterset.load("label-removed-first")
    east = clusterset.apis["east"].cluster
    removal = clusterset.plan()["steps"]
    clusterset.go()
    assert not clusterset.repair("east", removal).failed
    planned = clusterset.plan()
    assert [s["heals"] for s in planned["steps"]] == [["endpoint.stale-copy"]]

    clusterset.apis["east"].after(0.5, lambda: drop(east))
    done = clusterset.repair("east", planned["steps"])
    assert (done.failed, done.changed, done["done"][0]["touched"]) == (False, False, [])
    assert clusterset.controllers["east"].started == []


def drop(cluster: t.Any) -> None:
    """What a running gateway does with copies that went on the broker (submariner.md 4.3)."""
    for kind in (ENDPOINTS, CLUSTERS):
        at_broker = [o["metadata"]["name"] for o in cluster.objects(kind, BROKER)]
        for local in cluster.objects(kind, OPERATOR):
            if local["metadata"].get("labels") and local["metadata"]["name"] not in at_broker:
                cluster.delete(kind, OPERATOR, local["metadata"]["name"])


def test_the_dns_block_comes_back_with_the_operators_restart(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    west = clusterset.apis["west"].cluster
    config = west.get(CONFIGMAPS, "kube-system", "coredns")
    config["data"]["Corefile"] = config["data"]["Corefile"].partition("#lighthouse-end\n")[2]
    west.replace(CONFIGMAPS, config, "kube-system", "coredns")
    clusterset.go()
    planned = clusterset.plan()
    done = clusterset.repair("west", planned["steps"])
    assert not done.failed, done.msg
    assert clusterset.controllers["west"].started == ["submariner-operator-" + started_suffix(done)]
    assert clusterset.plan()["steps"] == []


def started_suffix(done: Outcome) -> str:
    """The hash in the middle of a Deployment's pod name."""
    return str(done["done"][0]["touched"][0].split("-")[2])


def test_a_gateway_that_does_not_come_back_is_named(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    lose_own_endpoint(clusterset)
    clusterset.controllers["west"].comes_up = False
    clusterset.go()
    done = clusterset.repair("west", clusterset.plan()["steps"], timeout=1)
    assert done.failed
    assert "cluster west 0 Endpoints" in done.msg
    assert "reinstall" in done.msg
    assert done["done"][0]["left"]


def test_nothing_is_restarted_when_the_broker_went_away_since(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    lose_own_endpoint(clusterset)
    planned = clusterset.plan()
    clusterset.apis["east"].cluster.delete(NAMESPACES, "", BROKER)
    done = clusterset.repair("west", planned["steps"])
    assert done.failed
    assert "Nothing was restarted" in done.msg
    assert clusterset.apis["west"].writes == []


# -- removals -------------------------------------------------------------------------------------------------------------


def test_a_ghost_goes_endpoint_first(clusterset: Clusterset) -> None:
    clusterset.load("label-removed-first")
    clusterset.go()
    planned = clusterset.plan()
    assert planned["deletes"] is True
    done = clusterset.repair("east", planned["steps"])
    assert not done.failed, done.msg
    assert done["removed"] == ["Endpoint west-submariner-cable-west-10-202-0-2", "Cluster west"]
    asked = clusterset.apis["east"].asked("delete")
    assert [r.path.split("/")[-2] for r in asked] == ["endpoints", "clusters"]
    assert all(r.body["preconditions"]["uid"] for r in asked)
    assert [o["spec"]["cluster_id"] for o in clusterset.apis["east"].cluster.objects(ENDPOINTS, BROKER)] == ["east"]


def test_check_mode_shows_and_writes_nothing(clusterset: Clusterset) -> None:
    clusterset.load("joined-as-second-id")
    planned = clusterset.plan()
    done = clusterset.repair("east", planned["steps"], check=True, diff=True)
    assert done.changed
    assert "remove-records: 'west'" in done["diff"]["before"]
    assert (done["done"], done["removed"], done["diff"]["after"]) == ([], [], "")
    assert clusterset.apis["east"].writes == []


def test_the_shared_routes_come_back_after_the_ghost_of_a_second_id(clusterset: Clusterset) -> None:
    """Whose copy east's gateway drops, as a running one does (submariner.md 4.3)."""
    clusterset.load("joined-as-second-id")
    east = clusterset.apis["east"]
    planned = clusterset.plan()
    removal, routes = planned["steps"]
    assert (removal["phase"], routes["phase"]) == ("records", "routes")
    for daemonset in east.cluster.objects(("apps", "daemonsets"), OPERATOR):
        daemonset["status"].update(numberReady=1, desiredNumberScheduled=1)
        east.cluster.replace(("apps", "daemonsets"), daemonset, OPERATOR, daemonset["metadata"]["name"])
    assert not clusterset.repair("east", [removal]).failed
    early = clusterset.repair("east", [routes], timeout=1)
    assert early.failed
    assert "the copy west-submariner-cable-west-10-202-0-2 is still there" in early.msg
    assert early["done"][0]["touched"] == []

    drop(east.cluster)
    clusterset.go()
    done = clusterset.repair("east", [routes])
    assert not done.failed, done.msg
    assert clusterset.controllers["east"].started == ["submariner-gateway", "submariner-routeagent"]


def test_a_record_that_changed_since_is_left_alone(clusterset: Clusterset) -> None:
    clusterset.load("label-removed-first")
    planned = clusterset.plan()
    east = clusterset.apis["east"]
    name = "west-submariner-cable-west-10-202-0-2"
    record = east.cluster.get(ENDPOINTS, BROKER, name)
    record["spec"]["private_ip"] = "10.202.0.3"
    east.cluster.replace(ENDPOINTS, record, BROKER, name)
    done = clusterset.repair("east", planned["steps"])
    assert done.failed
    assert "is not what was judged" in done.msg
    assert east.writes == []


def test_a_refused_deletion_is_named(clusterset: Clusterset) -> None:
    clusterset.load("label-removed-first")
    planned = clusterset.plan()
    clusterset.apis["east"].fault(403, verb="delete", path="/endpoints/", message="no deleting here")
    done = clusterset.repair("east", planned["steps"])
    assert done.failed
    assert "no deleting here" in done.msg
    assert done["done"][0]["left"]


def left_over_gateway(clusterset: Clusterset) -> FakeApi:
    west = clusterset.apis["west"]
    (gateway,) = west.cluster.objects(GATEWAYS, OPERATOR)
    status = {**gateway["status"], "haStatus": "passive"}
    status["localEndpoint"] = {**status["localEndpoint"], "hostname": "west-old"}
    notes = {"update-timestamp": "1"}
    body = {"metadata": {"name": "west-old", "annotations": notes}, "status": status}
    west.cluster.create(GATEWAYS, body, OPERATOR)
    return west


def test_a_gateway_that_nobody_updates_goes(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    left_over_gateway(clusterset)
    planned = clusterset.plan()
    assert [s["action"] for s in planned["steps"]] == ["delete-gateways"]
    done = clusterset.repair("west", planned["steps"])
    assert (done.failed, done["removed"]) == (False, ["Gateway west-old"])
    assert clusterset.names("west", GATEWAYS, OPERATOR) == ["west-worker"]


def test_a_gateway_that_is_updated_meanwhile_stays(clusterset: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_repair_steps, "UNCHANGED", 1.0)
    clusterset.load("healthy-two-nodes")
    west = left_over_gateway(clusterset)
    planned = clusterset.plan()

    def update() -> None:
        gateway = west.cluster.get(GATEWAYS, OPERATOR, "west-old")
        gateway["metadata"]["annotations"]["update-timestamp"] = "2"
        west.cluster.replace(GATEWAYS, gateway, OPERATOR, "west-old")

    west.after(0.3, update)
    done = clusterset.repair("west", planned["steps"])
    assert (done.failed, done.changed, done["removed"]) == (False, False, [])
    assert "west-old" in clusterset.names("west", GATEWAYS, OPERATOR)


def test_copies_go_only_when_the_broker_still_has_no_such_record(clusterset: Clusterset) -> None:
    clusterset.load("healthy-two-nodes")
    west, east = clusterset.apis["west"], clusterset.apis["east"]
    like = west.cluster.get(ENDPOINTS, OPERATOR, own_endpoint(clusterset, "east"))
    labels = {"submariner-io/clusterID": "north"}
    spec = {**like["spec"], "cluster_id": "north", "private_ip": "10.9.9.9", "subnets": ["10.99.0.0/16"]}
    for cluster, namespace in ((west, OPERATOR), (east, BROKER)):
        cluster.cluster.create(
            ENDPOINTS, {"metadata": {"name": "north-cable", "labels": labels}, "spec": spec}, namespace
        )
    for node in west.cluster.objects(("", "nodes")):
        node["metadata"]["labels"].pop("submariner.io/gateway", None)
        west.cluster.replace(("", "nodes"), node, "", node["metadata"]["name"])
    record = east.cluster.get(ENDPOINTS, BROKER, "north-cable")
    east.cluster.delete(ENDPOINTS, BROKER, "north-cable")
    planned = clusterset.plan()
    (step,) = [s for s in planned["steps"] if s["action"] == "delete-copies"]

    east.cluster.create(
        ENDPOINTS, {"metadata": {"name": "north-cable", "labels": labels}, "spec": record["spec"]}, BROKER
    )
    kept = clusterset.repair("west", [step])
    assert (kept.failed, kept["removed"]) == (False, [])
    east.cluster.delete(ENDPOINTS, BROKER, "north-cable")
    done = clusterset.repair("west", [step])
    assert (done.failed, done["removed"]) == (False, ["Endpoint north-cable"])


# -- input ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"action": "reboot", "cluster_id": "west"}], "action is one of"),
        ([{"action": "restart-gateway"}], "cluster_id"),
    ],
)
def test_nonsense_is_named(steps: list[Json], said: str, clusterset: Clusterset) -> None:
    done = clusterset.repair("west", steps)
    assert done.failed
    assert said in done.msg


def test_a_plan_without_the_broker_is_refused() -> None:
    done = run_module(repair_plan.main, {"digests": {"west": {}}, "broker": "east"})
    assert done.failed
    assert "no digest of 'east'" in done.msg
