# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between readings of a cluster, and whether it kept still; pure. Private, may change at any time.

A reading is reduced to facts (a table below); facts that differ from those of the last reading are events.
"""

from __future__ import annotations

import operator
import typing as t
from collections import deque
from dataclasses import asdict, dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import STALE, stale
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    Gateway,
    Json,
    Snapshot,
    Workload,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import seconds_since

STABLE, DEGRADED, UNSTABLE, UNWATCHED = "stable", "degraded", "unstable", "unwatched"

MOST_EVENTS = 100
"""Events that are kept, the newest ones."""


@dataclass(frozen=True)
class Event:
    """One change. C(at) is in seconds since the wait began."""

    kind: str
    subject: str
    observed: str
    at: float

    def as_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Fact:
    """What is compared, and how it is said."""

    value: t.Any
    words: str


Facts = dict[str, Fact]


def _pods(snapshot: Snapshot, _namespace: str) -> Facts:
    return {
        f"pod {_name(pod)}": Fact(
            text(mapping(pod.get("metadata")).get("uid")), f"on node {text(mapping(pod.get('spec')).get('nodeName'))}"
        )
        for pod in _kept_pods(snapshot)
    }


def _restarts(snapshot: Snapshot, _namespace: str) -> Facts:
    found = {}
    for pod in _kept_pods(snapshot):
        for container in map(mapping, sequence(mapping(pod.get("status")).get("containerStatuses"))):
            count = container.get("restartCount")
            ended = mapping(mapping(container.get("lastState")).get("terminated"))
            how = f" (exit code {ended.get('exitCode')} {text(ended.get('reason'))}".rstrip() + ")" if ended else ""
            found[f"container {text(container.get('name'))} of pod {_name(pod)}"] = Fact(
                count if isinstance(count, int) else 0, f"{count} restarts{how}"
            )
    return found


def _kept_pods(snapshot: Snapshot) -> list[Json]:
    """Pods of workloads that have not ended and are not on their way out."""
    kept = []
    for pod in snapshot.objects("pods", snapshot.operator_namespace):
        meta = mapping(pod.get("metadata"))
        owners = {text(mapping(o).get("kind")) for o in sequence(meta.get("ownerReferences"))}
        ended = meta.get("deletionTimestamp") or mapping(pod.get("status")).get("phase") in ("Failed", "Succeeded")
        if owners & {"DaemonSet", "ReplicaSet"} and not ended:
            kept.append(pod)
    return kept


def _deployments(snapshot: Snapshot, _namespace: str) -> Facts:
    return _ready(snapshot.objects("deployments", snapshot.operator_namespace))


def _daemonsets(snapshot: Snapshot, _namespace: str) -> Facts:
    return _ready(snapshot.objects("daemonsets", snapshot.operator_namespace))


def _ready(objects: t.Iterable[Json]) -> Facts:
    workloads = map(Workload.of, objects)
    return {f"{w.kind} {w.name}": Fact(w.ready, f"{w.ready} of {w.desired} pods ready") for w in workloads}


def _endpoints(snapshot: Snapshot, namespace: str) -> Facts:
    by_cluster: dict[str, list[tuple[str, str, str]]] = {}
    for e in snapshot.endpoints(namespace):
        by_cluster.setdefault(e.cluster_id, []).append((e.name, e.uid, e.private_ip))
    return {
        f"Endpoint of {cluster_id} in {namespace}": Fact(
            sorted(found), " and ".join(f"{name} ({address})" for name, _uid, address in sorted(found))
        )
        for cluster_id, found in by_cluster.items()
    }


def _leases(snapshot: Snapshot, _namespace: str) -> Facts:
    found = {}
    for lease in snapshot.objects("leases", snapshot.operator_namespace):
        spec = mapping(lease.get("spec"))
        holder = text(spec.get("holderIdentity"))
        found[f"lease {_name(lease)}"] = Fact((holder, spec.get("leaseTransitions")), f"held by {holder or 'nobody'}")
    return found


def _gateways(snapshot: Snapshot, _namespace: str) -> Facts:
    return {f"Gateway {g.name}": Fact(g.ha_status, g.ha_status or "no status") for g in snapshot.gateways}


def _connections(snapshot: Snapshot, _namespace: str) -> Facts:
    return {
        f"connection to {c.cluster_id}{' by IPv6' if c.family else ''} of gateway {g.name}": Fact(
            (c.status, c.cable_name), f"{c.status or 'no status'} to {c.hostname}"
        )
        for g in snapshot.gateways
        for c in g.connections
    }


def _route_agents(snapshot: Snapshot, _namespace: str) -> Facts:
    found = {}
    for obj in snapshot.objects("routeagents", snapshot.operator_namespace):
        for far in map(mapping, sequence(mapping(obj.get("status")).get("remoteEndpoints"))):
            other, status = text(mapping(far.get("spec")).get("cluster_id")), text(far.get("status"))
            found[f"connection to {other} of node {_name(obj)}"] = Fact(status == "error", status or "not tested")
    return found


def _name(obj: Json) -> str:
    return text(mapping(obj.get("metadata")).get("name"))


@dataclass(frozen=True)
class Row:
    """Facts of one kind, from the reading C(key). C(changed) tells old and new values; C(gone) if absence is a change."""

    kind: str
    key: str
    facts: t.Callable[[Snapshot, str], Facts]
    changed: t.Callable[[t.Any, t.Any], bool] = operator.ne
    gone: bool = True


TABLE: tuple[Row, ...] = (
    Row("restart", "pods", _restarts, operator.lt, gone=False),
    Row("pod", "pods", _pods),
    Row("workload", "deployments", _deployments, operator.gt),
    Row("workload", "daemonsets", _daemonsets, operator.gt),
    Row("endpoint", "endpoints", _endpoints),
    Row("lease", "leases", _leases),
    Row("gateway", "gateways", _gateways),
    Row("connection", "gateways", _connections),
    Row("connection", "routeagents", _route_agents, operator.lt, gone=False),
)


class Changes:
    """Tells what is different from the last time. A reading that was not answered is left out, and says nothing."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        """Whose Endpoints are looked at."""
        self._last: dict[Row, Facts] = {}

    def since_last(self, snapshot: Snapshot, at: float) -> list[Event]:
        events = []
        for row in TABLE:
            if not snapshot.known(row.key):
                continue
            now = row.facts(snapshot, self._namespace)
            before = self._last.get(row, {})
            self._last[row] = now
            for subject, old in before.items():
                new = now.get(subject)
                if new is None and row.gone:
                    events.append(Event(row.kind, subject, f"gone, was {old.words}", at))
                elif new is not None and row.changed(old.value, new.value):
                    was = f", was {old.words}" if old.words != new.words else " (replaced)"
                    events.append(Event(row.kind, subject, new.words + was, at))
        return events


@dataclass
class Stability:
    """Since when all is right and quiet. What happened before all was right for the first time is a start, no trouble."""

    window: float
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    since: float | None = None
    first_right: float | None = None
    troubled: bool = False
    """Whether something changed after all had been right."""
    _erring: bool = False

    def see(self, at: float, findings: t.Sequence[Finding], events: t.Sequence[Event]) -> None:
        """Take a reading into account; an error that no event explains is one itself."""
        wrong = [f for f in findings if f.severity in (ERROR, UNKNOWN)]
        errors = [f for f in wrong if f.severity == ERROR]
        if errors and not events and not self._erring and self.first_right is not None:
            events = [Event("finding", f.subject, f.observed, at) for f in errors]
        self._erring = bool(errors)
        self.events.extend(events)
        self.troubled = self.troubled or (bool(events) and self.first_right is not None)
        if wrong:
            self.since = None
            return
        if self.since is None or events:
            self.since = at
        if self.first_right is None:
            self.first_right = at

    def quiet(self, at: float) -> float:
        """Seconds for which all has been right and nothing changed."""
        return 0.0 if self.since is None else at - self.since

    def verdict(self, held: bool) -> str:
        if self.window <= 0:
            return UNWATCHED
        if not held:
            return UNSTABLE
        return DEGRADED if self.troubled else STABLE

    def findings(self, cluster_id: str, held: bool, wrong: bool, seconds: float) -> list[Finding]:
        """What the window showed; nothing where C(wrong), other findings of the last reading, says it all."""
        if not self.troubled and (held or wrong):
            return []
        last = self.events[-1] if self.events else None
        return [
            Finding(
                "stability.degraded" if held else "stability.unstable",
                WARNING if held else ERROR,
                f"cluster {cluster_id}",
                f"changed while it was watched, and has been quiet for {self.window:.0f} s since"
                if held
                else f"did not keep still within {seconds:.0f} s",
                f"{self.window:.0f} s in which all is right and nothing changes",
                cause=f"{last.subject}: {last.observed}, {last.at:.0f} s after the wait began" if last else "",
                hint="look at the events, and at the logs of what restarted or was replaced",
                evidence={"events": [e.as_dict() for e in self.events]},
            )
        ]


@dataclass
class _Beat:
    """An update of a Gateway, and when we saw it."""

    updated: str
    at: float
    moved: bool = False


class Pulse:
    """Whether Gateways are still being updated, whatever their status says.

    C(updated) is the node's clock: that it moves is all that it says. How long ago the API server took it, by its own
    clock, tells it from one reading, where the server says so.
    """

    def __init__(self) -> None:
        self._beats: dict[str, _Beat] = {}

    def check(
        self, snapshot: Snapshot, cluster_id: str, now: float, listed: float, clock: float | None
    ) -> list[Finding]:
        """C(now) is our clock; C(listed) is what it said, and C(clock) the API server's, when the Gateways were last listed.

        A watch that stalls must not look like a dead gateway, so what counts is how it was then.
        """
        if not snapshot.known("gateways"):
            return []  # said by whoever needs them
        there = {g.name: g for g in snapshot.gateways}
        self._beats = {name: beat for name, beat in self._beats.items() if name in there}
        findings = []
        for name, gateway in there.items():
            beat = self._beats.get(name)
            if beat is None or beat.updated != gateway.updated:
                beat = self._beats[name] = _Beat(gateway.updated, now, moved=beat is not None)
            findings += self._judge(gateway, beat, clock, listed, cluster_id)
        return findings

    @staticmethod
    def _judge(gateway: Gateway, beat: _Beat, clock: float | None, listed: float, cluster_id: str) -> list[Finding]:
        subject = f"Gateway {gateway.name} of {cluster_id}"
        still = listed - beat.at
        age = None if beat.moved else seconds_since(gateway.written, clock)
        if still >= STALE or (age is not None and age >= STALE):
            return [
                stale(subject, f"was not updated for {max(still, age or 0.0):.0f} s, so its status is an old claim")
            ]
        if beat.moved or age is not None:
            return []
        return [
            Finding(
                "gateway.unproven",
                UNKNOWN,
                subject,
                "was not seen being updated yet",
                "an update every 5 s",
                hint="wait for longer",
            )
        ]
