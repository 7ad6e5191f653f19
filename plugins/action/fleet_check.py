# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what the hosts registered where it is: on the controller, without a template or a module process."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import UNJUDGED
from ansible_collections.submariner.lifecycle.plugins.modules.fleet_check import ARGUMENTS, CONDITIONS, outcome


class ActionModule(ActionBase):  # type: ignore[misc]
    """Takes the module's own logic; only where the digests come from is added."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        try:
            _validation, params = self.validate_argument_spec(ARGUMENTS, **CONDITIONS)
        except AnsibleActionFail as error:
            raise AnsibleActionFail(error.message, obj=error.obj, result=dict(UNJUDGED)) from None
        if params["registered"]:
            _add_registered(params, task_vars or {})
        return {**result, "changed": False, **outcome(params)}


def _add_registered(params: Json, task_vars: dict[str, t.Any]) -> None:
    """Put the results of cluster_info that the hosts have beside what was given; a host may lack any part."""
    hosts = params["hosts"] if params["hosts"] is not None else task_vars.get("ansible_play_hosts", [])
    every = task_vars["hostvars"]
    found = {str(h): mapping(mapping(every.raw_get(h)).get(params["registered"])) for h in hosts}
    params["digests"] = {**{host: one.get("digest") for host, one in found.items()}, **(params["digests"] or {})}
    for option, key in (("denied", "denied"), ("snapshots", "snapshot"), ("unanswered", "msg")):
        params[option] = {**{host: one[key] for host, one in found.items() if key in one}, **params[option]}
