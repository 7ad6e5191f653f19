# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the reading over the judgement to the broker without west: the modules against two API servers, one of them dead."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _removal, _wait, _watching
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info, evict, evict_check, wait_for_eviction
from tests.unit.clusterset import BROKER, ENDPOINTS, GATEWAYS, OPERATOR, Clusterset
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
CLUSTERS = ("submariner.io", "clusters")
ACCOUNTS, SECRETS = ("", "serviceaccounts"), ("", "secrets")
IMPORTS, SLICES = ("multicluster.x-k8s.io", "serviceimports"), ("discovery.k8s.io", "endpointslices")
MAPS = ("", "configmaps")
BINDINGS = ("rbac.authorization.k8s.io", "rolebindings")
SILENT = "https://172.31.2.4:6443 does not answer: timed out."


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)
    monkeypatch.setattr(_wait, "PAUSE", 0.05)


def cut_off(fleet: Clusterset) -> None:
    """What east's gateway says of a west that does not answer any more."""
    fleet.beat()
    fleet.change(fleet.east, GATEWAYS, lambda g: g["status"]["connections"][0].update(status="error"))


def judge(fleet: Clusterset, *names: str, west: bool = False, **more: t.Any) -> Outcome:
    digests: Json = {"east": {}, "west": {}}
    for name, api in (("east", fleet.east), *([("west", fleet.west)] if west else [])):
        sections = {"cluster_id": name, "sections": ["records", "broker"], "digest_only": True}
        read = run_module(cluster_info.main, {**fleet.access(api), **sections})
        assert not read.failed, read.msg
        digests[name] = read["digest"]
    words = {} if west else {"unanswered": {"west": SILENT}}
    asked = {"cluster_ids": list(names) or ["west"], "digests": digests, "broker": "east", "ids": {"west": "west"}}
    return run_module(evict_check.main, {**asked, "members": ["east", "west"], **words, **more})


def remove(fleet: Clusterset, clusters: list[Json], **how: bool) -> Outcome:
    return run_module(evict.main, {**fleet.access(fleet.east), "clusters": clusters, "timeout": 3}, **how)


def wait(fleet: Clusterset, timeout: int = 3, connected: tuple[str, ...] = ()) -> Outcome:
    of_east = {"cluster_id": "east", "evicted": ["west"], "connected": list(connected), "timeout": timeout}
    return run_module(wait_for_eviction.main, {**fleet.access(fleet.east), **of_east})


def named(fleet: Clusterset, kind: tuple[str, str]) -> list[str]:
    return [o["metadata"]["name"] for o in fleet.east.cluster.objects(kind, BROKER)]


# -- judging --------------------------------------------------------------------------------------------------------------


def test_what_is_read_is_enough_to_judge(fleet: Clusterset) -> None:
    fleet.beat()
    alive = judge(fleet, west=True)
    assert (alive["proven"], alive["cases"][0]["signs"][0]["says"]) == (False, "lives")
    assert [f["id"] for f in alive["findings"]] == ["evict.lives"]
    cut_off(fleet)
    dead = judge(fleet)
    assert (dead["proven"], dead["findings"], dead["not_shown"]) == (True, [], [])
    assert (dead["namespace"], dead["connected"]) == (BROKER, {"east": []})
    assert dead["lines"] == [
        "Signs that 'west' is dead: proven",
        f"  host west                silent        was not read, which alone is no death: {SILENT.rstrip('.')}",
        "  peer east                fails         gets no answer from it: error",
    ]


def test_gateways_of_unknown_age_prove_nothing(fleet: Clusterset) -> None:
    cut_off(fleet)
    fleet.change(fleet.east, GATEWAYS, lambda g: g["metadata"].update(managedFields=[]))
    assert not judge(fleet)["proven"]
    assert judge(fleet, ghosts=["west"])["proven"]


def test_without_a_broker_there_is_nothing_to_evict_from(fleet: Clusterset) -> None:
    fleet.east.fault(403, verb="list", path="/clusters$")
    done = judge(fleet)
    assert done.failed
    assert "The broker on east could not be read" in done.msg


# -- removing -------------------------------------------------------------------------------------------------------------


def test_what_is_there_is_seen_by_the_id_alone(fleet: Clusterset) -> None:
    there = remove(fleet, [{"cluster_id": "west"}, {"cluster_id": "north"}], check=True)
    assert (there.failed, there["present"], there["registered"]) == (False, ["west"], ["east", "west"])
    assert {p["kind"] for p in there["plan"]} >= {"Endpoint", "Cluster", "ServiceAccount", "RoleBinding", "Secret"}
    assert fleet.east.writes == []


@pytest.mark.parametrize("check", [False, True])
def test_the_diff_shows_what_changes_in_tables_and_imports_that_stay(fleet: Clusterset, check: bool) -> None:
    shared = {"timestamp.submariner.io/east": "1", "timestamp.submariner.io/west": "2"}
    imports = ("multicluster.x-k8s.io", "serviceimports")
    fleet.change(fleet.east, imports, lambda o: o["metadata"]["annotations"].update(shared), namespace=BROKER)
    cut_off(fleet)
    diff = remove(fleet, judge(fleet)["cases"], check=check, diff=True)["diff"]
    table = f"ConfigMap {BROKER}/submariner-clustersetip-info"
    for side, there in (("before", True), ("after", False)):
        assert table in diff[side]
        assert f"ServiceImport {BROKER}/web-default" in diff[side]
        assert ('"cluster_id": "west"' in diff[side]) is there
        assert ("timestamp.submariner.io/west: 2" in diff[side]) is there
        assert '"cluster_id": "east"' in diff[side]
        assert ("ServiceAccount" in diff[side]) is there
    assert diff["before_header"] == "on the broker of evicted clusters"


def test_west_goes_and_east_stays(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    done = remove(fleet, cases, diff=True)
    assert (done.failed, done.changed, done["verdict"], done["remaining"]) == (False, True, "pass", []), done.msg
    assert (named(fleet, CLUSTERS), len(named(fleet, ENDPOINTS))) == (["east"], 1)
    assert named(fleet, ACCOUNTS) == ["cluster-east", "default", "submariner-k8s-broker-admin"]
    assert not [n for kind in (BINDINGS, SECRETS) for n in named(fleet, kind) if "west" in n]
    assert "gets no answer from it: error" in done["diff"]["before"]
    assert "ServiceAccount" not in done["diff"]["after"]
    deletes = fleet.east.asked("delete")
    assert len(deletes) == len([o for o in done["removed"] if o["action"] == "delete"])
    assert len(done["removed"]) == len(done["plan"])
    assert all(r.body["preconditions"]["uid"] for r in deletes)
    records = [r.path.split("/")[-2] for r in deletes if "submariner.io" in r.path]
    assert records == ["endpoints", "clusters"]

    again = remove(fleet, cases)
    assert (again.failed, again.changed, again["plan"], again["present"]) == (False, False, [], [])


def test_check_mode_shows_and_writes_nothing(fleet: Clusterset) -> None:
    cut_off(fleet)
    done = remove(fleet, judge(fleet)["cases"], check=True, diff=True)
    assert (done.changed, done["removed"]) == (True, [])
    assert "Cluster submariner-k8s-broker/west: peer east gets no answer from it" in done["diff"]["before"]
    assert fleet.east.writes == []


@pytest.mark.parametrize("like", [{"cluster_id": "west"}, {"cluster_id": "west", "proven": True}])
def test_what_was_not_judged_is_refused(fleet: Clusterset, like: Json) -> None:
    done = remove(fleet, [like])
    assert done.failed
    assert "evict_check" in done.msg
    assert fleet.east.requests == []


def test_what_is_not_proven_is_refused(fleet: Clusterset) -> None:
    fleet.beat()
    done = remove(fleet, judge(fleet, west=True)["cases"])
    assert done.failed
    assert fleet.east.writes == []


def test_a_record_that_changed_since_keeps_everything(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    fleet.second_endpoint(fleet.east)
    done = remove(fleet, cases)
    assert done.failed
    assert "Nothing was removed: [evict.record-changed] Endpoint" in done.msg
    assert fleet.east.writes == []


def test_what_comes_back_is_a_sign_of_life(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    endpoint = next(name for name in named(fleet, ENDPOINTS) if name.startswith("west"))
    (access,) = [o for o in fleet.east.cluster.objects(BINDINGS, BROKER) if "west" in o["metadata"]["name"]]
    name = access["metadata"]["name"]

    def hold(body: Json) -> None:
        """It takes its time, which keeps the removal going until then."""
        body["metadata"]["finalizers"] = ["example.org/slow"]

    def come_back() -> None:
        if name in named(fleet, BINDINGS):
            fleet.east.after(0.05, come_back)
        else:
            fleet.east.cluster.create(BINDINGS, {**access, "metadata": {"name": name}}, BROKER)

    fleet.change(fleet.east, ENDPOINTS, hold, name=endpoint, namespace=BROKER)
    come_back()
    done = remove(fleet, cases)
    assert done.failed
    assert "came back after it was removed" in done.msg
    assert name in named(fleet, BINDINGS)
    assert {o["name"] for o in done["remaining"]} >= {name, endpoint}
    assert endpoint not in {o["name"] for o in done["removed"]}
    assert len(fleet.east.asked("delete", f"/rolebindings/{name}")) == 1


def test_what_was_asked_to_go_and_is_held_is_a_change(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    for kind in (ENDPOINTS, CLUSTERS, ACCOUNTS, BINDINGS, SECRETS, IMPORTS, SLICES):
        fleet.change(
            fleet.east, kind, lambda o: o["metadata"].update(finalizers=["example.org/hold"]), namespace=BROKER
        )
    fleet.change(fleet.east, MAPS, lambda o: o.update(data={}), namespace=BROKER)
    done = remove(fleet, cases)
    assert (done.failed, done.changed, done["removed"]) == (True, True, [])
    assert "Not proven gone from the broker" in done.msg
    assert "example.org/hold" in done.msg


def test_nothing_goes_when_a_kind_is_not_answered(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    fleet.east.fault(403, verb="list", path="/rolebindings$")
    done = remove(fleet, cases)
    assert done.failed
    assert "Nothing was removed" in done.msg
    assert (done["verdict"], done["unknown"]) == ("unknown", ["rolebindings on the broker"])
    assert fleet.east.writes == []


def test_a_refused_deletion_is_named(fleet: Clusterset) -> None:
    cut_off(fleet)
    cases = judge(fleet)["cases"]
    fleet.east.fault(403, verb="delete", path="/clusters/", message="no deleting here")
    done = remove(fleet, cases)
    assert done.failed
    assert "no deleting here" in done.msg
    assert [o["name"] for o in done["remaining"]] == ["west"]


# -- peers ----------------------------------------------------------------------------------------------------------------


def drop(fleet: Clusterset) -> None:
    """What east's running gateway does with the copies of a cluster that went (submariner.md 4.3)."""
    for kind in (ENDPOINTS, CLUSTERS):
        for local in fleet.east.cluster.objects(kind, OPERATOR):
            if local["spec"]["cluster_id"] == "west":
                fleet.east.cluster.delete(kind, OPERATOR, local["metadata"]["name"])
    fleet.change(fleet.east, GATEWAYS, lambda g: g["status"].update(connections=[]))


def test_a_running_gateway_is_waited_for(fleet: Clusterset) -> None:
    cut_off(fleet)
    fleet.once_asked(fleet.east, "list", lambda: drop(fleet))
    done = wait(fleet, timeout=20, connected=("west",))
    assert (done.failed, done["findings"], done["copies"], done["connections"]) == (False, [], [], {}), done.msg


def test_a_copy_that_stays_is_named_at_the_deadline(fleet: Clusterset) -> None:
    cut_off(fleet)
    done = wait(fleet, timeout=1)
    assert done.failed
    assert {f["id"] for f in done["findings"]} == {"evict.copy-left", "evict.connection-left"}
    assert len(done["copies"]) == 2
    assert "east did not lose west alone" in done.msg


def test_where_no_gateway_runs_nothing_is_waited_for(fleet: Clusterset) -> None:
    cut_off(fleet)
    fleet.east.clock_offset = 300.0  # five minutes later
    done = wait(fleet, timeout=60)
    assert (done.failed, done["verdict"], done["seconds"] < 20) == (False, "degraded", True)
    (finding,) = done["findings"]
    assert (finding["id"], finding["severity"]) == ("evict.copy-left", "warning")
    assert "repair" in finding["hint"]


def test_another_connection_that_went_is_named(fleet: Clusterset) -> None:
    fleet.beat()
    drop(fleet)
    done = wait(fleet, timeout=0, connected=("north", "west"))
    assert done.failed
    assert [(f["id"], f["subject"]) for f in done["findings"]] == [("evict.connection-lost", "peer east -> north")]


def test_a_peer_without_an_answer_is_unknown(fleet: Clusterset) -> None:
    fleet.beat()
    fleet.east.fault(403, verb="list", path="/endpoints$")
    done = wait(fleet, timeout=0)
    assert (done.failed, done["verdict"]) == (True, "unknown")
