# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The RouteAgent object: what this node sees of the remote endpoints, once a minute."""

from __future__ import annotations

import asyncio
import logging

from tests.simulator import crds, names
from tests.simulator.kube import ApiError, Kube, Object, custom
from tests.simulator.pinger import CONNECTED, Pinger
from tests.simulator.routeagent.dataplane import Dataplane

UPDATE_SECONDS = 60
INTERVAL_FACTOR = 60  # the gateway's ping interval times this

log = logging.getLogger("status")


class Status:
    """Pings from nodes that are no gateway; the gateway itself does not."""

    def __init__(
        self, kube: Kube, dataplane: Dataplane, namespace: str, node: str, enabled: bool, interval: float, max_lost: int
    ) -> None:
        self.kube = kube
        self.dataplane = dataplane
        self.collection = custom(crds.ROUTE_AGENTS, namespace)
        self.node = node
        self.enabled = enabled
        self.interval = interval * INTERVAL_FACTOR
        self.max_lost = max_lost
        self.pingers: dict[str, Pinger] = {}

    def follow(self) -> None:
        """Ping what has to be pinged now."""
        wanted = {}
        if self.enabled and not self.dataplane.on_gateway:
            remotes = self.dataplane.remotes.values()
            wanted = {spec["cable_name"]: spec["healthCheckIP"] for spec in remotes if spec["healthCheckIP"]}
        for cable, pinger in list(self.pingers.items()):
            if wanted.get(cable) != pinger.address:
                self.pingers.pop(cable).stop()
        for cable, address in wanted.items():
            if cable not in self.pingers:
                self.pingers[cable] = Pinger(address, self.interval, self.max_lost)
                self.pingers[cable].start()

    async def run(self) -> None:
        while True:
            await self.write()
            await asyncio.sleep(UPDATE_SECONDS)

    async def write(self) -> None:
        status = {
            "version": names.COMPONENT_VERSION,
            "statusFailure": "",
            "remoteEndpoints": [self._remote(spec) for spec in self.dataplane.remotes.values()],
        }
        url = f"{self.collection}/{self.node}"
        try:
            existing = await self.kube.get(url)
            if existing is not None:
                await self.kube.replace(url, {**existing, "status": status})
                return
            head = {"apiVersion": crds.ROUTE_AGENTS.api_version, "kind": crds.ROUTE_AGENTS.kind}
            await self.kube.create(self.collection, {**head, "metadata": {"name": self.node}, "status": status})
        except ApiError as error:
            log.error("error creating/updating RouteAgent: %s", error)

    async def remove(self) -> None:
        try:
            await self.kube.delete(f"{self.collection}/{self.node}")
        except ApiError as error:
            log.error("Error deleting RouteAgent: %s", error)

    def _remote(self, spec: Object) -> Object:
        result: Object = {"spec": spec, "status": "none", "statusMessage": ""}
        pinger = self.pingers.get(spec["cable_name"])
        if not self.enabled:
            result["statusMessage"] = "Health check is not enabled"
        elif self.dataplane.on_gateway:
            result["statusMessage"] = "Health check is not performed on gateway nodes"
        elif pinger is None:
            result["statusMessage"] = "Health checker IP is not configured"
        else:
            result["status"] = pinger.status
            result["statusMessage"] = pinger.message
            if pinger.status == CONNECTED:
                result["latencyRTT"] = pinger.statistics.latency()
        return result
