# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of this machine, known by number and start time: a reused number is not the old process.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

_PROGRAMS = ("ansible", "ansible-playbook", "ansible-console", "ansible-pull")
_MODULES = ("ansible", "ansible.cli.playbook", "ansible.cli.adhoc", "ansible.cli.console", "ansible.cli.pull")


@dataclass(frozen=True)
class Process:
    """A process as it was seen; `start` tells it from a later one with the same number."""

    pid: int
    start: str
    parent: int
    argv: tuple[str, ...]

    def alive(self) -> bool:
        now = look_up(self.pid)
        return now is not None and now.start == self.start


def look_up(pid: int) -> Process | None:
    """The process with this number, None when there is none (a zombie counts as none)."""
    if os.path.isdir("/proc/self"):
        return _from_proc(pid)
    return _from_ps(pid)


def _from_proc(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            # The program's name stands in brackets and may itself hold blanks and brackets.
            fields = stream.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            argv = tuple(part.decode("utf-8", "replace") for part in stream.read().split(b"\0") if part)
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    return Process(pid=pid, start=fields[19], parent=int(fields[1]), argv=argv)


def _from_ps(pid: int) -> Process | None:
    try:
        done = subprocess.run(
            ["ps", "-o", "stat=,ppid=,lstart=,command=", "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = done.stdout.split()
    if done.returncode != 0 or len(fields) < 7 or fields[0].startswith("Z"):
        return None
    return Process(pid=pid, start=" ".join(fields[2:7]), parent=int(fields[1]), argv=tuple(fields[7:]))


def is_ansible(argv: tuple[str, ...]) -> bool:
    """Whether a command line is that of ansible-playbook or a sister of it, started directly or by an interpreter."""
    for position, word in enumerate(argv[:4]):
        if os.path.basename(word) in _PROGRAMS and (position == 0 or not argv[position - 1].startswith("-")):
            return True
        if position and argv[position - 1] == "-m" and word in _MODULES:
            return True
    return False


def controlling_ansible(pid: int | None = None) -> Process | None:
    """The ansible process that this one works for; its workers are forks of it and look the same: the eldest counts."""
    found: Process | None = None
    current = look_up(os.getpid() if pid is None else pid)
    while current is not None and current.pid > 1:
        if is_ansible(current.argv):
            found = current
        elif found is not None:
            break
        current = look_up(current.parent)
    return found
