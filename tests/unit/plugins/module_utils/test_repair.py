# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned for recorded states, and for healthy ones with one thing broken."""

from __future__ import annotations

import copy
import functools
import pathlib
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _remedies as remedies
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._repair import Plan, plan
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
BROKER, OPERATOR = "submariner-k8s-broker", "submariner-operator"
README = pathlib.Path(__file__).parents[4] / "roles" / "repair" / "README.md"


class Clusters:
    """The objects of both clusters of a recording, to be broken by a test."""

    def __init__(self, state: str = "healthy-two-nodes") -> None:
        self.objects = {name: recording(state, name) for name in ("east", "west")}
        self.readings: list[tuple[str, str, str]] = []

    def all(self, cluster: str, kind: str, namespace: str = "") -> list[Json]:
        found = self.objects[cluster]
        return [o for o in found if o["kind"] == kind and namespace in ("", o["metadata"].get("namespace"))]

    def one(self, cluster: str, kind: str, namespace: str, cluster_id: str) -> Json:
        return next(o for o in self.all(cluster, kind, namespace) if o["spec"]["cluster_id"] == cluster_id)

    def remove(self, cluster: str, *unwanted: Json) -> None:
        self.objects[cluster] = [o for o in self.objects[cluster] if not any(o is u for u in unwanted)]

    def answer(self, cluster: str, key: str, state: str) -> None:
        """Let a reading be V(absent) or V(unknown)."""
        self.readings.append((cluster, key, state))

    def snapshot(self, cluster: str) -> Snapshot:
        snapshot = snapshot_of(self.objects[cluster])
        for name, key, state in self.readings:
            if name == cluster:
                snapshot.readings[key].state = state
                snapshot.readings[key].objects = []
        return snapshot

    def plan(self, **more: t.Any) -> Plan:
        digests = {name: digest(self.snapshot(name), name) for name in self.objects}
        return plan(Fleet.of(digests, "east", ["east", "west"], **more))


def steps(found: Plan) -> list[tuple[str, str]]:
    return [(s.host, s.action) for s in found.steps]


def reasons(found: Plan) -> dict[str, str]:
    return {f.id: why for f, why in found.unhealed}


@pytest.fixture
def clusters() -> Clusters:
    return Clusters()


# -- recordings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["healthy-two-nodes", "globalnet"])
def test_a_healthy_pair_has_nothing_to_repair(state: str) -> None:
    found = Clusters(state).plan()
    assert (found.steps, found.unhealed, found.follows) == ([], [], [])


def test_a_host_with_the_name_of_anothers_id_is_left_alone(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "east"))
    hosts = {"west": clusters.snapshot("east"), "east": clusters.snapshot("west")}
    crosswise = Fleet.of({host: digest(s, s.cluster_id) for host, s in hosts.items()}, "west", list(hosts))
    assert steps(plan(crosswise)) == [("east", "restart-gateway")], "where the cluster west is"


def test_joined_as_second_id_loses_the_first_id_and_gets_its_routes_again() -> None:
    found = Clusters("joined-as-second-id").plan()
    assert steps(found) == [("east", "remove-records"), ("east", "restart-routes")]
    removed, routes = found.steps
    assert [(x["kind"], x["name"], x["namespace"]) for x in removed.targets] == [
        ("Endpoint", "west-submariner-cable-west-10-202-0-2", BROKER),
        ("Cluster", "west", BROKER),
    ]
    assert removed.heals == ["endpoint.ghost", "cluster.ghost", "cluster.two-ids"]
    assert "joined as 'west2'" in removed.why[0]
    assert routes.targets == [{"kind": "Endpoint", "cluster_id": "west"}]
    assert "only a reinstall changes an ID" in reasons(found)["endpoint.wrong-id"]
    assert [f.id for f in found.follows] == ["connection.ghost"]


def test_a_ghost_of_a_cluster_without_installation_goes() -> None:
    found = Clusters("label-removed-first").plan()
    assert steps(found) == [("east", "remove-records")]
    assert found.steps[0].why == ["'west': west has no installation"]
    assert "playbook install" in reasons(found)["submariner.not-installed"]


def test_what_only_a_reinstall_heals_is_said() -> None:
    found = Clusters("operator-killed-mid-uninstall").plan()
    assert "reinstall" in reasons(found)["submariner.going"]
    assert reasons(found)["workload.uninstall-left"] == remedies.NO_STEP
    assert all(s.host == "east" for s in found.steps), "nothing is restarted on the cluster that is going"


# -- ghosts ---------------------------------------------------------------------------------------------------------------


def lookalike(clusters: Clusters, cluster_id: str = "north", **spec: t.Any) -> Json:
    """A record on the broker like west's, under another ID."""
    made = copy.deepcopy(clusters.one("east", "Endpoint", BROKER, "west"))
    made["metadata"].update(name=f"{cluster_id}-cable", labels={"submariner-io/clusterID": cluster_id})
    made["spec"].update({"cluster_id": cluster_id, "cable_name": "cable", **spec})
    clusters.objects["east"].append(made)
    return made


def test_the_same_cidrs_alone_are_no_proof_of_a_ghost(clusters: Clusters) -> None:
    lookalike(clusters, private_ip="10.9.9.9", hostname="somewhere")
    found = clusters.plan()
    assert not [s for s in found.steps if s.action == "remove-records"]
    assert "submariner_ghosts: [north]" in reasons(found)["endpoint.ghost"]


def test_the_same_address_alone_is_no_proof_of_a_ghost(clusters: Clusters) -> None:
    lookalike(clusters, hostname="somewhere", subnets=["10.99.0.0/16"])
    assert not [s for s in clusters.plan().steps if s.action == "remove-records"]


def test_the_same_gateway_is_proof(clusters: Clusters) -> None:
    lookalike(clusters, subnets=["10.99.0.0/16"])
    assert ("east", "remove-records") in steps(clusters.plan())


@pytest.mark.parametrize(("address", "shown"), [("192.0.2.1", True), ("192.0.2.2", False)])
def test_another_public_address_speaks_against_the_same_gateway(clusters: Clusters, address: str, shown: bool) -> None:
    clusters.one("west", "Endpoint", OPERATOR, "west")["spec"]["public_ip"] = "192.0.2.1"
    clusters.one("east", "Endpoint", BROKER, "west")["spec"]["public_ip"] = "192.0.2.1"
    lookalike(clusters, public_ip=address)
    assert (("east", "remove-records") in steps(clusters.plan())) is shown


def test_the_id_of_another_cluster_of_the_inventory_is_never_a_ghost_of_this_one(clusters: Clusters) -> None:
    lookalike(clusters)
    assert steps(clusters.plan(left_out=frozenset(["north"]))) == []


def test_the_users_word_is_proof(clusters: Clusters) -> None:
    lookalike(clusters, private_ip="10.9.9.9", hostname="somewhere", subnets=["10.99.0.0/16"])
    assert not [s for s in clusters.plan().steps if s.action == "remove-records"]
    found = clusters.plan(declared_dead=frozenset(["north"]))
    assert steps(found) == [("east", "remove-records")]
    assert [x["name"] for x in found.steps[0].targets] == ["north-cable"]


def test_the_id_of_a_cluster_that_is_not_installed_may_be_anothers() -> None:
    clusters = Clusters("label-removed-first")
    for kind in ("Endpoint", "Cluster"):
        record = clusters.one("east", kind, BROKER, "west")
        record["spec"].update(private_ip="10.9.9.9", hostname="somewhere", subnets=["10.99.0.0/16"])
        record["spec"]["cluster_cidr"] = ["10.99.0.0/16"]
    found = clusters.plan()
    assert steps(found) == []
    assert "may be another living cluster's" in reasons(found)["endpoint.ghost"]


# -- gateways -------------------------------------------------------------------------------------------------------------


def test_a_missing_own_endpoint_restarts_that_gateway_alone(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "west"))
    for namespace in (BROKER, OPERATOR):
        clusters.remove("east", clusters.one("east", "Endpoint", namespace, "west"))
    found = clusters.plan()
    assert steps(found) == [("west", "restart-gateway")]
    assert "endpoint.missing" in found.steps[0].heals


def test_a_stale_copy_restarts_the_gateway_of_who_has_it(clusters: Clusters) -> None:
    clusters.one("east", "Endpoint", OPERATOR, "west")["spec"]["private_ip"] = "172.31.2.99"
    found = clusters.plan()
    assert steps(found) == [("east", "restart-gateway")]
    assert found.steps[0].heals == ["endpoint.copy-differs"]


def test_copies_unknown_to_the_broker_are_deleted_only_where_no_gateway_runs(clusters: Clusters) -> None:
    stale = copy.deepcopy(clusters.one("west", "Endpoint", OPERATOR, "east"))
    stale["metadata"].update(name="north-cable", labels={"submariner-io/clusterID": "north"})
    stale["spec"].update(cluster_id="north", cable_name="cable", private_ip="10.9.9.9", subnets=["10.99.0.0/16"])
    clusters.objects["west"].append(stale)
    assert steps(clusters.plan()) == [("west", "restart-gateway")]
    for node in clusters.all("west", "Node"):
        node["metadata"]["labels"].pop("submariner.io/gateway", None)
    found = clusters.plan()
    assert ("west", "delete-copies") in steps(found)
    assert ("west", "restart-gateway") not in steps(found)
    (step,) = [s for s in found.steps if s.action == "delete-copies"]
    assert [x["cluster_id"] for x in step.targets] == ["north"]
    assert step.as_dict()["deletes"] is True


def test_no_gateway_is_restarted_while_the_broker_is_away(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "west"))
    clusters.answer("east", "brokers", "unknown")
    found = clusters.plan()
    assert steps(found) == []
    assert "loses all its tunnels" in reasons(found)["endpoint.missing"]
    assert "guess" in reasons(found)["cluster.unread"]


def test_another_installation_under_the_id_is_not_fought(clusters: Clusters) -> None:
    clusters.one("east", "Endpoint", BROKER, "west")["spec"].update(
        private_ip="10.9.9.9", hostname="somewhere", subnets=["10.99.0.0/16"]
    )
    found = clusters.plan()
    assert ("west", "restart-gateway") not in steps(found)
    assert "another one may use its ID" in reasons(found)["endpoint.not-ours"]


def test_a_failover_that_did_not_reach_the_broker_is_healed(clusters: Clusters) -> None:
    record = clusters.one("east", "Endpoint", BROKER, "west")
    node = next(n for n in clusters.all("west", "Node") if n["metadata"]["name"] == "west-control-plane")
    address = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    record["spec"].update(private_ip=address, hostname="west-control-plane")
    assert ("west", "restart-gateway") in steps(clusters.plan())


def test_a_gateway_that_cannot_run_is_not_restarted(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "west"))
    for workload in clusters.all("west", "DaemonSet"):
        if workload["metadata"]["name"] == "submariner-gateway":
            workload["status"]["numberReady"] = 0
    found = clusters.plan()
    assert steps(found) == []
    assert "does not come to run" in reasons(found)["endpoint.missing"]


def test_a_dead_node_does_not_keep_the_other_gateway_from_a_restart(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "west"))
    labels = {"submariner.io/gateway": "true"}
    clusters.objects["west"].append({"kind": "Node", "metadata": {"name": "dead", "labels": labels}, "status": {}})
    running = next(p for p in clusters.all("west", "Pod", OPERATOR) if "submariner-gateway-" in p["metadata"]["name"])
    lost = copy.deepcopy(running)
    lost["metadata"]["name"] = "submariner-gateway-dead"
    lost["spec"]["nodeName"], lost["status"]["conditions"] = "dead", []
    clusters.objects["west"].append(lost)
    for workload in clusters.all("west", "DaemonSet"):
        if workload["metadata"]["name"] == "submariner-gateway":
            workload["status"]["desiredNumberScheduled"] = 2
    assert ("west", "restart-gateway") in steps(clusters.plan())


def test_two_clusters_with_one_id_are_not_restarted_against_each_other(clusters: Clusters) -> None:
    for kind in ("Submariner", "Endpoint", "Cluster"):
        for obj in clusters.all("west", kind, OPERATOR):
            for place in (obj["spec"], obj.get("status", {})):
                for key in ("clusterID", "cluster_id"):
                    if place.get(key) == "west":
                        place[key] = "east"
    found = clusters.plan()
    assert not [s for s in found.steps if s.action == "restart-gateway"]
    assert "another ID" in reasons(found)["cluster.id-twice"]


def test_copies_left_out_for_overlapping_cidrs_are_not_brought_back(clusters: Clusters) -> None:
    clusters.remove("west", clusters.one("west", "Endpoint", OPERATOR, "east"))
    clusters.one("east", "Endpoint", BROKER, "east")["spec"]["subnets"] = ["10.62.0.0/16"]
    clusters.one("east", "Endpoint", OPERATOR, "east")["spec"]["subnets"] = ["10.62.0.0/16"]
    found = clusters.plan()
    assert ("west", "restart-gateway") not in steps(found)
    assert "overlap" in reasons(found)["endpoint.missing"]


# -- operator, leftovers --------------------------------------------------------------------------------------------------


def test_a_missing_dns_block_restarts_the_operator(clusters: Clusters) -> None:
    for obj in clusters.all("west", "ConfigMap", "kube-system"):
        obj["data"]["Corefile"] = obj["data"]["Corefile"].partition("#lighthouse-end\n")[2]
    found = clusters.plan()
    assert steps(found) == [("west", "restart-operator")]
    assert found.steps[0].heals == ["dns.missing-block"]


def test_a_vanished_definition_restarts_the_operator_before_anything_else(clusters: Clusters) -> None:
    clusters.answer("west", "endpoints", "absent")
    found = clusters.plan()
    assert steps(found)[0] == ("west", "restart-operator")
    assert "operator.definition-missing" in found.steps[0].heals


def test_the_gateway_of_a_node_that_is_none_any_more_goes(clusters: Clusters) -> None:
    (gateway,) = clusters.all("west", "Gateway")
    left = copy.deepcopy(gateway)
    left["metadata"]["name"] = "west-old"
    left["status"].update(haStatus="passive", localEndpoint={**left["status"]["localEndpoint"], "hostname": "west-old"})
    clusters.objects["west"].append(left)
    found = clusters.plan()
    assert steps(found) == [("west", "delete-gateways")]
    assert found.steps[0].targets == [{"kind": "Gateway", "name": "west-old"}]


def test_an_export_that_the_broker_does_not_offer_restarts_the_agent(clusters: Clusters) -> None:
    for obj in clusters.all("east", "ServiceImport", BROKER):
        obj["status"]["clusters"] = []
    assert steps(clusters.plan()) == [("west", "restart-agent")]


def test_a_consequence_without_a_cause_is_not_called_healed(clusters: Clusters) -> None:
    for gateway in clusters.all("west", "Gateway"):
        gateway["status"]["connections"][0]["status"] = "error"
    found = clusters.plan()
    assert (steps(found), found.follows) == ([], [])
    assert reasons(found)["connection.not-connected"] == remedies.NO_CAUSE


# -- the tables -----------------------------------------------------------------------------------------------------------


def test_the_tables_name_what_there_is() -> None:
    assert {*remedies.HEALED_BY, *remedies.FOLLOWS, *remedies.REASONS} <= set(FINDINGS)
    assert {*remedies.HEALED_BY.values(), remedies.RESTART_ROUTES, remedies.DELETE_COPIES} == set(remedies.ACTIONS)
    assert {action.phase for action in remedies.ACTIONS.values()} == set(remedies.PHASES)
    assert not set(remedies.HEALED_BY) & (remedies.FOLLOWS | set(remedies.REASONS))


def test_the_readme_has_the_tables() -> None:
    text = README.read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]*\| ([^|]*)\|", text, re.MULTILINE))
    listed = {name: sorted(re.findall(r"`([a-z]+\.[a-z-]+)`", cell)) for name, cell in rows.items()}
    assert listed == {
        name: sorted(
            [i for i, by in remedies.HEALED_BY.items() if by == name]
            + {"restart-routes": ["cluster.two-ids"], "delete-copies": ["endpoint.stale-copy"]}.get(name, [])
        )
        for name in remedies.ACTIONS
    }


@functools.cache
def healthy() -> Json:
    clusters = Clusters()
    return {name: digest(clusters.snapshot(name), name) for name in clusters.objects}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["brokers", "copies", "findings", "gateway_nodes", "gateways", "identity", "own_endpoints", "unknown", "read"]


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_odd_digests_never_end_in_a_traceback_or_make_a_ghost(odd: Json) -> None:
    found = plan(Fleet.of({**healthy(), "west": {**healthy()["west"], **odd}}, "east", ["east", "west"]))
    assert not [s for s in found.steps if s.action == "remove-records"]
