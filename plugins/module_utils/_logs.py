# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of Submariner's components -> known lines with their meaning, unknown error lines counted. Pure.

The components write zerolog's console form, client-go below them klog's; older ones JSON, CoreDNS its own. Private to
this collection, may change at any time.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import (
    COMPONENTS,
    INFO,
    LINES,
    WARNING,
    KnownLine,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import UNKNOWN, Finding, Json, mapping, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

ERROR_LEVEL, FATAL_LEVEL = "error", "fatal"

LONGEST_LINE = 8192
SHOWN = 400
"""Characters of a line that are looked at, and that are shown."""

MOST_KINDS = 500
MOST_SHOWN = 50
MOST_PODS = 20
"""Kinds of unknown lines that are told apart in one reading, that are shown, and pods named for one line."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?\s+", re.ASCII)
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]]{1,200}\] ?", re.ASCII)
_WORD = re.compile(
    r"\[?(TRC|DBG|INF|WRN|ERR|FTL|PNC|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|D?PANIC|FATAL)\]?(?=[\s:]|$)"
)
_LOGFMT = re.compile(r"(?:^|\s)level=\"?([a-z]+)")
_CRASH = re.compile(r"panic: |fatal error: ")

_ERRORS = ("E", "ERR", "ERROR")
_FATALS = ("F", "FTL", "PNC", "FATAL", "CRITICAL", "PANIC", "DPANIC")

# In this order: what a later one would take apart stands before it.
_VARYING: tuple[tuple[t.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "<uid>"),
    (
        re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?[+-]\d\d:?\d\d| ?Z)?(?: UTC)?", re.ASCII),
        "<time>",
    ),
    (re.compile(r"\b\d{1,3}(?:[.-]\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?(?![\w.])", re.ASCII), "<address>"),
    (
        re.compile(r"\[?(?:\b[0-9a-f]{1,4}:|:){2,7}(?:[0-9a-f]{1,4}\b)?(?:/\d{1,3})?\]?(?::\d{1,5})?", re.IGNORECASE),
        "<address>",
    ),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<number>"),
    # The endings of pod names have no vowels.
    (re.compile(r"(?<=-)(?:[b-df-hj-np-tv-xz2456789]{8,10}-)?[b-df-hj-np-tv-xz2456789]{5}\b"), "<pod>"),
    (re.compile(r"\d+(?:\.\d+)?", re.ASCII), "<number>"),
)


@dataclass(frozen=True)
class Line:
    """One line: V(error), V(fatal) or no level, the stamp as it was written, and the rest."""

    level: str
    stamp: str
    message: str


@dataclass(frozen=True)
class Source:
    """The container that a log is of. C(previous): of the container before its last restart."""

    component: str
    pod: str
    container: str
    previous: bool = False
    version: str = ""


@dataclass
class Seen:
    """What was seen of one kind of line."""

    level: str = ""
    count: int = 0
    first: str = ""
    last: str = ""
    message: str = ""
    """The newest one, as it was written."""
    source: Source = Source("", "", "")
    pods: set[str] = field(default_factory=set)
    only_previous: bool = True

    def add(self, line: Line, source: Source) -> None:
        self.count += 1
        self.level = FATAL_LEVEL if FATAL_LEVEL in (self.level, line.level) else line.level
        self.pods.add(source.pod)
        self.only_previous = self.only_previous and source.previous
        when = utc(line.stamp)
        if when and (not self.first or when < self.first):
            self.first = when
        if self.count == 1 or (when and when >= self.last):
            self.last = when or self.last
            self.message, self.source = line.message, source

    def as_dict(self, secrets: Sequence[str]) -> Json:
        return {
            "component": self.source.component,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "example": show(self.message, secrets),
            "pod": self.source.pod,
            "container": self.source.container,
            "pods": sorted(self.pods)[:MOST_PODS],
            "pod_count": len(self.pods),
            "before_restart": self.only_previous,
        }


def parse(raw: str) -> Line:
    """A line in any of the forms that the components write; one in another form has no level."""
    rest = plain(raw[:LONGEST_LINE].replace("\0", "")).strip()
    stamp = ""
    # The kubelet's stamp, and after it perhaps the component's own.
    for _round in range(2):
        match = _STAMP.match(rest)
        if match is None:
            break
        stamp = stamp or match.group(0).strip()
        rest = rest[match.end() :]
    if rest.startswith("{"):
        found = _json_line(rest)
        if found is not None:
            return Line(found[0], stamp, found[1])
    match = _KLOG.match(rest)
    if match is not None:
        return Line(_level(match.group(1)), stamp, rest[match.end() :])
    match = _WORD.match(rest)
    if match is not None:
        return Line(_level(match.group(1)), stamp, rest[match.end() :].lstrip(" :"))
    if _CRASH.match(rest):
        return Line(FATAL_LEVEL, stamp, rest)
    match = _LOGFMT.search(rest)
    return Line(_level(match.group(1).upper()) if match else "", stamp, rest)


def _level(word: str) -> str:
    return ERROR_LEVEL if word in _ERRORS else FATAL_LEVEL if word in _FATALS else ""


def _json_line(line: str) -> tuple[str, str] | None:
    try:
        said = mapping(json.loads(line))
    except (ValueError, RecursionError):
        return None
    message = text(said.get("msg")) or text(said.get("message"))
    level = text(said.get("level"))
    if not level and not message:
        return None
    return _level(level.upper()), f"{message} error={text(said.get('error'))}" if said.get("error") else message


def utc(stamp: str) -> str:
    """A stamp as RFC 3339 in UTC with milliseconds, empty when it is none."""
    match = _STAMP.match(stamp + " ")
    if match is None:
        return ""
    day, clock, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.strptime(f"{day}T{clock}", "%Y-%m-%dT%H:%M:%S")
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        return ""
    return f"{moment.isoformat()}.{(fraction or '0')[:3]:<03}Z"


def plain(words: str) -> str:
    """`words` without the colours of a terminal."""
    return _COLOUR.sub("", words)


def one_line(words: str, longest: int = SHOWN) -> str:
    line = " ".join(words.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def show(words: str, secrets: Sequence[str] = ()) -> str:
    """What may be shown of a line: without secrets, readable and short."""
    return one_line("".join(c if c.isprintable() else " " for c in redact(words[:LONGEST_LINE], secrets)))


def normalise(message: str) -> str:
    """A message without what differs between two of one kind: numbers, addresses, times, identities."""
    words = one_line(message)
    for pattern, instead in _VARYING:
        words = pattern.sub(instead, words)
    return words


def version_number(version: str) -> tuple[int, ...]:
    """The numbers of a release, empty for what is none (V(devel), a digest)."""
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})", version, re.ASCII)
    return tuple(int(part) for part in match.groups()) if match else ()


def holds_for(since: str, until: str, version: str) -> bool:
    """Whether a fact that is known from C(since) to C(until) holds for C(version); an unknown version counts as within."""
    number = version_number(version)
    return not number or (version_number(since) <= number and (not until or number <= version_number(until)))


_ROWS = {component: [row for row in LINES if component in row.components] for component in COMPONENTS}


def find_known(message: str, component: str, broker: str = "", version: str = "") -> KnownLine | None:
    """The row of the table that a line of a component is of, None when it is of none.

    C(broker) (host:port or URL) tells complaints about the broker from those about the cluster's own API.
    """
    lower = message.lower()
    rows = _ROWS.get(component, ())
    return next((row for row in rows if _fits(row, message, lower, broker, version)), None)


def newest_known(log: str, component: str, broker: str = "", version: str = "") -> t.Iterator[tuple[KnownLine, str]]:
    """The known lines of a log, the newest first: the row of each, and what it says."""
    for raw in reversed(log.splitlines()):
        message = parse(raw).message
        row = find_known(message, component, broker, version)
        if row is not None:
            yield row, message


def _fits(row: KnownLine, message: str, lower: str, broker: str, version: str) -> bool:
    if not any(sign in lower for sign in row.signs):
        return False
    return holds_for(row.since, row.until, version) and (not row.broker or _about_broker(row, message, lower, broker))


def _about_broker(row: KnownLine, message: str, lower: str, broker: str) -> bool:
    address = broker.partition("://")[2] or broker
    if address and address in message:
        return True
    # A refused token, or CA, often comes without the address.
    bare = not {"unauthorized", "x509:"}.isdisjoint(row.signs) and "://" not in message
    return bare or (not address and "broker" in lower)


@dataclass
class Tally:
    """Takes in one log after the other and keeps only what is told of them. C(secrets) are known and never shown."""

    broker: str = ""
    secrets: Sequence[str] = ()
    known: dict[tuple[KnownLine, str], Seen] = field(default_factory=dict)
    unknown: dict[tuple[str, str], Seen] = field(default_factory=dict)
    uncounted: int = 0
    """Unknown error lines of kinds beyond those that are told apart."""

    def add(self, source: Source, log: str) -> None:
        for raw in log.split("\n"):
            if raw:
                self._add_line(source, parse(raw))

    def _add_line(self, source: Source, line: Line) -> None:
        row = find_known(line.message, source.component, self.broker, source.version)
        if row is not None:
            self.known.setdefault((row, source.component), Seen()).add(line, source)
        elif line.level:
            kind = (source.component, normalise(line.message))
            if kind not in self.unknown and len(self.unknown) >= MOST_KINDS:
                self.uncounted += 1
            else:
                self.unknown.setdefault(kind, Seen()).add(line, source)

    def lines(self) -> list[Json]:
        """The known lines, warnings first, then by how often they were seen."""
        found = sorted(
            self.known.items(), key=lambda item: (item[0][0].severity != WARNING, -item[1].count, item[0][0].id)
        )
        return [
            {
                "id": row.id,
                "severity": row.severity,
                "meaning": FINDINGS[row.id],
                "hint": row.hint,
                "source": row.source,
                **seen.as_dict(self.secrets),
            }
            for (row, _component), seen in found
        ]

    def unknown_lines(self) -> list[Json]:
        """Each kind of error line that the table does not have, once: those that ended a component first, then the most."""
        found = sorted(self.unknown.values(), key=lambda seen: (seen.level != FATAL_LEVEL, -seen.count, seen.message))
        return [{"level": seen.level, **seen.as_dict(self.secrets)} for seen in found[:MOST_SHOWN]]

    def findings(self, namespace: str) -> list[Finding]:
        return [*self._of_known(namespace), *self._of_unknown(namespace)]

    def _of_known(self, namespace: str) -> Iterable[Finding]:
        for line in self.lines():
            yield Finding(
                id=line["id"],
                severity=line["severity"],
                subject=_subject(line, namespace),
                observed="{} ({})".format(line["meaning"].rstrip("."), _how_often(line)),
                cause=line["example"],
                hint=line["hint"],
                evidence={key: line[key] for key in ("count", "first", "last", "pods")},
            )

    def _of_unknown(self, namespace: str) -> Iterable[Finding]:
        lines = self.unknown_lines()
        for line in lines:
            if line["level"] == FATAL_LEVEL:
                yield Finding(
                    id="log.unknown-fatal",
                    severity=WARNING,
                    subject=_subject(line, namespace),
                    observed=f"ended itself ({_how_often(line)})",
                    cause=line["example"],
                    hint="read the log around that line; it is in no table yet",
                    evidence={key: line[key] for key in ("count", "first", "last", "pods")},
                )
        errors = [seen for seen in self.unknown.values() if seen.level == ERROR_LEVEL]
        if errors:
            number = sum(seen.count for seen in errors) + self.uncounted
            yield Finding(
                id="log.unknown-error",
                severity=INFO,
                subject=f"logs in namespace {namespace}",
                observed=f"{number} error lines of {len(errors)}{'+' if self.uncounted else ''} kinds are in no table",
                cause=next((line["example"] for line in lines if line["level"] == ERROR_LEVEL), ""),
                hint="judge them by the other findings: alone they prove nothing",
            )


def _subject(line: Json, namespace: str) -> str:
    if line["pod_count"] == 1:
        return f"Pod {namespace}/{line['pod']}"
    return f"{line['pod_count']} pods of submariner-{line['component']}, last {namespace}/{line['pod']}"


def _how_often(line: Json) -> str:
    words = "once" if line["count"] == 1 else f"{line['count']} times"
    words += f", last {line['last']}" if line["last"] else ""
    return words + (", before the last restart" if line["before_restart"] else "")


def unread(namespace: str, unknown: dict[str, str]) -> list[Finding]:
    """What could not be read, as one finding for each reason; a log that was not read is not one without errors."""
    by_reason: dict[str, list[str]] = {}
    for what, reason in sorted(unknown.items()):
        by_reason.setdefault(normalise(reason), []).append(what)
    return [
        Finding(
            id="log.unread",
            severity=UNKNOWN,
            subject=f"logs in namespace {namespace}",
            observed=f"{len(names)} could not be read: {some(names, 3)}",
            expected="a log that can be read",
            cause=show(unknown[names[0]]),
            hint="allow get on pods/log in that namespace, and see whether the API server reaches the node's kubelet",
            evidence={"unread": names[:MOST_PODS]},
        )
        for names in by_reason.values()
    ]
