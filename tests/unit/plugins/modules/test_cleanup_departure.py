# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup removes from a broker what a departed cluster left there: R3, R4, R9, R10, R17."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from tests.unit.cleaning import BROKER, Cleaning, labels, obj
from tests.unit.fake_api import FakeApi, recording

Json = dict[str, t.Any]
MAPS = ("", "configmaps")
IMPORTS = ("multicluster.x-k8s.io", "serviceimports")
SLICES = ("discovery.k8s.io", "endpointslices")
ENDPOINTS = ("submariner.io", "endpoints")
TABLES = ("submariner-globalnet-info", "submariner-clustersetip-info")
ACCESS = {f"ServiceAccount {BROKER}/cluster-west", f"RoleBinding {BROKER}/cluster-west-submariner-k8s-broker-cluster"}
OFFERS = {f"ServiceImport {BROKER}/web-default", f"EndpointSlice {BROKER}/web-dtqvw"}


class Departing:
    """West, clean, and its broker in east."""

    def __init__(self, west: Cleaning, east: FakeApi, folder: pathlib.Path) -> None:
        self.west, self.east = west, east
        west.load(*(o for o in recording("globalnet", "west") if o["kind"] == "Node"))
        east.cluster.load(recording("globalnet", "east"))
        self.auth = {"kubeconfig": east.kubeconfig(folder, "east")}

    def leave(self, departure: str, **how: t.Any) -> t.Any:
        return self.west.run(departure=departure, broker=self.auth, **how)

    def owners(self, table: str) -> list[str]:
        data = self.east.cluster.get(MAPS, BROKER, table)["data"]
        return [entry["cluster_id"] for entry in json.loads(data["clusterinfo"])]

    def shared(self) -> Json:
        """The import, offered by east as well."""
        body = self.east.cluster.get(IMPORTS, BROKER, "web-default")
        body["status"]["clusters"].append({"cluster": "east"})
        body["metadata"]["annotations"]["timestamp.submariner.io/east"] = "1"
        body["spec"]["ports"].append({"name": "admin", "port": 9000, "protocol": "TCP"})
        self.east.cluster.replace(IMPORTS, body, BROKER, "web-default")
        slice_of_west = self.east.cluster.get(SLICES, BROKER, "web-dtqvw")
        marks = {**slice_of_west["metadata"]["labels"], "multicluster.kubernetes.io/source-cluster": "east"}
        ports = [{"name": "admin", "port": 9000, "protocol": "TCP"}]
        made = obj("discovery.k8s.io/v1", "EndpointSlice", "web-east", BROKER, labels=marks, ports=ports)
        self.east.cluster.load([made])
        return self.east.cluster.get(IMPORTS, BROKER, "web-default")


@pytest.fixture
def departing(cleaning: Cleaning, other_api: FakeApi, tmp_path: pathlib.Path) -> Departing:
    return Departing(cleaning, other_api, tmp_path)


def test_a_cluster_that_comes_back_keeps_its_access_and_its_addresses(departing: Departing) -> None:
    outcome = departing.leave("rejoin")
    assert not outcome.failed, outcome.msg
    gone = labels(outcome["removed"])
    assert gone > OFFERS
    assert not ACCESS & gone
    assert {o["kind"] for o in outcome["removed"]} == {"Endpoint", "Cluster", "ServiceImport", "EndpointSlice"}
    assert [departing.owners(table) for table in TABLES] == [["east", "west"]] * 2


def test_one_that_retires_gives_all_back(departing: Departing) -> None:
    before = departing.east.cluster.get(MAPS, BROKER, TABLES[0])["data"]
    outcome = departing.leave("retire")
    assert not outcome.failed, outcome.msg
    assert labels(outcome["removed"]) > OFFERS | ACCESS
    assert [departing.owners(table) for table in TABLES] == [["east"]] * 2
    after = departing.east.cluster.get(MAPS, BROKER, TABLES[0])["data"]
    assert {k: v for k, v in after.items() if k != "clusterinfo"} == {
        k: v for k, v in before.items() if k != "clusterinfo"
    }
    journal = {o["name"]: o for o in outcome["removed"]}
    assert journal[TABLES[0]]["backup"] == {"data": {"clusterinfo": before["clusterinfo"]}}
    assert not any("east" in o["name"] for o in outcome["removed"])
    assert departing.leave("retire").changed is False


def test_the_records_that_prove_whose_it_is_go_last(departing: Departing) -> None:
    departing.leave("retire")
    written = [r.path.split("/")[-2] for r in departing.east.writes]
    assert written[-2:] == ["endpoints", "clusters"]


@pytest.mark.parametrize("apart", [False, True])
def test_of_a_service_that_another_offers_just_the_part_goes(departing: Departing, apart: bool) -> None:
    before = departing.shared()
    if apart:
        departing.east.cluster.status_apart.add(IMPORTS)
    else:
        departing.east.fault(404, path="/status$")
    outcome = departing.leave("rejoin")
    assert not outcome.failed, outcome.msg
    after = departing.east.cluster.get(IMPORTS, BROKER, "web-default")
    assert after["status"]["clusters"] == [{"cluster": "east"}]
    assert after["spec"]["ports"] == [{"name": "admin", "port": 9000, "protocol": "TCP"}]
    assert "timestamp.submariner.io/west" not in after["metadata"]["annotations"]
    assert "timestamp.submariner.io/east" in after["metadata"]["annotations"]
    journal = next(o for o in outcome["removed"] if o["kind"] == "ServiceImport")
    assert journal["action"] == "edit"
    assert journal["backup"]["status"] == before["status"]
    assert [o["metadata"]["name"] for o in departing.east.cluster.objects(SLICES, BROKER)] == ["web-east"]


def test_the_journal_has_all_that_was_there_if_an_edit_takes_two_tries(departing: Departing) -> None:
    before = departing.shared()
    departing.east.cluster.status_apart.add(IMPORTS)
    departing.east.fault(503, verb="patch", path="/status$", times=1)
    outcome = departing.leave("rejoin")
    assert not outcome.failed, outcome.msg
    backup = next(o["backup"] for o in outcome["removed"] if o["kind"] == "ServiceImport")
    assert (backup["spec"]["ports"], backup["status"]) == (before["spec"]["ports"], before["status"])
    assert "timestamp.submariner.io/west" in backup["metadata"]["annotations"]


def test_a_status_that_may_not_be_changed_is_named(departing: Departing) -> None:
    departing.shared()
    departing.east.cluster.status_apart.add(IMPORTS)
    departing.east.fault(403, path="/status$", message="no changing of imports here")
    outcome = departing.leave("rejoin", timeout=1)
    assert outcome.failed
    assert "no changing of imports here" in outcome.msg
    assert len(departing.east.cluster.objects(ENDPOINTS, BROKER)) == 2, "the records stay for the next run"


def test_a_table_that_is_no_list_stays_and_is_named(departing: Departing) -> None:
    body = departing.east.cluster.get(MAPS, BROKER, TABLES[0])
    body["data"]["clusterinfo"] = "{}"
    departing.east.cluster.replace(MAPS, body, BROKER, TABLES[0])
    outcome = departing.leave("retire")
    assert (outcome.failed, [f["id"] for f in outcome["findings"]]) == (False, ["broker.table-unreadable"])
    assert departing.east.cluster.get(MAPS, BROKER, TABLES[0])["data"]["clusterinfo"] == "{}"


@pytest.mark.parametrize("kind", ["serviceimports", "endpointslices", "configmaps", "serviceaccounts"])
def test_nothing_goes_while_a_reading_of_the_broker_is_not_answered(departing: Departing, kind: str) -> None:
    departing.east.fault(403, verb="list", path=f"/{kind}$")
    outcome = departing.leave("retire", timeout=1)
    assert (outcome["verdict"], departing.east.writes) == ("unknown", [])


def test_nothing_goes_of_the_cluster_either_before_the_broker_has_answered(departing: Departing) -> None:
    departing.west.load(*recording("globalnet", "west"))
    departing.east.fault(503, path=".", message="away for a while")
    outcome = departing.leave("retire", timeout=1)
    assert (outcome.failed, outcome["verdict"], outcome.changed) == (True, "unknown", False)
    assert {f["id"] for f in outcome["findings"]} == {"broker.unread"}
    assert "away for a while, restore access to the broker's cluster and run again, or leave" in outcome.msg
    assert departing.west.api.writes == departing.east.writes == []


def test_a_broker_that_is_away_for_a_moment_is_waited_for(departing: Departing) -> None:
    departing.east.fault(503, path=".", times=20)
    outcome = departing.leave("retire")
    assert not outcome.failed, outcome.msg
    assert labels(outcome["removed"]) > ACCESS


def test_a_broker_that_is_not_there_is_said(departing: Departing) -> None:
    outcome = departing.leave("retire", broker_namespace="elsewhere")
    assert (outcome.failed, outcome["verdict"], outcome["removed"]) == (False, "degraded", [])
    (found,) = outcome["findings"]
    assert (found["id"], found["subject"]) == ("broker.none", f"namespace elsewhere of {departing.east.url}")


@pytest.mark.parametrize(("cluster_id", "pods"), [("west-old", "10.5.0.0/16"), ("west", "192.168.0.0/16")])
def test_a_record_that_only_its_endpoint_proves_goes_after_it(
    cleaning: Cleaning, other_api: FakeApi, tmp_path: pathlib.Path, cluster_id: str, pods: str
) -> None:
    """A ghost under another ID (submariner#3411), and a network whose pods have other addresses than the Nodes say."""
    node = {"podCIDR": "10.5.0.0/24", "podCIDRs": ["10.5.0.0/24"]}
    address = {"addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]}
    cleaning.load(obj("v1", "Node", "west-w", spec=node, status=address))
    own = {"cluster_id": "west", "cluster_cidr": [pods], "service_cidr": ["10.96.0.0/16"]}
    cleaning.load(obj("v1", "Namespace", "submariner-operator"))
    cleaning.load(obj("submariner.io/v1", "Cluster", "west", "submariner-operator", spec=own))
    place = {"hostname": "west-w", "private_ip": "10.1.1.1", "subnets": ["10.96.0.0/16", pods]}
    (tmp_path / "broker").mkdir()
    broker = Cleaning(other_api, tmp_path / "broker")
    broker.load(
        obj("v1", "Namespace", BROKER),
        obj("submariner.io/v1", "Endpoint", "cable", BROKER, spec={"cluster_id": cluster_id, **place}),
        obj("submariner.io/v1", "Cluster", cluster_id, BROKER, spec={**own, "cluster_id": cluster_id}),
    )
    outcome = cleaning.run(departure="rejoin", broker={"kubeconfig": broker.arguments["kubeconfig"]})
    assert not outcome.failed, outcome.msg
    assert f"Cluster {BROKER}/{cluster_id}" in labels(outcome["removed"])
    assert (broker.names(ENDPOINTS, BROKER), broker.names(("submariner.io", "clusters"), BROKER)) == ([], [])


def test_a_cluster_that_is_not_cleaned_does_not_depart(departing: Departing) -> None:
    outcome = departing.leave("retire", scope=["broker"])
    assert outcome.failed
    assert "scope member" in outcome.msg
    assert not departing.east.writes
