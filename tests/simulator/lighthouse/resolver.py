# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address a name of the clusterset has: pure, from EndpointSlices, ServiceImports and Gateways."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulator.kube import Object
from tests.simulator.lighthouse import records

CONNECTED = "connected"


class Asked(NamedTuple):
    """A Service, wherever it runs, or as one cluster exports it."""

    namespace: str
    service: str
    cluster: str = ""


class Answer(NamedTuple):
    """Whether the name exists, and its address if there is one to give."""

    found: bool
    address: str = ""


def asked_for(labels: list[str]) -> Asked | None:
    """What the part of a name before its zone asks for: [CLUSTER.]SERVICE.NAMESPACE.svc."""
    if len(labels) not in (3, 4) or labels[-1] != "svc":
        return None
    *cluster, service, namespace, _svc = labels
    return Asked(namespace, service, cluster[0] if cluster else "")


class Directory:
    """What this cluster knows of the clusterset's services."""

    def __init__(self, cluster_id: str, all_connected: bool = False) -> None:
        self.cluster_id = cluster_id
        self.all_connected = all_connected  # where there is service discovery alone
        self.connected = {cluster_id}
        self.imports: set[tuple[str, str]] = set()
        self.slices: dict[tuple[str, str], dict[str, Object]] = {}  # (namespace, service) -> cluster -> slice
        self._turns: dict[tuple[str, str], int] = {}

    def import_changed(self, kind: str, item: Object) -> None:
        """A ServiceImport beside the Service; those in the operator's and the broker's namespace have other names."""
        key = (item["metadata"]["namespace"], item["metadata"]["name"])
        (self.imports.discard if kind == "DELETED" else self.imports.add)(key)

    def slice_changed(self, kind: str, item: Object) -> None:
        key, cluster = records.service_of(item), records.source(item)
        if item["metadata"]["namespace"] != key[0]:
            return  # in the broker's namespace
        clusters = self.slices.setdefault(key, {})
        if kind != "DELETED":
            clusters[cluster] = item
        elif clusters.get(cluster, {}).get("metadata", {}).get("name") == item["metadata"]["name"]:
            del clusters[cluster]

    def gateway_changed(self, item: Object) -> None:
        """A cluster counts as connected until a Gateway says otherwise; that it is not mentioned says nothing."""
        status = item.get("status") or {}
        for connection in status.get("connections") or [] if status.get("haStatus") == "active" else ():
            cluster = connection["endpoint"]["cluster_id"]
            (self.connected.add if connection["status"] == CONNECTED else self.connected.discard)(cluster)

    def resolve(self, asked: Asked) -> Answer:
        """The own cluster's address where it exports the Service, else the others' in turn."""
        key = (asked.namespace, asked.service)
        clusters = self.slices.get(key, {})
        if key not in self.imports or (asked.cluster and asked.cluster not in clusters):
            return Answer(False)
        if asked.cluster:
            return Answer(True, _address(clusters[asked.cluster]))
        own = clusters.get(self.cluster_id)
        if own and _ready(own):
            return Answer(True, _address(own))
        usable = [
            item
            for cluster, item in sorted(clusters.items())
            if _ready(item) and (self.all_connected or cluster in self.connected)
        ]
        if not usable:
            return Answer(True)
        turn = self._turns.get(key, -1) + 1
        self._turns[key] = turn
        return Answer(True, _address(usable[turn % len(usable)]))


def _address(item: Object) -> str:
    return str(item["endpoints"][0]["addresses"][0])


def _ready(item: Object) -> bool:
    endpoints = item.get("endpoints") or []
    return bool(endpoints) and (endpoints[0].get("conditions") or {}).get("ready") is not False
