# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract tests do with a lab: run its subctl, read its clusters, look at its nodes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from tests.lab.clusters import Clusters

Object = dict[str, t.Any]

OPERATOR = "submariner-operator"
BROKER = "submariner-k8s-broker"
GATEWAY_LABEL = "submariner.io/gateway"
CLUSTER_ID_LABEL = "submariner-io/clusterID"
FINALIZER = "controllers.submariner.io/cleanup"
BROKER_INFO = "broker-info.subm"
NETWORK = ("--cable-driver", "vxlan", "--natt=false", "--air-gapped")
PATIENCE = 20.0  # of the user who then presses Ctrl-C


@dataclass(frozen=True)
class Ran:
    """A finished command; `code` is None when it had to be interrupted."""

    code: int | None
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Bench:
    """Two clusters, east (also the broker) and west, and a folder in which subctl runs."""

    clusters: Clusters
    folder: Path

    def subctl(self, *argv: str, patience: float = 660.0) -> Ran:
        """Run to the end without a terminal, or until the patience ends: then Ctrl-C."""
        command = [str(self.clusters.places.bin / "subctl"), *argv]
        start = time.monotonic()
        process = subprocess.Popen(
            command, env=self.clusters.environment(), cwd=self.folder, start_new_session=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=10)
            finally:
                process.kill()
            return Ran(None, out, err, time.monotonic() - start)
        return Ran(process.returncode, out, err, time.monotonic() - start)

    def deploy_broker(self, *more: str, cluster: str = "east", patience: float = 660.0) -> Ran:
        url = f"https://{self.clusters.control_plane_address(cluster)}:6443"
        return self.subctl("deploy-broker", "--context", cluster, "--broker-url", url, *more, patience=patience)

    def join(self, cluster: str, cluster_id: str = "", *more: str, patience: float = 660.0) -> Ran:
        argv = ("join", "--context", cluster, BROKER_INFO, "--clusterid", cluster_id or cluster, *NETWORK, *more)
        return self.subctl(*argv, patience=patience)

    def uninstall(self, cluster: str, patience: float = 660.0) -> Ran:
        return self.subctl("uninstall", "--yes", "--context", cluster, patience=patience)

    def kubectl(self, cluster: str, *argv: str) -> str:
        return self.clusters.kubectl(cluster, *argv).out

    def items(self, cluster: str, kind: str, namespace: str = OPERATOR) -> list[Object]:
        """All objects of a kind. A kind that the API server does not know has none; any other failure is one."""
        where = ("-n", namespace) if namespace else ()
        answer = self.clusters.kubectl(cluster, "get", kind, *where, "-o", "json", check=False)
        if answer.rc != 0:
            assert "the server doesn't have a resource type" in answer.err, answer.err
            return []
        found: list[Object] = json.loads(answer.out)["items"]
        return found

    def names(self, cluster: str, kind: str, namespace: str = OPERATOR) -> set[str]:
        return {str(item["metadata"]["name"]) for item in self.items(cluster, kind, namespace)}

    def find(self, cluster: str, kind: str, name: str, namespace: str = OPERATOR) -> Object | None:
        found = (item for item in self.items(cluster, kind, namespace) if item["metadata"]["name"] == name)
        return next(found, None)

    def crds(self, cluster: str, suffix: str) -> set[str]:
        return {name for name in self.names(cluster, "crd", "") if name.endswith(suffix)}

    def connections(self, cluster: str) -> dict[str, str]:
        """Cluster ID -> status, as the active Gateway tells it."""
        return {
            str(connection["endpoint"]["cluster_id"]): str(connection["status"])
            for gateway in self.items(cluster, "gateways.submariner.io")
            for connection in gateway["status"].get("connections") or []
        }

    def endpoint_owners(self, cluster: str, namespace: str = OPERATOR) -> list[str]:
        return sorted(str(e["spec"]["cluster_id"]) for e in self.items(cluster, "endpoints.submariner.io", namespace))

    def cluster_names(self, cluster: str, namespace: str = OPERATOR) -> set[str]:
        return self.names(cluster, "clusters.submariner.io", namespace)

    def nodes(self, cluster: str) -> list[str]:
        """Workers first: the first one is the gateway node."""
        mine = [node.name for node in self.clusters.nodes() if node.cluster == cluster]
        return sorted(mine, key=lambda name: ("-worker" not in name, name))

    def on_node(self, node: str, *argv: str) -> str:
        return self.clusters.in_node(node, *argv).out

    def label_gateway(self, cluster: str, present: bool = True) -> None:
        label = f"{GATEWAY_LABEL}=true" if present else f"{GATEWAY_LABEL}-"
        self.kubectl(cluster, "label", "node", self.nodes(cluster)[0], label, "--overwrite")

    def gateway_labels(self, cluster: str) -> list[str]:
        nodes = self.items(cluster, "nodes", "")
        return [str(n["metadata"]["name"]) for n in nodes if GATEWAY_LABEL in n["metadata"]["labels"]]

    def eventually(self, truth: t.Callable[[], t.Any], seconds: float, what: str) -> None:
        """Wait for something that the contract promises; without it the test fails."""
        end = time.monotonic() + seconds
        seen = truth()
        while not seen:
            assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
            time.sleep(0.5)
            seen = truth()

    def await_gone(self, cluster: str, namespace: str = OPERATOR) -> None:
        self.eventually(
            lambda: namespace not in self.names(cluster, "namespaces", ""), 180, f"namespace {namespace} gone"
        )

    def await_connected(self, expected: dict[str, set[str]]) -> None:
        def connected() -> bool:
            return all(
                self.connections(cluster) == dict.fromkeys(remotes, "connected")
                for cluster, remotes in expected.items()
            )

        self.eventually(connected, 180, f"connections {expected}")
