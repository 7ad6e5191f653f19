# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's main() as Ansible would: arguments in, the JSON that it prints out."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t
from dataclasses import dataclass, field
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common import warnings


@dataclass
class Outcome:
    """What a module said: `result` is the whole JSON, `failed` and `changed` are its two most asked fields."""

    result: dict[str, t.Any] = field(default_factory=dict)
    code: int = 0

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def msg(self) -> str:
        return str(self.result.get("msg", ""))

    def __getitem__(self, key: str) -> t.Any:
        return self.result[key]


@contextlib.contextmanager
def _arguments(arguments: dict[str, t.Any]) -> t.Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core before 2.19
        data = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        with mock.patch.object(basic, "_ANSIBLE_ARGS", data):
            yield
    else:
        with patch_module_args(arguments):
            yield


@contextlib.contextmanager
def _own_process() -> t.Iterator[None]:
    """As if nothing of Ansible's controller were loaded and no other module had warned before."""
    with contextlib.ExitStack() as stack:
        for name in ("_global_warnings", "_global_deprecations"):
            stack.enter_context(mock.patch.object(warnings, name, type(getattr(warnings, name))()))
        internal = getattr(warnings, "_internal", None)
        if internal is not None:  # ansible-core from 2.19 on
            stack.enter_context(mock.patch.object(internal, "is_controller", False))
        yield


def run_module(
    main: t.Callable[[], object], arguments: dict[str, t.Any], *, check: bool = False, diff: bool = False
) -> Outcome:
    """Drive `main`; an exception other than SystemExit passes through, as it would be a traceback for the user."""
    printed = io.StringIO()
    code: object = None
    arguments = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
    with _own_process(), _arguments(arguments), contextlib.redirect_stdout(printed):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code
        else:
            raise AssertionError("main() returned without exit_json or fail_json")
    lines = printed.getvalue().strip().splitlines()
    return Outcome(json.loads(lines[-1]), code if isinstance(code, int) else 0)
