# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as test results: red exactly when the verdict is, and well-formed whatever names there are."""

from __future__ import annotations

import typing as t
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_junit import ONE_BY_ONE, junit_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import view_of
from tests.unit import reported

Json = dict[str, t.Any]
STATES = [
    "healthy-two-nodes",
    "installed",
    "joined-as-second-id",
    "label-removed-first",
    "operator-killed-mid-uninstall",
]


def xml(document: Json, steps: list[Json] | None = None, name: str = "result") -> ElementTree.Element:
    return ElementTree.fromstring(junit_of(view_of(document, name, reported.HEAD, steps or [])))  # noqa: S314  written by ourselves


def names(root: ElementTree.Element, suite: str, *, red: bool = False) -> list[str]:
    found = root.find(f"testsuite[@name='{suite}']")
    assert found is not None
    cases = [
        c for c in found.iter("testcase") if not red or c.find("failure") is not None or c.find("error") is not None
    ]
    return [str(c.get("name")) for c in cases]


def is_red(root: ElementTree.Element) -> bool:
    return int(root.attrib["failures"]) + int(root.attrib["errors"]) > 0


@pytest.mark.parametrize("state", STATES)
def test_red_exactly_when_the_verdict_is(state: str) -> None:
    document = reported.recorded(state)
    assert is_red(xml(document)) == (document["verdict"] in ("fail", "unknown"))


def test_a_suite_for_each_cluster_and_one_for_all() -> None:
    root = xml(reported.recorded("joined-as-second-id"))
    assert {s.get("name") for s in root} == {"clusterset", "east", "west2"}
    assert "connection to west" in names(root, "east", red=True)
    assert "connection to west2" not in names(root, "east", red=True)
    assert any(n.startswith("endpoint.ghost: ") for n in names(root, "clusterset", red=True))


def test_counts_add_up() -> None:
    document = reported.of_size(10, damaged=4, ghost=True)
    root = xml(document, reported.steps(list(document["clusters"])))
    for key, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        assert int(root.attrib[key]) == len(list(root.iter(tag)))
        assert int(root.attrib[key]) == sum(int(s.attrib[key]) for s in root)
    assert all(c.get("classname") and c.get("name") and c.get("time") for c in root.iter("testcase"))


def test_warnings_pass_with_their_words() -> None:
    document = reported.of_size(2)
    assert [f["severity"] for f in document["findings"]] == ["warning"]
    root = xml(document)
    assert not is_red(root)
    assert any("[warning]" in (o.text or "") for o in root.iter("system-out"))


def test_a_wait_that_failed_before_all_was_well_is_not_red() -> None:
    document = reported.of_size(2)
    late = {**reported.steps(["dublin"])[-1], "failed": True, "message": "not yet"}
    root = xml(document, [late])
    assert not is_red(root)
    assert any(n.startswith("step: ") for n in names(root, "dublin"))


def test_what_was_not_answered_is_an_error() -> None:
    document = {
        **reported.of_size(2),
        "verdict": "unknown",
        "unjudged": ["oslo dropped out of the run before it was judged"],
    }
    root = xml(document)
    assert root.attrib["failures"] == "0"
    assert "unanswered: oslo dropped out of the run before it was judged" in names(root, "clusterset", red=True)


def test_a_run_that_failed_on_the_way() -> None:
    root = xml({}, reported.steps(["east", "west"], failing="west"), "")
    assert is_red(root)


def test_a_large_clusterset_has_one_case_for_the_links_of_a_cluster() -> None:
    size = ONE_BY_ONE + 2
    document = reported.of_size(size, damaged=1)
    root = xml(document)
    assert all("connections" in names(root, name) for name in document["clusters"])
    assert len(list(root.iter("testcase"))) < 5 * size


@given(st.text(max_size=60), st.text(max_size=60))
def test_well_formed_whatever_names_there_are(name: str, words: str) -> None:
    finding = {"id": name, "severity": "error", "subject": words, "observed": name, "evidence": {words: [name]}}
    head = {**reported.HEAD, "verb": words, "began": name}
    step = {**reported.steps(["a"])[0], "cluster": name, "failed": True, "message": words}
    document = {"verdict": "fail", "findings": [finding], "unjudged": [words], "clusters": {name: {}}}
    root = ElementTree.fromstring(junit_of(view_of(document, "result", head, [step])))  # noqa: S314  written by ourselves
    assert is_red(root)
