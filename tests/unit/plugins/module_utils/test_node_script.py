# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts for a node, run by real shells with tools that answer as recorded nodes did."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import IpSet, NftTable, Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import plan
from tests.unit.nodes import FakeNode, recorded_node, run_script

NONCE = "n0nce"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


def read_script(from_pod: bool = False) -> str:
    return node_script.preamble(NONCE, from_pod) + node_script.READ


def apply_script(commands: list[list[str]]) -> str:
    return node_script.preamble(NONCE, False) + node_script.command_lines(commands)


def output_of(script: str, node: FakeNode, shell: str = "sh") -> str:
    done = node.run(script, shell)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_node_is_read_as_recorded(shell: str, tmp_path: Path) -> None:
    output = output_of(read_script(), FakeNode(tmp_path, "installed", "west-node"), shell)
    found = node_script.reading(node_script.sections(output, NONCE))
    expected = recorded_node("installed", "west-node")
    assert found.unread == {}
    assert (found.links, found.rules, found.routes, found.ipsets) == (
        expected.links,
        expected.rules,
        expected.routes,
        expected.ipsets,
    )
    assert {change.key for change in plan(found).changes} == {change.key for change in plan(expected).changes}
    assert found.sysctls["net/ipv4/ip_forward"] == "1"


@pytest.mark.parametrize(
    ("missing", "layer", "cause"),
    [
        ({"ip": None}, "links", "not found"),
        ({"ipset": None}, "ipsets", "not found"),
        ({"nft": None}, "nftables", "not found"),
        ({"nft": 'case "$*" in *sets) echo Busy >&2; exit 1 ;; *) cat "$files/nft" ;; esac'}, "nftables", "Busy"),
        ({"nft": "echo 'Error: JSON support not compiled-in' >&2; exit 1"}, "nftables", "JSON support"),
        ({"ip": "echo 'ip: unrecognized option: j' >&2; exit 1"}, "routes", "unrecognized option"),
        ({"iptables_nft_save": "echo 'Fatal: cannot open' >&2; exit 3", "nft": None}, "nftables", "not found"),
        ({"iptables_nft_save": "echo garbage"}, "iptables", "FORWARD"),
        ({"ip": 'case "$*" in *nokeys) echo Busy >&2; exit 1 ;; *xfrm*) ;; *) echo "[]" ;; esac'}, "xfrm", "Busy"),
        ({"ipset": "echo garbage"}, "ipsets", "line 1"),
    ],
)
def test_what_cannot_be_read_is_named(missing: dict[str, str | None], layer: str, cause: str, tmp_path: Path) -> None:
    output = output_of(read_script(), FakeNode(tmp_path, "west-uninstalled", "west-node", **missing))
    found = plan(node_script.reading(node_script.sections(output, NONCE)))
    assert cause in found.unknown[layer]
    assert not found.clean


def test_only_the_plain_iptables_is_there(tmp_path: Path) -> None:
    plain = {"iptables_nft_save": None, "iptables_legacy_save": None, "iptables_save": 'cat "$files/iptables-save"'}
    output = output_of(read_script(), FakeNode(tmp_path, "west-uninstalled", "west-node", **plain))
    found = plan(node_script.reading(node_script.sections(output, NONCE)))
    assert [change.commands[0][0] for change in found.changes] == ["iptables", "iptables"]
    assert not found.unknown


def test_ways_without_any_tool_are_tried_in_a_pod_and_nothing_is_clean(tmp_path: Path) -> None:
    output = run_script(read_script(from_pod=True), tmp_path).stdout
    found = node_script.reading(node_script.sections(output, NONCE))
    assert {"links", "rules", "routes", "ipsets", "nftables", "xfrm", "iptables"} <= set(found.unread)


def test_named_sets_of_nftables_are_read(tmp_path: Path) -> None:
    where = '"family": "ip", "table": "submariner-ipv4"'
    cidr = '{"prefix": {"addr": "10.13.0.0", "len": 16}}'
    answers = {
        "tables": '{"table": {"family": "ip", "name": "submariner-ipv4"}}',
        "chains": f'{{"chain": {{{where}, "name": "SUBMARINER-INPUT"}}}}',
        "sets": f'{{"set": {{{where}, "name": "SUBMARINER-REMOTECIDRS", "type": "ipv4_addr", "elem": [{cidr}]}}}}',
    }
    cases = " ".join(f"*{what}) echo '{{\"nftables\": [{answer}]}}' ;;" for what, answer in answers.items())
    output = output_of(read_script(), FakeNode(tmp_path, "installed", "west-node", nft=f'case "$*" in {cases} esac'))
    found = node_script.reading(node_script.sections(output, NONCE))
    sets = (IpSet("SUBMARINER-REMOTECIDRS", "ipv4_addr", ("10.13.0.0/16",)),)
    assert found.nft_tables == (NftTable("ip", "submariner-ipv4", ("SUBMARINER-INPUT",), sets),)


def test_agents_on_the_node_are_seen(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, "installed", "west-node")
    for pid, program in enumerate(("submariner-rout", "submariner-oper", "systemd", "submariner-gate"), 1):
        node.proc(f"{pid}/comm", program)
    found = node_script.reading(node_script.sections(output_of(read_script(), node), NONCE))
    assert found.agents == ("submariner-gate", "submariner-rout")


def test_legacy_tables_without_their_tool_are_unknown(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, "west-uninstalled", "west-node", iptables_legacy_save=None)
    node.proc("net/ip_tables_names", "filter")
    found = node_script.reading(node_script.sections(output_of(read_script(), node), NONCE))
    assert set(found.unread) == {"iptables (legacy)"}


def test_commands_run_in_order_and_each_tells_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ip = f'echo "$@" >> {log}; [ "$1" != bad ] || {{ echo no such thing >&2; exit 2; }}'
    commands = [["ip", "one", 'two "three"; $(id)'], ["ip", "bad"], ["ip", "last"], ["nowhere"]]
    output = output_of(apply_script(commands), FakeNode(tmp_path, "installed", "west-node", ip=ip))
    found = node_script.sections(output, NONCE)
    assert [found[str(number)].rc for number in range(4)] == [0, 2, 0, 127]
    assert found["1"].cause == "no such thing"
    assert log.read_text() == 'one two "three"; $(id)\nbad\nlast\n'


def test_output_cut_short_is_refused() -> None:
    output = run_script(apply_script([["true"]]), Path("/bin")).stdout
    with pytest.raises(Unreadable):
        node_script.sections(output.replace("done", ""), NONCE)


def test_marks_of_another_run_are_text() -> None:
    output = run_script(apply_script([["echo", "submariner-lifecycle-other end 0 0"]]), Path("/bin")).stdout
    assert node_script.sections(output, NONCE)["0"].text == "submariner-lifecycle-other end 0 0"
