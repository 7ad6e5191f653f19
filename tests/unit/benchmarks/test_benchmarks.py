# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks measure is what it seems to be: healthy clustersets, answers like a server's, weights of processes."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import connect
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info
from tests.benchmarks import growth, reinstall
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.process import MODULES
from tests.benchmarks.reading import loop_task, reading_task, same_reads
from tests.benchmarks.running import Clusters, Failed, measure, medians, recorded, spread
from tests.benchmarks.table import table
from tests.unit.run_module import run_module

Json = dict[str, t.Any]


@pytest.fixture(scope="module")
def clusters() -> t.Iterator[Clusters]:
    with recorded(3) as made:
        yield made


def test_a_grown_fleet_is_healthy_and_new() -> None:
    assert growth.judge(5).verdict in ("pass", "degraded")
    texts = [item.text for number in (1, 3) for item in Fleet(4).items(number)]
    old = [word for text in texts for word in re.findall(r"\b(?:east|west)[\w.-]*", text)]
    assert old == [], "names of the recorded pair are left"


def test_every_cluster_knows_all_others() -> None:
    fleet = Fleet(4)
    for number in (1, 2):
        bodies = [json.loads(item.text) for item in fleet.items(number)]
        gateway = next(body for body in bodies if body["kind"] == "Gateway")
        peers = {c["endpoint"]["cluster_id"] for c in gateway["status"]["connections"]}
        assert peers == {name for name in fleet.names if name != fleet.names[number - 1]}
        uids = [body["metadata"]["uid"] for body in bodies]
        assert len(set(uids)) == len(uids)


def test_the_server_answers_as_an_api_server(clusters: Clusters) -> None:
    name = clusters.names[1]
    own = {"kubeconfig": str(clusters.kubeconfig), "context": name}
    clusters.requests(name)
    outcome = run_module(cluster_info.main, {**own, "cluster_id": name, "sections": ["identity", "state"]})
    assert not outcome.failed, outcome.msg
    assert outcome["unknown"] == {}
    assert outcome["digest"]["cluster_id"] == name
    assert clusters.requests(name) == len(same_reads()), "the broker's ConfigMaps are not read here, but the version is"
    client = connect(t.cast("t.Any", None), own)
    assert client.get("/api/v1/namespaces/none").absent
    assert client.create("/api/v1/namespaces", {}).status == 405
    assert [
        o["metadata"]["name"] for o in client.list("/api/v1/nodes", labelSelector="submariner.io/gateway=true").items
    ] == [f"{name}-worker"]
    short = client.list("/api/v1/nodes", metadata_only=True)
    assert {tuple(o) for o in short.items} == {("apiVersion", "kind", "metadata")}
    assert list(client.watch("/api/v1/nodes", "5000", 1)) == []


def test_the_loop_reads_the_same() -> None:
    kinds = {read["kind"] for read in same_reads()}
    assert {"Endpoint", "Gateway", "Pod", "ServiceExport"} <= kinds
    assert loop_task()["loop"] == same_reads()
    assert "submariner.lifecycle.cluster_info" in reading_task()
    assert len(MODULES) > 3


def test_a_program_that_fails_is_not_measured(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Failed, match="ended with 3"):
        measure([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, os.environ)


def test_time_and_memory_of_a_program(tmp_path: pathlib.Path) -> None:
    code = "import time; kept = bytearray(100 << 20); end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    measured = measure([sys.executable, "-c", code], tmp_path, os.environ)
    assert measured.cpu >= 0.3
    assert measured.seconds >= 0.3
    assert 100 < measured.peak < 200


def test_the_median_counts(tmp_path: pathlib.Path) -> None:
    runs = iter([3.0, 1.0, 2.0])

    def run() -> t.Any:
        return measure([sys.executable, "-c", f"import time; time.sleep({next(runs) / 10})"], tmp_path, os.environ)

    assert medians({"one": run}, 3)["one"].seconds >= 0.2


def test_a_table() -> None:
    made = table("Title", ("", "s"), [("one", 1.0), ("three", "-")], "Nothing else.")
    assert str(made).splitlines() == [
        "== Title",
        "          s",
        "-----------",
        "one    1.00",
        "three     -",
        "Nothing else.",
    ]
    assert made.markdown().splitlines() == [
        "## Title",
        "",
        "|  | s |",
        "| --- | ---: |",
        "| one | 1.00 |",
        "| three | - |",
        "",
        "Nothing else.",
    ]
    assert made.record() == {
        "title": "Title",
        "rows": [{"": "one", "s": 1.0}, {"": "three", "s": "-"}],
        "notes": ["Nothing else."],
    }


def test_phases_are_from_their_first_step_to_the_end_of_their_last() -> None:
    def step(name: str, began: float, seconds: float, variant: str = "") -> Json:
        return {"step": name, "variant": variant, "began": began, "seconds": seconds}

    steps = [
        step("data_path", 1.0, 2.0, "reach"),
        step("cleanup", 5.0, 1.0, "plan"),
        step("cleanup", 10.0, 5.0),
        step("node_cleanup", 12.0, 8.0),
        step("member", 30.0, 4.0),
        step("wait_for_single_endpoint", 34.0, 6.0),
        step("wait_for_connections", 42.0, 9.0),
        step("data_path", 52.0, 3.0, "probe"),
    ]
    removed, _deployed, joined, proven = reinstall.PHASES
    assert reinstall.phases(steps) == {removed: 10.0, joined: 10.0, proven: 13.0}
    assert spread([3.0, 1.0, 2.0]) == (3, 1.0, 2.0, 3.0)
