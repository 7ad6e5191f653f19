# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_for_connections against two API servers: connections, health checks, and Gateways that only seem to live."""

from __future__ import annotations

import base64
import re
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _watching as watching
from ansible_collections.submariner.lifecycle.plugins.modules import wait_for_connections
from tests.unit.clusterset import DAEMON_SETS, ENDPOINTS, GATEWAYS, OPERATOR, ROUTE_AGENTS, SUBMARINERS, Clusterset
from tests.unit.fake_api import FakeApi
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]


def wait(fleet: Clusterset, **options: t.Any) -> Outcome:
    return run_module(wait_for_connections.main, fleet.arguments(**options))


def ids(outcome: Outcome) -> set[str]:
    return {f["id"] for f in outcome["findings"]}


def report(fleet: Clusterset, status: str, message: str = "") -> None:
    """Let west's gateway say this of its connection to east."""

    def say(gateway: Json) -> None:
        gateway["status"]["connections"][0].update(status=status, statusMessage=message)

    fleet.change(fleet.west, GATEWAYS, say)


def test_what_a_living_gateway_says(fleet: Clusterset) -> None:
    fleet.beat()
    outcome = wait(fleet, window=0, timeout=0)
    assert not outcome.failed
    assert (outcome["verdict"], outcome["gateway"], outcome["health_check"]) == ("pass", "west-worker", True)
    (connection,) = outcome["connections"]
    assert {k: connection[k] for k in ("to", "status", "message", "latency", "remote", "proven")} == {
        "to": "east",
        "status": "connected",
        "message": "",
        "latency": "2.672255ms",
        "remote": "east-worker",
        "proven": True,
    }
    assert [(a["node"], a["to"], a["status"]) for a in outcome["route_agents"]] == [
        ("west-control-plane", "east", ""),
        ("west-worker", "east", "none"),
    ]


@pytest.mark.parametrize("server", [-120.0, 0.0, 120.0])
@pytest.mark.parametrize("node", [-120.0, 120.0])
@pytest.mark.parametrize("managed", [True, False])
def test_clocks_do_not_matter(
    fleet: Clusterset, monkeypatch: pytest.MonkeyPatch, server: float, node: float, managed: bool
) -> None:
    monkeypatch.setattr("ansible_collections.submariner.lifecycle.plugins.module_utils._wait.LOOK", 0.5)
    fleet.west.clock_offset, fleet.node_clock = server, node
    fleet.live(managed=managed)
    outcome = wait(fleet, window=0, timeout=10)
    assert not outcome.failed
    assert outcome["verdict"] == "pass"


@pytest.mark.parametrize("node", [-120.0, 0.0, 120.0])
def test_one_reading_shows_a_gateway_that_nobody_updates(fleet: Clusterset, node: float) -> None:
    fleet.node_clock = node
    fleet.beat()
    fleet.west.clock_offset = 300.0  # five minutes later
    outcome = wait(fleet, window=0, timeout=0)
    assert outcome.failed
    assert ids(outcome) == {"gateway.stale"}
    assert "Gateway west-worker of west: was not updated for 3" in outcome.msg


def test_two_readings_show_it_where_the_server_keeps_no_times(
    fleet: Clusterset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.submariner.lifecycle.plugins.module_utils._stability.STALE", 2.0)
    monkeypatch.setattr(watching, "RELIST", 1.0)
    outcome = wait(fleet, window=0, timeout=4)
    assert outcome.failed
    assert ids(outcome) == {"gateway.stale"}


def test_a_gateway_that_was_read_once_without_times_is_unknown(fleet: Clusterset) -> None:
    outcome = wait(fleet, window=0, timeout=0)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"
    assert ids(outcome) == {"gateway.unproven"}


def test_a_gateway_that_stops_inside_the_window_is_stale(fleet: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.submariner.lifecycle.plugins.module_utils._stability.STALE", 2.0)
    monkeypatch.setattr("ansible_collections.submariner.lifecycle.plugins.module_utils._wait.LOOK", 0.5)
    monkeypatch.setattr(watching, "RELIST", 1.0)
    fleet.live()
    fleet.once_asked(fleet.west, "watch", fleet.die)
    outcome = wait(fleet, window=6, timeout=0)
    assert outcome.failed
    assert {"gateway.stale", "stability.unstable"} <= ids(outcome)
    assert [e["kind"] for e in outcome["events"]] == ["finding"]


def test_a_stalled_watch_makes_no_gateway_stale(fleet: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.submariner.lifecycle.plugins.module_utils._stability.STALE", 2.0)
    monkeypatch.setattr(watching, "RELIST", 4.0)
    fleet.west.watch_stalls = True
    fleet.live()
    outcome = wait(fleet, window=6, timeout=0)
    assert not outcome.failed
    assert outcome["stability"] == "stable"


@pytest.mark.parametrize("measured", [False, True], ids=["never measured", "measured before"])
def test_without_a_health_check_a_connection_is_not_proven(fleet: Clusterset, measured: bool) -> None:
    def switch_off(submariner: Json) -> None:
        submariner["spec"]["connectionHealthCheck"]["enabled"] = False

    fleet.beat()
    fleet.change(fleet.west, SUBMARINERS, switch_off)
    if not measured:
        fleet.change(fleet.west, GATEWAYS, lambda g: g["status"]["connections"][0].pop("latencyRTT"))
    outcome = wait(fleet, window=0, timeout=0)
    assert not outcome.failed
    assert (outcome["verdict"], outcome["health_check"]) == ("degraded", False)
    (finding,) = outcome["findings"]
    assert (finding["id"], finding["severity"], finding["subject"]) == (
        "connection.unproven",
        "warning",
        "west -> east",
    )
    assert finding["observed"] == "not proven: connected, but its health check is off"
    assert not outcome["connections"][0]["proven"]


def test_a_connection_to_the_own_id_is_no_expected_one(fleet: Clusterset) -> None:
    def add_own(gateway: Json) -> None:
        (first,) = gateway["status"]["connections"]
        gateway["status"]["connections"].append({**first, "endpoint": {**first["endpoint"], "cluster_id": "west"}})

    fleet.beat()
    fleet.change(fleet.west, GATEWAYS, add_own)
    outcome = wait(fleet, window=0, timeout=0)
    assert [(f["id"], f["subject"]) for f in outcome["findings"]] == [("connection.ghost", "west -> west")]


def test_a_connection_that_flaps_and_comes_to_rest_is_degraded(fleet: Clusterset) -> None:
    fleet.live()
    fleet.once_asked(fleet.west, "watch", lambda: report(fleet, "error", "lost pings"), 0.3)
    fleet.once_asked(fleet.west, "watch", lambda: report(fleet, "connected"), 1.5)
    outcome = wait(fleet, window=2)
    assert not outcome.failed
    assert (outcome["verdict"], outcome["stability"]) == ("degraded", "degraded")
    assert [(e["kind"], e["observed"]) for e in outcome["events"]] == [
        ("connection", "error to east-worker, was connected to east-worker"),
        ("connection", "connected to east-worker, was error to east-worker"),
    ]
    assert outcome["events"][0]["time"].endswith("Z")


def test_a_connection_that_does_not_come_is_said_with_its_message(fleet: Clusterset) -> None:
    fleet.live()
    report(fleet, "error", "Failed to successfully ping the remote endpoint IP")
    outcome = wait(fleet, window=1, timeout=2)
    assert outcome.failed
    assert outcome["stability"] == "unstable"
    assert outcome["events"] == []
    assert outcome.msg.startswith(
        "west is not connected to all others: [connection.not-connected] west -> east: "
        "error: Failed to successfully ping the remote endpoint IP"
    )
    assert re.search(r"so for [2-9] s", outcome.msg)


def test_what_comes_right_is_a_start_and_no_trouble(fleet: Clusterset) -> None:
    fleet.live()
    report(fleet, "connecting")
    fleet.once_asked(fleet.west, "watch", lambda: report(fleet, "connected"))
    outcome = wait(fleet, window=1)
    assert (outcome["verdict"], outcome["stability"]) == ("pass", "stable")
    assert [e["kind"] for e in outcome["events"]] == ["connection"]


def test_a_workload_that_loses_a_pod_is_an_event(fleet: Clusterset) -> None:
    def ready(count: int) -> None:
        fleet.change(
            fleet.west, DAEMON_SETS, lambda d: d["status"].update(numberReady=count), name="submariner-routeagent"
        )

    fleet.live()
    fleet.once_asked(fleet.west, "watch", lambda: ready(1), 0.3)
    fleet.once_asked(fleet.west, "watch", lambda: ready(2), 1.3)
    outcome = wait(fleet, window=1)
    assert not outcome.failed
    assert [e["observed"] for e in outcome["events"]] == ["1 of 2 pods ready, was 2 of 2 pods ready"]


def test_a_node_without_a_connection_fails(fleet: Clusterset) -> None:
    fleet.beat()
    fleet.change(
        fleet.west,
        ROUTE_AGENTS,
        lambda r: r["status"]["remoteEndpoints"][0].update(status="error", statusMessage="no answer"),
        name="west-control-plane",
    )
    outcome = wait(fleet, window=0, timeout=0)
    assert outcome.failed
    assert "node west-control-plane of west -> east: no answer" in outcome.msg


@pytest.mark.parametrize("kind", ["submariners", "deployments", "daemonsets", "pods", "gateways", "routeagents"])
def test_what_is_forbidden_is_unknown(fleet: Clusterset, kind: str) -> None:
    fleet.beat()
    fleet.west.fault(403, path=f"/{kind}$")
    outcome = wait(fleet, window=0, timeout=0)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"
    assert kind in outcome.msg


def test_a_broker_that_is_away_is_unknown(fleet: Clusterset) -> None:
    fleet.beat()
    with FakeApi() as dead:
        gone = {"host": dead.url, "api_key": "token-of-the-test"}
    outcome = wait(fleet, broker=gone, window=0, timeout=0)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"


def refuse(fleet: Clusterset, same_way: bool = True) -> None:
    """Let the broker refuse the token in west's Submariner resource."""
    fleet.east.admits = lambda request: request.authorization != "Bearer <redacted-token>"
    if same_way:
        server = fleet.east.url.partition("://")[2]
        fleet.change(fleet.west, SUBMARINERS, lambda body: body["spec"].update(brokerK8sApiServer=server))


def secret(token: str) -> Json:
    meta = {"name": "submariner-broker-secret", "namespace": OPERATOR}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta,
        "data": {"token": base64.b64encode(token.encode()).decode()},
    }


def test_a_token_that_the_broker_refuses_fails_though_all_are_connected(fleet: Clusterset) -> None:
    fleet.live()
    refuse(fleet)
    fleet.west.cluster.load([secret("<redacted-token>")])
    outcome = wait(fleet, timeout=1, window=0)
    assert outcome.failed
    assert [(f["id"], f["severity"]) for f in outcome["findings"]] == [("broker.token-refused", "error")]
    assert "join again" in outcome.msg


def test_the_token_of_the_secret_outranks_that_of_the_resource(fleet: Clusterset) -> None:
    fleet.live()
    refuse(fleet)
    fleet.west.cluster.load([secret("a-newer-one")])
    outcome = wait(fleet, timeout=1, window=0)
    assert not outcome.failed, outcome.msg
    assert ids(outcome) == set()


@pytest.mark.parametrize("secret_denied", [True, False])
def test_a_refusal_that_may_be_another_ways_is_a_warning(fleet: Clusterset, secret_denied: bool) -> None:
    fleet.live()
    refuse(fleet, same_way=secret_denied)
    fleet.west.cluster.load([secret("<redacted-token>")])
    if secret_denied:
        fleet.west.fault(403, path="/secrets/")
    outcome = wait(fleet, timeout=1, window=0)
    assert not outcome.failed, outcome.msg
    assert [(f["id"], f["severity"]) for f in outcome["findings"]] == [("broker.token-refused", "warning")]


def test_a_cluster_without_submariner_is_said_to_have_none(fleet: Clusterset) -> None:
    for submariner in fleet.west.cluster.objects(SUBMARINERS):
        submariner["metadata"]["finalizers"] = []
        fleet.west.cluster.replace(SUBMARINERS, submariner, OPERATOR, submariner["metadata"]["name"])
        fleet.west.cluster.delete(SUBMARINERS, OPERATOR, submariner["metadata"]["name"])
    outcome = wait(fleet, window=0, timeout=0)
    assert "submariner.not-installed" in ids(outcome)


def test_a_joined_cluster_with_the_same_cidrs_has_to_be_connected_to(fleet: Clusterset) -> None:
    """By mistake, as two clusters with the defaults of one installer; it is not west under another ID."""
    fleet.beat()
    for api in (fleet.east, fleet.west):
        fleet.change(api, ENDPOINTS, lambda body: body["spec"].update(subnets=["10.42.0.0/16", "10.43.0.0/16"]))
    fleet.change(fleet.west, GATEWAYS, lambda body: body["status"].update(connections=[]))
    outcome = wait(fleet, window=0, timeout=0)
    assert (outcome["verdict"], [f["id"] for f in outcome["findings"]]) == ("fail", ["connection.missing"])
