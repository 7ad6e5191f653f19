# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two recorded clusters behind fake API servers: east (also the broker) and west, whose gateways may be alive."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_cluster import Kind

Json = dict[str, t.Any]

OPERATOR, BROKER = "submariner-operator", "submariner-k8s-broker"
ENDPOINTS: Kind = ("submariner.io", "endpoints")
GATEWAYS: Kind = ("submariner.io", "gateways")
LEASES: Kind = ("coordination.k8s.io", "leases")
PODS: Kind = ("", "pods")
SUBMARINERS: Kind = ("submariner.io", "submariners")
ROUTE_AGENTS: Kind = ("submariner.io", "routeagents")
DAEMON_SETS: Kind = ("apps", "daemonsets")


class Clusterset:
    """What a test of a wait needs: arguments for west, and ways to let something happen."""

    def __init__(self, east: FakeApi, west: FakeApi, folder: pathlib.Path, state: str = "healthy-two-nodes") -> None:
        self.east, self.west, self._folder = east, west, folder
        east.cluster.load(recording(state, "east"))
        west.cluster.load(recording(state, "west"))
        self.node_clock = 0.0
        """How far the nodes' clocks are ahead of everybody's."""
        self._over = threading.Event()

    def arguments(self, **options: t.Any) -> Json:
        return {
            **self.access(self.west),
            "cluster_id": "west",
            "joined": ["east", "west"],
            "inventory": ["east", "west"],
            "broker": self.access(self.east),
            **options,
        }

    def access(self, api: FakeApi) -> Json:
        return {"kubeconfig": api.kubeconfig(self._folder, "east" if api is self.east else "west")}

    def change(self, api: FakeApi, kind: Kind, change: t.Callable[[Json], object], **metadata: str) -> None:
        """Let `change` edit the objects of a kind whose metadata are these."""
        with api.cluster.changed:
            for body in api.cluster.objects(kind):
                meta = body["metadata"]
                if all(meta.get(key) == value for key, value in metadata.items()):
                    change(body)
                    api.cluster.replace(kind, body, meta.get("namespace", ""), meta["name"])

    def once_asked(self, api: FakeApi, verb: str, action: t.Callable[[], object], delay: float = 0.3) -> None:
        """Let something happen some time after the next such request, however slow the machine is."""
        before = len(api.asked(verb))

        def look() -> None:
            while len(api.asked(verb)) == before and not self._over.wait(0.01):
                pass
            api.after(delay, action)

        threading.Thread(target=look, daemon=True).start()

    def beat(self, managed: bool = True) -> None:
        """What living gateways write every few seconds; the server notes the time if `managed`."""
        for api in (self.east, self.west):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + api.clock_offset))

            def update(gateway: Json, stamp: str = stamp) -> None:
                meta = gateway["metadata"]
                meta["annotations"]["update-timestamp"] = f"{time.time() + self.node_clock:.3f}"
                meta["managedFields"] = [{"manager": "submariner-gateway", "time": stamp}] if managed else []
                for connection in gateway["status"]["connections"]:
                    connection["latencyRTT"]["last"] = f"{time.monotonic()}ms"

            self.change(api, GATEWAYS, update)
            self.change(api, LEASES, lambda lease: lease["spec"].update(renewTime=str(time.time())))

    def live(self, every: float = 0.2, managed: bool = True) -> None:
        """Beat from now on."""
        self.beat(managed)

        def go_on() -> None:
            while not self._over.wait(every):
                self.beat(managed)

        threading.Thread(target=go_on, daemon=True).start()

    def die(self) -> None:
        self._over.set()

    def second_endpoint(self, api: FakeApi, namespace: str = BROKER) -> Json:
        """A second Endpoint for west, as a gateway on another node would make it."""
        first = next(e for e in api.cluster.objects(ENDPOINTS, namespace) if e["spec"]["cluster_id"] == "west")
        spec = {**first["spec"], "private_ip": "172.31.2.9", "cable_name": "submariner-cable-west-172-31-2-9"}
        meta = {"name": "west-submariner-cable-west-172-31-2-9", "labels": first["metadata"].get("labels", {})}
        return api.cluster.create(ENDPOINTS, {**first, "metadata": meta, "spec": spec}, namespace)
