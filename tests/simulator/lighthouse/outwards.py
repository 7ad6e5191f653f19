# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From this cluster to the broker: an exported Service, its slice, this cluster's part of the aggregated import."""

from __future__ import annotations

from tests.simulator import crds
from tests.simulator.kube import Object, custom, path
from tests.simulator.lighthouse import records
from tests.simulator.lighthouse.site import Seen, Sides, Site
from tests.simulator.lighthouse.store import Store

NO_ADDRESS = ("ServiceGlobalIPUnavailable", "Service doesn't have a global IP yet")


class Outwards:
    """What this cluster exports."""

    def __init__(self, site: Site, sides: Sides, seen: Seen) -> None:
        self.site = site
        self.here, self.there = sides.here, sides.there
        self.seen = seen

    async def export(self, namespace: str, name: str) -> None:
        """Bring the export's objects here to what its Service says."""
        key = f"{namespace}/{name}"
        export, service = self.seen.exports.known.get(key), self.seen.services.known.get(key)
        unfit = records.unfit(service)
        if export is None or service is None or unfit:
            await self._withdraw(namespace, name)
            if export is not None:
                await self._condition(namespace, name, records.VALID, False, unfit)
            return
        address = str(service["spec"]["clusterIP"])
        if self.seen.addresses is not None:
            request = self.seen.addresses.known.get(key) or {}
            address = str((request.get("status") or {}).get("allocatedIP", ""))
        if not address:
            await self._condition(namespace, name, records.VALID, False, NO_ADDRESS)
            return
        await self._condition(namespace, name, records.VALID, True)
        cluster_id = self.site.cluster_id
        await self.here.put(crds.SERVICE_IMPORTS.plural, records.local_import(service, cluster_id, address))
        wanted = records.endpoint_slice(service, cluster_id, address, self._ready(namespace, name))
        await self.here.put("endpointslices", wanted, await self._slice_name(namespace, name))

    def _ready(self, namespace: str, name: str) -> bool:
        """Whether a pod stands behind the Service."""
        return any(
            (endpoint.get("conditions") or {}).get("ready") is not False
            for item in self.seen.slices.known.values()
            if item["metadata"]["namespace"] == namespace
            and records.labels_of(item).get(records.KUBERNETES_SERVICE_LABEL) == name
            for endpoint in item.get("endpoints") or []
        )

    async def _slice_name(self, namespace: str, name: str) -> str:
        """The name of the slice that this cluster has made for a Service; Kubernetes chose it."""
        labels = {
            records.MANAGER_LABEL: records.MANAGER,
            records.SERVICE_LABEL: name,
            records.SOURCE_CLUSTER_LABEL: self.site.cluster_id,
        }
        found = await self.here.list(path(records.SLICES, "endpointslices", namespace), labels)
        return str(found[0]["metadata"]["name"]) if found else ""

    async def _withdraw(self, namespace: str, name: str) -> None:
        """With the slice this cluster's part on the broker goes too."""
        existing = await self._slice_name(namespace, name)
        if existing:
            await self.here.remove(path(records.SLICES, "endpointslices", namespace, existing))
        await self.here.remove(self.site.own_import(namespace, name))

    async def slice_gone(self, item: Object) -> None:
        await self.there.remove(f"{self.site.broker_slices}/{item['metadata']['name']}")
        await forget(self.there, self.site, *records.service_of(item))

    async def slice_changed(self, item: Object) -> None:
        """The slice to the broker, then this cluster's part into the aggregated import."""
        namespace, service = records.service_of(item)
        export = self.seen.exports.known.get(f"{namespace}/{service}")
        own = await self.here.get(self.site.own_import(namespace, service))
        if export is None or own is None:
            return
        copy = records.slice_copy(item, self.site.broker_namespace, self.site.cluster_id)
        await self.there.put("endpointslices", copy)
        existing = await self.there.get(self.site.aggregated_import(namespace, service))
        slices = await exporters(self.there, self.site, namespace, service)
        wanted = records.aggregate(existing, export, own, slices, self.site.broker_namespace)
        await self.there.put(crds.SERVICE_IMPORTS.plural, wanted)
        await self._condition(namespace, service, records.READY, True, ("", records.EXPORTED))

    async def _condition(
        self, namespace: str, name: str, kind: str, status: bool, why: tuple[str, str] | None = None
    ) -> None:
        url = custom(crds.SERVICE_EXPORTS, namespace, name)
        export = await self.here.get(url)
        changed = records.with_condition(export, kind, status, *(why or ("", ""))) if export else None
        if changed:
            await self.here.kube.replace(f"{url}/status", changed)


async def exporters(broker: Store, site: Site, namespace: str, service: str) -> list[Object]:
    """The slices on the broker of everybody who exports a Service."""
    labels = {
        records.MANAGER_LABEL: records.MANAGER,
        records.SOURCE_NAMESPACE_LABEL: namespace,
        records.SERVICE_LABEL: service,
    }
    return await broker.list(site.broker_slices, labels)


async def forget(broker: Store, site: Site, namespace: str, service: str) -> None:
    """Take this cluster's part out of the aggregated import; the last one takes it along."""
    url = site.aggregated_import(namespace, service)
    existing = await broker.get(url)
    if existing is None:
        return
    wanted = records.without_cluster(existing, site.cluster_id, await exporters(broker, site, namespace, service))
    if wanted["status"]["clusters"]:
        await broker.put(crds.SERVICE_IMPORTS.plural, wanted)
    else:
        await broker.remove(url)


async def uninstall(sides: Sides, site: Site) -> None:
    """Our slices and our parts of the imports on the broker; imports and slices here, except in a broker namespace."""
    ours = {records.MANAGER_LABEL: records.MANAGER}
    for item in await sides.there.list(site.broker_slices, ours | {records.SOURCE_CLUSTER_LABEL: site.cluster_id}):
        await sides.there.remove(f"{site.broker_slices}/{item['metadata']['name']}")
    for item in await sides.here.list(custom(crds.SERVICE_IMPORTS)):
        metadata = item["metadata"]
        if metadata["namespace"] == site.broker_namespace:
            continue
        if records.SERVICE_LABEL in records.labels_of(item):
            await forget(sides.there, site, *records.service_of(item))
        await sides.here.remove(custom(crds.SERVICE_IMPORTS, metadata["namespace"], metadata["name"]))
    for item in await sides.here.list(path(records.SLICES, "endpointslices"), ours):
        metadata = item["metadata"]
        if metadata["namespace"] != site.broker_namespace:
            await sides.here.remove(path(records.SLICES, "endpointslices", metadata["namespace"], metadata["name"]))
