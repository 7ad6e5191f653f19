# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns when it fails. Private, may change at any time."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json

UNJUDGED: Json = {"verdict": "unknown"}
"""It has no findings: an empty list would say that nothing was found, and roles take a result without one as not judged."""

NAMESPACES = frozenset(["operator_namespace", "broker_namespace"])
"""Options that name Submariner's namespaces."""


class Module(AnsibleModule):  # type: ignore[misc]
    """Its failures return what is known by then, whatever they come from: options that Ansible refuses, too."""

    at_first: t.ClassVar[Json] = {}

    def __init__(self, **arguments: t.Any) -> None:
        self._known = dict(self.at_first)
        super().__init__(**arguments)
        self._refuse_negative_numbers()
        self._name_namespaces()

    def _refuse_negative_numbers(self) -> None:
        """Seconds, bytes, ports and counts: no option of this collection means anything below zero."""
        for option, value in self.params.items():
            if isinstance(value, (int, float)) and value < 0:
                self.fail_json(msg=f"{option} is {value}, and must be 0 or more")

    def _name_namespaces(self) -> None:
        """An inventory may leave them empty: in a namespace without a name nothing would be found, of a living cluster either."""
        for option in NAMESPACES & set(self.params):
            self.params[option] = self.params[option] or self.argument_spec[option].get("default")

    def knows(self, result: Json) -> None:
        """From now on failures return C(result), too, less what it says of an end that they did not come to."""
        of_the_end = {"changed", "diff", "verdict"}
        self._known.update({k: [] if k == "findings" else v for k, v in result.items() if k not in of_the_end})

    def fail_json(self, msg: str, **result: t.Any) -> t.NoReturn:
        super().fail_json(msg, **{**self._known, **result})
        raise AssertionError("fail_json ends the module")


class Judge(Module):
    """One that gives a verdict: it gives one always."""

    at_first = UNJUDGED
