# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Service that the recorded clusters exported: two web servers in every cluster, each of which tells its name.

`/hostname` answers with the pod's name: the servers show their `/etc`.
"""

from __future__ import annotations

import json

from tests.lab.clusters import Clusters
from tests.lab.config import LabError
from tests.lab.process import wait_until

NAME = "web"
NAMESPACE = "default"
_PORT = 8080
_READY_LIMIT = "180s"
_EXPORT_LIMIT = 120.0
_CONTAINER = {
    "name": NAME,
    "image": "docker.io/library/busybox:1",
    "imagePullPolicy": "IfNotPresent",
    "command": ["busybox", "httpd", "-f", "-p", str(_PORT), "-h", "/etc"],
    "readinessProbe": {"tcpSocket": {"port": _PORT}, "periodSeconds": 1},
}
_LABELS = {"app": NAME}
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {"containers": [_CONTAINER], "terminationGracePeriodSeconds": 0},
        },
    },
}
_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "spec": {"selector": _LABELS, "ports": [{"name": "http", "port": 80, "targetPort": _PORT}]},
}


def deploy(clusters: Clusters, cluster: str) -> None:
    document = {"apiVersion": "v1", "kind": "List", "items": [_DEPLOYMENT, _SERVICE]}
    clusters.kubectl(cluster, "create", "-f", "-", stdin=json.dumps(document))
    ready = ("-n", NAMESPACE, "rollout", "status", f"deployment/{NAME}", f"--timeout={_READY_LIMIT}")
    clusters.kubectl(cluster, *ready, timeout=200)


def await_exported(clusters: Clusters, names: tuple[str, ...]) -> None:
    """Until every cluster knows the Service and an address of it."""
    selector = f"multicluster.kubernetes.io/service-name={NAME}"

    def known(cluster: str) -> bool:
        queries = (("serviceimports", NAME), ("endpointslices", "-l", selector))
        answers = [
            clusters.kubectl(cluster, "-n", NAMESPACE, "get", *query, "-o", "name", "--ignore-not-found", check=False)
            for query in queries
        ]
        return all(answer.rc == 0 and answer.out.strip() for answer in answers)

    if not wait_until(lambda: all(known(cluster) for cluster in names), _EXPORT_LIMIT, 1.0):
        raise LabError(f"the exported Service {NAME} is not known everywhere after {_EXPORT_LIMIT:.0f} s")
