# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What subctl finds out about a cluster's network."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import names
from .api import Api, Object, path
from .status import ApiError

# Each call is answered by a refusal that names the range.
PROBE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "invalid-svc", "namespace": "default"},
    "spec": {"clusterIP": "1.1.1.1", "ports": [{"port": 443, "targetPort": 443}]},
}
NO_RANGE = "could not determine the service IP range via service creation - "


@dataclass
class Network:
    """Network details as shown and as taken for the installation."""

    plugin: str
    pods: str = ""
    services: str = ""
    global_cidr: str = ""
    clusterset_ip: str = ""

    def __str__(self) -> str:
        lines = [
            f"        Network plugin:  {self.plugin}",
            f"        Service CIDRs:   [{self.services}]",
            f"        Cluster CIDRs:   [{self.pods}]",
        ]
        if self.global_cidr:
            lines.append(f"        Global CIDR:     {self.global_cidr}")
        if self.clusterset_ip:
            lines.append(f"        ClustersetIP CIDR:     {self.clusterset_ip}")
        return "\n".join(lines)


def discover(api: Api) -> Network | None:
    """The network of a cluster; ApiError where it cannot be told."""
    kindnet = _pod(api, "app=kindnet")
    if kindnet is not None:
        network = Network("kindnet", pods=_environment(kindnet, "POD_SUBNET"))
        network.pods = network.pods or _pod_range(api)
        network.services = _service_range(api)
    else:
        network = Network("generic", pods=_pod_range(api))
        network.services = _service_range(api)
    if not network.pods and not network.services:
        return None
    installed = api.find(path("Submariner", names.OPERATOR_NAMESPACE, names.SUBMARINER_CR))
    if installed is not None:
        network.global_cidr = installed["spec"].get("globalCIDR", "")
        network.clusterset_ip = installed["spec"].get("clustersetIPCIDR", "")
    return network


def parameter(pod: Object, name: str) -> str:
    """A `--name=value` of a pod's command or arguments."""
    for container in pod["spec"]["containers"]:
        for word in [*(container.get("command") or []), *(container.get("args") or [])]:
            for part in word.split():
                if part.startswith(f"{name}="):
                    return str(part.partition("=")[2])
    return ""


def _pod(api: Api, labels: str) -> Object | None:
    return next(iter(api.list(path("Pod"), labelSelector=labels)), None)


def _environment(pod: Object, name: str) -> str:
    variables = (variable for container in pod["spec"]["containers"] for variable in container.get("env") or [])
    return next((str(variable.get("value", "")) for variable in variables if variable["name"] == name), "")


def _pod_range(api: Api) -> str:
    for component in ("kube-controller-manager", "kube-proxy"):
        pod = _pod(api, f"component={component}")
        found = parameter(pod, "--cluster-cidr") if pod else ""
        if found:
            return found
    nodes = api.list(path("Node"))
    # With several nodes a node's range is only a part of the cluster's.
    return str(nodes[0]["spec"].get("podCIDR", "")) if len(nodes) == 1 else ""


def _service_range(api: Api) -> str:
    pod = _pod(api, "component=kube-apiserver")
    found = parameter(pod, "--service-cluster-ip-range") if pod else ""
    if found:
        return found
    try:
        api.create(path("Service", "default"), PROBE)
    except ApiError as exc:
        match = re.search(r"valid IPs is (.*)$", str(exc))
        if match:
            return match.group(1)
        raise ApiError(0, f'{NO_RANGE}the expected error was not returned. The actual error was "{exc}"') from exc
    raise ApiError(0, f"{NO_RANGE}expected a specific error but none was returned")
