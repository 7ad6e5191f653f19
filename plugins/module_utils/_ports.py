# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every port and protocol of Submariner, who receives on it and from whom, and which of them a node has to open.

Private to this collection, may change at any time. Pure. From section 5 of the fact sheet (Submariner 0.19); the metrics
ports on the hosts are measured. The firewall role's README shows this table, a test compares the two.
"""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import version_number

UDP, TCP, ESP, AH = "udp", "tcp", "esp", "ah"
GATEWAY, OTHER, ANY = "gateway", "other", "any"
NODE_ROLES = (ANY, GATEWAY, OTHER)
REMOTE, CLUSTER, OUTSIDE = "gateways of other clusters", "nodes and pods of this cluster", "the members, outwards"
LIBRESWAN, WIREGUARD, VXLAN = "libreswan", "wireguard", "vxlan"
DRIVERS = (LIBRESWAN, WIREGUARD, VXLAN)
DEFAULT_DRIVER = LIBRESWAN

NATT, DISCOVERY = "natt", "nat-discovery"


@dataclass(frozen=True)
class Port:
    """One thing that has to come through.

    number: 0 for a protocol without ports, and where an option has it (C(option)). nodes: roles of the nodes that
    receive it; empty when no node's firewall has to let it in. before: the first version that no longer needs it.
    """

    name: str
    protocol: str
    number: int
    nodes: tuple[str, ...]
    source: str
    meaning: str
    option: str = ""
    drivers: tuple[str, ...] = DRIVERS
    before: str = ""
    globalnet: bool = False
    unless_encapsulated: bool = False


PORTS = (
    Port(
        NATT, UDP, 4500, (GATEWAY,), REMOTE, "the tunnels (IKE and ESP in UDP, WireGuard, VXLAN)", "submariner_nattport"
    ),
    Port(DISCOVERY, UDP, 4490, (GATEWAY,), REMOTE, "NAT discovery", "submariner_nat_discovery_port"),
    Port("esp", ESP, 0, (GATEWAY,), REMOTE, "IPsec without NAT", drivers=(LIBRESWAN,), unless_encapsulated=True),
    Port(
        "ah", AH, 0, (GATEWAY,), REMOTE, "IPsec, as upstream opens it", drivers=(LIBRESWAN,), unless_encapsulated=True
    ),
    Port("vxlan", UDP, 4800, (GATEWAY, OTHER), CLUSTER, "between gateway and other nodes; not with OVN-Kubernetes"),
    Port("metrics", TCP, 32780, (GATEWAY,), CLUSTER, "metrics of the gateway on its host"),
    Port("globalnet-metrics", TCP, 32781, (GATEWAY,), CLUSTER, "metrics of Globalnet on its host", globalnet=True),
    Port("old-metrics", TCP, 8080, (GATEWAY,), CLUSTER, "metrics of the gateway on its host", before="0.19.0"),
    Port(
        "old-globalnet-metrics",
        TCP,
        8081,
        (GATEWAY,),
        CLUSTER,
        "metrics of Globalnet on its host",
        before="0.19.0",
        globalnet=True,
    ),
    Port("broker", TCP, 6443, (), OUTSIDE, "API server of the broker (or 443); preflight tries it from a pod"),
    Port("public-address", TCP, 443, (), OUTSIDE, "services that tell a public address, unless air-gapped"),
)
BY_NAME = {port.name: port for port in PORTS}
OPENED = tuple(port.name for port in PORTS if port.nodes)


@dataclass(frozen=True)
class Settings:
    """What decides which rows hold for a node; C(version) empty means the newest."""

    node_role: str = ANY
    cable_driver: str = ""
    version: str = ""
    globalnet: bool = False
    force_udp_encaps: bool = False
    natt_port: int = 4500
    nat_discovery_port: int = 4490
    without: t.Sequence[str] = ()
    sources: t.Sequence[str] = field(default=())
    internal_sources: t.Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        for what, value, known in (
            ("submariner_node_role", self.node_role, NODE_ROLES),
            ("submariner_cable_driver", self.cable_driver or DEFAULT_DRIVER, DRIVERS),
            *(("submariner_firewall_without", name, OPENED) for name in self.without),
        ):
            if value not in known:
                raise ValueError(f"{what}: '{value}' is none of {', '.join(known)}")
        for what, number in (
            ("submariner_nattport", self.natt_port),
            ("submariner_nat_discovery_port", self.nat_discovery_port),
        ):
            if not 0 < number < 65536:
                raise ValueError(f"{what}: {number} is no port; use one from 1 to 65535")

    def number(self, port: Port) -> int:
        return {NATT: self.natt_port, DISCOVERY: self.nat_discovery_port}.get(port.name, port.number)


def needed(settings: Settings) -> list[Port]:
    """The rows that a node with these settings has to let in."""
    return [port for port in PORTS if _holds(port, settings)]


def _holds(port: Port, settings: Settings) -> bool:
    roles = (GATEWAY, OTHER) if settings.node_role == ANY else (settings.node_role,)
    return (
        bool(set(roles) & set(port.nodes))
        and port.name not in settings.without
        and (settings.cable_driver or DEFAULT_DRIVER) in port.drivers
        and (settings.globalnet or not port.globalnet)
        and not (settings.force_udp_encaps and port.unless_encapsulated)
        and (not port.before or _older(settings.version, port.before))
    )


def _older(version: str, than: str) -> bool:
    number = version_number(version)
    return bool(number) and number < version_number(than)


def rules(settings: Settings) -> list[str]:
    """One rule for each row and source: protocol, port or '-', network or 'any'."""
    networks = {
        REMOTE: _networks("submariner_firewall_sources", settings.sources),
        CLUSTER: _networks("submariner_firewall_internal_sources", settings.internal_sources),
    }
    return [
        f"{port.protocol} {settings.number(port) or '-'} {network}"
        for port in needed(settings)
        for network in networks[port.source]
    ]


def _networks(option: str, values: t.Sequence[str]) -> list[str]:
    """Networks as every backend writes them; a single address is a network of its own, and one that holds all is any."""
    found: list[str] = []
    for value in values:
        try:
            network = ipaddress.ip_network(str(value).strip(), strict=True)
        except ValueError as error:
            raise ValueError(f"{option}: {error}; use addresses or networks such as 192.0.2.0/24") from None
        if "%" in str(network):
            raise ValueError(f"{option}: '{network}' has a zone, which no firewall takes; use an address without it")
        # Firewalls show such a rule without its source, so that it would not be known again.
        found.append(str(network) if network.prefixlen else ANY)
    return list(dict.fromkeys(found)) or [ANY]


def nftables(wanted: t.Sequence[str], chains: t.Sequence[str]) -> list[str]:
    """The rules in the words of nftables, each with its chain (family, table and name); a family takes its own networks."""
    return [
        f"{chain} {match}" for chain in chains for rule in wanted for match in _matches(chain.split()[0], *rule.split())
    ]


def _matches(family: str, protocol: str, number: str, network: str) -> list[str]:
    what = f"meta l4proto {protocol}" if number == "-" else f"{protocol} dport {number}"
    if network == ANY:
        return [what]
    of_network = "ip6" if ":" in network else "ip"
    return [f"{of_network} saddr {network} {what}"] if family in ("inet", "netdev", "bridge", of_network) else []


def row(port: Port) -> str:
    """The port's line in the README of the role."""
    what = f"{port.protocol.upper()} {port.number or ''}".strip()
    if port.option:
        what = f"{port.protocol.upper()} `{port.option}` ({port.number})"
    conditions = [
        f"cable driver {' or '.join(port.drivers)}" if port.drivers != DRIVERS else "",
        "not with `submariner_force_udp_encaps`" if port.unless_encapsulated else "",
        "with `submariner_globalnet`" if port.globalnet else "",
        f"before {port.before}" if port.before else "",
        "" if port.nodes else "not opened: nothing comes in",
    ]
    nodes = {(GATEWAY,): "gateways", (GATEWAY, OTHER): "every node"}.get(port.nodes, "")
    when = ", ".join(words for words in conditions if words) or ("always" if port.nodes else "")
    return f"| `{port.name}` | {what} | {nodes} | {port.source} | {when} | {port.meaning} |"


def table() -> str:
    """The whole table, as it stands in the README of the role."""
    head = "| name | what | received by | from | when | for |\n|---|---|---|---|---|---|\n"
    return head + "".join(f"{row(port)}\n" for port in PORTS)
