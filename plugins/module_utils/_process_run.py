# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one program to its end, a deadline or a reason to stop; nothing of it outlives the caller.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Callable

from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import Process

KEPT_BYTES = 64 * 1024
MOST_BYTES = 16 * 1024 * 1024

EXITED = "exited"
DEADLINE = "deadline"
STOPPED = "stopped"
ORPHANED = "orphaned"
FLOODED = "flooded"

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.1
_LISTEN_SECONDS = 1.0


class Interrupted(Exception):
    """A signal asked this process to end while the program ran; the program has been ended."""


@dataclass(frozen=True)
class Outcome:
    """How the run ended (one of the words above), the exit status where there is one, and the ends of its output."""

    how: str
    rc: int | None
    stdout: str
    stderr: str
    seconds: float


def _parent_death_hook() -> Callable[[], None] | None:
    """What the child does before the program starts so that the kernel kills it when this process dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return hook


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


def _end_group(child: subprocess.Popen[bytes], patience: float = 3.0) -> None:
    """End the child and everything in its process group."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        if child.returncode is not None:
            continue
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=wait)


def _tail(path: str) -> str:
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        stream.seek(max(0, size - KEPT_BYTES))
        return stream.read().decode("utf-8", "replace")


def run(
    argv: Sequence[str],
    folder: str,
    env: Mapping[str, str],
    deadline_seconds: float,
    stop: Callable[[], bool] = lambda: False,
    master: Process | None = None,
    started: Callable[[], None] = lambda: None,
    listen: Callable[[str, str], None] | None = None,
) -> Outcome:
    """Run `argv` in `folder` without a shell or a terminal.

    It ends early when `stop` says so, when the deadline has passed, when `master` (the ansible process that this one
    works for) is gone, or when it writes without measure. A signal to this process ends it too and raises Interrupted.
    `started` is called once it runs: threads begin there, since a process with threads must not fork. `listen` is given
    the ends of both outputs each second.
    """
    out, err = os.path.join(folder, "stdout"), os.path.join(folder, "stderr")
    began = heard = time.monotonic()
    how = EXITED
    with _signals_as_exceptions(), open(out, "wb") as out_stream, open(err, "wb") as err_stream:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out_stream,
            stderr=err_stream,
            cwd=folder,
            env=dict(env),
            start_new_session=True,
            preexec_fn=_parent_death_hook(),
        )
        try:
            started()
            while child.poll() is None:
                if stop():
                    how = STOPPED
                elif time.monotonic() - began > deadline_seconds:
                    how = DEADLINE
                elif master is not None and not master.alive():
                    how = ORPHANED
                elif max(os.path.getsize(out), os.path.getsize(err)) > MOST_BYTES:
                    how = FLOODED
                if how != EXITED:
                    break
                if listen is not None and time.monotonic() - heard >= _LISTEN_SECONDS:
                    listen(_tail(out), _tail(err))
                    heard = time.monotonic()
                with suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=_LOOK_SECONDS)
        finally:
            _end_group(child)
    return Outcome(
        how=how,
        rc=child.returncode if how == EXITED else None,
        stdout=_tail(out),
        stderr=_tail(err),
        seconds=time.monotonic() - began,
    )
