# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated lighthouse agent: takes away what belongs to this cluster's exports when it uninstalls."""

from __future__ import annotations

import asyncio
import logging
import os

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.kube import ApiError, Kube, custom, path

SOURCE_CLUSTER = "multicluster.kubernetes.io/source-cluster"
SLICES = "discovery.k8s.io/v1"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io"

log = logging.getLogger("agent")


async def main() -> None:
    kube = Kube.in_cluster()
    if os.environ.get(names.UNINSTALL_ENV) == "true":
        try:
            await uninstall(kube, Kube.broker_from_environment(), os.environ["SUBMARINER_CLUSTERID"])
        except ApiError as error:
            raise Fatal(str(error)) from error
        return
    log.info("agent started for cluster %s", os.environ["SUBMARINER_CLUSTERID"])
    await asyncio.Event().wait()


async def uninstall(local: Kube, broker: Kube, cluster_id: str) -> None:
    """Imports and slices here, except in a broker namespace; our own slices on the broker."""
    broker_namespace = os.environ["BROKER_K8S_REMOTENAMESPACE"]
    slices = path(SLICES, "endpointslices")
    for url, selector in ((custom(crds.SERVICE_IMPORTS), ""), (slices, MANAGED_BY)):
        for item in await local.list(url, label_selector=selector):
            namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
            if namespace != broker_namespace:
                plural = url.rpartition("/")[2]
                api_version = url.removeprefix("/apis/").rpartition("/")[0]
                await local.delete(path(api_version, plural, namespace, name))
                log.info("deleted %s %s/%s", plural, namespace, name)
    own = f"{MANAGED_BY},{SOURCE_CLUSTER}={cluster_id}"
    for item in await broker.list(path(SLICES, "endpointslices", broker_namespace), label_selector=own):
        await broker.delete(path(SLICES, "endpointslices", broker_namespace, item["metadata"]["name"]))
        log.info("deleted slice %s on the broker", item["metadata"]["name"])


if __name__ == "__main__":
    component.banner(names.LIGHTHOUSE_AGENT)
    component.run(main())
