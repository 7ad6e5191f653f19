# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan cable driver: one tunnel link for all remote clusters, routes in a table of its own."""

from __future__ import annotations

import logging
from typing import Any

from tests.simulator.kube import Object
from tests.simulator.netlink import Netlink, NetworkError, vtep_address

LINK = "vxlan-tunnel"
VXLAN_ID = 1000
VTEP_PREFIX = 241
TABLE = 100
METRIC = 100

log = logging.getLogger("vxlan")


class Cable:
    """The tunnels of the active gateway."""

    def __init__(self, netlink: Netlink, local: Object, cluster_cidr: str) -> None:
        self.netlink = netlink
        self.local = local
        self.cluster_cidr = cluster_cidr
        self.remotes: dict[str, Object] = {}  # cable name -> Endpoint object

    async def start(self) -> None:
        """The link, its address and the rule that leads to the routes."""
        await self._link()
        await self.netlink.ensure_rule(TABLE)

    async def _link(self) -> int:
        port = int(self.local["backend_config"]["udp-port"])
        address = vtep_address(self.local["private_ip"], VTEP_PREFIX)
        return await self.netlink.ensure_vxlan(LINK, VXLAN_ID, port, address)

    async def connect(self, endpoint: Object) -> None:
        """Tunnel to a remote endpoint. Of two endpoints of one cluster the younger wins."""
        spec = endpoint["spec"]
        for rival in [other for other in self.remotes.values() if other["spec"]["cluster_id"] == spec["cluster_id"]]:
            if rival["spec"]["cable_name"] == spec["cable_name"]:
                self.remotes[spec["cable_name"]] = endpoint
                if rival["spec"] == spec:
                    return
            elif endpoint["metadata"]["creationTimestamp"] < rival["metadata"]["creationTimestamp"]:
                log.info("endpoint %s is older than the timestamp of %s - not replacing", *names_of(endpoint, rival))
                return
            else:
                await self.disconnect(rival)
        index = await self._link()
        await self.netlink.add_forwarding(index, spec["private_ip"])
        properties: dict[str, Any] = {
            "gateway": vtep_address(spec["private_ip"], VTEP_PREFIX),
            "oif": index,
            "priority": METRIC,
            "table": TABLE,
            "proto": "boot",
        }
        try:
            properties["prefsrc"] = (await self.netlink.cni_interface(self.cluster_cidr)).address
        except NetworkError as error:
            log.error("host networking may not work: %s", error)
        for subnet in spec["subnets"]:
            await self.netlink.replace_route(subnet, **properties)
        self.remotes[spec["cable_name"]] = endpoint
        log.info("connected to %s", endpoint["metadata"]["name"])

    async def disconnect(self, endpoint: Object) -> None:
        spec = endpoint["spec"]
        if self.remotes.pop(spec["cable_name"], None) is None:
            return
        index = await self.netlink.link_index(LINK)
        if index is not None:
            await self.netlink.delete_forwarding(index, spec["private_ip"])
            for subnet in spec["subnets"]:
                await self.netlink.delete_route(subnet, oif=index, table=TABLE)
        log.info("disconnected from %s", endpoint["metadata"]["name"])


async def clean_up(netlink: Netlink) -> None:
    """Remove everything that the driver puts on a node."""
    await netlink.delete_link(LINK)
    await netlink.flush_table(TABLE)
    await netlink.delete_rule(TABLE)


def names_of(*objects: Object) -> list[str]:
    return [item["metadata"]["name"] for item in objects]
