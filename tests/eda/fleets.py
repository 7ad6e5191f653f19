# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two joined clusters, east with the broker and west, and a second Endpoint for west: recorded ones, or the lab's."""

from __future__ import annotations

import json
import pathlib
import typing as t

from tests.lab.clusters import Clusters
from tests.unit.clusterset import BROKER, ENDPOINTS, GATEWAYS, Clusterset
from tests.unit.fake_api import FakeApi

SECOND = "west-submariner-cable-west-172-31-2-9"


class Fleet(t.Protocol):
    """What a test needs of one."""

    kubeconfigs: dict[str, str]

    def plant(self) -> None:
        """Make the second Endpoint."""

    def clear(self) -> None:
        """Take it away."""


class Recorded:
    """Behind API servers of the tests, with gateways that write as living ones do."""

    def __init__(self, east: FakeApi, west: FakeApi, folder: pathlib.Path) -> None:
        self._made = Clusterset(east, west, folder)
        self._made.live(1.0)
        self.kubeconfigs = {
            name: self._made.access(api)["kubeconfig"] for name, api in (("east", east), ("west", west))
        }

    def plant(self) -> None:
        self._made.second_endpoint(self._made.east)

    def clear(self) -> None:
        if any(e["metadata"]["name"] == SECOND for e in self._made.east.cluster.objects(ENDPOINTS, BROKER)):
            self._made.east.cluster.delete(ENDPOINTS, BROKER, SECOND)

    def lose_connections(self) -> None:
        """Those of west's gateway."""

        def lose(gateway: dict[str, t.Any]) -> None:
            for connection in gateway["status"]["connections"]:
                connection["status"] = "error"

        self._made.change(self._made.west, GATEWAYS, lose)


class InTheLab:
    """The clusters of the lab, joined. The Endpoint is made as a gateway makes one, on the broker."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self.kubeconfigs = {name: str(clusters.places.kubeconfig_of(name)) for name in ("east", "west")}

    def plant(self) -> None:
        found = json.loads(self._kubectl("get", "endpoints.submariner.io", "-o", "json"))["items"]
        first = next(e for e in found if e["spec"]["cluster_id"] == "west")
        spec = {**first["spec"], "private_ip": "172.31.2.9", "cable_name": "submariner-cable-west-172-31-2-9"}
        meta = {"name": SECOND, "namespace": BROKER, "labels": first["metadata"].get("labels", {})}
        second = {"apiVersion": first["apiVersion"], "kind": "Endpoint", "metadata": meta, "spec": spec}
        self._kubectl("create", "-f", "-", stdin=json.dumps(second))

    def clear(self) -> None:
        self._kubectl("delete", "endpoints.submariner.io", SECOND, "--ignore-not-found")

    def _kubectl(self, *arguments: str, stdin: str = "") -> str:
        done = self._clusters.kubectl("east", "-n", BROKER, *arguments, stdin=stdin)
        return str(done.out)
