# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""node_info: what a node says is judged, what it does not say is never fit, and no pod stays."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_script import Section
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_site import (
    TOOLS,
    NodeSite,
    held_ports,
    judge_nodes,
    script,
    site_of_node,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._ports import Settings
from ansible_collections.submariner.lifecycle.plugins.modules import node_info
from tests.unit.fake_api import FakeApi
from tests.unit.plugins.modules import test_node_cleanup
from tests.unit.run_module import Outcome, run_module

fleet = test_node_cleanup.fleet
Fleet = test_node_cleanup.Fleet

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1150: 00000000:1194 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24301 2 0000000000000000 0
 1151: 00000000000000000000000000000000:12C0 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 0 2 0 0
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:800C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 24301 1 0000000000000000 100 0
   1: 00000000000000000000000000000000:800D 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 0 1 0 0
   2: 0100007F:1F90 0100007F:B2C4 01 00000000:00000000 00:00000000 00000000     0        0 24302 1 0000000000000000 20 4
"""
"""32780 and 32781 listen; 8080 is one end of a connection."""
NO_MODULE = "modprobe: FATAL: Module wireguard not found in directory /lib/modules/6.1.0"


def look(fleet: Fleet, **options: t.Any) -> Outcome:
    access = {"host": fleet.api.url, "api_key": "token-of-the-test", "image": test_node_cleanup.IMAGE}
    return run_module(node_info.main, {**access, **options})


def told(findings: list[Finding]) -> dict[str, str]:
    return {f.subject + " " + f.id: f.severity for f in findings}


def test_ports_in_use() -> None:
    assert held_ports("udp", UDP) == {4500, 4800}
    assert held_ports("tcp", TCP) == {32780, 32781}
    with pytest.raises(Unreadable):
        held_ports("udp", UDP.replace(":1194", ":none"))


@given(st.text(alphabet="0123456789ABCDEF: \n", max_size=200))
def test_any_table_is_read_or_refused(table: str) -> None:
    try:
        held_ports("udp", table)
    except Unreadable:
        return


@pytest.mark.parametrize(
    ("section", "there"),
    [
        (Section(0), True),
        (Section(1, notes=[NO_MODULE]), False),
        (Section(1, notes=["modprobe: can't change directory"]), None),
        (Section(127), None),
    ],
)
def test_whether_a_module_is_there(section: Section, there: bool | None) -> None:
    assert site_of_node("a", {"module-wireguard": section}).modules == {"wireguard": there}


def test_what_hinders_tunnels() -> None:
    site = NodeSite(
        "a",
        strict=True,
        udp=frozenset([4500, 4800]),
        tcp=frozenset([32780, 32781]),
        modules={"vxlan": True, "wireguard": False},
    )
    findings = judge_nodes([site], ["a"], Settings(), installed=False)
    assert told(findings) == {
        "node a node.rp-filter": "warning",
        "node a node.module-missing": "warning",
        "node a node.port-in-use": "warning",
    }


@pytest.mark.parametrize(
    ("gateway", "settings", "taken"),
    [
        (True, Settings(), ["UDP 4500, 4800", "TCP 32780"]),
        (True, Settings(globalnet=True), ["UDP 4500, 4800", "TCP 32780, 32781"]),
        (True, Settings(version="0.18.0"), ["UDP 4500, 4800", "TCP 8080, 32780"]),
        (True, Settings(natt_port=4501, nat_discovery_port=4500), ["UDP 4500, 4800", "TCP 32780"]),
        (True, Settings(natt_port=4501), ["UDP 4800", "TCP 32780"]),
        (False, Settings(), ["UDP 4800"]),
    ],
)
def test_ports_that_are_taken(gateway: bool, settings: Settings, taken: list[str]) -> None:
    site = NodeSite("a", strict=False, udp=frozenset([4500, 4800]), tcp=frozenset([8080, 32780, 32781]))
    found = judge_nodes([site], ["a"] if gateway else [], settings, installed=False)
    assert [f.observed.partition(" is in use")[0] for f in found] == taken


def test_a_fit_node_and_one_on_which_submariner_runs() -> None:
    fit = NodeSite("a", strict=False, udp=frozenset([53]), tcp=frozenset([22]), modules={"vxlan": True})
    assert judge_nodes([fit], ["a"], Settings(), installed=False) == []
    runs = NodeSite("a", strict=False, udp=frozenset([4500, 4490, 4800]), modules={"vxlan": True})
    assert told(judge_nodes([runs], ["a"], Settings(), installed=True)) == {
        "node a: ports preflight.not-inspected": "info"
    }


def test_what_was_not_read_is_not_fit() -> None:
    findings = judge_nodes([site_of_node("a", {})], [], Settings(), installed=False)
    assert verdict(findings) == "degraded"
    assert {f.subject for f in findings} == {"node a: rp_filter", "node a: ports of UDP", "node a: ports of TCP"}


def test_a_tool_that_is_nowhere_is_told_before_a_removal_misses_it(fleet: Fleet) -> None:
    """Any iptables-save will do; what nobody read is no missing tool."""
    fleet.add("a", "healthy-two-nodes", "west-worker")
    fleet.add("b", "healthy-two-nodes", "west-worker", nft=None, ipset=None)
    fleet.add("c", "healthy-two-nodes", "west-worker", iptables_nft_save=None)
    fleet.add("d", "healthy-two-nodes", "west-worker", iptables_nft_save=None, iptables_legacy_save=None)
    outcome = look(fleet)
    told_of = {f["subject"]: f for f in outcome["findings"] if f["id"] == "node.tool-missing"}
    assert set(told_of) == {"node b", "node d"}
    assert "no ipset, nft," in told_of["node b"]["observed"]
    assert "no iptables," in told_of["node d"]["observed"]
    assert "submariner_node_image" in told_of["node b"]["hint"]
    assert outcome["nodes"][0]["tools"] == {"ip": True, "iptables": True, "ipset": True, "nft": True}
    assert (
        judge_nodes([NodeSite("e", strict=False, udp=frozenset(), tcp=frozenset())], [], Settings(), installed=False)
        == []
    )


def test_the_tools_looked_for_are_those_without_which_cleanup_does_not_know(fleet: Fleet) -> None:
    gone = {"ip": None, "iptables_nft_save": None, "iptables_legacy_save": None, "ipset": None, "nft": None}
    fleet.add("a", "healthy-two-nodes", "west-worker", ready="True", **gone)
    lacking = {tool for tool, there in look(fleet)["nodes"][0]["tools"].items() if not there}
    unread = {entry["layer"] for entry in fleet.cleanup()["unknown"]}
    assert lacking == set(TOOLS)
    assert {"links", "rules", "routes", "xfrm", "iptables", "ipsets", "nftables"} <= unread


def test_modules_are_those_of_the_cable_driver() -> None:
    assert "in vxlan wireguard;" in script("wireguard")
    assert "in vxlan;" in script("vxlan")
    assert "in vxlan;" in script("another")


def test_a_node_is_read_by_a_pod_that_goes(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker", modprobe=f"echo '{NO_MODULE}' >&2; exit 1")
    fleet.add("b", ready="Unknown")
    fleet.nodes["a"].proc("sys/net/ipv4/conf/all/rp_filter", "1")
    fleet.nodes["a"].proc("net/udp", UDP)
    fleet.nodes["a"].proc("net/tcp", TCP)
    outcome = look(fleet, cluster="west", cable_driver="wireguard", installed=True)
    assert not outcome.failed, outcome.msg
    assert not outcome.changed
    (node,) = outcome["nodes"]
    assert node["node"] == "a"
    assert node["rp_filter_strict"] is True
    assert (node["udp_ports"], node["tcp_ports"]) == ([4500, 4800], [32780, 32781])
    assert set(node["modules"]) == {"vxlan", "wireguard"}
    unseen = [f for f in outcome["findings"] if f["subject"] == "west: node b"]
    assert [f["severity"] for f in unseen] == ["warning"]
    assert outcome["verdict"] == "degraded"
    test_node_cleanup.no_traces(api)


@pytest.mark.parametrize("port", [4500, 4491])
def test_the_ports_that_are_chosen_have_to_be_free(fleet: Fleet, port: int) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker")
    fleet.nodes["a"].proc("net/udp", UDP)
    outcome = look(fleet, gateways=["a"], nattport=4501, nat_discovery_port=port)
    (taken,) = [f for f in outcome["findings"] if f["id"] == "node.port-in-use"]
    assert ("4500" in taken["observed"]) == (port == 4500)


def test_a_node_that_shows_nothing(fleet: Fleet) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker")
    (node,) = look(fleet)["nodes"]
    assert (node["rp_filter_strict"], node["udp_ports"]) == (None, None)


def test_a_script_that_is_cut_off_is_no_reading(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker")
    monkeypatch.setattr(node_info, "script", lambda _driver: "exit 0")
    outcome = look(fleet)
    assert outcome["nodes"] == []
    assert "ended early" in outcome["findings"][0]["observed"]


def test_nodes_that_cannot_be_listed(fleet: Fleet) -> None:
    fleet.api.fault(403, verb="list", path="/nodes$")
    assert f"The nodes of {fleet.api.url} cannot be listed" in look(fleet).msg


@pytest.mark.parametrize(
    "options", [{"nattport": "many"}, {"nattport": 70000}, {"installed": "perhaps"}, {"driver": "vxlan"}]
)
def test_wrong_options(fleet: Fleet, options: t.Any) -> None:
    assert look(fleet, **options).failed
    assert fleet.api.requests == []


def test_a_module_is_asked_for_by_its_own_name(fleet: Fleet) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker", modprobe=f'echo "$*" >> {fleet.folder}/asked; exit 1')
    look(fleet, cable_driver="wireguard")
    asked = (fleet.folder / "asked").read_text().splitlines()
    assert set(asked) <= {"-n vxlan", "-n wireguard"}
    assert "-n wireguard" in asked
