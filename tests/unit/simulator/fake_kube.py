# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server in memory, with the interface of the simulation's client."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator

from tests.simulator.kube import ApiError, Kube, Object


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
        self.events.append((url.rpartition("/")[0], {"type": kind, "object": body}))
        async with self.changed:
            self.changed.notify_all()
        return body

    async def put(self, url: str, body: Object) -> None:
        """Somebody else's write."""
        kind = "MODIFIED" if url in self.objects else "ADDED"
        metadata = {"name": url.rpartition("/")[2], **body.get("metadata", {})}
        self.objects[url] = await self._note(kind, url, {**body, "metadata": metadata})

    async def get(self, url: str) -> Object | None:
        self._check()
        return copy.deepcopy(self.objects.get(url))

    async def list(self, url: str, label_selector: str = "") -> list[Object]:
        self._check()
        wanted = dict(part.split("=") for part in label_selector.split(",") if part)
        found = [item for path, item in self.objects.items() if path.rpartition("/")[0] == url]
        return [copy.deepcopy(i) for i in found if wanted.items() <= (i["metadata"].get("labels") or {}).items()]

    async def create(self, url: str, body: Object) -> Object:
        self._check()
        path = f"{url}/{body['metadata']['name']}"
        if path in self.objects:
            raise ApiError(409, "already exists")
        metadata = {"creationTimestamp": f"2026-01-01T00:00:{self.version:02d}Z", "generation": 1, **body["metadata"]}
        self.objects[path] = await self._note("ADDED", path, {**body, "metadata": metadata})
        return copy.deepcopy(self.objects[path])

    async def replace(self, url: str, body: Object) -> Object:
        self._check()
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
        return {"items": await self.list(url), "metadata": {"resourceVersion": str(len(self.events))}}

    async def watch(self, url: str, resource_version: str) -> AsyncIterator[Object]:
        position = int(resource_version)
        while True:
            async with self.changed:
                while len(self.events) <= position:
                    await self.changed.wait()
            for collection, event in self.events[position:]:
                position += 1
                if collection == url:
                    yield copy.deepcopy(event)
