# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subctl for unit tests: a real process whose effect on the cluster is an action of the test."""

from __future__ import annotations

import pathlib
import shlex
import threading
import time
import typing as t
from dataclasses import dataclass, field


@dataclass
class FakeSubctl:
    """A program that notes its arguments and the file it is given, lets `effect` happen, and ends with `rc`."""

    folder: pathlib.Path
    effect: t.Callable[[], object]
    rc: int = 0
    says: str = " ✓ done"
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.path = self.folder / "subctl"
        place = shlex.quote(str(self.folder))
        self.path.write_text(
            "#!/bin/sh\n"
            f'printf "%s\\n" "$@" > {place}/arguments\n'
            f'for word in "$@"; do case "$word" in *.subm) cp "$word" {place}/given.subm;; esac; done\n'
            f"touch {place}/asked\n"
            f"while [ ! -e {place}/done ]; do sleep 0.1; done\n"
            f"echo {shlex.quote(self.says)} >&2\n"
            f"exit {self.rc}\n"
        )
        self.path.chmod(0o755)

    def __enter__(self) -> FakeSubctl:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._stop.is_set():
            if self.called:
                self.effect()
                (self.folder / "done").touch()
                return
            time.sleep(0.05)

    @property
    def called(self) -> bool:
        return (self.folder / "asked").exists()

    @property
    def arguments(self) -> list[str]:
        return (self.folder / "arguments").read_text().splitlines()

    @property
    def given(self) -> str:
        """The content of the .subm file that it was given."""
        return (self.folder / "given.subm").read_text()
