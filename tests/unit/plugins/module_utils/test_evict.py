# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as the death of a cluster: recorded pairs of which west is cut off, and every sign of life and of doubt."""

from __future__ import annotations

import copy
import functools
import pathlib
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _evict as evict
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.eviction import check_eviction, connections
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._evict import Case, Eviction, Question, connected
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
BROKER, OPERATOR = "submariner-k8s-broker", "submariner-operator"
README = pathlib.Path(__file__).parents[4] / "roles" / "evict" / "README.md"
CABLE = "submariner-cable-west-172-31-2-4"
ERROR = f"west error {CABLE} no answer to its pings"


@functools.cache
def _recorded(state: str) -> Json:
    return {name: digest(snapshot_of(recording(state, name)), name) for name in ("east", "west")}


class Clusters:
    """Digests of a recorded pair whose gateways reported a moment ago, to be changed by a test."""

    def __init__(self, state: str = "healthy-two-nodes") -> None:
        self.digests: Json = copy.deepcopy(_recorded(state))
        self.ids = {"east": "east", "west": "west"}
        for name in self.digests:
            self.age(name, 3.0)

    def age(self, name: str, seconds: t.Any) -> None:
        for gateway in self.digests[name]["gateways"]:
            gateway["age"] = seconds

    def says(self, name: str, *lines: str) -> None:
        """What the gateway of C(name) says of its connections."""
        self.digests[name]["gateways"][0]["connections"] = list(lines)

    def cut_off(self) -> Clusters:
        """West does not answer, and east's health check fails."""
        self.digests["west"] = {}
        self.says("east", ERROR)
        return self

    def add(self, name: str, *lines: str) -> None:
        """One more member, like east but for its ID, with what its gateway says of its connections."""
        made = copy.deepcopy(_recorded("healthy-two-nodes")["west"])
        made.update(cluster_id=name, wanted_id=name, own_endpoints=[], uid=name, brokers=[])
        made["identity"] = {"ids": [name]}
        self.digests[name], self.ids[name] = made, name
        self.age(name, 3.0)
        self.says(name, *lines)

    @property
    def broker(self) -> Json:
        found: Json = self.digests["east"]["brokers"][0]
        return found

    def register(self, cluster_id: str, **more: t.Any) -> None:
        like = next(e for e in self.broker["endpoints"] if e["cluster_id"] == "west")
        other = {"name": f"{cluster_id}-cable", "cluster_id": cluster_id, "origin": cluster_id, "cable_name": "cable"}
        place = {"private_ip": "10.9.9.9", "hostname": "far", "subnets": ["10.99.0.0/16"]}
        self.broker["endpoints"].append({**like, **other, **place, **more})
        self.broker["clusters"].append({"name": cluster_id, "cluster_id": cluster_id, "cluster_cidr": ["10.99.0.0/16"]})

    def question(self, *evicted: str, **more: t.Any) -> Question:
        fleet = Fleet.of(self.digests, "east", list(self.ids), **more)
        assert fleet.broker is not None
        return Question.of(fleet, fleet.broker, evicted or ("west",), self.ids)

    def case(self, cluster_id: str = "west", *others: str, word: bool = False) -> Case:
        dead = frozenset([cluster_id] if word else [])
        return self.question(cluster_id, *others, declared_dead=dead).case(cluster_id)


@pytest.fixture
def clusters() -> Clusters:
    return Clusters()


def told(case: Case) -> dict[str, str]:
    return {s.who: s.says for s in case.signs}


# -- proof ----------------------------------------------------------------------------------------------------------------


def test_a_peers_failed_health_check_is_proof(clusters: Clusters) -> None:
    case = clusters.cut_off().case()
    assert case.proven
    assert told(case) == {"host west": "silent", "peer east": "fails"}
    assert case.why == "peer east gets no answer from it: error, no answer to its pings"
    assert [(r["kind"], r["name"]) for r in case.records] == [
        ("Endpoint", f"west-{CABLE}"),
        ("Cluster", "west"),
    ]
    assert case.findings() == []


def test_no_answer_alone_is_no_death(clusters: Clusters) -> None:
    clusters.cut_off()
    clusters.says("east")
    case = clusters.case()
    assert (case.proven, told(case)) == (False, {"host west": "silent", "peer east": "silent"})
    (finding,) = case.findings()
    assert finding.id == "evict.not-proven"
    assert "host west was not read, which alone is no death: no answer" in finding.observed
    assert "submariner_ghosts: [west]" in finding.hint


def test_the_reason_for_no_answer_is_said(clusters: Clusters) -> None:
    clusters.cut_off()
    case = clusters.question(unanswered={"west": "it timed out."}).case("west")
    assert "no death: it timed out" in case.signs[0].observed


def test_a_cluster_without_an_installation_is_gone() -> None:
    clusters = Clusters("label-removed-first")
    case = clusters.case()
    assert told(case) == {"host west": "gone", "peer east": "silent"}, "a node that kept its tunnel answers pings"
    assert case.proven
    assert case.why == "host west answers, and has no installation"
    clusters.says("east")
    assert clusters.case().proven, "no peer is needed for it"


def test_a_connection_to_other_nodes_than_those_of_the_empty_cluster_is_life() -> None:
    """Its ID and pod CIDRs may be another cluster's, too."""
    clusters = Clusters("label-removed-first")
    for record in clusters.broker["endpoints"]:
        record["hostname"] = "elsewhere" if record["cluster_id"] == "west" else record["hostname"]
    case = clusters.case(word=True)
    assert told(case) == {"host west": "gone", "peer east": "lives", "user": "declared dead"}
    assert not case.proven


def test_records_of_other_nodes_are_not_proven_by_an_empty_cluster() -> None:
    """A cluster that was built anew under the ID of a dead one says nothing of that; its peers do."""
    clusters = Clusters("label-removed-first")
    clusters.says("east")
    for record in clusters.broker["endpoints"]:
        record.update(private_ip="10.9.9.9", hostname="elsewhere", subnets=["10.99.0.0/16"])
    for record in clusters.broker["clusters"]:
        record["cluster_cidr"] = ["10.99.0.0/16"]
    case = clusters.case()
    assert (case.proven, told(case)["host west"]) == (False, "silent")
    clusters.says("east", ERROR)
    assert clusters.case().proven


def test_a_cluster_that_no_host_has_is_proven_by_its_peers(clusters: Clusters) -> None:
    clusters.register("north")
    clusters.says("east", f"west connected {CABLE}", "north error cable")
    clusters.says("west", "east connected cable", "north error cable")
    case = clusters.case("north")
    assert told(case) == {"inventory": "silent", "peer east": "fails", "peer west": "fails"}
    assert case.proven
    clusters.says("west", "east connected cable")
    assert clusters.case("north").proven, "a peer without a connection loses none"


def test_an_access_without_records_needs_the_users_word(clusters: Clusters) -> None:
    assert not clusters.case("north").proven
    case = clusters.case("north", word=True)
    assert (case.proven, case.records) == (True, [])
    assert case.why == "user declares it dead in submariner_ghosts"


def test_the_gateways_of_a_cluster_that_answers_are_down_for_long_enough(clusters: Clusters) -> None:
    clusters.says("east", ERROR)
    for seconds, says in ((3.0, "lives"), (45.0, "not proven"), (119.0, "not proven"), (121.0, "fails")):
        clusters.age("west", seconds)
        assert told(clusters.case())["host west"] == says
        assert clusters.case().proven is (says == "fails")


# -- doubt ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "observed"),
    [
        (lambda c: c.digests["east"].update(health_check=False), "has its health check off"),
        (lambda c: c.digests["east"].update(health_check=None), "has its health check off"),
        (lambda c: c.age("east", 60.0), "has no gateway that is known to be up to date"),
        (lambda c: c.age("east", None), "has no gateway that is known to be up to date"),
        (lambda c: c.digests["east"].update(gateways=[]), "has no gateway that is known to be up to date"),
        (lambda c: c.says("east", f"west connecting {CABLE}"), "says connecting of it"),
        (lambda c: c.says("east", f"west connected {CABLE} nothing has measured it"), "but nothing has measured it"),
        (lambda c: c.says("east", ERROR, f"west connecting {CABLE}"), "says error of it"),
        (lambda c: c.digests["east"]["unknown"].update(gateways="403"), "was not read"),
    ],
)
def test_a_peer_that_proves_nothing_leaves_it_to_the_user(
    clusters: Clusters, change: t.Callable[[Clusters], object], observed: str
) -> None:
    clusters.cut_off()
    change(clusters)
    case = clusters.case()
    assert told(case)["peer east"] == "not proven"
    assert not case.proven
    assert observed in case.findings()[0].observed
    assert clusters.case(word=True).proven


def test_all_peers_must_be_asked(clusters: Clusters) -> None:
    clusters.cut_off()
    clusters.digests["north"], clusters.ids["north"] = {}, "north"
    case = clusters.case()
    assert (case.proven, told(case)["peer north"]) == (False, "not proven")
    assert clusters.case(word=True).proven
    assert [(f.id, f.severity, f.subject) for f in clusters.question().not_shown()] == [
        ("evict.not-shown", "unknown", "peer north")
    ]


def test_a_peer_that_nobody_manages_cannot_be_asked(clusters: Clusters) -> None:
    clusters.cut_off()
    clusters.register("north")
    case = clusters.case()
    assert (case.proven, told(case)["peer north"]) == (False, "not proven")
    assert [(f.severity, f.subject) for f in clusters.question().not_shown()] == [("warning", "peer north")]
    clusters.says("east", ERROR, "north error cable")
    assert clusters.case("west", "north").proven, "both are to go"
    assert clusters.case("north", "west").proven


def test_a_host_that_has_left_is_no_peer(clusters: Clusters) -> None:
    clusters.cut_off()
    clusters.add("north")
    clusters.digests["north"].update(installed=False, going=False)
    assert "peer north" not in told(clusters.case())


# -- life -----------------------------------------------------------------------------------------------------------------


def test_a_living_cluster_is_refused_whatever_the_user_says(clusters: Clusters) -> None:
    for word in (False, True):
        case = clusters.case(word=word)
        assert (told(case)["host west"], told(case)["peer east"], case.proven) == ("lives", "lives", False)
        (finding,) = case.findings()
        assert finding.id == "evict.lives"
        assert "uninstall --limit west" in finding.hint
        assert "submariner_ghosts" not in finding.hint


def test_one_peer_that_is_connected_is_enough(clusters: Clusters) -> None:
    clusters.cut_off()
    clusters.add("north", f"west connected {CABLE}")
    case = clusters.case(word=True)
    assert (told(case)["peer east"], told(case)["peer north"], case.proven) == ("fails", "lives", False)


def test_an_old_claim_of_a_connection_is_no_life(clusters: Clusters) -> None:
    clusters.digests["west"] = {}
    clusters.age("east", 60.0)
    assert clusters.case(word=True).proven
    clusters.age("east", None)
    assert not clusters.case(word=True).proven, "it may be a fresh one"


@pytest.mark.parametrize(
    "change",
    [
        lambda west: west["unknown"].update(gateways="forbidden"),
        lambda west: west["unknown"].update(submariners="timed out"),
        lambda west: west.update(schema=99),
        lambda west: west["gateways"][0].update(age=None),
        lambda west: west["gateways"][0].update(age="soon"),
        lambda west: west["gateways"][0].update(age=float("nan")),
        lambda west: west["gateways"][0].update(age=-600.0),
    ],
)
def test_what_answers_is_asked_and_not_judged_by_a_word(clusters: Clusters, change: t.Callable[[Json], object]) -> None:
    clusters.says("east", ERROR)
    clusters.age("west", 600.0)
    assert clusters.case().proven
    change(clusters.digests["west"])
    case = clusters.case(word=True)
    assert (told(case)["host west"], case.proven) == ("unread", False)
    assert case.findings()[0].id == "evict.not-proven"


def test_a_gateway_that_stands_by_is_life(clusters: Clusters) -> None:
    clusters.says("east", ERROR)
    clusters.digests["west"]["gateways"][0]["status"] = "passive"
    assert told(clusters.case())["host west"] == "lives"


def test_a_cluster_that_is_being_uninstalled_is_left_to_that(clusters: Clusters) -> None:
    clusters.says("east", ERROR)
    clusters.age("west", 600.0)
    clusters.digests["west"].update(installed=False, going=True)
    case = clusters.case()
    assert (told(case)["host west"], case.proven) == ("not proven", False)
    assert "let the uninstall end" in case.findings()[0].hint


def test_the_id_that_a_host_had_before_is_for_repair() -> None:
    """submariner#3411: its routes are those of the living cluster behind the same gateway."""
    clusters = Clusters("joined-as-second-id")
    clusters.ids["west"] = "west2"
    clusters.digests["west"]["wanted_id"] = "west2"
    clusters.says("east", "west error cable", "west2 connected cable2")
    case = clusters.case("west", word=True)
    assert (told(case)["record"], case.proven) == ("lives", False)
    assert "run the playbook repair" in case.findings()[0].hint


def test_a_host_that_is_joined_under_another_id_lives(clusters: Clusters) -> None:
    clusters.says("east", ERROR)
    clusters.digests["west"]["cluster_id"] = "west2"
    case = clusters.case("west", word=True)
    assert (told(case)["host west"], case.proven) == ("lives", False)
    assert "set submariner_cluster_id of west to 'west2'" in case.findings()[0].hint


def test_the_host_that_is_joined_under_the_id_is_asked_whatever_the_inventory_says(clusters: Clusters) -> None:
    clusters.says("east", ERROR)
    clusters.ids["west"] = clusters.digests["west"]["wanted_id"] = "other"
    assert told(clusters.case())["host west"] == "lives"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["brokers", "copies", "gateways", "going", "health_check", "identity", "installed", "own_endpoints", "unknown"]
odd = st.dictionaries(st.sampled_from(FIELDS), values)
ages = st.none() | st.floats(0, 300)
lines = st.sampled_from(
    ["", f"west connected {CABLE}", ERROR, f"west connecting {CABLE}", f"west connected {CABLE} doubt"]
)


@given(odd, odd, st.booleans())
def test_a_living_cluster_is_never_evicted_however_odd_the_rest_is(of_west: Json, of_east: Json, word: bool) -> None:
    clusters = Clusters()
    clusters.add("north", f"west connected {CABLE}")
    clusters.digests["west"].update({k: v for k, v in of_west.items() if k != "installed"})
    clusters.digests["east"].update({k: v for k, v in of_east.items() if k != "brokers"})
    assert not clusters.case(word=word).proven


@given(st.lists(st.tuples(ages, st.booleans(), lines), min_size=1, max_size=4), st.none() | ages, st.booleans())
def test_any_sign_of_life_refuses_and_nothing_but_a_failure_or_a_word_proves(
    peers: list[tuple[float | None, bool, str]], own: float | None, word: bool
) -> None:
    clusters = Clusters()
    clusters.says("east")
    clusters.digests["west"] = {} if own is None else {**clusters.digests["west"]}
    if own is not None:
        clusters.age("west", own)
    for number, (age, checked, line) in enumerate(peers):
        clusters.add(f"n{number}", *([line] if line else []))
        clusters.age(f"n{number}", age)
        clusters.digests[f"n{number}"]["health_check"] = checked
    case = clusters.case(word=word)
    up = [(age is None or age <= 20, checked, line) for age, checked, line in peers]
    alive = (own is not None and own <= 20) or any(u and c and x == f"west connected {CABLE}" for u, c, x in up)
    fails = any(age is not None and age <= 20 and c and x == ERROR for age, c, x in peers)
    if alive:
        assert not case.proven
    elif word:
        assert case.proven
    elif case.proven:
        assert fails or (own is not None and own >= 120)


# -- what goes ------------------------------------------------------------------------------------------------------------


def broker(state: str = "healthy-two-nodes", *more: Json) -> Snapshot:
    return snapshot_of([*copy.deepcopy(recording(state, "east")), *more])


def judged(state: str = "healthy-two-nodes", cluster_id: str = "west") -> Json:
    clusters = Clusters(state)
    return {**clusters.case(cluster_id).as_dict(), "proven": True, "why": "peer east gets no answer from it"}


def test_records_and_access_of_that_cluster_alone_go() -> None:
    found = Eviction(BROKER, [judged()]).plan(broker())
    assert {o.label.replace(f"{BROKER}/", "") for o in found.owned} >= {
        f"Endpoint west-{CABLE}",
        "Cluster west",
        "ServiceAccount cluster-west",
        "RoleBinding cluster-west-submariner-k8s-broker-cluster",
        "Secret cluster-west-token-9lc5j",
    }
    assert not [o.label for o in found.owned if "east" in o.name or "admin" in o.name]
    assert all(o.uid for o in found.owned)
    assert next(o.why for o in found.owned if o.kind == "Endpoint") == "peer east gets no answer from it"


def test_another_id_of_the_same_nodes_stays() -> None:
    """A departed cluster takes what its nodes have under other IDs with it; a dead one is known by its ID alone."""
    found = Eviction(BROKER, [judged("joined-as-second-id", "west")]).plan(broker("joined-as-second-id"))
    assert {o.name for o in found.owned if o.kind in ("Endpoint", "Cluster")} == {
        "west-submariner-cable-west-10-202-0-2",
        "west",
    }
    assert not [o.name for o in found.owned if "west2" in o.name]


def test_a_record_that_is_not_what_was_judged_keeps_everything() -> None:
    changed = broker()
    (record,) = [o for o in changed.objects("endpoints", BROKER) if o["spec"]["cluster_id"] == "west"]
    record["spec"]["private_ip"] = "10.9.9.9"
    found = Eviction(BROKER, [judged()]).plan(changed)
    assert found.owned == []
    assert [(f.id, f.severity) for f in found.findings] == [("evict.record-changed", "error")]


def test_what_comes_back_is_left_alone() -> None:
    eviction = Eviction(BROKER, [judged()])
    assert eviction.plan(broker()).owned
    again = broker()
    for obj in again.objects("clusters", BROKER):
        obj["metadata"]["uid"] = "made-anew"
    found = eviction.plan(again)
    assert found.owned == []
    assert "Cluster submariner-k8s-broker/west on the broker came back" in found.findings[0].line().replace(
        ": came", " came"
    )


def test_unknown_is_never_gone() -> None:
    unread = broker()
    unread.readings["broker-secrets"].state = "unknown"
    found = Eviction(BROKER, [judged()]).plan(unread)
    assert [f.id for f in found.unread] == ["broker.unread"]


def test_who_has_anything_there() -> None:
    assert Eviction(BROKER, [{"cluster_id": i} for i in ("west", "north")]).present(broker()) == ["west"]


# -- afterwards -----------------------------------------------------------------------------------------------------------


def member(age: float | None = 3.0, *, without: tuple[str, ...] = (), reaches: tuple[str, ...] = ()) -> Snapshot:
    """East after the clusters C(without) went, connected to C(reaches)."""
    objects = copy.deepcopy(recording("healthy-two-nodes", "east"))
    kept = [o for o in objects if not (o["kind"] in ("Endpoint", "Cluster") and o["spec"]["cluster_id"] in without)]
    snapshot = snapshot_of(kept)
    snapshot.clock = 1_800_000_000.0
    for gateway in snapshot.objects("gateways", OPERATOR):
        like = gateway["status"]["connections"][0]
        gateway["status"]["connections"] = [
            {**like, "endpoint": {**like["endpoint"], "cluster_id": name}} for name in reaches
        ]
        gateway["metadata"]["written"] = "" if age is None else _time(1_800_000_000 - age)
    return snapshot


def _time(epoch: float) -> str:
    import datetime

    return datetime.datetime.fromtimestamp(epoch, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def after(snapshot: Snapshot, *before: str) -> list[tuple[str, str]]:
    return [(f.id, f.severity) for f in check_eviction(snapshot, "east", ["west"], before)]


def test_a_peer_that_lost_it_alone() -> None:
    assert after(member(without=("west",), reaches=("north",)), "west", "north") == []


def test_a_copy_is_waited_for_while_a_gateway_runs() -> None:
    assert after(member(reaches=())) == [("evict.copy-left", "error")]
    assert after(member(None)) == [("evict.copy-left", "error")]


def test_a_copy_that_nobody_drops_is_for_repair() -> None:
    (finding,) = check_eviction(member(600.0), "east", ["west"], [])
    assert (finding.id, finding.severity, finding.hint) == ("evict.copy-left", "warning", "run the playbook repair")


def test_a_connection_to_it_is_left() -> None:
    assert after(member(without=("west",), reaches=("west",)), "west") == [("evict.connection-left", "error")]


def test_another_connection_is_lost() -> None:
    lost = member(without=("west",), reaches=("north",))
    lost.objects("gateways", OPERATOR)[0]["status"]["connections"][0]["status"] = "error"
    findings = check_eviction(lost, "east", ["west"], ["north", "south", "west"])
    assert [(f.id, f.subject) for f in findings] == [
        ("evict.connection-lost", "peer east -> north"),
        ("evict.connection-lost", "peer east -> south"),
    ]
    assert connections(lost) == {"north": "error"}


def test_a_peer_that_does_not_answer_is_unknown() -> None:
    unread = member()
    unread.readings["endpoints"].state = "unknown"
    assert after(unread) == [("evict.not-shown", "unknown")]


def test_only_fresh_claims_are_compared(clusters: Clusters) -> None:
    host = Host.of("east", clusters.digests["east"], True)
    assert connected(host) == ["west"]
    clusters.age("east", 60.0)
    assert connected(Host.of("east", clusters.digests["east"], True)) == []


# -- the table ------------------------------------------------------------------------------------------------------------


def test_the_readme_has_the_table() -> None:
    rows = dict(re.findall(r"^\| `([a-z ]+)` \| ([^|]*) \|$", README.read_text(), re.MULTILINE))
    assert {name: rows.get(name) for name in evict.MEANING} == evict.MEANING
