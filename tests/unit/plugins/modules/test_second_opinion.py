# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module second_opinion, driven end to end against a fake API server and programs in subctl's place."""

from __future__ import annotations

import json
import pathlib
import textwrap
import threading
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _second_opinion
from ansible_collections.submariner.lifecycle.plugins.modules import second_opinion
from tests.unit.fake_api import RECORDINGS, FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
OPERATORS = "submariner-operator"
PODS = ("", "pods")
DIAGNOSED = RECORDINGS / "healthy-two-nodes" / "subctl-diagnose-all.txt"
SHOWN = RECORDINGS / "subctl-show-second-id.txt"
AS_RECORDED = f"""
case "$1" in
  diagnose) cat {DIAGNOSED} >&2; exit 1;;
  show) cat {SHOWN} >&2;;
esac
"""


def program(folder: pathlib.Path, script: str = AS_RECORDED) -> str:
    path = folder / "subctl"
    head = f'#!/bin/sh\necho "$@" >> {folder}/calls\n'
    path.write_text(head + textwrap.dedent(script))
    path.chmod(0o755)
    return str(path)


def run(api: FakeApi, folder: pathlib.Path, script: str = AS_RECORDED, **more: t.Any) -> Outcome:
    check = more.pop("check", False)
    arguments = {
        "kubeconfig": api.kubeconfig(folder),
        "cluster_id": "east",
        "subctl": program(folder, script),
        **more,
    }
    return run_module(second_opinion.main, arguments, check=check)


def found(outcome: Outcome) -> list[tuple[str, str]]:
    return [(finding["id"], finding["severity"]) for finding in outcome["findings"]]


def calls(folder: pathlib.Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def transient(name: str) -> Json:
    labels = {"submariner.io/transient": "true"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": OPERATORS, "labels": labels},
        "status": {"phase": "Pending"},
    }


@pytest.fixture
def east(api: FakeApi) -> FakeApi:
    api.cluster.load(recording("healthy-two-nodes", "east"))
    return api


def test_both_opinions_beside_a_verdict_that_agrees(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, verdict="pass")
    assert not outcome.failed, outcome.msg
    assert [call.split(" --kubeconfig")[0] for call in calls(tmp_path)] == ["diagnose all", "show all"]
    assert {opinion["command"] for opinion in outcome["opinions"]} == {"diagnose", "show"}
    assert set(found(outcome)) == {("opinion.doubtful", "info")}
    assert (outcome["disagrees"], outcome.changed, outcome["unknown"]) == (False, False, {})
    assert [call["rc"] for call in outcome["calls"]] == [1, 0]


def test_subctl_is_content_where_the_verdict_fails(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, verdict="fail", opinions=["show"])
    assert found(outcome) == [("opinion.content", "warning")]
    assert outcome["disagrees"] is True


def test_a_failure_beside_a_verdict_of_pass_is_a_warning(east: FakeApi, tmp_path: pathlib.Path) -> None:
    script = "printf ' • Checking pods  ...\\n ✗ Checking pods\\n ✗ a pod is ill\\n' >&2; exit 1"
    outcome = run(east, tmp_path, script, verdict="pass", opinions=["diagnose"])
    assert found(outcome) == [("opinion.fails", "warning")]
    assert outcome["findings"][0]["observed"] == "Checking pods: a pod is ill"
    assert outcome["disagrees"] is True


@pytest.mark.parametrize("verdict", ["", "pass", "degraded", "fail", "unknown"])
def test_no_opinion_makes_a_verdict_better_or_an_error(east: FakeApi, tmp_path: pathlib.Path, verdict: str) -> None:
    outcome = run(east, tmp_path, verdict=verdict)
    assert "verdict" not in outcome.result
    assert {severity for _id, severity in found(outcome)} <= {"info", "warning"}


def test_it_is_not_asked_where_nothing_is_installed(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(api, tmp_path)
    assert found(outcome) == [("opinion.none", "info")]
    assert (calls(tmp_path), outcome["opinions"]) == ([], [])
    assert "not installed" in outcome["findings"][0]["cause"]


def test_it_is_not_asked_while_the_api_does_not_answer(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(403, verb="list", path="/submariners$", message="not for you")
    outcome = run(east, tmp_path)
    assert found(outcome) == [("opinion.none", "info")]
    assert (calls(tmp_path), outcome["unknown"]) == ([], {"submariners": "not for you"})


def test_check_mode_starts_no_pods(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, check=True)
    assert [call.split()[0] for call in calls(tmp_path)] == ["show"]
    assert {opinion["command"] for opinion in outcome["opinions"]} == {"show"}


def test_a_call_that_hangs_is_ended_and_what_it_left_is_removed(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.cluster.load([transient("validate-client-of-another")])
    script = f"cat {RECORDINGS}/globalnet/subctl-diagnose-all-east.txt >&2; sleep 300"
    stop = threading.Event()

    def leave() -> None:
        while not stop.is_set() and not calls(tmp_path):
            time.sleep(0.05)
        east.cluster.load([transient("validate-client-of-ours")])

    thread = threading.Thread(target=leave, daemon=True)
    thread.start()
    began = time.monotonic()
    outcome = run(east, tmp_path, script, opinions=["diagnose"], timeout=2, verdict="fail")
    stop.set()
    assert time.monotonic() - began < 20.0
    assert not outcome.failed, outcome.msg
    assert found(outcome)[0] == ("opinion.unfinished", "info")
    assert "intra-cluster VXLAN" in outcome["findings"][0]["observed"]
    assert outcome["removed"] == [f"Pod {OPERATORS}/validate-client-of-ours"]
    left = [pod["metadata"]["name"] for pod in east.cluster.objects(PODS, OPERATORS)]
    assert "validate-client-of-another" in left
    assert "validate-client-of-ours" not in left
    assert ("opinion.content", "warning") not in found(outcome)


def test_what_cannot_be_removed_is_named(
    east: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_second_opinion, "GONE_SECONDS", 1.0)
    east.fault(403, verb="delete", path="/pods/validate-client$")

    def during_the_call() -> None:
        while not calls(tmp_path):
            time.sleep(0.05)
        east.cluster.load([transient("validate-client")])

    threading.Thread(target=during_the_call, daemon=True).start()
    outcome = run(east, tmp_path, f"sleep 1; {AS_RECORDED}", opinions=["diagnose"])
    assert found(outcome)[-1] == ("opinion.left-behind", "warning")
    assert "validate-client" in outcome["findings"][-1]["observed"]
    assert (outcome["removed"], outcome["disagrees"]) == ([], False)


def test_pods_that_cannot_be_listed_are_unknown_and_none_is_removed(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(403, verb="list", path="^/api/v1/pods$", message="not for you")
    outcome = run(east, tmp_path)
    assert outcome["unknown"] == {"pods of subctl": "not for you"}
    assert east.writes == []
    assert run(east, tmp_path, opinions=["show"])["unknown"] == {}


def test_a_breakdown_is_said_and_is_no_traceback(east: FakeApi, tmp_path: pathlib.Path) -> None:
    script = """
    printf ' • Checking pods  ...\\npanic: runtime error: invalid memory address\\n\\ngoroutine 1 [running]:\\n' >&2
    exit 2
    """
    outcome = run(east, tmp_path, script, opinions=["diagnose"], verdict="pass")
    assert not outcome.failed
    assert found(outcome) == [("opinion.crashed", "info")]
    assert "invalid memory address" in outcome["findings"][0]["cause"]


def test_a_program_that_says_nothing_gives_no_opinion(east: FakeApi, tmp_path: pathlib.Path) -> None:
    assert found(run(east, tmp_path, "exit 0", opinions=["show"], verdict="fail")) == [("opinion.none", "info")]


def test_secrets_do_not_pass(east: FakeApi, tmp_path: pathlib.Path) -> None:
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
    script = f"""
    grep -o "token-of-[a-z-]*" "$KUBECONFIG"
    printf ' • Step  ...\\n ✗ Step\\n ✗ refused {jwt}\\n' >&2
    printf 'Token:"sesame-open"\\n'
    exit 1
    """
    outcome = run(east, tmp_path, script, opinions=["diagnose"])
    said = json.dumps(outcome.result)
    assert [secret for secret in (jwt, "token-of-the-fake", "sesame-open") if secret in said] == []
    assert said.count("<hidden>") >= 3


def test_images_are_handed_on_to_what_starts_pods(east: FakeApi, tmp_path: pathlib.Path) -> None:
    run(east, tmp_path, image_override={"submariner-nettest": "registry.example/nettest:1"})
    flags = ["--image-override=submariner-nettest=registry.example/nettest:1" in call for call in calls(tmp_path)]
    assert flags == [True, False]


REPORT = """
for word in "$@"; do
  case "$word" in --junit-report=*) report="${word#*=}";; --kubeconfig*) exit 3;; esac
done
echo '<t><testcase name="reaches a pod"/><testcase name="other"><failure message="no answer"/></testcase></t>' > "$report"
cp "$KUBECONFIG" "$(dirname "$0")/given"
exit 1
"""


def test_verify_gets_both_clusters_and_its_report_is_read(
    east: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other = {"kubeconfig": other_api.kubeconfig(tmp_path, "west")}
    outcome = run(east, tmp_path, REPORT, opinions=["verify"], to=other, verdict="pass")
    assert not outcome.failed, outcome.msg
    (call,) = calls(tmp_path)
    assert call.startswith("verify --context=east --tocontext=west --only=basic-connectivity --junit-report=")
    document = json.loads((tmp_path / "given").read_text())
    assert [c["cluster"]["server"] for c in document["clusters"]] == [east.url, other_api.url]
    assert document["current-context"] == "east"
    assert [(o["check"], o["said"]) for o in outcome["opinions"]] == [("reaches a pod", "ok"), ("other", "fail")]
    assert found(outcome) == [("opinion.fails", "warning")]


def test_two_clusters_of_one_name_stay_apart(east: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    run(east, tmp_path, REPORT, opinions=["verify"], to={"kubeconfig": other_api.kubeconfig(folder, "east")})
    assert "--context=east --tocontext=east-2 " in calls(tmp_path)[0]


def test_namespaces_that_verify_left_are_named_and_stay(
    east: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    name = "e2e-tests-dataplane-x"

    def during_the_call() -> None:
        while not calls(tmp_path):
            time.sleep(0.05)
        meta = {"name": name, "labels": {"e2e-framework": "dataplane"}}
        other_api.cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": meta}])

    threading.Thread(target=during_the_call, daemon=True).start()
    other = {"kubeconfig": other_api.kubeconfig(tmp_path, "west")}
    outcome = run(east, tmp_path, "sleep 300", opinions=["verify"], to=other, timeout=2)
    assert found(outcome) == [("opinion.unfinished", "info"), ("opinion.left-behind", "warning")]
    assert f"{name} of the other cluster" in outcome["findings"][1]["observed"]
    assert other_api.writes == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"timeout": 0}, "timeout is 0"),
        ({"opinions": ["verify"]}, "second cluster"),
        ({"subctl": "/nonexistent/subctl"}, "submariner_subctl_path"),
        ({"to": {"kubeconfig": "/nonexistent"}, "opinions": ["verify"]}, "cannot be used"),
    ],
)
def test_wrong_input_ends_in_one_line(east: FakeApi, tmp_path: pathlib.Path, wrong: Json, words: str) -> None:
    outcome = run(east, tmp_path, **wrong)
    assert outcome.failed
    assert words in outcome.msg
    assert "\n" not in outcome.msg
    assert calls(tmp_path) == []
