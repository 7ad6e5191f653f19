# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts for a node, run by real shells with tools that answer as recorded nodes did."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import plan

from .nodes import recorded, recorded_node

NONCE = "n0nce"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]

Tools = t.Callable[..., Path]


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """A folder with programs that print what a recorded node's printed; keywords replace or (None) remove some."""

    def make(state: str, node: str, **replaced: str | None) -> Path:
        folder = tmp_path / "tools"
        folder.mkdir()
        texts = {
            "link": recorded(state, node, "ip-link"),
            "rule": recorded(state, node, "ip-rule"),
            "route": recorded(state, node, "ip-route"),
        }
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text)
        programs: dict[str, str | None] = {
            "ip": 'case "$*" in *-6*|*xfrm*) ;; *" link"*) cat "$0.d/link.txt" ;; *rule*) cat "$0.d/rule.txt" ;;'
            ' *route*) cat "$0.d/route.txt" ;; esac',
            "iptables-nft-save": 'cat "$0.d/text"',
            "ip6tables-nft-save": "echo",
            "iptables-legacy-save": "echo",
            "ip6tables-legacy-save": "echo",
            "ipset": 'cat "$0.d/text"',
            "nft": 'cat "$0.d/text"',
            **{name.replace("_", "-"): body for name, body in replaced.items()},
        }
        recordings = {"iptables-nft-save": "iptables-save", "ipset": "ipset", "nft": "nft"}
        for name, body in programs.items():
            if body is None:
                continue
            (folder / f"{name}.d").mkdir()
            for text_name in texts:
                shutil.copy(folder / f"{text_name}.txt", folder / f"{name}.d" / f"{text_name}.txt")
            (folder / f"{name}.d" / "text").write_text(recorded(state, node, recordings.get(name, "none")))
            program = folder / name
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        (folder / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
        return folder

    return make


def read_script(from_pod: bool = False) -> str:
    return node_script.preamble(NONCE, from_pod) + node_script.READ


def apply_script(commands: list[list[str]]) -> str:
    return node_script.preamble(NONCE, False) + node_script.command_lines(commands)


def execute(shell: str, script: str, folder: Path) -> str:
    # The script adds the system's folders to the path; here only the given tools may be found.
    script = script.replace("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", str(folder))
    argv = [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else []), "-c", script]
    done = subprocess.run(argv, env={"PATH": str(folder)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_node_is_read_as_recorded(shell: str, tools: Tools) -> None:
    output = execute(shell, read_script(), tools("installed", "west-node"))
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
    assert found.sysctls["net/ipv4/ip_forward"] in ("0", "1")


@pytest.mark.parametrize(
    ("missing", "layer", "cause"),
    [
        ({"ip": None}, "links", "not found"),
        ({"ipset": None}, "ipsets", "not found"),
        ({"nft": None}, "nftables", "not found"),
        ({"nft": "echo 'Error: JSON support not compiled-in' >&2; exit 1"}, "nftables", "JSON support"),
        ({"ip": "echo 'ip: unrecognized option: j' >&2; exit 1"}, "routes", "unrecognized option"),
        ({"iptables_nft_save": "echo 'Fatal: cannot open' >&2; exit 3", "nft": None}, "nftables", "not found"),
        ({"iptables_nft_save": "echo garbage"}, "iptables", "FORWARD"),
        ({"ipset": "echo garbage"}, "ipsets", "line 1"),
    ],
)
def test_what_cannot_be_read_is_named(missing: dict[str, str | None], layer: str, cause: str, tools: Tools) -> None:
    output = execute(
        "sh", read_script(), tools("west-uninstalled", "west-node", **missing)
    )
    found = plan(node_script.reading(node_script.sections(output, NONCE)))
    assert cause in found.unknown[layer]
    assert not found.clean


def test_only_the_plain_iptables_is_there(tools: Tools) -> None:
    text = recorded("west-uninstalled", "west-node", "iptables-save")
    folder = tools(
        "west-uninstalled",
        "west-node",
        iptables_nft_save=None,
        iptables_legacy_save=None,
        iptables_save='cat "$0.d/text"',
    )
    (folder / "iptables-save.d" / "text").write_text(text)
    output = execute("sh", read_script(), folder)
    found = plan(node_script.reading(node_script.sections(output, NONCE)))
    assert [change.commands[0][0] for change in found.changes] == ["iptables", "iptables"]
    assert not found.unknown


def test_ways_without_any_tool_are_tried_in_a_pod_and_nothing_is_clean(tmp_path: Path) -> None:
    output = execute("sh", read_script(from_pod=True), tmp_path)
    found = node_script.reading(node_script.sections(output, NONCE))
    assert {"links", "rules", "routes", "ipsets", "nftables", "xfrm", "iptables"} <= set(found.unread)


def test_agents_on_the_node_are_seen(tools: Tools, tmp_path: Path) -> None:
    program = tmp_path / "submariner-route-agent"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as agent:
        try:
            output = execute("sh", read_script(), tools("installed", "west-node"))
        finally:
            agent.kill()
    found = node_script.reading(node_script.sections(output, NONCE))
    assert any(name.startswith("submariner-rou") for name in found.agents)


def test_commands_run_in_order_and_each_tells_its_end(tools: Tools, tmp_path: Path) -> None:
    log = tmp_path / "log"
    folder = tools(
        "installed", "west-node", ip=f'echo "$@" >> {log}; [ "$1" != bad ] || {{ echo no such thing >&2; exit 2; }}'
    )
    commands = [["ip", "one", 'two "three"; $(id)'], ["ip", "bad"], ["ip", "last"], ["nowhere"]]
    output = execute("sh", apply_script(commands), folder)
    found = node_script.sections(output, NONCE)
    assert [found[str(number)].rc for number in range(4)] == [0, 2, 0, 127]
    assert found["1"].cause == "no such thing"
    assert log.read_text() == 'one two "three"; $(id)\nbad\nlast\n'


def test_output_cut_short_is_refused() -> None:
    output = execute("sh", apply_script([["true"]]), Path("/bin"))
    with pytest.raises(Unreadable):
        node_script.sections(output.replace("done", ""), NONCE)
    assert os.linesep in output


def test_marks_of_another_run_are_text() -> None:
    output = execute(
        "sh", apply_script([["echo", "submariner-lifecycle-other end 0 0"]]), Path("/bin")
    )
    assert node_script.sections(output, NONCE)["0"].text == "submariner-lifecycle-other end 0 0"
