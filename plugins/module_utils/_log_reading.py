# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the logs of Submariner's pods: which ones, in which order, and within which bounds.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import queue
import threading
import time
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import COMPONENTS, OPERATOR
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import Source
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import PARALLEL

_PREFIX = "submariner-"
_USUAL_LINE = 160
"""Bytes of a usual line: the first guess at how many lines fit into the bound."""
_TRIES = 4


@dataclass(frozen=True)
class Choice:
    """The logs to be read, those of troubled pods first, and how many pods of which component are left out."""

    sources: tuple[Source, ...]
    left_out: dict[str, int]
    troubled_left_out: int


@dataclass(frozen=True)
class Piece:
    """What was read of one log. C(whole): nothing older or newer of the asked time is missing."""

    source: Source
    text: str
    whole: bool
    note: str = ""

    def as_dict(self) -> Json:
        return {
            "component": self.source.component,
            "pod": self.source.pod,
            "container": self.source.container,
            "previous": self.source.previous,
            "bytes": len(self.text.encode("utf-8", "replace")),
            "whole": self.whole,
            "note": self.note,
        }


def component_of(pod: Json) -> str:
    """The component that a pod, or the pod that uninstalls it, is of; empty for a foreign one."""
    labels = mapping(mapping(pod.get("metadata")).get("labels"))
    if labels.get("name") == _PREFIX + OPERATOR:
        return OPERATOR
    app = text(labels.get("app")).removesuffix("-uninstall")
    component = app.removeprefix(_PREFIX)
    return component if app != component and component in COMPONENTS else ""


def in_trouble(pod: Json) -> bool:
    """Whether a pod is not ready, was restarted, or is on its way out."""
    meta, status = mapping(pod.get("metadata")), mapping(pod.get("status"))
    containers = [mapping(c) for c in sequence(status.get("containerStatuses"))]
    well = bool(containers) and all(c.get("ready") is True and not c.get("restartCount") for c in containers)
    return not well or text(status.get("phase")) != "Running" or bool(meta.get("deletionTimestamp"))


def choose(pods: Sequence[Json], components: Sequence[str], previous: bool, most: int) -> Choice:
    """At most C(most) pods: troubled ones first, and of each component one before a second of any."""
    by_rank: list[tuple[bool, int, int, str, Json]] = []
    for component in components:
        of_component = [pod for pod in pods if component_of(pod) == component]
        for trouble in (True, False):
            found = sorted((p for p in of_component if in_trouble(p) is trouble), key=_active_first)
            for rank, pod in enumerate(found):
                by_rank.append((not trouble, rank, COMPONENTS.index(component), component, pod))
    by_rank.sort(key=lambda entry: entry[:3])
    left_out: dict[str, int] = {}
    for _well, _rank, _place, component, _pod in by_rank[most:]:
        left_out[component] = left_out.get(component, 0) + 1
    sources = [s for _w, _r, _p, component, pod in by_rank[:most] for s in pod_sources(pod, component, previous)]
    return Choice(tuple(sources), left_out, sum(not well for well, *_rest in by_rank[most:]))


def _active_first(pod: Json) -> tuple[bool, str]:
    meta = mapping(pod.get("metadata"))
    active = mapping(meta.get("labels")).get("gateway.submariner.io/status") == "active"
    return not active, text(meta.get("name"))


def pod_sources(pod: Json, component: str, previous: bool) -> Iterable[Source]:
    """The logs that the containers of a pod have: none for a container that never started."""
    name = text(mapping(pod.get("metadata")).get("name"))
    status = mapping(pod.get("status"))
    for entry in sequence(status.get("initContainerStatuses")) + sequence(status.get("containerStatuses")):
        container = mapping(entry)
        state, last = mapping(container.get("state")), mapping(container.get("lastState"))
        version = text(container.get("image")).rpartition(":")[2]
        if state.get("running") or state.get("terminated") or last.get("terminated"):
            yield Source(component, name, text(container.get("name")), False, version)
        # While it waits for its next start, its last run is the current one.
        if previous and container.get("restartCount") and not state.get("waiting"):
            yield Source(component, name, text(container.get("name")), True, version)


def read(
    api: Api,
    namespace: str,
    sources: Sequence[Source],
    since: int,
    limit: int,
    timeout: float,
    take: t.Callable[[Piece], None],
) -> dict[str, str]:
    """Read all C(sources), several at once, and hand what comes to C(take) in this thread.

    Returns what could not be read, with the reason. The threads end with the process: a server that answers byte by
    byte must not hold it.
    """
    end = time.monotonic() + timeout
    waiting: queue.SimpleQueue[Source] = queue.SimpleQueue()
    for source in sources:
        waiting.put(source)
    done: queue.SimpleQueue[tuple[Source, Piece | str]] = queue.SimpleQueue()

    def work() -> None:
        while time.monotonic() < end:
            try:
                source = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((source, _read_one(api, namespace, source, since, limit)))

    for _number in range(min(PARALLEL, len(sources))):
        threading.Thread(target=work, daemon=True).start()
    unread = {_name(source): f"not read within {timeout:.0f} s" for source in sources}
    for _source in sources:
        try:
            source, outcome = done.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(outcome, Piece):
            del unread[_name(source)]
            take(outcome)
        else:
            unread[_name(source)] = outcome
    return unread


def _name(source: Source) -> str:
    return f"{source.pod}/{source.container}{' (previous)' if source.previous else ''}"


def _read_one(api: Api, namespace: str, source: Source, since: int, limit: int) -> Piece | str:
    """One log, or the reason why not. A log too long for the bound is asked for again from nearer to its end."""
    lines = max(1, limit // _USUAL_LINE)
    answer = Answer("unknown")
    said = ""
    for _try in range(_TRIES):
        answer = api.log(
            namespace,
            source.pod,
            source.container,
            tail=lines,
            limit_bytes=limit,
            previous=source.previous,
            since=since,
            timestamps=True,
        )
        said = text(answer.body.get("text"))
        if len(said.encode("utf-8", "replace")) < limit or lines == 1:
            break
        lines = max(1, said.count("\n") * 3 // 4)
    if answer.present:
        cut = len(said.encode("utf-8", "replace")) >= limit
        return Piece(source, said, whole=not cut and said.count("\n") < lines)
    if source.previous and answer.status == 400:
        return Piece(source, "", whole=False, note="the node no longer has it")
    if answer.absent:
        return Piece(source, "", whole=False, note="the pod is gone")
    return answer.reason or "no answer"
