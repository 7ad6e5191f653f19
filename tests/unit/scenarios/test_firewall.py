# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes get a firewall, how they are reached, and how the runs are judged."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.lab.clusters import Node
from tests.lab.process import Done
from tests.scenarios import firewall
from tests.scenarios.fleet import Fleet
from tests.scenarios.playbook import Run
from tests.scenarios.stage import ScenarioFailed, Stage

SOCKET = "unix:///run/lab/docker.sock"


class Machines:
    """The lab's nodes; notes what is run in them."""

    def __init__(self) -> None:
        self.engine = SimpleNamespace(host=SOCKET)
        self.ran: list[tuple[str, str]] = []

    def nodes(self) -> list[Node]:
        names = ("west-worker2", "west-worker", "west-control-plane", "east-control-plane", "east-worker")
        return [Node(name, name.partition("-")[0], True) for name in names]

    def in_node(self, node: str, *argv: str) -> Done:
        self.ran.append((node, argv[-1]))
        return Done(0, f"dump of {node}", "")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    places = SimpleNamespace(kubeconfig=tmp_path / "kubeconfig", bin=tmp_path)
    fleet: Any = SimpleNamespace(lab=Machines(), places=places, state=SimpleNamespace(version="0.19.0"))
    return Stage(cast(Fleet, fleet), tmp_path, io.StringIO())


def test_the_first_worker_of_each_cluster_is_a_machine(stage: Stage) -> None:
    groups = firewall.with_nodes(stage).document()["all"]["children"]
    nodes = groups["submariner_nodes"]["hosts"]
    assert {name: node["submariner_cluster"] for name, node in nodes.items()} == {
        "east-worker": "east",
        "west-worker": "west",
    }
    assert {node["ansible_docker_extra_args"] for node in nodes.values()} == {f"-H {SOCKET}"}
    assert "submariner_nodes" not in stage.inventory().document()["all"]["children"]


def test_the_firewall_goes_again_whatever_happens(stage: Stage) -> None:
    def act() -> None:
        with firewall.closed(stage):
            raise ScenarioFailed("no")

    with pytest.raises(ScenarioFailed):
        act()
    ran = cast(Machines, stage.fleet.lab).ran
    assert [node for node, script in ran if "policy drop" in script] == ["east-worker", "west-worker"]
    assert [node for node, script in ran if f"nft delete table {firewall.TABLE}" in script] == [
        "east-worker",
        "west-worker",
    ]


def test_a_closed_port_has_to_be_found_at_each_gateway() -> None:
    line = "[error] port.filtered: gateway node {0} of a -> gateway node {1} of b, UDP 4500 (natt): no answer"
    both = (line.format("east-worker", "west-worker"), line.format("west-worker", "east-worker"))
    nodes = ["east-worker", "west-worker"]
    assert firewall.unfiltered(Run(2, 1.0, both), nodes) == []
    assert firewall.unfiltered(Run(2, 1.0, both[:1]), nodes) == ["nothing of east-worker"]
    assert firewall.unfiltered(Run(0, 1.0, both), nodes) == ["preflight ended with 0"]


def test_a_second_run_has_to_count_no_change_on_each_node() -> None:
    recap = ("east-worker : ok=9    changed=0    failed=0", "west-worker : ok=9    changed=2    failed=0")
    assert firewall.changes_on(Run(0, 1.0, recap), {"east-worker": "", "west-worker": ""}) == ["west-worker: changed=2"]
    assert firewall.changes_on(Run(0, 1.0, ()), {"east-worker": ""}) == ["east-worker: changed=None"]
