# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many things at once, each in a process of its own that has a fixed time. Private, may change at any time.

A kubeconfig may start a program for a token, and the client waits for that one as long as it takes; and clients share
settings within a process. A process of its own can be ended with all that it started, and shares nothing.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from multiprocessing import connection

Json = dict[str, t.Any]
Item = t.TypeVar("Item")

LATE, DIED = "late", "died"


@dataclass(frozen=True)
class Outcome:
    """C(value) when the work ended by itself; else C(why) is V(late) or V(died)."""

    value: Json | None
    why: str = ""


@dataclass
class _Running:
    place: int
    process: t.Any
    end: float


def each(work: t.Callable[[Item], Json], items: t.Sequence[Item], parallel: int, limit: float) -> list[Outcome]:
    """The outcome of C(work) for each item, in their order: at most C(parallel) at once, none longer than C(limit) seconds.

    What they print is dropped, and what they leave in the folder for temporary files is removed.
    """
    context = multiprocessing.get_context("fork")
    outcomes = [Outcome(None, DIED)] * len(items)
    waiting = list(enumerate(items))[::-1]
    running: dict[t.Any, _Running] = {}
    with tempfile.TemporaryDirectory(prefix="submariner-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < max(1, parallel):
                    place, item = waiting.pop()
                    ours, theirs = context.Pipe(duplex=False)
                    process = context.Process(target=_child, args=(work, item, theirs, folder))
                    process.start()
                    theirs.close()
                    running[ours] = _Running(place, process, time.monotonic() + limit)
                left = min(r.end for r in running.values()) - time.monotonic()
                for ready in connection.wait(list(running), max(0.0, left)):
                    outcomes[running[ready].place] = _received(ready)
                    _end(ready, running.pop(ready))
                for late in [c for c, r in running.items() if r.end <= time.monotonic()]:
                    outcomes[running[late].place] = Outcome(None, LATE)
                    _end(late, running.pop(late))
        finally:
            for left_over, entry in running.items():
                _end(left_over, entry)
    return outcomes


def _child(work: t.Callable[[t.Any], Json], item: t.Any, answer: t.Any, folder: str) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (until the process ends)
    tempfile.tempdir = folder
    answer.send_bytes(json.dumps(work(item)).encode())


def _received(ready: t.Any) -> Outcome:
    try:
        return Outcome(json.loads(ready.recv_bytes()))
    except (EOFError, OSError, ValueError):
        return Outcome(None, DIED)


def _end(answer: t.Any, entry: _Running) -> None:
    """End it and what it started, whether or not it has ended by itself."""
    answer.close()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(entry.process.pid, signal.SIGKILL)
    entry.process.kill()  # it may have no group of its own yet
    entry.process.join()
    entry.process.close()
