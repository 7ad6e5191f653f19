# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One leader per cluster: a Lease that its holder renews and others take when it has run out."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tests.simulator.kube import ApiError, Kube, Object, path

LEASES = "coordination.k8s.io/v1"

log = logging.getLogger("election")


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Terms:
    """How long a lease lasts without renewal, how long its holder goes on without, how often it is tried; seconds."""

    duration: int
    renew_deadline: int
    retry: float


class Election:
    """The lease as one candidate sees it. Whether it has run out is judged by our own clock since it last changed."""

    def __init__(self, kube: Kube, namespace: str, lock: str, identity: str, terms: Terms) -> None:
        self.kube = kube
        self.lock = lock
        self.identity = identity
        self.terms = terms
        self.collection = path(LEASES, "leases", namespace)
        self._seen: Object = {}
        self._seen_at = 0.0

    async def run(
        self, started: Callable[[], Coroutine[Any, Any, None]], stopped: Callable[[], Awaitable[None]]
    ) -> None:
        """Lead as long as the lease can be renewed, then try again."""
        loop = asyncio.get_running_loop()
        while True:
            while not await self._acquire():
                await asyncio.sleep(self.terms.retry)
            log.info("Leadership acquired - starting controllers")
            leading = asyncio.create_task(started())
            try:
                renewed = loop.time()
                while loop.time() - renewed < self.terms.renew_deadline and not _failed(leading):
                    await asyncio.sleep(self.terms.retry)
                    if await self._acquire():
                        renewed = loop.time()
                log.info("Leadership lost")
            finally:
                leading.cancel()
            await asyncio.gather(leading, return_exceptions=not _failed(leading))
            await stopped()

    async def release(self) -> None:
        """Give the lease back, so that the next candidate need not wait until it runs out."""
        url = f"{self.collection}/{self.lock}"
        try:
            lease = await self.kube.get(url)
            if lease and lease["spec"].get("holderIdentity") == self.identity:
                spec = {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
                await self.kube.replace(url, {**lease, "spec": spec})
        except ApiError as error:
            log.warning("%s", error)

    async def _acquire(self) -> bool:
        """Take or renew the lease; False when somebody else holds it or the API does not answer."""
        try:
            return await self._try()
        except ApiError as error:
            if error.status != 409:
                log.warning("%s", error)
            return False

    async def _try(self) -> bool:
        url = f"{self.collection}/{self.lock}"
        lease = await self.kube.get(url)
        if lease is None:
            spec = {"leaseTransitions": 0, "acquireTime": now()}
            metadata = {"name": self.lock}
            body = {"apiVersion": LEASES, "kind": "Lease", "metadata": metadata, "spec": self._held(spec)}
            await self.kube.create(self.collection, body)
            return True
        spec = lease["spec"]
        if spec != self._seen:
            self._seen, self._seen_at = dict(spec), asyncio.get_running_loop().time()
        if spec.get("holderIdentity") != self.identity:
            ran_out = asyncio.get_running_loop().time() > self._seen_at + self.terms.duration
            if spec.get("holderIdentity") and not ran_out:
                return False
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
            spec["acquireTime"] = now()
        await self.kube.replace(url, {**lease, "spec": self._held(spec)})
        return True

    def _held(self, spec: Object) -> Object:
        mine = {"holderIdentity": self.identity, "leaseDurationSeconds": self.terms.duration, "renewTime": now()}
        return {**spec, **mine}


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
