# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of lighthouse on one API server: put as wanted, with their status; removed; listed by labels."""

from __future__ import annotations

import logging

from tests.simulator import crds
from tests.simulator.kube import Kube, Object, path

WITH_STATUS = (crds.SERVICE_IMPORTS.plural,)
CONTENT = ("spec", "endpoints", "ports", "status")

log = logging.getLogger("store")


class Store:
    """Writes only what differs."""

    def __init__(self, kube: Kube) -> None:
        self.kube = kube

    async def get(self, url: str) -> Object | None:
        return await self.kube.get(url)

    async def list(self, url: str, labels: dict[str, str] | None = None) -> list[Object]:
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        return await self.kube.list(url, label_selector=selector)

    async def remove(self, url: str) -> None:
        if await self.kube.delete(url):
            log.info("deleted %s", url)

    async def put(self, plural: str, wanted: Object, name: str = "") -> None:
        """Create or update. An object without a name of its own is the one called `name`, or new."""
        metadata = wanted["metadata"]
        collection = path(wanted["apiVersion"], plural, metadata["namespace"])
        name = metadata.get("name", "") or name
        existing = await self.kube.get(f"{collection}/{name}") if name else None
        if existing is None:
            stored = await self.kube.create(collection, wanted)
            log.info("created %s/%s", collection, stored["metadata"]["name"])
        else:
            stored = await self._update(f"{collection}/{name}", existing, wanted)
        if plural in WITH_STATUS and stored.get("status") != wanted.get("status"):
            url = f"{collection}/{stored['metadata']['name']}/status"
            await self.kube.replace(url, stored | {"status": wanted.get("status") or {}})

    async def _update(self, url: str, existing: Object, wanted: Object) -> Object:
        changed = existing | {key: wanted[key] for key in CONTENT if key in wanted}
        metadata = dict(existing["metadata"])
        for key in ("labels", "annotations"):
            if key in wanted["metadata"]:
                metadata[key] = wanted["metadata"][key]
        changed["metadata"] = metadata
        if all(changed.get(key) == existing.get(key) for key in ("metadata", "spec", "endpoints", "ports")):
            return existing
        log.info("updated %s", url)
        return await self.kube.replace(url, changed)
