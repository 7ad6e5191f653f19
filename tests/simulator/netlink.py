# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links, addresses, routes, rules and forwarding entries of the node, by netlink; and its sysctls."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroute2 import AsyncIPRoute  # type: ignore[import-untyped]
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]

VXLAN_OVERHEAD = 50
BROADCAST_MAC = "00:00:00:00:00:00"  # the entry for every destination
MISSING = (2, 3, 19)  # ENOENT, ESRCH, ENODEV
EXISTS = 17
ANY_SCOPE = 255

log = logging.getLogger("netlink")


class NetworkError(Exception):
    """The node's network is not as it has to be."""


@dataclass(frozen=True)
class Interface:
    """An interface with its first IPv4 address."""

    index: int
    name: str
    mtu: int
    address: str


def vtep_address(address: str, prefix: int) -> str:
    """The node's address with another first byte: its address inside a vxlan."""
    return ".".join([str(prefix), *address.split(".")[1:]])


def set_sysctl(interface: str, key: str, value: str) -> None:
    file = Path(f"/proc/sys/net/ipv4/conf/{interface}/{key}")
    if file.read_text().strip() != value:
        file.write_text(value)


class Netlink:
    """The network namespace that this process runs in, which is the node's."""

    def __init__(self) -> None:
        self._ip: Any = None

    async def __aenter__(self) -> Netlink:
        self._ip = await AsyncIPRoute().__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._ip.__aexit__(*error)

    async def default_interface(self) -> Interface:
        """The interface of the default route."""
        async for route in await self._ip.get_routes(family=2, table=254):
            if route["dst_len"] == 0 and route.get("oif"):
                return await self._interface(route.get("oif"))
        raise NetworkError("Unable to find the default interface on host")

    async def cni_interface(self, cluster_cidr: str) -> Interface:
        """The interface whose address is in the pods' network."""
        network = ipaddress.ip_network(cluster_cidr)
        async for entry in await self._ip.get_addr(family=2):
            if ipaddress.ip_address(entry.get("address")) in network:
                return await self._interface(entry["index"])
        raise NetworkError(f"error getting CNI Interface IP address: no interface in {cluster_cidr}")

    async def _interface(self, index: int) -> Interface:
        link = await self._link(index)
        addresses = [item.get("address") async for item in await self._ip.get_addr(family=2, index=index)]
        if not addresses:
            raise NetworkError(f"interface {link.get('ifname')} has no IPv4 address")
        return Interface(index, link.get("ifname"), link.get("mtu"), addresses[0])

    async def _link(self, index: int) -> Any:
        async for link in await self._ip.get_links(index):
            return link
        raise NetworkError(f"interface {index} vanished")

    async def link_index(self, name: str) -> int | None:
        found = await self._ip.link_lookup(ifname=name)
        return int(found[0]) if found else None

    async def ensure_vxlan(self, name: str, identifier: int, port: int, address: str, group: str = "") -> int:
        """The vxlan link, made again when it is there with other properties; up and with its address."""
        parent = await self.default_interface()
        index = await self.link_index(name)
        if index is not None and not await self._is_vxlan(index, identifier, port, group):
            await self.delete_link(name)
            index = None
        if index is None:
            properties: dict[str, Any] = {"vxlan_id": identifier, "vxlan_port": port, "vxlan_learning": False}
            if group:
                properties["vxlan_group"] = group
            await self._ip.link("add", ifname=name, kind="vxlan", mtu=parent.mtu - VXLAN_OVERHEAD, **properties)
            index = await self.link_index(name)
            if index is None:
                raise NetworkError(f"interface {name} vanished")
        await self._ip.link("set", index=index, state="up")
        await self._ignore(EXISTS, self._ip.addr("add", index=index, address=address, prefixlen=8))
        set_sysctl(name, "rp_filter", "2")
        set_sysctl(name, "forwarding", "1")
        return index

    async def _is_vxlan(self, index: int, identifier: int, port: int, group: str) -> bool:
        link = await self._link(index)
        info = link.get("linkinfo")
        data = info.get("data") if info else None
        if not data or info.get("kind") != "vxlan":
            return False
        have = (data.get("vxlan_id"), data.get("vxlan_port"), data.get("vxlan_group") or "")
        return bool(have == (identifier, port, group))

    async def delete_link(self, name: str) -> bool:
        """True when it was there. Its routes go with it."""
        index = await self.link_index(name)
        if index is None:
            return False
        await self._ignore(MISSING, self._ip.link("del", index=index))
        return True

    async def add_forwarding(self, index: int, destination: str) -> None:
        await self._ignore(EXISTS, self._ip.fdb("append", ifindex=index, lladdr=BROADCAST_MAC, dst=destination))

    async def delete_forwarding(self, index: int, destination: str) -> None:
        await self._ignore(MISSING, self._ip.fdb("del", ifindex=index, lladdr=BROADCAST_MAC, dst=destination))

    async def replace_route(self, destination: str, **properties: Any) -> None:
        await self._ip.route("replace", dst=destination, **properties)

    async def delete_route(self, destination: str, **properties: Any) -> None:
        await self._ignore(MISSING, self._ip.route("del", dst=destination, scope=ANY_SCOPE, **properties))

    async def flush_table(self, table: int) -> None:
        await self._ignore(MISSING, self._ip.flush_routes(family=2, table=table))

    async def ensure_rule(self, table: int) -> None:
        """Everybody looks into the table; the priority is the table's number."""
        if not await self._has_rule(table):
            await self._ip.rule("add", table=table, priority=table)

    async def delete_rule(self, table: int) -> None:
        if await self._has_rule(table):
            await self._ignore(MISSING, self._ip.rule("del", table=table, priority=table))

    async def _has_rule(self, table: int) -> bool:
        async for rule in await self._ip.get_rules(family=2):
            if rule.get("table") == table and rule.get("priority") == table:
                return True
        return False

    async def _ignore(self, codes: int | tuple[int, ...], request: Any) -> None:
        try:
            await request
        except NetlinkError as error:
            if error.code not in (codes if isinstance(codes, tuple) else (codes,)):
                raise
