# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clustersets of any size, made from the recording of a healthy pair.

The first cluster is the recorded east (with the broker), every other one the recorded west. What the recording says of
the other cluster of the pair (an Endpoint, a connection, a ServiceAccount on the broker) is said of each peer.
"""

from __future__ import annotations

import json
import re
import typing as t
import uuid
from dataclasses import dataclass

from tests.unit.fake_api import recording

Json = dict[str, t.Any]

STATE = "healthy-two-nodes"
FIRST, OTHERS = "east", "west"
# What tells the two apart: name, addresses of the nodes, ranges of pods, Services and the clusterset.
MARKS = {
    "east": {"172.31.2.2": "172.31.{n}.2", "172.31.2.3": "172.31.{n}.3", "10.61.": "10.{n}.", "10.91.": "11.{n}."},
    "west": {"172.31.2.4": "172.31.{n}.2", "172.31.2.5": "172.31.{n}.3", "10.62.": "10.{n}.", "10.92.": "11.{n}."},
}
CLUSTERSET_RANGES = {"east": "243.0.16.0/20", "west": "243.0.0.0/20"}
PLACEHOLDER = re.compile(r'"@peer (\d+)@"')


NOW = "@now@"
"""Stands where a living gateway has written the time; the server says it when it is asked."""


def name_of(number: int) -> str:
    return f"c{number:03d}"


@dataclass(frozen=True)
class Item:
    """One object as the server sends it."""

    kind: str
    api_version: str
    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]
    text: str
    metadata: str

    @staticmethod
    def of(body: Json, text: str = "") -> Item:
        meta = body["metadata"]
        short = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": meta}
        return Item(
            body["kind"],
            body["apiVersion"],
            meta.get("namespace", ""),
            meta["name"],
            tuple((meta.get("labels") or {}).items()),
            text or json.dumps(body),
            json.dumps(short),
        )


class Renaming:
    """Says of cluster `number` what a text says of the recorded `cluster`."""

    def __init__(self, cluster: str, number: int) -> None:
        words = {cluster: name_of(number), CLUSTERSET_RANGES[cluster]: f"243.{number}.0.0/20"}
        for mark, new in MARKS[cluster].items():
            words[mark] = new.format(n=number)
            words[mark.replace(".", "-")] = words[mark].replace(".", "-")
        self._words = words
        patterns = (rf"\b{re.escape(word)}" + (r"\b" if word[-1].isalnum() else "") for word in words)
        self._pattern = re.compile("|".join(sorted(patterns, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda match: self._words[match[0]], text)


class Recorded:
    """One recorded cluster, taken apart into what is its own and what it says of its peer."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.peer = OTHERS if cluster == FIRST else FIRST
        self._mentions = re.compile(rf"\b{self.peer}\b")
        self.templates: list[str] = []
        self.own: list[str] = []
        self.of_peer: list[str] = []
        for body in recording(STATE, cluster):
            if self._mentions.search(body["metadata"]["name"]):
                self.of_peer.append(json.dumps(body))
            else:
                self.own.append(json.dumps(self._apart(body)))
        self._rendered: dict[tuple[int, int], str] = {}

    def _apart(self, node: t.Any) -> t.Any:
        """The same with a placeholder for every list element that speaks of the peer."""
        if isinstance(node, dict):
            return {key: self._apart(value) for key, value in node.items()}
        if not isinstance(node, list):
            return node
        kept: list[t.Any] = []
        for item in node:
            if isinstance(item, dict) and self._mentions.search(json.dumps(item)) and not self._is_own(item):
                kept.append(f"@peer {len(self.templates)}@")
                self.templates.append(json.dumps(item))
            else:
                kept.append(self._apart(item))
        return kept

    def _is_own(self, item: Json) -> bool:
        return re.search(rf"\b{self.cluster}\b", json.dumps(item)) is not None

    def piece(self, template: int, number: int) -> str:
        key = (template, number)
        if key not in self._rendered:
            self._rendered[key] = Renaming(self.peer, number)(self.templates[template])
        return self._rendered[key]


def _with_uid(body: Json, *seed: object) -> Json:
    body["metadata"]["uid"] = str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, seed))))
    return body


class Fleet:
    """`size` clusters; the objects of each are made when they are asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.names = [name_of(number) for number in range(1, size + 1)]
        self._recorded = {cluster: Recorded(cluster) for cluster in (FIRST, OTHERS)}
        self._of_peer: dict[tuple[str, int], list[Item]] = {}

    def items(self, number: int) -> list[Item]:
        recorded = self._recorded[FIRST if number == 1 else OTHERS]
        peers = [peer for peer in range(1, self.size + 1) if peer != number]
        rename = Renaming(recorded.cluster, number)
        found = [Item.of(_with_uid(json.loads(_namespace("kube-system")), "kube-system", number))]

        def of_all_peers(match: re.Match[str]) -> str:
            return ", ".join(recorded.piece(int(match[1]), peer) for peer in peers)

        for index, text in enumerate(recorded.own):
            body = _with_uid(json.loads(rename(text)), number, index)
            if body["kind"] == "Gateway":
                body["metadata"]["managedFields"] = [{"manager": "submariner-gateway", "time": NOW}]
            found.append(Item.of(body, PLACEHOLDER.sub(of_all_peers, json.dumps(body))))
        for peer in peers:
            found += self._said_of(recorded, peer)
        return found

    def _said_of(self, recorded: Recorded, peer: int) -> list[Item]:
        key = (recorded.cluster, peer)
        if key not in self._of_peer:
            rename = Renaming(recorded.peer, peer)
            bodies = [_with_uid(json.loads(rename(text)), *key, i) for i, text in enumerate(recorded.of_peer)]
            self._of_peer[key] = [Item.of(body) for body in bodies]
        return self._of_peer[key]


def _namespace(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
