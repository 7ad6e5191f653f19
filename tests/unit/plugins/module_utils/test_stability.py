# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a change between two readings, and what is said of a cluster that changed."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import STALE
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Reading, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._stability import (
    MOST_EVENTS,
    Changes,
    Event,
    Pulse,
    Stability,
)
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
OPERATOR = "submariner-operator"


def objects() -> list[Json]:
    return copy.deepcopy(recording("healthy-two-nodes", "west"))


def one(items: list[Json], kind: str, name: str = "") -> Json:
    return next(
        o
        for o in items
        if (o["kind"], o["metadata"].get("namespace")) == (kind, OPERATOR) and name in o["metadata"]["name"]
    )


def pod(items: list[Json]) -> Json:
    return one(items, "Pod", "submariner-gateway")


def events_of(change: t.Callable[[list[Json]], object]) -> list[tuple[str, str, str]]:
    items = objects()
    changes = Changes(OPERATOR)
    assert changes.since_last(snapshot_of(items), 0.0) == []
    later = copy.deepcopy(items)
    change(later)
    events = changes.since_last(snapshot_of(later), 5.0)
    assert {e.at for e in events} <= {5.0}
    return [(e.kind, e.subject, e.observed) for e in events]


def replace_endpoint(items: list[Json]) -> None:
    own = next(o for o in items if o["kind"] == "Endpoint" and "labels" not in o["metadata"])
    own["metadata"]["uid"] = "another"


def restart(items: list[Json]) -> None:
    status = pod(items)["status"]["containerStatuses"][0]
    status["restartCount"] = 1
    status["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}


CHANGES: dict[str, tuple[t.Callable[[list[Json]], object], str, str, str]] = {
    "restart": (
        restart,
        "restart",
        "container submariner-gateway of pod submariner-gateway-2dp66",
        "1 restarts (exit code 1 Error), was 0 restarts",
    ),
    "pod evicted": (
        lambda items: pod(items)["status"].update(phase="Failed"),
        "pod",
        "pod submariner-gateway-2dp66",
        "gone, was on node west-worker",
    ),
    "pod going": (
        lambda items: pod(items)["metadata"].update(deletionTimestamp="2026-11-23T07:30:00Z"),
        "pod",
        "pod submariner-gateway-2dp66",
        "gone, was on node west-worker",
    ),
    "workload": (
        lambda items: one(items, "DaemonSet", "routeagent")["status"].update(numberReady=1),
        "workload",
        "DaemonSet submariner-routeagent",
        "1 of 2 pods ready, was 2 of 2 pods ready",
    ),
    "endpoint": (
        replace_endpoint,
        "endpoint",
        "Endpoint of west in submariner-operator",
        "west-submariner-cable-west-172-31-2-4 (172.31.2.4) (replaced)",
    ),
    "endpoint gone": (
        lambda items: items.remove(one(items, "Endpoint", "cable-east")),
        "endpoint",
        "Endpoint of east in submariner-operator",
        "gone, was east-submariner-cable-east-172-31-2-2 (172.31.2.2)",
    ),
    "lease": (
        lambda items: one(items, "Lease")["spec"].update(holderIdentity="west-control-plane-submariner-gateway"),
        "lease",
        "lease submariner-gateway-lock",
        "held by west-control-plane-submariner-gateway, was held by west-worker-submariner-gateway",
    ),
    "lease taken back": (
        lambda items: one(items, "Lease")["spec"].update(leaseTransitions=1),
        "lease",
        "lease submariner-gateway-lock",
        "held by west-worker-submariner-gateway (replaced)",
    ),
    "gateway": (
        lambda items: one(items, "Gateway")["status"].update(haStatus="passive"),
        "gateway",
        "Gateway west-worker",
        "passive, was active",
    ),
    "connection": (
        lambda items: one(items, "Gateway")["status"]["connections"][0].update(status="error"),
        "connection",
        "connection to east of gateway west-worker",
        "error to east-worker, was connected to east-worker",
    ),
    "connection gone": (
        lambda items: one(items, "Gateway")["status"].update(connections=[]),
        "connection",
        "connection to east of gateway west-worker",
        "gone, was connected to east-worker",
    ),
    "route agent": (
        lambda items: one(items, "RouteAgent", "control-plane")["status"]["remoteEndpoints"][0].update(status="error"),
        "connection",
        "connection to east of node west-control-plane",
        "error, was not tested",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_an_event(name: str) -> None:
    change, kind, subject, observed = CHANGES[name]
    assert (kind, subject, observed) in events_of(change)


def beat(items: list[Json]) -> None:
    gateway = one(items, "Gateway")
    gateway["metadata"]["annotations"]["update-timestamp"] = "9999999999"
    gateway["status"]["connections"][0]["latencyRTT"]["last"] = "7ms"
    one(items, "Lease")["spec"]["renewTime"] = "2026-11-23T08:00:00.000000Z"


def test_what_gets_better_is_no_event() -> None:
    worse = objects()
    one(worse, "DaemonSet", "routeagent")["status"]["numberReady"] = 1
    one(worse, "RouteAgent", "control-plane")["status"]["remoteEndpoints"][0]["status"] = "error"
    changes = Changes(OPERATOR)
    changes.since_last(snapshot_of(worse), 0.0)
    assert changes.since_last(snapshot_of(objects()), 1.0) == []


def test_heartbeats_and_newcomers_are_no_events() -> None:
    def newcomer(items: list[Json]) -> None:
        new = copy.deepcopy(one(items, "Endpoint", "cable-east"))
        new["metadata"].update(name="north", uid="n", labels={"submariner-io/clusterID": "north"})
        new["spec"]["cluster_id"] = "north"
        items.append(new)

    assert events_of(beat) == []
    assert events_of(newcomer) == []


def test_a_bare_pod_is_not_submariners() -> None:
    def without_owner(items: list[Json]) -> None:
        del pod(items)["metadata"]["ownerReferences"]

    items = objects()
    without_owner(items)
    changes = Changes(OPERATOR)
    changes.since_last(snapshot_of(items), 0.0)
    restart(items)
    assert changes.since_last(snapshot_of(items), 1.0) == []


def test_what_was_not_answered_says_nothing_and_is_compared_later() -> None:
    changes = Changes(OPERATOR)
    changes.since_last(snapshot_of(objects()), 0.0)
    assert changes.since_last(Snapshot(), 1.0) == []
    later = objects()
    restart(later)
    assert [e.kind for e in changes.since_last(snapshot_of(later), 2.0)] == ["restart"]


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "containerStatuses",
                    "restartCount",
                    "ownerReferences",
                    "connections",
                    "remoteEndpoints",
                    "spec",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
KEYS = ["pods", "deployments", "daemonsets", "endpoints", "leases", "gateways", "routeagents"]


@given(
    st.lists(st.tuples(st.sampled_from(KEYS), st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), odd)))
)
def test_odd_objects_never_end_in_a_traceback(found: list[tuple[str, Json]]) -> None:
    changes, pulse = Changes(OPERATOR), Pulse()
    for at, chosen in ((0.0, found), (1.0, found[1:]), (2.0, found)):
        snapshot = Snapshot({k: Reading("present", [o for key, o in chosen if key == k]) for k in KEYS})
        changes.since_last(snapshot, at)
        pulse.check(snapshot, "west", at, at, None)


# -- the verdict ----------------------------------------------------------------------------------------------------


def trouble(severity: str = "error") -> Finding:
    return Finding("x", severity, "s", "o")


def change(at: float) -> Event:
    return Event("restart", "container c of pod p", "1 restarts, was 0 restarts", at)


def test_quiet_all_along_is_stable() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [], [])
    stability.see(5.0, [trouble("warning")], [])
    assert stability.quiet(10.0) == 10.0
    assert stability.verdict(True) == "stable"
    assert stability.findings("west", True, False, 10.0) == []


def test_a_change_starts_the_window_again_and_is_told_afterwards() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [], [])
    stability.see(4.0, [], [change(4.0)])
    assert stability.quiet(10.0) == 6.0
    assert stability.verdict(True) == "degraded"
    (finding,) = stability.findings("west", True, False, 14.0)
    assert (finding.id, finding.severity) == ("stability.degraded", "warning")
    assert finding.cause == "container c of pod p: 1 restarts, was 0 restarts, 4 s after the wait began"
    assert finding.evidence["events"][0]["subject"] == "container c of pod p"


def test_what_happens_before_all_is_right_is_a_start() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [trouble()], [])
    stability.see(3.0, [], [change(3.0)])
    assert stability.quiet(13.0) == 10.0
    assert stability.verdict(True) == "stable"
    assert [e.at for e in stability.events] == [3.0]


def test_an_error_that_no_event_explains_is_an_event() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [], [])
    stability.see(1.0, [trouble()], [])
    stability.see(2.0, [trouble()], [])
    stability.see(3.0, [], [])
    assert [(e.kind, e.subject, e.observed, e.at) for e in stability.events] == [("finding", "s", "o", 1.0)]
    assert stability.quiet(5.0) == 2.0
    assert stability.verdict(True) == "degraded"


def test_what_could_not_be_read_starts_the_window_again_and_accuses_nobody() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [], [])
    stability.see(1.0, [trouble("unknown")], [])
    stability.see(2.0, [], [])
    assert stability.quiet(12.0) == 10.0
    assert stability.verdict(True) == "stable"


def test_no_quiet_window_is_unstable() -> None:
    stability = Stability(10.0)
    for at in range(0, 20, 4):
        stability.see(at, [], [change(at)] if at else [])
    assert stability.verdict(False) == "unstable"
    (finding,) = stability.findings("west", False, False, 20.0)
    assert (finding.id, finding.severity, finding.observed) == (
        "stability.unstable",
        "error",
        "did not keep still within 20 s",
    )


def test_findings_that_stand_speak_for_themselves() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [trouble()], [])
    assert stability.verdict(False) == "unstable"
    assert stability.findings("west", False, True, 20.0) == []


def test_a_wait_that_ends_right_and_not_quiet_never_passes() -> None:
    stability = Stability(10.0)
    stability.see(0.0, [trouble("unknown")], [])
    stability.see(19.0, [], [])
    assert [f.id for f in stability.findings("west", False, False, 20.0)] == ["stability.unstable"]


def test_without_a_window_nothing_is_claimed() -> None:
    stability = Stability(0.0)
    stability.see(0.0, [], [])
    assert stability.verdict(True) == "unwatched"


def test_only_the_newest_events_are_kept() -> None:
    stability = Stability(1.0)
    stability.see(0.0, [], [])
    for at in range(1, 3 * MOST_EVENTS):
        stability.see(at, [], [change(at)])
    assert len(stability.events) == MOST_EVENTS
    assert stability.events[-1].at == 3 * MOST_EVENTS - 1


# -- pulse ----------------------------------------------------------------------------------------------------------


def gateway(updated: str, written: str = "") -> Snapshot:
    items = objects()
    body = one(items, "Gateway")
    body["metadata"]["annotations"]["update-timestamp"] = updated
    body["metadata"]["managedFields"] = [{"time": written}] if written else []
    return snapshot_of(items)


def ids(findings: list[Finding]) -> list[str]:
    return [f.id for f in findings]


def test_two_readings_tell_a_living_gateway_from_a_dead_one() -> None:
    pulse = Pulse()
    assert ids(pulse.check(gateway("1"), "west", 0.0, 0.0, None)) == ["gateway.unproven"]
    assert pulse.check(gateway("2"), "west", 5.0, 5.0, None) == []
    assert pulse.check(gateway("2"), "west", STALE, STALE, None) == []
    assert ids(pulse.check(gateway("2"), "west", STALE + 5, STALE + 5, None)) == ["gateway.stale"]
    assert pulse.check(gateway("3"), "west", STALE + 6, STALE + 6, None) == []


def test_only_a_list_shows_that_nothing_moved() -> None:
    pulse = Pulse()
    pulse.check(gateway("1"), "west", 0.0, 0.0, None)
    pulse.check(gateway("2"), "west", 1.0, 0.0, None)
    assert pulse.check(gateway("2"), "west", 60.0, 0.0, None) == []


WRITTEN, WRITTEN_AT = "2026-11-23T07:00:00Z", 1795417200.0


def test_the_servers_own_clock_tells_it_from_one_reading() -> None:
    assert Pulse().check(gateway("1", WRITTEN), "west", 0.0, 0.0, WRITTEN_AT + 4) == []
    assert Pulse().check(gateway("1", WRITTEN), "west", 0.0, 0.0, WRITTEN_AT - 4) == []
    (finding,) = Pulse().check(gateway("1", WRITTEN), "west", 0.0, 0.0, WRITTEN_AT + STALE)
    assert finding.id == "gateway.stale"


def test_two_readings_outrank_a_server_whose_clocks_disagree() -> None:
    pulse = Pulse()
    assert ids(pulse.check(gateway("1", WRITTEN), "west", 0.0, 0.0, WRITTEN_AT + 500)) == ["gateway.stale"]
    assert pulse.check(gateway("2", WRITTEN), "west", 5.0, 5.0, WRITTEN_AT + 500) == []


def test_a_gateway_that_comes_back_is_looked_at_anew() -> None:
    pulse = Pulse()
    pulse.check(gateway("1"), "west", 0.0, 0.0, None)
    pulse.check(Snapshot({"gateways": Reading("present")}), "west", 1.0, 1.0, None)
    assert ids(pulse.check(gateway("2"), "west", 2.0, 2.0, None)) == ["gateway.unproven"]
