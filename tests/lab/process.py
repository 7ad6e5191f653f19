# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running other programs: in the foreground with a readable failure, in the background with a process id file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.lab.config import LabError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Done:
    rc: int
    out: str
    err: str


def _mortal(argv: Sequence[str]) -> list[str]:
    """The command dies with us, so that a killed lab leaves nobody at work behind its back."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *argv] if setpriv else list(argv)


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    check: bool = True,
    log: Path | None = None,
) -> Done:
    """Run to the end. With `check`, a failure is a LabError that carries the program's own last words."""
    source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    try:
        process = subprocess.Popen(
            _mortal(argv), env=env, cwd=cwd, stdin=source,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise LabError(f"{argv[0]} cannot be started: {error.strerror}") from error
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += f"\nno end after {timeout:.0f} s"
    except BaseException:
        process.kill()
        process.wait()
        raise
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"$ {' '.join(argv)}\n{out}{err}")
    if check and process.returncode != 0:
        where = f" (log: {log})" if log else ""
        raise LabError(f"{Path(argv[0]).name} failed: {last_line(err if err.strip() else out)}{where}")
    return Done(process.returncode, out, err)


def parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """All at once; the first failure is raised when every worker has ended."""
    todo = list(items)
    if not todo:
        return []
    with ThreadPoolExecutor(max_workers=len(todo)) as pool:
        return [future.result() for future in [pool.submit(work, item) for item in todo]]


def background(argv: Sequence[str], *, env: Mapping[str, str], log: Path) -> int:
    """Start a daemon in a session of its own and return its process id."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            list(argv), env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True, cwd="/"
        )
    return process.pid


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def running(pidfile: Path, mark: str) -> int | None:
    """The process of that file, if it still is the one that we started (`mark` stands in its command line)."""
    try:
        pid = int(pidfile.read_text())
    except (OSError, ValueError):
        return None
    return pid if mark in command_line(pid) and not _zombie(pid) else None


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True


def end(pids: Iterable[int], *, grace: float) -> None:
    """SIGTERM, then SIGKILL after the grace time."""
    waiting = {pid for pid in pids if not _send(pid, signal.SIGTERM)}
    wait_until(lambda: all(_zombie(pid) for pid in waiting), grace, 0.05)
    for pid in waiting:
        if not _zombie(pid):
            _send(pid, signal.SIGKILL)
    wait_until(lambda: all(_zombie(pid) for pid in waiting), 5, 0.05)


def _send(pid: int, number: signal.Signals) -> bool:
    """True when there was nobody to send it to."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    return False


def wait_until(condition: Callable[[], bool], limit: float, pause: float = 0.2) -> bool:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True
