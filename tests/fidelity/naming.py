# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces what differs between any two installations (node names, addresses, networks) by what it stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

GATEWAY_LABEL = "submariner.io/gateway"
VTEP_PREFIXES = (240, 241)
CLUSTER_IDS = {"east": "east", "west": "west", "west2": "west"}  # ID -> cluster that carries it in the recorded states


@dataclass(frozen=True)
class Node:
    """A node and the part it plays: gateway or other."""

    name: str
    address: str
    cluster: str
    role: str

    @property
    def token(self) -> str:
        return f"<{self.cluster}-{self.role}>"


def nodes_of(cluster: str, objects: list[Object]) -> list[Node]:
    """The nodes of a cluster. Without a label the gateway is the worker, or the only node there is."""
    nodes = [item for item in objects if item["kind"] == "Node"]
    labelled = [n for n in nodes if (n["metadata"].get("labels") or {}).get(GATEWAY_LABEL) == "true"]
    gateways = labelled or [n for n in nodes if "worker" in n["metadata"]["name"]] or nodes
    result = []
    for node in nodes:
        address = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
        role = "gateway" if node is gateways[0] else "other"
        result.append(Node(node["metadata"]["name"], address, cluster, role))
    return result


def networks_of(objects: list[Object]) -> dict[str, str]:
    """Pod and service networks by the clusters that have them, from every Cluster record that can be seen."""
    found = {}
    for item in objects:
        cluster = CLUSTER_IDS.get((item.get("spec") or {}).get("cluster_id", "")) if item["kind"] == "Cluster" else None
        if cluster:
            for key, what in (("cluster_cidr", "pods"), ("service_cidr", "services")):
                for network in item["spec"][key]:
                    found[network] = f"<{cluster}-{what}>"
    return found


@dataclass
class Naming:
    """Every replacement of one installation of two clusters."""

    nodes: list[Node]
    networks: dict[str, str]
    _pairs: list[tuple[re.Pattern[str], str]] = field(init=False)

    def __post_init__(self) -> None:
        literals: dict[str, str] = dict(self.networks)
        for node in self.nodes:
            literals[node.name] = node.token
            literals[node.address] = f"{node.token}-ip"
            literals[node.address.replace(".", "-")] = f"{node.token}-ip"
            for prefix in VTEP_PREFIXES:
                vtep = ".".join([str(prefix), *node.address.split(".")[1:]])
                literals[vtep] = f"{node.token}-vtep{prefix}"
        ordered = sorted(literals.items(), key=lambda pair: -len(pair[0]))
        self._pairs = [(re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.])"), token) for text, token in ordered]
        # Names of Endpoints and cables end in an address with dashes.
        self._pairs += [
            (re.compile(rf"{re.escape(text)}(?!\d)"), token) for text, token in ordered if re.match(r"\d+-", text)
        ]

    @classmethod
    def of(cls, clusters: dict[str, list[Object]]) -> Naming:
        nodes = [node for cluster, objects in clusters.items() for node in nodes_of(cluster, objects)]
        return cls(nodes, networks_of([item for objects in clusters.values() for item in objects]))

    def __call__(self, text: str) -> str:
        for pattern, token in self._pairs:
            text = pattern.sub(token, text)
        return text
