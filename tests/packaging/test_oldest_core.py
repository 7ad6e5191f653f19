# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks run on the oldest ansible-core that meta/runtime.yml allows, and say there what they say on the newest."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import typing as t

import jsonschema
import pytest
import yaml

from tests.run.cores import programs
from tests.run.plan import OLDEST_CORE
from tests.run.tree import installed
from tests.unit.clusterset import Clusterset
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import Kubelet

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "result-1.schema.json").read_text())
QUICK: dict[str, t.Any] = {
    "submariner_broker_url": "https://192.0.2.1:6443",
    "submariner_gather_parts": ["objects", "logs"],
    "submariner_preflight_reach": False,
    "submariner_verify_data_path": False,
    "submariner_verify_timeout": 0,
    "submariner_verify_window": 0,
}
"""No pods and no waiting: the clusters are recordings."""
REMOVE = {
    **yaml.safe_load((ROOT / "playbooks" / "phases" / "remove.yml").read_text())[0],
    "pre_tasks": [],  # there is no lock to be held
}

VERIFY = yaml.safe_load((ROOT / "playbooks" / "verify.yml").read_text())[-1]


@pytest.fixture(scope="module")
def oldest() -> pathlib.Path:
    return programs(OLDEST_CORE)


class Fleet:
    """East and west as they were recorded, and an inventory for them; with `ways` to reach them other than a file."""

    def __init__(
        self,
        folder: pathlib.Path,
        state: str,
        east: FakeApi,
        west: FakeApi,
        ways: dict[str, dict[str, t.Any]] | None = None,
    ) -> None:
        hosts = ways or {}
        Clusterset(east, west, folder, state).live(every=1.0)
        for name, api in (("east", east), ("west", west)):
            file = {"submariner_kubeconfig": api.kubeconfig(folder, name), "submariner_context": name}
            hosts.setdefault(name, file)
        inventory = {
            "submariner_broker": {"hosts": {"east": hosts["east"]}},
            "submariner_members": {"hosts": hosts},
            "all": {"vars": {**QUICK, "submariner_report_dir": str(folder)}},
        }
        self.hosts = hosts
        self.inventory = inventory
        self.folder = folder
        self.apis = (east, west)

    def run(self, program: pathlib.Path, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "hosts.yml").write_text(json.dumps(self.inventory))
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_"))}
        collections = str(installed("kubernetes.core").parents[2])
        command = [str(program), "-i", "hosts.yml", str(ROOT / "playbooks" / f"{playbook}.yml"), *options]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, "ANSIBLE_COLLECTIONS_PATH": collections},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def play(self, program: pathlib.Path, play: t.Any) -> subprocess.CompletedProcess[str]:
        """A play of the user's own, beside which the collection is found."""
        (self.folder / "play.yml").write_text(json.dumps([play]))
        beside = self.folder / "collections"
        if not beside.exists():
            beside.symlink_to(ROOT / "playbooks" / "collections")
        return self.run(program, str(self.folder / "play"))

    @property
    def bundles(self) -> int:
        return len(list(self.folder.glob("submariner-*.tar.gz")))

    def verdict(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads((self.folder / "result.json").read_text())
        jsonschema.validate(found, SCHEMA)
        return {"verdict": found["verdict"], "findings": sorted({f["id"] for f in found["findings"]})}


@pytest.fixture
def fleet_of(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> t.Callable[[str], Fleet]:
    return lambda state: Fleet(tmp_path, state, api, other_api)


def test_it_is_the_oldest_that_is_allowed(oldest: pathlib.Path) -> None:
    allowed = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert allowed == f">={OLDEST_CORE}.0"
    said = subprocess.run([str(oldest / "ansible"), "--version"], check=True, capture_output=True, text=True).stdout
    assert f"[core {OLDEST_CORE}." in said


def test_preflight(oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet]) -> None:
    fleet = fleet_of("healthy-two-nodes")
    done = fleet.run(oldest / "ansible-playbook", "preflight")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(api.asked("list", "/endpoints$") for api in fleet.apis)
    assert [request for api in fleet.apis for request in api.writes] == []


@pytest.mark.parametrize(
    ("state", "code", "verdict", "finding"),
    [("healthy-two-nodes", 0, "pass", ""), ("joined-as-second-id", 2, "fail", "endpoint.ghost")],
)
def test_verify(
    oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet], state: str, code: int, verdict: str, finding: str
) -> None:
    fleet = fleet_of(state)
    done = fleet.run(oldest / "ansible-playbook", "verify")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    said = fleet.verdict()
    assert said["verdict"] == verdict
    assert finding in ["", *said["findings"]]
    assert fleet.bundles == (1 if code else 0)
    assert f"verify: {verdict}</title>" in (fleet.folder / "report.html").read_text()
    assert fleet.run(pathlib.Path("ansible-playbook"), "verify").returncode == code
    assert fleet.verdict() == said
    assert [request for api in fleet.apis for request in api.writes] == []


def test_a_host_that_is_lost_on_the_way_is_not_judged_well(
    oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet]
) -> None:
    """By a wrong value, in a play of the user's own that does not judge the inventory first."""
    fleet = fleet_of("healthy-two-nodes")
    fleet.hosts["west"]["submariner_verify_data_path_all"] = "soon"
    done = fleet.play(oldest / "ansible-playbook", VERIFY)
    assert done.returncode == 2, done.stdout + done.stderr
    said = fleet.verdict()
    assert said["verdict"] == "unknown"
    assert "cluster.unread" in said["findings"]
    assert "west dropped out of the run" in done.stdout


def test_a_cluster_without_an_answer_is_reported(oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet]) -> None:
    fleet = fleet_of("healthy-two-nodes")
    fleet.apis[1].fault(503, path=".", message="away for a while")
    done = fleet.run(oldest / "ansible-playbook", "verify", "-e", "submariner_verify_timeout=1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "cluster.unread" in fleet.verdict()["findings"]
    assert fleet.bundles == 1
    assert "away for a while" in (fleet.folder / "report.html").read_text()


def test_a_wrong_id_in_the_inventory_is_one_finding(oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet]) -> None:
    fleet = fleet_of("healthy-two-nodes")
    fleet.hosts["west"]["submariner_cluster_id"] = "occident"
    done = fleet.run(oldest / "ansible-playbook", "verify", "-e", "submariner_verify_timeout=3")
    assert done.returncode == 2, done.stdout + done.stderr
    found = fleet.verdict()["findings"]
    assert [f for f in found if f.startswith(("endpoint.", "cluster.", "connection."))] == ["endpoint.wrong-id"]


@pytest.mark.parametrize(("allowed", "code"), [(True, 0), (False, 2)])
def test_a_removal_plans_the_nodes_and_says_which_it_could_not_see(
    oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet], allowed: bool, code: int
) -> None:
    """No tool answers in the recorded nodes' pods, so that nothing is known of any node."""
    fleet = fleet_of("healthy-two-nodes")
    for api in fleet.apis:
        Kubelet(api).start()
    option = f"submariner_cleanup_allow_uninspected={str(allowed).lower()}"
    done = fleet.run(oldest / "ansible-playbook", "uninstall", "--check", "-e", option)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    for name in ("east", "west"):
        assert f"Whether the nodes are clean is not known. {name}-control-plane" in said
    assert ("submariner_cleanup_allow_uninspected" in said) is not allowed


def test_where_one_host_fails_no_other_goes_on(oldest: pathlib.Path, fleet_of: t.Callable[[str], Fleet]) -> None:
    """Before 2.17 a play of several hosts would, were it rescued to gather: there it is not."""
    fleet = fleet_of("healthy-two-nodes")
    for host in ("east", "west"):
        fleet.hosts[host]["__submariner_info"] = {"digest": {"identity": {}}}
    fleet.apis[1].fault(503, message="away for a while")
    for program, bundles in ((oldest / "ansible-playbook", 0), (pathlib.Path("ansible-playbook"), 1)):
        done = fleet.play(program, REMOVE)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "away for a while" in done.stdout + done.stderr
        assert ("Should this step fail, nothing is gathered" in done.stdout) is not bool(bundles)
        assert [request for api in fleet.apis for request in api.writes] == []
        assert fleet.bundles == bundles
