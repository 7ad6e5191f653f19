# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and Endpoints through the broker: own ones go there with our label, others come here with theirs."""

from __future__ import annotations

import asyncio
import ipaddress
import logging

from tests.simulator import crds, names
from tests.simulator.endpoints import endpoint_name, overlaps, same_gateway
from tests.simulator.gateway.settings import Settings
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom

RETRY_SECONDS = 3

log = logging.getLogger("sync")


def origin(item: Object) -> str:
    """The cluster that an object was copied from; empty for an object made here."""
    return str((item["metadata"].get("labels") or {}).get(names.CLUSTER_ID_LABEL, ""))


def _record(kind: Object, metadata: Object, spec: Object) -> Object:
    return {"apiVersion": kind["apiVersion"], "kind": kind["kind"], "metadata": metadata, "spec": spec}


class Syncer:
    """Runs in the active gateway only. There is no periodic resync."""

    def __init__(self, local: Kube, broker: Kube, settings: Settings, endpoint: Object, cluster: Object) -> None:
        self.local = local
        self.broker = broker
        self.settings = settings
        self.endpoint = endpoint
        self.cluster = cluster
        self.followers: dict[tuple[str, bool], Follower] = {}
        for definition in (crds.CLUSTERS, crds.ENDPOINTS):
            for from_broker in (False, True):
                self.followers[definition.plural, from_broker] = self._follower(definition, from_broker)

    def _follower(self, definition: crds.Definition, from_broker: bool) -> Follower:
        here = custom(definition, self.settings.namespace)
        there = custom(definition, self.settings.broker_namespace)

        async def outwards(kind: str, item: Object) -> None:
            if not origin(item):
                await self._copy(kind, item, self.broker, there, self.settings.cluster_id)

        async def inwards(kind: str, item: Object) -> None:
            source = origin(item)
            if source and source != self.settings.cluster_id and not self._skip(definition, item):
                await self._copy(kind, item, self.local, here, source)

        if from_broker:
            return Follower(self.broker, there, inwards)
        return Follower(self.local, here, outwards)

    def _skip(self, definition: crds.Definition, item: Object) -> bool:
        if definition is not crds.ENDPOINTS or not overlaps(item["spec"]["subnets"], self.endpoint["subnets"]):
            return False
        log.error("Skip processing the remote endpoint %s as subnets are overlapping", item["metadata"]["name"])
        return True

    async def _copy(self, kind: str, item: Object, to: Kube, collection: str, source: str) -> None:
        """Carry one change over, however long it takes: events come in order and none may be lost."""
        while True:
            try:
                return await self._copy_once(kind, item, to, collection, source)
            except ApiError as error:
                log.warning("%s", error)
                if error.status == 404:  # the namespace or the definition is gone
                    return None
                await asyncio.sleep(RETRY_SECONDS)

    async def _copy_once(self, kind: str, item: Object, to: Kube, collection: str, source: str) -> None:
        name = item["metadata"]["name"]
        url = f"{collection}/{name}"
        direction = "broker -> local" if to is self.local else "local -> broker"
        if kind == "DELETED":
            if await to.delete(url):
                log.info("%s: Deleted %s %s", direction, item["kind"], name)
            return
        existing = await to.get(url)
        labels = {names.CLUSTER_ID_LABEL: source}
        if existing is None:
            await to.create(collection, _record(item, {"name": name, "labels": labels}, item["spec"]))
            log.info("%s: Created %s %s", direction, item["kind"], name)
        elif existing["spec"] != item["spec"] or origin(existing) != source:
            existing["metadata"]["labels"] = {**(existing["metadata"].get("labels") or {}), **labels}
            await to.replace(url, {**existing, "spec": item["spec"]})
            log.info("%s: Updated %s %s", direction, item["kind"], name)

    async def run(self) -> None:
        """Follow both sides, reconcile once, then make our own records. Ends only by cancellation or ApiError."""
        tasks = [asyncio.create_task(follower.run()) for follower in self.followers.values()]
        try:
            for follower in self.followers.values():
                await follower.listed.wait()
            await self._reconcile()
            await self._remove_other_own_endpoints()
            await self._put(crds.CLUSTERS, self.settings.cluster_id, self.cluster)
            await self._put(crds.ENDPOINTS, endpoint_name(self.endpoint), self.endpoint)
            if self.settings.global_cidr:
                gateways = Follower(self.local, custom(crds.GATEWAYS, self.settings.namespace), self._gateway_changed)
                tasks.append(asyncio.create_task(gateways.run()))
            log.info("Datastore syncer started")
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _reconcile(self) -> None:
        """Copies here without an original on the broker go, and our records there without an original here."""
        for definition in (crds.ENDPOINTS, crds.CLUSTERS):
            here = self.followers[definition.plural, False].known
            there = self.followers[definition.plural, True].known
            for name, item in list(here.items()):
                if origin(item) and name not in there:
                    await self.local.delete(custom(definition, self.settings.namespace, name))
                    log.info("broker -> local: Deleted %s %s", definition.kind, name)
            for name, item in list(there.items()):
                if origin(item) == self.settings.cluster_id and name not in here:
                    await self.broker.delete(custom(definition, self.settings.broker_namespace, name))
                    log.info("local -> broker: Deleted %s %s", definition.kind, name)

    async def _remove_other_own_endpoints(self) -> None:
        log.info("Ensuring we are the only endpoint active for this cluster")
        for name, item in list(self.followers[crds.ENDPOINTS.plural, False].known.items()):
            if item["spec"]["cluster_id"] == self.settings.cluster_id and not same_gateway(item["spec"], self.endpoint):
                await self.local.delete(custom(crds.ENDPOINTS, self.settings.namespace, name))
                log.info("Successfully deleted existing submariner Endpoint %s", name)

    async def _gateway_changed(self, _kind: str, item: Object) -> None:
        """Globalnet gives our node an address in our global network: there others ping us from then on."""
        address = (item["metadata"].get("annotations") or {}).get(names.GLOBAL_IP, "")
        if item["metadata"]["name"] != self.endpoint["hostname"].lower() or not address:
            return
        if ipaddress.ip_address(address) not in ipaddress.ip_network(self.settings.global_cidr):
            return
        if self.endpoint["healthCheckIP"] != address:
            log.info("Updating the endpoint HealthCheckIP to globalIP %s", address)
            changed = {**self.endpoint, "healthCheckIP": address}
            await self._put(crds.ENDPOINTS, endpoint_name(changed), changed)
            self.endpoint.update(changed)  # the Gateway's status shows it too

    async def _put(self, definition: crds.Definition, name: str, spec: Object) -> None:
        url = custom(definition, self.settings.namespace, name)
        existing = await self.local.get(url)
        if existing is None:
            kind = {"apiVersion": definition.api_version, "kind": definition.kind}
            await self.local.create(custom(definition, self.settings.namespace), _record(kind, {"name": name}, spec))
        elif existing["spec"] != spec:
            await self.local.replace(url, {**existing, "spec": spec})


async def clean_up(local: Kube, broker: Kube, settings: Settings) -> None:
    """Delete every record here; of our own ones also the copy of the same name on the broker."""
    for definition in (crds.ENDPOINTS, crds.CLUSTERS):
        for item in await local.list(custom(definition, settings.namespace)):
            name = item["metadata"]["name"]
            await local.delete(custom(definition, settings.namespace, name))
            log.info("deleted %s %s here", definition.kind, name)
            if item["spec"]["cluster_id"] == settings.cluster_id:
                await broker.delete(custom(definition, settings.broker_namespace, name))
                log.info("deleted %s %s on the broker", definition.kind, name)
