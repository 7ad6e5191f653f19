# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespace that holds the collection's own objects on a cluster: lock, run record, node pods.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import re
import time
from typing import Any

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import AMBIENT

NAMESPACE = "submariner-lifecycle"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "submariner.lifecycle"
LABELS = {MANAGED_BY: OWNER}
POD_SECURITY = "pod-security.kubernetes.io/enforce"
UNPRIVILEGED_USER = 65534

_PATH = "/api/v1/namespaces/" + NAMESPACE
_SECURITY_OF_OPENSHIFT = "/apis/security.openshift.io/v1"
_UID_RANGE = "openshift.io/sa.scc.uid-range"
# What keeps the namespace alive; everything else in it is made by Kubernetes or its platform.
_CONTENT = (
    "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases",
    "/api/v1/namespaces/" + NAMESPACE + "/secrets",
    "/api/v1/namespaces/" + NAMESPACE + "/configmaps",
    "/api/v1/namespaces/" + NAMESPACE + "/pods",
    "/apis/apps/v1/namespaces/" + NAMESPACE + "/daemonsets",
)
_GENERATED_SECRETS = ("kubernetes.io/service-account-token", "kubernetes.io/dockercfg")


def _manifest() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        # Pods that look at a node need its network and its root, which only this level admits.
        "metadata": {"name": NAMESPACE, "labels": {**LABELS, POD_SECURITY: "privileged"}},
    }


def _terminating(namespace: dict[str, Any]) -> bool:
    return bool(namespace.get("metadata", {}).get("deletionTimestamp"))


def ensure_namespace(api: Api, timeout: float = 60.0) -> bool:
    """Make sure that the namespace exists and is usable; True when it was created here.

    One that is on its way out is waited for. One that somebody else made is used as it is, without
    our owner label, so that it is never deleted by us, and with the Pod Security level that it has.
    """
    deadline = time.monotonic() + timeout
    while True:
        seen = api.get(_PATH)
        if seen.unknown:
            raise ApiFailure(f"namespace {NAMESPACE} cannot be read: {seen.reason}")
        if seen.present and not _terminating(seen.body):
            _admit_node_pods(api, seen.body)
            return False
        if seen.absent:
            made = api.create("/api/v1/namespaces", _manifest())
            if made.present:
                return True
            if made.status != 409:
                raise ApiFailure(f"namespace {NAMESPACE} cannot be created: {made.reason}")
        if time.monotonic() >= deadline:
            raise ApiFailure(
                f"namespace {NAMESPACE} has been going for {timeout:.0f} s and is still there",
                "See what its status conditions name, then run again.",
            )
        time.sleep(0.5)


def unprivileged_user(api: Api, timeout: float = 10.0) -> int:
    """The user of a pod that asks for no right.

    OpenShift gives each namespace a range of its own, some moments after it was made, and may refuse all others.
    """
    if not api.get(_SECURITY_OF_OPENSHIFT).present:
        return UNPRIVILEGED_USER
    deadline = time.monotonic() + timeout
    while True:
        annotations = api.get(_PATH).metadata.get("annotations")
        first = str(annotations.get(_UID_RANGE) if isinstance(annotations, dict) else "").partition("/")[0]
        if first.isdigit():
            return int(first)
        if time.monotonic() >= deadline:
            return UNPRIVILEGED_USER
        time.sleep(0.5)


def _is_ours(namespace: dict[str, Any]) -> bool:
    return _labels(namespace).get(MANAGED_BY) == OWNER


def _labels(namespace: dict[str, Any]) -> dict[str, Any]:
    return namespace.get("metadata", {}).get("labels") or {}


def _admit_node_pods(api: Api, namespace: dict[str, Any]) -> None:
    if _is_ours(namespace) and _labels(namespace).get(POD_SECURITY) != "privileged":
        # Refused for want of rights is no harm here: a pod that is then not admitted says so, see why_not_admitted.
        api.patch(_PATH, {"metadata": {"labels": {POD_SECURITY: "privileged"}}})


def why_not_admitted(api: Api) -> str:
    """Why the namespace does not admit pods that look at a node, and what to do; for a pod that it refused."""
    seen = api.get(_PATH)
    if not seen.present:
        return f"Namespace {NAMESPACE} cannot be read: {seen.reason}."
    if _labels(seen.body).get(POD_SECURITY) == "privileged":
        return f"Namespace {NAMESPACE} admits such pods, so something else in the cluster refuses them."
    whose = "could not be relabelled" if _is_ours(seen.body) else "was not made by this collection and is left as it is"
    return f"Namespace {NAMESPACE} {whose}: label it {POD_SECURITY}=privileged, or delete it."


def _is_content(item: dict[str, Any]) -> bool:
    """Whether the namespace has to stay for it: not for what is generated, nor for a pod that is just ending."""
    if item.get("metadata", {}).get("deletionTimestamp") or item.get("type") in _GENERATED_SECRETS:
        return False
    return not re.fullmatch(AMBIENT["configmaps"], str(item.get("metadata", {}).get("name")))


def drop_namespace_if_empty(api: Api) -> bool:
    """Delete the namespace when we made it and nothing of ours is left in it; True when deleted."""
    seen = api.get(_PATH)
    if not seen.present or _terminating(seen.body):
        return False
    if not _is_ours(seen.body):
        return False
    for path in _CONTENT:
        answer = api.list(path)
        if answer.unknown or any(_is_content(item) for item in answer.items):
            return False
    return not api.delete(_PATH, uid=seen.body.get("metadata", {}).get("uid")).unknown
