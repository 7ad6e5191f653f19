# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated globalnet: global addresses for a cluster's gateway, services and outgoing traffic."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Coroutine
from typing import Any

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.election import Election, Terms
from tests.simulator.globalnet import rules
from tests.simulator.globalnet.controllers import Controllers, Site, remove_internal_service
from tests.simulator.globalnet.records import EXPORTED_SERVICE_LABEL
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, path
from tests.simulator.netlink import Netlink, NetworkError

CLUSTER_ATTEMPTS = 100
CLUSTER_RETRY_SECONDS = 3
LEASE = Terms(duration=20, renew_deadline=15, retry=2)

log = logging.getLogger("globalnet")


class Monitor:
    """Works on the node that is the active gateway, as the cluster's own Endpoint says."""

    def __init__(self, kube: Kube, cluster: Object, site: Site) -> None:
        self.kube = kube
        self.cluster_id = cluster["spec"]["cluster_id"]
        self.global_cidr = cluster["spec"]["global_cidr"][0]
        self.site = site
        self.remotes: dict[str, Object] = {}  # Endpoint name -> spec
        self.leading: asyncio.Task[None] | None = None
        identity = f"{os.environ['NODE_NAME']}-{names.GATEWAY}"
        self.election = Election(kube, site.namespace, names.GLOBALNET_LOCK, identity, LEASE)

    async def run(self) -> None:
        rules.prepare()
        endpoints = Follower(self.kube, custom(crds.ENDPOINTS, self.site.namespace), self._endpoint_changed)
        gateways = Follower(self.kube, custom(crds.GATEWAYS, self.site.namespace), self._gateway_changed)
        try:
            await asyncio.gather(endpoints.run(), gateways.run())
        finally:
            await self._deactivate()

    async def _endpoint_changed(self, kind: str, item: Object) -> None:
        name, spec = item["metadata"]["name"], item["spec"]
        if spec["cluster_id"] == self.cluster_id:
            if spec["hostname"] == self.site.hostname and kind != "DELETED":
                self._activate()
            elif self.leading and (kind != "DELETED" or spec["hostname"] == self.site.hostname):
                await self._deactivate()
            return
        if kind == "DELETED":
            self.remotes.pop(name, None)
        else:
            self.remotes[name] = spec
        if self.leading:
            self._mark(spec, present=kind != "DELETED")

    async def _gateway_changed(self, kind: str, item: Object) -> None:
        address = (item["metadata"].get("annotations") or {}).get(names.GLOBAL_IP, "")
        if kind == "DELETED" and item["metadata"]["name"] == self.site.hostname and address:
            rules.health_check(address, self.site.cni_ip, present=False)

    def _mark(self, spec: Object, present: bool) -> None:
        for network in spec["subnets"]:
            rules.mark(network, present)

    def _activate(self) -> None:
        if self.leading:
            return
        log.info("On Gateway node - starting leader election")
        for spec in self.remotes.values():
            self._mark(spec, present=True)
        self.leading = asyncio.create_task(self.election.run(self._control, self._stopped))

    async def _control(self) -> None:
        while True:
            try:
                await Controllers(self.kube, self.site, self.global_cidr).run()
            except ApiError as error:
                log.error("Error starting the controllers: %s", error)
                await asyncio.sleep(LEASE.retry)

    async def _stopped(self) -> None:
        log.info("Leader election stopped")

    async def _deactivate(self) -> None:
        """Stop, take the chains' contents along and give the lease to the next gateway."""
        if self.leading is None:
            return
        self.leading.cancel()
        await asyncio.gather(self.leading, return_exceptions=True)
        self.leading = None
        log.info("Active gateway migrated, flushing Globalnet chains")
        rules.flush()
        await self.election.release()


async def local_cluster(kube: Kube, namespace: str, cluster_id: str) -> Object:
    """The cluster's own record, which the gateway makes; its networks say what is to be translated."""
    for _attempt in range(CLUSTER_ATTEMPTS):
        try:
            cluster = await kube.get(custom(crds.CLUSTERS, namespace, cluster_id))
        except ApiError as error:
            log.warning("%s", error)
            cluster = None
        if cluster is not None:
            if not cluster["spec"].get("global_cidr"):
                raise Fatal(f"Cluster {cluster_id} is not configured to use globalCidr")
            return cluster
        await asyncio.sleep(CLUSTER_RETRY_SECONDS)
    raise Fatal(f'Error while retrieving the local cluster "{cluster_id}" info even after waiting for 5 mins')


async def uninstall(kube: Kube) -> None:
    """Chains first; then every object, whoever asked for it. Errors are only logged."""
    log.info("Uninstalling submariner-globalnet")
    rules.uninstall()
    for collection in (custom(crds.CLUSTER_GLOBAL_EGRESS_IPS), custom(crds.GLOBAL_EGRESS_IPS)):
        await _logged(_delete_all(kube, collection))
    for service in await kube.list(path("v1", "services"), label_selector=EXPORTED_SERVICE_LABEL):
        metadata = service["metadata"]
        await _logged(remove_internal_service(kube, metadata["namespace"], metadata["name"]))
    await _logged(_delete_all(kube, custom(crds.GLOBAL_INGRESS_IPS)))


async def _delete_all(kube: Kube, collection: str) -> None:
    api, _slash, plural = collection.rpartition("/")
    for item in await kube.list(collection):
        metadata = item["metadata"]
        where = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
        await kube.delete(f"{api}{where}/{plural}/{metadata['name']}")


async def _logged(step: Coroutine[Any, Any, None]) -> None:
    try:
        await step
    except ApiError as error:
        log.error("%s", error)


async def main() -> None:
    kube = Kube.in_cluster()
    if os.environ.get(names.UNINSTALL_ENV) == "true":
        await uninstall(kube)
        return
    namespace = os.environ["SUBMARINER_NAMESPACE"]
    cluster = await local_cluster(kube, namespace, os.environ["SUBMARINER_CLUSTERID"])
    spec = cluster["spec"]
    cni_ip = ""
    async with Netlink() as netlink:
        try:
            cni_ip = (await netlink.cni_interface(spec["cluster_cidr"][0])).address
        except NetworkError as error:
            log.error("Error obtaining CNI IP address - health check functionality will not work: %s", error)
    networks = (*spec["cluster_cidr"], *spec["service_cidr"])
    await Monitor(kube, cluster, Site(namespace, socket.gethostname(), networks, cni_ip)).run()


if __name__ == "__main__":
    component.banner(names.GLOBALNET)
    component.run(main())
