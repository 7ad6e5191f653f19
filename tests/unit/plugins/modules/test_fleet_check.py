# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_check as a module: its options, its exit, and users' own expectations."""

from __future__ import annotations

import sys
import typing as t
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import BEFORE, CHECKS
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Reading
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._structured import structured
from ansible_collections.submariner.lifecycle.plugins.modules import fleet_check
from tests.unit.fake_api import recording
from tests.unit.run_module import Outcome, run_module


def check(state: str = "healthy-two-nodes", **options: t.Any) -> Outcome:
    read = {c: snapshot_of(recording(state, c)) for c in ("east", "west")}
    arguments: Json = {
        "broker": "east",
        "digests": {c: digest(s, c) for c, s in read.items()},
        "snapshots": {c: structured(s) for c, s in read.items()},
    }
    return run_module(fleet_check.main, {**arguments, **options})


def expecting(expression: str, more: Json | None = None, **options: t.Any) -> Outcome:
    return check(expectations=[{"id": "site.one", "expression": expression, **options}], **(more or {}))


def found(outcome: Outcome) -> dict[str, Json]:
    return {f["id"]: f for f in outcome["findings"] if f["id"] != "version.self-reported"}


# -- the module ---------------------------------------------------------------------------------------------------


def test_a_healthy_fleet_passes() -> None:
    outcome = check()
    assert not outcome.failed
    assert not outcome.changed
    assert outcome["verdict"] == "pass"
    assert outcome["checks"] == [name for name in CHECKS if name not in BEFORE]


@pytest.mark.parametrize("name", BEFORE)
def test_what_is_about_to_be_done_has_to_be_said(name: str) -> None:
    refused = check(checks=[name])
    assert refused.failed
    assert "give before" in refused.msg
    outcome = check(checks=[name], before={"verb": "reinstall"})
    assert not outcome.failed, outcome.msg
    assert outcome["checks"] == [name]


def test_a_version_that_is_no_release_is_refused_unless_it_is_meant() -> None:
    before = {"verb": "install", "version": "devel"}
    assert "version.target-unstable" in check(checks=["target"], before=before).msg
    assert not check(checks=["target"], before={**before, "allow_unstable": True}).failed


@pytest.mark.parametrize(
    "before", [{}, {"verb": "upgrade"}, {"verb": "install", "allow_unstable": "perhaps"}, "install"]
)
def test_wrong_words_about_what_is_to_be_done(before: t.Any) -> None:
    outcome = check(checks=["target"], before=before)
    assert outcome.failed
    assert outcome["verdict"] == "unknown"
    assert "findings" not in outcome.result


def test_a_ghost_fails_with_the_words_of_its_finding() -> None:
    outcome = check("joined-as-second-id")
    assert outcome.failed
    assert outcome["verdict"] == "fail"
    assert "[cluster.two-ids] clusters west and west2" in outcome.msg


def test_report_only_succeeds_with_the_same_findings() -> None:
    outcome = check("joined-as-second-id", report_only=True)
    assert not outcome.failed
    assert outcome["verdict"] == "fail"
    assert outcome["findings"] == check("joined-as-second-id")["findings"]


def test_only_what_is_asked_for_is_judged() -> None:
    outcome = check("joined-as-second-id", checks=["inputs", "owners"])
    assert (outcome["verdict"], outcome["findings"]) == ("pass", [])
    assert outcome["checks"] == ["inputs", "owners"]


def test_a_check_that_does_not_exist_is_refused() -> None:
    outcome = check(checks=["endpionts"])
    assert outcome.failed
    assert "endpionts" in outcome.msg


def test_a_digest_that_is_none_is_unknown() -> None:
    outcome = check(digests={"east": "nothing", "west": None})
    assert outcome.failed
    assert outcome["verdict"] == "unknown"


def test_residue_is_judged_when_it_was_read() -> None:
    read = {c: snapshot_of(recording("west-uninstalled", c)) for c in ("east", "west")}
    for snapshot in read.values():
        del snapshot.readings["serviceaccounts"]
    outcome = check(digests={c: digest(s, c) for c, s in read.items()}, report_only=True)
    assert "residue" not in outcome["checks"]
    outcome = check("west-uninstalled", report_only=True)
    assert "residue" in outcome["checks"]


# -- expectations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "more"),
    [
        ("length(digest.copies)", {"expect": 1}),
        ("length(digest.copies)", {"expect": "1"}),
        ("digest.installed", {}),
        ("digest.installed", {"expect": True}),
        ("digest.installed", {"expect": "True"}),
        ("snapshot.submariner.spec.cableDriver", {"expect": "vxlan"}),
        ("length(clusters[?digest.installed])", {"scope": "fleet", "expect": 2}),
        ("clusters[].digest.cluster_id", {"scope": "fleet", "expect": ["east", "west"]}),
        ("length(findings[?severity == 'error']) == `0`", {"scope": "fleet"}),
        ("sum(snapshot.workloads[].restarts)", {}),
    ],
)
def test_an_expectation_that_is_met_is_no_finding(expression: str, more: Json) -> None:
    outcome = expecting(expression, **more)
    assert found(outcome) == {}
    assert outcome["verdict"] == "pass"


@pytest.mark.parametrize(
    ("expression", "more"),
    [
        ("length(digest.copies)", {"expect": 2}),
        ("digest.installed", {"expect": 1}),
        ("digest.nothing", {}),
        ("digest.going", {}),
        ("length(digest.copies) == `2`", {}),
        ("length(clusters)", {"scope": "fleet", "expect": 3}),
    ],
)
def test_an_expectation_that_is_not_met_is_a_finding(expression: str, more: Json) -> None:
    outcome = expecting(expression, text="members", **more)
    assert outcome.failed
    finding = found(outcome)["site.one"]
    assert finding["severity"] == "error"
    assert finding["observed"].startswith("members: ")
    assert finding["evidence"] == {"expression": expression}


def test_every_host_that_does_not_meet_it_is_named_with_the_severity_that_is_asked_for() -> None:
    outcome = expecting("host == 'east'", severity="warning")
    assert not outcome.failed
    assert outcome["verdict"] == "degraded"
    assert found(outcome)["site.one"]["subject"] == "west"


def test_the_number_of_endpoints_and_clusters() -> None:
    outcome = check(
        "joined-as-second-id",
        report_only=True,
        expectations=[
            {
                "id": "site.endpoints",
                "scope": "fleet",
                "expression": "length(clusters[?host == 'east'].digest.brokers[].endpoints[])",
                "expect": 2,
                "text": "Endpoints on the broker",
            }
        ],
    )
    assert found(outcome)["site.endpoints"]["observed"] == "Endpoints on the broker: 3, not 2"


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("length(digest.copies", "at character 21: length(digest.copies >>> end"),
        ("digest copies", "'copies' is not expected, at character 8: digest  >>> copies"),
        ("digest[", "at character 8: digest[ >>> end"),
        ("digest.#", "at character 8: digest. >>> #"),
        ("lenght(digest)", "there is no function lenght, at character 1:  >>> lenght(digest)"),
        ("nothing && lenght(digest)", "there is no function lenght, at character 12"),
        ("length(digest, digest)", "Expected 1 argument for function length(), received 2"),
        ("   ", "the expression is empty"),
    ],
)
def test_a_broken_expression_fails_and_shows_the_place(expression: str, place: str) -> None:
    outcome = expecting(expression)
    assert outcome.failed
    assert "site.one" in outcome.msg
    assert place in outcome.msg
    assert "\n" not in outcome.msg
    assert "findings" not in outcome.result


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"id": "Site One", "expression": "host"}], "lower-case"),
        ([{"id": "endpoint.ghost", "expression": "host"}], "one of this collection's findings"),
        (
            [{"id": "a", "expression": "host"}, {"id": "a", "expression": "host"}],
            "expectations[1] ('a'): the id is given twice",
        ),
        ([{"id": "a"}], "expression"),
        ([{"id": "a", "expression": "host", "severity": "fatal"}], "severity"),
        ([{"id": "a", "expression": "host", "scope": "all"}], "scope"),
    ],
)
def test_a_wrong_expectation_is_named(entries: list[Json], words: str) -> None:
    outcome = check(expectations=entries)
    assert outcome.failed
    assert words in outcome.msg


def test_what_cannot_be_answered_is_unknown() -> None:
    outcome = expecting("length(digest.nothing)")
    assert outcome["verdict"] == "unknown"
    assert 'received: "null"' in found(outcome)["site.one"]["observed"]
    outcome = check(snapshots={}, expectations=[{"id": "site.one", "expression": "snapshot.nodes"}])
    assert outcome["verdict"] == "unknown"
    assert "option snapshots" in found(outcome)["site.one"]["observed"]
    outcome = check(digests={"east": {}}, expectations=[{"id": "site.one", "expression": "host"}])
    assert found(outcome)["site.one"]["severity"] == "unknown"


@pytest.mark.parametrize(
    ("silent", "expression", "more"),
    [
        ("serviceexports", "length(snapshot.exports)", {"expect": 0}),
        ("serviceexports", "host == 'east' || length(digest.exports) > `0`", {}),
        ("serviceexports", "sum(clusters[].length(digest.exports)) > `0`", {"scope": "fleet"}),
        ("pods", "sum(snapshot.workloads[].restarts) < `10`", {}),
        ("submariners", "digest.installed", {}),
        ("clusters", "contains(digest.clusters, 'east')", {}),
        ("", "host == 'east' || snapshot.gateway_routes", {}),
    ],
)
def test_what_a_cluster_did_not_answer_neither_meets_nor_fails_an_expectation(
    silent: str, expression: str, more: Json
) -> None:
    read = {c: snapshot_of(recording("healthy-two-nodes", c)) for c in ("east", "west")}
    if silent:
        read["west"].readings[silent] = Reading("unknown", reason="HTTP 403: forbidden")
    else:
        del read["west"].readings["gatewayroutes"]
    outcome = expecting(
        expression,
        **more,
        more={
            "digests": {c: digest(s, c) for c, s in read.items()},
            "snapshots": {c: structured(s) for c, s in read.items()},
        },
    )
    assert outcome["verdict"] == "unknown"
    finding = found(outcome)["site.one"]
    assert finding["severity"] == "unknown"
    assert (silent or "gateway_routes") in finding["observed"]


def test_of_a_fleet_is_asked_when_all_of_it_was_read() -> None:
    expression = "length(clusters[?digest.installed])"
    counted: Json = {"expect": 2, "scope": "fleet"}
    assert not expecting(expression, **counted).failed
    digests = {"east": digest(snapshot_of(recording("healthy-two-nodes", "east")), "east"), "west": {}}
    outcome = expecting(expression, more={"digests": digests}, **counted)
    assert (outcome["verdict"], found(outcome)["site.one"]["severity"]) == ("unknown", "unknown")
    assert "west: the cluster was not read" in found(outcome)["site.one"]["observed"]


def test_without_the_library_the_message_names_it() -> None:
    with mock.patch.dict(sys.modules, {"jmespath": None}):
        outcome = expecting("host")
        assert outcome.failed
        assert "jmespath" in outcome.msg
        assert "option expectations" in outcome.msg
        assert not check().failed, "it is needed for expectations alone"


@given(st.text(alphabet="abc@[]{}()|&.,:*?'`\"=<>!0-1 \\", max_size=12))
def test_any_expression_is_answered_or_refused(expression: str) -> None:
    arguments = {
        "broker": "east",
        "digests": {},
        "expectations": [{"id": "a", "expression": expression, "scope": "fleet"}],
    }
    outcome = run_module(fleet_check.main, arguments)
    assert outcome.failed == (outcome.result.get("verdict") in (None, "fail", "unknown"))


@pytest.mark.parametrize("nothing", [{"digests": None}, {"registered": ""}, {"registered": None}], ids=str)
def test_an_option_without_a_value_is_no_digest(nothing: Json) -> None:
    outcome = run_module(fleet_check.main, {"broker": "east", **nothing})
    assert outcome.failed
    assert "digests" in outcome.msg
