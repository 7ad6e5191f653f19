# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the operator does not get going: one fixture per cause, and the times for which each must last."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._operator import (
    GRACE,
    Seen,
    broker_namespace_blocker,
    is_available,
    log_cause,
    operator_blocker,
    settled_cause,
    standing,
)
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
IMAGE = "quay.io/submariner/submariner-operator:0.19.0"


def deployment(available: bool = False, **condition: str) -> Json:
    conditions = [{"type": "Available", "status": str(available)}]
    if condition:
        conditions.append({"type": "ReplicaFailure", "status": "True", **condition})
    return {
        "metadata": {"name": "submariner-operator", "generation": 1},
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "availableReplicas": 1 if available else 0,
            "conditions": conditions,
        },
    }


def pod(reason: str = "", message: str = "", conditions: t.Sequence[Json] = (), **container: t.Any) -> Json:
    statuses = [{"image": IMAGE, "state": {"waiting": {"reason": reason, "message": message}}, **container}]
    return {
        "metadata": {"name": "submariner-operator-6d6c-lpwnc"},
        "status": {
            "phase": "Pending",
            "conditions": list(conditions),
            "containerStatuses": statuses if reason else [],
        },
    }


def event(about: str, reason: str, message: str, when: str = "2026-11-23T15:00:00Z") -> Json:
    return {"involvedObject": {"name": about}, "reason": reason, "message": message, "lastTimestamp": when}


def namespace(going: bool = False) -> Json:
    meta = {"name": "submariner-operator", **({"deletionTimestamp": "2026-11-23T15:00:00Z"} if going else {})}
    held = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "Some content has finalizers"}
    return {"metadata": meta, "status": {"conditions": [held] if going else []}}


def blocker(
    pods: t.Sequence[Json] = (),
    events: t.Sequence[Json] = (),
    replicasets: t.Sequence[Json] = (),
    of: Json | None = None,
) -> t.Any:
    return operator_blocker(of or deployment(), replicasets, pods, events, namespace(), Seen())


@pytest.mark.parametrize(
    ("home", "of", "pods", "words"),
    [
        (None, None, [], "there is no namespace submariner-operator yet"),
        (namespace(going=True), deployment(), [], "namespace submariner-operator is being deleted"),
        (namespace(), None, [], "there is no Deployment submariner-operator/submariner-operator yet"),
        (namespace(), deployment(), [], "the operator is not ready yet (no pod)"),
        (namespace(), deployment(), [pod("ContainerCreating")], "the operator is not ready yet (ContainerCreating)"),
        (namespace(), deployment(), [pod()], "the operator is not ready yet (pod Pending)"),
        (namespace(), deployment(available=True), [pod()], "the operator runs"),
    ],
)
def test_how_far_the_operator_has_come(home: Json | None, of: Json | None, pods: list[Json], words: str) -> None:
    assert standing(home, of, pods) == words


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled_is_named_with_the_registrys_answer(reason: str) -> None:
    failed = event("submariner-operator-6d6c-lpwnc", "Failed", 'Failed to pull image "x": not found')
    found = blocker([pod(reason, "Back-off pulling image")], [failed])
    assert found.id == "operator.image-pull"
    assert IMAGE in found.observed
    assert found.cause == 'Failed to pull image "x": not found'


def test_without_an_event_the_containers_own_message_is_the_cause() -> None:
    assert blocker([pod("ErrImagePull", "rpc error: code = NotFound")]).cause == "rpc error: code = NotFound"


def test_the_newest_event_counts() -> None:
    name = "submariner-operator-6d6c-lpwnc"
    events = [
        event(name, "Failed", "Failed to pull image: new", "2026-11-23T15:00:09Z"),
        event(name, "Failed", "Failed to pull image: old", "2026-11-23T15:00:01Z"),
    ]
    assert blocker([pod("ErrImagePull")], events).cause.endswith("new")


def test_a_pod_that_no_node_takes_carries_the_schedulers_reason() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/2 nodes are available: 2 node(s) had untolerated taint {a: b}.",
    }
    found = blocker([pod(conditions=[condition])])
    assert found.id == "operator.unschedulable"
    assert "untolerated taint" in found.cause


def test_a_pod_that_no_scheduler_looked_at() -> None:
    assert blocker([pod()]).id == "operator.not-scheduled"


def test_an_image_that_runs_as_root_is_told_from_other_configuration_errors() -> None:
    message = "container has runAsNonRoot and image will run as root"
    assert blocker([pod("CreateContainerConfigError", message)]).id == "operator.run-as-non-root"
    assert blocker([pod("CreateContainerConfigError", 'secret "x" not found')]).id == "operator.container-config"


def test_a_crash_loop_gives_the_last_exit() -> None:
    last = {"terminated": {"exitCode": 2, "reason": "Error", "message": "panic: no such thing"}}
    found = blocker([pod("CrashLoopBackOff", "", restartCount=3, lastState=last)])
    assert found.id == "operator.crash-loop"
    assert found.cause == "panic: no such thing"
    assert "3 restarts" in found.observed


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "pod-security"),
        ("unable to validate against any security context constraint", "security context constraint"),
        ('pods "x" is forbidden: exceeded quota: small', "ResourceQuota"),
        ('admission webhook "a.b" denied the request', "webhook"),
    ],
)
def test_a_refused_pod_is_known_from_the_deployments_condition(message: str, hint: str) -> None:
    found = blocker(of=deployment(reason="FailedCreate", message=message))
    assert found.id == "operator.not-admitted"
    assert found.cause == message
    assert hint in found.hint


def test_a_refused_pod_is_known_from_its_replicaset() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    replicaset: t.Any = {"metadata": {"name": "submariner-operator-6d6c"}, "status": {"conditions": [failure]}}
    assert blocker((), (), [replicaset]).id == "operator.not-admitted"
    replicaset["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    assert blocker((), (), [replicaset]) is None


def test_a_node_that_cannot_start_the_pod() -> None:
    scheduled = {"type": "PodScheduled", "status": "True"}
    failed = event("submariner-operator-6d6c-lpwnc", "FailedCreatePodSandBox", "no CNI plugin")
    assert blocker([pod(conditions=[scheduled])], [failed]).id == "operator.sandbox"


def test_a_pod_that_is_being_created_is_no_cause() -> None:
    scheduled = {"type": "PodScheduled", "status": "True"}
    assert blocker([pod("ContainerCreating", conditions=[scheduled])]) is None


def test_a_namespace_that_is_going_comes_before_all_else() -> None:
    found = operator_blocker(deployment(), [], [pod("ErrImagePull")], [], namespace(going=True), Seen())
    assert found is not None
    assert found.id == "operator.namespace-terminating"
    assert "Some content has finalizers" in found.cause
    assert broker_namespace_blocker(namespace(going=True)) is not None
    assert broker_namespace_blocker(namespace()) is None
    assert broker_namespace_blocker(None) is None


def test_a_deployment_that_vanished_is_a_cause_only_if_it_was_seen() -> None:
    assert operator_blocker(None, [], [], [], namespace(), Seen()) is None
    found = operator_blocker(None, [], [], [], namespace(), Seen(deployment=True))
    assert found is not None
    assert found.id == "operator.vanished"


def test_an_available_operator_has_no_cause_whatever_its_pods_were() -> None:
    assert blocker([pod("ErrImagePull")], of=deployment(available=True)) is None


def test_an_operator_that_was_scaled_to_none_does_not_run() -> None:
    none = deployment(available=True)
    none["status"].update(replicas=0, updatedReplicas=0, availableReplicas=0)
    assert not is_available(none)
    assert is_available(deployment(available=True))


def test_a_new_image_of_an_available_deployment_is_looked_at() -> None:
    rolling = deployment(available=True)
    rolling["status"].update(replicas=2, updatedReplicas=1)
    assert blocker([pod("ErrImagePull")], of=rolling).id == "operator.image-pull"


@pytest.mark.parametrize("state", ["installed", "healthy-two-nodes", "globalnet", "west-uninstalled"])
def test_recorded_operators_that_run_have_no_cause(state: str) -> None:
    items = [o for o in recording(state, "east") if o["metadata"].get("namespace") == "submariner-operator"]
    pods = [o for o in items if o["kind"] == "Pod" and o["metadata"]["name"].startswith("submariner-operator")]
    found = next(o for o in items if o["kind"] == "Deployment" and o["metadata"]["name"] == "submariner-operator")
    assert operator_blocker(found, [], pods, [], namespace(), Seen()) is None


def test_broken_objects_are_no_traceback() -> None:
    assert operator_blocker({"status": None}, [{}], [{"status": []}, {}], [{}], {}, Seen()) is None


def test_a_cause_counts_once_it_has_lasted() -> None:
    found = blocker([pod("ErrImagePull")])
    seen = Seen()
    grace = GRACE["operator.image-pull"]
    assert settled_cause(found, seen, 100.0) is None
    assert settled_cause(found, seen, 100.0 + grace - 0.1) is None
    assert settled_cause(found, seen, 100.0 + grace) is found


def test_a_cause_that_went_away_starts_anew() -> None:
    found = blocker([pod("ErrImagePull")])
    seen = Seen()
    settled_cause(found, seen, 100.0)
    settled_cause(None, seen, 101.0)
    assert settled_cause(found, seen, 200.0) is None


def test_every_cause_ends_a_call_within_half_a_minute() -> None:
    assert max(GRACE.values()) <= 25.0


def test_the_log_names_a_network_discovery_that_fails() -> None:
    log = "start\nE1123 controller: could not determine the service IP range via service creation\n"
    found = log_cause(log)
    assert found is not None
    assert found.id == "operator.discovery-failed"


@pytest.mark.parametrize(
    "line",
    [
        'Get "https://127.0.0.1:43881/api": dial tcp 127.0.0.1:43881: connect: connection refused',
        'Get "https://127.0.0.1:43881/api": x509: certificate signed by unknown authority',
        'Get "https://127.0.0.1:43881/api": dial tcp 127.0.0.1:43881: i/o timeout',
    ],
)
def test_the_log_names_a_broker_that_cannot_be_used(line: str) -> None:
    found = log_cause(f"first\n{line}\n", "https://127.0.0.1:43881")
    assert found is not None
    assert found.id == "operator.broker-unreachable"
    assert "submariner_broker_url" in found.hint


def test_a_refused_token_asks_for_another_join() -> None:
    found = log_cause("error retrieving the broker's cluster: Unauthorized", "10.0.0.1:6443")
    assert found is not None
    assert "join again" in found.hint


def test_trouble_with_the_clusters_own_api_is_not_the_brokers() -> None:
    line = 'Get "https://10.96.0.1:443/api": dial tcp 10.96.0.1:443: connect: connection refused'
    assert log_cause(line, "https://172.18.0.3:6443") is None
    assert log_cause("all is well", "https://172.18.0.3:6443") is None
