# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why Submariner's operator does not get going: from its objects, and from its log. Pure.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import (
    BROKER_UNREACHABLE,
    DISCOVERY_FAILED,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import OPERATOR as COMPONENT
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import newest_known, one_line, show
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    OPERATOR_NAMESPACE,
    Finding,
    Json,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import state

OPERATOR = "submariner-operator"

# A cause must last this long (seconds) before it counts: what heals by itself in a second is no cause.
GRACE = {
    "operator.namespace-terminating": 0.0,
    "broker.namespace-terminating": 0.0,
    "operator.vanished": 3.0,
    "operator.image-pull": 3.0,
    "operator.run-as-non-root": 3.0,
    "operator.not-admitted": 3.0,
    "operator.container-config": 5.0,
    "operator.crash-loop": 6.0,
    "operator.unschedulable": 15.0,
    "operator.sandbox": 20.0,
    "operator.not-scheduled": 20.0,
}

_IMAGE_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_CONFIG_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")


@dataclass
class Seen:
    """What earlier looks of the same call found."""

    deployment: bool = False
    causes: dict[str, float] = field(default_factory=dict)
    """Finding id -> time of the first of the looks in a row that found it."""


def operator_blocker(
    deployment: Json | None,
    replicasets: Iterable[Json],
    pods: Iterable[Json],
    events: Iterable[Json],
    namespace: Json | None,
    seen_before: Seen,
) -> Finding | None:
    """The cause that keeps the operator Deployment from becoming available, None when nothing is known against it.

    None for `deployment` or `namespace` means that the API answered that there is none.
    """
    if namespace is not None and _going(namespace):
        return _namespace_going(namespace, "operator.namespace-terminating")
    if deployment is None:
        return _vanished() if seen_before.deployment else None
    if is_available(deployment):
        return None
    noted = list(events)
    for pod in pods:
        if not _going(pod):
            found = _pod_blocker(pod, noted)
            if found is not None:
                return found
    return _refused(deployment, list(replicasets))


def broker_namespace_blocker(namespace: Json | None) -> Finding | None:
    """The broker's namespace on its way out while the broker is deployed into it."""
    if namespace is not None and _going(namespace):
        return _namespace_going(namespace, "broker.namespace-terminating")
    return None


def _going(obj: Json) -> bool:
    return bool(mapping(obj.get("metadata")).get("deletionTimestamp"))


def _name(obj: Json) -> str:
    return text(mapping(obj.get("metadata")).get("name"))


def _condition(obj: Json, kind: str) -> Json:
    for condition in sequence(mapping(obj.get("status")).get("conditions")):
        if mapping(condition).get("type") == kind:
            return mapping(condition)
    return {}


def is_available(deployment: Json) -> bool:
    """Whether the operator runs, and as its Deployment says now: not an older one, while the new one cannot start."""
    generation = mapping(deployment.get("metadata")).get("generation")
    status = mapping(deployment.get("status"))
    return (
        _condition(deployment, "Available").get("status") == "True"
        and bool(status.get("availableReplicas"))
        and status.get("observedGeneration") == generation
        and status.get("updatedReplicas") == status.get("replicas")
    )


def standing(namespace: Json | None, deployment: Json | None, pods: Sequence[Json]) -> str:
    """How far the operator has come, in a few words; None as for operator_blocker."""
    if namespace is None:
        return f"there is no namespace {OPERATOR_NAMESPACE} yet"
    if _going(namespace):
        return f"namespace {OPERATOR_NAMESPACE} is being deleted"
    if deployment is None:
        return f"there is no Deployment {OPERATOR_NAMESPACE}/{OPERATOR} yet"
    if is_available(deployment):
        return "the operator runs"
    return f"the operator is not ready yet ({state(pods)})"


def _finding(id_: str, subject: str, observed: str, cause: str, hint: str, **evidence: t.Any) -> Finding:
    return Finding(
        id=id_,
        severity=ERROR,
        subject=subject,
        observed=observed,
        expected="the operator's Deployment becomes available",
        cause=one_line(cause),
        hint=hint,
        evidence=evidence,
    )


def _namespace_going(namespace: Json, id_: str) -> Finding:
    held = [
        "{}: {}".format(text(mapping(c).get("type")), text(mapping(c).get("message")))
        for c in sequence(mapping(namespace.get("status")).get("conditions"))
        if mapping(c).get("status") == "True"
    ]
    name = _name(namespace)
    return _finding(
        id_,
        "Namespace " + name,
        "is being deleted, and takes with it what is created in it",
        "; ".join(held) or "an earlier uninstall has not ended yet",
        "wait until the namespace is gone (submariner.lifecycle.cleanup does, and says what holds it), then run again",
        since=text(mapping(namespace.get("metadata")).get("deletionTimestamp")),
    )


def _vanished() -> Finding:
    return _finding(
        "operator.vanished",
        f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}",
        "was there and is gone again",
        "somebody else deleted it, or its namespace went",
        "look for another run, a GitOps controller or an uninstall that is still under way on this cluster",
    )


def _pod_blocker(pod: Json, events: Sequence[Json]) -> Finding | None:
    status = mapping(pod.get("status"))
    subject = f"Pod {OPERATOR_NAMESPACE}/{_name(pod)}"
    statuses = sequence(status.get("initContainerStatuses")) + sequence(status.get("containerStatuses"))
    for entry in statuses:
        found = _container_blocker(mapping(entry), subject, _name(pod), events)
        if found is not None:
            return found
    if text(status.get("phase")) == "Pending" and not statuses:
        return _waiting_pod(pod, subject, events)
    return _sandbox(pod, subject, events) if text(status.get("phase")) == "Pending" else None


def _container_blocker(entry: Json, subject: str, pod: str, events: Sequence[Json]) -> Finding | None:
    waiting = mapping(mapping(entry.get("state")).get("waiting"))
    reason, message = text(waiting.get("reason")), text(waiting.get("message"))
    image = text(entry.get("image"))
    if reason in _IMAGE_REASONS:
        pulled = _last_message(events, pod, "Failed", "pull image")
        return _finding(
            "operator.image-pull",
            subject,
            f"image {image} cannot be had ({reason})",
            pulled or message or reason,
            "check submariner_repository, submariner_version and submariner_image_overrides, and that the nodes"
            " reach the registry (the operator's image is pulled at each start)",
            image=image,
            reason=reason,
        )
    if reason in _CONFIG_REASONS:
        if re.search(r"run\s*as\s*non-?root|non-root", message, re.IGNORECASE):
            return _finding(
                "operator.run-as-non-root",
                subject,
                f"the container may not start ({reason})",
                message,
                f"the image {image} has to name a numeric user other than 0",
                image=image,
                reason=reason,
            )
        return _finding(
            "operator.container-config",
            subject,
            f"the container cannot be created ({reason})",
            message or reason,
            "look at the pod's events",
            image=image,
            reason=reason,
        )
    if reason == "CrashLoopBackOff":
        last = mapping(mapping(entry.get("lastState")).get("terminated"))
        ended = "exit code {}, {}".format(
            last.get("exitCode", "unknown"), text(last.get("reason")) or "no reason given"
        )
        return _finding(
            "operator.crash-loop",
            subject,
            "the container ends again and again ({} restarts)".format(entry.get("restartCount", 0)),
            text(last.get("message")) or ended,
            f"read the log of the last start: kubectl logs -n {OPERATOR_NAMESPACE} {pod} --previous",
            exit_code=last.get("exitCode"),
        )
    return None


def _waiting_pod(pod: Json, subject: str, events: Sequence[Json]) -> Finding | None:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "True":
        return _sandbox(pod, subject, events)
    if scheduled.get("status") == "False":
        return _finding(
            "operator.unschedulable",
            subject,
            "no node takes it (%s)" % (text(scheduled.get("reason")) or "Pending"),
            text(scheduled.get("message"))
            or _last_message(events, _name(pod), "FailedScheduling")
            or "no reason given",
            "the operator tolerates no taints: free a worker node, take a taint away or add a node",
        )
    return _finding(
        "operator.not-scheduled",
        subject,
        "no scheduler looked at it",
        "the pod has no PodScheduled condition",
        "check that kube-scheduler runs",
    )


def _sandbox(pod: Json, subject: str, events: Sequence[Json]) -> Finding | None:
    for reason in ("FailedCreatePodSandBox", "FailedMount", "NetworkNotReady"):
        message = _last_message(events, _name(pod), reason)
        if message:
            return _finding(
                "operator.sandbox",
                subject,
                f"its node cannot start it ({reason})",
                message,
                "check the node's CNI and volumes",
            )
    return None


def _refused(deployment: Json, replicasets: Sequence[Json]) -> Finding | None:
    for obj in [deployment, *(r for r in replicasets if not _going(r))]:
        failure = _condition(obj, "ReplicaFailure")
        if failure.get("status") == "True":
            return _not_admitted(text(failure.get("reason")), text(failure.get("message")))
    return None


def _not_admitted(reason: str, message: str) -> Finding:
    hints = (
        ("PodSecurity", f"label the namespace {OPERATOR_NAMESPACE} with pod-security.kubernetes.io/enforce=privileged"),
        (
            "security context constraint",
            "let the operator's ServiceAccount use a security context constraint that fits",
        ),
        ("exceeded quota", "raise or remove the ResourceQuota of namespace " + OPERATOR_NAMESPACE),
        ("webhook", "see why the admission webhook refuses or does not answer"),
    )
    hint = next((words for sign, words in hints if sign in message), "see what the API server refuses")
    return _finding(
        "operator.not-admitted",
        f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}",
        "its pod is refused (%s)" % (reason or "FailedCreate"),
        message or reason,
        hint,
    )


def _last_message(events: Sequence[Json], about: str, reason: str, part: str = "") -> str:
    """The message of the newest event with this reason about an object of this name."""
    newest = ""
    when = ""
    for event in events:
        if text(mapping(event.get("involvedObject")).get("name")) != about or text(event.get("reason")) != reason:
            continue
        message = text(event.get("message"))
        stamp = text(event.get("lastTimestamp")) or text(event.get("eventTime"))
        if part in message and stamp >= when:
            newest, when = message, stamp
    return newest


def settled_cause(found: Finding | None, seen: Seen, now: float) -> Finding | None:
    """`found` once it has lasted for its grace, else None; `seen` remembers since when."""
    since = seen.causes.get(found.id) if found is not None else None
    seen.causes = {} if found is None else {found.id: now if since is None else since}
    if found is None or now - seen.causes[found.id] < GRACE[found.id]:
        return None
    return found


_SAYS = {
    DISCOVERY_FAILED: "runs, but its network discovery fails, so it creates nothing",
    BROKER_UNREACHABLE: "runs, but cannot use the broker{at}, so it creates nothing",
}


def log_cause(log: str, broker_server: str = "") -> Finding | None:
    """What the operator's log gives as the cause that it creates nothing; the newest known complaint counts.

    `broker_server` (host:port or URL) tells complaints about the broker from those about the cluster's own API.
    """
    address = broker_server.partition("://")[2] or broker_server
    for row, message in newest_known(log, COMPONENT, broker_server):
        if row.id in _SAYS:
            return Finding(
                id=row.id,
                severity=ERROR,
                subject=f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}",
                observed=_SAYS[row.id].format(at=address and f" at {address}"),
                expected="gateway and route agent DaemonSets",
                cause=show(message),
                hint=row.hint,
            )
    return None
