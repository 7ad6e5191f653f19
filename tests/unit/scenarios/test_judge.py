# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement on recorded clusters: whole ones pass, each kind of damage is named."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.scenarios import judge
from tests.scenarios.judge import Objects
from tests.unit.fake_api import recording


def fleet(state: str) -> dict[str, Objects]:
    return {name: recording(state, name) for name in ("east", "west")}


@pytest.mark.parametrize("state", ["installed", "healthy-two-nodes"])
def test_a_healthy_pair_is_whole(state: str) -> None:
    assert judge.settled(fleet(state), "east") == []
    assert judge.connected(fleet(state)) == []


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ("joined-as-second-id", "east: submariner-k8s-broker has 1 Endpoint objects of west2, expected 0"),
        ("joined-as-second-id", "west: submariner-operator has 0 Endpoint objects of west, expected 1"),
        ("joined-as-second-id", "west: submariner-operator has 1 Cluster objects of west2, expected 0"),
        ("label-removed-first", "west: submariner-operator has 0 Endpoint objects of west, expected 1"),
        ("west-uninstalled", "east: submariner-k8s-broker has 0 Endpoint objects of west, expected 1"),
        ("operator-killed-mid-uninstall", "west: DaemonSet submariner-operator/submariner-gateway-uninstall is left"),
    ],
)
def test_damage_is_named(state: str, complaint: str) -> None:
    assert complaint in judge.settled(fleet(state), "east")


def test_two_endpoints_of_one_cluster_are_one_too_many() -> None:
    objects = recording("healthy-two-nodes", "east")
    double = next(item for item in judge.records(objects, "Endpoint", judge.BROKER_NAMESPACE))
    found = judge.one_each([*objects, double], "Endpoint", judge.BROKER_NAMESPACE, ["east", "west"])
    assert len(found) == 1
    assert "has 2 Endpoint objects" in found[0]


def test_a_cluster_that_is_no_member_has_no_records_and_no_connections() -> None:
    pair = fleet("installed")
    found = judge.settled(pair, "east", ["west"])
    assert "east: submariner-operator has 1 Endpoint objects of west, expected 0" in found
    assert "east: submariner-k8s-broker has 1 Endpoint objects of east, expected 0" in found
    assert "west: submariner-operator has 1 Endpoint objects of east, expected 0" in found
    assert judge.connected(pair, ["west"]) == ["west: gateway b-node has connections east connected: not none"]


def test_three_connections_are_too_many_though_all_are_connected() -> None:
    found = judge.connected(fleet("joined-as-second-id"))
    assert found[0].startswith("east: gateway a-node has connections west connected, west2 connected")


def test_no_gateway_is_not_connected() -> None:
    assert judge.connections([], ["west"]) == ["0 active gateways of 0, expected 1"]


def test_a_broker_on_a_member_is_a_second_one() -> None:
    assert judge.no_broker(recording("installed", "west")) == []
    found = judge.no_broker(recording("installed", "east"))
    assert "Namespace submariner-k8s-broker is a second broker" in found
    assert "Broker submariner-k8s-broker/submariner-broker is a second broker" in found


def test_what_is_older_than_the_run_is_named_but_for_nodes_and_mcs() -> None:
    objects = recording("healthy-two-nodes", "west")
    old = judge.older_than(objects, datetime.fromisoformat("2027-01-01T00:00:00Z"))
    kinds = {text.split()[0] for text in old}
    assert {"CustomResourceDefinition", "ClusterRole", "Namespace", "Pod", "Endpoint"} <= kinds
    assert not {"Node", "ServiceExport", "ServiceImport"} & kinds
    assert not [text for text in old if "multicluster" in text]
    assert judge.older_than(objects, datetime.fromisoformat("2026-01-01T00:00:00Z")) == []


def test_what_the_collection_made_for_itself_is_named() -> None:
    namespace = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": judge.OWN_NAMESPACE}}
    assert judge.own_leftovers([namespace]) == ["Namespace submariner-lifecycle is left"]
    whole = fleet("installed")
    assert judge.calm(whole) == []
    whole["west"].append(namespace)
    assert judge.calm(whole) == ["west: Namespace submariner-lifecycle is left"]


def test_the_psk_is_that_of_the_member() -> None:
    secret = {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {"name": "submariner-ipsec-psk", "namespace": judge.MEMBER_NAMESPACE},
        "data": {"psk": "a2V5"},
    }
    assert judge.psk([secret]) == "a2V5"
    assert judge.psk([]) == ""
