# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installation, and its removal, ask of a node: kernel modules, rp_filter, free ports, tools; the script that reads
it, and its judgement.

Pure. Private to this collection, may change at any time. Sources: measured.md (rp_filter), submariner.md 5 (ports).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Unreadable, sysctls
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import INFO, WARNING, Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_script import Section
from ansible_collections.submariner.lifecycle.plugins.module_utils._ports import (
    GATEWAY,
    OTHER,
    TCP,
    UDP,
    Settings,
    needed,
)

MODULES: dict[str, tuple[str, ...]] = {
    "": ("vxlan",),
    "libreswan": ("vxlan", "esp4", "xfrm_user"),
    "vxlan": ("vxlan",),
    "wireguard": ("vxlan", "wireguard"),
}
"""Kernel modules by cable driver; without a name those that all of them need, for the tunnels within a cluster."""

TOOLS: dict[str, tuple[str, ...]] = {
    "ip": ("ip",),
    "iptables": ("iptables-save", "iptables-nft-save", "iptables-legacy-save"),
    "ipset": ("ipset",),
    "nft": ("nft",),
}
"""What cleanup reads a node with, and the programs of which one will do. Submariner's own pods need none of the node's."""

TABLES = {UDP: "07", TCP: "0A"}
"""Protocol -> the state in the kernel's table of its sockets that holds a port: unconnected, and listening."""

ALL_FILTER = "net/ipv4/conf/all/rp_filter"
STRICT = "1"

# A module that is built in or loaded has a folder; whether one could be loaded tells modprobe, without doing so.
READ = """
lines() { while IFS= read -r line; do echo "$line"; done; }
sockets() { lines < /proc/net/$1 && { [ ! -r /proc/net/${1}6 ] || lines < /proc/net/${1}6; }; }
setting() { value=; IFS= read -r value < /proc/sys/$1 || [ "$value" ] || return 1; echo "$1 = $value"; }
module() { [ -d /sys/module/$1 ]; }
attempt here udp sockets udp
attempt here tcp sockets tcp
attempt here rp_filter setting {setting}
for kmod in {modules}; do attempt here module-$kmod module $kmod || run module-$kmod modprobe -n $kmod; done
any() { for program; do ! has $program || return 0; done; return 1; }
{tools}
printf '%s done\\n' "$mark"
"""


@dataclass(frozen=True)
class NodeSite:
    """One node; None or missing for what could not be read."""

    node: str
    strict: bool | None = None
    udp: frozenset[int] | None = None
    tcp: frozenset[int] | None = None
    modules: t.Mapping[str, bool | None] = field(default_factory=dict)
    tools: t.Mapping[str, bool] = field(default_factory=dict)

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "node": self.node,
            "rp_filter_strict": self.strict,
            "udp_ports": None if self.udp is None else sorted(self.udp),
            "tcp_ports": None if self.tcp is None else sorted(self.tcp),
            "modules": dict(self.modules),
            "tools": dict(self.tools),
        }


def script(cable_driver: str) -> str:
    """Reads a node for an installation with this cable driver."""
    names = MODULES.get(cable_driver, MODULES[""])
    tools = "\n".join(f"attempt here tool-{tool} any {' '.join(programs)}" for tool, programs in TOOLS.items())
    return READ.replace("{setting}", ALL_FILTER).replace("{modules}", " ".join(names)).replace("{tools}", tools)


def site_of_node(node: str, found: t.Mapping[str, Section]) -> NodeSite:
    """The sections of the script as facts."""
    setting = found.get("rp_filter", Section())
    return NodeSite(
        node,
        strict=sysctls(setting.text).get(ALL_FILTER) == STRICT if setting.rc == 0 else None,
        udp=_ports(UDP, found),
        tcp=_ports(TCP, found),
        modules={name[7:]: _loadable(section) for name, section in found.items() if name.startswith("module-")},
        tools={name[5:]: section.rc == 0 for name, section in found.items() if name.startswith("tool-")},
    )


def _loadable(section: Section) -> bool | None:
    """Whether a module is there; None without a modprobe that could tell."""
    if section.rc == 0:
        return True
    return False if any("not found" in note for note in section.notes) else None


def _ports(protocol: str, found: t.Mapping[str, Section]) -> frozenset[int] | None:
    table = found.get(protocol, Section())
    return held_ports(protocol, table.text) if table.rc == 0 else None


def held_ports(protocol: str, table: str) -> frozenset[int]:
    """Local ports in the text of /proc/net/udp or /proc/net/tcp that nobody else can have, whatever the address."""
    ports = set()
    for line in table.split("\n"):
        words = line.split()
        if len(words) > 3 and words[0].rstrip(":").isdigit():
            try:
                port = int(words[1].rpartition(":")[2], 16)
            except ValueError as error:
                raise Unreadable(f"a line of /proc/net/{protocol} is not understood: {line[:80]}") from error
            if words[3] == TABLES[protocol]:
                ports.add(port)
    return frozenset(ports)


def judge_nodes(
    sites: t.Iterable[NodeSite], gateways: t.Collection[str], settings: Settings, installed: bool
) -> list[Finding]:
    """Each node lets tunnels work; of a node on which Submariner runs, its own ports say nothing."""
    findings: list[Finding] = []
    for site in sites:
        findings += _filter(site) + _modules(site) + _tools(site)
        if installed:
            findings.append(_left_out(site.node, "ports", "Submariner is installed and holds them itself"))
            continue
        rows = needed(replace(settings, node_role=GATEWAY if site.node in gateways else OTHER))
        for protocol, held in ((UDP, site.udp), (TCP, site.tcp)):
            wanted = {settings.number(row) for row in rows if row.protocol == protocol}
            if held is None:
                why = f"/proc/net/{protocol} could not be read"
                findings.append(_left_out(site.node, f"ports of {protocol.upper()}", why, WARNING))
            elif wanted & held:
                findings.append(_taken(site.node, protocol, sorted(wanted & held)))
    return findings


def _filter(site: NodeSite) -> list[Finding]:
    if site.strict is None:
        return [_left_out(site.node, "rp_filter", "it could not be read", WARNING)]
    if not site.strict:
        return []
    return [
        Finding(
            "node.rp-filter",
            WARNING,
            f"node {site.node}",
            "net.ipv4.conf.all.rp_filter is 1",
            "0, or 2 (loose)",
            cause="answers that come through the tunnel are dropped on nodes that are no gateway, while all seems connected",
            hint="set net.ipv4.conf.all.rp_filter=0 by sysctl, also below /etc/sysctl.d",
        )
    ]


def _modules(site: NodeSite) -> list[Finding]:
    lacking = sorted(name for name, there in site.modules.items() if there is False)
    unknown = sorted(name for name, there in site.modules.items() if there is None)
    findings = (
        [_left_out(site.node, f"kernel modules {', '.join(unknown)}", "there is no modprobe to ask")] if unknown else []
    )
    if lacking:
        findings.append(
            Finding(
                "node.module-missing",
                WARNING,
                f"node {site.node}",
                f"its kernel has no module {', '.join(lacking)}",
                "modules for the tunnels",
                cause="a tunnel of this kind cannot be made without it",
                hint="install the kernel's package of further modules, or choose another cable driver",
            )
        )
    return findings


def _tools(site: NodeSite) -> list[Finding]:
    lacking = [tool for tool in TOOLS if site.tools.get(tool) is False]
    if not lacking:
        return []
    return [
        Finding(
            "node.tool-missing",
            WARNING,
            f"node {site.node}",
            f"there is no {', '.join(lacking)}, neither on the node nor in the image of the pod",
            "tools to read the node with",
            cause="Submariner does not need it, but without it cleanup cannot prove this node clean, and ends so",
            hint="install it on the node, or set submariner_node_image to an image that has it",
        )
    ]


def _taken(node: str, protocol: str, ports: t.Sequence[int]) -> Finding:
    return Finding(
        "node.port-in-use",
        WARNING,
        f"node {node}",
        f"{protocol.upper()} {', '.join(map(str, ports))} is in use, and Submariner is not installed",
        "free ports",
        cause="another program, or what an earlier installation left (submariner#1679)",
        hint="end that program, or run the playbook uninstall; for the tunnels another port can be set with submariner_nattport",
    )


def _left_out(node: str, what: str, why: str, severity: str = INFO) -> Finding:
    return Finding("preflight.not-inspected", severity, f"node {node}: {what}", f"not inspected: {why}")
