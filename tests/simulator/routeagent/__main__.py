# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated route agent."""

from __future__ import annotations

import asyncio
import logging
import os
import socket

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, path
from tests.simulator.netlink import Netlink, NetworkError
from tests.simulator.routeagent.dataplane import Dataplane
from tests.simulator.routeagent.status import Status

log = logging.getLogger("routeagent")


async def main() -> None:
    kube = Kube.in_cluster()
    node = os.environ["NODE_NAME"]
    if os.environ.get("SUBMARINER_WAITFORNODE") == "true":
        await wait_for_node(kube, node)
        return
    namespace = os.environ["SUBMARINER_NAMESPACE"]
    async with Netlink() as netlink:
        dataplane = Dataplane(
            netlink,
            socket.gethostname(),
            os.environ["SUBMARINER_CLUSTERID"],
            os.environ["SUBMARINER_CLUSTERCIDR"],
            os.environ["SUBMARINER_SERVICECIDR"],
            bool(os.environ.get("SUBMARINER_GLOBALCIDR")),
        )
        status = Status(
            kube,
            dataplane,
            namespace,
            node,
            os.environ.get("SUBMARINER_HEALTHCHECKENABLED") == "true",
            float(os.environ.get("SUBMARINER_HEALTHCHECKINTERVAL", "1")),
            int(os.environ.get("SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT", "5")),
        )
        try:
            await dataplane.init()
            if os.environ.get(names.UNINSTALL_ENV) == "true":
                await uninstall(dataplane, status)
            else:
                await run(kube, namespace, dataplane, status)
        except NetworkError as error:
            raise Fatal(str(error)) from error


async def run(kube: Kube, namespace: str, dataplane: Dataplane, status: Status) -> None:
    async def endpoint_changed(kind: str, item: Object) -> None:
        was_gateway = dataplane.on_gateway
        await dataplane.endpoint(kind, item)
        status.follow()
        if dataplane.on_gateway and not was_gateway:
            await status.write()

    nodes = Follower(kube, path("v1", "nodes"), dataplane.node)
    endpoints = Follower(kube, custom(crds.ENDPOINTS, namespace), endpoint_changed)
    try:
        await asyncio.gather(nodes.run(), endpoints.run(), status.run())
    finally:
        await status.remove()


async def uninstall(dataplane: Dataplane, status: Status) -> None:
    """Errors are only logged: ready does not mean clean. The RouteAgent that was seen afterwards knows no remotes."""
    log.info("Uninstalling the submariner route agent")
    await status.remove()
    await status.write()
    await dataplane.uninstall()


async def wait_for_node(kube: Kube, name: str) -> None:
    """Until the node is ready, for ever."""
    while True:
        try:
            node = await kube.get(path("v1", "nodes", name=name)) or {}
            for condition in (node.get("status") or {}).get("conditions", []):
                if condition["type"] == "Ready" and condition["status"] == "True":
                    log.info("Node ready")
                    return
            log.info("Node not ready, waiting")
        except ApiError as error:
            log.error("%s", error)
        await asyncio.sleep(1)


if __name__ == "__main__":
    component.banner(names.ROUTE_AGENT)
    component.run(main())
