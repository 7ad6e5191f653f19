# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What subctl says, as recorded, and what is made of it beside a verdict."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._opinions import (
    FAIL,
    MOST,
    OK,
    UNFINISHED,
    WARN,
    Call,
    Opinion,
    annotate,
    judge,
    left_behind,
    not_asked,
    panic,
    parse,
    parse_junit,
)
from tests.unit.fake_api import RECORDINGS

DIAGNOSE, SHOW = "subctl diagnose all", "subctl show all"
METRICS = "Checking that gateway metrics are accessible from non-gateway nodes"
FIREWALL = "Checking that firewall configuration allows intra-cluster VXLAN traffic"


def recorded(path: str, version: str = "0.19.0") -> tuple[Opinion, ...]:
    return annotate(parse("x", (RECORDINGS / path).read_text()), version)


def by_check(opinions: tuple[Opinion, ...]) -> dict[str, Opinion]:
    return {opinion.check: opinion for opinion in opinions}


def call(*opinions: Opinion, command: str = DIAGNOSE, rc: int | None = 0, **more: str) -> Call:
    return Call(command, opinions, rc, 12.0, **more)


def said(word: str, check: str = "Checking it", message: str = "", doubtful: bool = False) -> Opinion:
    return Opinion("diagnose", check, word, message, doubtful=doubtful)


def found(calls: list[Call], verdict: str) -> list[tuple[str, str]]:
    return [(finding.id, finding.severity) for finding in judge(calls, verdict, "cluster east")]


def test_diagnose_of_two_well_clusters() -> None:
    opinions = recorded("healthy-two-nodes/subctl-diagnose-all.txt")
    assert len(opinions) == 30
    words = [opinion.said for opinion in opinions]
    assert [words.count(word) for word in (OK, WARN, FAIL, UNFINISHED)] == [26, 2, 2, 0]
    metrics = by_check(opinions)[METRICS]
    assert (metrics.said, metrics.doubtful) == (FAIL, True)
    assert metrics.message.startswith("Unable to access gateway metrics service")
    assert metrics.message.endswith("Couldn't connect to server")
    assert "submariner#2757" in metrics.note
    assert by_check(opinions)["Checking Submariner support for the Kubernetes version"].message.startswith("Kubernetes")


@pytest.mark.parametrize("cluster", ["east", "west"])
def test_diagnose_that_hung(cluster: str) -> None:
    opinions = recorded(f"globalnet/subctl-diagnose-all-{cluster}.txt")
    assert (opinions[-1].check, opinions[-1].said) == (FIREWALL, UNFINISHED)
    assert [opinion.said for opinion in opinions[:-1]].count(UNFINISHED) == 0
    agents = by_check(opinions)["Checking route agent connections"]
    assert (agents.said, agents.note) == (OK, "a route agent without any entry has tested nothing")
    ended = [Call(DIAGNOSE, opinions, None, 55.0, "did not end within 55 s")]
    findings = judge(ended, "pass", "cluster east")
    assert findings[0].id == "opinion.unfinished"
    assert FIREWALL in findings[0].observed
    assert {finding.severity for finding in findings} == {"info"}


def test_show_is_content_with_a_cluster_under_two_ids() -> None:
    """The state of submariner#3411: the verdict fails, subctl shows nothing wrong, and that is said."""
    opinions = recorded("subctl-show-second-id.txt")
    assert {opinion.said for opinion in opinions} == {OK}
    assert "cannot see two Endpoints" in by_check(opinions)["Showing Endpoints"].note
    findings = judge([Call(SHOW, opinions)], "fail", "cluster east")
    assert [(finding.id, finding.severity) for finding in findings] == [("opinion.content", "warning")]
    assert "ghost" in findings[0].cause


@pytest.mark.parametrize("path", ["healthy-two-nodes/subctl-show-all.txt", "globalnet/subctl-show-all-west.txt"])
def test_show_of_well_clusters_agrees(path: str) -> None:
    opinions = recorded(path)
    assert by_check(opinions)["Showing versions"].said == OK
    assert found([Call(SHOW, opinions)], "pass") == []


def test_failures_are_a_warning_only_where_the_verdict_is_pass() -> None:
    failing = [call(said(FAIL, message="no active gateway"))]
    assert found(failing, "pass") == [("opinion.fails", "warning")]
    for verdict in ("fail", "degraded", "unknown", ""):
        assert found(failing, verdict) == [("opinion.fails", "info")]


def test_known_false_failures_contradict_nothing() -> None:
    doubtful = [call(said(FAIL, METRICS, doubtful=True), rc=1)]
    assert found(doubtful, "pass") == [("opinion.doubtful", "info")]
    assert found(doubtful, "fail") == [("opinion.doubtful", "info"), ("opinion.content", "warning")]


def test_only_whole_answers_can_be_content() -> None:
    fine = said(OK)
    assert found([call(fine, rc=None), call(fine, panic="panic: x"), call()], "fail") == [
        ("opinion.unfinished", "info"),
        ("opinion.crashed", "info"),
        ("opinion.none", "info"),
    ]
    assert found([call(fine, said(WARN))], "fail") == [("opinion.warns", "info")]
    assert found([call(fine)], "unknown") == []


def test_an_exit_status_without_a_failed_check_is_no_opinion() -> None:
    findings = judge([call(said(OK), rc=1, trouble="no context")], "pass", "cluster east")
    assert [(finding.id, finding.cause) for finding in findings] == [("opinion.none", "no context")]


def test_a_failure_that_ends_with_zero_is_still_one() -> None:
    text = (
        " • Checking Submariner support for the kube-proxy mode  ...\n"
        " ✗ Checking Submariner support for the kube-proxy mode\n"
        " ✗ The cluster is deployed with kube-proxy ipvs mode which Submariner does not support\n"
    )
    (opinion,) = annotate(parse("diagnose", text))
    assert (opinion.said, opinion.note) == (FAIL, "subctl ends with exit status 0 all the same")
    assert found([call(opinion)], "pass") == [("opinion.fails", "warning")]


def test_stale_entries_of_route_agents_are_named_for_their_versions() -> None:
    failing = said(FAIL, "Checking route agent connections")
    assert "submariner#3335" in annotate([failing], "0.19.1")[0].note
    assert annotate([failing], "0.21.0")[0].note == ""


def test_a_refused_token_of_the_broker_is_explained() -> None:
    text = (
        " • Non-Globalnet deployment detected - checking that cluster CIDRs do not overlap  ...\n"
        " ✗ Non-Globalnet deployment detected - checking that cluster CIDRs do not overlap\n"
        " ✗ Error getting the Broker's REST config: error getting auth rest config: Unauthorized\n"
    )
    assert "submariner#2955" in annotate(parse("diagnose", text))[0].note


def test_marks_without_a_start_and_colours() -> None:
    text = " \x1b[33m⚠\x1b[0m The Submariner connectivity components are not installed\n"
    (opinion,) = annotate(parse("show", text))
    assert (opinion.said, opinion.note) == (WARN, "subctl counts this as a success")


def test_a_step_is_as_bad_as_its_worst_message() -> None:
    text = " • A step  ...\n ✓ A step\n ✓ good\n ✗ bad\n and more of it\n ⚠ doubtful\nsubctl version: v0.19.0\n"
    (opinion,) = parse("diagnose", text)
    assert (opinion.check, opinion.said, opinion.message) == ("A step", FAIL, "bad and more of it")


def test_a_breakdown_is_recognised() -> None:
    text = (
        " • Showing Connections  ...\npanic: runtime error: invalid memory address\n\ngoroutine 1 [running]:\nmain()\n"
    )
    assert panic(text) == "panic: runtime error: invalid memory address"
    assert panic(" ✗ do not panic: it is fine\n") == ""


def test_the_report_of_verify() -> None:
    report = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="Submariner E2E suite">
<testcase name="[It] reaches a pod" status="passed"/>
<testcase name="[It] reaches a service" status="failed"><failure message="timed out">after 60 s</failure></testcase>
<testcase name="[It] is for Globalnet" status="skipped"><skipped message="skipped"/></testcase>
</testsuite></testsuites>"""
    opinions = parse_junit("verify", report)
    assert [(opinion.said, opinion.message) for opinion in opinions] == [(OK, ""), (FAIL, "timed out after 60 s")]
    with pytest.raises(ValueError, match="cannot be read"):
        parse_junit("verify", report[:200])


def test_secrets_do_not_pass() -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
    words = f" • Step  ...\n ✗ Step\n ✗ refused {jwt}\n and known-to-us\npanic: {jwt}\n"
    report = f'<t><testcase name="known-to-us"><failure message="{jwt}"/></testcase></t>'
    shown = [parse("diagnose", words, ["known-to-us"]), panic(words), parse_junit("verify", report, ["known-to-us"])]
    assert [secret for secret in (jwt, "known-to-us") if secret in str(shown)] == []


def test_what_is_not_asked_or_left_is_said() -> None:
    assert not_asked("cluster east", "it is not installed").cause == "it is not installed"
    assert left_behind("cluster east", [], "") == []
    assert left_behind("cluster east", ["Pod a/b"], "delete it")[0].severity == "warning"


MARKED = st.tuples(
    st.sampled_from([" • ", " ✓ ", " ✗ ", " ⚠ ", "", "panic: ", "\x1b[31m", "   "]), st.text(max_size=30)
)


@given(st.lists(MARKED.map("".join), max_size=40).map("\n".join), st.sampled_from(["", "pass", "fail", "unknown"]))
def test_random_output_never_raises(text: str, verdict: str) -> None:
    opinions = annotate(parse("diagnose", text), "devel")
    calls = [Call(DIAGNOSE, opinions, 1, 1.0, panic=panic(text))]
    json.dumps([finding.as_dict() for finding in judge(calls, verdict, "cluster east")]).encode()
    assert all(len(opinion.message) <= 400 for opinion in opinions)


@given(st.binary(max_size=200))
def test_random_reports_are_no_traceback(report: bytes) -> None:
    said = report.decode("utf-8", "replace")
    with pytest.raises(ValueError, match="report of subctl verify"):
        parse_junit("verify", f"<t>{said}")


def test_the_number_of_checks_is_bounded() -> None:
    assert len(parse("diagnose", "".join(f" • {n}  ...\n" for n in range(MOST + 50)))) == MOST
