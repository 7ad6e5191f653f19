# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the route agent does to its node as Endpoints come and go. Driven by events, as the real one: an Endpoint
that goes takes its networks' routes and rules along, even where another one has the same networks."""

from __future__ import annotations

import logging

from tests.simulator import names
from tests.simulator.endpoints import overlaps
from tests.simulator.gateway import cable
from tests.simulator.kube import Object
from tests.simulator.netlink import VXLAN_OVERHEAD, Interface, Netlink, NetworkError, set_sysctl, vtep_address
from tests.simulator.routeagent import packetfilter

VXLAN_ID = 100
VTEP_PREFIX = 240
TABLE = 150

log = logging.getLogger("dataplane")


class Dataplane:
    """The node's part of the way between clusters."""

    def __init__(
        self,
        netlink: Netlink,
        hostname: str,
        cluster_id: str,
        cluster_cidr: str,
        service_cidr: str,
        globalnet: bool = False,
    ) -> None:
        self.netlink = netlink
        self.hostname = hostname
        self.cluster_id = cluster_id
        self.cluster_cidr = cluster_cidr
        self.service_cidr = service_cidr
        self.globalnet = globalnet
        self.cni: Interface | None = None
        self.on_gateway = False
        self.active_hostname = ""  # of the Endpoint that vx-submariner serves
        self.gateway_vtep = ""
        self.nodes: set[str] = set()
        self.remotes: dict[str, Object] = {}  # Endpoint name -> spec

    @property
    def remote_networks(self) -> list[str]:
        return list(dict.fromkeys(network for spec in self.remotes.values() for network in spec["subnets"]))

    async def init(self) -> None:
        """Chains and sets. Without a CNI interface host networking stays off. Globalnet has a fixed MSS."""
        try:
            self.cni = await self.netlink.cni_interface(self.cluster_cidr)
            set_sysctl(self.cni.name, "rp_filter", "2")
        except NetworkError as error:
            log.error("Error discovering the CNI interface: %s", error)
        mss = (await self.netlink.default_interface()).mtu - VXLAN_OVERHEAD if self.globalnet else 0
        packetfilter.install(self.cni.address if self.cni else "", mss)

    async def endpoint(self, kind: str, item: Object) -> None:
        """An Endpoint came, changed or went."""
        name, spec = item["metadata"]["name"], item["spec"]
        if spec["cluster_id"] == self.cluster_id:
            await (self._local_removed(spec) if kind == "DELETED" else self._local(spec))
        elif kind == "DELETED":
            await self._remote_removed(name, spec)
        else:
            await self._remote(name, spec)

    async def node(self, kind: str, item: Object) -> None:
        """A node came or went; the gateway's link sends to all of them."""
        addresses = [a["address"] for a in item["status"].get("addresses", []) if a["type"] == "InternalIP"]
        for address in addresses[:1]:
            if kind == "DELETED":
                self.nodes.discard(address)
            elif address not in self.nodes:
                self.nodes.add(address)
            else:
                continue
            index = await self.netlink.link_index(packetfilter.LINK)
            if self.on_gateway and index is not None:
                forward = self.netlink.delete_forwarding if kind == "DELETED" else self.netlink.add_forwarding
                await forward(index, address)

    async def _local(self, spec: Object) -> None:
        for network in (*spec["subnets"], self.cluster_cidr):
            packetfilter.set_entry(packetfilter.LOCAL_CIDRS, network, present=True)
        if spec["hostname"] == self.hostname:
            if not self.on_gateway:
                self.on_gateway = True
                await self._become_gateway()
        else:
            if self.on_gateway:
                self.on_gateway = False
                await self._leave_gateway()
            await self._follow_gateway(spec)

    async def _become_gateway(self) -> None:
        index = await self.netlink.link_index(packetfilter.LINK)
        if index is not None:
            for network in self.remote_networks:
                await self.netlink.delete_route(network, oif=index)
        self.active_hostname = self.hostname
        index = await self._link()
        for address in self.nodes:
            await self.netlink.add_forwarding(index, address)
        await self.netlink.ensure_rule(TABLE)
        await self._host_routes(self.remote_networks, present=True)
        log.info("this node is the gateway")

    async def _leave_gateway(self) -> None:
        await self.netlink.flush_table(TABLE)
        await self.netlink.delete_rule(TABLE)
        await self.netlink.delete_link(cable.LINK)
        await self.netlink.flush_table(cable.TABLE)
        log.info("this node is no longer the gateway")

    async def _follow_gateway(self, spec: Object) -> None:
        if self.active_hostname and self.active_hostname != spec["hostname"]:
            await self.netlink.delete_link(packetfilter.LINK)
        self.active_hostname = spec["hostname"]
        self.gateway_vtep = vtep_address(spec["private_ip"], VTEP_PREFIX)
        index = await self._link(group=spec["private_ip"])
        for network in self.remote_networks:
            await self._pod_route(index, network)

    async def _local_removed(self, spec: Object) -> None:
        for network in (*spec["subnets"], self.cluster_cidr):
            packetfilter.set_entry(packetfilter.LOCAL_CIDRS, network, present=False)
        if self.active_hostname != spec["hostname"]:
            return
        await self.netlink.delete_link(packetfilter.LINK)
        self.active_hostname = ""
        self.gateway_vtep = ""
        if self.on_gateway:
            self.on_gateway = False
            await self._leave_gateway()

    async def _remote(self, name: str, spec: Object) -> None:
        if overlaps(spec["subnets"], [self.service_cidr, self.cluster_cidr]):
            log.error("overlappingSubnets for new remote %s", name)
            return
        self.remotes[name] = spec
        for network in spec["subnets"]:
            packetfilter.set_entry(packetfilter.REMOTE_CIDRS, network, present=True)
            packetfilter.allow(self.cluster_cidr, network, present=True)
        if self.on_gateway:
            await self._host_routes(spec["subnets"], present=True)
        elif self.gateway_vtep:
            index = await self.netlink.link_index(packetfilter.LINK)
            for network in spec["subnets"] if index is not None else ():
                await self._pod_route(index, network)

    async def _remote_removed(self, name: str, spec: Object) -> None:
        if self.remotes.pop(name, None) is None:
            return
        for network in spec["subnets"]:
            packetfilter.set_entry(packetfilter.REMOTE_CIDRS, network, present=False)
            packetfilter.allow(self.cluster_cidr, network, present=False)
        if self.on_gateway:
            await self._host_routes(spec["subnets"], present=False)
            return
        index = await self.netlink.link_index(packetfilter.LINK)
        for network in spec["subnets"] if index is not None else ():
            await self.netlink.delete_route(network, oif=index)

    async def _link(self, group: str = "") -> int:
        address = vtep_address((await self.netlink.default_interface()).address, VTEP_PREFIX)
        return await self.netlink.ensure_vxlan(
            packetfilter.LINK, VXLAN_ID, names.INTRA_CLUSTER_VXLAN_PORT, address, group
        )

    async def _pod_route(self, index: int | None, network: str) -> None:
        await self.netlink.replace_route(network, gateway=self.gateway_vtep, oif=index, proto="static")

    async def _host_routes(self, networks: list[str], present: bool) -> None:
        """On the gateway: the host's own traffic to remote networks, with the CNI's address as source."""
        if self.cni is None:
            return
        interface = await self.netlink.default_interface()
        for network in networks:
            if present:
                await self.netlink.replace_route(
                    network, oif=interface.index, prefsrc=self.cni.address, scope="link", proto="static", table=TABLE
                )
            else:
                await self.netlink.delete_route(network, oif=interface.index, table=TABLE)

    async def uninstall(self) -> None:
        """Links, table and rule of the route agent, then its chains and sets."""
        await self.netlink.flush_table(TABLE)
        await self.netlink.delete_rule(TABLE)
        await self.netlink.delete_link(packetfilter.LINK)
        packetfilter.uninstall()
