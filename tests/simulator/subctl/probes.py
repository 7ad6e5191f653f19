# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of the nettest image that diagnose starts: bounded, labelled transient, deleted at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .. import names
from .api import Api, Object, path
from .status import ApiError

TRANSIENT_LABEL = "submariner.io/transient"
# Once for the pod to start, once for it to end.
WAIT_SECONDS = 190
POLL_SECONDS = 0.5
DONE = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Placement:
    """Where a probe runs: on a named node, on a gateway node, or on any other node."""

    node: str = ""
    gateway: bool = False
    host_network: bool = False


class Probe:
    """One pod running one command; its output is the container's termination message."""

    def __init__(self, api: Api, namespace: str, name: str, image: str, command: str, placement: Placement) -> None:
        self._api = api
        self._namespace = namespace
        created = api.create(path("Pod", namespace), _pod(name, image, command, placement))
        self.name = str(created["metadata"]["name"])
        self._pod = created

    def __enter__(self) -> Probe:
        try:
            self._await(("Running", *DONE), f'Pod "{self.name}" is still pending')
        except ApiError:
            self.delete()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.delete()

    def delete(self) -> None:
        self._api.delete(path("Pod", self._namespace, self.name))

    @property
    def address(self) -> str:
        return str((self._pod.get("status") or {}).get("podIP", ""))

    @property
    def node(self) -> str:
        return str(self._pod["spec"].get("nodeName", ""))

    def output(self) -> str:
        """What the command printed, once it has ended."""
        self._await(DONE, f'timed out waiting for pod "{self.name}" to finish')
        state = self._pod["status"]["containerStatuses"][0]["state"]
        return str((state.get("terminated") or {}).get("message", ""))

    def _await(self, phases: tuple[str, ...], complaint: str) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while True:
            self._pod = self._api.get(path("Pod", self._namespace, self.name))
            if self._pod["status"].get("phase") in phases:
                return
            if time.monotonic() > end:
                raise ApiError(0, f"{complaint}: Pod status: {self._pod['status']}")
            time.sleep(POLL_SECONDS)


def nettest_image(submariner: Object) -> str:
    """The image of an installation's probes."""
    spec = submariner["spec"]
    return (spec.get("imageOverrides") or {}).get(names.NETTEST) or names.image(
        names.NETTEST_IMAGE, spec.get("version") or names.VERSION, spec.get("repository") or names.REPOSITORY
    )


def _pod(name: str, image: str, command: str, placement: Placement) -> Object:
    container: Object = {
        "name": name,
        "image": image,
        "command": ["sh", "-c", "$(COMMAND) >/dev/termination-log 2>&1 || exit 0"],
        "env": [{"name": "COMMAND", "value": command}],
    }
    if placement.host_network:
        capabilities = {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["all"]}
        container["securityContext"] = {"capabilities": capabilities, "privileged": True, "runAsUser": 0}
    spec: Object = {
        "restartPolicy": "Never",
        "hostNetwork": placement.host_network,
        "containers": [container],
        "tolerations": [{"operator": "Exists"}],
    }
    if placement.node:
        spec["nodeName"] = placement.node
    else:
        operator = "In" if placement.gateway else "NotIn"
        expression = {"key": names.GATEWAY_NODE_LABEL, "operator": operator, "values": ["true"]}
        terms = [{"matchExpressions": [expression]}]
        spec["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        }
    labels = {"app": name, TRANSIENT_LABEL: "true"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": name, "labels": labels},
        "spec": spec,
    }
