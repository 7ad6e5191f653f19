# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated gateway engine."""

from __future__ import annotations

import asyncio
import logging
import os

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.election import Election, Terms
from tests.simulator.gateway import cable, sync
from tests.simulator.gateway.cable import Cable
from tests.simulator.gateway.settings import Settings, local_cluster, local_endpoint, node_options
from tests.simulator.gateway.status import Status
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, faults, path
from tests.simulator.netlink import Netlink
from tests.simulator.pinger import Pinger

NOT_READY_FAULT = "gateway-not-ready"

log = logging.getLogger("gateway")


class Gateway:
    """One gateway pod: passive until it gets the lease."""

    def __init__(self, settings: Settings, local: Kube, broker: Kube, netlink: Netlink, endpoint: Object) -> None:
        self.settings = settings
        self.local = local
        self.endpoint = endpoint
        self.cable = Cable(netlink, endpoint, settings.cluster_cidr)
        self.pingers: dict[str, Pinger] = {}
        self.status = Status(local, settings.namespace, self.cable, self.pingers)
        self.broker = broker

    async def run(self) -> None:
        await self._label("passive")
        status = asyncio.create_task(self.status.run())
        identity = f"{self.settings.hostname}-{names.GATEWAY}"
        election = Election(self.local, self.settings.namespace, names.GATEWAY_LOCK, identity, lease_terms())
        try:
            await election.run(self._lead, self._stop_leading)
        except ApiError as error:
            self.status.failure = str(error)
            await self.status.update()
            raise Fatal(str(error)) from error
        finally:
            status.cancel()
            await self.status.remove()

    async def _lead(self) -> None:
        await self.cable.start()
        self.status.active = True
        await self._label("active")
        syncer = sync.Syncer(self.local, self.broker, self.settings, self.endpoint, local_cluster(self.settings))
        tunnels = Follower(self.local, custom(crds.ENDPOINTS, self.settings.namespace), self._endpoint_changed)
        await asyncio.gather(syncer.run(), tunnels.run())

    async def _stop_leading(self) -> None:
        for pinger in self.pingers.values():
            pinger.stop()
        self.pingers.clear()
        self.cable.remotes.clear()
        self.status.active = False
        await self._label("passive")
        await self.status.update()

    async def _endpoint_changed(self, kind: str, item: Object) -> None:
        spec = item["spec"]
        if spec["cluster_id"] == self.settings.cluster_id:
            return
        pinger = self.pingers.get(spec["cable_name"])
        if kind == "DELETED" or (pinger and pinger.address != spec.get("healthCheckIP")):
            if pinger:
                self.pingers.pop(spec["cable_name"]).stop()
            pinger = None
        if kind == "DELETED":
            await self.cable.disconnect(item)
            return
        await self.cable.connect(item)
        if pinger is None and self.settings.health_check and spec.get("healthCheckIP"):
            pinger = Pinger(spec["healthCheckIP"], self.settings.ping_interval, self.settings.max_packet_loss)
            self.pingers[spec["cable_name"]] = pinger
            pinger.start()

    async def _label(self, status: str) -> None:
        labels = {names.GATEWAY_POD_NODE_LABEL: self.settings.node_name, names.GATEWAY_STATUS_LABEL: status}
        url = path("v1", "pods", self.settings.namespace, self.settings.pod_name)
        try:
            await self.local.merge(url, {"metadata": {"labels": labels}})
        except ApiError as error:
            log.warning("Error updating pod label: %s", error)


def lease_terms() -> Terms:
    """As the environment says, or the defaults."""

    def seconds(name: str, default: int) -> int:
        return int(os.environ.get(f"LEADERSHIP_{name}", default))

    return Terms(seconds("LEASEDURATION", 15), seconds("RENEWDEADLINE", 10), seconds("RETRYPERIOD", 2))


async def main() -> None:
    settings = Settings.from_environment()
    local = Kube.in_cluster()
    broker = Kube.broker_from_environment()
    if not settings.uninstall and NOT_READY_FAULT in await faults(local):
        raise Fatal(f"fault {NOT_READY_FAULT} is on")
    if settings.cable_driver != "vxlan":
        raise Fatal(f"cable driver {settings.cable_driver} is not simulated: join with --cable-driver vxlan")
    async with Netlink() as netlink:
        options = await node_options(local, settings.node_name)
        endpoint = await local_endpoint(local, settings, options, netlink)
        # Before anything is cleaned: a lost broker was seen to leave the tunnel on the node.
        try:
            await broker.list(custom(crds.ENDPOINTS, settings.broker_namespace))
        except ApiError as error:
            raise Fatal(f"error authorizing access to the broker API server: {error}") from error
        if settings.uninstall:
            await uninstall(settings, local, broker, netlink, endpoint)
        else:
            await Gateway(settings, local, broker, netlink, endpoint).run()


async def uninstall(settings: Settings, local: Kube, broker: Kube, netlink: Netlink, endpoint: Object) -> None:
    log.info("Uninstalling the submariner gateway engine")
    try:
        await local.delete(custom(crds.GATEWAYS, settings.namespace, endpoint["hostname"].lower()))
        await cable.clean_up(netlink)
        await sync.clean_up(local, broker, settings)
    except ApiError as error:
        raise Fatal(f"Error cleaning up the datastore: {error}") from error


if __name__ == "__main__":
    component.banner(names.GATEWAY)
    component.run(main())
