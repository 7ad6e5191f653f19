# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""node_cleanup where no pod can look: the node is handed over to its host, which has to prove that it is the node."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_identity as node_identity
from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import HostVisit
from ansible_collections.submariner.lifecycle.plugins.modules import node_cleanup
from tests.unit.fake_api import FakeApi
from tests.unit.nodes import FakeNode
from tests.unit.plugins.modules import test_node_cleanup
from tests.unit.run_module import Outcome, run_module

Fleet = test_node_cleanup.Fleet
fleet = test_node_cleanup.fleet
NODES = test_node_cleanup.NODES
IDENTITY = {"name": "b", "machine_id": "0c2f", "system_uuid": "4c4c-0042"}


def identify(api: FakeApi, name: str) -> None:
    node = api.cluster.get(NODES, "", name)
    node["status"]["nodeInfo"] = {"machineID": "0C2F", "systemUUID": "4C4C-0042"}
    api.cluster.replace(NODES, node, "", name)


def test_a_node_that_is_not_ready_is_handed_over(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", ready="Unknown")
    identify(api, "b")
    outcome = fleet.cleanup(state="apply", host_nodes=["b", "elsewhere"])
    assert not outcome.failed
    assert [entry["identity"] for entry in outcome["for_hosts"]] == [IDENTITY]
    assert "not ready since yesterday" in outcome["for_hosts"][0]["cause"]
    assert {node["name"]: node["state"] for node in outcome["nodes"]} == {"a": "clean", "b": "not inspected"}
    assert (outcome["verdict"], outcome["unknown"]) == ("pass", [])


def test_only_nodes_with_a_host_are_handed_over(fleet: Fleet) -> None:
    fleet.add("a", ready="Unknown")
    fleet.add("b", ready="Unknown")
    outcome = fleet.cleanup(state="apply", host_nodes=["b"])
    assert "a: the node is not ready" in outcome.msg
    assert "b: " not in outcome.msg
    assert not fleet.cleanup(state="apply")["for_hosts"]


def test_a_node_that_starts_no_pod_is_handed_over(fleet: Fleet) -> None:
    fleet.add("b")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "node", "ready": False, "state": waiting}]}
    fleet.kubelet.statuses = {"b": status}
    assert "manifest unknown" in fleet.cleanup(state="apply", host_nodes=["b"])["for_hosts"][0]["cause"]


def test_a_host_can_be_preferred(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", "west-uninstalled", "west-node")
    outcome = fleet.cleanup(state="apply", host_nodes=["b"], prefer_hosts=True)
    assert [entry["identity"]["name"] for entry in outcome["for_hosts"]] == ["b"]
    assert "b" not in fleet.kubelet.seen
    assert {entry["node"] for entry in outcome["removed"]} == {"a"}


def test_no_image_is_needed_where_every_node_has_a_host(fleet: Fleet) -> None:
    fleet.add("b", "west-uninstalled", "west-node")
    outcome = fleet.cleanup(image="", state="apply", host_nodes=["b"])
    assert "No image for the node pods is known" in outcome["for_hosts"][0]["cause"]
    assert "No image for the node pods is known" in fleet.cleanup(image="", state="apply", host_nodes=["x"]).msg


class Machine:
    """The machine that the module runs on: a recorded node with identifiers, and all scripts that it was given."""

    def __init__(self, node: FakeNode) -> None:
        self.node, self.scripts = node, 0

    def shell(self, visit: HostVisit, body: str) -> str:
        self.scripts += 1
        return self.node.run(node_script.preamble(visit._nonce, from_pod=False) + body).stdout

    @property
    def rules(self) -> str:
        return (self.node.files / "iptables-save").read_text()

    def cleanup(self, check: bool = False, **options: t.Any) -> Outcome:
        return run_module(node_cleanup.main, {"access": "host", "state": "apply", **options}, check=check, diff=True)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(FakeNode(tmp_path / "node", "west-uninstalled", "west-node"))
    (tmp_path / "machine-id").write_text("0c2f\n")
    (tmp_path / "uuid").write_text("4C4C-0042\n")
    files = {"machine_id": (f"{tmp_path}/machine-id",), "system_uuid": (f"{tmp_path}/uuid",)}
    monkeypatch.setattr(node_identity, "FILES", files)

    def shell(visit: HostVisit, body: str) -> str:
        return made.shell(visit, body)

    monkeypatch.setattr(HostVisit, "_shell", shell)
    return made


def test_the_node_itself_is_planned_cleaned_and_proven(machine: Machine) -> None:
    before = machine.rules
    planned = machine.cleanup(check=True, identity=IDENTITY)
    assert planned.changed
    assert "b: chain iptables-nft filter/SUBMARINER-FORWARD\n" in planned["diff"]["before"]
    assert machine.rules == before

    applied = machine.cleanup(identity=IDENTITY)
    assert (applied["removed"], applied["verdict"]) == (planned["plan"], "pass")
    assert {entry["node"] for entry in applied["removed"]} == {"b"}
    assert "SUBMARINER" not in machine.rules

    again = machine.cleanup(identity=IDENTITY)
    assert (again.changed, again["plan"], again["verdict"]) == (False, [], "pass")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "other", [{"machine_id": "0c30"}, {"system_uuid": "4c4c-0043"}, {"machine_id": "", "system_uuid": ""}]
)
def test_another_machine_is_refused_before_it_is_read(machine: Machine, other: dict[str, str], check: bool) -> None:
    outcome = machine.cleanup(check=check, identity={**IDENTITY, **other})
    assert outcome.failed
    assert "is not proven to be node b" in outcome.msg
    assert "submariner_node_name" in outcome.msg
    assert "\n" not in outcome.msg
    assert machine.scripts == 0


def test_without_an_identity_a_machine_is_only_looked_at(machine: Machine) -> None:
    assert "Set identity" in machine.cleanup().msg
    assert machine.scripts == 0
    planned = machine.cleanup(state="plan")
    assert (planned.changed, planned["verdict"]) == (False, "fail")


def test_a_script_is_run_as_it_is_whatever_the_environment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the script with the same names, and a dollar in the words of a rule."""
    for name in ("mark", "name", "way", "WORD"):
        monkeypatch.setenv(name, "of the environment")

    def main() -> None:
        module = AnsibleModule({})
        found = HostVisit(module, "b").sections(node_script.command_lines([("printf", "%s", "$WORD ~")]))
        module.exit_json(said={name: section.text for name, section in found.items()})

    assert run_module(main, {})["said"] == {"0": "$WORD ~"}
