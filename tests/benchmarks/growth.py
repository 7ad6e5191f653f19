# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What grows with the number of clusters: time and memory of a reading, time to judge all of them together."""

from __future__ import annotations

import json
import pathlib
import tempfile
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet as Digests
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.benchmarks.fleet import NOW, Fleet
from tests.benchmarks.reading import QUICK, reading_task
from tests.benchmarks.running import ROOT, Failed, Measured, Play, recorded
from tests.benchmarks.table import Table, table

SIZES = (2, 10, 50, 200)
FORKS = 20
NOT = (
    "Does not show: the way to a real API server and its load, since the answers are recorded and come from this machine;",
    "clusters that change meanwhile, since verify looks once and waits for nothing; traffic between pods, which it does not try.",
)
JUDGE = {"submariner.lifecycle.fleet_check": {"registered": "read", "broker": "{{ groups.submariner_broker[0] }}"}}


class Reading(t.NamedTuple):
    """A play with the reading task and the judgement of all, and beside it the playbook verify in one look."""

    seconds: float
    cpu: float
    peak: float
    requests: int
    verify: Measured
    verify_requests: int


class Judgement(t.NamedTuple):
    """In this process, without Ansible."""

    directions: float
    everything: float
    verdict: str


def read(size: int) -> Reading:
    with recorded(size) as clusters, tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        play = Play(clusters, pathlib.Path(name))
        measured = play.tasks(reading_task(), {**JUDGE, "run_once": True}, forks=FORKS)
        requests = sum(clusters.requests(cluster) for cluster in clusters.names)
    with recorded(size) as clusters, tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        play = Play(clusters, pathlib.Path(name), **QUICK)
        verify = play.playbook(ROOT / "playbooks" / "verify.yml", "--forks", str(FORKS))
        asked = sum(clusters.requests(cluster) for cluster in clusters.names)
    return Reading(measured.seconds, measured.cpu, measured.peak, requests, verify, asked)


def judge(size: int) -> Judgement:
    made = Fleet(size)
    digests = {name: _digest(made, number) for number, name in enumerate(made.names, 1)}
    begin = time.perf_counter()
    fleet = Digests.of(digests, made.names[0], made.names)
    check_fleet(fleet, ["connections"])
    middle = time.perf_counter()
    findings = check_fleet(fleet, [check for check in CHECKS if check != "residue"])
    end = time.perf_counter()
    return Judgement(middle - begin, end - middle, verdict(findings))


def _digest(fleet: Fleet, number: int) -> Json:
    objects = [json.loads(item.text.replace(NOW, "2026-11-23T07:16:33Z")) for item in fleet.items(number)]
    # As it reaches the controller.
    brief: Json = json.loads(json.dumps(digest(snapshot_of(objects), fleet.names[number - 1])))
    return brief


def report(sizes: t.Sequence[int]) -> Table:
    rows = []
    first: Reading | None = None
    for size in sizes:
        one, judged = read(size), judge(size)
        first = first or one
        if judged.verdict not in ("pass", "degraded"):
            raise Failed(f"A healthy fleet of {size} clusters is judged '{judged.verdict}'.")
        more = (one.peak - first.peak) / (size - sizes[0]) if size > sizes[0] else ""
        directions = f"{size * (size - 1)} in {judged.directions:.3f} s"
        verify = (one.verify.seconds, one.verify.cpu / size, one.verify.peak, one.verify_requests / size)
        rows.append(
            (
                size,
                one.seconds,
                one.cpu,
                one.cpu / size,
                one.peak,
                more,
                one.requests / size,
                directions,
                judged.everything,
                *verify,
            )
        )
    head = (
        "clusters",
        "seconds",
        "CPU-s",
        "CPU-s each",
        "controller MiB",
        "MiB a cluster more",
        "requests each",
        "directions",
        "all checks s",
        "verify s",
        "verify CPU-s each",
        "verify MiB",
        "verify requests each",
    )
    title = f"Growth (recorded answers, one server process, forks {FORKS})"
    return table(
        title, head, rows, "Asked for: 200 clusters in less than 120 s, 39800 directions in less than 2 s.", *NOT
    )
