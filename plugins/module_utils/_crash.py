# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a pod of Submariner ends again and again: its status does not say, its log does.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import OPERATOR, WARNING
from ansible_collections.submariner.lifecycle.plugins.module_utils._log_reading import component_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import newest_known, show
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

LINES = 200
"""Lines from the end of a log in which the cause is looked for."""


class Crash(t.NamedTuple):
    """A container that ended, not for the first time, or waits for its next start."""

    component: str
    pod: str
    container: str
    version: str
    restarts: int


def crashes(pods: t.Iterable[Json]) -> t.Iterator[Crash]:
    for pod in pods:
        component = component_of(pod)
        for entry in map(mapping, sequence(mapping(pod.get("status")).get("containerStatuses"))):
            state = mapping(entry.get("state"))
            restarts = entry["restartCount"] if isinstance(entry.get("restartCount"), int) else 0
            # Kubelets say that it waits a minute late: until then the state is the end of the last run.
            ended = restarts > 0 and mapping(state.get("terminated")).get("exitCode", 0) != 0
            if component and (ended or mapping(state.get("waiting")).get("reason") == "CrashLoopBackOff"):
                name = text(mapping(pod.get("metadata")).get("name"))
                version = text(entry.get("image")).rpartition(":")[2]
                yield Crash(component, name, text(entry.get("name")), version, restarts)


def crash_cause(api: Api, member: Snapshot, cluster_id: str, broker_server: str) -> Finding | None:
    """The first crash of which the log has a known complaint; the operator's own is another's business."""
    for crash in crashes(member.objects("pods", member.operator_namespace)):
        if crash.component == OPERATOR:
            continue
        # While it waits for its next start, its last run is the current one.
        answer = api.log(member.operator_namespace, crash.pod, crash.container, tail=LINES)
        for row, message in newest_known(text(answer.body.get("text")), crash.component, broker_server, crash.version):
            if row.severity == WARNING:
                return Finding(
                    "workload.not-ready",
                    ERROR,
                    f"submariner-{crash.component} of {cluster_id}",
                    f"its container ends again and again ({crash.restarts} restarts)",
                    "all pods ready",
                    cause=show(message),
                    hint=row.hint,
                    evidence={"pod": crash.pod, "log": row.id},
                )
    return None
