# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_survey
short_description: Make a survey for AWX out of the documentation of roles
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - A question is asked as the argument specification of a role documents its variable, so that a survey says what the
    documentation says.
  - A question has no default of its own, since its answer would outrank what the inventory says. Left open, it says nothing.
options:
  _input:
    description:
      - The questions, each with C(variable), and if wanted C(required) and C(choices), which narrows what the documentation allows.
    type: list
    elements: dict
    required: true
  specs:
    description: Contents of the files C(meta/argument_specs.yml) of the roles.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
# A survey_spec with one question.
survey: "{{ [{'variable': 'submariner_evict', 'required': true}] | submariner.lifecycle.awx_survey(specs=specs) }}"
"""

RETURN = r"""
_value:
  description: A survey as AWX's API takes it; an empty dictionary if there are no questions.
  type: dict
"""

import re
import typing as t

from ansible.errors import AnsibleFilterError

TYPES = {"bool": "multiplechoice", "int": "integer", "float": "float", "str": "text", "path": "text", "list": "text"}
"""Types of the argument specification that a person can answer, with AWX's type of the question."""

TYPED = ("text", "password")
"""Types of questions whose answer is typed as a text."""

_MARKUP = re.compile(r"\b[BCEIMOV]\(([^()]*(?:\([^()]*\)[^()]*)*)\)")

Json = dict[str, t.Any]


def plain(description: t.Any) -> str:
    """The words of a description without the markup of Ansible's documentation."""
    lines = [description] if isinstance(description, str) else description
    return _MARKUP.sub(r"\1", " ".join(str(line) for line in lines))


def documented(specs: t.Iterable[t.Any]) -> Json:
    """Every option of every entry point, by the name of its variable."""
    found: Json = {}
    for spec in specs:
        for point in spec["argument_specs"].values():
            found.update(point.get("options", {}))
    return found


def question(wanted: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> Json:
    """One question of a survey."""
    name = str(wanted["variable"])
    option = options.get(name)
    if option is None:
        raise AnsibleFilterError(f"awx_survey: no role documents a variable {name}")
    # AWX drops a blank choice; leaving the question open says as much.
    kind, choices = option["type"], [c for c in wanted.get("choices") or option.get("choices", []) if c != ""]
    if kind not in TYPES:
        raise AnsibleFilterError(f"awx_survey: {name} is of the type {kind}, which no question of AWX's can ask for")
    made: Json = {
        "variable": name,
        "question_name": name[len("submariner_") :].replace("_", " ").capitalize(),
        "question_description": plain(option["description"]),
        "required": bool(wanted.get("required", False)),
        "type": TYPES[kind],
    }
    if option.get("no_log"):
        made["type"] = "password"
    elif kind == "bool":
        made["choices"] = "true\nfalse"
    elif choices:
        made["type"] = "multiselect" if kind == "list" else "multiplechoice"
        made["choices"] = "\n".join(str(choice) for choice in choices)
    if made["type"] in TYPED:
        # AWX passes on a text that is left open, as an empty one, unless its shortest length forbids that.
        made["min"] = 1
    return made


def awx_survey(questions: t.Any, specs: t.Any) -> Json:
    """The survey, or an empty dictionary without questions."""
    if not questions:
        return {}
    options = documented(specs)
    return {"name": "", "description": "", "spec": [question(wanted, options) for wanted in questions]}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"awx_survey": awx_survey}
