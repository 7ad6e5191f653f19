# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an uninstall ends: a table of the clusters, a verdict, and both handed on; also where it fails, or only looks."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest

from tests.unit.cleaning import definition, obj
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import NAMESPACE, PODS, Kubelet
from tests.unit.nodes import FakeNode
from tests.unit.roles.test_removal import HEAD, Stage

PLAYBOOK = {"ansible.builtin.import_playbook": "submariner.lifecycle.uninstall"}
ROLE: dict[str, t.Any] = {
    **HEAD,
    "tasks": [
        {"ansible.builtin.include_role": {"name": f"submariner.lifecycle.{role}", "tasks_from": tasks}}
        for role, tasks in (("preflight", "clusters.yml"), ("uninstall", "main.yml"))
    ],
}
"""The step that removes, alone."""
SLICE = {**ROLE, "tasks": [ROLE["tasks"][0], json.loads(json.dumps(ROLE["tasks"][1]).replace("main.yml", "slice.yml"))]}
OPTIONS: dict[str, t.Any] = {
    "submariner_confirm": "uninstall",
    "submariner_preflight_verb": "uninstall",
    "submariner_uninstall_settle": 0,
    "submariner_node_image": "registry.example/route-agent:1",
}


class Fleet(Stage):
    """East and west, members both, on which an uninstall was cut off: definitions and a namespace, and chains on the nodes."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        super().__init__(folder, east, west)
        for name, api in (("east", east), ("west", west)):
            left = [definition("submariner.io", "Gateway", "v1"), obj("v1", "Namespace", "submariner-operator")]
            api.cluster.load(
                [obj("v1", "Namespace", "kube-system") | {"metadata": {"name": "kube-system", "uid": name}}]
            )
            api.cluster.load([*left, node(f"{name}-node")])
            Kubelet(api).start()
            api.command = answering(api, FakeNode(folder / f"{name}-node", "west-uninstalled", "west-node"))

    def uninstall(self, play: dict[str, t.Any], **variables: t.Any) -> tuple[int, str, dict[str, t.Any]]:
        """Its exit code, the last table, and what it handed on."""
        done = self.play(play, "east", "west", **{**OPTIONS, **variables})
        assert "Traceback" not in done.stdout
        shown = [json.loads(f"[{words}]") for words in re.findall(r'"msg": \[\n(.*?)\n    \]', done.stdout, re.DOTALL)]
        tables = ["\n".join(lines) for lines in shown if re.match("Removal|Check mode", lines[0])]
        assert tables, done.stdout
        stats = re.findall(r"^\tRUN: (\{.*\})$", done.stdout, re.MULTILINE)
        return done.returncode, tables[-1], json.loads(stats[-1]) if stats else {}


def node(name: str) -> dict[str, t.Any]:
    ready = [{"type": "Ready", "status": "True"}]
    return obj("v1", "Node", name, status={"conditions": ready})


def answering(api: FakeApi, machine: FakeNode) -> t.Callable[[list[str], str], tuple[int, str, str]]:
    def command(argv: list[str], _stdin: str) -> tuple[int, str, str]:
        (pod,) = api.cluster.objects(PODS, NAMESPACE)
        environment = {item["name"]: item["value"] for item in pod["spec"]["containers"][0]["env"]}
        done = machine.run(argv[2], **environment)
        return done.returncode, done.stdout, done.stderr

    return command


def row(table: str, cluster: str) -> list[str]:
    (line,) = re.findall(rf"^{cluster} .*$", table, re.MULTILINE)
    return re.split(r" {2,}|(?<=pass) |(?<=fail) ", line)


@pytest.fixture
def fleet(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "true")
    return Fleet(tmp_path, api, other_api)


def test_it_ends_with_what_went_from_each_cluster(fleet: Fleet) -> None:
    code, table, handed_on = fleet.uninstall(PLAYBOOK)
    assert code == 0
    assert table.startswith("Removal: pass\n")
    for cluster in ("east", "west"):
        assert row(table, cluster) == [cluster, "pass", "2", "2", "1 clean", "-"]
    assert handed_on == {"submariner_verdict": "pass", "submariner_findings": []}

    code, table, handed_on = fleet.uninstall(ROLE)
    assert code == 0
    assert table.startswith("Removal: pass; nothing was removed\n")
    assert row(table, "west") == ["west", "pass", "0", "0", "1 clean", "-"]
    assert handed_on == {"submariner_verdict": "pass", "submariner_findings": []}


def test_what_is_left_or_was_not_reached_has_no_pass(fleet: Fleet) -> None:
    """East did all that it was asked for, and was not proven to the end."""
    fleet.west.fault(403, verb="delete", path="customresourcedefinitions", message="not to be deleted")
    code, table, handed_on = fleet.uninstall(ROLE, submariner_cleanup_timeout=1)
    assert code == 2
    assert table.startswith("Removal: fail\n")
    assert row(table, "east")[:3] == ["east", "unknown", "2"]
    left = "left: CustomResourceDefinition gateways.submariner.io"
    assert row(table, "west") == ["west", "fail", "1", "0", "not inspected", left]
    assert "[unknown] east: the removal ended before all of it was proven" in table
    assert "cleanup.remaining: west: CustomResourceDefinition gateways.submariner.io: still there" in table
    assert handed_on["submariner_verdict"] == "fail"
    assert {f["id"] for f in handed_on["submariner_findings"]} == {"cleanup.remaining", "cleanup.node-not-inspected"}


def test_what_others_have_and_nodes_that_were_not_inspected_degrade_it(fleet: Fleet) -> None:
    fleet.east.cluster.load([obj("v1", "ConfigMap", "mine", "submariner-operator")])
    asleep = node("west-node")
    asleep["status"]["conditions"][0]["status"] = "False"
    fleet.west.cluster.replace(("", "nodes"), asleep, "", "west-node")
    code, table, handed_on = fleet.uninstall(ROLE, submariner_cleanup_allow_uninspected=True)
    assert code == 0
    assert table.startswith("Removal: degraded\n")
    kept = "kept: Namespace submariner-operator (holds objects of others)"
    assert row(table, "east") == ["east", "degraded", "1", "2", "1 clean", kept]
    assert row(table, "west") == ["west", "degraded", "2", "0", "1 not inspected", "-"]
    assert "namespace.foreign: east: namespace submariner-operator" in table
    assert "cleanup.node-not-inspected: west: nodes: 1 not inspected" in table
    assert handed_on["submariner_verdict"] == "degraded"


def test_check_mode_says_what_would_go_and_claims_nothing(fleet: Fleet) -> None:
    fleet.options = ("--check",)
    code, table, handed_on = fleet.uninstall(ROLE)
    assert code == 0
    assert table.startswith("Check mode: what would be removed; nothing is proven by it\n")
    assert row(table, "west") == ["west", "-", "2", "2", "1 residue", "-"]
    assert handed_on == {}


@pytest.mark.parametrize("play", [SLICE, ROLE], ids=["a slice", "in a reinstall"])
def test_what_is_a_part_only_hands_no_verdict_on(fleet: Fleet, play: dict[str, t.Any]) -> None:
    code, table, handed_on = fleet.uninstall(play, submariner_run_verb="reinstall")
    assert code == 0
    assert table.startswith("Removal from this slice: pass" if play is SLICE else "Removal: pass")
    assert handed_on == {}
