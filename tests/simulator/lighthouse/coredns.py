# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated lighthouse DNS server: a process with the recorded Deployment; it answers no names."""

from __future__ import annotations

import asyncio

from tests.simulator import component, names


async def main() -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    component.banner(names.LIGHTHOUSE_COREDNS)
    component.run(main())
