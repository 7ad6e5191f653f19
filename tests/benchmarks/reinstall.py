# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole cycle on the lab: from a healthy pair of clusters to one that is proven whole, beside a careful shell."""

from __future__ import annotations

import os
import pathlib
import tempfile
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from tests.benchmarks.removal import by_shell
from tests.benchmarks.running import ROOT, Clusters, Failed, Play, measure, spread
from tests.benchmarks.table import Table, table
from tests.lab.config import places
from tests.lab.damage import bring_about
from tests.lab.lab import connect
from tests.scenarios.inventory import Inventory

Json = dict[str, t.Any]

PHASES: dict[str, tuple[str, ...]] = {
    "members and broker removed, nodes clean, all proven": ("cleanup", "node_cleanup"),
    "broker deployed": ("broker",),
    "members joined, one Endpoint each": ("member", "wait_for_single_endpoint"),
    "proven whole": ("wait_for_connections", "data_path", "fleet_check"),
}
"""What a phase is called, and the modules whose steps it consists of."""

PLAYBOOK, SHELL = "reinstall, as the playbook does it", "the same by subctl and kubectl wait, one step after the other"
_CONNECTED = "{.items[*].status.connections[*].status}"
_LIMIT = 300.0
_NOTES = (
    "The shell: subctl uninstall of each cluster and a wait for its namespaces, labels, deploy-broker, joins, a wait for the",
    "connections; it proves nothing of nodes, records and traffic.",
    "Does not show: real machines, images that have to be pulled, more than two clusters.",
)


def phases(steps: t.Sequence[Json]) -> dict[str, float]:
    """From the first step of each phase to the end of its last one, in seconds.

    What preflight does with a module of a later phase comes before the phases before that, and does not count.
    """
    found: dict[str, float] = {}
    since = 0.0
    for name, modules in PHASES.items():
        mine = [s for s in steps if s["step"] in modules and s["variant"] != "plan" and s["began"] >= since]
        if mine:
            since = min(s["began"] for s in mine)
            found[name] = max(s["began"] + s["seconds"] for s in mine) - since
    return found


def report(clusters: Clusters, repeat: int) -> Table:
    here = places()
    _lab, state = connect(here)
    found: dict[str, list[float]] = {}
    for _time in range(repeat):
        with tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
            folder = pathlib.Path(name)
            bring_about(here, "healthy")
            own = Inventory(clusters.kubeconfig, here.bin / "subctl", state.version).document()["all"]["vars"]
            play = Play(clusters, folder, **own, submariner_quiet=True, submariner_report_dir=str(folder / "report"))
            reinstall = ROOT / "playbooks" / "reinstall.yml"
            whole = play.playbook(reinstall, "-e", "submariner_confirm=reinstall").seconds
            _head, steps = _journal.read(str(folder / "report" / _journal.NAME))
            bring_about(here, "healthy")
            for row, seconds in {PLAYBOOK: whole, **phases(steps), SHELL: _shell(clusters, folder)}.items():
                found.setdefault(row, []).append(seconds)
    rows = [(name, *spread(figures)) for name, figures in found.items()]
    return table("Reinstallation (lab, two clusters)", ("", "runs", "min s", "median s", "max s"), rows, *_NOTES)


def _shell(clusters: Clusters, folder: pathlib.Path) -> float:
    here = places()
    lab, _state = connect(here)
    env = {**os.environ, "KUBECONFIG": str(clusters.kubeconfig), "PATH": f"{here.bin}:{os.environ['PATH']}"}
    broker, subctl = clusters.names[0], str(here.bin / "subctl")
    kubectl = [str(here.bin / "kubectl"), "--context"]
    selected = ["nodes", "-l", "submariner.io/gateway=true", "-o", "name"]
    gateways = {n: measure([*kubectl, n, "get", *selected], folder, env).output.split() for n in clusters.names}
    seconds = by_shell(clusters, folder)
    # An uninstall takes the label away, and a join without it asks (measured.md).
    for name, nodes in gateways.items():
        seconds += measure([*kubectl, name, "label", *nodes, "submariner.io/gateway=true"], folder, env).seconds
    address = f"https://{lab.control_plane_address(broker)}:6443"
    calls: list[tuple[str, ...]] = [("deploy-broker", "--context", broker, "--broker-url", address)]
    network = ("--cable-driver", "vxlan", "--natt=false", "--air-gapped")
    calls += [("join", "--context", name, "broker-info.subm", "--clusterid", name, *network) for name in clusters.names]
    seconds += sum(measure([subctl, *call], folder, env).seconds for call in calls)
    return seconds + sum(_connected(kubectl[0], name, folder, env) for name in clusters.names)


def _connected(kubectl: str, name: str, folder: pathlib.Path, env: t.Mapping[str, str]) -> float:
    """Asks until all that this cluster's gateways say of connections is that they are connected."""
    begin = time.monotonic()
    ask = [
        "--context",
        name,
        "-n",
        "submariner-operator",
        "get",
        "gateways.submariner.io",
        "-o",
        f"jsonpath={_CONNECTED}",
    ]
    while time.monotonic() < begin + _LIMIT:
        words = set(measure([kubectl, *ask], folder, env).output.split())
        if words == {"connected"}:
            return time.monotonic() - begin
        time.sleep(1.0)
    raise Failed(f"{name} is not connected after {_LIMIT:.0f} s.")
