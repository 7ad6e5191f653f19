# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes the module member makes gateways."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._gateway_nodes import choose_gateways
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Node
from tests.unit.fake_api import FakeApi, recording
from tests.unit.plugins.modules.test_member import broker_side, record, run

Json = dict[str, t.Any]


def node(
    name: str, ready: bool = True, control_plane: bool = False, gateway: str = "", marks: Json | None = None
) -> Node:
    labels = {**(marks or {}), **({"node-role.kubernetes.io/control-plane": ""} if control_plane else {})}
    if gateway:
        labels["submariner.io/gateway"] = gateway
    conditions = [{"type": "Ready", "status": str(ready)}]
    return Node.of({"metadata": {"name": name, "labels": labels}, "status": {"conditions": conditions}})


def test_the_choice_of_gateways() -> None:
    nodes = [node("a", control_plane=True), node("c"), node("b", ready=False)]
    assert choose_gateways(nodes, ["a", "c"], []) == (["a", "c"], "")
    assert choose_gateways([*nodes, node("d", gateway="true")], [], ["c"]) == (["d"], "")
    assert choose_gateways(nodes, [], ["a", "gone"]) == (["a"], "")
    assert choose_gateways(nodes, [], []) == (["c"], "")
    assert choose_gateways(nodes[:1], [], []) == (["a"], "")
    assert choose_gateways([node("b", ready=False)], [], []) == ([], "no node that runs Linux is ready")


def test_as_many_gateways_as_are_wanted() -> None:
    nodes = [node("a", control_plane=True), node("b"), node("c"), node("d", ready=False)]
    assert choose_gateways(nodes, [], [], 2) == (["b", "c"], "")
    assert choose_gateways(nodes, [], [], 3) == (["b", "c", "a"], "")
    assert choose_gateways(nodes, [], ["c"], 2) == (["c", "b"], "")
    assert choose_gateways([*nodes, node("z", gateway="true")], [], [], 2) == (["z", "b"], "")
    assert choose_gateways([*nodes, node("z", gateway="true")], [], [], 1) == (["z"], "")
    assert choose_gateways(nodes, [], [], 4) == ([], "no node that runs Linux is ready, and 4 are wanted")
    assert choose_gateways(nodes, [], [], 1, {"c"}) == (["c"], "")
    assert choose_gateways(nodes, [], [], 1, set())[1] == "no node that the selector names that runs Linux is ready"
    assert choose_gateways([*nodes, node("z", gateway="true")], [], [], 1, set()) == (["z"], "")


def test_gateways_among_the_nodes_of_a_selector(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    other_api.cluster.load([*broker_side(), record()])
    nodes = [o for o in recording("healthy-two-nodes", "west") if o["kind"] == "Node"]
    for body in nodes:
        body["metadata"]["labels"].pop("submariner.io/gateway", None)
        body["metadata"]["labels"]["zone"] = "a" if "control" in body["metadata"]["name"] else "b"
    api.cluster.load(nodes)
    outcome = run(api, other_api, tmp_path, check=True, gateway_selector="zone=a")
    assert outcome["labelled"] == ["west-control-plane"]
    outcome = run(api, other_api, tmp_path, check=True, gateway_count=3)
    assert "3 are wanted" in outcome.msg


def test_no_gateway_where_its_pod_cannot_run() -> None:
    windows = node("a", marks={"kubernetes.io/os": "windows"})
    virtual = node("b", marks={"kubernetes.io/os": "linux", "type": "virtual-kubelet"})
    linux = node("c", control_plane=True, marks={"kubernetes.io/os": "linux"})
    assert choose_gateways([windows, virtual, linux], [], []) == (["c"], "")
    assert choose_gateways([windows, virtual], [], [])[0] == []
