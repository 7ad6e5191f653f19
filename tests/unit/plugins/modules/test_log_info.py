# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module log_info against a fake API server: what is read, in which order, within which bounds, and what is unknown."""

from __future__ import annotations

import json
import pathlib
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._log_reading import choose, component_of, in_trouble
from ansible_collections.submariner.lifecycle.plugins.modules import log_info
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
OPERATORS = "submariner-operator"
GATEWAY, AGENT = "submariner-gateway-m76tl", "submariner-routeagent-7rdhg"
ALL = ("operator", "gateway", "routeagent", "globalnet", "lighthouse-agent", "lighthouse-coredns", "metrics-proxy")


def run(api: FakeApi, folder: pathlib.Path, **more: t.Any) -> Outcome:
    return run_module(log_info.main, {"kubeconfig": api.kubeconfig(folder), **more})


def ids(outcome: Outcome) -> list[str]:
    return [finding["id"] for finding in outcome["findings"]]


def pod(component: str, name: str, *, ready: bool = True, restarts: int = 0, **state: Json) -> Json:
    container = {"name": "c", "image": "quay.io/submariner/x:0.19.0", "ready": ready, "restartCount": restarts}
    container["state"] = state or {"running": {"startedAt": "2026-11-23T10:00:00Z"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": OPERATORS, "labels": {"app": f"submariner-{component}"}},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }


@pytest.fixture
def east(api: FakeApi) -> FakeApi:
    """A recorded cluster with two nodes and Globalnet, all pods well, their logs empty."""
    api.cluster.load(recording("globalnet", "east"))
    return api


def test_all_components_are_read_and_nothing_is_wrong(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path)
    assert not outcome.failed, outcome.msg
    assert {entry["component"] for entry in outcome["read"]} == set(ALL)
    assert {"submariner-routeagent-init", "globalnet-metrics-proxy"} <= {
        entry["container"] for entry in outcome["read"]
    }
    assert [outcome["verdict"], ids(outcome), outcome["unknown"], outcome["left_out"]] == ["pass", [], {}, {}]
    assert east.writes == []


def test_a_known_line_becomes_a_finding_with_its_meaning(east: FakeApi, tmp_path: pathlib.Path) -> None:
    line = 'FTL main.go:147 main Error creating gateway error="unknown config annotation \\"gateway.submariner.io/x\\""'
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = f"2026-11-23T17:19:42.5Z {line}\n" * 3
    outcome = run(east, tmp_path)
    (found,) = outcome["lines"]
    assert (found["id"], found["count"], found["pod"]) == ("log.unknown-annotation", 3, GATEWAY)
    assert found["last"] == "2026-11-23T17:19:42.500Z"
    assert (outcome["verdict"], ids(outcome)) == ("degraded", ["log.unknown-annotation"])
    assert "gateway.submariner.io/x" in outcome["findings"][0]["cause"]


def test_the_brokers_address_is_that_of_the_submariner_resource(east: FakeApi, tmp_path: pathlib.Path) -> None:
    (submariner,) = [o for o in recording("globalnet", "east") if o["kind"] == "Submariner"]
    address = submariner["spec"]["brokerK8sApiServer"]
    refused = "ERR syncer.go:1 x Get https://{0}/apis: dial tcp {0}: connect: connection refused\n"
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = refused.format(address) + refused.format("10.96.0.1:443")
    outcome = run(east, tmp_path)
    assert ids(outcome) == ["log.broker-unreachable", "log.unknown-error"]
    assert [line["count"] for line in outcome["unknown_lines"]] == [1]


def test_secrets_of_the_submariner_resource_are_never_shown(east: FakeApi, tmp_path: pathlib.Path) -> None:
    for item in east.cluster.objects(("submariner.io", "submariners"), OPERATORS):
        item["spec"].update(brokerK8sApiServerToken="plain-token-words", ceIPSecPSK="plain-psk-words")
        east.cluster.load([item])
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = "ERR a plain-token-words\nERR b plain-psk-words\n"
    outcome = run(east, tmp_path)
    assert len(outcome["unknown_lines"]) == 2
    assert "plain-" not in json.dumps(outcome.result)


def test_what_a_container_wrote_before_its_restart_is_read_too(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([pod("gateway", "a", restarts=2), pod("gateway", "b", restarts=1), pod("gateway", "c")])
    api.previous_logs[OPERATORS, "a", "c"] = "FTL Pluto exited: 1\n"
    outcome = run(api, tmp_path)
    assert "before the last restart" in outcome["findings"][0]["observed"]
    notes = {(e["pod"], e["previous"]): e["note"] for e in outcome["read"]}
    assert notes == {
        ("a", False): "",
        ("a", True): "",
        ("b", False): "",
        ("b", True): "the node no longer has it",
        ("c", False): "",
    }
    assert outcome["unknown"] == {}
    assert ids(run(api, tmp_path, previous=False)) == []


def test_the_last_run_of_a_container_that_waits_is_read_once(api: FakeApi, tmp_path: pathlib.Path) -> None:
    looping = pod("gateway", "a", ready=False, restarts=3, waiting={"reason": "CrashLoopBackOff"})
    looping["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"exitCode": 1}}
    api.cluster.load([looping, pod("gateway", "b", ready=False, waiting={"reason": "ImagePullBackOff"})])
    assert [(e["pod"], e["previous"]) for e in run(api, tmp_path)["read"]] == [("a", False)]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_log_that_cannot_be_read_is_unknown(east: FakeApi, tmp_path: pathlib.Path, status: int) -> None:
    east.fault(status, path=f"/pods/{GATEWAY}/log", message="not for you")
    outcome = run(east, tmp_path)
    assert (outcome["verdict"], ids(outcome)) == ("unknown", ["log.unread"])
    assert outcome["unknown"] == {f"{GATEWAY}/submariner-gateway": "not for you"}
    assert "not for you" in outcome["findings"][0]["cause"]


@pytest.mark.parametrize("kind", ["pods", "submariners"])
def test_lists_that_are_not_answered_are_unknown(east: FakeApi, tmp_path: pathlib.Path, kind: str) -> None:
    east.fault(403, verb="list", path=f"/{kind}$")
    outcome = run(east, tmp_path)
    assert (outcome["verdict"], list(outcome["unknown"])) == ("unknown", [kind])


def test_no_pod_is_not_a_clean_log(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(api, tmp_path)
    assert (outcome["verdict"], ids(outcome)) == ("unknown", ["log.no-pods"])


def test_a_pod_that_went_meanwhile_is_no_trouble(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(404, path=f"/pods/{GATEWAY}/log")
    outcome = run(east, tmp_path)
    assert outcome["verdict"] == "pass"
    assert [e["note"] for e in outcome["read"] if e["pod"] == GATEWAY] == ["the pod is gone"]


def test_reading_ends_at_its_deadline(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(path=f"/pods/{GATEWAY}/log", delay=8.0)
    began = time.monotonic()
    outcome = run(east, tmp_path, timeout=1)
    assert time.monotonic() - began < 5.0
    assert outcome["unknown"] == {f"{GATEWAY}/submariner-gateway": "not read within 1 s"}
    assert outcome["verdict"] == "unknown"


def test_a_long_log_is_read_from_its_end(east: FakeApi, tmp_path: pathlib.Path) -> None:
    lines = [f"2026-11-23T17:19:{n % 60:02}Z INF line {n} {'x' * 500}\n" for n in range(2000)]
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = "ERR the first\n" + "".join(lines) + "ERR the newest\n"
    outcome = run(east, tmp_path, limit_bytes=20000)
    assert [line["example"] for line in outcome["unknown_lines"]] == ["the newest"]
    (read,) = [e for e in outcome["read"] if e["pod"] == GATEWAY]
    assert 5000 < read["bytes"] <= 20000
    assert read["whole"] is False
    assert [e["whole"] for e in outcome["read"] if e["pod"] != GATEWAY] == [True] * (len(outcome["read"]) - 1)


def test_a_line_longer_than_the_bound_does_not_hang(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = "ERR " + "x" * 100000
    outcome = run(east, tmp_path, limit_bytes=1024)
    assert outcome["unknown_lines"][0]["count"] == 1
    assert len(east.asked(path=f"/pods/{GATEWAY}/log")) <= 4


def test_the_request_is_bounded_in_time_and_bytes(east: FakeApi, tmp_path: pathlib.Path) -> None:
    run(east, tmp_path, since=77, limit_bytes=4096)
    asked = east.asked(path="/log$")
    assert {(r.query["sinceSeconds"], r.query["limitBytes"], r.query["timestamps"]) for r in asked} == {
        ("77", "4096", "true")
    }


def test_pods_beyond_the_limit_are_named(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([pod("routeagent", f"agent-{n:03}") for n in range(50)] + [pod("gateway", "gate")])
    outcome = run(api, tmp_path, max_pods=10)
    assert outcome["left_out"] == {"routeagent": 41}
    assert "gate" in {e["pod"] for e in outcome["read"]}
    assert (outcome["verdict"], ids(outcome)) == ("pass", ["log.left-out"])
    api.cluster.load([pod("routeagent", f"agent-{n:03}", ready=False) for n in range(50)])
    outcome = run(api, tmp_path, max_pods=10)
    assert outcome["verdict"] == "unknown"
    assert "40 of them in trouble" in outcome["findings"][0]["observed"]


def test_troubled_pods_come_first_and_each_component_has_its_turn() -> None:
    pods = [pod("routeagent", f"a{n}", ready=n > 2) for n in range(9)]
    pods += [pod("gateway", "g-passive"), pod("gateway", "g-sick", restarts=1), pod("gateway", "z-active")]
    pods[-1]["metadata"]["labels"]["gateway.submariner.io/status"] = "active"
    chosen = choose(pods, ALL, False, 6)
    assert [source.pod for source in chosen.sources] == ["g-sick", "a0", "a1", "a2", "z-active", "a3"]
    assert chosen.left_out == {"gateway": 1, "routeagent": 5}
    assert chosen.troubled_left_out == 0


def test_only_the_components_asked_for_are_read(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, components=["operator", "gateway"])
    assert {entry["component"] for entry in outcome["read"]} == {"operator", "gateway"}


def test_pods_that_uninstall_count_to_their_component() -> None:
    pods = [o for o in recording("operator-killed-mid-uninstall", "west") if o["kind"] == "Pod"]
    found = {p["metadata"]["name"].rsplit("-", 1)[0]: component_of(p) for p in pods}
    assert found["submariner-gateway-uninstall"] == "gateway"
    assert found["submariner-routeagent-uninstall"] == "routeagent"
    assert component_of({"metadata": {"labels": {"app": "gateway"}}}) == ""
    assert component_of({"metadata": {"labels": {"app": "submariner-web"}}}) == ""


def test_odd_pods_are_in_trouble_and_do_not_raise() -> None:
    odd: list[Json] = [{}, {"status": None}, {"metadata": 3, "status": {"containerStatuses": "none", "phase": 7}}]
    assert [in_trouble(entry) for entry in odd] == [True] * 3
    assert choose(odd, ALL, True, 5).sources == ()


@pytest.mark.parametrize("wrong", [{"since": 0}, {"limit_bytes": 5}, {"max_pods": -1}, {"timeout": 0}])
def test_bounds_that_make_no_sense_are_refused_by_name(api: FakeApi, tmp_path: pathlib.Path, wrong: Json) -> None:
    outcome = run(api, tmp_path, **wrong)
    assert outcome.failed
    assert next(iter(wrong)) in outcome.msg
    assert api.requests == []


def test_an_unreachable_cluster_is_unknown(api: FakeApi, tmp_path: pathlib.Path) -> None:
    config = api.kubeconfig(tmp_path)
    path = pathlib.Path(config)
    path.write_text(path.read_text().replace(api.url, "http://127.0.0.1:9"))
    outcome = run_module(log_info.main, {"kubeconfig": config})
    assert not outcome.failed
    assert outcome["verdict"] == "unknown"
    assert set(outcome["unknown"]) == {"pods", "submariners"}
