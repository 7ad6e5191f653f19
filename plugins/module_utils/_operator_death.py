# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the operator will still do its part of an uninstall; pure but for the clock. Private, may change at any time.

A finalizer is taken away only when its owner is shown dead and has been stopped (design.md "Removing").
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Snapshot, mapping, sequence, text

OPERATOR = "submariner-operator"

OWN_LIMIT = 120.0
"""Seconds after which the operator itself gives up on a CR that is being deleted (submariner.md 0.5)."""

LATE = OWN_LIMIT + 30.0
"""Seconds after which an operator that runs but did not finish counts as failed: its limit and subctl's allowance."""

START_LIMIT = 20.0
"""Seconds that an operator which does not run is given to come up."""


@dataclass(frozen=True)
class Operator:
    """The operator as seen now. C(must_stop): it must be scaled to 0 before its finalizer may be released."""

    alive: bool
    must_stop: bool = False
    pods: tuple[str, ...] = ()
    why: str = ""
    path: str = ""

    @property
    def awaited(self) -> tuple[str, str]:
        """What is waited for as long as its resources are neither gone nor may be released, and what to do."""
        if not self.alive:
            cause = f"the operator has to end first ({self.why})" + (
                f", and has pod {', '.join(self.pods)}" if self.pods else ""
            )
            return cause, "see why it does not end (kubectl describe), and run again"
        if self.why:
            return (
                self.why,
                "repair the operator, or run again: when it does not come up, it is stopped and the finalizer released",
            )
        cause = "the operator runs and has not finished"
        return (
            cause,
            f"see its log and its uninstall workloads, or run again: {LATE:.0f} s after the deletion it is stopped",
        )


class OperatorWatch:
    """Judges the operator over several readings."""

    def __init__(self, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._down_since: float | None = None
        self._going_since: float | None = None

    @property
    def gave_up(self) -> bool:
        """Whether a CR that is gone by now was being deleted for as long as the operator has patience.

        It then takes its finalizer away without having done its part, and says so in its log alone.
        """
        return self._going_since is not None and self._clock() - self._going_since >= OWN_LIMIT

    def judge(self, snapshot: Snapshot, deletion: str, unwanted: str = "") -> Operator:
        """The operator's state while a CR is being deleted since C(deletion) (RFC 3339, the API server's clock).

        C(unwanted): why it must not do its part, whatever its state.
        """
        namespace = snapshot.operator_namespace
        age = seconds_since(deletion, snapshot.clock)
        if self._going_since is None and age is not None:
            self._going_since = self._clock() - age
        if not snapshot.known("deployments", "pods"):
            return Operator(True, why="its Deployment and pods could not be read")
        deployment = snapshot.first("deployments", namespace, OPERATOR)
        pods = [
            p
            for p in snapshot.objects("pods", namespace)
            if mapping(mapping(p.get("metadata")).get("labels")).get("name") == OPERATOR and not _ended(p)
        ]
        names = tuple(sorted(text(mapping(p.get("metadata")).get("name")) for p in pods))
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{OPERATOR}"
        replicas = mapping(deployment.get("spec")).get("replicas", 1)
        if not deployment:
            return Operator(False, pods=names, why="the operator's Deployment does not exist")
        if replicas == 0:
            return Operator(False, pods=names, why=unwanted or "the operator is scaled to 0", path=path)
        if unwanted:
            return Operator(False, must_stop=True, pods=names, why=unwanted, path=path)
        if any(_ready(p) for p in pods):
            self._down_since = None
            if age is None or age < LATE:
                return Operator(True, pods=names, path=path)
            why = f"the operator runs but did not finish within {LATE:.0f} s"
        else:
            self._down_since = self._clock() if self._down_since is None else self._down_since
            if self._clock() - self._down_since < START_LIMIT:
                return Operator(True, pods=names, path=path, why="the operator does not run; waiting for it to come up")
            why = f"the operator does not run ({state(pods)})"
        return Operator(False, must_stop=True, pods=names, why=why, path=path)


def seconds_since(timestamp: str, clock: float | None) -> float | None:
    """Seconds from an API timestamp to the API server's C(clock); None when either is unknown."""
    if clock is None:
        return None
    try:
        return clock - datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


def _ready(pod: Json) -> bool:
    meta, status = mapping(pod.get("metadata")), mapping(pod.get("status"))
    conditions = [mapping(c) for c in sequence(status.get("conditions"))]
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return ready and not meta.get("deletionTimestamp")


def _ended(pod: Json) -> bool:
    """Nothing of it runs any more: evicted, say. Such a pod stays also when the operator is scaled to 0."""
    return mapping(pod.get("status")).get("phase") in ("Succeeded", "Failed")


def state(pods: t.Sequence[Json]) -> str:
    """What keeps the first of them that does not run, in a word or two."""
    for pod in pods:
        status = mapping(pod.get("status"))
        for container in map(mapping, sequence(status.get("containerStatuses"))):
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            if waiting.get("reason"):
                return text(waiting.get("reason"))
        if status.get("phase"):
            return f"pod {text(status.get('phase'))}"
    return "no pod"
