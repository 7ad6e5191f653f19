# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as ansible-rulebook runs it: loaded by its path, its main() a task beside others."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import runpy
import typing as t

import pytest

from tests.unit.clusterset import Clusterset
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]

SOURCE = pathlib.Path(__file__).parents[3] / "extensions" / "eda" / "plugins" / "event_source" / "clusterset.py"
SETTLE = 0.3


class Rulebook:
    """What a test needs of ansible-rulebook: the events, in their order."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Json] = asyncio.Queue()

    async def next(self, seconds: float = 40.0) -> Json:
        return await asyncio.wait_for(self.events.get(), seconds)

    async def quiet(self, seconds: float) -> None:
        """Nothing is told for that long."""
        with contextlib.suppress(asyncio.TimeoutError):
            raise AssertionError(f"told: {await asyncio.wait_for(self.events.get(), seconds)}")


@pytest.fixture
def fleet(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> t.Iterator[Clusterset]:
    """East, which hosts the broker, and west, with living gateways."""
    made = Clusterset(api, other_api, tmp_path)
    made.live()
    yield made
    made.die()


def arguments(clusterset: Clusterset, **more: t.Any) -> Json:
    """What a rulebook gives to the source."""
    clusters = {"east": clusterset.access(clusterset.east), "west": clusterset.access(clusterset.west)}
    return {"broker": "east", "clusters": clusters, "settle": SETTLE, **more}


def source() -> t.Callable[[t.Any, Json], t.Coroutine[t.Any, t.Any, None]]:
    """Its main()."""
    main: t.Callable[[t.Any, Json], t.Coroutine[t.Any, t.Any, None]] = runpy.run_path(str(SOURCE))["main"]
    return main


@contextlib.asynccontextmanager
async def watched(arguments: Json) -> t.AsyncIterator[Rulebook]:
    """Run the source until the block ends, then cancel it as ansible-rulebook does."""
    rulebook = Rulebook()
    task = asyncio.create_task(source()(rulebook.events, arguments))
    try:
        yield rulebook
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def settled(fleet: Clusterset, rulebook: Rulebook) -> None:
    """Both clusters are watched, and nothing is wrong."""
    for api in (fleet.east, fleet.west):
        while not api.asked("watch", "/gateways"):
            await asyncio.sleep(0.05)
    await rulebook.quiet(1.0)
