# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs leave in submariner_report_dir, on recorded clusters."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t
from xml.etree import ElementTree

import jsonschema
import pytest

from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from tests.unit.fake_api import FakeApi
from tests.unit.roles.test_removal import HEAD, ROOT, Stage

Json = dict[str, t.Any]
QUICK = {"submariner_verify_window": 0, "submariner_verify_timeout": 1, "submariner_verify_data_path": False}


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def schema(name: str) -> Json:
    found: Json = json.loads((ROOT / "docs" / f"{name}-1.schema.json").read_text())
    return found


def test_verify_leaves_a_report_whatever_it_finds(stage: Stage) -> None:
    stage.load("joined-as-second-id")
    folder = stage.folder / "reports" / "today"
    verify = {"ansible.builtin.import_playbook": "submariner.lifecycle.verify"}
    without_nodes = {"submariner_gather_parts": ["objects", "logs"]}  # no kubelet is here that would start a pod on one
    done = stage.play(verify, "east", "west", **QUICK, **without_nodes, submariner_report_dir=str(folder))
    assert done.returncode == 2
    assert "The clusterset is not proven whole (fail)" in done.stdout
    result = json.loads((folder / "result.json").read_text())
    jsonschema.validate(result, schema("result"))
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    for line in lines:
        jsonschema.validate(line, schema("journal"))
    assert result["run"] == {"id": lines[0]["run"], "verb": "verify"}
    assert result["fleet"] == {"broker": "east", "members": ["east", "west"], "ghosts": []}
    assert {(s["step"], s["cluster"]) for s in lines[1:]} >= {
        ("wait_for_connections", "east"),
        ("wait_for_connections", "west2"),
    }
    page = (folder / "report.html").read_text()
    for words in ("Submariner verify", "its gateway is the one of west", "Wait for connections", "endpoint.ghost"):
        assert words in page
    suites = ElementTree.fromstring((folder / "junit.xml").read_text())  # noqa: S314  written by ourselves
    assert {s.get("name") for s in suites} == {"clusterset", "east", "west2"}
    assert int(suites.attrib["failures"]) > 0


def test_a_repair_leaves_a_report_though_a_cluster_does_not_answer(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.west.fault(503, path=".", message="away for a while")
    repair = {"ansible.builtin.import_playbook": "submariner.lifecycle.repair"}
    told = {**QUICK, "submariner_verify_timeout": 0, "submariner_gather_on_failure": False}
    done = stage.play(repair, "east", "west", **told, submariner_report_dir=str(stage.folder / "reports"))
    assert done.returncode == 2
    assert "The clusterset is not proven whole (unknown)" in done.stdout
    page = (stage.folder / "reports" / "report.html").read_text()
    assert "Submariner repair" in page
    assert "away for a while" in page


def test_without_a_folder_nothing_is_written(stage: Stage) -> None:
    play = {
        **HEAD,
        "tasks": [
            {"ansible.builtin.include_role": {"name": "submariner.lifecycle.report", "tasks_from": "begin.yml"}},
            {"ansible.builtin.include_role": {"name": "submariner.lifecycle.report"}},
        ],
    }
    done = stage.play(play, "east", "west")
    assert done.returncode == 0, done.stdout
    assert list(stage.folder.rglob(_journal.NAME)) == []
    assert list(stage.folder.rglob("report.html")) == []


def test_a_step_that_fails_leaves_a_report(stage: Stage) -> None:
    """West does not answer: the run ends there, and no later task makes the report."""
    stage.load("healthy-two-nodes")
    stage.west.fault(503, path=".", message="service unavailable")
    broken = {"cluster_id": "{{ inventory_hostname }}", "timeout": 1, "kubeconfig": "{{ submariner_kubeconfig }}"}
    play = {
        **HEAD,
        "tasks": [
            {
                "ansible.builtin.include_role": {"name": "submariner.lifecycle.report", "tasks_from": "begin.yml"},
                "vars": {"submariner_report_verb": "uninstall"},
            },
            {"submariner.lifecycle.cleanup": broken, "when": "inventory_hostname == 'west'"},
        ],
    }
    folder = stage.folder / "reports"
    done = stage.play(play, "east", "west", submariner_report_dir=str(folder))
    assert done.returncode == 2
    page = (folder / "report.html").read_text()
    assert "Submariner uninstall" in page
    assert "service unavailable" in page
    # Made anew, as on another machine.
    (folder / "report.html").unlink()
    again = {"ansible.builtin.import_playbook": "submariner.lifecycle.report"}
    assert stage.play(again, submariner_report_dir=str(folder)).returncode == 0
    assert (folder / "report.html").read_text() == page
    refused = stage.play(again, submariner_report_dir=str(stage.folder / "bin"))
    assert "has no journal.jsonl, result.json or preflight.json" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_only_a_removal_that_came_to_its_end_has_passed(stage: Stage) -> None:
    folder = stage.folder / "reports"
    told = {"submariner_confirm": "uninstall", "submariner_cleanup_nodes": False, "submariner_report_dir": str(folder)}
    report = {"ansible.builtin.import_playbook": "submariner.lifecycle.report"}
    verb = {"submariner_run_verb": "uninstall", "submariner_preflight_verb": "uninstall"}
    begin = {"ansible.builtin.import_playbook": str(ROOT / "playbooks" / "phases" / "begin.yml"), "vars": verb}
    verdicts = []
    for play in (begin, {"ansible.builtin.import_playbook": "submariner.lifecycle.uninstall"}):
        done = stage.play(play, "east", "west", **told)
        assert done.returncode == 0, done.stdout
        assert stage.play(report, submariner_report_dir=str(folder)).returncode == 0
        for line in (folder / _journal.NAME).read_text().splitlines():
            jsonschema.validate(json.loads(line), schema("journal"))
        suites = ElementTree.parse(folder / "junit.xml").getroot()  # noqa: S314  written by ourselves
        verdicts += [case.find("error") is None for case in suites.iter("testcase") if case.get("name") == "verdict"]
    assert verdicts == [False, True]


@pytest.mark.parametrize("shown", ["json", "yaml"])
def test_a_long_row_stays_one_line(stage: Stage, monkeypatch: pytest.MonkeyPatch, shown: str) -> None:
    monkeypatch.setenv("ANSIBLE_CALLBACK_RESULT_FORMAT", shown)
    stage.load("joined-as-second-id")
    verify = {"ansible.builtin.import_playbook": "submariner.lifecycle.verify"}
    done = stage.play(verify, "east", "west", **{**QUICK, "submariner_verify_report_only": True})
    assert done.returncode == 0, done.stdout
    rows = [line.strip(" -'\",") for line in done.stdout.splitlines()]
    assert any(re.fullmatch(r"east +0\.19\.0 +3 +\S+ +west connected, west2 connected", row) for row in rows), (
        done.stdout
    )
    findings = [row for row in rows if row.startswith("[error] endpoint.ghost")]
    assert [row.endswith("the members drop their copies") for row in findings] == [True]


@pytest.mark.parametrize("forks", [1, 50])
def test_the_table_can_be_read_whatever_shows_it(stage: Stage, monkeypatch: pytest.MonkeyPatch, forks: int) -> None:
    """As AWX may show it: without a terminal, results in YAML, one host at a time or all at once."""
    monkeypatch.setenv("ANSIBLE_FORKS", str(forks))
    monkeypatch.setenv("ANSIBLE_CALLBACK_RESULT_FORMAT", "yaml")
    stage.load("healthy-two-nodes")
    verify = {"ansible.builtin.import_playbook": "submariner.lifecycle.verify"}
    watched = {"submariner_verify_timeout": 4, "submariner_verify_window": 2, "submariner_verify_report_only": True}
    done = stage.play(verify, "east", "west", **{**QUICK, **watched})
    assert done.returncode == 0, done.stdout
    lines = [line.strip(" -'\"") for line in done.stdout.splitlines()]
    head = next(number for number, line in enumerate(lines) if line.split()[:3] == ["cluster", "version", "Endpoints"])
    assert [lines[head + row].split()[:3] for row in (1, 2)] == [["east", "0.19.0", "2"], ["west", "0.19.0", "2"]]
    assert lines[head].endswith("connected to")
    assert any(line.startswith("Verdict: ") for line in lines)
    for cluster in ("east", "west"):
        assert re.search(rf"(?m)^{cluster}: .*was not seen being updated yet \(\d+ s of 6 s\)$", done.stdout), (
            done.stdout
        )
    assert "\x1b[" not in done.stdout
