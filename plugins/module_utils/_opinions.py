# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What subctl says of a cluster, check by check, and what its word is worth. Pure.

An opinion stands beside the verdict and never makes it better: subctl fails where nothing is wrong, and is content where
much is. Private to this collection, may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import holds_for, plain, show
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import WARNING, Finding, Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

OK, WARN, FAIL, UNFINISHED = "ok", "warn", "fail", "unfinished"
INFO = "info"

_MARKS = {"✓": OK, "⚠": WARN, "✗": FAIL}
_START = re.compile(r"^\s*•\s+(.*?)\s*(?:\.\.\.)?\s*$")
_MARKED = re.compile(r"^\s*([✓⚠✗])\s+(.*?)\s*$")
# The progress meter of curl, which subctl repeats when a request fails, and subctl's last line.
_NOISE = re.compile(r"^\s*(?:Dload\b|\d+\s+\d|subctl version:)")
_PANIC = re.compile(r"^panic: .*$", re.MULTILINE)
_WORST = (FAIL, WARN, OK)
_IDS = {FAIL: "opinion.fails", WARN: "opinion.warns"}
MOST = 200
"""Checks that are kept of one call."""


@dataclass(frozen=True)
class Opinion:
    """What one check of one command said; C(note) is what is known about such a word, C(doubtful) that it is no sign."""

    command: str
    check: str
    said: str
    message: str = ""
    note: str = ""
    doubtful: bool = False

    def as_dict(self) -> Json:
        return {
            "command": self.command,
            "check": self.check,
            "said": self.said,
            "message": self.message,
            "note": self.note,
            "doubtful": self.doubtful,
        }


@dataclass(frozen=True)
class Call:
    """How a call went: C(rc) is None when it was ended; C(trouble) says why it gave no whole answer."""

    command: str
    opinions: tuple[Opinion, ...]
    rc: int | None = 0
    seconds: float = 0.0
    trouble: str = ""
    panic: str = ""

    @property
    def whole(self) -> bool:
        return self.rc is not None and not self.panic and bool(self.opinions)


@dataclass(frozen=True)
class Known:
    """What is known of a check that says C(said) with C(sign) in its text; C(doubtful): it is no sign of anything."""

    check: str
    said: str
    note: str
    sign: str = ""
    doubtful: bool = False
    until: str = ""


KNOWN: tuple[Known, ...] = (
    Known(
        "metrics are accessible",
        FAIL,
        "tells whether the metrics proxy answers, and nothing about traffic between clusters (submariner#2757)",
        doubtful=True,
    ),
    Known(
        "CIDRs do not overlap",
        FAIL,
        "subctl asked the broker with the token in the Submariner resource, which is old after a rotation; the components"
        " use the Secret (submariner#2955)",
        sign="unauthorized",
    ),
    Known("CIDRs do not overlap", FAIL, "this is how subctl names one cluster under two IDs", sign="overlaps with"),
    Known(
        "CNI network plugin",
        WARN,
        "every network plugin that the operator does not know is called generic",
        sign="generic",
        doubtful=True,
    ),
    Known(
        "route agent connections",
        FAIL,
        "up to 0.20.0 route agents kept entries of Endpoints that are gone (submariner#3335)",
        until="0.20.0",
    ),
    Known(
        "route agent connections",
        OK,
        "a route agent without any entry has tested nothing",
        sign="no remote endpoint connections",
    ),
    Known("gateway connections", OK, "a ghost counts as connected, and pods on other nodes may be without traffic"),
    Known("Showing Connections", OK, "a ghost counts as connected, and pods on other nodes may be without traffic"),
    Known("Showing Endpoints", OK, "made from Gateway objects: it cannot see two Endpoints of one cluster"),
    Known("kube-proxy mode", FAIL, "subctl ends with exit status 0 all the same"),
    Known("", WARN, "subctl counts this as a success", sign="not installed"),
)

BLIND = "subctl sees no ghost that is connected, no traffic that is missing beyond the gateways, no stale Endpoint"


@dataclass
class _Step:
    """One check while its lines come in: its own line is said again with its result, then its messages follow."""

    check: str
    result: str = ""
    messages: list[tuple[str, str]] = field(default_factory=list)

    def take(self, mark: str, words: str) -> None:
        if words != self.check or self.result:
            self.messages.append((mark, words))
        self.result = _worse(self.result, mark)

    def go_on(self, words: str) -> None:
        """A further line of the last message; what is no complaint is told in one line, and tables come after it."""
        if self.messages and self.messages[-1][0] != OK:
            mark, before = self.messages[-1]
            self.messages[-1] = (mark, f"{before} {words}")

    def opinion(self, command: str, secrets: Sequence[str]) -> Opinion:
        telling = [words for mark, words in self.messages if mark == self.result] or [w for _m, w in self.messages]
        message = show("; ".join(telling), secrets)
        return Opinion(command, show(self.check, secrets), self.result or UNFINISHED, message)


def parse(command: str, said: str, secrets: Sequence[str] = ()) -> tuple[Opinion, ...]:
    """The checks in what subctl wrote, in its order. A check that began and did not end is V(unfinished)."""
    steps: list[_Step] = []
    for raw in said.splitlines():
        line = plain(raw)
        start, marked = _START.match(line), _MARKED.match(line)
        if start:
            steps.append(_Step(start.group(1)))
        elif marked and steps:
            steps[-1].take(_MARKS[marked.group(1)], marked.group(2))
        elif marked:
            steps.append(_Step(marked.group(2), _MARKS[marked.group(1)]))
        elif steps and line.strip() and not _NOISE.match(line):
            steps[-1].go_on(line.strip())
    return tuple(step.opinion(command, secrets) for step in steps[:MOST])


def _worse(one: str, other: str) -> str:
    return next((word for word in _WORST if word in (one, other)), "")


def panic(said: str, secrets: Sequence[str] = ()) -> str:
    """The line with which a Go program broke down, empty when it did not."""
    match = _PANIC.search(said)
    return show(match.group(0), secrets) if match else ""


def parse_junit(command: str, report: str, secrets: Sequence[str] = ()) -> tuple[Opinion, ...]:
    """The test cases of C(verify)'s report that were run; raises ValueError for what is no such report."""
    try:
        root = ElementTree.fromstring(report)  # noqa: S314 (written by the subctl that we started)
    except ElementTree.ParseError as error:
        raise ValueError(f"the report of subctl verify cannot be read: {error}") from error
    found: list[Opinion] = []
    for case in root.iter("testcase"):
        failures = [part for part in case if part.tag in ("failure", "error")]
        if case.find("skipped") is None and len(found) < MOST:
            message = " ".join((part.get("message") or "") + " " + (part.text or "") for part in failures)
            name = show(case.get("name") or "a test without a name", secrets)
            found.append(Opinion(command, name, FAIL if failures else OK, show(message, secrets)))
    return tuple(found)


def annotate(opinions: Iterable[Opinion], version: str = "") -> tuple[Opinion, ...]:
    """Each opinion with what is known of it for C(version) of Submariner."""
    return tuple(_annotated(opinion, version) for opinion in opinions)


def _annotated(opinion: Opinion, version: str) -> Opinion:
    for known in KNOWN:
        if (
            known.said == opinion.said
            and known.check.lower() in opinion.check.lower()
            and known.sign in f"{opinion.check} {opinion.message}".lower()
            and holds_for("", known.until, version)
        ):
            return replace(opinion, note=known.note, doubtful=known.doubtful)
    return opinion


def judge(calls: Sequence[Call], verdict: str, subject: str) -> list[Finding]:
    """The opinions as findings beside C(verdict) (empty: none was made): where they disagree, a warning."""
    findings: list[Finding] = []
    for call in calls:
        findings += _of_call(call, verdict, subject)
    answered = [call for call in calls if call.whole]
    complaints = [o for call in answered for o in call.opinions if o.said in (FAIL, WARN) and not o.doubtful]
    if answered and verdict == "fail" and not complaints:
        findings.append(
            Finding(
                "opinion.content",
                WARNING,
                subject,
                f"{' and '.join(call.command for call in answered)}: nothing is wrong",
                expected="what the verdict 'fail' is about",
                cause=BLIND,
                hint="believe the verdict: it is made from the records themselves",
            )
        )
    return findings


def _of_call(call: Call, verdict: str, subject: str) -> Iterable[Finding]:
    where = f"{subject}, {call.command}"
    if call.panic:
        yield Finding(
            "opinion.crashed",
            INFO,
            where,
            "subctl broke down",
            cause=call.panic,
            hint="it says nothing about the cluster: subctl breaks down where it does not expect what it finds",
        )
    elif call.rc is None:
        stuck = next((o.check for o in reversed(call.opinions) if o.said == UNFINISHED), "")
        yield Finding(
            "opinion.unfinished",
            INFO,
            where,
            f"was ended after {call.seconds:.0f} s" + (f", at '{stuck}'" if stuck else ""),
            cause=call.trouble,
            hint="a check waits up to 190 s for a pod that no node takes, and for a gateway node that is gone",
        )
    elif not call.opinions or (call.rc and not any(o.said == FAIL for o in call.opinions)):
        yield Finding(
            "opinion.none", INFO, where, "gave no opinion", cause=call.trouble or "it wrote nothing of a check"
        )
    for opinion in call.opinions:
        if opinion.said in (FAIL, WARN):
            yield _of_opinion(opinion, verdict, where)


def _of_opinion(opinion: Opinion, verdict: str, where: str) -> Finding:
    disagrees = opinion.said == FAIL and not opinion.doubtful and verdict == "pass"
    return Finding(
        "opinion.doubtful" if opinion.doubtful else _IDS[opinion.said],
        WARNING if disagrees else INFO,
        where,
        f"{opinion.check}: {opinion.message or opinion.said}",
        expected="no complaint, since the verdict is 'pass'" if disagrees else "",
        cause=opinion.note,
        hint="find out which of the two is right: the verdict is made from the API's objects" if disagrees else "",
    )


def not_asked(subject: str, why: str, hint: str = "") -> Finding:
    return Finding("opinion.none", INFO, subject, "subctl was not asked", cause=why, hint=hint)


def left_behind(subject: str, names: Sequence[str], hint: str) -> list[Finding]:
    """What subctl left on the cluster, and what could not be removed."""
    if not names:
        return []
    return [Finding("opinion.left-behind", WARNING, subject, f"subctl left {some(names)}", hint=hint)]
