# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup against a small AWX: it makes, changes nothing, and takes back.

With few rows of the tables, since each costs a process; all of them in tests/awx.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from tests.unit.awx_setup import KUBECONFIG, PLAYBOOKS, ROOT, Setup, changed, said
from tests.unit.fake_awx import FIELDS, PASSWORD, USER, FakeAwx

MARK = "[submariner.lifecycle: Submariner]"
MADE = [kind for kind in FIELDS if kind not in ("teams", "users")]
FEW: dict[str, t.Any] = {
    "__awx_job_templates": [
        {
            "name": "Submariner verify",
            "playbook": "verify.yml",
            "description": "Proves.",
            "regular": True,
            "survey": [{"variable": "submariner_verify_logs"}],
        },
        {
            "name": "Submariner part",
            "playbook": "reinstall_join.yml",
            "description": "Joins.",
            "part": True,
            "sliced": True,
        },
    ],
    "__awx_workflow_nodes": [
        {
            "identifier": "approve",
            "approval": {"name": "Submariner approve", "description": "Sure?", "timeout": 0},
            "success": ["part"],
        },
        {"identifier": "part", "template": "Submariner part", "failure": ["verify"]},
        {"identifier": "verify", "template": "Submariner verify"},
    ],
}


@pytest.fixture
def awx() -> t.Iterator[FakeAwx]:
    with FakeAwx(PLAYBOOKS) as server:
        yield server


@pytest.fixture
def setup(awx: FakeAwx, tmp_path: pathlib.Path) -> Setup:
    return Setup(awx, tmp_path, **FEW, submariner_awx_folder="/srv/fleet")


def test_it_makes_then_changes_nothing_and_takes_back_exactly_what_it_made(setup: Setup, awx: FakeAwx) -> None:
    # Somebody else's, of the same kinds.
    organization = awx.create("organizations", {"name": "Default"})
    awx.create("teams", {"name": "Admins", "organization": organization})
    theirs = awx.create("credential_types", {"name": "Theirs", "kind": "cloud", "inputs": {}, "injectors": {}})
    awx.create("credentials", {"name": "Theirs", "organization": organization, "credential_type": theirs})
    before = awx.everything()

    assert changed(setup.run("--check")) > 0
    assert awx.writes == []
    made = setup.run("-vvv")
    assert changed(made) > 0
    looked_at = {kind: awx.names(kind) for kind in MADE}
    check_what_was_made(awx)

    written, after = len(awx.writes), awx.everything()
    # In check mode each module says what it would write, so that this is the stricter second run.
    assert changed(setup.run("--check")) == 0
    assert (awx.writes[written:], awx.everything()) == ([], after)

    refused = setup.run(submariner_awx_state="absent")
    assert refused.returncode != 0
    assert "submariner_confirm=awx_setup" in said(refused)
    shown = setup.run("--check", submariner_awx_state="absent")
    assert changed(shown) > 0
    assert awx.everything() == after
    for kind in ("schedules", "job_templates", "organizations"):
        for name in looked_at[kind]:
            assert (f"Would remove {kind.replace('_', ' ')}: {name}" in said(shown)) == (name != "Default")

    assert changed(setup.run(submariner_awx_state="absent", submariner_confirm="awx_setup")) > 0
    assert awx.everything() == before


def test_the_same_names_in_another_organisation_are_in_nobodys_way(setup: Setup, awx: FakeAwx) -> None:
    organization = awx.create("organizations", {"name": "Default"})
    kind = awx.create("credential_types", {"name": "Theirs", "kind": "cloud", "inputs": {}, "injectors": {}})
    named = {"organization": organization}
    theirs = {
        "inventory": awx.create("inventories", {"name": "Submariner fleet", **named}),
        "credential": awx.create("credentials", {"name": "Submariner kubeconfig", "credential_type": kind, **named}),
        "notification": awx.create("notification_templates", {"name": "ops", **named}),
    }
    assert changed(setup.run()) > 0
    used = {number for linked in awx.links.values() for number in linked}
    used |= {template["inventory"] for template in awx.objects["job_templates"].values()}
    used |= {source["credential"] for source in awx.objects["inventory_sources"].values()}
    assert not used & set(theirs.values())
    assert changed(setup.run("--check")) == 0


def test_what_is_not_wanted_any_more_is_taken_out_of_what_is_there(setup: Setup, awx: FakeAwx) -> None:
    assert changed(setup.run()) > 0
    setup.variables |= {"submariner_awx_broker": "", "submariner_awx_folder": ""}
    assert changed(setup.run()) > 0
    source = awx.named("inventory_sources", "Submariner clusters")
    assert not json.loads(source["source_vars"])["SUBMARINER_BROKER"]
    assert "hub" not in awx.named("inventories", "Submariner fleet")["variables"]
    assert "/srv" not in awx.named("job_templates", "Submariner verify")["extra_vars"]
    assert "/srv" not in awx.named("workflow_job_templates", "Submariner reinstall in slices")["extra_vars"]
    assert changed(setup.run("--check")) == 0


def check_what_was_made(awx: FakeAwx) -> None:
    marks = [
        obj["description"]
        for kind in MADE
        for obj in awx.objects[kind].values()
        if "description" in obj and kind != "workflow_approval_templates" and obj["name"] not in ("Default", "Theirs")
    ]
    assert all(mark.endswith("[submariner.lifecycle: Submariner]") for mark in marks)
    kubeconfig = awx.named("credential_types", "Submariner kubeconfig")
    assert kubeconfig["injectors"] == {
        "file": {"template.kubeconfig": "{{ kubeconfig }}"},
        "env": {"K8S_AUTH_KUBECONFIG": "{{ tower.filename.kubeconfig }}"},
    }
    assert awx.named("credentials", "Submariner kubeconfig")["inputs"] == {"kubeconfig": KUBECONFIG.rstrip("\n")}
    inventory = awx.named("inventories", "Submariner fleet")
    assert json.loads(inventory["variables"]) == {"submariner_broker_context": "hub"}
    source = awx.named("inventory_sources", "Submariner clusters")
    assert json.loads(source["source_vars"]) == {"SUBMARINER_BROKER": "hub"}
    assert (ROOT / source["source_path"]).is_file()
    verify, part = (awx.named("job_templates", f"Submariner {name}") for name in ("verify", "part"))
    assert (verify["job_slice_count"], part["job_slice_count"]) == (1, 3)
    assert json.loads(verify["extra_vars"]) == {"submariner_report_dir": "/srv/fleet/Submariner-verify"}
    workflow = awx.named("workflow_job_templates", "Submariner reinstall in slices")
    assert json.loads(workflow["extra_vars"]) == {
        "submariner_confirm": "reinstall",
        "submariner_report_dir": "/srv/fleet/Submariner-reinstall-in-slices",
    }
    assert verify["survey_enabled"]
    assert verify["ask_limit_on_launch"]
    assert not part["survey_enabled"]
    assert not part["ask_limit_on_launch"]
    ids = {node["identifier"]: number for number, node in awx.objects["workflow_job_template_nodes"].items()}
    links = {
        (node["identifier"], how): node[how]
        for node in awx.objects["workflow_job_template_nodes"].values()
        for how in ("success_nodes", "failure_nodes", "always_nodes")
        if node[how]
    }
    assert links == {
        ("approve", "success_nodes"): [ids["part"]],
        ("part", "failure_nodes"): [ids["verify"]],
    }
    assert awx.names("workflow_approval_templates") == ["Submariner approve"]
    assert awx.names("schedules") == ["Submariner verify regularly"]
    notified = {(kind, part) for (kind, _number, part), linked in awx.links.items() if linked and "notif" in part}
    assert notified == {
        ("job_templates", "notification_templates_error"),
        ("workflow_job_templates", "notification_templates_error"),
        ("workflow_job_templates", "notification_templates_approvals"),
    }


def test_what_others_made_is_left_alone(setup: Setup, awx: FakeAwx) -> None:
    organization = awx.create("organizations", {"name": "Submariner"})
    awx.create("inventories", {"name": "Submariner fleet", "organization": organization})
    done = setup.run()
    assert done.returncode != 0
    assert "There is already inventories: Submariner fleet, which this playbook did not make" in said(done)
    assert awx.writes == []


def test_what_holds_other_things_stays(setup: Setup, awx: FakeAwx) -> None:
    organization = awx.create("organizations", {"name": "Submariner", "description": f"Ours {MARK}"})
    body = {"kind": "cloud", "inputs": {"fields": [{"id": "kubeconfig", "label": "Kubeconfig"}]}, "injectors": {}}
    kind = awx.create("credential_types", {"name": "Submariner kubeconfig", "description": MARK, **body})
    awx.create("credentials", {"name": "Of a user", "organization": organization, "credential_type": kind})
    shown = setup.run("--check", submariner_awx_state="absent")
    assert "Would remove organizations" not in said(shown)
    assert "Submariner stays, since it holds Of a user" in said(shown)
    done = setup.run(submariner_awx_state="absent", submariner_confirm="awx_setup")
    assert done.returncode == 0, done.stdout
    assert "Submariner kubeconfig stays: Credential types that are in use cannot be deleted" in said(done)
    assert "Submariner stays, since it holds Of a user" in said(done)
    assert awx.names("organizations") == ["Submariner"]


def test_a_project_that_others_use_stays(setup: Setup, awx: FakeAwx) -> None:
    """Two fleets with two prefixes have one project, which the first of them made."""
    organization = awx.create("organizations", {"name": "Default"})
    project = awx.create("projects", {"name": "Submariner", "organization": organization, "description": f"It {MARK}"})
    inventory = awx.create("inventories", {"name": "Others", "organization": organization})
    theirs = {"name": "Of others", "project": project, "inventory": inventory, "playbook": "playbooks/verify.yml"}
    awx.create("job_templates", {**theirs, "description": "[submariner.lifecycle: Others]"})
    old = awx.create("projects", {"name": "Old", "organization": organization, "description": MARK})
    for options in (["--check"], []):
        done = setup.run(*options, submariner_awx_state="absent", submariner_confirm="awx_setup")
        assert changed(done) == 1
        assert "Submariner stays, since it is used by Of others" in said(done)
        assert ("Would remove projects: Old" in said(done)) == bool(options)
        assert "Would remove projects: Submariner" not in said(done)
        assert sorted(awx.objects["projects"]) == ([project, old] if options else [project])


def test_what_has_a_running_job_is_named(setup: Setup, awx: FakeAwx) -> None:
    organization = awx.create("organizations", {"name": "Submariner"})
    mark = {"description": "[submariner.lifecycle: Submariner]", "organization": organization}
    awx.running.add(awx.create("workflow_job_templates", {"name": "Submariner old", **mark}))
    done = setup.run(submariner_awx_state="absent", submariner_confirm="awx_setup")
    assert done.returncode == 2
    assert "Submariner old cannot be removed from AWX (HTTP 409): Resource is being used by running jobs. Wait" in said(
        done
    )


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"CONTROLLER_HOST": ""}, "Which controller, and as whom, is not said."),
        ({"CONTROLLER_OAUTH_TOKEN": "wrong"}, "does not accept the token, or user and password (HTTP 401)"),
        ({"CONTROLLER_HOST": "http://127.0.0.1:9"}, "The controller http://127.0.0.1:9 cannot be reached: "),
    ],
)
def test_a_controller_that_cannot_be_used_is_refused_in_one_line(
    setup: Setup, env: dict[str, str], message: str
) -> None:
    setup.env.update(env)
    done = setup.run()
    assert done.returncode == 2
    assert message in said(done)


def test_a_number_out_of_its_range_is_refused_in_one_line(setup: Setup) -> None:
    done = setup.run("-e", "submariner_awx_slices=0")
    assert done.returncode == 2
    assert "submariner_awx_slices is 0 and must be a whole number from 1 to 1000." in said(done)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"submariner_awx_prefix": ""}, "submariner_awx_prefix is empty."),
        (
            {"submariner_awx_credentials": "nodes, more"},
            "submariner_awx_credentials names nodes, and AWX shows no credential",
        ),
        ({"submariner_awx_project_credential": "git"}, "submariner_awx_project_credential names git, and"),
        (
            {"submariner_awx_notifications": [{"name": "ops", "events": ["error"]}]},
            "submariner_awx_notifications names ops, and AWX shows no notification template of that name.",
        ),
        (
            {"submariner_awx_verify_rrule": "FREQ=HOURLY"},
            "submariner_awx_verify_rrule is FREQ=HOURLY, which AWX does not take: one DTSTART with a time zone. An hourly one",
        ),
        (
            {"submariner_awx_notifications": [{"name": "ops", "events": ["error"], "type": "slak"}]},
            "value of type must be one of: awssns, email,",
        ),
    ],
)
def test_what_awx_would_not_take_is_refused_before_anything_is_made(
    setup: Setup, awx: FakeAwx, given: dict[str, t.Any], message: str
) -> None:
    done = setup.run(**given)
    assert done.returncode == 2
    assert message in said(done)
    assert awx.writes == []


def test_a_folder_without_the_playbooks_is_refused_when_there_is_a_project_to_look_into(
    setup: Setup, awx: FakeAwx
) -> None:
    done = setup.run(submariner_awx_playbooks="books")
    assert done.returncode == 2
    assert (
        "finds no books/verify.yml, books/reinstall_join.yml in the project Submariner. Set submariner_awx_playbooks"
        in said(done)
    )
    assert awx.writes == ["POST organizations/", "POST projects/"]
    awx.named("projects", "Submariner")["description"] = "of somebody else"
    awx.writes.clear()
    done = setup.run("--check", submariner_awx_playbooks="books")
    assert done.returncode == 2
    assert "Set submariner_awx_playbooks, which is books, to the folder" in said(done)
    assert awx.writes == []


def test_a_wrong_value_is_refused_without_a_secret_in_what_is_said(setup: Setup) -> None:
    setup.env.update(CONTROLLER_USERNAME=USER, CONTROLLER_PASSWORD=PASSWORD)
    done = setup.run(submariner_awx_state="gone")
    assert done.returncode == 2
    assert "value of submariner_awx_state must be one of: present, absent, got: gone" in said(done)
    assert PASSWORD not in done.stdout


def test_a_missing_collection_is_refused_in_one_line(setup: Setup, tmp_path: pathlib.Path) -> None:
    """With the collections that this one needs, and no other."""
    done = setup.run("-e", "__awx_collection=awx.nowhere")
    assert done.returncode == 2
    assert "The collection awx.nowhere is not installed beside ansible-playbook." in said(done)


def test_user_and_password(setup: Setup, awx: FakeAwx) -> None:
    del setup.env["CONTROLLER_OAUTH_TOKEN"]
    setup.env.update(CONTROLLER_USERNAME=USER, CONTROLLER_PASSWORD=PASSWORD)
    done = setup.run("--check")
    assert changed(done) > 0
    assert PASSWORD not in done.stdout
    assert awx.tokens == {}
