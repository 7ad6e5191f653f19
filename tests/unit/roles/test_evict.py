# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook evict on a recorded pair: a west that is dead goes, one that lives or may live does not."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _run_record
from tests.unit.clusterset import BROKER, ENDPOINTS, GATEWAYS, LEASES, OPERATOR, Clusterset
from tests.unit.fake_api import FakeApi

ROOT = pathlib.Path(__file__).parents[3]
CLUSTERS = ("submariner.io", "clusters")
NOBODY = "http://127.0.0.1:9"
"""Where no API server answers."""
WEST = ("-e", "submariner_evict=west")
CONFIRM = ("-e", "submariner_confirm=evict")


class Stage:
    """East and west as recorded, their gateways alive, and an inventory for them."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder = folder
        self.clusterset = Clusterset(east, west, folder)
        self.west: dict[str, t.Any] = {"submariner_kubeconfig": west.kubeconfig(folder, "west")}
        self.clusterset.live()

    @property
    def east(self) -> FakeApi:
        return self.clusterset.east

    def cut_off(self, status: str = "error") -> None:
        """West does not answer any more, and this is what east's gateway says of it."""
        self.west = {"submariner_host": NOBODY, "submariner_api_key": "none"}
        self.says(status)
        self.east.after(0.5, self._drop)

    def says(self, status: str) -> None:
        def say(gateway: dict[str, t.Any]) -> None:
            gateway["status"]["connections"][0].update(status=status)

        self.clusterset.change(self.east, GATEWAYS, say)

    def _drop(self) -> None:
        """What east's running gateway does with copies that went on the broker (submariner.md 4.3)."""
        cluster = self.east.cluster
        for kind in (ENDPOINTS, CLUSTERS):
            at_broker = [o["metadata"]["name"] for o in cluster.objects(kind, BROKER)]
            for local in cluster.objects(kind, OPERATOR):
                if local["metadata"].get("labels") and local["metadata"]["name"] not in at_broker:
                    cluster.delete(kind, OPERATOR, local["metadata"]["name"])
        left = {o["spec"]["cluster_id"] for o in cluster.objects(ENDPOINTS, OPERATOR)}

        def forget(gateway: dict[str, t.Any]) -> None:
            kept = [c for c in gateway["status"]["connections"] if c["endpoint"]["cluster_id"] in left]
            gateway["status"]["connections"] = kept

        self.clusterset.change(self.east, GATEWAYS, forget)
        self.east.after(0.5, self._drop)

    def evict(self, *options: str) -> subprocess.CompletedProcess[str]:
        hosts = {"east": {"submariner_kubeconfig": self.east.kubeconfig(self.folder, "east")}, "west": self.west}
        groups = {"submariner_broker": {"hosts": {"east": hosts["east"]}}, "submariner_members": {"hosts": hosts}}
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        quick = {f"submariner_verify_{part}": 0 for part in ("timeout", "window", "data_path")}
        book = str(ROOT / "playbooks" / "evict.yml")
        return subprocess.run(
            [
                str(program),
                "-i",
                "hosts.yml",
                "-e",
                json.dumps({**quick, "submariner_evict_timeout": 20}),
                *options,
                book,
            ],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
                "ANSIBLE_SHOW_CUSTOM_STATS": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def registered(self) -> set[str]:
        records = [o for kind in (ENDPOINTS, CLUSTERS) for o in self.east.cluster.objects(kind, BROKER)]
        return {str(o["spec"]["cluster_id"]) for o in records}

    @property
    def writes(self) -> list[str]:
        return [f"{r.verb} {r.path}" for api in (self.east, self.clusterset.west) for r in api.writes]


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> t.Iterator[Stage]:
    made = Stage(tmp_path, api, other_api)
    yield made
    made.clusterset.die()


def changed(output: str) -> dict[str, int]:
    """Of the clusters."""
    return {host: int(count) for host, count in re.findall(r"^(east|west) .*changed=(\d+)", output, re.MULTILINE)}


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The output without the breaks and quotes that it gets where it is shown."""
    return " ".join(done.stdout.replace("\\n", " ").split())


def test_a_dead_cluster_goes_and_the_second_run_finds_nothing(stage: Stage) -> None:
    stage.cut_off()
    done = stage.evict(*WEST, *CONFIRM)
    assert (done.returncode, changed(done.stdout)) == (0, {"east": 1, "west": 0}), done.stdout
    assert stage.registered == {"east"}
    assert stage.east.cluster.objects(LEASES, "submariner-lifecycle") == []
    assert [w for w in stage.writes if "/leases" in w][0].startswith("create")
    assert re.search(r"host west +silent", said(done))
    assert re.search(r"peer east +fails +gets no answer from it: error", said(done))
    assert re.search(r"Evicted: west \(\d+ objects went from the broker\)", said(done))
    stats = said(done).rpartition("CUSTOM STATS")[2]
    assert '"submariner_evicted": [ "west" ]' in stats
    assert re.search('"submariner_verdict": "(pass|degraded)"', stats)

    before = len(stage.writes)
    again = stage.evict(*WEST)
    assert (again.returncode, changed(again.stdout)) == (0, {"east": 0, "west": 0}), again.stdout
    assert "nothing to evict of west: the broker has nothing under that ID; registered are east" in said(again)
    assert len(stage.writes) == before


def test_a_living_cluster_is_refused_also_when_it_is_declared_dead(stage: Stage) -> None:
    done = stage.evict(*WEST, *CONFIRM, "-e", "submariner_ghosts=west")
    assert done.returncode == 2
    assert "cluster west lives: host west answers, and its gateway reported" in said(done)
    assert "uninstall --limit west" in said(done)
    assert (stage.registered, stage.writes) == ({"east", "west"}, [])


def test_no_answer_is_no_death_until_the_user_says_so(stage: Stage) -> None:
    stage.cut_off("connecting")
    done = stage.evict(*WEST, *CONFIRM)
    assert done.returncode == 2
    assert "cluster west is not proven dead: peer east says connecting of it" in said(done)
    assert "submariner_ghosts: [west]" in said(done)
    assert (stage.registered, stage.writes) == ({"east", "west"}, [])
    declared = stage.evict(*WEST, "--check", "-e", "submariner_ghosts=west")
    assert (declared.returncode, changed(declared.stdout)) == (0, {"east": 1, "west": 0}), declared.stdout
    assert re.search("user +declared dead +declares it dead in submariner_ghosts", said(declared))


def test_check_mode_shows_the_signs_and_the_plan(stage: Stage) -> None:
    stage.cut_off()
    done = stage.evict(*WEST, "--check", "--diff")
    assert (done.returncode, changed(done.stdout)) == (0, {"east": 1, "west": 0}), done.stdout
    assert "Signs that 'west' is dead: proven" in said(done)
    assert f"-Cluster {BROKER}/west: peer east gets no answer from it: error" in said(done)
    assert "-Secret submariner-k8s-broker/cluster-west-token-" in said(done)
    assert stage.writes == []


def test_a_cluster_that_no_host_of_the_inventory_has_goes_too(stage: Stage) -> None:
    like = stage.clusterset.second_endpoint(stage.east)
    spec = {**like["spec"], "cluster_id": "north", "subnets": ["10.99.0.0/16"]}
    stage.east.cluster.delete(ENDPOINTS, BROKER, like["metadata"]["name"])
    record = {"metadata": {"name": "north-cable", "labels": {"submariner-io/clusterID": "north"}}, "spec": spec}
    stage.east.cluster.create(ENDPOINTS, record, BROKER)
    refused = stage.evict("-e", "submariner_evict=north", *CONFIRM)
    assert refused.returncode == 2
    assert "cluster north is not proven dead: inventory has no host with this ID" in said(refused)
    assert stage.writes == []
    done = stage.evict("-e", "submariner_evict=north", *CONFIRM, "-e", "submariner_ghosts=north")
    assert (done.returncode, changed(done.stdout)) == (0, {"east": 1, "west": 0}), done.stdout
    assert re.search("east +0 +west connected", said(done))
    assert re.search("west +0 +east connected", said(done))
    assert stage.registered == {"east", "west"}


def test_it_must_be_confirmed(stage: Stage) -> None:
    stage.cut_off()
    done = stage.evict(*WEST)
    assert done.returncode == 2
    assert "submariner_confirm is not set, and this removes west from the broker" in said(done)
    assert "Signs that 'west' is dead: proven" in said(done)
    assert stage.writes == []


def test_an_interrupted_run_goes_first(stage: Stage) -> None:
    stage.cut_off()
    east = stage.east.cluster
    east.create(("", "namespaces"), {"metadata": {"name": "submariner-lifecycle"}})
    record = _run_record.Record(run_id="one", started="2026-11-23T06:00:00Z", verb="reinstall", psk=b"x" * 48)
    east.create(("", "secrets"), _run_record.to_secret(record), "submariner-lifecycle")
    done = stage.evict(*WEST, *CONFIRM)
    assert done.returncode == 2
    assert "A run of 'reinstall' begun 2026-11-23T06:00:00Z did not end." in said(done)
    assert stage.registered == {"east", "west"}
    assert east.objects(LEASES, "submariner-lifecycle") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "submariner_evict names no cluster"),
        (("-e", "submariner_evict=west,East"), "submariner_evict has East, which can be no cluster's ID"),
        (("-e", "submariner_evict=east"), "east hosts the broker"),
        ((*WEST, "--limit", "east"), "without west"),
    ],
)
def test_wrong_input_is_named(stage: Stage, options: tuple[str, ...], words: str) -> None:
    done = stage.evict(*options, *CONFIRM)
    assert done.returncode == 2
    assert words in said(done)
    assert stage.writes == []
