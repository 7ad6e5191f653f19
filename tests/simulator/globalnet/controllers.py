# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets which global address. Runs on the active gateway node, while it holds the lease."""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

from tests.simulator import crds, names
from tests.simulator.globalnet import records, rules
from tests.simulator.globalnet.pool import Pool
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, full_name, path
from tests.simulator.workqueue import Again, WorkQueue

log = logging.getLogger("controllers")


class Site(NamedTuple):
    """What the controllers have to know about their cluster and node."""

    namespace: str
    hostname: str
    networks: tuple[str, ...]  # of pods and services
    cni_ip: str


class Controllers:
    """Made anew each time that the node becomes the active gateway: what was given is read from the objects."""

    def __init__(self, kube: Kube, site: Site, global_cidr: str) -> None:
        self.kube = kube
        self.site = site
        self.pool = Pool(global_cidr)
        self.queue: WorkQueue[tuple[str, str]] = WorkQueue(self._work)
        self.gateways = Follower(kube, custom(crds.GATEWAYS, site.namespace), self._gateway_changed)
        self.exports = Follower(kube, custom(crds.SERVICE_EXPORTS), self._export_changed)
        self.services = Follower(kube, path("v1", "services"), self._service_changed)
        self.requests = Follower(kube, custom(crds.GLOBAL_INGRESS_IPS), self._request_changed)
        self._given: dict[str, str] = {}  # full name of a GlobalIngressIP -> its address

    async def run(self) -> None:
        rules.install()
        await self._reserve()
        followers = (self.gateways, self.exports, self.services, self.requests)
        await asyncio.gather(self._work_when_all_is_known(followers), *(follower.run() for follower in followers))

    async def _work_when_all_is_known(self, followers: tuple[Follower, ...]) -> None:
        for follower in followers:
            await follower.listed.wait()
        await self.queue.run()

    async def _reserve(self) -> None:
        """Keep the addresses that were given before."""
        egress = await self.kube.get(custom(crds.CLUSTER_GLOBAL_EGRESS_IPS, name=records.EGRESS_NAME))
        self.pool.reserve(_egress_addresses(egress))
        self.queue.add(("egress", records.EGRESS_NAME))
        for gateway in await self.kube.list(custom(crds.GATEWAYS, self.site.namespace)):
            address = _global_ip(gateway)
            if address and self.pool.reserve([address]) and gateway["metadata"]["name"] == self.site.hostname:
                rules.health_check(address, self.site.cni_ip, present=True)
        for request in await self.kube.list(custom(crds.GLOBAL_INGRESS_IPS)):
            address = (request.get("status") or {}).get("allocatedIP", "")
            if address and self.pool.reserve([address]):
                self._given[full_name(request)] = address
            self.queue.add(("export", full_name(request)))

    async def _gateway_changed(self, kind: str, item: Object) -> None:
        if kind == "DELETED":
            self.pool.release([address] if (address := _global_ip(item)) else [])
        elif item["metadata"]["name"] == self.site.hostname and not _global_ip(item) and self.site.cni_ip:
            self.queue.add(("gateway", item["metadata"]["name"]))

    async def _export_changed(self, _kind: str, item: Object) -> None:
        self.queue.add(("export", full_name(item)))

    async def _service_changed(self, _kind: str, item: Object) -> None:
        if full_name(item) in self.requests.known:
            self.queue.add(("request", full_name(item)))

    async def _request_changed(self, _kind: str, item: Object) -> None:
        self.queue.add(("request", full_name(item)))

    async def _work(self, key: tuple[str, str]) -> None:
        kind, name = key
        namespace, _slash, service = name.partition("/")
        if kind == "egress":
            await self._cluster_egress()
        elif kind == "gateway":
            await self._annotate(name)
        elif kind == "export":
            await self._export(namespace, service)
        else:
            await self._request(namespace, service)

    async def _cluster_egress(self) -> None:
        """The addresses with which pods without one of their own go out."""
        url = custom(crds.CLUSTER_GLOBAL_EGRESS_IPS, name=records.EGRESS_NAME)
        item = await self.kube.get(url)
        if item is None:
            item = await self.kube.create(custom(crds.CLUSTER_GLOBAL_EGRESS_IPS), records.cluster_egress_ip())
        addresses = _egress_addresses(item)
        if not addresses:
            addresses = self.pool.allocate(item["spec"]["numGlobalIPs"])
            condition = records.allocated(f"Allocated {len(addresses)} global IP(s)")
            item["status"] = {"allocatedIPs": addresses, "conditions": [condition]}
            await self.kube.replace(f"{url}/status", item)
        for network in self.site.networks:
            rules.cluster_egress(network, addresses[0], addresses[-1], present=True)

    async def _annotate(self, name: str) -> None:
        """The gateway's own global address, by which the other clusters check whether it lives."""
        url = custom(crds.GATEWAYS, self.site.namespace, name)
        gateway = await self.kube.get(url)
        if gateway is None or _global_ip(gateway):
            return
        (address,) = self.pool.allocate(1)
        rules.health_check(address, self.site.cni_ip, present=True)
        gateway["metadata"].setdefault("annotations", {})[names.GLOBAL_IP] = address
        try:
            await self.kube.replace(url, gateway)
        except ApiError:
            rules.health_check(address, self.site.cni_ip, present=False)
            self.pool.release([address])
            raise
        log.info("Allocated global IP %s for Gateway %s", address, name)

    async def _export(self, namespace: str, name: str) -> None:
        """An exported service asks for an address; one that is exported no longer gives it back."""
        url = custom(crds.GLOBAL_INGRESS_IPS, namespace, name)
        key = f"{namespace}/{name}"
        if key not in self.exports.known:
            await self.kube.delete(url)
            return
        service = self.services.known.get(key)
        if service is None:
            raise Again("the exported Service does not exist yet")
        if records.exportable(service) and await self.kube.get(url) is None:
            await self.kube.create(custom(crds.GLOBAL_INGRESS_IPS, namespace), records.ingress_ip(namespace, name))
            log.info("Created GlobalIngressIP %s", key)

    async def _request(self, namespace: str, name: str) -> None:
        """Give an address to what asks for one, with the internal Service that answers there."""
        key = f"{namespace}/{name}"
        request = self.requests.known.get(key)
        if request is None:
            await remove_internal_service(self.kube, namespace, records.internal_service_name(name))
            self.pool.release([self._given.pop(key)] if key in self._given else [])
            return
        service = self.services.known.get(key)
        if not records.exportable(service) or service is None:
            return
        address = self._given.get(key) or self.pool.allocate(1)[0]
        self._given[key] = address
        await self._put_internal_service(records.internal_service(service, address))
        if (request.get("status") or {}).get("allocatedIP") != address:
            status = {"allocatedIP": address, "conditions": [records.allocated("Allocated global IP")]}
            await self.kube.replace(
                custom(crds.GLOBAL_INGRESS_IPS, namespace, name, "status"), request | {"status": status}
            )
            log.info("Allocated global IP %s for %s", address, key)

    async def _put_internal_service(self, wanted: Object) -> None:
        collection = path("v1", "services", wanted["metadata"]["namespace"])
        url = f"{collection}/{wanted['metadata']['name']}"
        existing = await self.kube.get(url)
        if existing is None:
            await self.kube.create(collection, wanted)
            return
        keys = ("ports", "selector", "externalIPs")
        if any(existing["spec"].get(key) != wanted["spec"][key] for key in keys):
            await self.kube.replace(url, existing | {"spec": existing["spec"] | wanted["spec"]})


async def remove_internal_service(kube: Kube, namespace: str, name: str) -> None:
    """Without its finalizer nobody else can take it away."""
    url = path("v1", "services", namespace, name)
    service = await kube.get(url)
    if service is None:
        return
    service["metadata"]["finalizers"] = []
    await kube.replace(url, service)
    await kube.delete(url)


def _egress_addresses(item: Object | None) -> list[str]:
    return list(((item or {}).get("status") or {}).get("allocatedIPs") or [])


def _global_ip(gateway: Object) -> str:
    return str((gateway["metadata"].get("annotations") or {}).get(names.GLOBAL_IP, ""))
