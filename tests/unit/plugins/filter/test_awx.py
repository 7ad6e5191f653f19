# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys out of documentation, and what is whose in an AWX."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.filter.awx_changes import SHARED, awx_changes
from ansible_collections.submariner.lifecycle.plugins.filter.awx_survey import awx_survey, plain
from tests.unit.fake_awx import check_survey

Json = dict[str, t.Any]

MARK = "[ours]"
OPTIONS: Json = {
    "submariner_flag": {"type": "bool", "description": "Whether V(it) goes."},
    "submariner_number": {"type": "int", "description": ["How many O(submariner_flag).", "Second line."]},
    "submariner_kind": {"type": "str", "choices": ["a", "b"], "description": "Which."},
    "submariner_driver": {"type": "str", "choices": ["", "a", "b"], "description": "Which, or the usual one."},
    "submariner_kinds": {"type": "list", "choices": ["a", "b"], "description": "Which ones."},
    "submariner_secret": {"type": "str", "no_log": True, "description": "Hidden."},
    "submariner_words": {"type": "list", "description": "With commas."},
    "submariner_table": {"type": "dict", "description": "Too much for a survey."},
}
SPECS = [{"argument_specs": {"main": {"options": OPTIONS}, "other": {}}}]


def ask(**question: t.Any) -> Json:
    spec = awx_survey([question], SPECS)
    kept = copy.deepcopy(spec)
    check_survey(kept)
    # Else each run of the role would write it again.
    assert kept == spec
    return t.cast(Json, spec["spec"][0])


@pytest.mark.parametrize(
    ("variable", "kind", "choices"),
    [
        ("flag", "multiplechoice", "true\nfalse"),
        ("number", "integer", None),
        ("kind", "multiplechoice", "a\nb"),
        ("driver", "multiplechoice", "a\nb"),
        ("kinds", "multiselect", "a\nb"),
        ("secret", "password", None),
        ("words", "text", None),
    ],
)
def test_the_type_of_a_question_is_that_of_its_variable(variable: str, kind: str, choices: str | None) -> None:
    question = ask(variable=f"submariner_{variable}")
    assert (question["type"], question.get("choices"), question["required"]) == (kind, choices, False)


def test_a_question_says_what_the_documentation_says() -> None:
    question = ask(variable="submariner_number", required=True)
    assert question["question_description"] == "How many submariner_flag. Second line."
    assert question["question_name"] == "Number"
    assert question["required"]


def test_choices_can_be_fewer() -> None:
    assert ask(variable="submariner_kind", choices=["b"])["choices"] == "b"


def test_no_questions_are_no_survey() -> None:
    assert awx_survey([], SPECS) == {}


@pytest.mark.parametrize(
    ("variable", "message"), [("submariner_none", "no role documents"), ("submariner_table", "dict")]
)
def test_what_cannot_be_asked_is_refused(variable: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        awx_survey([{"variable": variable}], SPECS)


@given(st.text())
def test_words_without_markup_stay_as_they_are(words: str) -> None:
    assert "(" in words or plain(words) == words


WANTED = {"organizations": ["Home"], "job_templates": ["verify"], "schedules": ["hourly"], "projects": ["books"]}


def read(**objects: list[Json]) -> dict[str, list[Json]]:
    home = {"id": 1, "name": "Home", "description": f"x {MARK}"}
    return {**{kind: [] for kind in WANTED}, "organizations": [home], **objects}


def changes(found: t.Any, **wanted: list[str]) -> Json:
    return awx_changes(found, {**WANTED, **wanted}, MARK, "Home")


def template(number: int, mark: str = MARK, name: str = "verify", organization: int | None = 1) -> Json:
    return {"id": number, "name": name, "description": f"Proves. {mark}", "organization": organization}


def test_what_is_not_there_is_missing() -> None:
    assert changes(read())["missing"] == ["job templates: verify", "schedules: hourly", "projects: books"]


def test_somebody_elses_is_foreign_in_our_organisation_alone() -> None:
    assert changes(read(job_templates=[template(2, mark="")]))["foreign"] == ["job templates: verify"]
    for organization in (7, None):
        elsewhere = changes(read(job_templates=[template(2, mark="", organization=organization)]))
        assert elsewhere["foreign"] == []
        assert "job templates: verify" in elsewhere["missing"]


def test_somebody_elses_project_is_used() -> None:
    found = changes(read(projects=[{"id": 3, "name": "books", "description": "", "organization": 1}]))
    assert (found["adopted"]["projects"], found["foreign"]) == (["books"], [])


def test_a_schedule_belongs_to_its_template() -> None:
    theirs = {"id": 4, "name": "hourly", "description": "", "unified_job_template": 9}
    assert changes(read(job_templates=[template(2)], schedules=[theirs]))["foreign"] == []
    assert changes(read(job_templates=[template(2)], schedules=[{**theirs, "unified_job_template": 2}]))["foreign"]


def test_ours_that_nobody_wants_any_more_goes() -> None:
    old = template(5, name="old")
    assert changes(read(job_templates=[template(2), old]))["unwanted"]["job_templates"] == [old]
    gone = changes(read(job_templates=[{**old, "pending_deletion": True}]))
    assert gone["unwanted"]["job_templates"] == []


def test_what_was_not_read_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="not every kind"):
        changes({"organizations": []})


OBJECTS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(2, 9),
            "name": st.sampled_from(["verify", "old", "books"]),
            "description": st.sampled_from(["", MARK, f"Ours {MARK}", f"{MARK} theirs"]),
            "organization": st.sampled_from([None, 1, 7]),
        }
    ),
    max_size=6,
    unique_by=lambda obj: (obj["name"], obj["organization"]),
)


@given(OBJECTS, OBJECTS, st.booleans())
def test_nothing_without_the_mark_ever_goes(templates: list[Json], projects: list[Json], present: bool) -> None:
    wanted: dict[str, list[str]] = {} if present else {kind: [] for kind in WANTED}
    found = changes(read(job_templates=templates, projects=projects), **wanted)
    for kind, objects in found["unwanted"].items():
        assert all(
            obj["description"].endswith(MARK) and obj["name"] not in wanted.get(kind, WANTED[kind]) for obj in objects
        )
    if not present:
        ours = [obj["id"] for obj in templates if obj["description"].endswith(MARK)]
        assert [obj["id"] for obj in found["unwanted"]["job_templates"]] == ours
    assert not any(word.startswith(SHARED) for word in found["foreign"])
