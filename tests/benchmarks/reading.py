# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading two clusters: a play with one no-op task, ours, kubernetes.core's in a loop, subctl's; in the same run."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import tempfile
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import BROKER_NAMESPACE, OPERATOR_NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import KINDS, choose, snapshot_of
from tests.benchmarks.fleet import Fleet
from tests.benchmarks.running import ROOT, Clusters, Measured, Play, measure, medians
from tests.benchmarks.table import Table, table
from tests.unit.fake_api import PATH

Task = dict[str, t.Any]

SECTIONS = ("identity", "state")
NOTHING = "a play with one no-op task (ping)"
NO_MODULE = "a play with one no-op task (debug)"
READING = "the reading task of verify (cluster_info)"
VERIFY = "the whole of verify, without what is optional"
LOOP = "the same reads, kubernetes.core.k8s_info in a loop"
QUICK = {"submariner_verify_window": 0, "submariner_verify_data_path": False, "submariner_quiet": True}
"""No stability window, data path, logs, second opinions."""

AUTH = {"kubeconfig": "{{ submariner_kubeconfig }}", "context": "{{ submariner_context }}"}


def reading_task() -> Task:
    module = {**AUTH, "cluster_id": "{{ inventory_hostname }}", "sections": list(SECTIONS), "digest_only": True}
    return {"submariner.lifecycle.cluster_info": module, "register": "read"}


def loop_task() -> Task:
    module = {**AUTH, **{option: f"{{{{ item.{option} | default(omit) }}}}" for option in ("kind", "api_version")}}
    module.update({o: f"{{{{ item.{o} | default(omit) }}}}" for o in ("namespace", "name", "label_selectors")})
    return {"kubernetes.core.k8s_info": module, "loop": same_reads(), "loop_control": {"label": "{{ item.kind }}"}}


def same_reads() -> list[dict[str, t.Any]]:
    """What cluster_info reads of a healthy cluster, as arguments of k8s_info; it asks for the version by itself."""
    healthy = snapshot_of(json.loads(item.text) for item in Fleet(2).items(1))
    found = []
    for read in choose(SECTIONS):
        if read.when is not None and not read.when(healthy):
            continue
        match = PATH.match(read.path.format(operator=OPERATOR_NAMESPACE, broker=BROKER_NAMESPACE))
        if match is None:
            continue
        version = f"{match['group']}/{match['version']}" if match["group"] else "v1"
        one: dict[str, t.Any] = {"kind": KINDS[read.key], "api_version": version}
        one.update({key: match[key] for key in ("namespace", "name") if match[key]})
        found.append({**one, "label_selectors": [read.selector]} if read.selector else one)
    return found


def report(clusters: Clusters, repeat: int, subctl: str = "") -> Table:
    with tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        folder = pathlib.Path(name)
        play = Play(clusters, folder, **QUICK)
        rows: dict[str, t.Callable[[], Measured]] = {
            NOTHING: lambda: play.tasks({"ansible.builtin.ping": {}}),
            NO_MODULE: lambda: play.tasks({"ansible.builtin.debug": {"msg": "nothing"}}),
            READING: lambda: play.tasks(reading_task()),
            VERIFY: lambda: play.playbook(ROOT / "playbooks" / "verify.yml"),
            LOOP: lambda: play.tasks(loop_task()),
        }
        program = subctl or shutil.which("subctl")
        env = {**os.environ, "KUBECONFIG": str(clusters.kubeconfig), "TERM": "dumb"}
        for what in ("show", "diagnose") if program else ():
            # Of diagnose the exit code tells what it found.
            call = [str(program), what, "all"]
            rows[f"subctl {what} all"] = lambda call=call: measure(call, folder, env, ends=(0, 1))  # type: ignore[misc]
        measured = medians(rows, repeat)
    seconds = [measured[name].seconds for name in (NOTHING, READING)]
    cpu = [measured[name].cpu for name in (NOTHING, READING)]
    title = f"Reading {len(clusters.names)} clusters ({'recorded answers' if clusters.recorded else 'lab'}; median of {repeat})"
    head = ("", "seconds", "x no-op", "x reading", "CPU-s", "CPU x no-op", "CPU x reading")
    figures = [(name, *_against(m.seconds, seconds), *_against(m.cpu, cpu)) for name, m in measured.items()]
    notes = [
        f"Reads: {len(same_reads())} a cluster. Asked for: the reading at most 2 x no-op, verify at most 4 x, the loop"
    ]
    notes.append("at least 5 x the reading." + ("" if program else " subctl is not in PATH and is left out."))
    notes.append(
        "Does not show: the way to a distant API server; it costs the loop most, which asks one thing after the other."
    )
    return table(title, head, figures, *notes)


def _against(figure: float, others: list[float]) -> tuple[float, ...]:
    return (figure, *(figure / other for other in others))
