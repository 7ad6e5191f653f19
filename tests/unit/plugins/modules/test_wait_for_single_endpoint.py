# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_for_single_endpoint against two API servers, with everything that can go wrong between it and them."""

from __future__ import annotations

import threading
import time
import typing as t
from collections import Counter

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _watching as watching
from ansible_collections.submariner.lifecycle.plugins.modules import wait_for_single_endpoint
from tests.unit.clusterset import BROKER, ENDPOINTS, LEASES, OPERATOR, PODS, Clusterset
from tests.unit.fake_api import FakeApi
from tests.unit.run_module import Outcome, run_module

LISTS = {"endpoints", "gateways", "pods", "leases", "nodes"}


def wait(fleet: Clusterset, **options: t.Any) -> Outcome:
    return run_module(wait_for_single_endpoint.main, fleet.arguments(**options))


def asked(api: FakeApi) -> Counter[tuple[str, str]]:
    return Counter((r.verb, r.path.rpartition("/")[2]) for r in api.requests)


def ids(outcome: Outcome) -> set[str]:
    return {f["id"] for f in outcome["findings"]}


def test_one_list_per_kind_when_all_is_right_and_no_window_is_wanted(fleet: Clusterset) -> None:
    outcome = wait(fleet, window=0, timeout=0)
    assert not outcome.failed
    assert (outcome["verdict"], outcome["stability"], outcome["events"]) == ("pass", "unwatched", [])
    assert asked(fleet.west) == {("list", kind): 1 for kind in LISTS}
    assert asked(fleet.east) == {("list", "endpoints"): 1, ("list", "clusters"): 1}


def test_without_a_window_nothing_is_said_of_stability(fleet: Clusterset) -> None:
    fleet.second_endpoint(fleet.east)
    outcome = wait(fleet, window=0, timeout=0)
    assert (outcome["verdict"], outcome["stability"]) == ("fail", "unwatched")


def test_heartbeats_cost_no_requests_and_no_looks(fleet: Clusterset) -> None:
    fleet.live(every=0.02)
    outcome = wait(fleet, window=3)
    assert (outcome["verdict"], outcome["stability"], outcome["events"]) == ("pass", "stable", [])
    # Listed, watched, and listed once more as proof.
    assert asked(fleet.west) == {(verb, kind): n for kind in LISTS for verb, n in (("list", 2), ("watch", 1))}
    assert outcome["readings"] <= 4


def test_its_threads_end_with_it(fleet: Clusterset) -> None:
    before = set(threading.enumerate())
    wait(fleet, window=1)
    assert [t.name for t in threading.enumerate() if t not in before and t.name.startswith("watch ")] == []


def answers_watches_with(status: int) -> t.Callable[[Clusterset], object]:
    return lambda fleet: fleet.east.fault(status, verb="watch")


def forget(fleet: Clusterset) -> None:
    for moment in range(1, 50):
        fleet.east.after(moment / 10, fleet.east.cluster.compact)


TROUBLE: dict[str, t.Callable[[Clusterset], object]] = {
    "none": lambda _fleet: None,
    "410 at once": answers_watches_with(410),
    "410 later": forget,
    "403": answers_watches_with(403),
    "405": answers_watches_with(405),
    "500": answers_watches_with(500),
    "connection lost": lambda fleet: fleet.east.fault(verb="watch", drop=True),
    "watch ended": lambda fleet: setattr(fleet.east, "watch_seconds", 0.3),
}


def seen_after(outcome: Outcome, ended: float, moment: float) -> float:
    """Seconds from `moment` until the first event was seen."""
    return float(ended - outcome["seconds"] + outcome["events"][0]["at"] - moment)


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_second_endpoint_is_noticed(fleet: Clusterset, trouble: str) -> None:
    TROUBLE[trouble](fleet)
    made: list[float] = []

    def appear() -> None:
        second = fleet.second_endpoint(fleet.east)
        made.append(time.monotonic())
        fleet.east.after(1.2, lambda: fleet.east.cluster.delete(ENDPOINTS, BROKER, second["metadata"]["name"]))

    fleet.once_asked(fleet.east, "watch", appear)
    outcome = wait(fleet, window=1)
    ended = time.monotonic()
    assert not outcome.failed
    assert (outcome["verdict"], outcome["stability"]) == ("degraded", "degraded")
    first = outcome["events"][0]
    assert (first["kind"], first["subject"]) == ("endpoint", f"Endpoint of west in {BROKER}")
    assert seen_after(outcome, ended, made[0]) < (1.0 if trouble == "none" else 1.5)
    assert max(asked(fleet.east).values()) < 12


def test_a_stalled_watch_is_made_up_for_by_listing_again(fleet: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RELIST", 1.0)
    fleet.east.watch_stalls = True
    fleet.once_asked(fleet.east, "watch", lambda: fleet.second_endpoint(fleet.east))
    outcome = wait(fleet, window=60, timeout=3)
    assert outcome.failed
    assert "endpoint.duplicate" in ids(outcome)
    assert outcome["seconds"] < 30


def test_what_a_stalled_watch_hid_is_found_by_the_last_list(fleet: Clusterset) -> None:
    fleet.east.watch_stalls = True
    fleet.once_asked(fleet.east, "watch", lambda: fleet.second_endpoint(fleet.east))
    outcome = wait(fleet, window=2, timeout=1)
    assert outcome.failed
    assert {"endpoint.duplicate", "stability.unstable"} <= ids(outcome)


def test_what_a_stalled_watch_hid_ends_the_wait_at_the_deadline(fleet: Clusterset) -> None:
    name = fleet.second_endpoint(fleet.east)["metadata"]["name"]
    fleet.east.watch_stalls = True
    fleet.once_asked(fleet.east, "watch", lambda: fleet.east.cluster.delete(ENDPOINTS, BROKER, name))
    outcome = wait(fleet, window=0, timeout=2)
    assert not outcome.failed
    assert outcome["verdict"] == "pass"


def test_a_server_that_is_away_for_some_seconds_starts_the_window_again(fleet: Clusterset) -> None:
    away: list[float] = []

    def go() -> None:
        fleet.east.fault(503, path="/endpoints$")
        fleet.east.watch_seconds = 0.0
        with fleet.east.cluster.changed:
            fleet.east.cluster.changed.notify_all()
        fleet.once_asked(fleet.east, "list", come, delay=2.0)

    def come() -> None:
        fleet.east.clear_faults()
        away.append(time.monotonic())

    fleet.east.watch_seconds = 1.0
    fleet.once_asked(fleet.east, "watch", go)
    outcome = wait(fleet, window=3)
    assert not outcome.failed
    assert time.monotonic() - away[0] >= 3
    assert outcome["stability"] == "stable"  # it was not seen that anything changed meanwhile


def test_an_answer_that_takes_ten_seconds_is_waited_for(fleet: Clusterset) -> None:
    fleet.east.fault(delay=10.0, path="/endpoints$", times=1)
    outcome = wait(fleet, window=0, timeout=0)
    assert not outcome.failed
    assert 10 <= outcome["seconds"] < 13


@pytest.mark.parametrize("kind", sorted(LISTS))
def test_what_is_forbidden_is_unknown(fleet: Clusterset, kind: str) -> None:
    fleet.west.fault(403, path=f"/{kind}$")
    outcome = wait(fleet, window=0, timeout=0)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"
    assert f"{kind} of cluster west: not answered" in outcome.msg


def test_a_timeout_says_what_is_left_since_when_and_what_to_do(fleet: Clusterset) -> None:
    fleet.second_endpoint(fleet.east)
    outcome = wait(fleet, window=1, timeout=2)
    assert outcome.failed
    assert outcome.msg.startswith(
        "Not exactly one Endpoint per cluster, seen from west: [endpoint.duplicate] cluster west"
    )
    assert "so for 2 s" in outcome.msg
    assert "do: keep the one of the live active gateway" in outcome.msg


def replace_own(fleet: Clusterset) -> None:
    own = next(e for e in fleet.west.cluster.objects(ENDPOINTS, OPERATOR) if "labels" not in e["metadata"])
    fleet.west.cluster.delete(ENDPOINTS, OPERATOR, own["metadata"]["name"])
    meta = {"name": own["metadata"]["name"]}
    fleet.west.cluster.create(ENDPOINTS, {**own, "metadata": meta}, OPERATOR)


def hand_over(fleet: Clusterset) -> None:
    fleet.change(fleet.west, LEASES, lambda lease: lease["spec"].update(leaseTransitions=1))


def restart(fleet: Clusterset) -> None:
    def end(pod: t.Any) -> None:
        container = pod["status"]["containerStatuses"][0]
        container["restartCount"] += 1
        container["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}

    name = next(p["metadata"]["name"] for p in fleet.west.cluster.objects(PODS, OPERATOR) if "gateway" in str(p))
    fleet.change(fleet.west, PODS, end, name=name)


@pytest.mark.parametrize(
    ("happens", "kind"), [(replace_own, "endpoint"), (hand_over, "lease"), (restart, "restart")], ids=str
)
def test_a_change_starts_the_window_again_though_nothing_is_wrong(
    fleet: Clusterset, happens: t.Callable[[Clusterset], None], kind: str
) -> None:
    fleet.once_asked(fleet.west, "watch", lambda: happens(fleet))
    outcome = wait(fleet, window=1)
    assert not outcome.failed
    assert outcome["stability"] == "degraded"
    assert [e["kind"] for e in outcome["events"]] == [kind]
    assert outcome["seconds"] >= round(outcome["events"][0]["at"] + 1, 1)
    assert "stability.degraded" in ids(outcome)


def test_changes_up_to_the_deadline_are_unstable(fleet: Clusterset) -> None:
    for moment in range(9):
        fleet.once_asked(fleet.west, "watch", lambda: restart(fleet), delay=moment / 2)
    outcome = wait(fleet, window=2, timeout=1)
    assert outcome.failed
    assert (outcome["verdict"], outcome["stability"]) == ("fail", "unstable")
    assert ids(outcome) == {"stability.unstable"}
    assert "exit code 137 OOMKilled" in outcome.msg


# -- others ---------------------------------------------------------------------------------------------------------


def others(fleet: Clusterset) -> list[dict[str, t.Any]]:
    return [{"cluster_id": "east", "auth": fleet.access(fleet.east)}]


def test_each_of_the_others_is_asked_once_and_for_the_proof(fleet: Clusterset) -> None:
    outcome = wait(fleet, others=others(fleet), window=0, timeout=0)
    assert not outcome.failed
    assert asked(fleet.east)["list", "endpoints"] == 2  # as the broker and as a member
    fleet.east.requests.clear()
    assert not wait(fleet, others=others(fleet), window=1).failed
    assert asked(fleet.east)["list", "endpoints"] == 4


def test_a_second_endpoint_in_another_member_fails(fleet: Clusterset) -> None:
    fleet.second_endpoint(fleet.east, OPERATOR)
    outcome = wait(fleet, others=others(fleet), window=0, timeout=1)
    assert outcome.failed
    assert "2 Endpoints in east" in outcome.msg


def test_another_member_that_comes_right_is_enough(fleet: Clusterset) -> None:
    second = fleet.second_endpoint(fleet.east, OPERATOR)
    name = second["metadata"]["name"]
    fleet.once_asked(fleet.west, "watch", lambda: fleet.east.cluster.delete(ENDPOINTS, OPERATOR, name))
    outcome = wait(fleet, others=others(fleet), window=0)
    assert not outcome.failed
    assert outcome["readings"] > 1


def test_another_member_that_does_not_answer_is_unknown(fleet: Clusterset, tmp_path: t.Any) -> None:
    with FakeApi() as dead:
        gone = {"host": dead.url, "api_key": "token-of-the-test"}
    outcome = wait(fleet, others=[{"cluster_id": "east", "auth": gone}], window=0, timeout=0)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"
    assert "endpoints of cluster east: not answered: connection refused" in outcome.msg


def test_credentials_that_cannot_be_used_are_named(fleet: Clusterset) -> None:
    outcome = wait(fleet, others=[{"cluster_id": "east", "auth": {"kubeconfig": "/nowhere/config"}}])
    assert outcome.failed
    assert outcome.msg.startswith("Cluster east: ")
