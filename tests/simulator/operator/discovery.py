# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network discovery: pod and service CIDRs from the command lines of the control plane's pods."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.kube import Kube, Object, faults, path

FAULT = "network-discovery"


class DiscoveryFailed(Exception):
    """The networks of the cluster could not be found."""


@dataclass(frozen=True)
class Network:
    """What the operator found out about the cluster it runs in."""

    cluster_cidr: str
    service_cidr: str
    plugin: str = "generic"


def cidr(configured: str, discovered: str) -> str:
    """The CR's value takes precedence over the discovered one."""
    return configured or discovered


async def discover(kube: Kube) -> Network:
    """Pod and service networks, or DiscoveryFailed as seen on clusters without a kube-apiserver pod."""
    pods = await kube.list(path("v1", "pods"))
    services = _option(pods, "kube-apiserver", "--service-cluster-ip-range")
    if not services or FAULT in await faults(kube):
        raise DiscoveryFailed(
            "error discovering cluster network: could not determine the service IP range via service creation"
            " - the expected error was not returned"
        )
    cluster = _option(pods, "kube-controller-manager", "--cluster-cidr")
    cluster = cluster or _option(pods, "kube-proxy", "--cluster-cidr")
    if not cluster:
        nodes = await kube.list(path("v1", "nodes"))
        cluster = nodes[0]["spec"].get("podCIDR", "") if len(nodes) == 1 else ""
    return Network(cluster, services)


def _option(pods: list[Object], component: str, option: str) -> str:
    for pod in pods:
        if (pod["metadata"].get("labels") or {}).get("component") != component:
            continue
        for container in pod["spec"]["containers"]:
            for word in [*container.get("command", []), *container.get("args", [])]:
                if word.startswith(option + "="):
                    return str(word.partition("=")[2])
    return ""
