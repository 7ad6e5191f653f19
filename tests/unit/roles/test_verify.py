# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook verify says with its options, on recorded clusters."""

from __future__ import annotations

import json
import pathlib
import tarfile
import typing as t

import jsonschema
import pytest
import yaml

from tests.unit.clusterset import DAEMON_SETS, OPERATOR, PODS, Clusterset
from tests.unit.fake_api import RECORDINGS, FakeApi
from tests.unit.roles.test_removal import ROOT, Stage

Json = dict[str, t.Any]
VERIFY = {"ansible.builtin.import_playbook": "submariner.lifecycle.verify"}
SCHEMA = json.loads((ROOT / "docs" / "result-1.schema.json").read_text())
DIAGNOSED = RECORDINGS / "healthy-two-nodes" / "subctl-diagnose-all.txt"
SUBCTL = f'case "$1" in version) echo "subctl version: v0.19.0";; diagnose) cat {DIAGNOSED} >&2;; esac'
GATEWAY = "submariner-gateway"
NO_ADDRESS = 'FTL ..submariner/main.go:1 Error creating local endpoint object error="could not determine public IP"'


class Verify:
    """One run of the playbook, and its result."""

    def __init__(self, east: FakeApi, west: FakeApi, folder: pathlib.Path, **variables: t.Any) -> None:
        stage = Stage(folder, east, west)
        stage.subctl = SUBCTL
        told = {
            "submariner_gather_on_failure": False,
            "submariner_report_dir": str(folder),
            "submariner_verify_data_path": False,
            "submariner_verify_window": 0,
        }
        done = stage.play(VERIFY, "east", "west", **{**told, **variables})
        self.code, self.out = done.returncode, done.stdout
        assert "Traceback" not in self.out
        self.result: Json = json.loads((folder / "result.json").read_text())
        jsonschema.validate(self.result, SCHEMA)

    @property
    def ids(self) -> set[str]:
        return {f["id"] for f in self.result["findings"] if f["severity"] != "info"}


@pytest.fixture
def fleet(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> Clusterset:
    found = Clusterset(api, other_api, tmp_path)
    found.live(every=1.0)
    return found


def log_requests(api: FakeApi) -> list[str]:
    return [r.path for r in api.requests if r.path.endswith("/log")]


def test_what_is_handed_on_is_set_last() -> None:
    """For ansible-rulebook whatever was set last is what a playbook hands on, facts included."""
    tasks = yaml.safe_load((ROOT / "roles" / "verify" / "tasks" / "verdict.yml").read_text())
    handing_on = next(n for n, task in enumerate(tasks) if task.get("vars", {}).get("__report_hand_on"))
    assert not any("ansible.builtin.set_fact" in task for task in tasks[handing_on:])


def test_own_expectations_stand_beside_the_built_in_checks(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    expectations = [
        {
            "id": "site.clusters",
            "scope": "fleet",
            "expression": "length(clusters[?digest.installed])",
            "expect": 3,
            "text": "joined clusters",
        },
        {"id": "site.driver", "expression": "snapshot.submariner.spec.cableDriver", "expect": "vxlan"},
    ]
    verify = Verify(
        fleet.east,
        fleet.west,
        tmp_path,
        submariner_verify_expectations=expectations,
        submariner_verify_report_only=True,
        submariner_verify_residue=True,
    )
    assert verify.code == 0, verify.out
    assert (verify.result["verdict"], verify.ids) == ("fail", {"site.clusters"})
    assert "[error] site.clusters: clusterset: joined clusters: 2, not 3" in verify.out
    assert "residue" in verify.result["checks"]
    assert log_requests(fleet.east) == [], "nobody asked for logs, and nothing ails"


def test_where_a_gateway_does_not_run_its_log_says_why(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    def crash(pod: Json) -> None:
        for container in pod["status"]["containerStatuses"]:
            container.update(ready=False, restartCount=4, state={"waiting": {"reason": "CrashLoopBackOff"}})
            container["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
            fleet.west.logs[OPERATOR, pod["metadata"]["name"], container["name"]] = NO_ADDRESS

    for pod in fleet.west.cluster.objects(PODS, OPERATOR):
        if pod["metadata"]["labels"].get("app") == GATEWAY:
            fleet.change(fleet.west, PODS, crash, name=pod["metadata"]["name"])
    fleet.change(fleet.west, DAEMON_SETS, lambda body: body["status"].update(numberReady=0), name=GATEWAY)
    verify = Verify(fleet.east, fleet.west, tmp_path)
    assert verify.code == 2, verify.out
    assert {"workload.not-ready", "log.public-ip"} <= verify.ids
    assert "could not determine public IP" in verify.out
    assert "open HTTPS from the gateway nodes" in verify.out
    assert log_requests(fleet.west)
    assert log_requests(fleet.east) == [], "nothing ails there"


def test_a_cluster_without_an_answer_is_told_in_the_report_and_in_the_bundle(
    fleet: Clusterset, tmp_path: pathlib.Path
) -> None:
    fleet.west.fault(503, path=".", message="away for a while")
    verify = Verify(
        fleet.east, fleet.west, tmp_path, submariner_gather_on_failure=True, submariner_gather_parts=["objects"]
    )
    assert verify.code == 2
    assert "The clusterset is not proven whole" in verify.out
    assert verify.ids >= {"cluster.unread"}
    assert verify.result["clusters"]["west"] == {}
    assert verify.result["clusters"]["east"]["cluster_id"] == "east"
    assert "away for a while" in (tmp_path / "report.html").read_text()
    (bundle,) = tmp_path.glob("submariner-*.tar.gz")
    with tarfile.open(bundle) as packed:
        assert [name for name in packed.getnames() if name.endswith("/result.json")]


def test_what_a_wait_alone_saw_is_told_beside_what_the_fleets_check_says(
    fleet: Clusterset, tmp_path: pathlib.Path
) -> None:
    """Of the broker by the members' own way to it, here, which one that judges the broker's host does not take."""
    theirs = json.loads(pathlib.Path(fleet.east.kubeconfig(tmp_path, "theirs")).read_text())
    theirs["users"] = [{"name": "theirs", "user": {"token": "of-a-member"}}]
    (tmp_path / "theirs").write_text(json.dumps(theirs))
    fleet.east.permits = lambda r: not (r.authorization.endswith("of-a-member") and r.path.endswith("/endpoints"))
    fleet.west.fault(403, verb="list", path="/leases$", message="forbidden")
    verify = Verify(
        fleet.east,
        fleet.west,
        tmp_path,
        submariner_broker_kubeconfig=str(tmp_path / "theirs"),
        submariner_verify_timeout=3,
    )
    assert verify.result["verdict"] == "unknown"
    unread = {f["subject"] for f in verify.result["findings"] if f["id"] == "cluster.unread"}
    assert unread >= {"west: leases", "endpoints of the broker"}


def test_ghosts_may_be_named_on_the_command_line(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    """Where they are one text."""
    verify = Verify(fleet.east, fleet.west, tmp_path, submariner_ghosts="old, older,")
    assert verify.code == 0, verify.out
    assert verify.result["fleet"]["ghosts"] == ["old", "older"]


def test_second_opinions_stand_beside_the_whole_verdict(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    """Which is that of the data path, too: it is not seen by subctl."""
    for api in (fleet.east, fleet.west):
        api.fault(403, verb="create", path="/namespaces$")
    verify = Verify(
        fleet.east,
        fleet.west,
        tmp_path,
        submariner_verify_data_path=True,
        submariner_verify_opinions=["diagnose"],
        submariner_verify_window=2,
    )
    assert verify.code == 2
    assert verify.result["verdict"] == "unknown"
    assert '"Stability over 2 s: stable east, west"' in verify.out
    assert "Second opinions beside the verdict 'unknown':" in verify.out
    for name in ("east", "west"):
        assert f"{name}: diagnose: " in verify.out
        assert {o["command"] for o in verify.result["opinions"][name]} == {"diagnose"}


def test_the_secret_for_the_broker_is_looked_into_on_request_alone(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    fleet.west.cluster.delete(("", "secrets"), OPERATOR, "submariner-broker-secret")
    for asked in (False, True):
        verify = Verify(
            fleet.east, fleet.west, tmp_path, submariner_verify_access=asked, submariner_verify_report_only=True
        )
        assert verify.code == 0, verify.out
        assert ("broker.no-credentials" in verify.ids) is asked
        assert bool(fleet.west.asked("get", "/secrets/submariner-broker-secret$")) is asked
