# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Submariner resource: workloads and status while it lives, the components' cleanup when it goes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulator import crds, names
from tests.simulator.kube import ApiError, Follower, Kube, Object, custom, path
from tests.simulator.operator import uninstall, workloads
from tests.simulator.operator.apply import apply
from tests.simulator.operator.discovery import DiscoveryFailed, Network, discover
from tests.simulator.operator.manifests import metrics_service, owned
from tests.simulator.operator.secret import broker, sync_secret

PASSED_ON = (
    "brokerK8sApiServer",
    "brokerK8sApiServerToken",
    "brokerK8sCA",
    "brokerK8sInsecure",
    "brokerK8sRemoteNamespace",
    "brokerK8sSecret",
    "clusterID",
    "clustersetIPCIDR",
    "clustersetIPEnabled",
    "coreDNSCustomConfig",
    "customDomains",
    "debug",
    "imageOverrides",
    "namespace",
    "nodeSelector",
    "repository",
    "tolerations",
    "version",
)

log = logging.getLogger("submariner")


@dataclass
class Keeper:
    """What the operator remembers of one Submariner resource."""

    kube: Kube
    network: Network | None = None
    secret_sync: asyncio.Task[None] | None = None
    applied: dict[tuple[str, str], Object] = field(default_factory=dict)  # workloads and Services by kind and name

    async def reconcile(self, name: str) -> None:
        """Bring everything to what the resource says. ApiError and DiscoveryFailed end the round."""
        resource = await self.kube.get(custom(crds.SUBMARINERS, names.OPERATOR_NAMESPACE, name))
        if resource is None or resource["metadata"].get("deletionTimestamp"):
            return
        spec = resource["spec"]
        await self._start_secret_sync(spec)
        network = await self._network(spec)
        self.applied = {}
        for manifest in manifests(spec, network):
            key = (manifest["kind"], manifest["metadata"]["name"])
            self.applied[key] = await apply(self.kube, owned(manifest, resource))
        if spec.get("serviceDiscoveryEnabled"):
            await apply(self.kube, owned(service_discovery(spec), resource))
        await self._update_status(resource, network)

    async def clean(self, resource: Object) -> None:
        """Everything that has to happen before the finalizer may go."""
        if self.secret_sync:
            self.secret_sync.cancel()
        spec = resource["spec"]
        deleted_at = resource["metadata"]["deletionTimestamp"]
        network = await self._network_in_time(spec, deleted_at)
        if network is None:
            log.error("Timed out waiting for components to complete - aborting")
            return

        components = [
            uninstall.Component.of(lambda name: workloads.gateway(spec, network, name), names.GATEWAY, spec),
            uninstall.Component.of(lambda name: workloads.route_agent(spec, network, name), names.ROUTE_AGENT, spec),
        ]
        if spec.get("globalCIDR"):
            components.append(
                uninstall.Component.of(lambda name: workloads.globalnet(spec, name), names.GLOBALNET, spec)
            )

        async def service_discovery_remains() -> bool:
            if not spec.get("serviceDiscoveryEnabled"):
                return False
            url = custom(crds.SERVICE_DISCOVERIES, names.OPERATOR_NAMESPACE, names.SERVICE_DISCOVERY_CR)
            return await self.kube.delete(url)

        await uninstall.run(self.kube, components, deleted_at, service_discovery_remains)

    async def _start_secret_sync(self, spec: Object) -> None:
        if self.secret_sync and not self.secret_sync.done():
            return
        client = await broker(self.kube, spec)
        url = path("v1", "secrets", spec["brokerK8sRemoteNamespace"])
        await client.list(url)
        follower = Follower(client, url, lambda kind, secret: sync_secret(self.kube, spec, kind, secret))
        self.secret_sync = asyncio.create_task(follower.run())

    async def _network(self, spec: Object) -> Network:
        if self.network is None:
            self.network = await discover(self.kube)
            log.info("cluster network discovered: %s", self.network)
        return replace(
            self.network,
            cluster_cidr=spec.get("clusterCIDR") or self.network.cluster_cidr,
            service_cidr=spec.get("serviceCIDR") or self.network.service_cidr,
        )

    async def _network_in_time(self, spec: Object, deleted_at: str) -> Network | None:
        """The cleanup discovers the network too; an error is retried while the clock runs."""
        while uninstall.seconds_since(deleted_at) < uninstall.TIMEOUT_SECONDS:
            try:
                return await self._network(spec)
            except (ApiError, DiscoveryFailed) as error:
                log.error("%s", error)
                await asyncio.sleep(1)
        return None

    async def _update_status(self, resource: Object, network: Network) -> None:
        gateways = await self.kube.list(custom(crds.GATEWAYS, names.OPERATOR_NAMESPACE))
        old = resource.get("status") or {}
        status = submariner_status(resource["spec"], network, [gateway["status"] for gateway in gateways])
        for key, component in (
            ("gatewayDaemonSetStatus", names.GATEWAY),
            ("routeAgentDaemonSetStatus", names.ROUTE_AGENT),
            ("globalnetDaemonSetStatus", names.GLOBALNET),
        ):
            if ("DaemonSet", component) in self.applied:
                status[key] = await self._daemon_set_status(component, old.get(key) or {})
        balancer = self.applied.get(("Service", names.GATEWAY))
        if balancer:
            status["loadBalancerStatus"] = {"status": (balancer.get("status") or {}).get("loadBalancer") or {}}
        if status != old:
            url = custom(crds.SUBMARINERS, names.OPERATOR_NAMESPACE, resource["metadata"]["name"], "status")
            try:
                await self.kube.replace(url, {**resource, "status": status})
            except ApiError as error:
                if error.status != 409:
                    raise

    async def _daemon_set_status(self, component: str, old: Object) -> Object:
        daemon_set = self.applied["DaemonSet", component]
        status = {key: value for key, value in daemon_set["status"].items() if key != "conditions"}
        version = daemon_set["metadata"]["resourceVersion"]
        if old.get("lastResourceVersion") == version:
            return {**old, "status": status}
        pods = await self.kube.list(path("v1", "pods", names.OPERATOR_NAMESPACE), label_selector=f"app={component}")
        containers = [c for pod in pods for c in (pod.get("status") or {}).get("containerStatuses") or []]
        return {
            "lastResourceVersion": version,
            "mismatchedContainerImages": len({container.get("imageID") for container in containers}) > 1,
            "nonReadyContainerStates": [c.get("state") or {} for c in containers if not c.get("started")],
            "status": status,
        }


def manifests(spec: Object, network: Network) -> list[Object]:
    """Everything that a Submariner wants, but the ServiceDiscovery."""
    wanted = [
        workloads.gateway(spec, network),
        metrics_service(names.GATEWAY, "app", names.METRICS_PROXY, 8080),
        workloads.route_agent(spec, network),
        workloads.metrics_proxy(spec),
    ]
    if spec.get("globalCIDR"):
        wanted += [
            workloads.globalnet(spec),
            metrics_service(names.GLOBALNET, "app", names.METRICS_PROXY, 8081),
        ]
    if spec.get("loadBalancerEnabled"):
        wanted.append(workloads.load_balancer(spec))
    return wanted


def service_discovery(spec: Object) -> Object:
    """The ServiceDiscovery that a Submariner asks for."""
    passed: dict[str, Any] = {key: spec[key] for key in PASSED_ON if spec.get(key) not in (None, "")}
    if spec.get("globalCIDR"):
        passed["globalnetEnabled"] = True
    return {
        "apiVersion": crds.SERVICE_DISCOVERIES.api_version,
        "kind": crds.SERVICE_DISCOVERIES.kind,
        "metadata": {"name": names.SERVICE_DISCOVERY_CR, "namespace": names.OPERATOR_NAMESPACE},
        "spec": passed,
    }


def submariner_status(spec: Object, network: Network, gateways: list[Object]) -> Object:
    """The status without the DaemonSets' part."""
    status: Object = {
        "clusterCIDR": network.cluster_cidr,
        "serviceCIDR": network.service_cidr,
        "networkPlugin": network.plugin,
        "clusterID": spec["clusterID"],
        "natEnabled": bool(spec.get("natEnabled")),
        "version": spec["version"],
        "gateways": gateways,
        "deploymentInfo": {},
        "loadBalancerStatus": {},
        "globalnetDaemonSetStatus": {"mismatchedContainerImages": False},
    }
    for key in ("airGappedDeployment", "clustersetIPCIDR", "colorCodes", "globalCIDR"):
        if spec.get(key):
            status[key] = spec[key]
    return status
