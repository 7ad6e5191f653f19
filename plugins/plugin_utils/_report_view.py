# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run wrote -> what the report shows of it; pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, mappings, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import Scene, scene_of

SEVERITIES = ("error", "unknown", "warning", "info")
"""Most severe first."""

VERDICTS = ("pass", "degraded", "fail", "unknown")

SAID = ("fail", "unfinished", "warn", "ok")
"""How subctl's checks end, the worst first."""

WAIT, CHANGE, TEST = "wait", "change", "test"

STEPS: dict[tuple[str, str], tuple[str, str]] = {
    ("broker", ""): (CHANGE, "Deploy the broker"),
    ("cleanup", "member"): (CHANGE, "Remove Submariner from the cluster"),
    ("cleanup", "member+broker"): (CHANGE, "Remove the broker and what is left"),
    ("cleanup", "broker"): (CHANGE, "Remove the broker"),
    ("cleanup", "plan"): (TEST, "Plan what goes"),
    ("data_path", "absent"): (TEST, "Take the test pods away"),
    ("data_path", "probe"): (TEST, "Try traffic between pods"),
    ("data_path", "reach"): (TEST, "Try the way from pods to the broker"),
    ("data_path", "serve"): (TEST, "Start pods that answer"),
    ("evict", ""): (CHANGE, "Remove the evicted clusters' records"),
    ("evict", "plan"): (TEST, "Look for the evicted clusters' records"),
    ("fleet_check", ""): (TEST, "Judge all clusters together"),
    ("member", ""): (CHANGE, "Join the cluster"),
    ("node_cleanup", "apply"): (CHANGE, "Clean the nodes"),
    ("node_cleanup", "plan"): (TEST, "Look at the nodes"),
    ("port_probe", "absent"): (TEST, "Take the port test's pods away"),
    ("port_probe", "probe"): (TEST, "Try Submariner's ports"),
    ("port_probe", "serve"): (TEST, "Start pods that listen on Submariner's ports"),
    ("repair", ""): (CHANGE, "Repair"),
    ("run_lock", "acquired"): (WAIT, "Get the fleet's lock"),
    ("subctl_uninstall", ""): (CHANGE, "Uninstall with subctl"),
    ("subctl_uninstall", "plan"): (TEST, "Look at what subctl would take"),
    ("wait_for_connections", ""): (WAIT, "Wait for connections, and watch them"),
    ("wait_for_eviction", ""): (WAIT, "Wait until the peers dropped it"),
    ("wait_for_single_endpoint", ""): (WAIT, "Wait for exactly one Endpoint per cluster"),
}
"""By module and variant: what sort of step it is, and what it is called."""

REMOVING = ("cleanup", "node_cleanup", "evict", "repair")
"""Modules whose journal of what went is about Submariner, not about test pods of ours."""


JUDGED = ("preflight", "verify", "install", "reinstall", "upgrade", "repair", "evict")
"""Verbs of runs that end with a document: without it nothing tells that they came to their end."""

MARKED = ("install", "reinstall", "upgrade", "uninstall")
"""Verbs of runs that mark their end in the journal: what is judged before that is not how they ended."""

LARGEST = 1e15
"""Of numbers that a time or a length of time may be; whatever is larger was written by nobody who meant it."""

NOT_ENDED = "The run was broken off, or goes on: nothing in its folder says how it ended."


@dataclass(frozen=True)
class Finding:
    """One finding, and the clusters that it names."""

    id: str
    severity: str
    subject: str
    observed: str
    expected: str
    cause: str
    hint: str
    evidence: tuple[tuple[str, str], ...]
    clusters: tuple[str, ...]
    subjects: tuple[str, ...]
    """Those of them that are its subject."""

    @property
    def words(self) -> str:
        """All that can be searched for."""
        parts = (self.id, self.severity, self.subject, self.observed, self.cause, self.hint, *self.clusters)
        return " ".join(parts).lower()


@dataclass(frozen=True)
class Group:
    """The findings of one kind."""

    id: str
    meaning: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> str:
        return next(s for s in SEVERITIES if any(f.severity == s for f in self.findings))

    @property
    def bunches(self) -> list[list[Finding]]:
        """Those together of which the same is to be said: what was expected, why it is so, and what to do."""
        found: dict[t.Any, list[Finding]] = {}
        for f in self.findings:
            found.setdefault((f.severity, f.expected, f.cause, f.hint, f.evidence), []).append(f)
        return list(found.values())


@dataclass(frozen=True)
class Call:
    """One step on one cluster; times in seconds since the run began."""

    cluster: str
    start: float
    seconds: float
    failed: bool
    message: str

    @property
    def end(self) -> float:
        return self.start + self.seconds


@dataclass(frozen=True)
class Step:
    """A step on all clusters that take it."""

    sort: str
    title: str
    calls: tuple[Call, ...]

    @property
    def start(self) -> float:
        return min(c.start for c in self.calls)

    @property
    def end(self) -> float:
        return max(c.end for c in self.calls)

    @property
    def slowest(self) -> Call:
        return max(self.calls, key=lambda call: call.seconds)

    @property
    def failed(self) -> bool:
        return any(c.failed for c in self.calls)


@dataclass(frozen=True)
class Gone:
    """Something that was removed, or is still there, and on which clusters."""

    kind: str
    name: str
    why: str
    where: tuple[str, ...]


@dataclass(frozen=True)
class Removal:
    """What one cluster had before, and what it has after."""

    cluster: str
    objects: int
    settings: int
    """On nodes."""
    remaining: int


@dataclass(frozen=True)
class Event:
    """Something that changed while a cluster was watched."""

    cluster: str
    at: float
    kind: str
    subject: str
    observed: str


@dataclass(frozen=True)
class Opinion:
    """What a check of subctl said, and on which hosts it said so."""

    command: str
    check: str
    said: str
    message: str
    note: str
    """What is known of such a word."""
    doubtful: bool
    """Whether it is known to mean nothing."""
    where: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """All that the report shows."""

    verb: str
    run: str
    began: str
    """In UTC."""
    resumed: tuple[str, ...]
    """When it was taken up again after an interruption."""
    earlier: bool
    """Whether the steps before that are known."""
    check: bool
    verdict: str
    document: str
    """Where the clusters are from, V(result) or V(preflight); empty without any."""
    scene: Scene = field(default_factory=Scene)
    findings: tuple[Finding, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Why something has no findings at all."""
    failures: tuple[str, ...] = ()
    """Why steps without findings failed."""
    checks: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()
    gone: tuple[Gone, ...] = ()
    remaining: tuple[Gone, ...] = ()
    planned: tuple[Gone, ...] = ()
    """What would go, of a run in check mode."""
    removals: tuple[Removal, ...] = ()
    stability: tuple[tuple[str, str], ...] = ()
    directions: tuple[Json, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    """Beside the verdict; those that look worst first."""

    @cached_property
    def groups(self) -> list[Group]:
        by_id: dict[str, list[Finding]] = {}
        for finding in sorted(self.findings, key=lambda f: SEVERITIES.index(f.severity)):
            by_id.setdefault(finding.id, []).append(finding)
        return [Group(i, FINDINGS.get(i, ""), tuple(found)) for i, found in by_id.items()]

    @cached_property
    def severities(self) -> dict[str, int]:
        return {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}

    @property
    def seconds(self) -> float:
        """From the beginning to the end of the last step."""
        return max((s.end for s in self.steps), default=0.0)

    @cached_property
    def busy(self) -> float:
        """Seconds in which at least one step went on."""
        total, until = 0.0, 0.0
        for call in sorted((c for s in self.steps for c in s.calls), key=lambda c: c.start):
            total += max(0.0, call.end - max(until, call.start))
            until = max(until, call.end)
        return total


def view_of(document: Json, name: str, head: Json, steps: list[Json]) -> View:
    """C(document) is result.json or preflight.json as C(name) says, or empty; C(head) and C(steps) are the journal."""
    scene = scene_of(document)
    ids = [c.id for c in scene.clusters]
    about = _About(ids)
    unjudged = [redact(text(u)) for u in sequence(document.get("unjudged"))]
    directions = mappings(document.get("data_path"))
    found = mappings(document.get("findings"))
    # What interrupted the run earlier did not end it.
    now = [s for s in steps if _number(s.get("began")) >= _number(head.get("resumed_epoch"))]
    fatal = [s for s in now if _is_fatal(s)]
    failures: list[str] = []
    if name != "result":
        found = [f for s in fatal for f in mappings(s.get("findings"))] + found
        # A step without findings has said why it failed in its message alone.
        failures = [f"{_place(s)}: {redact(text(s.get('message')))}" for s in fatal if not mappings(s.get("findings"))]
    verdict = _verdict(document, name, head, now)
    if not verdict:
        unjudged.append(NOT_ENDED)
    began = _number(head.get("epoch"))
    taking = [s for s in steps if text(s.get("step")) in REMOVING]
    removed = [(s, o) for s in taking for o in mappings(s.get("removed"))]
    left = _left(taking)
    return View(
        verb=text(head.get("verb")) or ("preflight" if name == "preflight" else "verify"),
        run=text(head.get("run")),
        began=text(head.get("began")),
        resumed=tuple(text(when) for when in sequence(head.get("resumed"))),
        earlier=head.get("earlier") is True,
        check=head.get("check") is True,
        verdict=verdict or "unknown",
        document=name if document else "",
        scene=scene,
        findings=tuple(_finding(f, about) for f in found),
        unjudged=tuple(unjudged),
        failures=tuple(failures),
        checks=tuple(text(c) for c in sequence(document.get("checks"))),
        steps=tuple(_steps(steps, began)),
        events=tuple(_events(mapping(document.get("watched")))),
        gone=tuple(_gone(removed)),
        remaining=tuple(_gone(left)),
        planned=tuple(
            _gone([(s, o) for s in taking for o in mappings(s.get("plan"))] if head.get("check") is True else [])
        ),
        removals=tuple(_removals(taking, removed, left)),
        stability=tuple(
            (host, text(mapping(w).get("stability")))
            for host, w in mapping(document.get("watched")).items()
            if text(mapping(w).get("stability"))
        ),
        directions=tuple({**d, "said": redact(text(d.get("said")))} for d in directions),
        opinions=tuple(_opinions(mapping(document.get("opinions")))),
    )


def _verdict(document: Json, name: str, head: Json, steps: list[Json]) -> str:
    """What the document says; but what was looked at before a change says nothing about how it ended. Empty: nothing does."""
    if name != "result" and any(_is_fatal(s) for s in steps):
        return "fail"
    verb, said = text(head.get("verb")), text(document.get("verdict"))
    ended = verb not in MARKED or bool(text(head.get("ended")))
    if document and (name == "result" or not any(_sort(s) == CHANGE for s in steps)):
        said = said if said in VERDICTS else "unknown"
        # What a preflight refuses ends there.
        return said if name == "result" or ended or said in ("fail", "unknown") else ""
    judged = verb in JUDGED and head.get("check") is not True
    return "pass" if steps and ended and not judged else ""


def _is_fatal(step: Json) -> bool:
    """Whether it ended the run."""
    return step.get("failed") is True and step.get("tolerated") is not True


def _sort(step: Json) -> str:
    return _named((text(step.get("step")), text(step.get("variant"))))[0]


class _About:
    """Which clusters a text names; one regular expression for all of them."""

    def __init__(self, ids: t.Sequence[str]) -> None:
        names = "|".join(re.escape(i) for i in sorted(set(ids), key=len, reverse=True) if i)
        self._pattern = re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])") if names else None

    def __call__(self, *words: str) -> tuple[str, ...]:
        if self._pattern is None:
            return ()
        return tuple(dict.fromkeys(m for w in words for m in self._pattern.findall(w)))


def _finding(value: Json, about: _About) -> Finding:
    severity = text(value.get("severity"))
    words = {k: redact(text(value.get(k))) for k in ("subject", "observed", "expected", "cause", "hint")}
    evidence = tuple((str(k), redact(_plain(v))) for k, v in mapping(value.get("evidence")).items())
    return Finding(
        id=text(value.get("id")) or "?",
        severity=severity if severity in SEVERITIES else "unknown",
        evidence=evidence,
        clusters=about(words["subject"], words["observed"]),
        subjects=about(words["subject"]),
        **words,
    )


def _plain(value: t.Any) -> str:
    """A value for people: without brackets where it is flat."""
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value)
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_plain(v)}" for k, v in value.items())
    return "" if value is None else str(value)


def _place(step: Json) -> str:
    return text(step.get("cluster")) or text(step.get("host"))


def _number(value: t.Any) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST
    return float(value) if usable else 0.0


def _steps(steps: list[Json], began: float) -> list[Step]:
    """Calls of the same kind that follow each other or overlap are one step; what comes back later is another one."""
    found: list[tuple[tuple[str, str], list[Call]]] = []
    last: dict[tuple[str, str], int] = {}
    for step in sorted(steps, key=lambda s: _number(s.get("began"))):
        key = (text(step.get("step")), text(step.get("variant")))
        call = Call(
            _place(step),
            max(0.0, _number(step.get("began")) - began),
            max(0.0, _number(step.get("seconds"))),
            step.get("failed") is True,
            redact(text(step.get("message"))),
        )
        place = last.get(key)
        if place is not None and _together(found, place, call):
            found[place][1].append(call)
        else:
            last[key] = len(found)
            found.append((key, [call]))
    return [Step(*_named(key), tuple(calls)) for key, calls in found]


def _together(found: list[tuple[tuple[str, str], list[Call]]], place: int, call: Call) -> bool:
    calls = found[place][1]
    return call.start <= max(c.end for c in calls) or call.cluster not in {c.cluster for c in calls}


def _named(key: tuple[str, str]) -> tuple[str, str]:
    step, variant = key
    other = f"{step.replace('_', ' ').capitalize()} ({variant})" if variant else step.replace("_", " ").capitalize()
    return STEPS.get(key) or STEPS.get((step, "")) or (CHANGE, other or "?")


def _events(watched: Json) -> list[Event]:
    found = [
        Event(
            host,
            _number(e.get("at")),
            text(e.get("kind")),
            redact(text(e.get("subject"))),
            redact(text(e.get("observed"))),
        )
        for host, one in watched.items()
        for e in mappings(mapping(one).get("events"))
    ]
    return sorted(found, key=lambda event: event.at)


def _opinions(said: Json) -> list[Opinion]:
    where: dict[tuple[str, str, str, str, str, bool], list[str]] = {}
    for host, one in said.items():
        for o in mappings(one):
            command, check, said_so, message, note = (
                redact(text(o.get(k))) for k in ("command", "check", "said", "message", "note")
            )
            key = (command, check, said_so, message, note, o.get("doubtful") is True)
            where.setdefault(key, []).append(host)
    found = [Opinion(*key, tuple(dict.fromkeys(hosts))) for key, hosts in where.items()]
    return sorted(found, key=lambda o: (o.said == "ok", o.doubtful, SAID.index(o.said) if o.said in SAID else 0))


def _label(thing: Json) -> str:
    place = text(thing.get("node")) or text(thing.get("namespace"))
    return f"{place}/{text(thing.get('name'))}" if place else text(thing.get("name"))


def _left(steps: list[Json]) -> list[tuple[Json, Json]]:
    """What the last word on each cluster and module says is still there."""
    latest = {(_place(s), text(s.get("step"))): s for s in steps if s.get("check") is not True}
    return [(s, o) for s in latest.values() for o in mappings(s.get("remaining"))]


def _gone(things: list[tuple[Json, Json]]) -> list[Gone]:
    where: dict[tuple[str, str, str], list[str]] = {}
    for step, thing in things:
        why = redact(text(thing.get("cause")) or text(thing.get("why")))
        where.setdefault((text(thing.get("kind")) or "record", _label(thing), why), []).append(_place(step))
    found = [Gone(kind, name, why, tuple(dict.fromkeys(places))) for (kind, name, why), places in where.items()]
    return sorted(found, key=lambda gone: (gone.kind, gone.name))


def _removals(steps: list[Json], removed: list[tuple[Json, Json]], left: list[tuple[Json, Json]]) -> list[Removal]:
    counts = Counter((_place(s), s.get("step") == "node_cleanup") for s, _thing in removed)
    remaining = Counter(_place(s) for s, _thing in left)
    places = dict.fromkeys(_place(s) for s in steps if s.get("check") is not True)
    return [Removal(place, counts[place, False], counts[place, True], remaining[place]) for place in places]
