# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: argument_errors
short_description: Tell which variables of a host roles would refuse
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - A role judges its options when it begins. This judges those of many roles before the first one begins.
  - Types, elements and choices are judged, and that a boolean has a value, unless none is its default. Numbers are not, since
    their ranges stand in no argument specification, nor what has to be given, nor what must not be shown.
options:
  _input:
    description: The variables of a host, for example its entry in C(hostvars).
    type: dict
    required: true
  specs:
    description: Contents of the files C(meta/argument_specs.yml) of the roles.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
wrong: "{{ hostvars['east'] | submariner.lifecycle.argument_errors(specs=[specs_of_join, specs_of_verify]) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each variable that would be refused; empty when none would.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

JUDGED = ("type", "elements", "choices", "options")


def argument_errors(variables: t.Any, specs: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """What ArgumentSpecValidator says of the variables that the roles know."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError("argument_errors: the variables are no dictionary")
    known = {
        name: option
        for spec in specs
        for point in spec["argument_specs"].values()
        for name, option in point.get("options", {}).items()
        if name in variables and option.get("type") not in ("int", "float") and not {"no_log", "required"} & set(option)
    }
    options = {name: {key: option[key] for key in JUDGED if key in option} for name, option in known.items()}
    found = ArgumentSpecValidator(options).validate({name: variables[name] for name in options}).error_messages
    # Without one it would be taken for false, whatever the default is.
    return list(found) + [
        f"argument '{name}' has no value, and must be true or false"
        for name, option in known.items()
        if option.get("type") == "bool" and option.get("default") is not None and variables[name] is None
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"argument_errors": argument_errors}
