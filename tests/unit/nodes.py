# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded nodes: read as the collection reads a live one, or brought to life by tools that answer as theirs did."""

from __future__ import annotations

import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.submariner.lifecycle.plugins.module_utils import _dataplane as dataplane
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import NodeReading

RECORDINGS = Path(__file__).resolve().parents[1] / "fixtures" / "recordings"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Changes the text of iptables-save as iptables changes the kernel's rules.
IPTABLES = """
import pathlib, shlex, sys
path = pathlib.Path(sys.argv[1])
table, verb, chain, spec = sys.argv[5], sys.argv[6], sys.argv[7], sys.argv[8:]
lines, kept, done, current = path.read_text().splitlines(), [], False, ""
for line in lines:
    current = line[1:] if line.startswith("*") else current
    words = shlex.split(line) if line.startswith("-A") and current == table else []
    if verb == "-D" and not done and words == ["-A", chain, *spec]:
        done = True
    elif verb == "-F" and words[1:2] == [chain]:
        done = True
    elif verb == "-X" and words[-1:] == [chain]:
        sys.exit("iptables: Too many links.")
    elif verb == "-X" and current == table and line.startswith(f":{chain} "):
        done = True
    else:
        kept.append(line)
if not done and verb != "-F":
    sys.exit("iptables: Bad rule (does a matching rule exist in that chain?).")
path.write_text("".join(line + chr(10) for line in kept))
"""
TOOLS: dict[str, str | None] = {
    "ip": 'case "$*" in *-6*|*xfrm*) ;; *" link"*) cat "$files/ip-link" ;; *rule*) cat "$files/ip-rule" ;;'
    ' *route*) cat "$files/ip-route" ;; esac',
    "iptables-nft": f'exec {sys.executable} "$files/iptables.py" "$files/iptables-save" "$@"',
    "iptables-nft-save": 'cat "$files/iptables-save"',
    "ip6tables-nft-save": "echo",
    "iptables-legacy-save": "echo",
    "ip6tables-legacy-save": "echo",
    "ipset": 'cat "$files/ipset"',
    "nft": 'cat "$files/nft"',
}


def recorded(state: str, node: str, name: str) -> str:
    """Text of one recorded tool; an empty answer has no file."""
    folder = RECORDINGS / state / node
    assert folder.is_dir(), folder
    path = folder / f"{name}.txt"
    return path.read_text() if path.exists() else ""


def recorded_node(state: str, node: str) -> NodeReading:
    return NodeReading(
        links=dataplane.links(recorded(state, node, "ip-link")),
        rules=dataplane.rules(recorded(state, node, "ip-rule")),
        routes=dataplane.routes(recorded(state, node, "ip-route")),
        rulesets=(dataplane.ruleset(recorded(state, node, "iptables-save"), "iptables-nft"),),
        ipsets=dataplane.ipsets(recorded(state, node, "ipset")),
        nft_tables=dataplane.nft_tables(dataplane.nft_entries(recorded(state, node, "nft"))),
        sysctls=dataplane.sysctls(recorded(state, node, "sysctl-net")),
    )


class FakeNode:
    """A recorded node as programs that answer as its own did; keywords replace programs or, with None, remove them."""

    def __init__(self, folder: Path, state: str, node: str, **replaced: str | None) -> None:
        self.tools, self.files = folder / "tools", folder / "files"
        self.tools.mkdir(parents=True)
        self.files.mkdir()
        for name in ("ip-link", "ip-rule", "ip-route", "iptables-save", "ipset", "nft"):
            (self.files / name).write_text(recorded(state, node, name))
        (self.files / "iptables.py").write_text(IPTABLES)
        for name, body in {**TOOLS, **{name.replace("_", "-"): body for name, body in replaced.items()}}.items():
            if body is not None:
                program = self.tools / name
                program.write_text(f"#!/bin/sh\nfiles={self.files}\n{body}\n")
                program.chmod(0o755)
        self.proc("sys/net/ipv4/ip_forward", "1")
        (self.tools / "cat").symlink_to(shutil.which("cat") or "/bin/cat")

    def proc(self, name: str, text: str) -> None:
        """Let /proc/C(name) of the node say C(text)."""
        path = self.tools / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    def run(self, script: str, shell: str = "sh", **environment: str) -> subprocess.CompletedProcess[str]:
        return run_script(script, self.tools, shell, **environment)


def run_script(script: str, tools: Path, shell: str = "sh", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script for a node so that only the programs in C(tools) can be found."""
    argv = [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else []), "-c", _confined(script, tools)]
    values: t.Mapping[str, str] = {name: _confined(value, tools) for name, value in environment.items()}
    env = {**values, "PATH": str(tools)}
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


def _confined(script: str, tools: Path) -> str:
    """The script with the node's own programs and /proc in place of this machine's."""
    return script.replace(SYSTEM_PATH, str(tools)).replace("/proc/", f"{tools}/proc/")
