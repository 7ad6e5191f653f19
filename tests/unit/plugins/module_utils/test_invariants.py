# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one Endpoint per cluster (submariner.md 4.5), each part of each invariant broken in turn."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import (
    Members,
    check_broker,
    check_member,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.clusterset import BROKER, OPERATOR
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
Objects = list[Json]
BOTH = Members(frozenset(["east", "west"]), frozenset(["east", "west"]))


def one(items: Objects, kind: str, namespace: str, name: str) -> Json:
    return next(
        o
        for o in items
        if (o["kind"], o["metadata"].get("namespace", "")) == (kind, namespace) and name in o["metadata"]["name"]
    )


def endpoint(items: Objects, namespace: str, cluster_id: str) -> Json:
    return one(items, "Endpoint", namespace, f"cable-{cluster_id}")


def again(items: Objects, body: Json, **metadata: t.Any) -> None:
    second = copy.deepcopy(body)
    second["metadata"].update(metadata)
    items.append(second)


def judge(east: Objects, west: Objects, records_only: bool = False) -> set[str]:
    """Findings of the broker (in east) and of west."""
    broker, member = snapshot_of(east), snapshot_of(west)
    found = check_broker(broker, BROKER, BOTH) + check_member(member, broker, BROKER, "west", BOTH, records_only)
    return {f.id for f in found}


Broken = t.Callable[[Objects, Objects], object]

AT_BROKER: dict[str, tuple[Broken, set[str]]] = {
    "no Endpoint": (
        lambda east, _west: east.remove(endpoint(east, BROKER, "west")),
        {"endpoint.missing"},
    ),
    "two Endpoints": (
        lambda east, _west: again(east, endpoint(east, BROKER, "west"), name="west-again"),
        {"endpoint.duplicate"},
    ),
    "wrong label": (
        lambda east, _west: endpoint(east, BROKER, "west")["metadata"]["labels"].update(
            {"submariner-io/clusterID": "east"}
        ),
        {"endpoint.label-mismatch"},
    ),
    "no Cluster": (
        lambda east, _west: east.remove(one(east, "Cluster", BROKER, "west")),
        {"cluster.missing"},
    ),
    "Cluster by another name": (
        lambda east, _west: one(east, "Cluster", BROKER, "west")["metadata"].update(name="old-west"),
        {"cluster.ghost"},
    ),
}


def not_joined(east: Objects) -> set[str]:
    """Findings of the broker when west is not among the joined."""
    alone = Members(frozenset(["east"]), frozenset(["east", "west"]))
    return {f.id for f in check_broker(snapshot_of(east), BROKER, alone)}


def copy_with(field: str, value: t.Any) -> Broken:
    return lambda _east, west: endpoint(west, OPERATOR, "east")["spec"].update({field: value})


def gateway_with(field: str, value: t.Any) -> Broken:
    return lambda _east, west: one(west, "Gateway", OPERATOR, "west-worker")["status"]["localEndpoint"].update(
        {field: value}
    )


def now_at(node: Json, address: str) -> Json:
    node["status"]["addresses"] = [{"type": "InternalIP", "address": address}]
    return node


def own_node(west: Objects) -> Json:
    return one(west, "Node", "", "west-worker")


IN_MEMBER: dict[str, tuple[Broken, set[str]]] = {
    "no own Endpoint": (
        lambda _east, west: west.remove(endpoint(west, OPERATOR, "west")),
        {"endpoint.missing"},
    ),
    "two own Endpoints": (
        lambda _east, west: again(west, endpoint(west, OPERATOR, "west"), name="west-again"),
        {"endpoint.duplicate"},
    ),
    "another name than at the broker": (
        lambda _east, west: endpoint(west, OPERATOR, "west")["metadata"].update(name="west-new"),
        {"endpoint.not-ours"},
    ),
    "no copy": (
        lambda _east, west: west.remove(endpoint(west, OPERATOR, "east")),
        {"endpoint.missing"},
    ),
    "two copies": (
        lambda _east, west: again(west, endpoint(west, OPERATOR, "east"), name="east-again"),
        {"endpoint.duplicate"},
    ),
    "copy of nothing": (
        lambda _east, west: west.append(
            {
                "kind": "Endpoint",
                "metadata": {"name": "x", "namespace": OPERATOR, "labels": {"submariner-io/clusterID": "old"}},
                "spec": {"cluster_id": "old", "private_ip": "10.0.0.9", "subnets": ["10.99.0.0/16"]},
            }
        ),
        {"endpoint.ghost"},
    ),
    "copy of an Endpoint of its own": (
        lambda _east, west: again(
            west, endpoint(west, OPERATOR, "west"), name="west-old", labels={"submariner-io/clusterID": "west"}
        ),
        {"endpoint.duplicate"},
    ),
    "copy with another label": (
        lambda _east, west: endpoint(west, OPERATOR, "east")["metadata"]["labels"].update(
            {"submariner-io/clusterID": "west"}
        ),
        {"endpoint.label-mismatch"},
    ),
    **{
        f"copy differs in {field}": (copy_with(field, value), {"endpoint.copy-differs"})
        for field, value in (
            ("private_ip", "172.31.2.77"),
            ("public_ip", "192.0.2.7"),
            ("backend", "libreswan"),
            ("healthCheckIP", "10.61.0.77"),
            ("backend_config", {"udp-port": "4501"}),
            ("nat_enabled", True),
            ("privateIPs", ["172.31.2.2", "fd00:31::2"]),
            ("healthCheckIPs", ["10.61.1.1", "fd00:61::1"]),
        )
    },
}

IN_REALITY: dict[str, tuple[Broken, set[str]]] = {
    "no active pod": (
        lambda _east, west: one(west, "Pod", OPERATOR, "submariner-gateway")["metadata"]["labels"].update(
            {"gateway.submariner.io/status": "passive"}
        ),
        {"gateway.not-one-active"},
    ),
    "two active pods": (
        lambda _east, west: again(west, one(west, "Pod", OPERATOR, "submariner-gateway"), name="again"),
        {"gateway.not-one-active"},
    ),
    "active pod elsewhere": (
        lambda _east, west: one(west, "Pod", OPERATOR, "submariner-gateway")["spec"].update(nodeName="west-worker2"),
        {"gateway.not-one-active"},
    ),
    "lease elsewhere": (
        lambda _east, west: one(west, "Lease", OPERATOR, "gateway-lock")["spec"].update(
            holderIdentity="west-worker2-submariner-gateway"
        ),
        {"gateway.lease-elsewhere"},
    ),
    "lease of nobody": (
        lambda _east, west: one(west, "Lease", OPERATOR, "gateway-lock")["spec"].update(holderIdentity=""),
        {"gateway.lease-elsewhere"},
    ),
    "address of no node, and the Gateway has another": (
        lambda east, west: (now_at(own_node(west), "10.9.9.9"), gateway_with("private_ip", "10.9.9.9")(east, west)),
        {"endpoint.stale-address"},
    ),
    "address of another node": (
        lambda _east, west: (
            now_at(one(west, "Node", "", "west-control-plane"), endpoint(west, OPERATOR, "west")["spec"]["private_ip"]),
            now_at(own_node(west), "10.9.9.9"),
        ),
        {"endpoint.stale-address"},
    ),
    "no such node": (
        lambda _east, west: west.remove(own_node(west)),
        {"endpoint.stale-address"},
    ),
    "no active Gateway": (
        lambda _east, west: one(west, "Gateway", OPERATOR, "west-worker")["status"].update(haStatus="passive"),
        {"gateway.not-one-active"},
    ),
    **{
        f"Gateway says another {field}": (gateway_with(field, value), {"gateway.endpoint-differs"})
        for field, value in (
            ("cable_name", "submariner-cable-west-172-31-2-5"),
            ("private_ip", "172.31.2.5"),
            ("hostname", "west-control-plane"),
            ("subnets", ["10.99.0.0/16"]),
            ("public_ip", "192.0.2.7"),
            ("backend", "libreswan"),
            ("healthCheckIP", "10.62.0.77"),
        )
    },
}


@pytest.mark.parametrize("broken", [b for b in (*IN_MEMBER, *IN_REALITY) if " differs in " in b or "another" in b])
def test_what_differs_is_named(broken: str) -> None:
    """What was seen and what should have been seen never read the same."""
    east, west = recording("healthy-two-nodes", "east"), recording("healthy-two-nodes", "west")
    {**IN_MEMBER, **IN_REALITY}[broken][0](east, west)
    found = check_member(snapshot_of(west), snapshot_of(east), BROKER, "west", BOTH)
    assert found
    for finding in found:
        assert finding.observed.removeprefix("says its Endpoint is ") != finding.expected.removesuffix(
            " as on the broker"
        )


@pytest.mark.parametrize("broken", [*AT_BROKER, *IN_MEMBER, *IN_REALITY])
def test_each_part_of_each_invariant(broken: str) -> None:
    east, west = recording("healthy-two-nodes", "east"), recording("healthy-two-nodes", "west")
    assert judge(east, west) == set()
    breaks, expected = {**AT_BROKER, **IN_MEMBER, **IN_REALITY}[broken]
    breaks(east, west)
    assert expected <= judge(east, west)


@pytest.mark.parametrize(
    ("gateways", "severity"), [("active", "info"), ("passive", "warning")], ids=["confirmed", "by nobody"]
)
def test_an_address_that_the_node_does_not_report(gateways: str, severity: str) -> None:
    """The gateway takes the one of the default route, the kubelet another network's."""
    east, west = recording("healthy-two-nodes", "east"), recording("healthy-two-nodes", "west")
    now_at(own_node(west), "10.9.9.9")
    one(west, "Gateway", OPERATOR, "west-worker")["status"].update(haStatus=gateways)
    found = check_member(snapshot_of(west), snapshot_of(east), BROKER, "west", BOTH)
    assert {f.id: f.severity for f in found if f.id.startswith("endpoint.")} == {
        "endpoint.unreported-address": severity
    }
    assert bool([f for f in found if f.severity == "error"]) is (severity != "info")


def test_a_copy_of_a_release_without_lists_of_addresses_is_no_other_one() -> None:
    east, west = recording("healthy-two-nodes", "east"), recording("healthy-two-nodes", "west")
    endpoint(east, BROKER, "east")["spec"].update(privateIPs=["172.31.2.2"], publicIPs=[""])
    assert judge(east, west) == set()


@pytest.mark.parametrize("broken", IN_MEMBER)
def test_records_can_be_judged_alone(broken: str) -> None:
    east, west = recording("healthy-two-nodes", "east"), recording("healthy-two-nodes", "west")
    breaks, expected = IN_MEMBER[broken]
    breaks(east, west)
    whole = snapshot_of(west)
    member = Snapshot({"endpoints": whole.reading("endpoints")})
    found = check_member(member, snapshot_of(east), BROKER, "west", BOTH, records_only=True)
    assert expected <= {f.id for f in found}
    assert not [f for f in found if f.severity == "unknown"]


def test_a_member_that_is_not_joined_has_neither_endpoint_nor_cluster_at_the_broker() -> None:
    east = recording("healthy-two-nodes", "east")
    assert not_joined(east) == {"endpoint.ghost", "cluster.ghost"}
    east = [o for o in east if o is not endpoint(east, BROKER, "west")]
    assert not_joined(east) == {"cluster.ghost"}


def test_the_brokers_own_cluster_as_a_member_has_copies_in_both_namespaces() -> None:
    east = snapshot_of(recording("healthy-two-nodes", "east"))
    assert len(east.endpoints(BROKER)) == len(east.endpoints(OPERATOR)) == 2
    assert check_broker(east, BROKER, BOTH) + check_member(east, east, BROKER, "east", BOTH) == []
