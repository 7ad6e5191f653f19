# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit's XML, for whatever shows test results; pure. Private, may change at any time.

A suite for each cluster and one for the clusterset. A case fails where the verdict does: with an error, or (as an error
of the test) where the question was not answered. Warnings and what is merely worth knowing pass, with their words.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from dataclasses import dataclass
from xml.etree import ElementTree

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import text
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_fleet import BROKEN, FINE, UNPROVEN, Path
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import Finding, View

CLUSTERSET = "clusterset"

ONE_BY_ONE = 24
"""In larger clustersets the links of a cluster are one case: their number grows with the square."""

PASSED, FAILED, UNANSWERED = "passed", "failure", "error"
_OUTCOME = {"error": FAILED, "unknown": UNANSWERED, "warning": PASSED, "info": PASSED}

# What XML 1.0 has no place for.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test case."""

    name: str
    outcome: str = PASSED
    message: str = ""
    kind: str = ""
    details: str = ""
    seconds: float = 0.0
    found: bool = False
    """Whether a check has said so, which nothing else outweighs."""


def junit_of(view: View) -> bytes:
    """The whole file."""
    suites = {CLUSTERSET: _of_the_clusterset(view)}
    for cluster in view.scene.clusters:
        if cluster.real:
            suites.setdefault(cluster.id, []).extend(_of_a_cluster(view, cluster.id, cluster.host))
    if view.verdict in ("pass", "degraded"):
        # What was wrong for a while, as in a wait, is no failure of a run that ended well.
        suites = {name: [_calmed(c) for c in cases] for name, cases in suites.items()}
    root = ElementTree.Element("testsuites", {"name": f"submariner.lifecycle {_fit(view.verb)}"})
    totals = [_suite(root, name, cases, view) for name, cases in suites.items() if cases]
    for place, key in enumerate(("tests", "failures", "errors")):
        root.set(key, str(sum(total[place] for total in totals)))
    root.set("time", f"{view.seconds:.1f}")
    ElementTree.indent(root)
    return t.cast(bytes, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _suite(root: ElementTree.Element, name: str, cases: list[Case], view: View) -> tuple[int, int, int]:
    numbers = (len(cases), sum(c.outcome == FAILED for c in cases), sum(c.outcome == UNANSWERED for c in cases))
    counts = dict(zip(("tests", "failures", "errors"), map(str, numbers)))
    total = sum(c.seconds for c in cases)
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": _fit(name), **counts, "skipped": "0", "time": f"{total:.1f}"}
    )
    if view.began:
        suite.set("timestamp", _fit(view.began).rstrip("Z"))
    for case in cases:
        attributes = {"classname": f"submariner.{_fit(name)}", "name": _fit(case.name), "time": f"{case.seconds:.1f}"}
        entry = ElementTree.SubElement(suite, "testcase", attributes)
        if case.outcome != PASSED:
            words = {"message": _fit(case.message), "type": _fit(case.kind)}
            ElementTree.SubElement(entry, case.outcome, words).text = _fit(case.details)
        elif case.details:
            ElementTree.SubElement(entry, "system-out").text = _fit(case.details)
    return numbers


def _of_the_clusterset(view: View) -> list[Case]:
    own = {c.id for c in view.scene.clusters if c.real}
    cases = [_found(f) for f in view.findings if not own.intersection(f.subjects)]
    cases += [Case(f"failed: {m}", FAILED, m, "step", m) for m in view.failures]
    cases += [Case(f"unanswered: {m}", UNANSWERED, m, "unanswered", m, found=True) for m in view.unjudged]
    cases.append(
        Case(
            "verdict",
            FAILED if view.verdict == "fail" else UNANSWERED if view.verdict == "unknown" else PASSED,
            f"the verdict is {view.verdict}",
            "verdict",
            f"the verdict is {view.verdict}",
        )
    )
    return cases


def _of_a_cluster(view: View, cluster_id: str, host: str) -> list[Case]:
    own = {c.id for c in view.scene.clusters if c.real}
    mine = [f for f in view.findings if next((c for c in f.subjects if c in own), "") == cluster_id]
    cases = [_found(f) for f in mine]
    links = view.scene.leaving.get(cluster_id, [])
    if len(view.scene.clusters) <= ONE_BY_ONE:
        cases += [_link(p) for p in links]
    elif links:
        cases.append(_links(links))
    for name, stability in view.stability:
        if name == host and stability != "unwatched":
            words = f"it was {stability} while it was watched"
            outcome = FAILED if stability == "unstable" else PASSED
            cases.append(Case("stays as it is", outcome, words, "stability", words))
    cases += [_direction(d) for d in view.directions if text(d.get("from_cluster")) == cluster_id]
    for step in view.steps:
        for call in step.calls:
            if call.cluster in (cluster_id, host):
                outcome = FAILED if call.failed else PASSED
                cases.append(Case(f"step: {step.title}", outcome, call.message, "step", call.message, call.seconds))
    return cases


def _calmed(case: Case) -> Case:
    return case if case.found else dataclasses.replace(case, outcome=PASSED)


def _found(finding: Finding) -> Case:
    parts = [f"{finding.subject}: {finding.observed}"]
    for name, words in (("expected", finding.expected), ("cause", finding.cause), ("do", finding.hint)):
        parts += [f"{name}: {words}"] if words else []
    parts += [f"{key}: {value}" for key, value in finding.evidence]
    message = f"{finding.subject}: {finding.observed}"
    name = f"{finding.id}: {finding.subject}"
    return Case(
        name, _OUTCOME[finding.severity], message, finding.id, f"[{finding.severity}] " + "\n".join(parts), found=True
    )


def _link(path: Path) -> Case:
    outcome = PASSED if path.worry in (FINE, UNPROVEN) else FAILED
    words = " ".join(w for w in (path.status or path.state, path.latency, path.note) if w)
    return Case(f"connection to {path.target}", outcome, words, f"connection.{path.state}", words)


def _links(links: list[Path]) -> Case:
    wrong = [p for p in links if p.worry not in (FINE, UNPROVEN)]
    words = f"{len(links) - len(wrong)} of {len(links)} connections are connected"
    details = "\n".join([words, *(f"to {p.target}: {p.status or p.state} {p.note}".rstrip() for p in wrong)])
    return Case("connections", FAILED if wrong else PASSED, words, f"connection.{BROKEN}", details)


def _direction(direction: dict[str, t.Any]) -> Case:
    verdict = text(direction.get("verdict"))
    outcome = PASSED if verdict == "works" else UNANSWERED if verdict == "untried" else FAILED
    way = (
        f"{text(direction.get('from_node'))} to {text(direction.get('to_node'))} in {text(direction.get('to_cluster'))}"
    )
    name = f"data path from {way} by {text(direction.get('by'))}"
    return Case(name, outcome, verdict, "datapath", f"{verdict} {text(direction.get('said'))}".strip())


def _fit(words: str) -> str:
    return _UNFIT.sub("�", words)
