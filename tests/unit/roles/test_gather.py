# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook gather, and what other playbooks leave when they fail: they end as they would have ended anyway."""

from __future__ import annotations

import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import typing as t

import pytest

from tests.unit import planted
from tests.unit.fake_api import FakeApi, recording

ROOT = pathlib.Path(__file__).parents[3]
READ = {"submariner_gather_parts": ["objects", "logs"]}
QUICK = {"submariner_verify_data_path": False, "submariner_verify_window": 0}
AROUND = """
- hosts: submariner_broker:submariner_members
  gather_facts: false
  connection: local
  any_errors_fatal: true
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ansible.builtin.include_role:
        name: submariner.lifecycle.gather
        tasks_from: around.yml
      vars:
        submariner_gather_around: cleanup
        submariner_cleanup_nodes: false
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: a play after the failure
"""
"""Fails in west, where nothing may be deleted."""
BUNDLES = """
- hosts: west
  gather_facts: false
  connection: local
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ansible.builtin.include_role: &bundle
        name: submariner.lifecycle.gather
        tasks_from: bundle.yml
      vars:
        submariner_gather_on_failure: false
    - ansible.builtin.include_role: *bundle
      vars:
        submariner_gather_dir: "{{ playbook_dir }}/way"
"""
"""One that is not wanted, and one whose place is taken by a file."""


class Stage:
    """East, which is the broker, and west, and an inventory for them."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder, self.apis = folder, {"east": east, "west": west}
        self.out = folder / "out"

    def load(self, state: str = "healthy-two-nodes") -> None:
        for name, api in self.apis.items():
            api.cluster.load(recording(state, name))

    def run(self, playbook: str, *options: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        hosts = {name: {"submariner_kubeconfig": api.kubeconfig(self.folder, name)} for name, api in self.apis.items()}
        groups = {
            "submariner_broker": {"hosts": {"east": hosts["east"]}},
            "submariner_members": {"hosts": hosts},
            "all": {"vars": {**READ, **variables}},
        }
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        place = self.folder / "play.yml"
        if "\n" in playbook:
            place.write_text(playbook)
        else:
            place = ROOT / "playbooks" / f"{playbook}.yml"
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [str(program), "-i", "hosts.yml", *options, str(place)],
            cwd=self.folder,
            env={
                **os.environ,
                "PWD": str(self.folder),
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout
        return done

    def bundle(self, folder: pathlib.Path | None = None) -> dict[str, str]:
        """The files of the one archive that there is, less the archive's own name."""
        (path,) = (folder or self.out).glob("*.tar.gz")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with tarfile.open(path) as packed:
            found = {m.name: packed.extractfile(m).read().decode() for m in packed.getmembers()}  # type: ignore[union-attr]
        assert {name.split("/")[0] + ".tar.gz" for name in found} == {path.name}
        return {name.partition("/")[2]: text for name, text in found.items()}


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def counts(output: str, what: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(rf"^(\w+) .*{what}=(\d+)", output, re.MULTILINE)}


def test_on_request_all_clusters_are_gathered_and_no_planted_secret_with_them(stage: Stage) -> None:
    program = planted.plant(stage.apis["east"], stage.folder)
    stage.apis["west"].fault(503, message="away for a while")
    done = stage.run(
        "gather",
        "-vvv",
        submariner_gather_parts=["objects", "logs", "nodes", "subctl"],
        submariner_gather_max_nodes=1,
        submariner_node_image="registry.example/x:1",
        submariner_subctl_path=program,
    )
    assert done.returncode == 0, done.stdout
    assert set(counts(done.stdout, "changed").values()) == {0}
    files = stage.bundle(stage.folder)  # the one in which it was started
    assert {"east/submariners_submariner-operator_submariner.yaml", "east/subctl-gather/east/summary.html"} <= set(
        files
    )
    assert "east/east-worker_ip-a.log" in files
    whole = "\n".join(files.values())
    assert planted.found_in(whole) == []
    assert planted.found_in(done.stdout) == []
    assert [words for words in planted.READABLE if words not in whole] == []

    assert [name for name in files if name.startswith("west/")] == ["west/gather.json"]
    clusters = json.loads(files["gather.json"])["clusters"]
    assert {name: cluster["reached"] for name, cluster in clusters.items()} == {"east": True, "west": False}
    assert clusters["west"]["unknown"] == {"the cluster": "away for a while"}
    assert json.loads(files["fleet.json"])["verdict"] == "unknown"
    assert re.search(r"west +no +unknown +0 +1", done.stdout)


def test_check_mode_writes_nothing(stage: Stage) -> None:
    stage.load()
    done = stage.run("gather", "--check", submariner_gather_dir=str(stage.out))
    assert done.returncode == 0, done.stdout
    assert f"would be {stage.out}/submariner-" in done.stdout
    assert not stage.out.exists()
    assert [request for api in stage.apis.values() for request in api.writes] == []


def test_a_verdict_that_fails_leaves_a_bundle_with_the_brokers_cluster(stage: Stage) -> None:
    stage.load("label-removed-first")
    stage.out.mkdir()
    done = stage.run("verify", "--limit", "west", submariner_report_dir=str(stage.out), **QUICK)
    assert done.returncode == 2
    assert counts(done.stdout, "failed") == {"west": 1}
    files = stage.bundle()
    assert {name.split("/")[0] for name in files if "/" in name} == {"east", "west"}
    assert (
        json.loads(files["result.json"])["findings"] == json.loads((stage.out / "result.json").read_text())["findings"]
    )
    assert done.stdout.index("Bundle: ") < done.stdout.index("The clusterset is not proven whole")


def test_relative_folders_count_from_where_the_run_was_started(stage: Stage) -> None:
    """Whichever folder the playbook is in."""
    stage.load("label-removed-first")
    done = stage.run("verify", submariner_report_dir="reports", submariner_gather_dir="bundles", **QUICK)
    assert done.returncode == 2, done.stdout
    reports = {path.name for path in (stage.folder / "reports").iterdir()}
    assert reports == {"journal.jsonl", "junit.xml", "report.html", "result.json"}
    assert "endpoint.ghost" in (stage.folder / "reports" / "report.html").read_text()
    assert "result.json" in stage.bundle(stage.folder / "bundles")


def test_relative_kubeconfigs_count_from_there_too(stage: Stage) -> None:
    stage.load()
    for name, api in stage.apis.items():
        api.kubeconfig(stage.folder, name)
    given = {
        "submariner_kubeconfig": "kubeconfig.east:kubeconfig.west",
        "submariner_context": "{{ inventory_hostname }}",
    }
    done = stage.run("gather", "-e", json.dumps(given))
    assert done.returncode == 0, done.stdout
    clusters = json.loads(stage.bundle(stage.folder)["gather.json"])["clusters"]
    assert [cluster["reached"] for cluster in clusters.values()] == [True, True]


@pytest.mark.parametrize("place", ["out", ""])
def test_a_failure_on_the_way_leaves_a_bundle_and_ends_the_run(stage: Stage, place: str) -> None:
    """Without a folder for it where the run was started."""
    stage.load()
    stage.apis["west"].fault(403, verb="delete", message="not to be deleted")
    done = stage.run(AROUND, submariner_gather_dir=place, submariner_cleanup_timeout=1)
    assert done.returncode == 2
    assert "a play after the failure" not in done.stdout
    assert "not to be deleted" in done.stdout[done.stdout.index("Failure | end as it failed") :]
    assert counts(done.stdout, "failed")["west"] == 1
    files = stage.bundle(stage.folder / place)
    assert f"Bundle: {stage.folder / place}/submariner-" in done.stdout
    assert {name.split("/")[0] for name in files if "/" in name} == {"east", "west"}
    assert "not to be deleted" in json.loads(files["failure.json"])["west"]["msg"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"submariner_gather_on_failure": False}, ""),
        ({"awx_job_id": 7}, "since submariner_gather_dir does not say where to. Set it, or run the playbook gather."),
        ({"submariner_gather_dir": "kubeconfig.east/below"}, "which is no folder or cannot be written"),
    ],
    ids=["not wanted", "in a job of AWX", "no place for it"],
)
def test_what_keeps_a_failure_from_gathering_does_not_hide_it(
    stage: Stage, variables: dict[str, t.Any], said: str
) -> None:
    stage.load()
    stage.apis["west"].fault(403, verb="delete", message="not to be deleted")
    done = stage.run(AROUND, **{"submariner_cleanup_timeout": 1, **variables})
    assert done.returncode == 2
    assert "not to be deleted" in done.stdout
    assert list(stage.folder.rglob("*.tar.gz")) == []
    assert done.stdout.count("Nothing was gathered") == (1 if said else 0)
    assert said in done.stdout


def test_an_input_that_is_not_taken_gathers_nothing(stage: Stage) -> None:
    stage.load()
    done = stage.run(AROUND, submariner_cleanup_timeout="soon")
    assert done.returncode == 2
    assert "unable to convert to int" in done.stdout
    assert list(stage.folder.rglob("*.tar.gz")) == []


def test_a_verification_by_itself_gathers_where_it_is_told_to(stage: Stage) -> None:
    """Those at the end of other playbooks do it anyway."""
    stage.load("label-removed-first")
    done = stage.run("verify", **QUICK)
    assert done.returncode == 2
    assert list(stage.folder.rglob("*.tar.gz")) == []
    assert "Nothing was gathered, since submariner_gather_dir does not say where to." in done.stdout
    done = stage.run("verify", **QUICK, __verify_timeout=0)
    assert done.returncode == 2
    assert "result.json" in stage.bundle(stage.folder)


def test_what_is_refused_gathers_nothing(stage: Stage) -> None:
    stage.load("joined-as-second-id")
    done = stage.run("repair", submariner_gather_dir=str(stage.out))
    assert done.returncode == 2
    assert "submariner_confirm is not set, and this repair deletes records" in done.stdout
    assert not stage.out.exists()


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_gathered(stage: Stage) -> None:
    stage.load()
    (stage.folder / "way").write_text("a file in the way")
    for place in ("way", "way/below"):
        done = stage.run("gather", submariner_gather_dir=place)
        assert done.returncode == 2, done.stdout
        assert f"cannot be put into {stage.folder}/{place}, which is no folder or cannot be written" in done.stdout
        assert "Set submariner_gather_dir to one" in done.stdout
    assert [request for api in stage.apis.values() for request in api.requests] == []


def test_a_bundle_that_is_not_wanted_or_cannot_be_made_is_no_failure(stage: Stage) -> None:
    stage.load()
    (stage.folder / "way").write_text("a file in the way")
    done = stage.run(BUNDLES, submariner_gather_dir=str(stage.out))
    assert done.returncode == 0, done.stdout
    assert "Bundle: " not in done.stdout
    assert done.stdout.count("Nothing was gathered: ") == 1
    assert not stage.out.exists()
    assert list(pathlib.Path(tempfile.gettempdir()).glob("submariner-gather.*")) == []
