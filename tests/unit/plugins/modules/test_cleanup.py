# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup from end to end against an API server."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _operator_death, _removal, _watching
from ansible_collections.submariner.lifecycle.plugins.modules import cleanup
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
NAMESPACE = "submariner-operator"
SUBMARINERS = ("submariner.io", "submariners")
DISCOVERIES = ("submariner.io", "servicediscoveries")
DEPLOYMENTS = ("apps", "deployments")
ENDPOINTS = ("submariner.io", "endpoints")
BROKER = "submariner-k8s-broker"
PODS = ("", "pods")
NAMESPACES = ("", "namespaces")
OURS = [
    {"ids": [name], "nodes": [f"{first}-node"], "addresses": [address], "absent": True}
    for name, first, address in (("east", "a", "10.201.0.2"), ("west", "b", "10.202.0.2"))
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)


@pytest.fixture
def arguments(api: FakeApi, tmp_path: pathlib.Path) -> Json:
    api.cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "k"}}])
    return {"kubeconfig": api.kubeconfig(tmp_path, "west"), "context": "west", "cluster_id": "west", "timeout": 20}


def finish_like_an_operator(api: FakeApi, pause: float = 0.05) -> None:
    """Release the finalizers of CRs that are being deleted, as a living operator does."""

    def work() -> None:
        while not api.stopping.wait(pause):
            for kind in (DISCOVERIES, SUBMARINERS):
                for obj in api.cluster.objects(kind):
                    if obj["metadata"].get("deletionTimestamp"):
                        obj["metadata"]["finalizers"] = []
                        api.cluster.replace(kind, obj, NAMESPACE, obj["metadata"]["name"])

    threading.Thread(target=work, daemon=True).start()


def run(arguments: Json, **how: bool) -> Outcome:
    return run_module(cleanup.main, arguments, **how)


def test_check_mode_plans_and_writes_nothing(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("installed", "west"))
    outcome = run(arguments, check=True, diff=True)
    assert outcome.changed
    assert not api.writes
    assert outcome["removed"] == []
    assert "Submariner submariner-operator/submariner" in outcome["diff"]["before"]


def test_an_installed_member_is_removed_and_a_second_run_changes_nothing(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("installed", "west"))
    finish_like_an_operator(api)
    outcome = run(arguments)
    assert (outcome.failed, outcome["verdict"], outcome["remaining"]) == (False, "pass", [])
    assert outcome["identity"]["absent"] is True
    assert {"Submariner", "Namespace", "ClusterRole", "CustomResourceDefinition", "ConfigMap"} <= {
        o["kind"] for o in outcome["removed"]
    }
    corefile = api.cluster.get(("", "configmaps"), "kube-system", "coredns")["data"]["Corefile"]
    assert "lighthouse" not in corefile
    assert ".:53 {" in corefile
    assert api.cluster.objects(("apiextensions.k8s.io", "customresourcedefinitions")), "the MCS definitions stay"
    again = run(arguments)
    assert (again.changed, again["removed"]) == (False, [])


def test_the_journal_has_all_that_was_planned_whoever_took_it_away(api: FakeApi, arguments: Json) -> None:
    """The operator takes the ServiceDiscovery, and the DaemonSets go with the Submariner that owns them."""
    api.cluster.load(recording("installed", "west"))
    planned = run(arguments, check=True)["plan"]
    finish_like_an_operator(api)
    removed = run(arguments)["removed"]
    assert {o["path"]: o["uid"] for o in removed} == {o["path"]: o["uid"] for o in planned}


def test_every_entry_has_what_is_documented(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("installed", "west"))
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "submariner-admins"},
    }
    api.cluster.load([role])
    outcome = run(arguments, check=True)
    assert outcome["kept"]
    for entry in (*outcome["plan"], *outcome["kept"]):
        assert {"kind", "namespace", "name", "uid", "action", "why", "residue"} <= set(entry)


def test_the_resource_goes_before_its_operator(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("installed", "west"))
    finish_like_an_operator(api)
    run(arguments)
    deleted = [r.path for r in api.asked("delete")]
    assert deleted.index("/apis/submariner.io/v1alpha1/namespaces/submariner-operator/submariners/submariner") == 0
    assert (
        "/apis/submariner.io/v1alpha1/namespaces/submariner-operator/servicediscoveries/service-discovery"
        not in deleted
    )


def test_a_stopped_operators_finalizers_are_released(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("operator-killed-mid-uninstall", "west"))
    outcome = run(arguments)
    assert (outcome.failed, outcome["remaining"]) == (False, [])
    assert [f["id"] for f in outcome["findings"]] == ["operator.cleanup-abandoned"] * 2
    assert not api.cluster.objects(DEPLOYMENTS, NAMESPACE)


def test_an_operator_that_does_not_finish_is_stopped_before_its_finalizer_is_released(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_operator_death, "LATE", -1.0)
    api.cluster.load(recording("installed", "west"))

    def stop_pods() -> None:
        while not api.stopping.wait(0.05):
            for obj in api.cluster.objects(DEPLOYMENTS, NAMESPACE):
                if obj["metadata"]["name"] == "submariner-operator" and obj["spec"]["replicas"] == 0:
                    for pod in api.cluster.objects(PODS, NAMESPACE):
                        if pod["metadata"].get("labels", {}).get("name") == "submariner-operator":
                            api.cluster.delete(PODS, NAMESPACE, pod["metadata"]["name"])

    threading.Thread(target=stop_pods, daemon=True).start()
    outcome = run(arguments)
    assert not outcome.failed, outcome.msg
    paths = [(r.verb, r.path.rsplit("/", 2)[-2:]) for r in api.writes]
    scaled = paths.index(("patch", ["submariner-operator", "scale"]))
    released = paths.index(("patch", ["submariners", "submariner"]))
    assert scaled < released


@pytest.mark.parametrize(("limit", "found"), [(0.0, ["operator.gave-up"]), (60.0, [])])
def test_an_operator_that_gives_up_in_silence_is_noticed(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch, limit: float, found: list[str]
) -> None:
    monkeypatch.setattr(_operator_death, "OWN_LIMIT", limit)
    api.cluster.load(recording("installed", "west"))
    finish_like_an_operator(api, pause=3.0)
    outcome = run(arguments)
    assert not outcome.failed, outcome.msg
    assert [f["id"] for f in outcome["findings"] if f["id"].startswith("operator.")] == found


def test_a_foreign_finalizer_is_left_and_named(api: FakeApi, arguments: Json) -> None:
    objects = recording("operator-killed-mid-uninstall", "west")
    for obj in objects:
        if obj["kind"] == "Submariner":
            obj["metadata"]["finalizers"].append("example.com/mine")
    api.cluster.load(objects)
    outcome = run({**arguments, "timeout": 2})
    assert outcome.failed
    assert "example.com/mine" in outcome.msg
    assert api.cluster.get(SUBMARINERS, NAMESPACE, "submariner")["metadata"]["finalizers"] == ["example.com/mine"]


def test_a_refused_deletion_is_named_with_its_reason(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("operator-killed-mid-uninstall", "west"))
    api.fault(403, verb="delete", path="clusterroles/", message="no deleting of roles here")
    outcome = run({**arguments, "timeout": 2})
    assert outcome.failed
    assert "no deleting of roles here" in outcome.msg
    assert outcome["identity"]["absent"] is False


def test_what_cannot_be_read_is_never_clean(api: FakeApi, arguments: Json) -> None:
    api.fault(403, verb="list", path="customresourcedefinitions")
    outcome = run({**arguments, "timeout": 1})
    assert (outcome.failed, outcome["verdict"]) == (True, "unknown")
    assert outcome["identity"]["absent"] is False


@pytest.mark.parametrize(
    "kind", ["namespaces", "brokers", "submariners", "endpoints", "configmaps", "roles", "daemonsets"]
)
def test_nothing_goes_while_a_reading_that_matters_is_not_answered(api: FakeApi, arguments: Json, kind: str) -> None:
    api.cluster.load(recording("installed", "east"))
    api.fault(504, verb="list", path=f"/{kind}$")
    outcome = run({**arguments, "timeout": 1})
    assert (outcome.failed, outcome["verdict"], outcome["removed"]) == (True, "unknown", [])
    assert kind in outcome["unknown"]
    assert "fault asked for by the test" in outcome.msg
    assert api.writes == []


def test_a_reading_that_fails_on_the_way_stops_the_removal_until_it_is_answered(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.cluster.load(recording("installed", "west"))
    finish_like_an_operator(api)
    act = _removal.Removal._act
    acted: list[int] = []

    def act_and_lose_the_resource(self: _removal.Removal, *how: t.Any) -> None:
        act(self, *how)
        acted.append(len(api.writes))
        if len(acted) == 1:
            api.fault(504, verb="list", path="/submariners$", times=9)

    monkeypatch.setattr(_removal.Removal, "_act", act_and_lose_the_resource)
    outcome = run(arguments)
    assert (outcome.failed, outcome["remaining"]) == (False, []), outcome.msg
    paths = [(r.verb, r.path.rpartition("/")[2], r.status) for r in api.requests]
    failing = [n for n, asked in enumerate(paths) if asked == ("list", "submariners", 504)]
    assert not any(verb in ("delete", "patch") for verb, _name, _status in paths[failing[0] : failing[-1]])


def test_what_was_asked_to_go_is_not_removed_before_it_was_seen(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.cluster.load(recording("installed", "west"))
    finish_like_an_operator(api)
    act = _removal.Removal._act

    def act_and_go_deaf(self: _removal.Removal, *how: t.Any) -> None:
        act(self, *how)
        api.fault(504, verb="list", path="/(submariners|deployments)$")

    monkeypatch.setattr(_removal.Removal, "_act", act_and_go_deaf)
    outcome = run({**arguments, "timeout": 2})
    assert (outcome["verdict"], outcome["removed"]) == ("unknown", [])
    assert "Submariner" in {o["kind"] for o in outcome["remaining"]}


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_server_that_hangs_is_not_waited_for_much_beyond_the_deadline(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch, from_the_start: bool
) -> None:
    for part in (_removal, cleanup):
        monkeypatch.setattr(part, "PROOF", 1.0)
    api.cluster.load(recording("installed", "west"))
    act = _removal.Removal._act

    def act_and_hang(self: _removal.Removal, *how: t.Any) -> None:
        act(self, *how)
        api.fault(delay=60)

    monkeypatch.setattr(_removal.Removal, "_act", act_and_hang)
    if from_the_start:
        api.fault(delay=60)
    begun = time.monotonic()
    assert run({**arguments, "timeout": 2})["verdict"] == "unknown"
    assert time.monotonic() - begun < 15


def test_what_stands_in_no_namespace_need_not_be_read(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("west-uninstalled", "west"))
    api.fault(403, verb="list", path="/namespaces/submariner-operator/")
    assert run({**arguments, "timeout": 2})["verdict"] == "pass"


def test_a_plan_reads_again_what_was_not_answered_once(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("installed", "west"))
    api.fault(504, verb="list", path="/nodes$", times=1)
    outcome = run(arguments, check=True)
    assert (outcome["unknown"], outcome["identity"]["nodes"]) == ([], ["b-node"])


def test_every_brokers_namespace_is_looked_through_before_it_goes(api: FakeApi, arguments: Json) -> None:
    objects = recording("installed", "east")
    broker = next(o for o in objects if o["kind"] == "Broker")
    second = {**broker, "metadata": {"name": "submariner-broker", "namespace": "my-broker"}}
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "my-broker"}}
    database = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "my-broker"}}
    api.cluster.load([*objects, place, second, database])
    outcome = run({**arguments, "scope": ["broker"], "fleet": OURS}, check=True)
    assert "Namespace submariner-k8s-broker" in {f"{o['kind']} {o['name']}" for o in outcome["plan"]}
    assert [o["name"] for o in outcome["kept"]] == ["my-broker"]
    api.fault(403, verb="list", path="/my-broker/statefulsets")
    assert run({**arguments, "scope": ["broker"], "fleet": OURS}, check=True)["unknown"] == ["broker-statefulsets"]


def test_what_a_member_that_joins_meanwhile_keeps_is_not_called_removed(
    api: FakeApi, arguments: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.cluster.load(recording("installed", "east"))
    act = _removal.Removal._act

    def act_and_join(self: _removal.Removal, *how: t.Any) -> None:
        if not api.writes:
            api.cluster.create(ENDPOINTS, {"metadata": {"name": "north"}, "spec": {"cluster_id": "north"}}, BROKER)
        act(self, *how)

    monkeypatch.setattr(_removal.Removal, "_act", act_and_join)
    outcome = run({**arguments, "scope": ["broker"], "fleet": OURS})
    assert [f["id"] for f in outcome["findings"]] == ["broker.in-use"]
    assert api.cluster.get(NAMESPACES, "", BROKER)
    assert {f"{o['kind']} {o['name']}" for o in outcome["removed"]} == {"Broker submariner-broker"}
    assert (outcome.changed, outcome["remaining"]) == (True, [])


def test_the_records_on_the_broker_go_after_the_cluster_is_clean(
    api: FakeApi, other_api: FakeApi, arguments: Json, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(recording("west-uninstalled", "west"))
    other_api.cluster.load(recording("label-removed-first", "east"))
    broker = {"kubeconfig": other_api.kubeconfig(tmp_path, "east"), "context": "east"}
    outcome = run({**arguments, "departure": "rejoin", "broker": broker})
    assert not outcome.failed, outcome.msg
    left = other_api.cluster.objects(("submariner.io", "endpoints"), "submariner-k8s-broker")
    assert [o["spec"]["cluster_id"] for o in left] == ["east"]
    assert other_api.cluster.get(("", "serviceaccounts"), "submariner-k8s-broker", "cluster-west")


def test_an_api_server_that_does_not_answer_is_one_clear_line(tmp_path: pathlib.Path) -> None:
    with FakeApi() as api:
        kubeconfig = api.kubeconfig(tmp_path, "west")
    outcome = run({"kubeconfig": kubeconfig, "context": "west", "cluster_id": "west"})
    assert outcome.failed
    assert "connection refused" in outcome.msg
    assert "submariner_kubeconfig" in outcome.msg


def test_a_missing_context_is_named(api: FakeApi, arguments: Json) -> None:
    outcome = run({**arguments, "context": "nowhere"})
    assert outcome.failed
    assert "'nowhere'" in outcome.msg


def test_waiting_costs_no_requests(api: FakeApi, arguments: Json) -> None:
    """However long: what is there is listed, then watched, and listed once more as the proof."""
    api.cluster.load(recording("west-uninstalled", "west"))
    asked = []
    for settle in (1, 3):
        begin = len(api.requests)
        assert run({**arguments, "settle": settle})["verdict"] == "pass"
        asked.append(sorted((r.verb, r.path) for r in api.requests[begin:] if r.verb != "watch"))
    assert asked[0] == asked[1]
    assert max(asked[0].count(one) for one in asked[0]) <= 5  # identity and first plan, begin, watch, proof


def test_what_comes_back_while_it_is_watched_goes_too(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("west-uninstalled", "west"))
    role: Json = {"metadata": {"name": "submariner-gateway"}, "rules": []}
    kind = ("rbac.authorization.k8s.io", "clusterroles")
    api.after(1.0, lambda: api.cluster.create(kind, role))
    outcome = run({**arguments, "settle": 3})
    assert outcome["verdict"] == "pass", outcome.msg
    assert "ClusterRole submariner-gateway" in {f"{o['kind']} {o['name']}" for o in outcome["removed"]}
    assert api.cluster.objects(kind) == []


def test_clean_at_the_deadline_is_not_settled_yet(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("west-uninstalled", "west"))
    outcome = run({**arguments, "timeout": 1, "settle": 3})
    assert outcome["verdict"] == "pass", outcome.msg
    assert outcome["seconds"] >= 3


def test_what_comes_back_again_and_again_never_settles(api: FakeApi, arguments: Json) -> None:
    api.cluster.load(recording("west-uninstalled", "west"))
    kind = ("rbac.authorization.k8s.io", "clusterroles")

    def come_back() -> None:
        if not api.cluster.objects(kind):
            api.cluster.create(kind, {"metadata": {"name": "submariner-gateway"}, "rules": []})
        api.after(0.4, come_back)

    come_back()
    outcome = run({**arguments, "timeout": 2, "settle": 3})
    assert (outcome.failed, outcome["verdict"]) == (True, "fail")
    assert {f["id"] for f in outcome["findings"]} <= {"cleanup.not-settled", "cleanup.remaining"}
    assert outcome["identity"]["absent"] is False
