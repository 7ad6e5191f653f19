# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows on the controller what modules are waiting for while they run. Private, may change at any time.

Each host of a task runs in a process of its own. What they wait for stands in a folder that they share, a file for each
host; with many hosts whichever process comes first after an interval says one line for all of them.
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
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

MANY_HOSTS = 20
"""With more hosts than this there is one line for all."""

REPEAT = 6
"""Intervals after which a line for all that says the same is said again."""

NAMED = 3
"""Hosts whose text stands in the line for all."""

TICK = 0.3
DONE, SAID = "%done", "%said-"
"""In names of files; that of a host has no such sign in it (see quote)."""


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
        looked_at, shown = -INTERVAL, ""
        while not self._over.wait(TICK):
            line = newest(self._path) if time.monotonic() - looked_at >= INTERVAL else ""
            if not line:
                continue
            if self._hosts > MANY_HOSTS:
                self._speak_for_all()
            elif line != shown:
                self._show(f"{self._host}: {line}")
            looked_at, shown = time.monotonic(), line

    def _speak_for_all(self) -> None:
        number, age, said = last_said(self._folder)
        if age < INTERVAL:
            return
        line = summary(self._folder, self._hosts)
        if without_times(line) == without_times(said) and age < REPEAT * INTERVAL:
            return
        try:
            path = os.path.join(self._folder, f"{SAID}{number + 1}")
            turn = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError:  # another process says it
            return
        with os.fdopen(turn, "w", encoding="utf-8") as out:
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
    """What all hosts are waiting for, in one line."""
    names = [n for n in sorted(os.listdir(folder)) if not n.startswith(SAID)]
    done = [n for n in names if n.endswith(DONE)]
    lines = {unquote(n): newest(os.path.join(folder, n)) for n in names if n not in done}
    waiting = [f"{host}: {line}" for host, line in lines.items() if line]
    return f"{len(done)} of {hosts} hosts done, {len(waiting)} waiting: {some(waiting, NAMED, '; ')}"


def last_said(folder: str) -> tuple[int, float, str]:
    """Number, age in seconds, and text of the line for all that was said last."""
    number = max((int(n[len(SAID) :]) for n in os.listdir(folder) if n.startswith(SAID)), default=0)
    path = os.path.join(folder, f"{SAID}{number}")
    try:
        return number, time.time() - os.stat(path).st_mtime, newest(path)
    except OSError:
        return 0, float("inf"), ""


def without_times(line: str) -> str:
    """A line without what only tells that time passes (see _progress)."""
    return re.sub(r" \(\d+ s of \d+ s\)", "", line)
