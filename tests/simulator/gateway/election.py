# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One active gateway per cluster: a Lease that its holder renews and others take when it has run out."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tests.simulator import names
from tests.simulator.kube import ApiError, Kube, Object, path

LEASES = "coordination.k8s.io/v1"

log = logging.getLogger("election")


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Election:
    """The lease as one candidate sees it. Whether it has run out is judged by our own clock since it last changed."""

    def __init__(self, kube: Kube, namespace: str, identity: str) -> None:
        self.kube = kube
        self.identity = identity
        self.collection = path(LEASES, "leases", namespace)
        self.duration = int(os.environ.get("LEADERSHIP_LEASEDURATION", "15"))
        self.renew_deadline = int(os.environ.get("LEADERSHIP_RENEWDEADLINE", "10"))
        self.retry = int(os.environ.get("LEADERSHIP_RETRYPERIOD", "2"))
        self._seen: Object = {}
        self._seen_at = 0.0

    async def run(
        self, started: Callable[[], Coroutine[Any, Any, None]], stopped: Callable[[], Awaitable[None]]
    ) -> None:
        """Lead as long as the lease can be renewed, then try again; never gives the lease back."""
        loop = asyncio.get_running_loop()
        while True:
            while not await self._acquire():
                await asyncio.sleep(self.retry)
            log.info("Leadership acquired - starting controllers")
            leading = asyncio.create_task(started())
            renewed = loop.time()
            while loop.time() - renewed < self.renew_deadline and not _failed(leading):
                await asyncio.sleep(self.retry)
                if await self._acquire():
                    renewed = loop.time()
            log.info("Leadership lost")
            leading.cancel()
            await asyncio.gather(leading, return_exceptions=not _failed(leading))
            await stopped()

    async def _acquire(self) -> bool:
        """Take or renew the lease; False when somebody else holds it or the API does not answer."""
        try:
            return await self._try()
        except ApiError as error:
            if error.status != 409:
                log.warning("%s", error)
            return False

    async def _try(self) -> bool:
        url = f"{self.collection}/{names.GATEWAY_LOCK}"
        lease = await self.kube.get(url)
        if lease is None:
            spec = {"leaseTransitions": 0, "acquireTime": now()}
            metadata = {"name": names.GATEWAY_LOCK}
            body = {"apiVersion": LEASES, "kind": "Lease", "metadata": metadata, "spec": self._held(spec)}
            await self.kube.create(self.collection, body)
            return True
        spec = lease["spec"]
        if spec != self._seen:
            self._seen, self._seen_at = dict(spec), asyncio.get_running_loop().time()
        if spec.get("holderIdentity") != self.identity:
            ran_out = asyncio.get_running_loop().time() > self._seen_at + self.duration
            if spec.get("holderIdentity") and not ran_out:
                return False
            spec["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
            spec["acquireTime"] = now()
        await self.kube.replace(url, {**lease, "spec": self._held(spec)})
        return True

    def _held(self, spec: Object) -> Object:
        mine = {"holderIdentity": self.identity, "leaseDurationSeconds": self.duration, "renewTime": now()}
        return {**spec, **mine}


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
