# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ServiceDiscovery resource: lighthouse and the cluster's DNS."""

from __future__ import annotations

import asyncio
import logging

from tests.simulator import crds, names
from tests.simulator.kube import ApiError, Kube, Object, custom
from tests.simulator.operator import dns, uninstall, workloads
from tests.simulator.operator.apply import apply
from tests.simulator.operator.manifests import metrics_service, owned

log = logging.getLogger("servicediscovery")


async def reconcile(kube: Kube, name: str) -> None:
    """Bring lighthouse to what the resource says. ApiError ends the round."""
    resource = await kube.get(custom(crds.SERVICE_DISCOVERIES, names.OPERATOR_NAMESPACE, name))
    if resource is None or resource["metadata"].get("deletionTimestamp"):
        return
    spec = resource["spec"]
    for manifest in (
        workloads.lighthouse_agent(spec),
        metrics_service(names.LIGHTHOUSE_AGENT, "app", names.LIGHTHOUSE_AGENT, 8082),
        *workloads.lighthouse_coredns(spec),
        metrics_service(names.LIGHTHOUSE_COREDNS, "app", names.LIGHTHOUSE_COREDNS, 9153),
    ):
        await apply(kube, owned(manifest, resource))
    await dns.configure(kube, spec)


async def clean(kube: Kube, resource: Object) -> None:
    """The DNS edit first, retried without limit; then the agent's cleanup."""
    spec = resource["spec"]
    while True:
        try:
            await dns.unconfigure(kube, spec)
            break
        except ApiError as error:
            log.error("%s", error)
            await asyncio.sleep(uninstall.EVALUATE_SECONDS)
    component = uninstall.Component.of(
        lambda name: workloads.lighthouse_agent(spec, name), names.LIGHTHOUSE_AGENT, spec
    )
    await uninstall.run(kube, [component], resource["metadata"]["deletionTimestamp"])
