# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the report of a run, on the controller, where its files are."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.submariner.lifecycle.plugins.modules.report import ARGUMENTS
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report import (
    Unreadable,
    begin,
    ended,
    joined,
    recorded,
    write,
)


class ActionModule(ActionBase):  # type: ignore[misc]
    """The module's work: it needs the templates of the role report, which a module process does not have."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec(ARGUMENTS)
        folder = str(params["path"])
        try:
            if params["state"] == "written":
                return {**result, **write(folder, dry=self._task.check_mode)}
            if params["state"] == "joined":
                return {**result, "changed": False, **joined(folder, str(params["record"]))}
            if params["state"] == "recorded":
                told = (str(params["record"]), str(params["started"]), bool(params["continued"]))
                return {**result, "changed": True, **({} if self._task.check_mode else recorded(folder, *told))}
            if params["state"] == "ended":
                return {**result, "changed": not self._task.check_mode and ended(folder, str(params["run"]))}
            begun = {} if self._task.check_mode else begin(folder, params["verb"], params["check"])
            return {**result, "changed": True, **begun}
        except Unreadable as error:
            return {**result, "failed": True, "msg": str(error)}
        except OSError as error:
            way_out = "Set submariner_report_dir to a folder on the controller that can be written."
            return {**result, "failed": True, "msg": f"No report in {folder}: {error}. {way_out}"}
