# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, with the interface of the simulation's client."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
from collections.abc import AsyncIterator

from tests.simulator.kube import ApiError, Kube, Object

GENERATED = itertools.count(1)  # no two servers make up the same name


def collections_of(url: str) -> set[str]:
    """The collections that an object is in: its namespace's and that of all namespaces."""
    collection = url.rpartition("/")[0]
    return {collection, re.sub(r"/namespaces/[^/]+(?=/)", "", collection)}


class FakeKube(Kube):
    """Keeps objects by path; watches see every change."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.version = 0
        self.events: list[tuple[str, Object]] = []
        self.changed = asyncio.Condition()
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise ApiError(0, "connection refused")

    async def _note(self, kind: str, url: str, body: Object) -> Object:
        self.version += 1
        body = copy.deepcopy(body)
        body["metadata"]["resourceVersion"] = str(self.version)
        self.events.append((url, {"type": kind, "object": body}))
        async with self.changed:
            self.changed.notify_all()
        return body

    async def put(self, url: str, body: Object) -> None:
        """Somebody else's write."""
        kind = "MODIFIED" if url in self.objects else "ADDED"
        placed = re.search(r"/namespaces/([^/]+)/", url)
        namespace = {"namespace": placed.group(1)} if placed else {}
        metadata = {"name": url.rpartition("/")[2], **namespace, **body.get("metadata", {})}
        self.objects[url] = await self._note(kind, url, {**body, "metadata": metadata})

    async def get(self, url: str) -> Object | None:
        self._check()
        return copy.deepcopy(self.objects.get(url))

    async def list(self, url: str, label_selector: str = "") -> list[Object]:
        self._check()
        wanted = [part.partition("=") for part in label_selector.split(",") if part]
        found = [item for path, item in self.objects.items() if url in collections_of(path)]

        def fits(labels: dict[str, str]) -> bool:
            return all(key in labels and (not equals or labels[key] == value) for key, equals, value in wanted)

        return [copy.deepcopy(item) for item in found if fits(item["metadata"].get("labels") or {})]

    async def create(self, url: str, body: Object) -> Object:
        self._check()
        name = body["metadata"].get("name") or f"{body['metadata']['generateName']}{next(GENERATED)}"
        path = f"{url}/{name}"
        if path in self.objects:
            raise ApiError(409, "already exists")
        stamp = f"2026-01-01T00:{self.version // 60:02d}:{self.version % 60:02d}Z"
        metadata = {"creationTimestamp": stamp, "generation": 1, **body["metadata"], "name": name}
        self.objects[path] = await self._note("ADDED", path, {**body, "metadata": metadata})
        return copy.deepcopy(self.objects[path])

    async def replace(self, url: str, body: Object) -> Object:
        self._check()
        url = url.removesuffix("/status")
        if url not in self.objects:
            raise ApiError(404, "not found")
        self.objects[url] = await self._note("MODIFIED", url, body)
        return copy.deepcopy(self.objects[url])

    async def delete(self, url: str) -> bool:
        self._check()
        gone = self.objects.pop(url, None)
        if gone:
            await self._note("DELETED", url, gone)
        return gone is not None

    async def request(self, method: str, url: str, *_: object, **__: object) -> Object:
        """A list. The objects in it do not say what they are."""
        items = await self.list(url)
        kinds = [(item.pop("apiVersion", ""), item.pop("kind", "")) for item in items] or [("", "")]
        metadata = {"resourceVersion": str(len(self.events))}
        return {"apiVersion": kinds[0][0], "kind": f"{kinds[0][1]}List", "items": items, "metadata": metadata}

    async def watch(self, url: str, resource_version: str) -> AsyncIterator[Object]:
        position = int(resource_version)
        while True:
            async with self.changed:
                while len(self.events) <= position:
                    await self.changed.wait()
            for path, event in self.events[position:]:
                position += 1
                if url in collections_of(path):
                    yield copy.deepcopy(event)
