# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What grows with the number of clusters: time and memory of a reading, time to judge all directions."""

from __future__ import annotations

import pathlib
import tempfile
import typing as t

from tests.benchmarks.reading import reading_task
from tests.benchmarks.running import Play, recorded
from tests.benchmarks.table import table

SIZES = (2, 10, 50, 200)
FORKS = 20


class Row(t.NamedTuple):
    clusters: int
    seconds: float
    cpu: float
    peak: float
    requests: int


def read(size: int) -> Row:
    with recorded(size) as clusters, tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        play = Play(clusters, pathlib.Path(name))
        measured = play.tasks(reading_task(), forks=FORKS)
        requests = sum(clusters.requests(cluster) for cluster in clusters.names)
    return Row(size, measured.seconds, measured.cpu, measured.peak, requests)


def report(sizes: t.Sequence[int]) -> str:
    rows = []
    for size in sizes:
        row = read(size)
        rows.append((row.clusters, row.seconds, row.cpu, row.peak, row.requests))
    head = ("clusters", "seconds", "CPU-s", "controller MiB", "requests")
    return table(f"Growth (recorded answers, forks {FORKS})", head, rows)
