# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real pings of a remote endpoint's health check address, and what they say about the connection."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from icmplib import SocketAddressError, SocketPermissionError, async_ping  # type: ignore[import-untyped]
from icmplib.exceptions import ICMPLibError  # type: ignore[import-untyped]

from tests.simulator.kube import Object

CONNECTED = "connected"
ERROR = "error"
UNKNOWN = "unknown"


def duration(nanoseconds: float) -> str:
    """A time span the way the recorded statuses write it: 398.951µs, 2.672255ms, 1.5s."""
    value = round(nanoseconds)
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if value >= size:
            text = f"{value / size:.9f}".rstrip("0").rstrip(".")
            return text + unit
    return f"{value}ns" if value else "0s"


@dataclass
class Statistics:
    """Running figures of the round trips, in nanoseconds."""

    count: int = 0
    last: float = 0
    least: float = 0
    most: float = 0
    mean: float = 0
    squares: float = 0

    def add(self, value: float) -> None:
        self.count += 1
        self.last = value
        self.least = value if self.count == 1 else min(self.least, value)
        self.most = max(self.most, value)
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    def latency(self) -> Object:
        deviation = math.sqrt(self.squares / self.count) if self.count else 0
        return {
            "last": duration(self.last),
            "min": duration(self.least),
            "average": duration(self.mean),
            "max": duration(self.most),
            "stdDev": duration(deviation),
        }


class Pinger:
    """Pings one address at an interval until stopped."""

    def __init__(self, address: str, interval: float, max_lost: int) -> None:
        self.address = address
        self.interval = interval
        self.max_lost = max_lost
        self.status = ""
        self.message = ""
        self.statistics = Statistics()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        lost = 0
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            milliseconds = await self._round_trip()
            if milliseconds is None:
                lost += 1
            else:
                lost = 0
                self.statistics.add(milliseconds * 1_000_000)
                self.status, self.message = CONNECTED, ""
            if lost > self.max_lost:
                self.status = ERROR
                self.message = f"no answer to {lost} pings of the remote endpoint IP {self.address}"
            await asyncio.sleep(max(0.0, self.interval - (loop.time() - started)))

    async def _round_trip(self) -> float | None:
        try:
            host = await async_ping(self.address, count=1, timeout=min(self.interval, 1.0))
        except (SocketAddressError, SocketPermissionError, ICMPLibError, OSError) as error:
            self.status, self.message = UNKNOWN, f"cannot ping {self.address}: {error}"
            return None
        return float(host.avg_rtt) if host.is_alive else None
