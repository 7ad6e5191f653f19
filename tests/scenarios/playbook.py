# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook as a user starts it: another folder, a clean environment; watched line by line, and interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tests.lab.config import REPOSITORY

LIMIT = 1500.0
_AGAIN = 10.0
_TASK = re.compile(r"^TASK \[(?P<name>.*?)\] \*+$")
_PLAY = re.compile(r"^PLAY \[(?P<name>.*?)\] \*+$")
_FATAL = re.compile(r"^(?:fatal|failed): \[(?P<host>[^]]+)\].*? => (?P<result>\{.*\})$")
_RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=\d+ .*)$")
_REMOVED_FROM_ENVIRONMENT = ("ANSIBLE_", "KUBECONFIG", "K8S_AUTH_", "PYTHONPATH")


@dataclass(frozen=True)
class Failure:
    host: str
    message: str


@dataclass(frozen=True)
class Run:
    """A run that ended."""

    code: int
    seconds: float
    lines: tuple[str, ...]

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def failures(self) -> list[Failure]:
        return failures(self.lines)

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        return recap(self.lines)


def failures(lines: Sequence[str]) -> list[Failure]:
    """What the failed tasks said."""
    found = []
    for line in lines:
        match = _FATAL.match(line)
        if match:
            found.append(Failure(match["host"], _message(match["result"])))
    return found


def _message(text: str) -> str:
    try:
        result: dict[str, Any] = json.loads(text)
    except ValueError:
        return text
    return str(result.get("msg", text))


def recap(lines: Sequence[str]) -> dict[str, dict[str, int]]:
    """Ansible's counts at the end, by host."""
    found = {}
    for line in lines:
        match = _RECAP.match(line)
        if match:
            pairs = (word.split("=") for word in match["counts"].split())
            found[match["host"]] = {name: int(count) for name, count in pairs}
    return found


def current_task(lines: Sequence[str]) -> str:
    """The task or play that the output is at, without the name of its role."""
    for line in reversed(lines):
        match = _TASK.match(line) or _PLAY.match(line)
        if match:
            return match["name"].rpartition(" : ")[2]
    return ""


class Playbook:
    """One ansible-playbook process, in a process group of its own."""

    def __init__(self, verb: str, inventory: Path | None, folder: Path, log: TextIO, *options: str) -> None:
        argv = [str(Path(sys.executable).parent / "ansible-playbook"), str(REPOSITORY / "playbooks" / f"{verb}.yml")]
        argv += ["-i", str(inventory)] if inventory else []
        argv += options
        log.write(f"\n$ ansible-playbook {' '.join(argv[1:])}\n")
        log.flush()
        self._log = log
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            argv, cwd=folder, env=environment(os.environ), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            preexec_fn=_as_in_a_terminal,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self._log.write(line)
                self._log.flush()
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def lines(self) -> list[str]:
        with self._news:
            return list(self._lines)

    def wait_for(self, name: str, limit: float = LIMIT) -> bool:
        """Until the task or play of this name begins; False when the run ended without it."""

        def begun() -> bool:
            matches = [_TASK.match(line) or _PLAY.match(line) for line in self._lines]
            return any(match and match["name"].rpartition(" : ")[2] == name for match in matches)

        with self._news:
            self._news.wait_for(lambda: self._ended or begun(), limit)
            return begun()

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends it to everything in the foreground.

        Again when nothing comes of it, as people do: ansible-core loses one that meets a destructor.
        """
        for _turn in range(3):
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(_AGAIN)
            except subprocess.TimeoutExpired:
                continue
            return

    def kill(self) -> None:
        """Out of memory, a lost machine: ansible-playbook has no chance to say goodbye, and its workers are orphans."""
        self.process.kill()

    def finish(self, limit: float = LIMIT) -> Run:
        """Its end; whoever is still in its process group then does not write into our log any more."""
        try:
            code = self.process.wait(max(0.0, self.begin + limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._log.write(f"\nno end after {limit:.0f} s\n")
            self.stop()
            code = self.process.wait()
        self._reader.join(5.0)
        seconds = time.monotonic() - self.begin
        return Run(code, seconds, tuple(self.lines))

    def stop(self) -> None:
        """End it and everything that it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _as_in_a_terminal() -> None:
    """A shell starts its background jobs with SIGINT ignored, and all that they start inherits it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """What a user's shell has; nothing that would point at clusters or change Ansible's ways."""
    kept = {name: value for name, value in outer.items() if not name.startswith(_REMOVED_FROM_ENVIRONMENT)}
    kept["ANSIBLE_NOCOLOR"] = "1"
    kept["PATH"] = f"{Path(sys.executable).parent}:{outer.get('PATH', '/usr/bin:/bin')}"
    return kept
