# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One module process, as Ansible starts it: CPU time, memory, requests."""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import sys
import tempfile
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import SECTIONS
from tests.benchmarks.reading import AUTH
from tests.benchmarks.reading import SECTIONS as READ_BY_VERIFY
from tests.benchmarks.running import MIB, Clusters, Play, measure
from tests.benchmarks.table import Table, table

LIBRARY = (
    "from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client; from kubernetes import client"
)
"""What our modules import of the client library."""

INTERPRETER = """\
#!{python} -IS
import json, os, sys
child = os.spawnv(os.P_NOWAIT, {python!r}, [{python!r}, *sys.argv[1:]])
_pid, status, usage = os.wait4(child, 0)
name = os.path.basename(sys.argv[1]).removeprefix("AnsiballZ_").removesuffix(".py")
with open({log!r}, "a") as log:
    log.write(json.dumps([name, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]) + "\\n")
sys.exit(os.waitstatus_to_exitcode(status))
"""

OTHERS = {"joined": "{{ groups.submariner_members }}", "inventory": "{{ groups.submariner_members }}"}
WAIT = {"cluster_id": "{{ inventory_hostname }}", **OTHERS, "timeout": 5, "window": 0}
BROKER = {"broker": {**AUTH, "context": "{{ groups.submariner_broker[0] }}"}}
ALL_SECTIONS = "{{ __sections }}"
OURS = "submariner.lifecycle."
MODULES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "nothing (ansible.builtin.ping)": ("ansible.builtin.ping", {}),
    "cluster_info, as verify reads": (
        OURS + "cluster_info",
        {"cluster_id": "{{ inventory_hostname }}", "sections": list(READ_BY_VERIFY)},
    ),
    "cluster_info, all sections": (
        OURS + "cluster_info",
        {"cluster_id": "{{ inventory_hostname }}", "sections": ALL_SECTIONS},
    ),
    "wait_for_single_endpoint": (OURS + "wait_for_single_endpoint", {**WAIT, **BROKER}),
    "wait_for_connections": (OURS + "wait_for_connections", {**WAIT, **BROKER}),
}


class Weighed(t.NamedTuple):
    """Medians of a module's processes, one for each cluster and repetition."""

    cpu: float
    peak: float
    requests: float


def weigh(clusters: Clusters, module: str, options: dict[str, t.Any], repeat: int) -> Weighed:
    with tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        folder = pathlib.Path(name)
        log, interpreter = folder / "log", folder / "python"
        interpreter.write_text(INTERPRETER.format(python=sys.executable, log=str(log)))
        interpreter.chmod(0o755)
        play = Play(
            clusters,
            folder,
            ansible_python_interpreter=str(interpreter),
            submariner_quiet=True,
            __sections=list(SECTIONS),
        )
        task = {module: {**AUTH, **options} if module.startswith(OURS) else options}
        for cluster in clusters.names if clusters.recorded else ():
            clusters.requests(cluster)
        for _time in range(repeat):
            play.tasks(task)
        entries = [json.loads(line) for line in log.read_text().splitlines()]
        found = [(cpu, peak / MIB) for started, cpu, peak in entries if started == module.rpartition(".")[2]]
        asked = [clusters.requests(cluster) for cluster in clusters.names] if clusters.recorded else []
    cpu, peak = (statistics.median(figures) for figures in zip(*found, strict=True))
    # A module that asks the broker's cluster too is counted there.
    return Weighed(cpu, peak, sum(asked) / len(found))


def imported(repeat: int) -> float:
    """CPU seconds for the import of the client library, beyond an interpreter that does nothing."""

    def start(code: str) -> float:
        command = [sys.executable, "-c", code]
        return statistics.median(measure(command, pathlib.Path.cwd(), os.environ).cpu for _time in range(repeat))

    return start(LIBRARY) - start("pass")


def report(clusters: Clusters, repeat: int) -> Table:
    library = imported(repeat)
    rows: list[tuple[object, ...]] = []
    for label, (module, options) in MODULES.items():
        weighed = weigh(clusters, module, options, repeat)
        part = library if module.startswith(OURS) else 0.0
        rows.append((label, weighed.cpu, part, weighed.cpu - part, weighed.peak, weighed.requests))
    rows.append(("asked for: at most", 0.8, "", 0.3, 80.0, "20, all sections 50"))
    head = ("", "CPU-s", "of it import", "beyond", "peak MiB", "requests")
    note = "Does not show: what Ansible itself needs to start a process, see the no-op of the reading."
    return table(f"One module process (median of {repeat} on each cluster)", head, rows, note)
