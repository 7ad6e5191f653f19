# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on a node, from recorded answers of its own commands."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios import nodes

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
FILES = {
    "link": "ip-link", "address": "ip-addr", "route": "ip-route", "rule": "ip-rule",
    "chains": "iptables-save", "sets": "ipset",
}  # fmt: skip


def answer(state: str, node: str) -> str:
    folder = RECORDINGS / state / node
    parts = [(name, folder / f"{file}.txt") for name, file in FILES.items()]
    return "\n".join(f"=== {name}\n{path.read_text() if path.exists() else ''}" for name, path in parts)


def test_the_links_of_a_gateway_node_are_known_by_name_and_number() -> None:
    dump = nodes.parse(answer("healthy-two-nodes", "east-worker"))
    assert {name for name, _number in dump.links} == {"vx-submariner", "vxlan-tunnel"}
    kinds = {line.split()[0] for line in dump.lines}
    assert {"link", "address", "route", "rule"} <= kinds
    assert any("SUBMARINER-INPUT" in line for line in dump.lines)


def test_counters_comments_and_pods_are_no_change() -> None:
    text = "=== chains\n# made at {}\n*filter\n:INPUT ACCEPT [{}:7]\n-A INPUT -j X\n=== link\n{}"
    pod = '[{"ifname": "veth1", "ifindex": 7}]'
    assert nodes.differences(nodes.parse(text.format(1, 1, "")), nodes.parse(text.format(2, 2, pod))) == []


def test_the_timers_of_a_bridge_are_no_change_and_the_address_of_a_tunnel_is() -> None:
    text = '=== link\n[{{"ifname": "a", "ifindex": 2, "linkinfo": {{"info_kind": "{}", "info_data": {{"x": {}}}}}}}]'
    assert not nodes.differences(nodes.parse(text.format("bridge", 1)), nodes.parse(text.format("bridge", 2)))
    assert nodes.differences(nodes.parse(text.format("vxlan", 1)), nodes.parse(text.format("vxlan", 2)))


def test_a_rule_more_is_named() -> None:
    before = nodes.parse(answer("west-uninstalled", "west-node"))
    after = nodes.parse(answer("installed", "west-node"))
    lines = nodes.differences(before, after)
    assert any(line.startswith("added: link") and "vx-submariner" in line for line in lines)
    assert nodes.differences(after, after) == []


def test_the_order_of_jumps_counts_and_that_of_kube_proxy_does_not() -> None:
    text = "=== chains\n*filter\n{}\n{}\n"
    one, two = "-A INPUT -j A", "-A INPUT -j B"
    assert nodes.differences(nodes.parse(text.format(one, two)), nodes.parse(text.format(two, one)))
    one, two = "-A KUBE-SERVICES -j A", "-A KUBE-SERVICES -j B"
    assert not nodes.differences(nodes.parse(text.format(one, two)), nodes.parse(text.format(two, one)))


def test_a_stranger_sees_what_is_of_submariner_and_what_only_looks_alike() -> None:
    seen = nodes.of_submariner(nodes.parse(answer("healthy-two-nodes", "east-worker")))
    for sign in ("vx-submariner", "vxlan-tunnel", "SUBMARINER-INPUT", "SUBMARINER-REMOTECIDRS", '"priority": 100'):
        assert any(sign in line for line in seen), sign
    other = '=== rule\n[{"priority": 1000, "table": "100"}, {"priority": 201, "table": "150"}]\n=== chains\n*filter\n:KUBE-X'
    assert nodes.of_submariner(nodes.parse(other)) == []
