# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster can pull images: one pod of ours has a container of each, which ends at once.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    WARNING,
    Finding,
    Json,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    NAMESPACE,
    drop_namespace_if_empty,
    ensure_namespace,
    unprivileged_user,
)

PURPOSE = "image-pull"
POLL = 0.5

PULLING = ("ErrImagePull", "ImagePullBackOff")
"""Reasons for which the kubelet tries again. Only the first of them says why; the other one that it has to wait."""
HOPELESS = ("InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed")
WITH_IMAGE = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
    "PostStartHookError",
)
"""What can only go wrong once the image is there."""


@dataclass
class Pull:
    """What became of one image; C(pulled) is None while it is not known."""

    image: str
    pulled: bool | None = None
    said: str = ""
    failed: bool = False
    """Whether an attempt failed already."""

    def look(self, status: Json) -> None:
        state = mapping(status.get("state"))
        waiting = mapping(state.get("waiting"))
        reason, said = text(waiting.get("reason")), " ".join(text(waiting.get("message")).split())[:300]
        if text(status.get("imageID")) or {"running", "terminated"} & set(state) or reason in WITH_IMAGE:
            self.pulled, self.said = True, ""
        elif reason in HOPELESS:
            self.pulled, self.said = False, said or reason
        elif reason in PULLING:
            if reason == PULLING[0] or not self.said:
                self.said = said or reason
            self.pulled = False if self.failed and reason == PULLING[1] else None
            self.failed = True

    def as_dict(self) -> Json:
        return {k: v for k, v in asdict(self).items() if k != "failed"}


def manifest(images: t.Sequence[str], run: str, lifetime: float, user: int) -> Json:
    """A pod that the scheduler places, with no more tolerations than the operator's has: none."""
    security = {"runAsNonRoot": True, "runAsUser": user, "capabilities": {"drop": ["ALL"]}}
    containers = [
        own_pods.container(f"image-{number}", image, {"SERVE": "exit 0"}, security)
        for number, image in enumerate(images)
    ]
    name = f"{PURPOSE}-{run}"
    pod = own_pods.manifest(name, NAMESPACE, PURPOSE, run, containers[0], {}, lifetime)
    pod["spec"]["containers"] = [{"imagePullPolicy": "IfNotPresent", **item} for item in containers]
    return pod


def try_images(api: Api, images: t.Sequence[str], timeout: float) -> tuple[list[Pull], str]:
    """What became of each image within C(timeout) seconds, and why the pod as a whole did not come so far.

    The pod is removed whatever happens, and the namespace when it was made for it.
    """
    pulls = [Pull(image) for image in images]
    made = ensure_namespace(api)
    run = own_pods.new_run()
    pod = manifest(images, run, timeout + 60, unprivileged_user(api))
    try:
        own_pods.sweep(api, NAMESPACE, PURPOSE)
        return pulls, _watch(api, pod, pulls, time.monotonic() + timeout)
    finally:
        own_pods.remove(api, NAMESPACE, pod["metadata"]["name"])
        own_pods.wait_gone(api, NAMESPACE, f"{own_pods.RUN}={run}")
        if made:
            drop_namespace_if_empty(api)


def _watch(api: Api, pod: Json, pulls: t.Sequence[Pull], end: float) -> str:
    """Until all is known, or the time is over: then why."""
    places = {f"image-{number}": pull for number, pull in enumerate(pulls)}
    path, cause = f"/api/v1/namespaces/{NAMESPACE}/pods", "the node's kubelet has not started it"
    uid = ""
    while True:
        seen = api.get(f"{path}/{pod['metadata']['name']}") if uid else api.create(path, pod)
        if not uid and not seen.present:
            cause = f"the pod was not accepted: {seen.reason}"
            # The default ServiceAccount follows a new namespace by a moment.
            if "serviceaccount" not in seen.reason.lower():
                return cause
        elif not seen.present:
            cause = (
                f"the API does not answer: {seen.reason}" if seen.unknown else "the pod was deleted by somebody else"
            )
            if seen.absent:
                return cause
        else:
            uid = seen.uid
            for status in map(mapping, sequence(mapping(seen.body.get("status")).get("containerStatuses"))):
                if text(status.get("name")) in places:
                    places[text(status.get("name"))].look(status)
            if all(pull.pulled is not None for pull in pulls):
                return ""
            cause = own_pods.trouble(seen.body)[0]
        if time.monotonic() >= end:
            return cause
        time.sleep(POLL)


def judge(cluster: str, pulls: t.Sequence[Pull], cause: str, timeout: float) -> list[Finding]:
    """Images that cannot be had, and those of which it is not known."""
    whose = f"{cluster}: " if cluster else ""
    found = [
        Finding(
            "image.not-pulled",
            ERROR,
            f"{whose}image {pull.image}",
            "cannot be pulled",
            "every image of the installation",
            cause=pull.said,
            hint="check submariner_version and submariner_repository, the way to the registry, and that the nodes may read it",
        )
        for pull in pulls
        if pull.pulled is False
    ]
    left = [pull.image for pull in pulls if pull.pulled is None]
    if left:
        said = next((pull.said for pull in pulls if pull.pulled is None and pull.said), cause)
        found.append(
            Finding(
                "preflight.not-inspected",
                WARNING,
                f"{whose}image{'' if len(left) == 1 else 's'} {', '.join(left)}",
                f"not known to be pulled within {timeout:.0f} s",
                "every image of the installation",
                cause=said,
            )
        )
    return found
