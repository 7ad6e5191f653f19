# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that a waiting module hands to its action plugin while it runs. Private, may change at any time.

The action plugin names a file in the environment; without one (the module is run without it) nothing is written.
"""

from __future__ import annotations

import os
import time

VARIABLE = "SUBMARINER_LIFECYCLE_PROGRESS"

INTERVAL = 10.0
"""Seconds between two lines that say the same."""


class Progress:
    """Says what is going on: a line when it changes, else one every INTERVAL seconds."""

    def __init__(self, timeout: float) -> None:
        self._file = os.environ.get(VARIABLE, "")
        self._start = time.monotonic()
        self._timeout = timeout
        self._last, self._said = "", 0.0

    @property
    def followed(self) -> bool:
        """Whether anybody is told; without it nothing needs to be found out for a line."""
        return bool(self._file)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        now = time.monotonic()
        if not self._file or (text == self._last and now - self._said < INTERVAL):
            return
        self._last, self._said = text, now
        try:
            with open(self._file, "a", encoding="utf-8") as out:
                out.write(f"{text} ({self.elapsed:.0f} s of {self._timeout:.0f} s)\n")
        except OSError:
            self._file = ""  # progress is a courtesy: losing it must not end the work
