# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a running lab the way the recordings were made."""

from __future__ import annotations

import json
import re

from tests.fidelity.naming import Object, nodes_of
from tests.fidelity.nodes import Files
from tests.fidelity.recording import CLUSTERS, Installation
from tests.lab import web
from tests.lab.clusters import Clusters

COMMANDS = {
    "ip-link.txt": "ip -j -d link",
    "ip-addr.txt": "ip -j addr",
    "ip-route.txt": "ip -j route show table all",
    "ip-rule.txt": "ip -j rule",
    "ipset.txt": "ipset save",
    "iptables-save.txt": "iptables-save",
}
# A cluster's own objects that are looked at whatever they say, and words by which others are found.
ALWAYS = (("ConfigMap", "kube-system", "coredns"),)
EXPORTED = (web.NAMESPACE, web.NAME)  # the Service, and what Kubernetes makes for it
WORDS = ("submariner", "multicluster.x-k8s.io")


def look(clusters: Clusters) -> Installation:
    """Objects and data planes of the lab's first two clusters."""
    objects = {cluster: _objects(clusters, cluster) for cluster in CLUSTERS}
    files: dict[tuple[str, str], Files] = {}
    for cluster in CLUSTERS:
        for node in nodes_of(cluster, objects[cluster]):
            outputs = {name: clusters.in_node(node.name, *argv.split()).out for name, argv in COMMANDS.items()}
            files[cluster, node.role] = {name: output for name, output in outputs.items() if output.strip()}
    return Installation(objects, files)


def _objects(clusters: Clusters, cluster: str) -> list[Object]:
    listed = clusters.kubectl(cluster, "api-resources", "--verbs=list", "-o", "name").out.split()
    wanted = [name for name in listed if not name.startswith("events") and not name.endswith("metrics.k8s.io")]
    answer = clusters.kubectl(cluster, "get", ",".join(wanted), "-A", "-o", "json", "--ignore-not-found").out
    items: list[Object] = json.loads(answer)["items"] if answer.strip() else []
    for item in items:
        item["metadata"].pop("managedFields", None)
    return [item for item in items if _concerns(item)]


def _concerns(item: Object) -> bool:
    metadata = item["metadata"]
    if item["kind"] == "Node" or (item["kind"], metadata.get("namespace"), metadata["name"]) in ALWAYS:
        return True
    if metadata.get("namespace") == EXPORTED[0] and re.match(rf"{EXPORTED[1]}(-|$)", metadata["name"]):
        return True
    text = json.dumps(item)
    return any(word in text for word in WORDS)
