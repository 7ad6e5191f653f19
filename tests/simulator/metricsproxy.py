# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forwards a port of the pod to a port of its node: PORT TARGET_ADDRESS TARGET_PORT."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from tests.simulator import component, names


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    port, address, target = sys.argv[1:4]

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(address, int(target))
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))

    server = await asyncio.start_server(forward, "0.0.0.0", int(port))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    component.banner(names.METRICS_PROXY)
    component.run(main())
