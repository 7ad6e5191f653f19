# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks on recordings: each state gives exactly the findings that its description says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.connections import check_connections
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import (
    Members,
    check_broker,
    check_member,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import check_workloads
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Snapshot, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording

NAMESPACE = "submariner-k8s-broker"
BOTH = Members(frozenset(["east", "west"]), frozenset(["east", "west"]))


def pair(state: str) -> tuple[Snapshot, Snapshot]:
    return snapshot_of(recording(state, "east")), snapshot_of(recording(state, "west"))


def ids(findings: list[Finding]) -> list[str]:
    return sorted({f.id for f in findings})


def judge(state: str, members: Members = BOTH) -> dict[str, list[str]]:
    """Findings by who is judged."""
    east, west = pair(state)
    expected = members.expected(east, NAMESPACE)
    return {
        "broker": ids(check_broker(east, NAMESPACE, members)),
        "east": ids(check_member(east, east, NAMESPACE, "east", members)),
        "west": ids(check_member(west, east, NAMESPACE, "west", members)),
        "connections": ids(
            check_connections(east, east, NAMESPACE, "east", expected)
            + check_connections(west, east, NAMESPACE, "west", expected)
        ),
        "workloads": ids(check_workloads(east, "east") + check_workloads(west, "west")),
    }


@pytest.mark.parametrize("state", ["installed", "healthy-two-nodes", "globalnet"])
def test_a_healthy_pair_has_no_findings(state: str) -> None:
    found = judge(state)
    found["workloads"] = [f for f in found["workloads"] if f != "workload.not-ready"]
    assert found == {"broker": [], "east": [], "west": [], "connections": [], "workloads": []}


def test_joined_as_second_id_is_all_connected_and_found_all_the_same() -> None:
    found = judge("joined-as-second-id")
    assert found["broker"] == ["endpoint.ghost"]
    assert "endpoint.wrong-id" in found["west"]
    east, _west = pair("joined-as-second-id")
    assert check_connections(east, east, NAMESPACE, "east", ["east", "west", "west2"]) == []


def test_a_ghost_of_an_inventory_cluster_without_installation() -> None:
    found = judge("label-removed-first", Members(frozenset(["east"]), frozenset(["east", "west"])))
    assert found["broker"] == ["cluster.ghost", "endpoint.ghost"]
    assert found["connections"] == ["connection.ghost", "gateway.not-one-active"]


def test_leftover_uninstall_workloads_are_found() -> None:
    found = judge("operator-killed-mid-uninstall")
    assert "workload.uninstall-left" in found["workloads"]
    assert "submariner.going" in found["workloads"]


def test_not_installed_is_said() -> None:
    assert judge("west-uninstalled")["workloads"] == ["submariner.not-installed"]


def test_a_second_endpoint_for_one_id_is_a_duplicate() -> None:
    objects = recording("installed", "east")
    first = next(o for o in objects if o["kind"] == "Endpoint" and o["metadata"]["namespace"] == NAMESPACE)
    second = json.loads(json.dumps(first))
    second["metadata"]["name"] += "-again"
    second["spec"]["private_ip"] = "10.201.0.9"
    broker = snapshot_of([*objects, second])
    assert "endpoint.duplicate" in ids(check_broker(broker, NAMESPACE, BOTH))


def test_an_unmanaged_cluster_is_expected_and_no_ghost() -> None:
    east, _west = pair("installed")
    alone = Members(frozenset(["east"]), frozenset(["east"]))
    assert alone.expected(east, NAMESPACE) == {"east", "west"}
    assert check_broker(east, NAMESPACE, alone) == []


def test_what_was_not_answered_is_unknown_and_never_a_pass() -> None:
    east, west = pair("installed")
    east.readings["endpoints"].state = "unknown"
    findings = check_broker(east, NAMESPACE, BOTH) + check_member(west, east, NAMESPACE, "west", BOTH)
    assert verdict(findings) == "unknown"


def test_an_empty_reading_never_passes() -> None:
    nothing = Snapshot()
    findings = check_connections(nothing, nothing, NAMESPACE, "east", ["east", "west"])
    assert verdict(findings + check_workloads(nothing, "east")) == "unknown"


def test_no_connection_at_all_is_a_failure() -> None:
    east, west = pair("installed")
    for obj in west.readings["gateways"].objects:
        obj["status"]["connections"] = []
    findings = check_connections(west, east, NAMESPACE, "west", ["east", "west"])
    assert ids(findings) == ["connection.missing"]
    assert "broker" in findings[0].hint


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "status", "name", "namespace", "labels", "connections", "endpoint", "subnets"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = [
    "Endpoint",
    "Cluster",
    "Gateway",
    "RouteAgent",
    "Submariner",
    "Node",
    "Pod",
    "DaemonSet",
    "Deployment",
    "Lease",
]


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), odd)))
)
def test_odd_objects_never_end_in_a_traceback_or_a_pass(objects: list[tuple[str, dict[str, object]]]) -> None:
    items = [{**body, "metadata": body.get("metadata") or {}, "kind": kind} for kind, body in objects]
    items = [{**i, "metadata": i["metadata"] if isinstance(i["metadata"], dict) else {}} for i in items]
    for item in items:
        item["metadata"] = {**item["metadata"], "namespace": "submariner-operator"}  # type: ignore[dict-item]
    snapshot = snapshot_of(items)
    findings = check_broker(snapshot, NAMESPACE, BOTH) + check_member(snapshot, snapshot, NAMESPACE, "east", BOTH)
    findings += check_connections(snapshot, snapshot, NAMESPACE, "east", ["east", "west"])
    findings += check_workloads(snapshot, "east")
    digest(snapshot, "east")
    assert verdict(findings) in ("fail", "unknown")
