# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name and shows what it is waiting for meanwhile.

The other names in this folder take their ActionModule from here.
"""

from __future__ import annotations

import os
import typing as t

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._following import Following

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Follows the module's progress file (module_utils._progress) in a thread while the module runs."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}
        if boolean(self._templar.template(task_vars.get("submariner_quiet", False)), strict=False):
            result.update(self._execute_module(task_vars=task_vars))
            return result
        # The temporary folder of the run: all processes of this task have the same one, and it goes with the run.
        folder = os.path.join(constants.DEFAULT_LOCAL_TMP, f"submariner-progress-{self._task._uuid}")
        hosts = task_vars.get("ansible_play_batch") or task_vars.get("ansible_play_hosts") or ()
        host = str(task_vars.get("inventory_hostname", ""))
        with Following(folder, host, len(hosts), _show) as path:
            self._task.environment = [*(self._task.environment or []), {VARIABLE: path}]
            result.update(self._execute_module(task_vars=task_vars))
        return result


def _show(line: str) -> None:
    display.display(line, color="bright blue")
