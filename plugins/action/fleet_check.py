# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the fleet on the controller, where the digests of all clusters are: they are sent nowhere and not repeated."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.submariner.lifecycle.plugins.modules.fleet_check import ARGUMENTS, outcome


class ActionModule(ActionBase):  # type: ignore[misc]
    """Does what the module of this name does, without a process of its own."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _checked, params = self.validate_argument_spec(ARGUMENTS)
        return {**result, **outcome(params)}
