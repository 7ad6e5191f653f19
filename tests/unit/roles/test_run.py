# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that are parts of one run: whose record it is, and that each gives its share of the lock back."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import allocated
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, from_secret, to_secret
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from tests.unit.fake_api import FakeApi, recording
from tests.unit.roles.test_removal import HEAD, Stage

Json = dict[str, t.Any]

SECRETS = ("", "secrets")
RUN = "the-run-of-this-workflow"


def role(tasks: str) -> Json:
    return {"ansible.builtin.include_role": {"name": "submariner.lifecycle.run", "tasks_from": tasks}}


def job(*after: Json, part: bool) -> Json:
    """What a job of a workflow does around its work."""
    begin = {**role("begin.yml"), "vars": {"__submariner_part": part, "submariner_run_verb": "reinstall"}}
    return {**HEAD, "tasks": [begin, *after]}


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    stage = Stage(tmp_path, api, other_api)
    stage.load("installed")
    return stage


def record(stage: Stage) -> Record | None:
    secrets = stage.east.cluster.objects(SECRETS, NAMESPACE)
    return from_secret(secrets[0]) if secrets else None


def leave(stage: Stage, *, taken_by: str) -> None:
    stage.east.cluster.load([to_secret(Record(run_id="first", started="then", taken_by=taken_by, verb="reinstall"))])


def test_a_part_goes_on_with_the_run_of_its_workflow_and_leaves_the_lock_to_the_next(stage: Stage) -> None:
    leave(stage, taken_by=RUN)
    # Asked within the job: its keeper gives the lock back only when the job has ended.
    lock = {"kubeconfig": "{{ submariner_kubeconfig }}", "state": "held", "run_id": RUN}
    still = {"submariner.lifecycle.run_lock": lock, "register": "lock", "failed_when": "lock is not failed"}
    still |= {"when": "inventory_hostname == 'east'"}
    done = stage.play(job(role("leave.yml"), still, part=True), "east", "west", submariner_run_id=RUN)
    assert done.returncode == 0, done.stdout
    kept = record(stage)
    assert kept is not None
    assert (kept.run_id, kept.taken_by) == ("first", RUN)
    assert kept.cluster_ids == {"east": "east", "west": "west"}


@pytest.mark.parametrize(
    ("taken_by", "given", "message"),
    [
        ("another", {"submariner_run_id": RUN}, "Another run, another, came in between"),
        (None, {"submariner_run_id": RUN}, "There is no record of a run"),
        (RUN, {}, "submariner_run_id is not set"),
    ],
)
def test_a_part_of_nothing_or_of_another_run_is_refused(
    stage: Stage, taken_by: str | None, given: Json, message: str
) -> None:
    if taken_by:
        leave(stage, taken_by=taken_by)
    before = record(stage)
    done = stage.play(job(part=True), "east", "west", **given)
    assert done.returncode == 2
    assert message in " ".join(done.stdout.replace("\\n", " ").split())
    assert record(stage) == before


def test_a_run_remembers_the_broker_where_it_is(stage: Stage) -> None:
    objects = json.dumps(recording("globalnet", "east")).replace("submariner-k8s-broker", "elsewhere")
    stage.east.cluster.load(json.loads(objects))
    done = stage.play(job(part=False), "east", "west", submariner_broker_namespace="elsewhere")
    assert done.returncode == 0, done.stdout
    kept = record(stage)
    assert kept is not None
    assert allocated(kept.globalnet, "west") == "242.1.0.0/16"


def test_the_journal_of_an_interrupted_run_goes_on(stage: Stage) -> None:
    """Through the tasks that begin each playbook which changes something."""
    report = {"name": "submariner.lifecycle.report", "tasks_from": "begin.yml"}
    begin = {"ansible.builtin.include_role": report, "vars": {"submariner_report_verb": "reinstall"}}
    play = {**HEAD, "tasks": [begin, *job(part=False)["tasks"]]}
    folder = stage.folder / "reports"
    heads = []
    for _turn in range(2):
        done = stage.play(play, "east", "west", submariner_report_dir=str(folder))
        assert done.returncode == 0, done.stdout
        heads.append(_journal.read(str(folder / _journal.NAME)))
    kept = record(stage)
    assert kept is not None
    assert [head["record"] for head, _steps in heads] == [kept.run_id] * 2
    assert "resumed" not in heads[0][0]
    assert (len(heads[1][0]["resumed"]), heads[1][0]["earlier"]) == (1, True)
    assert [s["step"] for s in heads[1][1]][: len(heads[0][1])] == [s["step"] for s in heads[0][1]]
    assert len(heads[1][1]) > len(heads[0][1]) > 0


def test_a_whole_run_takes_the_record_from_the_workflow_that_left_it(stage: Stage) -> None:
    leave(stage, taken_by=RUN)
    done = stage.play(job(part=False), "east", "west")
    assert done.returncode == 0, done.stdout
    kept = record(stage)
    assert kept is not None
    assert kept.run_id == "first"
    assert kept.taken_by not in ("", "first", RUN)


@pytest.mark.parametrize(("source", "wanted"), [("context", "west2"), ("installed", "west"), ("option", "west")])
@pytest.mark.parametrize("begin", ["preflight/record.yml", "run/take_part.yml"])
def test_a_cluster_whose_installation_is_gone_keeps_the_id_that_its_run_began_with(
    stage: Stage, begin: str, source: str, wanted: str
) -> None:
    """An inventory that learns the IDs from the installations cannot tell it any more."""
    begun = Record(run_id=RUN, started="then", verb="reinstall", cluster_ids={"east": "east", "west": "west2"})
    stage.east.cluster.load([to_secret(begun)])
    name, tasks = begin.split("/")
    include = {"ansible.builtin.include_role": {"name": f"submariner.lifecycle.{name}", "tasks_from": tasks}}
    include |= {"vars": {"submariner_run_verb": "reinstall"}}
    ids = {"ansible.builtin.debug": {"msg": "west is {{ hostvars['west'].submariner_cluster_id | default('west') }}"}}
    given = {"submariner_run_id": RUN, "submariner_cluster_id_source": source}
    done = stage.play({**HEAD, "tasks": [include, ids]}, "east", "west", **given)
    assert done.returncode == 0, done.stdout
    assert f'"west is {wanted}"' in done.stdout
