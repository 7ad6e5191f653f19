# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short-lived pods of ours: started, waited for with the cause when they cannot run, always removed.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import secrets
import time
import typing as t
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import LABELS
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import INTERVAL, Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

Json = dict[str, t.Any]
Result = t.TypeVar("Result")

PURPOSE = "submariner.lifecycle/purpose"
RUN = "submariner.lifecycle/run"

START_LIMIT = 60.0
"""Seconds after which a pod that does not run is given up; a kubelet that lost its API server comes back to it in half of them."""
PULL_LIMIT = 120.0
"""The same while its node is at work on it, above all pulling the image; a pull that fails is seen at once."""
POLL = 0.4
PARALLEL = 16

# Waiting reasons that do not pass by themselves within the time given to a start.
HOPELESS = (
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
)
CREATING = "the node is still creating its container"


class PodTrouble(Exception):
    """A pod of ours did not come to run, or its work there failed; the text is the cause."""


def new_run() -> str:
    """A word that tells the pods of this call from those of any other."""
    return secrets.token_hex(4)


def container(name: str, image: str, environment: t.Mapping[str, str], security: Json, **more: t.Any) -> Json:
    """A small container that runs the script in its variable SERVE, without rights but those of C(security)."""
    return {
        "name": name,
        "image": image,
        "command": ["/bin/sh", "-c", 'eval "$SERVE"'],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "seccompProfile": {"type": "RuntimeDefault"},
            **security,
        },
        **more,
    }


def on_node(node: str) -> Json:
    """Bound to the node directly: neither a taint nor a scheduler that is down keeps a pod away."""
    return {"nodeName": node, "tolerations": [{"operator": "Exists"}]}


def manifest(name: str, namespace: str, purpose: str, run: str, container: Json, spec: Json, deadline: float) -> Json:
    """A pod with what all of ours have: labels, an end of its own, no credentials of the cluster, a short grace."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**LABELS, PURPOSE: purpose, RUN: run},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": max(1, int(deadline)),
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            **spec,
            "containers": [{"imagePullPolicy": "IfNotPresent", **container}],
        },
    }


def start(api: Api, pod: Json) -> Json:
    """Create C(pod) and wait until it runs and, when it says so, is ready. Raises PodTrouble; then nothing is left."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    path = f"/api/v1/namespaces/{namespace}/pods"
    begin = time.monotonic()
    while True:
        made = api.create(path, pod)
        if made.present:
            break
        # The default ServiceAccount follows a new namespace by a moment.
        if "serviceaccount" not in made.reason.lower() or time.monotonic() - begin >= START_LIMIT:
            remove(api, namespace, name)
            raise PodTrouble(f"the pod was not accepted: {made.reason}")
        time.sleep(POLL)
    uid = made.uid
    try:
        return _running(api, f"{path}/{name}", uid, begin)
    except BaseException:
        remove(api, namespace, name, uid)
        raise


def at_once(what: str, tasks: t.Mapping[str, t.Callable[[], Result]], limit: float) -> dict[str, Future[Result]]:
    """Do the tasks of nodes or pods beside each other, each in C(limit) seconds, and say meanwhile which are C(what)."""
    if not tasks:
        return {}
    progress = Progress(limit * -(-len(tasks) // PARALLEL))
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(tasks))) as pool:
        futures = {name: pool.submit(task) for name, task in tasks.items()}
        while left := [name for name, future in futures.items() if not future.done()]:
            progress.say(f"{what}: {some(left)}")
            wait([futures[name] for name in left], INTERVAL, FIRST_COMPLETED)
    return futures


def start_each(nodes: t.Mapping[str, t.Callable[[], Result]]) -> tuple[dict[str, Result], dict[str, str]]:
    """Start what stands for each node, all at once: what came of it, and why it did not come to run on the others."""
    started: dict[str, Result] = {}
    causes: dict[str, str] = {}
    for node, future in at_once("nodes whose pod does not run yet", nodes, PULL_LIMIT).items():
        try:
            started[node] = future.result()
        except (PodTrouble, ApiFailure) as error:
            causes[node] = str(error)
    return started, causes


def _running(api: Api, path: str, uid: str, begin: float) -> Json:
    while True:
        limit, cause = START_LIMIT, ""
        seen = api.get(path)
        if seen.absent or (seen.present and seen.uid != uid):
            raise PodTrouble("the pod was deleted by somebody else before it ran")
        if seen.present:
            if ready(seen.body):
                return seen.body
            cause, hopeless = trouble(seen.body)
            if hopeless:
                raise PodTrouble(cause)
            if cause == CREATING:
                limit = PULL_LIMIT
        else:
            cause = f"the API does not answer: {seen.reason}"
        if time.monotonic() - begin >= limit:
            raise PodTrouble(f"the pod did not run within {int(limit)} s: {_last_warning(api, path, uid) or cause}")
        time.sleep(POLL)


def _last_warning(api: Api, path: str, uid: str) -> str:
    events = api.list(path.rsplit("/pods/", 1)[0] + "/events", fieldSelector=f"involvedObject.uid={uid}").items
    warnings = [event for event in events if event.get("type") == "Warning"]
    return _line(warnings[-1].get("message") or warnings[-1].get("reason") or "") if warnings else ""


def ready(pod: Json) -> bool:
    status = pod.get("status") or {}
    if status.get("phase") != "Running" or (pod.get("metadata") or {}).get("deletionTimestamp"):
        return False
    statuses = status.get("containerStatuses") or []
    return bool(statuses) and all(item.get("ready") for item in statuses)


def trouble(pod: Json) -> tuple[str, bool]:
    """Why the pod does not run, and whether waiting is pointless."""
    status = pod.get("status") or {}
    for item in status.get("containerStatuses") or []:
        waiting = (item.get("state") or {}).get("waiting") or {}
        ended = (item.get("state") or {}).get("terminated") or {}
        if ended:
            said = ended.get("message") or ended.get("reason") or "no message"
            return f"its container ended with exit code {ended.get('exitCode')}: {_line(said)}", True
        if waiting.get("reason") == "ContainerCreating":
            return CREATING, False
        if waiting.get("reason"):
            said = f": {_line(waiting['message'])}" if waiting.get("message") else ""
            return f"{waiting['reason']}{said}", waiting["reason"] in HOPELESS
    if status.get("phase") == "Failed":
        return f"{status.get('reason') or 'Failed'}: {_line(status.get('message') or 'no message')}", True
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')}: {_line(condition.get('message') or '')}", False
    return f"phase {status.get('phase') or 'Pending'}; the node's kubelet has not started it", False


def _line(text: str) -> str:
    return " ".join(str(text).split())[:300]


def remove(api: Api, namespace: str, name: str, uid: str | None = None) -> None:
    """Ask a pod of ours to go; a lost request is repeated, and the pod's own deadline ends it in any case."""
    for _attempt in range(3):
        if not api.delete(f"/api/v1/namespaces/{namespace}/pods/{name}", uid=uid, grace=1).unknown:
            return
        time.sleep(POLL)


def wait_gone(api: Api, namespace: str, selector: str, limit: float = 45.0) -> list[str]:
    """Names of the selected pods that are still there after C(limit) seconds, or that cannot be asked about."""
    progress = Progress(limit)
    while True:
        seen = api.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector)
        left = [item["metadata"]["name"] for item in seen.items]
        if seen.absent or (seen.present and not left):
            return []
        if progress.elapsed >= limit or seen.status in (401, 403):
            return left or [f"unknown: {seen.reason}"]
        progress.say(f"pods that are not gone yet: {some(left) or seen.reason}")
        time.sleep(POLL)


def sweep(api: Api, namespace: str, purpose: str) -> None:
    """Remove pods of this purpose that have ended by themselves: what a killed run left behind."""
    seen = api.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"{PURPOSE}={purpose}")
    for pod in seen.items:
        if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            remove(api, namespace, pod["metadata"]["name"], pod["metadata"]["uid"])
