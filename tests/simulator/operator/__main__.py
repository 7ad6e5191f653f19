# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated operator: become leader, create the definitions, then kopf."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from tests.simulator import component, crds, names
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, path
from tests.simulator.operator import servicediscovery
from tests.simulator.operator.apply import apply
from tests.simulator.operator.discovery import DiscoveryFailed
from tests.simulator.operator.manifests import metrics_service
from tests.simulator.operator.memory import ForgetfulDiffBase, ForgetfulProgress
from tests.simulator.operator.submariner import Keeper

CRD_PATH = path("apiextensions.k8s.io/v1", "customresourcedefinitions")
# With the version: kopf would look for the group's preferred one only.
SUBMARINERS = (crds.SUBMARINERS.group, crds.SUBMARINERS.version, crds.SUBMARINERS.plural)
SERVICE_DISCOVERIES = (
    crds.SERVICE_DISCOVERIES.group,
    crds.SERVICE_DISCOVERIES.version,
    crds.SERVICE_DISCOVERIES.plural,
)
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 60.0
SETTLE_SECONDS = 0.3

log = logging.getLogger("operator")


async def prepare() -> None:
    """What happens once at process start, before any resource is looked at."""
    kube = Kube.in_cluster()
    try:
        await become_leader(kube)
        for definition in crds.BY_OPERATOR:
            await ensure_definition(kube, definition)
        await until_served(kube)
        await apply(kube, metrics_service(names.OPERATOR, "name", names.OPERATOR, 8383))
    finally:
        await kube.close()


async def become_leader(kube: Kube) -> None:
    """Leader for life: a ConfigMap owned by this pod, which garbage collection removes with it."""
    namespace, pod_name = os.environ["WATCH_NAMESPACE"], os.environ["POD_NAME"]
    pod = await kube.get(path("v1", "pods", namespace, pod_name))
    if pod is None:
        raise component.Fatal(f"the pod {pod_name} does not exist")
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod_name, "uid": pod["metadata"]["uid"]}
    url = path("v1", "configmaps", namespace, names.OPERATOR_LOCK)
    metadata = {"name": names.OPERATOR_LOCK, "namespace": namespace, "ownerReferences": [owner]}
    while True:
        existing = await kube.get(url)
        if existing is None:
            try:
                await kube.create(
                    path("v1", "configmaps", namespace),
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},
                )
                return
            except ApiError as error:
                if error.status != 409:
                    raise
        elif any(ref["uid"] == owner["uid"] for ref in existing["metadata"].get("ownerReferences", [])):
            return
        log.info("not the leader yet: %s belongs to another pod", names.OPERATOR_LOCK)
        await asyncio.sleep(1)


async def ensure_definition(kube: Kube, definition: crds.Definition) -> None:
    """Create a definition, or replace the one that is there with ours."""
    existing = await kube.get(f"{CRD_PATH}/{definition.name}")
    manifest = definition.manifest()
    if existing is None:
        await kube.create(CRD_PATH, manifest)
    elif existing["spec"]["versions"] != manifest["spec"]["versions"]:
        await kube.replace(f"{CRD_PATH}/{definition.name}", {**existing, "spec": manifest["spec"]})


async def until_served(kube: Kube) -> None:
    """Until the API server offers every definition; kopf looks only once which there are."""
    for definition in crds.ALL:
        group = f"/apis/{definition.api_version}"
        while True:
            resources = (await kube.get(group) or {}).get("resources", [])
            if any(resource["name"] == definition.plural for resource in resources):
                break
            log.info("waiting for %s", definition.name)
            await asyncio.sleep(0.3)


class State:
    """What all handlers share."""

    def __init__(self) -> None:
        self.kube = Kube.in_cluster()
        self.keeper = Keeper(self.kube)
        self._listeners: dict[str, list[asyncio.Event]] = {}
        # Not kopf, which ends the process when a definition goes: upstream's operator runs on.
        gateways = Follower(self.kube, custom(crds.GATEWAYS, names.OPERATOR_NAMESPACE), self._gateway_seen)
        self.gateways = asyncio.create_task(gateways.run())

    async def _gateway_seen(self, _kind: str, _gateway: Object) -> None:
        self.tell(crds.SUBMARINERS.plural)

    def listen(self, plural: str) -> asyncio.Event:
        """An event of the caller's own that every change sets on which resources of this kind depend."""
        listener = asyncio.Event()
        self._listeners.setdefault(plural, []).append(listener)
        return listener

    def tell(self, plural: str) -> None:
        for listener in self._listeners.get(plural, []):
            listener.set()


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Nothing but the recorded finalizer may be seen on the resources."""
    settings.persistence.finalizer = names.CLEANUP_FINALIZER
    settings.persistence.progress_storage = ForgetfulProgress()
    settings.persistence.diffbase_storage = ForgetfulDiffBase()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    memo.state = State()


@kopf.on.event("daemonsets")
@kopf.on.event("deployments")
@kopf.on.event(*SUBMARINERS)
async def notice(memo: kopf.Memo, **_: Any) -> None:
    """Something that a Submariner's status or workloads depend on has changed."""
    memo.state.tell(crds.SUBMARINERS.plural)


@kopf.on.event("deployments")
@kopf.on.event(*SERVICE_DISCOVERIES)
async def notice_lighthouse(memo: kopf.Memo, **_: Any) -> None:
    """Upstream's ServiceDiscovery controller looks at nothing else: an edit of the cluster's DNS goes unnoticed."""
    memo.state.tell(crds.SERVICE_DISCOVERIES.plural)


async def keep(stopped: kopf.DaemonStopped, changed: asyncio.Event, reconcile: Callable[[], Awaitable[None]]) -> None:
    """Reconcile on changes; retry failures with a growing delay."""
    retry = FIRST_RETRY_SECONDS
    while not stopped:
        changed.clear()
        try:
            await reconcile()
        except (ApiError, DiscoveryFailed) as error:
            log.error("Reconciler error: %s", error)
            await stopped.wait(retry)
            retry = min(retry * 2, LONGEST_RETRY_SECONDS)
            continue
        retry = FIRST_RETRY_SECONDS
        await first_of(stopped.wait(), changed.wait())
        await stopped.wait(SETTLE_SECONDS)


async def first_of(*waits: Awaitable[Any]) -> None:
    """Return when one of them has, and end the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


@kopf.daemon(*SUBMARINERS, cancellation_timeout=1)
async def keep_submariner(name: str, stopped: kopf.DaemonStopped, memo: kopf.Memo, **_: Any) -> None:
    state: State = memo.state
    await keep(stopped, state.listen(crds.SUBMARINERS.plural), lambda: state.keeper.reconcile(name))


@kopf.daemon(*SERVICE_DISCOVERIES, cancellation_timeout=1)
async def keep_service_discovery(name: str, stopped: kopf.DaemonStopped, memo: kopf.Memo, **_: Any) -> None:
    state: State = memo.state
    changed = state.listen(crds.SERVICE_DISCOVERIES.plural)
    await keep(stopped, changed, lambda: servicediscovery.reconcile(state.kube, name))


@kopf.on.delete(*SUBMARINERS)
async def clean_submariner(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    await memo.state.keeper.clean(dict(body))


@kopf.on.delete(*SERVICE_DISCOVERIES)
async def clean_service_discovery(body: kopf.Body, memo: kopf.Memo, **_: Any) -> None:
    await servicediscovery.clean(memo.state.kube, dict(body))


def main() -> None:
    component.banner(names.OPERATOR)
    try:
        asyncio.run(prepare())
    except ApiError as error:
        log.critical("%s", error)
        raise SystemExit(1) from None
    kopf.run(standalone=True, namespaces=[os.environ["WATCH_NAMESPACE"]])


if __name__ == "__main__":
    main()
