# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clusters, read with kubectl."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.lab.clusters import Clusters
from tests.lab.config import LabError, Places
from tests.lab.lab import connect
from tests.lab.process import parallel
from tests.scenarios import judge, nodes, objects
from tests.scenarios.judge import Json, Objects
from tests.scenarios.nodes import NodeDump

BROKER = "east"
_READ_LIMIT = 240.0
_UNREADABLE = ("componentstatuses", "bindings")
_PATIENCE = 60.0
_PAUSE = 3.0


@dataclass(frozen=True)
class Reading:
    """Everything that two readings of the fleet can be compared by."""

    objects: Mapping[str, Objects]
    nodes: Mapping[str, NodeDump]

    def differences(self, later: Reading) -> list[str]:
        lines = [
            f"{cluster}: {line}"
            for cluster in self.objects
            for line in objects.differences(self.objects[cluster], later.objects[cluster])
        ]
        return lines + [
            f"{node}: {line}" for node in self.nodes for line in nodes.differences(self.nodes[node], later.nodes[node])
        ]


class Fleet:
    """The lab's clusters: east has the broker, and all are members unless said."""

    def __init__(self, places: Places, members: tuple[str, ...] = ()) -> None:
        self.places = places
        clusters, self.state = connect(places)
        self.lab: Clusters = clusters
        self.names = tuple(self.state.clusters)
        self.members = members or self.names

    def objects(self) -> dict[str, Objects]:
        return dict(zip(self.names, parallel(self.objects_of, self.names), strict=True))

    def objects_of(self, cluster: str) -> Objects:
        """Of every kind that this cluster serves; kinds may come and go between the question and the answer."""
        for _attempt in range(3):
            kinds = self.lab.kubectl(cluster, "api-resources", "--verbs=list", "-o", "name").out.split()
            wanted = ",".join(kind for kind in kinds if kind not in _UNREADABLE and not kind.startswith("events"))
            command = ("get", wanted, "-A", "-o", "json", "--ignore-not-found")
            answer = self.lab.kubectl(cluster, *command, check=False, timeout=_READ_LIMIT)
            if answer.rc == 0:
                items: Objects = json.loads(answer.out)["items"]
                return items
        raise LabError(f"the objects of {cluster} cannot be read: {answer.err.strip()[-300:]}")

    def nodes(self) -> dict[str, NodeDump]:
        names = sorted(node.name for node in self.lab.nodes())
        dumps = parallel(lambda name: nodes.parse(self.lab.in_node(name, "sh", "-c", nodes.SCRIPT).out), names)
        return dict(zip(names, dumps, strict=True))

    def read(self) -> Reading:
        return Reading(self.objects(), self.nodes())

    def steady_reading(self) -> Reading:
        """One that another, a moment later, equals: nothing is on its way any more."""
        first = self.read()
        deadline = time.monotonic() + _PATIENCE
        while True:
            time.sleep(_PAUSE)
            second = self.read()
            moving = first.differences(second)
            if not moving:
                return second
            if time.monotonic() > deadline:
                raise LabError(f"the clusters do not come to rest: {'; '.join(moving[:5])}")
            first = second

    def changes_since(self, before: Reading) -> list[str]:
        """Differences that stay: a namespace of ours that is just going is not one."""
        return within(lambda: before.differences(self.read()), _PATIENCE)

    def complaints(self, since: datetime | None = None) -> list[str]:
        """What speaks against a whole fleet in which nothing is older than `since`."""
        seen = self.objects()
        found = judge.settled(seen, BROKER, self.members)
        if since is not None:
            found += [f"{name}: {text}" for name, items in seen.items() for text in judge.older_than(items, since)]
        if found or not judge.calm(seen, self.members):
            return found
        return within(lambda: judge.calm(self.objects(), self.members), _PATIENCE)

    def globalnet(self) -> Json:
        """Of the broker's table what is fixed when it is made: whether Globalnet is on, its range and size; empty without."""
        table = ("get", "configmap", "submariner-globalnet-info", "-n", judge.BROKER_NAMESPACE, "-o", "json")
        answer = self.lab.kubectl(BROKER, *table, "--ignore-not-found").out.strip()
        data = json.loads(answer or "{}").get("data") or {}
        return {key: value for key, value in data.items() if key.startswith("globalnet")}

    def psks(self) -> dict[str, str]:
        """The members' keys."""
        return {name: key for name, items in self.objects().items() if (key := judge.psk(items))}


def within(complaints: Callable[[], list[str]], limit: float) -> list[str]:
    """The complaints that are still there after some seconds."""
    deadline = time.monotonic() + limit
    while True:
        found = complaints()
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)


def now() -> datetime:
    """As object ages have it: whole seconds. Clusters and scenarios share the machine's clock."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
