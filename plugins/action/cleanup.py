# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name and shows what it is waiting for meanwhile.

The other names in this folder take their ActionModule from here.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import INTERVAL, VARIABLE

display = Display()

MANY_HOSTS = 20
MANY_INTERVAL = 60.0
"""Seconds between two lines of one host when the play has more than MANY_HOSTS."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Follows the module's progress file (module_utils._progress) in a thread while the module runs."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if str(task_vars.get("submariner_quiet", "")).lower() in ("true", "yes", "1"):
            result.update(self._execute_module(task_vars=task_vars))
            return result
        handle, path = tempfile.mkstemp(prefix="submariner-progress-")
        os.close(handle)
        done = threading.Event()
        host = str(task_vars.get("inventory_hostname", ""))
        interval = MANY_INTERVAL if len(task_vars.get("ansible_play_hosts") or ()) > MANY_HOSTS else INTERVAL
        follower = threading.Thread(target=_follow, args=(path, host, interval, done), daemon=True)
        follower.start()
        self._task.environment = [*(self._task.environment or []), {VARIABLE: path}]
        try:
            result.update(self._execute_module(task_vars=task_vars))
        finally:
            done.set()
            follower.join(timeout=2)
            os.unlink(path)
        return result


def _follow(path: str, host: str, interval: float, done: threading.Event) -> None:
    """Show the newest line of the file, at most one every C(interval) seconds."""
    shown_at, pending = 0.0, ""
    with open(path, encoding="utf-8") as lines:
        while not done.wait(0.3):
            pending = lines.read().rstrip("\n").rpartition("\n")[2] or pending
            if pending and time.monotonic() - shown_at >= interval:
                display.display(f"{host}: {pending}", color="bright blue")
                shown_at, pending = time.monotonic(), ""
