# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded nodes, read as the collection reads a live one."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.submariner.lifecycle.plugins.module_utils import _dataplane as dataplane
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import NodeReading

RECORDINGS = next(p for p in Path(__file__).resolve().parents if p.name == "tests") / "fixtures" / "recordings"


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
        nft_tables=dataplane.nft_tables(recorded(state, node, "nft")),
        sysctls=dataplane.sysctls(recorded(state, node, "sysctl-net")),
    )
