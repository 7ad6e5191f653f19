# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the operator and everybody's rights on a cluster, and waits for the operator."""

from __future__ import annotations

import time

from .. import crds, names
from . import rbac
from .api import Api, Object, at_once, path
from .ensure import create_or_update
from .status import ApiError, Reporter

NAMESPACE = names.OPERATOR_NAMESPACE
POLL_SECONDS = 5
LIMIT_SECONDS = 600
COMPONENTS = (names.GATEWAY, names.ROUTE_AGENT, names.GLOBALNET, rbac.DIAGNOSE)
LIGHTHOUSE = (names.LIGHTHOUSE_AGENT, names.LIGHTHOUSE_COREDNS)
# Pods of these accounts may use no Secret but those named in the account.
SECRETS_ANNOTATION = {"kubernetes.io/enforce-mountable-secrets": "true"}


def image(repository: str, version: str, overrides: dict[str, str]) -> str:
    return overrides.get(names.OPERATOR) or names.image(
        names.OPERATOR_IMAGE, version or names.VERSION, repository or names.REPOSITORY
    )


def ensure(api: Api, status: Reporter, operator_image: str, debug: bool, proxies: dict[str, str]) -> None:
    """CRDs, namespace, rights, then the Deployment; returns when that is available."""
    if _all(api, [definition.manifest() for definition in crds.BY_SUBCTL]):
        status.success("Created operator CRDs")
    _ensure_namespace(api, NAMESPACE, {"pod-security.kubernetes.io/enforce": "privileged"})
    status.success(f"Created operator namespace: {NAMESPACE}")
    if _all(api, _operator_rights()):
        status.success("Created operator service account and role")
    if _all(api, _component_rights()):
        status.success("Created submariner service account and role")
    if _all(api, _lighthouse_rights()):
        status.success("Created lighthouse service account and role")
    try:
        created = create_or_update(api, _deployment(operator_image, debug, proxies))
    except ApiError as exc:
        raise ApiError(exc.status, f"error creating/updating Deployment: {exc}") from exc
    _await_available(api)
    if created:
        status.success("Deployed the operator successfully")


def ensure_namespace(api: Api, name: str) -> None:
    _ensure_namespace(api, name, {})


def _ensure_namespace(api: Api, name: str, labels: dict[str, str]) -> None:
    existing = api.find(path("Namespace", "", name))
    if existing is None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        api.create(path("Namespace"), body)
    elif not labels.items() <= (existing["metadata"].get("labels") or {}).items():
        api.patch(path("Namespace", "", name), {"metadata": {"labels": labels}})


def _all(api: Api, objects: list[Object]) -> bool:
    """Whether any of the objects was new."""
    return any(at_once(lambda item: create_or_update(api, item), objects))


def _account(name: str) -> Object:
    account = rbac.service_account(name, NAMESPACE, SECRETS_ANNOTATION)
    allowed = {
        names.GATEWAY: (names.BROKER_SECRET, names.PSK_SECRET),
        names.LIGHTHOUSE_AGENT: (names.BROKER_SECRET,),
    }.get(name, ())
    if allowed:
        account["secrets"] = [{"name": secret} for secret in allowed]
    return account


def _operator_rights() -> list[Object]:
    name = names.OPERATOR
    return [
        _account(name),
        rbac.role(name, NAMESPACE, rbac.ROLES[name]),
        rbac.role_binding(name, NAMESPACE, name, name),
        rbac.cluster_role(name),
        rbac.cluster_role_binding(name),
    ]


def _component_rights() -> list[Object]:
    metrics = rbac.METRICS_READER
    return [
        *(_account(name) for name in COMPONENTS),
        *(rbac.role(name, NAMESPACE, rbac.ROLES[name]) for name in COMPONENTS),
        rbac.role(metrics, NAMESPACE, rbac.ROLES[metrics]),
        *(rbac.role_binding(name, NAMESPACE, name, name) for name in COMPONENTS),
        # For OpenShift's Prometheus; made everywhere.
        rbac.role_binding(rbac.METRICS_BINDING, NAMESPACE, metrics, "prometheus-k8s", "openshift-monitoring"),
        *(rbac.cluster_role(name) for name in COMPONENTS),
        *(rbac.cluster_role_binding(name) for name in COMPONENTS),
    ]


def _lighthouse_rights() -> list[Object]:
    return [
        *(_account(name) for name in LIGHTHOUSE),
        *(rbac.cluster_role(name) for name in LIGHTHOUSE),
        *(rbac.cluster_role_binding(name) for name in LIGHTHOUSE),
    ]


def _deployment(operator_image: str, debug: bool, proxies: dict[str, str]) -> Object:
    name = names.OPERATOR
    fields = {"WATCH_NAMESPACE": "metadata.namespace", "POD_NAME": "metadata.name"}
    environment: list[Object] = [
        {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": field}}} for variable, field in fields.items()
    ]
    environment.append({"name": "OPERATOR_NAME", "value": name})
    environment += [{"name": variable, "value": value} for variable, value in proxies.items() if value]
    container = {
        "name": name,
        "image": operator_image,
        "imagePullPolicy": "IfNotPresent" if operator_image.endswith(":local") else "Always",
        "command": [name, "-v=3" if debug else "-v=1"],
        "env": environment,
        "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"name": name}},
            "template": {
                "metadata": {"labels": {"name": name}},
                "spec": {"serviceAccountName": name, "containers": [container]},
            },
        },
    }


def _await_available(api: Api) -> None:
    """Poll until the Deployment is available. One that does not exist is waited for just as long."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        deployment = api.find(path("Deployment", NAMESPACE, names.OPERATOR)) or {}
        for condition in (deployment.get("status") or {}).get("conditions") or []:
            if condition["type"] == "Available" and condition["status"] == "True":
                return
        if time.monotonic() + POLL_SECONDS > end:
            time.sleep(max(0.0, end - time.monotonic()))
            raise ApiError(0, "error awaiting Deployment ready: context deadline exceeded")
        time.sleep(POLL_SECONDS)
