# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients in pods: one on a gateway node, one on another node, with upstream's image for tests."""

from __future__ import annotations

import json

from tests.contract.bench import Bench
from tests.lab.state import load

NAMESPACE = "contract-traffic"
TRIES = "12"  # curl waits 1, 2, 4, ... s between them


def start_clients(bench: Bench, cluster: str) -> None:
    """A pod on each node of a cluster, named after it."""
    image = f"quay.io/submariner/nettest:{load(bench.clusters.places).version}"
    bench.kubectl(cluster, "create", "namespace", NAMESPACE)
    for node in bench.nodes(cluster):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": node, "namespace": NAMESPACE},
            "spec": {
                "nodeName": node,
                "containers": [{"name": "client", "image": image, "command": ["sleep", "100000"]}],
                "terminationGracePeriodSeconds": 0,
            },
        }
        bench.clusters.kubectl(cluster, "create", "-f", "-", stdin=json.dumps(pod))
    bench.kubectl(cluster, "-n", NAMESPACE, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=50s")


def fetch(bench: Bench, cluster: str, node: str, url: str, patient: bool = True) -> str:
    """What an HTTP server answers to a pod on this node; empty if it does not."""
    retries = ("--retry", TRIES, "--retry-all-errors", "--retry-max-time", "45") if patient else ()
    command = ("exec", node, "--", "curl", "-s", "-m", "5", *retries, url)
    return bench.clusters.kubectl(cluster, "-n", NAMESPACE, *command, check=False, timeout=90).out.strip()
