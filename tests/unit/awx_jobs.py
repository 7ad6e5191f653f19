# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX gives a job: answers of a survey, what credentials add, and an inventory or a slice of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import jinja2.sandbox

Json = dict[str, t.Any]


@dataclass
class Fleet:
    """An inventory as AWX keeps it: hosts with variables, groups of hosts, and variables of all."""

    hosts: dict[str, Json]
    groups: dict[str, list[str]]
    variables: Json = field(default_factory=dict)

    def slice(self, number: int = 1, count: int = 1) -> Json:
        """What the job of one slice is given: every count-th host by name, and groups without the other hosts."""
        names = sorted(self.hosts)[number - 1 :: count]
        there = {group: [host for host in members if host in names] for group, members in self.groups.items()}
        grouped = {host for members in there.values() for host in members}
        everything = {"vars": self.variables, "hosts": [n for n in names if n not in grouped], "children": list(there)}
        return {
            "all": everything,
            **{group: {"hosts": members} for group, members in there.items() if members},
            "_meta": {"hostvars": {name: self.hosts[name] for name in names}},
        }


@dataclass
class Injected:
    """What a credential adds to a job."""

    files: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    variables: Json = field(default_factory=dict)


def inject(kind: Json, inputs: Json, folder: str) -> Injected:
    """Fill in the injectors of a credential type; `folder` is where the job finds the files."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    injectors, names = (
        kind["injectors"],
        {field["id"]: inputs.get(field["id"], "") for field in kind["inputs"]["fields"]},
    )
    files = {
        template.partition(".")[2]: environment.from_string(text).render(names)
        for template, text in injectors.get("file", {}).items()
    }
    tower = {"filename": {name: f"{folder}/{name}" for name in files}}

    def filled(entries: dict[str, str]) -> dict[str, str]:
        return {name: environment.from_string(text).render({**names, "tower": tower}) for name, text in entries.items()}

    return Injected(files, filled(injectors.get("env", {})), dict(filled(injectors.get("extra_vars", {}))))


def answered(survey: Json, answers: Json) -> Json:
    """The variables of a survey as AWX takes them; an answer that it would refuse is an error."""
    questions = {question["variable"]: question for question in survey.get("spec", [])}
    wrong = set(answers) - set(questions)
    missing = {name for name, question in questions.items() if question["required"] and name not in answers}
    if wrong or missing:
        raise ValueError(f"not asked: {sorted(wrong)}; not answered: {sorted(missing)}")
    for name, answer in answers.items():
        kind, choices = questions[name]["type"], questions[name].get("choices", "").splitlines()
        if kind == "integer":
            fits = isinstance(answer, int) and not isinstance(answer, bool)
        elif kind == "multiplechoice":
            fits = answer in choices
        elif kind == "multiselect":
            fits = isinstance(answer, list) and set(answer) <= set(choices)
        else:
            fits = isinstance(answer, str) and len(answer) >= questions[name].get("min", 0)
        if not fits:
            raise ValueError(f"{name}: {answer!r} is no answer to a question of the type {kind}")
    # What the form sends of questions that were left open: of texts that may be empty, an empty one.
    empty = {name for name, one in questions.items() if one["type"] in ("text", "textarea", "password")}
    open_ones = {name: "" for name in empty - set(answers) if questions[name].get("min", 0) == 0}
    return {**open_ones, **answers}
