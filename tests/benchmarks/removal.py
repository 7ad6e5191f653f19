# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing Submariner from the lab: one member by the module, both clusters by the playbook and by a careful shell."""

from __future__ import annotations

import os
import pathlib
import re
import tempfile
import threading
import time
import typing as t
from types import SimpleNamespace

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import CRDS
from tests.benchmarks.running import ROOT, Clusters, Failed, Play, measure, spread
from tests.benchmarks.table import Table, table
from tests.lab.config import places
from tests.lab.damage import bring_about

_SPACES = ("submariner-operator", "submariner-k8s-broker")
_SHELL_LIMIT = 300
_LOOK = 0.1
_SECONDS = re.compile(r"took=(\d+\.\d+)")


class Onlooker:
    """Sees from outside when the deletion began and when the last of it was gone, by asking all the time."""

    def __init__(self, clusters: Clusters, name: str) -> None:
        params = {"kubeconfig": str(clusters.kubeconfig), "context": name}
        self._api: Api = connect(t.cast(t.Any, SimpleNamespace(no_log_values=set(), params=params)))
        self.begun = self.gone = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def _look_on(self) -> None:
        resource = "/apis/submariner.io/v1alpha1/namespaces/submariner-operator/submariners/submariner"
        while not self._over.wait(_LOOK):
            if not self.begun:
                found = self._api.get(resource)
                going = (found.body.get("metadata") or {}).get("deletionTimestamp")
                self.begun = time.monotonic() if found.absent or going else 0.0
            elif self._left():
                self.gone = 0.0
            elif not self.gone:
                self.gone = time.monotonic()

    def _left(self) -> bool:
        spaces = self._api.list("/api/v1/namespaces", metadata_only=True).items
        definitions = self._api.list(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", metadata_only=True
        ).items
        names = {item["metadata"]["name"] for item in (*spaces, *definitions)}
        return bool(names & {_SPACES[0], *CRDS})

    def end(self) -> float:
        """Seconds from the beginning until all was gone."""
        self._over.set()
        self._thread.join()
        if not (self.begun and self.gone):
            raise Failed("The onlooker did not see the removal's beginning and end.")
        return self.gone - self.begun


SEEN = "{}: first deletion until the last object was gone, seen from outside"
PROVEN = "{}: first deletion until proven gone, by cleanup"
SHELL = "both clusters by subctl uninstall and kubectl wait, one after the other"
PLAYBOOK = "both clusters, their nodes, all proven and settled, by the playbook uninstall"
_NOTES = (
    "Asked for: at most 1.3 x the chain, the end noticed within 0.5 s, the playbook at most 0.5 x the shell.",
    "The shell waits for the namespaces; it looks at no node, no record and no definition, and settles nothing.",
    "Does not show: real machines, more than two clusters, what obstacles cost.",
)


def report(clusters: Clusters, repeat: int) -> Table:
    member = clusters.names[1]
    found: dict[str, list[float]] = {row.format(member): [] for row in (SEEN, PROVEN, SHELL, PLAYBOOK)}
    for _time in range(repeat):
        for figures, seconds in zip(found.values(), _once(clusters, member), strict=True):
            figures.append(seconds)
    rows = [(name, *spread(figures)) for name, figures in found.items()]
    ratios = [1.0, rows[1][3] / rows[0][3], 1.0, rows[3][3] / rows[2][3]]
    head = ("", "runs", "min s", "median s", "max s", "x the row above")
    return table("Removal (lab)", head, [(*row, ratio) for row, ratio in zip(rows, ratios, strict=True)], *_NOTES)


def _once(clusters: Clusters, member: str) -> tuple[float, float, float, float]:
    """Seconds of each row."""
    with tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        folder = pathlib.Path(name)
        here = places()
        play = Play(clusters, folder, submariner_quiet=True, submariner_subctl_path=str(here.bin / "subctl"))
        bring_about(here, "healthy")
        proven, seen = _one_member(play, clusters, member)
        bring_about(here, "healthy")
        ours = play.playbook(ROOT / "playbooks" / "uninstall.yml", "-e", "submariner_confirm=uninstall").seconds
        bring_about(here, "healthy")
        shell = by_shell(clusters, folder)
    return seen, proven, shell, ours


def _one_member(play: Play, clusters: Clusters, member: str) -> tuple[float, float]:
    onlooker = Onlooker(clusters, member)
    module = {
        "kubeconfig": "{{ submariner_kubeconfig }}",
        "context": "{{ submariner_context }}",
        "cluster_id": "{{ inventory_hostname }}",
    }
    done = play.tasks(
        {"submariner.lifecycle.cleanup": module, "register": "done", "when": f"inventory_hostname == '{member}'"},
        {"ansible.builtin.debug": {"msg": "took={{ done.seconds }}"}, "when": "done is not skipped"},
    )
    match = _SECONDS.search(done.output)
    if not match:
        raise Failed(f"cleanup did not say how long it took:\n{done.output[-2000:]}")
    return float(match[1]), onlooker.end()


def by_shell(clusters: Clusters, folder: pathlib.Path) -> float:
    """What a careful engineer types: uninstall each, the broker's cluster last, and wait until its namespaces are gone."""
    here = places()
    env = {**os.environ, "KUBECONFIG": str(clusters.kubeconfig), "PATH": f"{here.bin}:{os.environ['PATH']}"}
    seconds = 0.0
    for name in reversed(clusters.names):
        seconds += measure([str(here.bin / "subctl"), "uninstall", "--yes", "--context", name], folder, env).seconds
        for space in _SPACES:
            wait = ["wait", "--for=delete", f"namespace/{space}", f"--timeout={_SHELL_LIMIT}s"]
            seconds += measure([str(here.bin / "kubectl"), "--context", name, *wait], folder, env).seconds
    return seconds
