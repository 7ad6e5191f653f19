# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small process that renews the lock beside a run, and gives it back as soon as the run's process is gone.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from typing import Callable

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._lock import (
    RENEW_SECONDS,
    Claim,
    LockLost,
    Party,
    renew,
    with_keeper,
    withdraw,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._openshift import end_sessions
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import Process, look_up

_START_SECONDS = 60.0
"""As long as an API server takes that a busy machine has just started again."""
_LOOK_SECONDS = 1.0


def start(make_api: Callable[[], Api], claim: Claim, master: Process) -> Process:
    """Start the keeper and return once it has renewed the Lease for the first time.

    It is a fork, not a program of its own: the module's code lies in an archive that is deleted when the module ends.
    The caller must not have started threads.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Two forks and a session of its own: nothing waits for it, and no terminal's signals reach it.
        os.setsid()
        if os.fork() > 0:
            os._exit(0)
        _become_keeper(make_api, claim, master, writer)
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    try:
        readable, _none, _nothing = select.select([reader], [], [], _START_SECONDS)
        silence = f"- its Lease was not renewed in {_START_SECONDS:.0f} s"
        said = os.read(reader, 4096).decode("utf-8", "replace") if readable else silence
    finally:
        os.close(reader)
    number, _blank, trouble = said.partition(" ")
    keeper = look_up(int(number)) if number.isdigit() and not trouble else None
    if keeper is None:
        raise ApiFailure(f"The lock cannot be kept: {trouble or 'the process that renews it ended at once'}.")
    return keeper


def stop(party: Party) -> None:
    """End the keeper of this party, if it runs on this machine, and wait until it has."""
    if not party.kept():
        return
    with suppress(ProcessLookupError, PermissionError):
        os.kill(party.keeper_pid, signal.SIGTERM)
    deadline = time.monotonic() + 5.0
    while party.kept() and time.monotonic() < deadline:
        time.sleep(0.05)


def _become_keeper(make_api: Callable[[], Api], claim: Claim, master: Process, writer: int) -> None:
    """The life of the keeper; never returns into the module's code with an exception."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    highest = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, writer)
    os.closerange(writer + 1, min(highest, 65536) if highest > 0 else 65536)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir("/")
    # The Kubernetes client writes certificates to temporary files; the module's own folder goes with the module.
    tempfile.tempdir = folder = tempfile.mkdtemp(prefix="submariner-lifecycle-", dir=_lasting_folder())
    signal.signal(signal.SIGTERM, lambda _number, _frame: _leave(folder))
    me = look_up(os.getpid())
    try:
        if me is None:
            _say(writer, f"{os.getpid()} its own process cannot be looked up")
            return
        kept = with_keeper(claim, me)
        try:
            api = make_api()
            trouble = "" if renew(api, kept) else "the API did not answer"
        except (ApiFailure, LockLost) as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001 the one who waits is told, whatever it is
            trouble = f"{type(error).__name__}: {error}"
        _say(writer, f"{me.pid} {trouble}".strip())
        if not trouble:
            _keep(make_api, api, kept, master)
    except BaseException:  # noqa: BLE001 whatever happens here must not run the module's exit code in this process
        _leave(folder)
    finally:
        _leave(folder)


def _lasting_folder() -> str:
    return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 mkdtemp makes a private folder in it


def _leave(folder: str) -> None:
    with suppress(Exception):
        end_sessions()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _say(writer: int, words: str) -> None:
    with suppress(OSError):
        os.write(writer, words.encode())
        os.close(writer)


def _keep(make_api: Callable[[], Api], api: Api, claim: Claim, master: Process) -> None:
    due = time.monotonic() + RENEW_SECONDS
    while True:
        if not master.alive():
            withdraw(api, claim)
            return
        if time.monotonic() >= due:
            due = time.monotonic() + RENEW_SECONDS
            try:
                answered = renew(api, claim)
            except LockLost:
                return
            except ApiFailure:
                answered = False
            if not answered:
                # Short-lived credentials (exec plugins) are fetched anew with a new client.
                with suppress(ApiFailure, SystemExit):
                    api = make_api()
        time.sleep(_LOOK_SECONDS)
