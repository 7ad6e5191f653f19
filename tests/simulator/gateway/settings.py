# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway is told by its environment and its node, and the Endpoint and Cluster that follow from it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from dataclasses import dataclass

from tests.simulator import names
from tests.simulator.component import Fatal
from tests.simulator.endpoints import cable_name
from tests.simulator.kube import Kube, Object, path
from tests.simulator.netlink import Netlink, NetworkError

NODE_PREFIX = "gateway.submariner.io/"
NODE_KEYS = ("udp-port", "natt-discovery-port", "public-ip", "preferred-server")
LOAD_BALANCER = "lb:"
LOAD_BALANCER_SECONDS = 360.0
LOAD_BALANCER_RETRY = 5.0

log = logging.getLogger("settings")


@dataclass(frozen=True)
class Settings:
    """The environment of the gateway container."""

    namespace: str
    cluster_id: str
    cluster_cidr: str
    service_cidr: str
    global_cidr: str
    cable_driver: str
    nat_enabled: bool
    air_gapped: bool
    public_ip: str
    health_check: bool
    ping_interval: float
    max_packet_loss: int
    broker_namespace: str
    natt_port: int
    metrics_port: int
    node_name: str
    pod_name: str
    hostname: str
    uninstall: bool

    @classmethod
    def from_environment(cls) -> Settings:
        def flag(name: str) -> bool:
            return os.environ.get(name) == "true"

        return cls(
            namespace=os.environ["SUBMARINER_NAMESPACE"],
            cluster_id=os.environ["SUBMARINER_CLUSTERID"],
            cluster_cidr=os.environ["SUBMARINER_CLUSTERCIDR"],
            service_cidr=os.environ["SUBMARINER_SERVICECIDR"],
            global_cidr=os.environ.get("SUBMARINER_GLOBALCIDR", ""),
            cable_driver=os.environ.get("SUBMARINER_CABLEDRIVER", "") or "libreswan",
            nat_enabled=flag("SUBMARINER_NATENABLED"),
            air_gapped=flag("AIR_GAPPED_DEPLOYMENT"),
            public_ip=os.environ.get("SUBMARINER_PUBLICIP", ""),
            health_check=flag("SUBMARINER_HEALTHCHECKENABLED"),
            ping_interval=float(os.environ.get("SUBMARINER_HEALTHCHECKINTERVAL", "1")),
            max_packet_loss=int(os.environ.get("SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT", "5")),
            broker_namespace=os.environ["BROKER_K8S_REMOTENAMESPACE"],
            natt_port=int(os.environ.get("CE_IPSEC_NATTPORT", names.NATT_PORT)),
            metrics_port=int(os.environ["SUBMARINER_METRICSPORT"]),
            node_name=os.environ["NODE_NAME"],
            pod_name=os.environ["POD_NAME"],
            hostname=socket.gethostname(),
            uninstall=flag(names.UNINSTALL_ENV),
        )


async def node_options(kube: Kube, node_name: str) -> dict[str, str]:
    """The gateway options on the node; an unknown one stops the gateway."""
    node = await kube.get(path("v1", "nodes", name=node_name))
    metadata = (node or {}).get("metadata") or {}
    found = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    options = {key[len(NODE_PREFIX) :]: value for key, value in found.items() if key.startswith(NODE_PREFIX)}
    unknown = sorted(set(options) - set(NODE_KEYS))
    if unknown:
        raise Fatal(f"unknown config annotation: {NODE_PREFIX}{unknown[0]}")
    return options


async def public_address(kube: Kube, settings: Settings, options: dict[str, str]) -> str:
    """The node's own statement, else what the load balancer says. There is no way to ask on the internet."""
    configured = options.get("public-ip", "").removeprefix("ipv4:")
    if configured or settings.air_gapped:
        return configured
    if settings.public_ip.startswith(LOAD_BALANCER):
        return await load_balancer_address(kube, settings.namespace, settings.public_ip.removeprefix(LOAD_BALANCER))
    raise Fatal("error creating local endpoint object: could not determine public IP: no resolver can be reached")


async def load_balancer_address(kube: Kube, namespace: str, name: str) -> str:
    """Waits until somebody gives the Service an address."""
    for _attempt in range(int(LOAD_BALANCER_SECONDS / LOAD_BALANCER_RETRY)):
        service = await kube.get(path("v1", "services", namespace, name)) or {}
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if ingress and ingress[0].get("ip"):
            return str(ingress[0]["ip"])
        log.info('Waiting for LoadBalancer to be ready: service "%s" has no LoadBalancer ingress yet', name)
        await asyncio.sleep(LOAD_BALANCER_RETRY)
    raise Fatal(f"error creating local endpoint object: could not determine public IP: {name} has no address")


async def local_endpoint(kube: Kube, settings: Settings, options: dict[str, str], netlink: Netlink) -> Object:
    """The spec of this gateway's Endpoint. With Globalnet the address of the health check is known only later."""
    health_check_ip = ""
    try:
        private_ip = (await netlink.default_interface()).address
        if settings.health_check and not settings.global_cidr:
            health_check_ip = (await netlink.cni_interface(settings.cluster_cidr)).address
    except NetworkError as error:
        raise Fatal(f"error creating local endpoint object: {error}") from error
    config = {
        "natt-discovery-port": options.get("natt-discovery-port", str(names.NATT_DISCOVERY_PORT)),
        "udp-port": options.get("udp-port", str(settings.natt_port)),
    }
    if settings.public_ip.startswith(LOAD_BALANCER):
        config["using-loadbalancer"] = "true"
    return {
        "cluster_id": settings.cluster_id,
        "cable_name": cable_name(settings.cluster_id, private_ip),
        "healthCheckIP": health_check_ip,
        "hostname": settings.hostname,
        "subnets": [settings.global_cidr] if settings.global_cidr else [settings.service_cidr, settings.cluster_cidr],
        "private_ip": private_ip,
        "public_ip": await public_address(kube, settings, options),
        "nat_enabled": settings.nat_enabled,
        "backend": settings.cable_driver,
        "backend_config": config,
    }


def local_cluster(settings: Settings) -> Object:
    """The spec of this cluster's Cluster."""
    return {
        "cluster_id": settings.cluster_id,
        "color_codes": ["blue"],
        "service_cidr": [settings.service_cidr],
        "cluster_cidr": [settings.cluster_cidr],
        "global_cidr": [settings.global_cidr] if settings.global_cidr else [],
    }
