# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the broker to this cluster: the slices of the others, and the aggregated import of every service."""

from __future__ import annotations

import logging

from tests.simulator import crds
from tests.simulator.kube import ApiError, Object, custom, full_name, path
from tests.simulator.lighthouse import records
from tests.simulator.lighthouse.store import Store

log = logging.getLogger("inwards")


class Inwards:
    """Copies of what stands on the broker."""

    def __init__(self, here: Store) -> None:
        self.here = here

    async def slice_changed(self, item: Object) -> None:
        namespace = records.service_of(item)[0]
        await self._bring("endpointslices", records.slice_copy(item, namespace, records.source(item)))

    async def slice_gone(self, item: Object) -> None:
        namespace = records.service_of(item)[0]
        await self.here.remove(path(records.SLICES, "endpointslices", namespace, item["metadata"]["name"]))

    async def import_changed(self, item: Object) -> None:
        await self._bring(crds.SERVICE_IMPORTS.plural, records.import_copy(item))

    async def import_gone(self, item: Object) -> None:
        metadata = records.import_copy(item)["metadata"]
        await self.here.remove(custom(crds.SERVICE_IMPORTS, metadata["namespace"], metadata["name"]))

    async def _bring(self, plural: str, copy: Object) -> None:
        try:
            await self.here.put(plural, copy)
        except ApiError as error:
            if error.status != 404:
                raise
            log.info("%s %s cannot be brought here due to missing namespace", copy["kind"], full_name(copy))
