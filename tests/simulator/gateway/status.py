# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gateway object: what this gateway says about itself every five seconds."""

from __future__ import annotations

import asyncio
import logging
import time

from tests.simulator import crds, names
from tests.simulator.gateway.cable import Cable
from tests.simulator.kube import ApiError, Kube, Object, custom, faults
from tests.simulator.pinger import CONNECTED, ERROR, UNKNOWN, Pinger

UPDATE_SECONDS = 5
STALE_SECONDS = 15
FROZEN_FAULT = "gateway-frozen"
ERROR_FAULT = "connection-error"

log = logging.getLogger("status")


class Status:
    """Keeps the Gateway object; the active gateway also removes those that nobody keeps any more."""

    def __init__(self, kube: Kube, namespace: str, cable: Cable, pingers: dict[str, Pinger]) -> None:
        self.kube = kube
        self.cable = cable
        self.pingers = pingers
        self.collection = custom(crds.GATEWAYS, namespace)
        self.name = cable.local["hostname"].lower()
        self.active = False
        self.failure = ""
        self._faults: set[str] = set()

    async def run(self) -> None:
        while True:
            await self.update()
            await asyncio.sleep(UPDATE_SECONDS)

    async def update(self) -> None:
        try:
            self._faults = await faults(self.kube)
            if FROZEN_FAULT in self._faults:
                return
            await self._put()
            if self.active:
                await self._remove_stale()
        except ApiError as error:
            log.error("error creating/updating Gateway: %s", error)

    async def remove(self) -> None:
        try:
            await self.kube.delete(f"{self.collection}/{self.name}")
        except ApiError as error:
            log.error("%s", error)

    def connections(self) -> list[Object]:
        return [self._connection(endpoint["spec"]) for endpoint in self.cable.remotes.values()] if self.active else []

    def _connection(self, remote: Object) -> Object:
        connection: Object = {
            "endpoint": remote,
            "status": CONNECTED,
            "statusMessage": "",
            "usingIP": remote["private_ip"],
        }
        pinger = self.pingers.get(remote["cable_name"])
        if pinger:
            connection["latencyRTT"] = pinger.statistics.latency()
            if pinger.status == ERROR:
                connection["status"] = ERROR
            if pinger.status in (ERROR, UNKNOWN):
                connection["statusMessage"] = pinger.message
        if ERROR_FAULT in self._faults:
            connection |= {"status": ERROR, "statusMessage": f"fault {ERROR_FAULT} is on"}
        return connection

    async def _put(self) -> None:
        status = {
            "version": names.COMPONENT_VERSION,
            "haStatus": "active" if self.active else "passive",
            "localEndpoint": self.cable.local,
            "statusFailure": self.failure,
            "connections": self.connections(),
        }
        annotations = {names.UPDATE_TIMESTAMP: str(int(time.time()))}
        url = f"{self.collection}/{self.name}"
        existing = await self.kube.get(url)
        if existing is None:
            metadata = {"name": self.name, "annotations": annotations}
            body = {"apiVersion": crds.GATEWAYS.api_version, "kind": crds.GATEWAYS.kind, "metadata": metadata}
            await self.kube.create(self.collection, {**body, "status": status})
        else:
            existing["metadata"]["annotations"] = {**(existing["metadata"].get("annotations") or {}), **annotations}
            await self.kube.replace(url, {**existing, "status": status})

    async def _remove_stale(self) -> None:
        for gateway in await self.kube.list(self.collection):
            name = gateway["metadata"]["name"]
            stamp = (gateway["metadata"].get("annotations") or {}).get(names.UPDATE_TIMESTAMP, "")
            age = time.time() - int(stamp) if stamp.isdigit() else float("inf")
            if name != self.name and age >= STALE_SECONDS:
                await self.kube.delete(f"{self.collection}/{name}")
                log.warning("Deleted stale gateway: %s", name)
