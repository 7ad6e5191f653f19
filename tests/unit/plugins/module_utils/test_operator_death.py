# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an operator counts as alive."""

from __future__ import annotations

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import (
    LATE,
    START_LIMIT,
    OperatorWatch,
    seconds_since,
)

NAMESPACE = "submariner-operator"
DELETED = "2026-11-23T07:00:00Z"
DELETED_AT = 1795417200.0


def deployment(replicas: int = 1) -> Json:
    return {
        "kind": "Deployment",
        "metadata": {"name": "submariner-operator", "namespace": NAMESPACE},
        "spec": {"replicas": replicas},
    }


def pod(ready: bool = True) -> Json:
    waiting = {} if ready else {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    return {
        "kind": "Pod",
        "metadata": {
            "name": "submariner-operator-1",
            "namespace": NAMESPACE,
            "labels": {"name": "submariner-operator"},
        },
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}], **waiting},
    }


def seen(*objects: Json, after: float = 1.0) -> Snapshot:
    snapshot = snapshot_of(objects)
    snapshot.clock = DELETED_AT + after
    return snapshot


def test_a_running_operator_is_left_its_time() -> None:
    operator = OperatorWatch().judge(seen(deployment(), pod(), after=LATE - 1), DELETED)
    assert operator.alive


def test_a_running_operator_that_is_late_must_be_stopped_first() -> None:
    operator = OperatorWatch().judge(seen(deployment(), pod(), after=LATE + 1), DELETED)
    assert (operator.alive, operator.must_stop) == (False, True)
    assert operator.pods == ("submariner-operator-1",)


def test_an_operator_that_does_not_come_up_is_given_a_while_and_then_stopped() -> None:
    now = [0.0]
    watch = OperatorWatch(lambda: now[0])
    assert watch.judge(seen(deployment(), pod(ready=False)), DELETED).alive
    now[0] = START_LIMIT + 1
    operator = watch.judge(seen(deployment(), pod(ready=False)), DELETED)
    assert operator.must_stop
    assert "ImagePullBackOff" in operator.why


def test_scaled_to_0_and_absent_are_dead_at_once() -> None:
    stopped = OperatorWatch().judge(seen(deployment(0)), DELETED)
    assert (stopped.alive, stopped.must_stop, stopped.pods) == (False, False, ())
    absent = OperatorWatch().judge(seen(), DELETED)
    assert (absent.alive, absent.must_stop) == (False, False)


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_ended_by_itself_is_not_waited_for(phase: str) -> None:
    """One that the kubelet evicted stays when the operator is scaled to 0: nobody takes it away."""
    evicted = pod(ready=False)
    evicted["status"] = {"phase": phase, "reason": "Evicted"}
    for there in (seen(deployment(0), evicted), seen(evicted)):
        operator = OperatorWatch().judge(there, DELETED)
        assert (operator.alive, operator.must_stop, operator.pods) == (False, False, ())
    assert OperatorWatch().judge(seen(deployment(), evicted, pod()), DELETED).pods == ("submariner-operator-1",)


def test_an_unwanted_operator_is_stopped_whatever_its_state() -> None:
    for there in (seen(deployment(), pod()), seen(deployment(), pod(ready=False)), seen(deployment())):
        operator = OperatorWatch().judge(there, "", "its part would do harm")
        assert (operator.alive, operator.must_stop, operator.why) == (False, True, "its part would do harm")
    assert not OperatorWatch().judge(seen(deployment(replicas=0)), "", "its part would do harm").must_stop


def test_an_unread_operator_counts_as_alive() -> None:
    snapshot = seen()
    snapshot.readings["pods"].state = "unknown"
    assert OperatorWatch().judge(snapshot, DELETED).alive


def test_ages_come_from_the_api_servers_clock_alone() -> None:
    assert seconds_since(DELETED, DELETED_AT + 7) == 7
    assert seconds_since(DELETED, None) is None
    assert seconds_since("yesterday", DELETED_AT) is None
