# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kubelet does for pods of ours on the fake API server: it says that they run, or why not."""

from __future__ import annotations

import threading
import time
import typing as t

from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]

NAMESPACE = "submariner-lifecycle"
PODS = ("", "pods")


class Kubelet(threading.Thread):
    """C(statuses) replaces, per node, the status of a pod that runs; C(seen) keeps the last pod of each node."""

    def __init__(self, api: FakeApi) -> None:
        super().__init__(daemon=True)
        self.api = api
        self.statuses: dict[str, Json] = {}
        self.seen: dict[str, Json] = {}

    def run(self) -> None:
        while not self.api.stopping.is_set():
            for pod in self.api.cluster.objects(PODS, NAMESPACE):
                if "status" not in pod:
                    self.seen[pod["spec"]["nodeName"]] = pod
                    pod["status"] = self.statuses.get(pod["spec"]["nodeName"]) or self.start_pod(pod)
                    self.api.cluster.replace(PODS, pod, NAMESPACE, pod["metadata"]["name"])
            time.sleep(0.02)

    def start_pod(self, pod: Json) -> Json:
        name = pod["spec"]["containers"][0]["name"]
        return {"phase": "Running", "containerStatuses": [{"name": name, "ready": True, "state": {}}]}
