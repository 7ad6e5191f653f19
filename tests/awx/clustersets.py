# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clusterset of any size that removals and joins act on: recorded objects, and as much of Submariner as these wait for."""

from __future__ import annotations

import base64
import contextlib
import json
import pathlib
import re
import threading
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from tests.benchmarks import fleet as made
from tests.unit.clusterset import BROKER, ENDPOINTS, OPERATOR
from tests.unit.fake_api import FakeApi
from tests.unit.plugins.modules.test_cleanup import finish_like_an_operator

Json = dict[str, t.Any]

URL = "https://192.0.2.1:6443"
PSK, CA = b"psk-of-the-clusterset", b"ca"
CLUSTERS = ("submariner.io", "clusters")
SUBCTL = """#!/bin/sh
if [ "$1" = version ]; then echo 'subctl version: v0.19.0'; exit; fi
cd {folder} || exit 1
printf '%s\\n' "$@" > "words.$$"
mv "words.$$" "asked.$$"
while [ ! -e "done.$$" ]; do sleep 0.1; done
"""


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Clusterset:
    """A context manager. C(hub) has the broker and is no member; all C(members) are joined, until they are removed."""

    def __init__(self, folder: pathlib.Path, size: int, run_id: str) -> None:
        fleet = made.Fleet(size + 1)
        self.hub, *self.members = fleet.names
        self.apis = {name: FakeApi() for name in fleet.names}
        self.subctl = folder / "subctl"
        self.joined: list[str] = []
        """In the order in which subctl joined them."""
        self._folder, self._stack = folder, contextlib.ExitStack()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._objects = {
            name: [self._as_joined(json.loads(item.text.replace(made.NOW, now))) for item in fleet.items(number)]
            for number, name in enumerate(fleet.names, 1)
        }
        self._begin(run_id)

    def __enter__(self) -> Clusterset:
        for name, api in self.apis.items():
            self._stack.enter_context(api)
            if name != self.hub:
                finish_like_an_operator(api)
        self.subctl.write_text(SUBCTL.format(folder=self._folder))
        self.subctl.chmod(0o755)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def installed(self) -> list[str]:
        """The members on which there is anything of Submariner."""
        spaces = {name: self.apis[name].cluster.objects(("", "namespaces")) for name in self.members}
        return [n for n, found in spaces.items() if OPERATOR in {space["metadata"]["name"] for space in found}]

    def forget_members(self) -> None:
        """What the job for the broker does between the removal and the joins."""
        for kind in (ENDPOINTS, CLUSTERS):
            for body in self.apis[self.hub].cluster.objects(kind, BROKER):
                self.apis[self.hub].cluster.delete(kind, BROKER, body["metadata"]["name"])

    def _begin(self, run_id: str) -> None:
        info = encode(BrokerInfo(url=URL, psk=PSK))
        record = Record(run_id=run_id, started="2026-01-01T00:00:00Z", verb="reinstall", psk=PSK, broker_info=info)
        own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        of_broker = [body for body in self._objects[self.hub] if self._is_of_broker(body)]
        self.apis[self.hub].cluster.load([*of_broker, own, to_secret(record)])
        for name in self.members:
            self.apis[name].cluster.load([body for body in self._objects[name] if not self._names(body, self.hub)])

    def _is_of_broker(self, body: Json) -> bool:
        meta = body["metadata"]
        if meta.get("namespace"):
            return bool(meta["namespace"] == BROKER and not (self._is_record(body) and self._names(body, self.hub)))
        return body["kind"] in ("CustomResourceDefinition", "Node") or meta["name"] in (BROKER, "kube-system")

    @staticmethod
    def _is_record(body: Json) -> bool:
        return body["kind"] in ("Cluster", "Endpoint")

    @staticmethod
    def _names(body: Json, cluster: str) -> bool:
        return re.search(rf"\b{cluster}\b", body["metadata"]["name"]) is not None

    @staticmethod
    def _as_joined(body: Json) -> Json:
        """With what the recordings leave out: secrets, and what an API server adds to a definition."""
        if body["kind"] == "CustomResourceDefinition":
            body["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        elif body["kind"] == "Submariner":
            body["spec"] |= {"ceIPSecPSK": b64(PSK), "brokerK8sCA": b64(CA), "brokerK8sApiServer": URL[8:]}
        elif body["metadata"]["name"].startswith("submariner-k8s-broker-admin-token"):
            body["data"] = {"token": b64(b"token"), "ca.crt": b64(CA), "namespace": b64(BROKER.encode())}
        return body

    def _serve(self) -> None:
        """Do what subctl is asked for, whoever asks."""
        stopping = self.apis[self.hub].stopping
        while not stopping.wait(0.05):
            for asked in self._folder.glob("asked.*"):
                words = asked.read_text().splitlines()
                self._join(words[words.index("--clusterid") + 1])
                asked.rename(self._folder / f"done{asked.suffix}")

    def _join(self, name: str) -> None:
        """An installation, and its records with the broker and all that are joined, as theirs with it."""
        others = [m for m in (self.hub, *self.members) if m not in (name, *self.joined)]
        here = [b for b in self._objects[name] if not (self._is_record(b) and any(self._names(b, m) for m in others))]
        self.apis[name].cluster.load([body for body in here if body["kind"] != "Node"])
        for peer in (self.hub, *self.joined):
            told = [b for b in self._objects[peer] if self._is_record(b) and self._names(b, name)]
            wanted = BROKER if peer == self.hub else OPERATOR
            self.apis[peer].cluster.load([b for b in told if b["metadata"]["namespace"] == wanted])
        self.joined.append(name)
