# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name, shows what it is waiting for meanwhile, and notes it in the run's journal if there is one.

The other names in this folder take their ActionModule from here.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import mapping, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._following import Following
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report import Unreadable, write_once

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Follows the module's progress file (module_utils._progress) in a thread while the module runs."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        began, start = time.time(), time.monotonic()
        result.update(self._followed(task_vars))
        journal = text(mapping(task_vars.get(_journal.VARIABLE)).get("path"))
        if journal:
            self._note(journal, result, str(task_vars.get("inventory_hostname", "")), began, time.monotonic() - start)
        return result

    def _followed(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if boolean(self._templar.template(task_vars.get("submariner_quiet", False)), strict=False):
            return self._result(task_vars)
        # The temporary folder of the run: all processes of this task have the same one, and it goes with the run.
        folder = os.path.join(constants.DEFAULT_LOCAL_TMP, f"submariner-progress-{self._task._uuid}")
        hosts = task_vars.get("ansible_play_batch") or task_vars.get("ansible_play_hosts") or ()
        host = str(task_vars.get("inventory_hostname", ""))
        with Following(folder, host, len(hosts), _show) as path:
            self._task.environment = [*(self._task.environment or []), {VARIABLE: path}]
            return self._result(task_vars)

    def _result(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        result: dict[str, t.Any] = self._execute_module(task_vars=task_vars)
        return result

    def _note(self, journal: str, result: dict[str, t.Any], host: str, began: float, seconds: float) -> None:
        """Put the call into the journal; one that ends the run leaves a report. Neither can make a step fail."""
        arguments = self._task.args
        step = _journal.step_of(
            self._task.action,
            arguments,
            result,
            host=host,
            cluster=str(arguments.get("cluster_id") or arguments.get("cluster") or host),
            began=round(began, 3),
            seconds=round(seconds, 3),
            check=bool(self._task.check_mode),
            tolerated=bool(self._task.failed_when or self._task.ignore_errors),
        )
        if (step["step"], step["variant"]) in _journal.PASSED_OVER and not step["failed"]:
            return
        try:
            _journal.note(journal, step)
            if step["failed"] and not step["tolerated"]:
                write_once(os.path.dirname(journal))
        except (OSError, Unreadable) as error:
            display.warning(f"The report lacks a step: {error}")


def _show(line: str) -> None:
    display.display(line, color="bright blue")
