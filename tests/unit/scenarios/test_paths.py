# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way between clusters is known, is judged by its report, and goes again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from tests.lab.clusters import Node
from tests.lab.process import Done
from tests.scenarios import paths
from tests.scenarios.faults.spreading import FAULTS
from tests.scenarios.fleet import Fleet
from tests.scenarios.paths import OBSTACLES, Obstacle
from tests.scenarios.plan import SCENARIOS
from tests.scenarios.playbook import Playbook, Run
from tests.scenarios.stage import Stage

NODES = ("east-control-plane", "east-worker", "west-control-plane", "west-worker")


class Lab:
    """Notes what is run in nodes and on clusters."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []
        self.engine = SimpleNamespace(host="")

    def nodes(self) -> list[Node]:
        return [Node(name, name.partition("-")[0], True) for name in NODES]

    def control_plane_address(self, cluster: str) -> str:
        return f"address-of-{cluster}"

    def in_node(self, node: str, *argv: str, check: bool = True) -> Done:
        self.ran.append((node, *argv))
        return Done(0, "4711\n", "")

    def kubectl(self, cluster: str, *argv: str, check: bool = True, stdin: str | None = None) -> Done:
        self.ran.append((cluster, *argv))
        address = {"type": "InternalIP", "address": f"192.0.2.{len(cluster)}{cluster == 'east':d}"}
        said = f"node/{cluster}-worker" if "name" in argv else json.dumps({"status": {"addresses": [address]}})
        return Done(0, said, "")


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def stage(lab: Lab, tmp_path: Path) -> Stage:
    fleet: Any = SimpleNamespace(lab=lab, names=("east", "west"))
    return Stage(cast(Fleet, fleet), tmp_path, io.StringIO())


@pytest.mark.parametrize("name", OBSTACLES)
def test_each_is_a_scenario_and_finds_what_there_is(name: str) -> None:
    assert f"preflight-{name}" in SCENARIOS
    assert OBSTACLES[name].finds <= set(FINDINGS)


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_is_put_there_is_taken_away(stage: Stage, lab: Lab, name: str) -> None:
    with OBSTACLES[name].bring(stage):
        put = list(lab.ran)
        assert put
    undone = lab.ran[len(put) :]
    rules = [(node, *words[1:]) for node, *words in put if words[0] == "iptables"]
    assert [(node, *words[1:]) for node, *words in undone if words[0] == "iptables"] == [
        tuple("-D" if word == "-I" else word for word in rule) for rule in rules
    ]
    assert ("west-worker", "kill", "4711") in undone or rules
    assert {node.partition("-")[0] for node, *_words in put} == {"west"}


def test_the_broker_is_out_of_reach_by_its_address(stage: Stage, lab: Lab) -> None:
    with OBSTACLES["broker-unreachable"].bring(stage):
        assert all("address-of-east" in words for words in lab.ran)


def test_packets_of_the_tunnel_are_lost_by_their_size_at_each_gateway(stage: Stage, lab: Lab) -> None:
    with FAULTS["packets-lost"].bring(stage):
        dropped = [words for words in lab.ran if "iptables" in words]
    assert [words[0] for words in dropped] == ["east-worker", "west-worker"]
    assert all("1401:65535" in words for words in dropped)
    assert len([words for words in lab.ran if "-D" in words]) == 2


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([{"id": "port.taken", "subject": "west", "observed": "taken by x"}], 2, []),
        ([{"id": "port.taken", "subject": "west", "observed": "taken by y"}], 2, ["'taken by x' is not said"]),
        ([{"id": "port.taken", "subject": "west", "observed": "taken by x"}], 0, ["it ended with 0"]),
        ([], 2, ["port.taken is not found", "'taken by x' is not said"]),
        (
            [
                {"id": "port.taken", "subject": "west", "observed": "taken by x"},
                {"id": "clock.skew", "subject": "east", "observed": "late"},
            ],
            2,
            ["clock.skew: east"],
        ),
    ],
)
def test_a_report_that_is_not_as_it_should_be(found: list[dict[str, Any]], code: int, said: list[str]) -> None:
    taken = Obstacle(OBSTACLES["port-taken"].bring, frozenset({"port.taken"}), ("taken by x",))
    assert paths.unclear(taken, Run(code, 1.0, ()), found) == said


def test_each_service_gets_the_address_of_its_gateway_node(
    stage: Stage, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "_PAUSE", 0.0)
    running: Any = SimpleNamespace(process=SimpleNamespace(poll=lambda: None))
    given = paths._addresses_given(stage, cast(Playbook, running))
    assert set(given) == {"east", "west"}
    patches = [words for words in lab.ran if "patch" in words]
    assert {words[0]: json.loads(words[-1])["status"]["loadBalancer"]["ingress"][0]["ip"] for words in patches} == given
