# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's process, to be stopped at a moment that the API server's controllers would miss."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.lab.clusters import Clusters
from tests.lab.config import LabError
from tests.lab.process import wait_until

_NAME = "submariner-operator"
_GOING_LIMIT = 30.0


@dataclass(frozen=True)
class Operator:
    clusters: Clusters
    cluster: str
    node: str
    pid: str

    @classmethod
    def of(cls, clusters: Clusters, cluster: str) -> Operator:
        query = ("-n", _NAME, "get", "pods", "-l", f"name={_NAME}", "-o", "json")
        pods = json.loads(clusters.kubectl(cluster, *query).out)["items"]
        if len(pods) != 1:
            raise LabError(f"{cluster}: {len(pods)} operator pods, not one")
        node = pods[0]["spec"]["nodeName"]
        container = pods[0]["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        template = ("--output", "go-template", "--template", "{{.info.pid}}")
        return cls(
            clusters, cluster, node, clusters.in_node(node, "crictl", "inspect", *template, container).out.strip()
        )

    def work(self, seconds: float) -> None:
        """Let the process run for a moment and halt it."""
        self.clusters.in_node(self.node, "sh", "-c", f"kill -CONT {self.pid}; sleep {seconds}; kill -STOP {self.pid}")

    def kill(self) -> None:
        """For good: its pod is told to go first, so that no other process takes its place."""
        self.clusters.kubectl(self.cluster, "-n", _NAME, "scale", f"deployment/{_NAME}", "--replicas=0")
        if not wait_until(self._goes, _GOING_LIMIT):
            raise LabError(f"{self.cluster}: the operator's pod is not told to go after {_GOING_LIMIT:.0f} s")
        self.clusters.in_node(self.node, "kill", "-KILL", self.pid, check=False)

    def _goes(self) -> bool:
        query = ("-n", _NAME, "get", "pods", "-l", f"name={_NAME}", "-o", "json")
        pods = json.loads(self.clusters.kubectl(self.cluster, *query).out)["items"]
        return all(pod["metadata"].get("deletionTimestamp") for pod in pods)
