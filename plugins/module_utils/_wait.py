# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until checks find nothing wrong, and keep finding nothing. Private, may change at any time."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, UNKNOWN, Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress

PAUSE = 0.7
"""Seconds between two readings."""


@dataclass
class Held:
    """How a wait ended: the findings of the last reading and for how long there was no error among them."""

    ok: bool
    findings: list[Finding]
    held: float
    seconds: float
    readings: int


def hold(check: t.Callable[[], list[Finding]], timeout: float, window: float = 0.0, pause: float = PAUSE) -> Held:
    """Read until C(check) finds no error and nothing unknown for C(window) seconds without a break.

    A finding inside the window starts it again. At least one reading is made, whatever the C(timeout); a window that has
    begun may end after it.
    """
    progress = Progress(timeout)
    start = time.monotonic()
    since: float | None = None
    readings = 0
    while True:
        findings = check()
        readings += 1
        now = time.monotonic()
        wrong = [f for f in findings if f.severity in (ERROR, UNKNOWN)]
        if not wrong:
            since = now if since is None else since
            if now - since >= window:
                return Held(True, findings, now - since, now - start, readings)
            progress.say(f"all well, watching for {window:.0f} s that it stays so")
        else:
            since = None
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            progress.say(f"{wrong[0].subject}: {wrong[0].observed}{more}")
        if now - start >= timeout and (since is None or now - start >= timeout + window):
            return Held(False, findings, 0.0 if since is None else now - since, now - start, readings)
        time.sleep(pause)
