# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the role awx: what surveys ask is documented, what is named is there, and modules know what they are given."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.filter.awx_survey import awx_survey, documented
from tests.unit.awx_jobs import answered
from tests.unit.awx_setup import PLAYBOOKS, ROOT, tables
from tests.unit.fake_awx import check_credential_type, check_rrule, check_survey

Json = dict[str, t.Any]

# A report is made anew from a folder of an earlier run, which no job of AWX has.
NOT_FOR_AWX = {"playbooks/awx_setup.yml", "playbooks/report.yml"}
SPECS = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return tables(tmp_path_factory.mktemp("tables"), submariner_awx_broker="hub")


def test_every_playbook_has_a_job_template(rows: Json) -> None:
    there = {f"playbooks/{row['playbook']}" for row in rows["job_templates"]}
    assert there == {book for book in PLAYBOOKS if not book.startswith("playbooks/phases/")} - NOT_FOR_AWX
    names = [row["name"] for row in rows["job_templates"]]
    assert len(set(names)) == len(names)
    assert all(name.startswith("Submariner ") for name in names)


def test_surveys_ask_for_documented_variables_only(rows: Json) -> None:
    options = documented(SPECS)
    surveys = [row["survey"] for row in rows["job_templates"] if "survey" in row] + [rows["workflow_survey"]]
    assert len(surveys) > 8
    for survey in surveys:
        spec = awx_survey(survey, SPECS)
        check_survey(spec)
        for asked, question in zip(survey, spec["spec"], strict=True):
            option = options[asked["variable"]]
            assert question["question_description"].strip()
            assert "default" not in question
            allowed = option.get("choices") or asked.get("choices", [])
            assert set(asked.get("choices", [])) <= set(allowed)
            if option["type"] == "bool":
                assert question["choices"] == "true\nfalse"


def test_what_waits_can_be_asked_to_do_so_quietly(rows: Json) -> None:
    whole = {row["playbook"]: row["survey"] for row in rows["job_templates"] if not row.get("part")}
    asking = {book for book, survey in whole.items() if "submariner_quiet" in {q["variable"] for q in survey}}
    assert set(whole) - asking == {"firewall.yml", "gather.yml"}
    assert "submariner_quiet" in {q["variable"] for q in rows["workflow_survey"]}


def test_a_question_left_open_says_nothing(rows: Json) -> None:
    """An empty answer would outrank what the inventory says."""
    asked = [*(row.get("survey", []) for row in rows["job_templates"]), rows["workflow_survey"]]
    surveys = [awx_survey([{**q, "required": False} for q in questions], SPECS) for questions in asked]
    texts = [q for survey in surveys for q in survey.get("spec", []) if q["type"] == "text"]
    assert {"submariner_version", "submariner_ghosts"} <= {q["variable"] for q in texts}
    assert all(answered(survey, {}) == {} for survey in surveys)
    with pytest.raises(ValueError, match="''"):
        answered(awx_survey([{"variable": "submariner_version"}], SPECS), {"submariner_version": ""})


def read(rows: Json, first: str = "") -> list[Json]:
    """The documentation that a survey is made of, where the last word counts."""
    order = [*rows["documents"], *(role for role in rows["documents"] if role == first)]
    return [yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text()) for role in order]


def test_the_role_reads_the_documentation_of_what_it_asks_for(rows: Json) -> None:
    for row in rows["job_templates"]:
        awx_survey(row.get("survey", []), read(rows))


def test_a_question_speaks_of_its_own_playbook(rows: Json) -> None:
    """Several roles document these variables, each for what itself does with them."""
    said = {
        (row["playbook"], question["variable"]): question["question_description"]
        for row in rows["job_templates"]
        for question in awx_survey(row.get("survey", []), read(rows, row["playbook"].removesuffix(".yml"))).get(
            "spec", []
        )
    }
    for verb in ("reinstall", "uninstall", "upgrade"):
        assert said[f"{verb}.yml", "submariner_confirm"] == "The verb of the playbook, as a promise that it is meant."
    assert said["repair.yml", "submariner_confirm"].startswith("repair allows")
    assert said["evict.yml", "submariner_confirm"].startswith("evict allows")
    assert said["cloud.yml", "submariner_confirm"].startswith("cloud-prepare or")
    for book in ("install.yml", "reinstall.yml"):
        assert said[book, "submariner_cable_driver"] == "The cable driver. When empty, subctl's own, libreswan."
        assert said[book, "submariner_version"].endswith("When empty, the version of subctl.")
    assert all(list(rows["documents"]).count(role) == 1 for role in rows["documents"])


def test_what_a_playbook_asks_to_confirm_is_its_verb(rows: Json) -> None:
    asked = {
        row["playbook"].removesuffix(".yml"): question["choices"]
        for row in rows["job_templates"]
        for question in row.get("survey", [])
        if question["variable"] == "submariner_confirm"
    }
    assert asked.pop("cloud") == ["cloud-prepare", "cloud-cleanup"]
    assert asked == {verb: [verb] for verb in ("repair", "evict", "reinstall", "upgrade", "uninstall")}


def test_what_is_sliced_is_of_single_members(rows: Json) -> None:
    parts = [row for row in rows["job_templates"] if row.get("part")]
    for row in parts:
        plays = yaml.safe_load((ROOT / "playbooks" / row["playbook"]).read_text())
        whole = [play["ansible.builtin.import_playbook"] for play in plays if "ansible.builtin.import_playbook" in play]
        if row.get("sliced"):
            assert [book for book in whole if book != "phases/join.yml"] == ["phases/slice.yml", "phases/leave.yml"]
            assert {play["hosts"] for play in plays if "hosts" in play} == {"submariner_members"}
        else:
            assert "phases/slice.yml" not in whole
    assert [row for row in rows["job_templates"] if row.get("sliced")] == [row for row in parts if row.get("sliced")]
    assert len([row for row in parts if row.get("sliced")]) == 2


def test_every_job_of_the_workflow_that_fails_ends_in_a_failure(rows: Json) -> None:
    nodes = {node["identifier"]: node for node in rows["workflow_nodes"]}
    assert len(nodes) == len(rows["workflow_nodes"])
    templates = {row["name"] for row in rows["job_templates"]}
    for name, node in nodes.items():
        assert "approval" in node or node["template"] in templates
        for how in ("success", "failure", "always"):
            # Made from the last one on, each finds what follows it.
            assert all(list(nodes).index(after) > list(nodes).index(name) for after in node.get(how, []))
    stopped = next(row["name"] for row in rows["job_templates"] if row["playbook"].endswith("stopped.yml"))
    assert nodes["gather"]["always"] == ["stopped"]
    assert nodes["stopped"] == {"identifier": "stopped", "template": stopped}
    failing = {name for name, node in nodes.items() if node.get("failure") == ["gather"]}
    assert failing == set(nodes) - {"approve", "gather", "stopped"}
    assert nodes["preflight"]["success"] == ["approve"]


def test_the_workflow_can_be_launched_by_an_event(rows: Json) -> None:
    """The approval confirms what the playbooks would have confirmed by a variable."""
    assert not any(question.get("required") for question in rows["workflow_survey"])
    ((_name, options),) = [call for call in calls() if call[0] == "awx.awx.workflow_job_template"]
    assert options["extra_vars"] == "{{ {'submariner_confirm': 'reinstall'} | combine(__awx_job_files) }}"


def test_what_awx_checks_by_itself(rows: Json) -> None:
    assert len(rows["credential_types"]) == 3
    for kind in rows["credential_types"]:
        check_credential_type(kind)
        for name in kind["injectors"].get("extra_vars", {}):
            assert name in documented(SPECS)
    for schedule in rows["schedules"]:
        check_rrule(schedule["rrule"])
    assert rows["inventory_variables"] == {"submariner_broker_context": "hub"}


def calls() -> list[tuple[str, Json]]:
    """Every call of a module of awx.awx in the role."""
    found: list[tuple[str, Json]] = []

    def walk(tasks: list[Json]) -> None:
        for task in tasks:
            walk(task.get("block", []))
            found.extend((name, options) for name, options in task.items() if name.startswith("awx.awx."))

    for path in sorted((ROOT / "roles" / "awx" / "tasks").glob("*.yml")):
        walk(yaml.safe_load(path.read_text()))
    return found


@pytest.mark.parametrize(("name", "options"), calls(), ids=[name for name, _options in calls()])
def test_modules_know_what_they_are_given(name: str, options: Json) -> None:
    module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name.rpartition('.')[2]}")
    spec: Json = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert set(options) - set(spec) == set()
    assert {option for option, known in spec.items() if known.get("required")} - set(options) == set()
    for option, value in options.items():
        if isinstance(value, str) and "{{" not in value and spec[option].get("choices"):
            assert value in spec[option]["choices"]


def test_there_are_calls() -> None:
    assert len(calls()) >= 12


def test_the_file_for_the_inventory_is_one_of_the_plugin(tmp_path: pathlib.Path) -> None:
    defaults = yaml.safe_load((ROOT / "roles" / "awx" / "defaults" / "main.yml").read_text())
    path = ROOT / defaults["submariner_awx_inventory_file"]
    # AWX gives the kubeconfig by the environment.
    assert yaml.safe_load(path.read_text()) == {"plugin": "submariner.lifecycle.clusterset"}
