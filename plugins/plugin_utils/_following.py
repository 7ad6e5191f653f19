# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows on the controller what modules are waiting for while they run. Private, may change at any time.

Each host of a task runs in a process of its own. What they wait for stands in a folder that they share, a file for each
host; with many hosts whichever process comes first in an interval says one line for all of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
import typing as t
from urllib.parse import quote, unquote

from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import INTERVAL

MANY_HOSTS = 20
"""With more hosts than this there is one line for all."""

REPEAT = 6
"""Intervals after which a line that says the same is said again."""

NAMED = 3
"""Hosts whose text stands in the line for all."""

TICK = 0.3
DONE = ".done"
SAID = "said-"


class Following:
    """A context manager that gives the path of the file into which a module writes; C(show) takes the lines."""

    def __init__(self, folder: str, host: str, hosts: int, show: t.Callable[[str], None]) -> None:
        self._folder, self._host, self._hosts, self._show = folder, host, hosts, show
        self._path = os.path.join(folder, quote(host, safe=""))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> str:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path + DONE)  # of an earlier round of a loop
        with open(self._path, "w", encoding="utf-8"):
            pass
        self._thread.start()
        return self._path

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join(timeout=2)
        with contextlib.suppress(OSError):
            os.replace(self._path, self._path + DONE)

    def _run(self) -> None:
        shown_at, shown = -INTERVAL, ""
        while not self._over.wait(TICK):
            if self._hosts > MANY_HOSTS:
                self._speak_for_all()
            elif time.monotonic() - shown_at >= INTERVAL:
                line = newest(self._path)
                if line and line != shown:
                    self._show(f"{self._host}: {line}")
                    shown_at, shown = time.monotonic(), line

    def _speak_for_all(self) -> None:
        number = int(time.time() / INTERVAL)
        line = summary(self._folder, self._hosts)
        if not line:
            return
        try:
            claim = os.open(os.path.join(self._folder, f"{SAID}{number}"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError:  # another process speaks in this interval
            return
        with os.fdopen(claim, "w", encoding="utf-8") as out:
            said_at, said = last_said(self._folder, number)
            if without_times(line) != without_times(said) or number - said_at >= REPEAT:
                out.write(line)
                self._show(line)


def newest(path: str) -> str:
    """The last line of a progress file; empty without one."""
    try:
        with open(path, encoding="utf-8") as lines:
            return lines.read().rstrip("\n").rpartition("\n")[2]
    except OSError:
        return ""


def summary(folder: str, hosts: int) -> str:
    """What all hosts are waiting for, in one line; empty as long as none of them has said anything."""
    names = [n for n in sorted(os.listdir(folder)) if not n.startswith(SAID)]
    done = [n for n in names if n.endswith(DONE)]
    lines = {unquote(n): newest(os.path.join(folder, n)) for n in names if n not in done}
    waiting = [f"{host}: {line}" for host, line in lines.items() if line]
    if not waiting:
        return ""
    more = f"; and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
    return f"{len(done)} of {hosts} hosts done, {len(waiting)} waiting: {'; '.join(waiting[:NAMED])}{more}"


def last_said(folder: str, before: int) -> tuple[int, str]:
    """Interval and text of the line for all that was said last; intervals in which nothing was said do not count."""
    numbers = sorted((int(n[len(SAID) :]) for n in os.listdir(folder) if n.startswith(SAID)), reverse=True)
    for number in numbers:
        line = newest(os.path.join(folder, f"{SAID}{number}")) if number < before else ""
        if line:
            return number, line
    return 0, ""


def without_times(line: str) -> str:
    """A line without what only tells that time passes (see _progress)."""
    return re.sub(r" \(\d+ s of \d+ s\)", "", line)
