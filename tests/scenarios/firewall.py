# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reinstall through firewalls: nodes that drop Submariner's ports, opened by the run, and given back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios.fleet import now
from tests.scenarios.inventory import Inventory
from tests.scenarios.playbook import Run
from tests.scenarios.stage import CONFIRM, Stage

TABLE = "inet mine"
PORTS = ("-e", "submariner_preflight_ports=true")
ABSENT = ("-e", "submariner_firewall_state=absent")
# Drops what is neither TCP nor ICMP nor another UDP port than Submariner's, so that the cluster itself goes on. What a run
# before may have left is replaced.
_CLOSED = f"""
table {TABLE}
delete table {TABLE}
table {TABLE} {{
  chain input {{
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto {{ tcp, icmp, ipv6-icmp }} accept
    udp dport != {{ 4490, 4500, 4800 }} accept
  }}
}}
"""
# All that the role may change on such a node.
_DUMP = f"nft list table {TABLE}; find /etc/nftables /etc/systemd/system/nftables.service.d -type f 2>/dev/null; true"
_MARK = 'comment "submariner.lifecycle"'


def gateways(stage: Stage) -> dict[str, str]:
    """Node that will be a gateway -> its cluster: the first worker of each, as join chooses."""
    found: dict[str, str] = {}
    for node in sorted(stage.fleet.lab.nodes(), key=lambda node: node.name):
        if not node.name.endswith("-control-plane") and node.cluster not in found.values():
            found[node.name] = node.cluster
    return found


def with_nodes(stage: Stage) -> Inventory:
    """The lab's inventory, with these nodes as machines."""
    inventory = stage.inventory()
    nodes = gateways(stage).items()
    inventory.nodes = {node: {**stage.machine(cluster), "submariner_node_role": "gateway"} for node, cluster in nodes}
    return inventory


def dumps(stage: Stage) -> dict[str, str]:
    return {node: stage.fleet.lab.in_node(node, "sh", "-c", _DUMP).out for node in gateways(stage)}


@contextmanager
def closed(stage: Stage) -> Iterator[None]:
    """Firewalls that are closed to Submariner, and afterwards none, with nothing of the role's left either."""
    nodes = gateways(stage)
    files = "/etc/nftables/submariner-lifecycle.nft /etc/systemd/system/nftables.service.d/submariner-lifecycle.conf"
    try:
        for node in nodes:
            stage.fleet.lab.in_node(node, "nft", _CLOSED)
        yield
    finally:
        for node in nodes:
            stage.fleet.lab.in_node(node, "sh", "-c", f"nft delete table {TABLE}; rm -f {files}; true")


def reinstall(stage: Stage) -> None:
    """Once onto nothing, with the ports tried before and after they are opened; once over what is installed."""
    stage.damage("clean")
    with closed(stage):
        inventory = with_nodes(stage)
        before = dumps(stage)
        tried = stage.play("preflight", *PORTS, inventory=inventory, name="closed")
        stage.require(unfiltered(tried, list(before)), "the ports are said to be filtered, at each gateway")
        stage.require([] if dumps(stage) == before else ["it is another one"], "trying leaves the firewall alone")
        since = now()
        opened = stage.succeed("reinstall", *CONFIRM, *PORTS, inventory=inventory, name="reinstall onto nothing")
        stage.require([] if "port.filtered" not in opened.output else ["port.filtered"], "then nothing is filtered")
        stage.require_whole(since)
        _undone(stage, inventory, before)
        since = now()
        stage.succeed("reinstall", *CONFIRM, inventory=inventory)
        stage.require_whole(since)
        _undone(stage, inventory, before)
    stage.require(stage.fleet.complaints(), "the fleet stays whole without firewalls")


def _undone(stage: Stage, inventory: Inventory, before: dict[str, str]) -> None:
    """The rules were there, a further run has nothing to do, and taking them back leaves what was there before."""
    stage.require([node for node, dump in dumps(stage).items() if _MARK not in dump], "every gateway's ports are open")
    again = stage.succeed("firewall", inventory=inventory, name="firewall again")
    stage.require(changes_on(again, before), "opening them again changes nothing")
    stage.succeed("firewall", *ABSENT, inventory=inventory, name="undo")
    after = dumps(stage)
    stage.require([node for node in before if after[node] != before[node]], "the firewalls are as they were")


def unfiltered(run: Run, nodes: list[str]) -> list[str]:
    """Gateways at which a closed port was not found, and a run that ended well all the same."""
    lines = [line for line in run.lines if "port.filtered" in line]
    silent = [f"nothing of {node}" for node in nodes if not any(f"-> gateway node {node} " in line for line in lines)]
    return silent + ([] if run.code else ["preflight ended with 0"])


def changes_on(run: Run, nodes: dict[str, str]) -> list[str]:
    counts = {node: run.recap.get(node, {}).get("changed") for node in nodes}
    return [f"{node}: changed={count}" for node, count in counts.items() if count != 0]
