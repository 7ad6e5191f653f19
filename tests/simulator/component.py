# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every simulated component does first: say what it is, set up its log, stop on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from tests.simulator import names


class Fatal(Exception):
    """The component cannot go on; the message is its last log line and the exit code is 1."""


def banner(component: str) -> None:
    """The first two log lines; with --version the first one is all."""
    print(f"{component} version: {names.COMPONENT_VERSION}", file=sys.stderr, flush=True)
    if "--version" in sys.argv[1:]:
        raise SystemExit(0)
    print(names.BANNER, file=sys.stderr, flush=True)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("kopf").setLevel(logging.WARNING)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a component until it ends, fails or is told to stop; a stop is a success, as the recorded pods show."""
    try:
        asyncio.run(_until_stopped(main))
    except Fatal as error:
        logging.getLogger("main").critical("%s", error)
        raise SystemExit(1) from None


async def _until_stopped(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        logging.getLogger("main").info("stopped")
