# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on a node's network: links, addresses, routes, rules, chains and sets, as lines that can be compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_MARK = "=== "
_COMMANDS = {
    "link": "ip -j -d link",
    "address": "ip -j -4 address",
    "route": "ip -j -4 route show table all",
    "rule": "ip -j rule",
    "chains": "iptables-save",
    "sets": "ipset save",
}
SCRIPT = "\n".join(f"echo '{_MARK}{name}'; {command} 2>/dev/null || true" for name, command in _COMMANDS.items())
_COUNTERS = re.compile(r" *\[\d+:\d+\]$")
SUBMARINER_LINKS = ("vx-submariner", "vxlan-tunnel")

Link = tuple[str, int]


@dataclass(frozen=True)
class NodeDump:
    lines: tuple[str, ...]
    links: frozenset[Link]
    """Submariner's links by name and number: one that was made anew has another number."""


def parse(output: str) -> NodeDump:
    parts = {head: body for head, _newline, body in (part.partition("\n") for part in output.split(_MARK)[1:])}
    links = _entries(parts.get("link", ""))
    lines = [_link(link) for link in links if _named(link)]
    for entry in filter(_named, _entries(parts.get("address", ""))):
        for address in entry.get("addr_info", []):
            lines.append(f"address {entry['ifname']} {address.get('local')}/{address.get('prefixlen')}")
    for route in _entries(parts.get("route", "")):
        if not str(route.get("dev", "")).startswith("veth"):
            lines.append(_line("route", route, ("table", "type", "dst", "gateway", "dev", "prefsrc", "metric")))
    for rule in _entries(parts.get("rule", "")):
        lines.append(_line("rule", rule, ("priority", "src", "srclen", "dst", "dstlen", "fwmark", "table")))
    lines += _chains(parts.get("chains", ""))
    lines += sorted(f"set {line}" for line in parts.get("sets", "").splitlines())
    own = frozenset((link["ifname"], link["ifindex"]) for link in links if link.get("ifname") in SUBMARINER_LINKS)
    return NodeDump(tuple(lines), own)


def _entries(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text) if text.strip() else []
    return [entry for entry in found if entry]


def _named(link: dict[str, Any]) -> bool:
    """A pod's end has a new name with each pod."""
    return not str(link.get("ifname", "veth")).startswith("veth")


def _link(link: dict[str, Any]) -> str:
    """A bridge tells its timers among its settings; of the others, these are all settings."""
    info = link.get("linkinfo", {})
    settings = {} if info.get("info_kind") == "bridge" else info.get("info_data", {})
    fields = ("ifname", "ifindex", "mtu", "master", "kind", "settings")
    return _line("link", {**link, "kind": info.get("info_kind", ""), "settings": settings}, fields)


def _line(kind: str, entry: dict[str, Any], fields: tuple[str, ...]) -> str:
    return f"{kind} " + json.dumps({name: entry[name] for name in fields if name in entry}, sort_keys=True)


def _chains(text: str) -> list[str]:
    """Without comments and counters; kube-proxy's rules in no order, since it writes them in none."""
    table = ""
    ordered: list[str] = []
    loose: list[str] = []
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith((":", "-A")):
            said = f"{table} {_COUNTERS.sub('', line)}"
            (loose if line.startswith((":", "-A KUBE-")) else ordered).append(said)
    return [*sorted(loose), *ordered]


_SIGNS = re.compile(
    r'SUBMARINER-|SM-GN-|vx-submariner|vxlan-tunnel|^rule .*"priority": (100|150)\b|^route .*"table": "(100|150)"'
)


def of_submariner(dump: NodeDump) -> list[str]:
    """Lines that a stranger would call Submariner's."""
    return [line for line in dump.lines if _SIGNS.search(line)]


def differences(before: NodeDump, after: NodeDump) -> list[str]:
    old, new = list(before.lines), list(after.lines)
    lines = [f"removed: {line}" for line in old if line not in set(new)]
    lines += [f"added: {line}" for line in new if line not in set(old)]
    if not lines and old != new:
        moved = next(line for line, other in zip(old, new, strict=False) if line != other)
        lines.append(f"moved: {moved}")
    return lines
