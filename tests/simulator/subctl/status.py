# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on stderr, errors and exit codes, as subctl prints them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..names import VERSION

SUBCTL_VERSION = f"v{VERSION}"
MARKS = {"success": ("✓", "32"), "warning": ("⚠", "33"), "failure": ("✗", "31")}


class Failed(Exception):
    """The command ends with exit code 1; the reason has been shown."""


class Reporter:
    """One step at a time: its results are queued and shown when it ends."""

    def __init__(self) -> None:
        self._smart = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._step = ""
        self._queue: list[tuple[str, str]] = []

    def start(self, step: str) -> None:
        self.end()
        self._step = step
        if self._smart:
            sys.stderr.write(f"\r ⠈⠁ {step} ")
            sys.stderr.flush()
        else:
            self._write(f" • {step}  ...")

    def success(self, message: str) -> None:
        self._result("success", message)

    def warning(self, message: str) -> None:
        self._result("warning", message)

    def failure(self, message: str) -> None:
        self._result("failure", message)

    def end(self) -> None:
        if not self._step:
            return
        if self._smart:
            sys.stderr.write("\r")
        kinds = {kind for kind, _text in self._queue}
        self._show(next((kind for kind in ("failure", "warning") if kind in kinds), "success"), self._step)
        for kind, message in self._queue:
            self._show(kind, message)
        self._step, self._queue = "", []

    @property
    def failing(self) -> bool:
        """Whether the running step has a failure."""
        return any(kind == "failure" for kind, _text in self._queue)

    def error(self, message: str, cause: object = "") -> Failed:
        """Show a failure, end the step; the exception is for the caller to raise."""
        text = ": ".join(part for part in (message, str(cause)) if part)
        self.failure(text[:1].upper() + text[1:])
        self.end()
        return Failed(text)

    @contextmanager
    def explaining(self, message: str) -> Iterator[None]:
        """Show an error of the block with this message in front of it."""
        try:
            yield
        except (OSError, ValueError, ApiError) as exc:
            raise self.error(message, exc) from exc

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that ends with its block, whatever happens."""
        self.start(name)
        try:
            yield
        finally:
            self.end()

    def _result(self, kind: str, message: str) -> None:
        if not message:
            return
        if self._step:
            self._queue.append((kind, message))
        else:
            self._show(kind, message)

    def _show(self, kind: str, message: str) -> None:
        mark, colour = MARKS[kind]
        self._write(f" \x1b[{colour}m{mark}\x1b[0m {message}" if self._smart else f" {mark} {message}")

    @staticmethod
    def _write(line: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(line.rstrip("\n") + "\n")
        sys.stderr.flush()


class ApiError(Exception):
    """An API server's refusal, or why it could not be asked (then the status is 0)."""

    def __init__(self, status: int, message: str, untrusted: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.untrusted = untrusted


def show_version() -> None:
    """The trailer of a failed command."""
    sys.stderr.write(f"\nsubctl version: {SUBCTL_VERSION}\n\n")
