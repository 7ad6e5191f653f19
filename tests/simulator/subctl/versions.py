# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl show versions`: what is configured, and what the pods say that they run."""

from __future__ import annotations

from .. import names
from .api import Api, Object, path
from .contexts import ClusterInfo
from .status import ApiError, Reporter
from .tables import Column, Table

NAMESPACE = names.OPERATOR_NAMESPACE
UNAVAILABLE = "Unavailable"
DAEMON_SETS = (names.GATEWAY, names.ROUTE_AGENT, names.GLOBALNET, names.METRICS_PROXY)
DEPLOYMENTS = (names.OPERATOR, names.LIGHTHOUSE_AGENT, names.LIGHTHOUSE_COREDNS)
LOG_LINES = 20


def versions(info: ClusterInfo, status: Reporter) -> None:
    status.start("Showing versions")
    table = Table(tuple(Column(name) for name in ("COMPONENT", "REPOSITORY", "CONFIGURED", "RUNNING", "ARCH")))
    for kind, components in (("DaemonSet", DAEMON_SETS), ("Deployment", DEPLOYMENTS)):
        with status.explaining(f"Error retrieving {kind} versions"):
            for component in components:
                workload = info.api.find(path(kind, NAMESPACE, component))
                if workload is not None:
                    table.add(component, *image_parts(workload), *_running(info.api, workload, component))
    status.end()
    print(table, end="", flush=True)


def image_parts(workload: Object) -> tuple[str, str]:
    """Repository and version of a workload's image."""
    repository, _slash, rest = str(workload["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition("/")
    _name, _colon, version = rest.partition(":")
    return repository, version


def _running(api: Api, workload: Object, component: str) -> tuple[str, str]:
    """Version and architecture from the first pod that tells its version."""
    selector = ",".join(f"{key}={value}" for key, value in workload["spec"]["selector"]["matchLabels"].items())
    pods = api.list(path("Pod", NAMESPACE), labelSelector=selector)
    if not pods:
        return "", ""
    for pod in pods:
        version = _logged_version(api, pod, component)
        node = pod["spec"].get("nodeName")
        if version and node:
            labels = api.get(path("Node", "", node))["metadata"]["labels"]
            return version, str(labels.get("kubernetes.io/arch", ""))
    return UNAVAILABLE, UNAVAILABLE


def _logged_version(api: Api, pod: Object, component: str) -> str:
    """Every component tells its version in its first log lines."""
    location = path("Pod", NAMESPACE, pod["metadata"]["name"]) + "/log"
    query = {"container": pod["spec"]["containers"][0]["name"], "limitBytes": "8192"}
    try:
        text = api.request("GET", location, query=query).decode(errors="replace")
    except ApiError:
        return ""
    head = f"{component} version: "
    return next((line.removeprefix(head) for line in text.splitlines()[:LOG_LINES] if line.startswith(head)), "")
