# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows when clusters are seen together: recorded fleets, each with one thing changed."""

from __future__ import annotations

import copy
import functools
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import BEFORE as OF_A_RUN
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import SCHEMA, Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording

BEFORE = ("inputs", "owners", "nodes", "addressing")
EAST, WEST = "submariner-cable-east-172-31-2-2", "submariner-cable-west-172-31-2-4"


def recorded(state: str = "healthy-two-nodes", change: t.Callable[[Json], None] | None = None) -> dict[str, Json]:
    """Digests of a recorded pair; `change` gets every object first."""
    return copy.deepcopy(_recorded(state, change))


@functools.cache
def _recorded(state: str, change: t.Callable[[Json], None] | None) -> dict[str, Json]:
    digests = {}
    for cluster in ("east", "west"):
        objects = recording(state, cluster)
        for obj in objects if change else ():
            assert change is not None
            change(obj)
        digests[cluster] = digest(snapshot_of(objects), cluster)
    return digests


def judge(digests: dict[str, Json], *checks: str, **more: t.Any) -> list[Finding]:
    return check_fleet(Fleet.of(digests, "east", **more), checks or tuple(CHECKS))


def told(findings: list[Finding]) -> dict[str, str]:
    """Subject by id, but for what the recorded programs say of their version."""
    return {f.id: f.subject for f in findings if f.id != "version.self-reported"}


def broker_of(digests: dict[str, Json]) -> Json:
    found: Json = digests["east"]["brokers"][0]
    return found


# -- before an installation -------------------------------------------------------------------------------------


def test_a_healthy_fleet_has_no_findings_before_a_run() -> None:
    assert judge(recorded(), *BEFORE, globalnet=False, planned=True) == []


def test_overlapping_cidrs_are_refused_without_globalnet() -> None:
    fleet = recorded()
    fleet["west"]["cluster_cidrs"] = ["10.61.128.0/17"]
    found = judge(fleet, *BEFORE, globalnet=False)
    assert told(found) == {"addressing.overlap": "clusters east and west"}
    assert "10.61.0.0/16 and 10.61.128.0/17" in found[0].observed
    assert judge(fleet, *BEFORE, globalnet=True) == []


def test_what_records_lead_to_overlaps_nothing_either() -> None:
    """A member's Endpoint, and those of clusters that are on the broker alone."""
    fleet = recorded()
    fleet["west"]["own_endpoints"][0]["subnets"] = ["10.61.128.0/17"]
    assert told(judge(fleet, "addressing")) == {"addressing.overlap": "clusters east and west"}
    fleet = recorded()
    del fleet["west"]
    assert judge(fleet, "addressing") == []
    broker_of(fleet)["clusters"][1]["cluster_cidr"] = ["10.61.128.0/17"]
    assert [c["name"] for c in broker_of(fleet)["clusters"]] == ["east", "west"]
    assert told(judge(fleet, "addressing")) == {"addressing.overlap": "clusters east and west (in no inventory)"}
    broker_of(fleet)["clusters"].append({"name": "north", "cluster_id": "north", "cluster_cidr": ["10.61.128.0/17"]})
    assert [f.subject for f in judge(fleet, "addressing")] == [
        "clusters east and north (in no inventory)",
        "clusters east and west (in no inventory)",
    ]  # what strangers share is their affair
    assert "addressing.overlap" not in told(judge({**fleet, "west": {}}, "addressing"))


def test_a_cluster_without_visible_cidrs_is_said_before_an_installation_only() -> None:
    fleet = recorded("west-uninstalled")
    assert told(judge(fleet, *BEFORE, planned=True)) == {"addressing.unseen": "west"}
    assert told(judge(fleet, *BEFORE)) == {}


def test_the_cluster_of_a_broker_that_is_no_member_may_have_the_addresses_of_one() -> None:
    def no_member(obj: Json) -> None:
        if obj["kind"] == "Submariner":
            obj["kind"] = "Forgotten"

    fleet = recorded("globalnet", no_member)
    fleet["east"]["cluster_cidrs"] = fleet["west"]["cluster_cidrs"] = ["242.9.0.0/16"]
    assert told(judge(fleet, *BEFORE, globalnet=False, planned=True, members=["west"])) == {}
    found = judge(fleet, "globalnet", planned=True, members=["west"])
    assert told(found) == {"globalnet.range-in-use": "the global range and west"}
    both = judge(fleet, *BEFORE, globalnet=False, planned=True, members=["east", "west"])
    assert told(both) == {"addressing.overlap": "clusters east and west"}
    fleet["east"].update(cluster_cidrs=[], service_cidrs=[])
    fleet["east"]["read"].append("control-plane")
    assert told(judge(fleet, *BEFORE, globalnet=False, planned=True, members=["west"])) == {}


def test_two_hosts_that_are_one_cluster() -> None:
    fleet = recorded()
    fleet["east"]["uid"] = fleet["west"]["uid"] = "same"
    assert told(judge(fleet, *BEFORE)) == {"input.same-cluster": "hosts east and west"}


def test_missing_rights_are_named() -> None:
    found = judge(recorded(), *BEFORE, denied={"west": ["delete namespaces"]})
    assert told(found) == {"rights.missing": "west"}
    assert "delete namespaces" in found[0].observed


def test_another_owner_is_named_with_its_own_way_of_removal() -> None:
    def by_helm(obj: Json) -> None:
        if obj["kind"] == "Deployment":
            obj["metadata"]["annotations"] = {"meta.helm.sh/release-name": "submariner-operator"}

    fleet = {"east": recorded("installed", by_helm)["west"]}
    (planned,) = judge(fleet, *BEFORE, planned=True)
    assert (planned.id, planned.severity) == ("owner.other", "error")
    assert "helm uninstall" in planned.hint
    (found,) = judge(fleet, *BEFORE)
    assert (found.id, found.severity) == ("owner.other", "info"), "verify has nothing against it"


def test_a_second_broker_is_told() -> None:
    fleet = recorded()
    fleet["west"]["brokers"] = copy.deepcopy(fleet["east"]["brokers"])
    assert told(judge(fleet, "owners")) == {"broker.second": "west"}


def test_a_second_broker_on_the_brokers_cluster_is_told_and_not_taken_for_it() -> None:
    fleet = recorded()
    fleet["east"]["brokers"].insert(0, {"namespace": "old-broker", "resource": True})
    assert told(judge(fleet)) == {"broker.second": "east"}


def test_nodes_that_are_not_ready() -> None:
    fleet = recorded()
    fleet["west"]["nodes"]["ready"] = 0
    fleet["west"]["gateway_nodes"][0]["ready"] = False
    assert told(judge(fleet, "nodes")) == {
        "nodes.none-ready": "west",
        "gateway.node-not-ready": "west: node west-worker",
    }


# -- the broker -------------------------------------------------------------------------------------------------


def test_a_broker_that_is_gone() -> None:
    """Seen: within 10 s members have no connections, and nothing in their logs says so."""
    fleet = recorded()
    fleet["east"]["brokers"] = []
    for member in fleet.values():
        member["gateways"][0]["connections"] = []
    assert told(judge(fleet)) == {
        "broker.none": "broker on east",
        "connection.missing": "west -> east",
    }


def test_members_of_another_broker() -> None:
    fleet = recorded()
    fleet["west"]["submariner"]["brokerK8sApiServer"] = "10.9.9.9:6443"
    found = broker_of(fleet)
    found["endpoints"] = [e for e in found["endpoints"] if e["cluster_id"] == "east"]
    found["clusters"] = [c for c in found["clusters"] if c["cluster_id"] == "east"]
    assert told(judge(fleet, "broker")) == {"member.other-broker": "cluster west"}


def test_a_broker_without_its_resource() -> None:
    fleet = recorded()
    broker_of(fleet)["resource"] = False
    assert told(judge(fleet, "broker")) == {"broker.resource": "broker namespace submariner-k8s-broker on east"}


def test_one_broker_by_two_addresses_is_a_warning() -> None:
    fleet = recorded()
    fleet["west"]["submariner"]["brokerK8sApiServer"] = "https://broker.example:6443/"
    found = judge(fleet, "broker")
    assert told(found) == {"broker.addresses-differ": "members"}
    assert verdict(found) == "degraded"


def test_scheme_and_letters_make_no_other_address() -> None:
    fleet = recorded()
    fleet["west"]["submariner"]["brokerK8sApiServer"] = "https://172.31.2.3:6443"
    assert told(judge(fleet, "broker")) == {}


def test_an_unmanaged_cluster_is_told_and_no_ghost() -> None:
    fleet = recorded()
    del fleet["west"]
    found = judge(fleet)
    assert told(found) == {"broker.unmanaged": "cluster west"}
    assert verdict(found) == "pass"


def test_what_the_user_calls_dead_is_a_ghost() -> None:
    fleet = recorded()
    del fleet["west"]
    assert set(told(judge(fleet, declared_dead=frozenset(["west"])))) == {
        "endpoint.ghost",
        "cluster.ghost",
        "connection.ghost",
    }


# -- Endpoints --------------------------------------------------------------------------------------------------


def test_a_cluster_record_by_another_name() -> None:
    """As the wait after a join says it: the record of a cluster has its ID as its name."""
    fleet = recorded()
    next(c for c in broker_of(fleet)["clusters"] if c["name"] == "west")["name"] = "old-west"
    assert told(judge(fleet)) == {"cluster.ghost": "Cluster old-west"}


def test_one_id_on_two_clusters() -> None:
    """Seen: the last gateway to start wins, and removes the other's Endpoint from the broker."""
    fleet = recorded()
    fleet["north"] = copy.deepcopy(fleet["west"])
    fleet["north"]["uid"], fleet["west"]["uid"] = "n", "w"
    fleet["north"]["own_endpoints"][0].update(name="west-submariner-cable-west-10-0-0-9", private_ip="10.0.0.9")
    found = judge(fleet, "endpoints")
    assert told(found) == {"cluster.id-twice": "cluster ID west"}
    assert "west, north" in found[0].observed


def test_the_brokers_record_of_another_installation() -> None:
    fleet = recorded()
    for endpoint in broker_of(fleet)["endpoints"]:
        if endpoint["cluster_id"] == "west":
            endpoint.update(name="west-submariner-cable-west-10-0-0-9", private_ip="10.0.0.9", hostname="other")
    found = judge(fleet, "endpoints")
    assert told(found) == {"endpoint.not-ours": "cluster west", "endpoint.copy-differs": "copies in east"}


def test_two_endpoints_of_one_id() -> None:
    fleet = recorded()
    second = {**broker_of(fleet)["endpoints"][1], "name": "again", "private_ip": "10.0.0.9"}
    broker_of(fleet)["endpoints"].append(second)
    assert told(judge(fleet, "endpoints")) == {"endpoint.duplicate": "cluster west"}


def test_a_member_that_the_broker_does_not_know() -> None:
    fleet = recorded()
    found = broker_of(fleet)
    found["endpoints"] = [e for e in found["endpoints"] if e["cluster_id"] == "east"]
    found["clusters"] = [c for c in found["clusters"] if c["cluster_id"] == "east"]
    assert told(judge(fleet, "endpoints")) == {
        "endpoint.missing": "cluster west",
        "cluster.missing": "cluster west",
        "endpoint.stale-copy": "copies in east",
    }


def test_a_record_that_is_labelled_as_anothers() -> None:
    fleet = recorded()
    broker_of(fleet)["endpoints"][0]["origin"] = "north"
    assert told(judge(fleet, "endpoints")) == {
        "endpoint.label-mismatch": "Endpoint east-submariner-cable-east-172-31-2-2"
    }


def test_two_cluster_records_of_one_id() -> None:
    fleet = recorded()
    broker_of(fleet)["clusters"].append({"name": "again", "cluster_id": "west"})
    assert told(judge(fleet, "endpoints")) == {"cluster.duplicate": "cluster west"}


def test_a_copy_of_its_own_endpoint() -> None:
    fleet = recorded()
    fleet["west"]["copies"]["west"] = "0badc0de"
    assert told(judge(fleet, "endpoints")) == {"endpoint.duplicate": "copies in west"}


def test_a_copy_that_is_missing() -> None:
    fleet = recorded()
    fleet["west"]["copies"] = {}
    assert told(judge(fleet, "endpoints")) == {"endpoint.missing": "copies in west"}


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["spec"].update(backend_config={"udp-port": "4501"}),
        lambda e: e["spec"].update(nat_enabled=not e["spec"].get("nat_enabled")),
        lambda e: e["metadata"]["labels"].update({"submariner-io/clusterID": "west"}),
        lambda e: e["spec"].update(cable_name="submariner-cable-east-172-31-2-9"),
        lambda e: e["spec"].update(privateIPs=[e["spec"]["private_ip"], "fd00:31::9"]),
        lambda e: e["spec"].update(healthCheckIPs=[e["spec"]["healthCheckIP"], "fd00:61::9"]),
    ],
    ids=["port", "NAT", "label", "cable", "second address", "second health check"],
)
def test_a_copy_that_is_not_the_brokers(change: t.Callable[[Json], object]) -> None:
    fleet, objects = recorded(), recording("healthy-two-nodes", "west")
    for obj in objects:
        if obj["kind"] == "Endpoint" and obj["spec"]["cluster_id"] == "east":
            change(obj)
    fleet["west"] = digest(snapshot_of(objects), "west")
    assert told(judge(fleet, "endpoints")) == {"endpoint.copy-differs": "copies in west"}


# -- connections ------------------------------------------------------------------------------------------------


def connect(fleet: dict[str, Json], host: str, line: str) -> None:
    fleet[host]["gateways"][0]["connections"] = [line]


def test_ends_that_do_not_agree() -> None:
    fleet = recorded()
    connect(fleet, "west", f"east error {EAST} no ping")
    found = judge(fleet, "connections")
    assert told(found) == {"connection.not-connected": "west -> east"}
    assert found[0].observed == "error: no ping; east says it is connected to west"


def test_two_connections_to_one_cluster() -> None:
    fleet = recorded()
    fleet["west"]["gateways"][0]["connections"] *= 2
    assert told(judge(fleet, "connections")) == {"connection.duplicate": "west -> east"}


def test_a_connection_to_where_the_other_was_before() -> None:
    fleet = recorded()
    connect(fleet, "west", "east connected submariner-cable-east-10-0-0-9")
    assert told(judge(fleet, "connections")) == {"connection.stale": "west -> east"}


def test_a_connection_that_nothing_measured_proves_nothing() -> None:
    fleet = recorded()
    connect(fleet, "east", f"west connected {WEST} nothing has measured it")
    found = judge(fleet, "connections")
    assert told(found) == {"connection.unproven": "east -> west"}
    assert verdict(found) == "degraded"


def test_without_a_health_check_no_connection_is_proven() -> None:
    def unchecked(obj: Json) -> None:
        if obj["kind"] == "Submariner":
            obj["spec"]["connectionHealthCheck"]["enabled"] = False
        for connection in obj["status"]["connections"] if obj["kind"] == "Gateway" else ():
            del connection["latencyRTT"]

    found = judge(recorded(change=unchecked), "connections")
    assert {(f.id, f.subject) for f in found} == {
        ("connection.unproven", "cluster east"),
        ("connection.unproven", "cluster west"),
    }
    assert all("not proven" in f.observed and "switch" in f.hint for f in found), "and none says to wait for it"


def test_a_connection_to_the_own_id_leads_to_another_cluster() -> None:
    fleet = recorded()
    fleet["west"]["gateways"][0]["connections"].append("west connected submariner-cable-west-10-0-0-9")
    found = judge(fleet, "connections")
    assert told(found) == {"connection.ghost": "west -> west"}
    assert "own ID" in found[0].cause


def test_a_member_that_is_leaving_is_neither_expected_nor_a_ghost() -> None:
    fleet = recorded()
    fleet["west"].update(installed=False, going=True)
    assert told(judge(fleet, "endpoints", "connections")) == {}


def test_without_an_active_gateway_no_direction_is_judged() -> None:
    fleet = recorded()
    fleet["west"]["gateways"][0]["status"] = "passive"
    assert told(judge(fleet, "connections")) == {"gateway.not-one-active": "cluster west"}


# -- versions, services, Globalnet --------------------------------------------------------------------------------


def test_members_of_different_versions() -> None:
    fleet = recorded()
    fleet["west"]["submariner"]["version"] = "0.20.1"
    found = judge(fleet, "versions")
    assert told(found) == {"version.skew": "clusterset"}
    assert "0.19.0 (east); 0.20.1 (west)" in found[0].observed


def test_an_export_that_another_agent_took_from_the_broker() -> None:
    """Seen: the ServiceExport still says Ready."""
    fleet = recorded()
    broker_of(fleet)["imports"] = {"default/web": ["east"]}
    found = judge(fleet, "services")
    assert told(found) == {"service.not-on-broker": "services of west"}
    assert "default/web" in found[0].observed


@pytest.mark.parametrize("conditions", [[{"type": "Valid", "status": "False", "reason": "ServiceUnavailable"}], []])
def test_what_lighthouse_does_not_export_is_not_missed_on_the_broker(conditions: list[Json]) -> None:
    def refused(obj: Json) -> None:
        if obj["kind"] == "ServiceExport":
            obj["status"] = {"conditions": conditions}

    fleet = recorded(change=refused)
    broker_of(fleet)["imports"] = {}
    assert [(f.id, f.severity) for f in judge(fleet, "services")] == [("service.not-exported", "warning")]


def test_globalnet_of_broker_members_and_inventory() -> None:
    fleet = recorded("globalnet")
    assert told(judge(fleet, "globalnet", globalnet=True)) == {}
    assert told(judge(fleet, "globalnet", globalnet=False)) == {"globalnet.differs": "broker on east"}
    fleet["west"]["global_cidrs"] = []
    assert told(judge(fleet, "globalnet")) == {"globalnet.differs": "cluster west"}


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("10.1.0.0/16", {"globalnet.outside", "globalnet.not-given"}),
        ("242.7.0.0/16", {"globalnet.not-given"}),
    ],
)
def test_a_global_cidr_that_was_not_given(cidr: str, expected: set[str]) -> None:
    fleet = recorded("globalnet")
    fleet["west"]["global_cidrs"] = [cidr]
    assert set(told(judge(fleet, "globalnet"))) == expected


def test_global_addresses_that_the_broker_does_not_know() -> None:
    """As after its table was made again: what is in use is what counts, and the next join may be given it."""
    fleet = recorded("globalnet")
    broker_of(fleet)["globalnet"]["given"] = {}
    found = judge(fleet, "globalnet")
    assert {(f.id, f.severity, f.subject) for f in found} == {
        ("globalnet.not-given", "warning", "cluster east"),
        ("globalnet.not-given", "warning", "cluster west"),
    }
    fleet["west"]["global_cidrs"] = list(fleet["east"]["global_cidrs"])
    assert ("globalnet.overlap", "error") in {(f.id, f.severity) for f in judge(fleet, "globalnet")}
    broker_of(fleet)["globalnet"]["given"] = {"west": list(fleet["west"]["global_cidrs"])}
    assert told(judge(fleet, "globalnet")) == {
        "globalnet.not-given": "cluster east",
        "globalnet.overlap": "cluster east and cluster west",
    }


def test_global_addresses_that_are_taken() -> None:
    fleet = recorded("globalnet")
    broker_of(fleet)["globalnet"]["given"]["west"] = ["242.0.128.0/17"]
    fleet["west"]["global_cidrs"] = ["242.0.128.0/17"]
    assert told(judge(fleet, "globalnet")) == {"globalnet.overlap": "cluster east and cluster west"}
    fleet = recorded("globalnet")
    fleet["west"]["cluster_cidrs"] = ["242.9.0.0/16"]
    assert told(judge(fleet, "globalnet")) == {"globalnet.range-in-use": "the global range and west"}


# -- what was not read --------------------------------------------------------------------------------------------


def test_a_cluster_without_submariner_is_proven_not_to_have_it() -> None:
    found = judge(recorded("west-uninstalled"), "installation")
    assert told(found) == {"submariner.not-installed": "cluster west"}
    assert verdict(found) == "fail"


def test_a_broker_that_is_no_member_need_not_have_it() -> None:
    def no_member(obj: Json) -> None:
        if obj["kind"] == "Submariner":
            obj["kind"] = "Forgotten"

    east = recorded("west-uninstalled", no_member)["east"]
    assert told(judge({"east": east}, "installation")) == {}
    assert told(judge({"east": east}, "installation", members=["east"])) == {"submariner.not-installed": "cluster east"}


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_passes_without_a_digest(check: str) -> None:
    nothings: list[t.Any] = [{}, {"schema": SCHEMA + 1}, None, "text", []]
    for nothing in nothings:
        fleet = Fleet.of({"east": recorded()["east"], "west": nothing}, "east")
        assert verdict(check_fleet(fleet, [check])) in ("unknown", "fail")


def test_a_member_that_was_not_read_at_all() -> None:
    found = judge(recorded(), "endpoints", members=["east", "west", "north"])
    assert told(found) == {"cluster.unread": "north"}


@pytest.mark.parametrize("check", sorted(set(CHECKS) - {*BEFORE, *OF_A_RUN}))
def test_no_check_passes_on_what_was_not_asked_for(check: str) -> None:
    bare = {h: {**d, "read": ["submariners", "nodes"], "findings": {}} for h, d in recorded().items()}
    assert verdict(judge(bare, check)) == "unknown"


@pytest.mark.parametrize(
    ("key", "nothing"),
    [
        ("endpoints", {"own_endpoints": [], "copies": {}}),
        ("clusters", {"clusters": []}),
        ("gateways", {"gateways": []}),
        ("submariners", {"installed": False, "going": False, "cluster_id": ""}),
    ],
)
@pytest.mark.parametrize("host", ["east", "west"])
def test_no_false_claim_about_what_was_not_answered(host: str, key: str, nothing: Json) -> None:
    fleet = recorded()
    fleet[host].update(nothing, unknown={key: "forbidden"})
    assert told(judge(fleet)) == {"cluster.unread": f"{host}: {key}"}
