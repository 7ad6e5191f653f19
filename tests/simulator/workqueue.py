# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that wait to be worked on: one at a time, each once however often it was added, again after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from tests.simulator.kube import ApiError

RETRY_SECONDS = 2.0
CONFLICT_SECONDS = 0.1

Key = TypeVar("Key", bound=Hashable)
log = logging.getLogger("queue")


class Again(Exception):
    """Something that the work needs is not there yet; the key comes again."""


class WorkQueue(Generic[Key]):
    """What events put in, `work` takes out. A conflict is retried at once, other failures after a while."""

    def __init__(self, work: Callable[[Key], Awaitable[None]]) -> None:
        self.work = work
        self._waiting: dict[Key, None] = {}
        self._filled = asyncio.Event()

    def add(self, key: Key) -> None:
        self._waiting[key] = None
        self._filled.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            key = next(iter(self._waiting))
            del self._waiting[key]
            if not self._waiting:
                self._filled.clear()
            try:
                await self.work(key)
            except (ApiError, Again) as error:
                conflict = isinstance(error, ApiError) and error.status == 409
                if not conflict:
                    log.warning("%s: %s", key, error)
                asyncio.get_running_loop().call_later(CONFLICT_SECONDS if conflict else RETRY_SECONDS, self.add, key)
