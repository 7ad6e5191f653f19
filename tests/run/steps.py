# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands in lanes beside each other with lines of progress, and adds up what they tested.

A step's output goes to its own log file; its end is shown when the step failed. A step counts as one test unless it can
count for itself (JUnit file, list of checks). A step that ran nothing has failed.
"""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import time
import typing as t
import xml.etree.ElementTree as ET
from collections import deque
from dataclasses import dataclass, field

SHOWN_LINES = 40
GLANCE_SECONDS = 0.1

Counter = t.Callable[[int, pathlib.Path], "Count"]
"""Gets a step's exit code and the log folder, says what was tested."""


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = field(default=(), compare=False)
    """Names of what failed, as far as the step says them."""

    def __add__(self, other: Count) -> Count:
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.failures + other.failures,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass
class Step:
    """One command."""

    name: str
    command: list[str]
    cwd: pathlib.Path
    limit: float = 600.0
    env: dict[str, str] = field(default_factory=dict)
    counter: Counter | None = None

    def slug(self) -> str:
        return "".join(c if c.isalnum() or c in ".-" else "-" for c in self.name)


class Running:
    """A step that was started."""

    def __init__(self, step: Step, logs: pathlib.Path) -> None:
        self.step = step
        self.logs = logs
        self.log = logs / f"{step.slug()}.log"
        self.begin = time.monotonic()
        self.stopped = ""
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                step.command,
                cwd=step.cwd,
                env={**os.environ, **step.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_over(self) -> bool:
        """It ended, or its time limit has passed."""
        return self.process.poll() is not None or time.monotonic() > self.begin + self.step.limit

    def end(self) -> Count:
        """Say what a step that is over tested; one that still runs is stopped."""
        if self.process.poll() is None:
            self.stopped = f"stopped after its limit of {self.step.limit:.0f} s"
            self.stop()
        code = self.process.wait()
        counter = self.step.counter or one
        try:
            count = counter(code, self.logs)
        except (OSError, ET.ParseError, ValueError) as error:
            self.stopped = self.stopped or f"no result could be read: {error}"
            count = Count(failed=1)
        if not count.failed and (code or self.stopped or not count.passed):
            count.failed = 1
        if count.failed:
            count.failures = tuple(f"{self.step.name}: {name}" for name in count.failures) or (self.step.name,)
        self._say(count, code)
        return count

    def stop(self) -> None:
        """End the whole process group: first asked, then made to."""
        for number, patience in ((signal.SIGINT, 20.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(patience)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def _say(self, count: Count, code: int) -> None:
        seconds = time.monotonic() - self.begin
        outcome = "failed" if count.failed else "passed"
        notes = [str(count)] if self.step.counter else []
        notes += [f"exit code {code}"] if code and not self.stopped else []
        notes += [self.stopped] if self.stopped else []
        print(
            f"{outcome} {self.step.name} in {seconds:.1f} s" + (f" ({'; '.join(notes)})" if notes else ""), flush=True
        )
        if count.failed:
            lines = self.log.read_text(errors="replace").splitlines()
            print(f"  ... end of {self.log}:")
            print("\n".join(f"  | {line}" for line in lines[-SHOWN_LINES:]), flush=True)


def one(code: int, _logs: pathlib.Path) -> Count:
    """The command is one test."""
    return Count(passed=int(code == 0), failed=int(code != 0))


def junit(name: str) -> Counter:
    """Counts the cases of a JUnit file in the log folder."""

    def count(_code: int, logs: pathlib.Path) -> Count:
        total = Count()
        for suite in ET.parse(logs / name).getroot().iter("testsuite"):  # noqa: S314  written by our own pytest
            tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            names = (
                f"{case.get('classname')}.{case.get('name')}"
                for case in suite.iter("testcase")
                if case.find("failure") is not None or case.find("error") is not None
            )
            total += Count(tests - failed - skipped, failed, skipped, tuple(names))
        return total

    return count


def closing_line(log: pathlib.Path) -> Counter:
    """Reads the last line of the form `N passed, N failed, N skipped` in the step's log, and the lines `failed NAME in`."""

    def count(_code: int, _logs: pathlib.Path) -> Count:
        pattern = r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$"
        text = log.read_text(errors="replace")
        found = re.findall(pattern, text, re.MULTILINE)
        if not found:
            raise ValueError("its log has no line with the number of tests")
        passed, failed, skipped = (int(number or 0) for number in found[-1])
        return Count(passed, failed, skipped, tuple(re.findall(r"^failed (\S+) in ", text, re.MULTILINE)))

    return count


def lines(log: pathlib.Path, passed: str, failed: str) -> Counter:
    """Counts the lines of the step's log that match."""

    def count(_code: int, _logs: pathlib.Path) -> Count:
        text = log.read_text(errors="replace")
        failures = [match[0] for match in re.finditer(failed, text, re.MULTILINE)]
        return Count(len(re.findall(passed, text, re.MULTILINE)), len(failures), 0, tuple(failures))

    return count


def run(lanes: list[list[Step]], logs: pathlib.Path) -> Count:
    """Run the lanes beside each other, the steps of each in order; the total of all.

    An interruption ends what runs and is passed on.
    """
    logs.mkdir(parents=True, exist_ok=True)
    total = Count()
    waiting = [deque(lane) for lane in lanes]
    going: dict[int, Running] = {}
    try:
        while going or any(waiting):
            for number, lane in enumerate(waiting):
                if number in going and going[number].is_over():
                    total += going[number].end()
                    del going[number]
                if number not in going and lane:
                    print(f"running {lane[0].name}", flush=True)
                    going[number] = Running(lane.popleft(), logs)
            time.sleep(GLANCE_SECONDS)
    finally:
        for started in going.values():
            if started.process.poll() is None:
                started.stop()
    return total
