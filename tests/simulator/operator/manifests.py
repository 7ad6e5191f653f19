# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building blocks of the workloads: metadata, environment, owner references, the uninstall variant of a pod."""

from __future__ import annotations

import copy
from typing import Any

from tests.simulator import names
from tests.simulator.kube import Object

TOLERATE_ALL = [{"operator": "Exists"}]


def env(**values: str | bool) -> list[Object]:
    """Environment of a container; an empty value is stored as a name alone."""
    result: list[Object] = []
    for name, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        result.append({"name": name, "value": text} if text else {"name": name})
    return result


def env_from_field(name: str, field: str) -> Object:
    """An environment variable that the kubelet fills from the pod."""
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": field}}}


def broker_env(spec: Object) -> list[Object]:
    """How a component reaches the broker."""
    return env(
        BROKER_K8S_APISERVER=spec.get("brokerK8sApiServer", ""),
        BROKER_K8S_APISERVERTOKEN=spec.get("brokerK8sApiServerToken", ""),
        BROKER_K8S_REMOTENAMESPACE=spec.get("brokerK8sRemoteNamespace", ""),
        BROKER_K8S_CA=spec.get("brokerK8sCA", ""),
        BROKER_K8S_INSECURE=bool(spec.get("brokerK8sInsecure")),
        BROKER_K8S_SECRET=spec.get("brokerK8sSecret", ""),
    )


def secret_volume(volume: str, secret: str) -> Object:
    return {"name": volume, "secret": {"secretName": secret}}


def host_path(volume: str, directory: str, kind: str = "") -> Object:
    return {"name": volume, "hostPath": {"path": directory, "type": kind}}


def mount(volume: str, directory: str, read_only: bool = False) -> Object:
    result: Object = {"name": volume, "mountPath": directory}
    if read_only:
        result["readOnly"] = True
    return result


def image(spec: Object, component: str, name: str) -> str:
    """The image of a component as the CR wants it."""
    override = (spec.get("imageOverrides") or {}).get(component)
    return str(override or names.image(name, spec["version"], spec["repository"]))


def pull_policy(spec: Object) -> str:
    version = str(spec["version"])
    return "Always" if version in ("devel", "local") or version.startswith("release-") else "IfNotPresent"


def daemon_set(
    name: str, labels: dict[str, str], pod_labels: dict[str, str], pod: Object, unavailable: int | str = 1
) -> Object:
    """A DaemonSet; unavailable as in its rolling update strategy."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": names.OPERATOR_NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": pod_labels}, "spec": pod},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable}},
        },
    }


def deployment(name: str, labels: dict[str, str], replicas: int, pod: Object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": names.OPERATOR_NAMESPACE, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str, labels: dict[str, str], selector: dict[str, str], ports: list[tuple[str, str, int]]) -> Object:
    """A ClusterIP Service; ports are (name, protocol, number)."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": names.OPERATOR_NAMESPACE, "labels": labels},
        "spec": {
            "type": "ClusterIP",
            "selector": selector,
            "ports": [{"name": n, "protocol": p, "port": port, "targetPort": port} for n, p, port in ports],
        },
    }


def metrics_service(component: str, label: str, selected: str, port: int) -> Object:
    """The Service that offers a component's metrics; it selects what its own label says."""
    return service(f"{component}-metrics", {label: selected}, {label: selected}, [("metrics", "TCP", port)])


def owned(manifest: Object, owner: Object) -> Object:
    """The manifest with the owner as its controller."""
    result = copy.deepcopy(manifest)
    result["metadata"]["ownerReferences"] = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    return result


def uninstall_variant(manifest: Object, pause_image: str) -> Object:
    """The workload that cleans up once: the component as init container told to uninstall, then a pause container."""
    result = copy.deepcopy(manifest)
    pod: dict[str, Any] = result["spec"]["template"]["spec"]
    pod["initContainers"] = pod["containers"]
    pod["initContainers"][0]["env"].append({"name": names.UNINSTALL_ENV, "value": "true"})
    pod["containers"] = [
        {"name": "pause", "image": pause_image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "infinity"]}
    ]
    return result
