# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning up by uninstall workloads: evaluated again every 500 ms without remembered state, given up after 120 s."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.simulator import names
from tests.simulator.kube import ApiError, Kube, Object, path
from tests.simulator.operator.apply import url_of
from tests.simulator.operator.manifests import image, uninstall_variant

EVALUATE_SECONDS = 0.5
TIMEOUT_SECONDS = 120

log = logging.getLogger("uninstall")


@dataclass(frozen=True)
class Component:
    """A workload that goes, and the one that cleans up after it."""

    workload: Object
    cleaner: Object

    @classmethod
    def of(cls, build: Callable[[str], Object], name: str, spec: Object) -> Component:
        pause = image(spec, names.NETTEST, names.NETTEST_IMAGE)
        return cls(build(name), uninstall_variant(build(name + names.UNINSTALL_SUFFIX), pause))


def seconds_since(timestamp: str) -> float:
    then = datetime.datetime.fromisoformat(timestamp)
    return (datetime.datetime.now(datetime.UTC) - then).total_seconds()


async def run(
    kube: Kube, components: list[Component], deleted_at: str, also: Callable[[], Awaitable[bool]] | None = None
) -> None:
    """Until every component is cleaned up, or 120 s after the deletion was asked for, whatever is left.

    also is asked in every round but the last resort; True means that it is not done yet.
    """
    while True:
        try:
            if seconds_since(deleted_at) >= TIMEOUT_SECONDS:
                log.error("Timed out waiting for components to complete - aborting")
                await _remove_cleaners(kube, components)
                return
            states = [await _clean(kube, component) for component in components]
            if all(states):
                await _remove_cleaners(kube, components)
            waiting = await also() if also else False
            if all(states) and not waiting:
                return
        except ApiError as error:
            log.error("%s", error)
        await asyncio.sleep(EVALUATE_SECONDS)


async def _clean(kube: Kube, component: Component) -> bool:
    """One evaluation of one component: True when its cleaner is ready."""
    name = component.workload["metadata"]["name"]
    if await kube.delete(url_of(component.workload)):
        log.info("deleted %s %s", component.workload["kind"], name)
    pods = await kube.list(path("v1", "pods", names.OPERATOR_NAMESPACE), label_selector=f"app={name}")
    if pods:
        log.info("%s %s still has pods - requeueing: %d", component.workload["kind"], name, len(pods))
        return False
    url = url_of(component.cleaner)
    cleaner = await kube.get(url)
    if cleaner is None:
        cleaner = await kube.create(url.rpartition("/")[0], component.cleaner)
        log.info("created %s %s", cleaner["kind"], cleaner["metadata"]["name"])
    return ready(cleaner)


def ready(workload: Object) -> bool:
    """Whether a cleaner has run everywhere it is wanted; wanted nowhere counts."""
    name = workload["metadata"]["name"]
    status = workload.get("status") or {}
    if workload["kind"] == "Deployment":
        done = bool(status.get("availableReplicas", 0) == workload["spec"].get("replicas", 1))
        log.info("Deployment %s %s", name, "is ready" if done else "not ready yet")
        return done
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 1):
        return False
    desired = status.get("desiredNumberScheduled", 0)
    if desired == 0:
        log.info("DaemonSet has no available nodes: %s", name)
        return True
    if desired != status.get("numberReady", 0):
        log.info("DaemonSet not ready yet: %s", name)
        return False
    return True


async def _remove_cleaners(kube: Kube, components: list[Component]) -> None:
    for component in components:
        try:
            await kube.delete(url_of(component.cleaner))
        except ApiError as error:
            log.error("%s", error)
