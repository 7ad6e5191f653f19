# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of Submariner, brought about by the commands with which the recordings and measurements were made.

A state is a list of steps, done one after the other on clusters that were reset first.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import web
from tests.lab.clusters import Clusters
from tests.lab.config import LabError, Places
from tests.lab.lab import connect
from tests.lab.operator import Operator
from tests.lab.process import Done, last_line, parallel, run, wait_until
from tests.lab.reset import reset
from tests.lab.state import locked
from tests.lab.steps import say, step

_NAMESPACE = "submariner-operator"
_BROKER_NAMESPACE = "submariner-k8s-broker"
_GATEWAY_LABEL = "submariner.io/gateway"
_BROKER_INFO = "broker-info.subm"
_PATIENCE = 20.0  # of the user who then presses Ctrl-C
_SLICE = 0.3  # seconds; a workload takes longer to be ready
_SUBCTL_LIMIT = 660.0
_CONNECT_LIMIT = 300.0
_GONE_LIMIT = 240.0
_UNINSTALL_LIMIT = 240.0


@dataclass(frozen=True)
class Stage:
    clusters: Clusters
    names: tuple[str, ...]
    folder: Path
    """Where subctl leaves the broker info."""

    def subctl(self, *arguments: str, check: bool = True) -> int:
        argv = [str(self.clusters.places.bin / "subctl"), *arguments]
        done = run(argv, env=self.clusters.environment(), cwd=self.folder, timeout=_SUBCTL_LIMIT, check=False)
        if check and done.rc != 0:
            raise LabError(f"subctl {arguments[0]} failed: {_said(done.err or done.out)}")
        return done.rc

    def start_subctl(self, *arguments: str) -> subprocess.Popen[str]:
        argv = [str(self.clusters.places.bin / "subctl"), *arguments]
        return subprocess.Popen(
            argv, env=self.clusters.environment(), cwd=self.folder, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def objects(self, cluster: str, kind: str) -> list[dict[str, Any]]:
        """Of the operator's namespace; none where the kind is not known."""
        answer = self.clusters.kubectl(cluster, "-n", _NAMESPACE, "get", kind, "-o", "json", check=False)
        items: list[dict[str, Any]] = json.loads(answer.out)["items"] if answer.rc == 0 else []
        return items


@dataclass(frozen=True)
class Step:
    text: str
    act: Callable[[Stage], None]


def _said(output: str) -> str:
    """subctl's reason stands before the line with its version."""
    return last_line("\n".join(line for line in output.splitlines() if not line.startswith("subctl version")))


def _join_arguments(cluster: str, cluster_id: str) -> tuple[str, ...]:
    network = ("--cable-driver", "vxlan", "--natt=false", "--air-gapped")
    return ("join", "--context", cluster, _BROKER_INFO, "--clusterid", cluster_id, *network)


def _broker_arguments(stage: Stage, cluster: str) -> tuple[str, ...]:
    address = stage.clusters.control_plane_address(cluster)
    return ("deploy-broker", "--context", cluster, "--broker-url", f"https://{address}:6443")


def _gateway_node(stage: Stage, cluster: str) -> str:
    """The first worker; in a cluster without workers the control plane."""
    nodes = sorted(node.name for node in stage.clusters.nodes() if node.cluster == cluster)
    return next((name for name in nodes if "-worker" in name), nodes[0])


def label_gateway(cluster: str) -> Step:
    def act(stage: Stage) -> None:
        node = _gateway_node(stage, cluster)
        stage.clusters.kubectl(cluster, "label", "node", node, f"{_GATEWAY_LABEL}=true", "--overwrite")

    return Step(f"{cluster}: label a gateway node", act)


def unlabel_gateway(cluster: str) -> Step:
    def act(stage: Stage) -> None:
        stage.clusters.kubectl(cluster, "label", "node", _gateway_node(stage, cluster), f"{_GATEWAY_LABEL}-")

    return Step(f"{cluster}: take the gateway label off", act)


def deploy_broker(cluster: str, *more: str) -> Step:
    return Step(
        " ".join((f"{cluster}: subctl deploy-broker", *more)),
        lambda stage: _ran(stage.subctl(*_broker_arguments(stage, cluster), *more)),
    )


def join(cluster: str, cluster_id: str) -> Step:
    arguments = _join_arguments(cluster, cluster_id)
    return Step(f"{cluster}: subctl join --clusterid {cluster_id}", lambda stage: _ran(stage.subctl(*arguments)))


def forget(cluster_id: str) -> Step:
    """Without its Cluster record a join with the same ID is not refused (measured.md)."""
    command = ("-n", _BROKER_NAMESPACE, "delete", "clusters.submariner.io", cluster_id)
    return Step(
        f"east: delete the broker's Cluster record of {cluster_id}",
        lambda stage: _done(stage.clusters.kubectl("east", *command)),
    )


def registered_as(cluster: str, cluster_id: str) -> Step:
    """Until its gateway has made its Endpoint; that of the other one with this ID goes from the broker then."""

    def there(stage: Stage) -> bool:
        node = _gateway_node(stage, cluster)
        specs = [item["spec"] for item in stage.objects(cluster, "endpoints.submariner.io")]
        return any((spec["cluster_id"], spec["hostname"]) == (cluster_id, node) for spec in specs)

    def act(stage: Stage) -> None:
        if not wait_until(lambda: there(stage), _CONNECT_LIMIT, 0.5):
            raise LabError(f"{cluster}: no Endpoint of its own under {cluster_id} after {_CONNECT_LIMIT:.0f} s")

    return Step(f"{cluster}: wait for its Endpoint as {cluster_id}", act)


def join_refused(cluster: str, cluster_id: str) -> Step:
    def act(stage: Stage) -> None:
        if stage.subctl(*_join_arguments(cluster, cluster_id), check=False) == 0:
            raise LabError(
                f"subctl join --clusterid {cluster_id} was not refused: the ghost of {cluster_id} is missing"
            )

    return Step(f"{cluster}: subctl join --clusterid {cluster_id}, which is refused", act)


def uninstall(cluster: str) -> Step:
    command = ("uninstall", "--yes", "--context", cluster)
    return Step(f"{cluster}: subctl uninstall", lambda stage: _ran(stage.subctl(*command)))


def _done(_answer: Done) -> None:
    """The same of kubectl."""


def _ran(_rc: int) -> None:
    """A step's result is its effect."""


def join_all() -> Step:
    def act(stage: Stage) -> None:
        for name in stage.names:
            label_gateway(name).act(stage)
            join(name, name).act(stage)

    return Step("all: label gateway nodes, subctl join", act)


def connected(ids: Mapping[str, tuple[str, ...]] | None = None) -> Step:
    """Every cluster's gateway is connected to these cluster IDs (default: the names of all others)."""

    def act(stage: Stage) -> None:
        wanted = ids or {name: tuple(other for other in stage.names if other != name) for name in stage.names}
        missing: list[str] = []

        def all_connected() -> bool:
            missing[:] = [
                f"{name} to {remote}"
                for name, remotes in wanted.items()
                for remote in sorted(set(remotes) - _connections(stage, name))
            ]
            return not missing

        if not wait_until(all_connected, _CONNECT_LIMIT, 1.0):
            raise LabError(f"not connected after {_CONNECT_LIMIT:.0f} s: {', '.join(missing)}")

    return Step("wait for the connections", act)


def _connections(stage: Stage, cluster: str) -> set[str]:
    return {
        str(connection.get("endpoint", {}).get("cluster_id"))
        for gateway in stage.objects(cluster, "gateways.submariner.io")
        for connection in gateway.get("status", {}).get("connections") or []
        if connection.get("status") == "connected"
    }


def serve_web() -> Step:
    def act(stage: Stage) -> None:
        parallel(lambda name: web.deploy(stage.clusters, name), stage.names)

    return Step(f"all: deploy the Service {web.NAME}", act)


def export_web(cluster: str) -> Step:
    def act(stage: Stage) -> None:
        stage.subctl("export", "service", web.NAME, "--namespace", web.NAMESPACE, "--context", cluster)
        web.await_exported(stage.clusters, stage.names)

    return Step(f"{cluster}: subctl export service {web.NAME}", act)


def gone(cluster: str) -> Step:
    def left(stage: Stage) -> list[str]:
        namespace = stage.clusters.kubectl(cluster, "get", "namespace", _NAMESPACE, "--ignore-not-found", "-o", "name")
        definitions = json.loads(stage.clusters.kubectl(cluster, "get", "customresourcedefinitions", "-o", "json").out)
        going = [d["metadata"]["name"] for d in definitions["items"] if d["metadata"].get("deletionTimestamp")]
        return [*namespace.out.split(), *going]

    def act(stage: Stage) -> None:
        if not wait_until(lambda: not left(stage), _GONE_LIMIT, 0.5):
            raise LabError(f"{cluster}: still there after {_GONE_LIMIT:.0f} s: {', '.join(left(stage))}")

    return Step(f"{cluster}: wait until the namespace is gone", act)


def hangs(text: str, arguments: Callable[[Stage], tuple[str, ...]]) -> Step:
    """The command is expected to hang and gets Ctrl-C; one that ends by itself has not met the race.

    A slow command looks the same: `gone` after it shows that the operator's namespace did go.
    """

    def act(stage: Stage) -> None:
        process = stage.start_subctl(*arguments(stage))
        try:
            output, _errors = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            _interrupt(process)
            return
        raise LabError(f"{text} did not hang but ended with {process.returncode}: {_said(output)}")

    return Step(f"{text}, which hangs, and Ctrl-C after {_PATIENCE:.0f} s", act)


def _interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def uninstall_with_operator_killed(cluster: str) -> Step:
    """The operator is killed when both uninstall DaemonSets are there; subctl waits for it in vain.

    It works a little at a time: a quick uninstall would be over before they are seen. The Deployment of lighthouse may have
    come and gone by then: a controller of its own sees to it.
    """

    def act(stage: Stage) -> None:
        operator = Operator.of(stage.clusters, cluster)
        process = stage.start_subctl("uninstall", "--yes", "--context", cluster)

        def created() -> bool:
            operator.work(_SLICE)
            return len(_cleaners(stage, cluster, "daemonsets")) >= 2 or process.poll() is not None

        try:
            if not wait_until(created, _UNINSTALL_LIMIT, 0) or process.poll() is not None:
                raise LabError(f"{cluster}: two uninstall DaemonSets were not seen before subctl ended")
            operator.kill()
            if wait_until(lambda: process.poll() is not None, _PATIENCE, 0.2):
                raise LabError(f"{cluster}: subctl uninstall ended although its operator was killed")
        finally:
            _interrupt(process)

    return Step(f"{cluster}: subctl uninstall, operator killed meanwhile, Ctrl-C after {_PATIENCE:.0f} s", act)


def _cleaners(stage: Stage, cluster: str, kinds: str) -> list[dict[str, Any]]:
    return [item for item in stage.objects(cluster, kinds) if item["metadata"]["name"].endswith("-uninstall")]


def uninstall_workloads_run(cluster: str) -> Step:
    def run_now(stage: Stage) -> bool:
        mine = _cleaners(stage, cluster, "daemonsets,deployments")
        return len(mine) >= 2 and all(_all_ready(item.get("status", {})) for item in mine)

    def act(stage: Stage) -> None:
        if not wait_until(lambda: run_now(stage), _UNINSTALL_LIMIT, 0.5):
            raise LabError(f"{cluster}: the uninstall workloads do not run after {_UNINSTALL_LIMIT:.0f} s")

    return Step(f"{cluster}: wait for the uninstall workloads", act)


def _all_ready(status: dict[str, Any]) -> bool:
    wanted = status.get("desiredNumberScheduled", status.get("replicas", 0))
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    return bool(wanted == ready)


_HEALTHY = (deploy_broker("east"), join_all(), connected())
_GLOBALNET = (deploy_broker("east", "--globalnet"), join_all(), connected(), serve_web(), export_web("west"))
_LABEL_REMOVED = (*_HEALTHY, unlabel_gateway("west"), uninstall("west"))
_SECOND_ID = (
    *_LABEL_REMOVED, gone("west"), label_gateway("west"), join_refused("west", "west"), join("west", "west2"),
    connected({"east": ("west", "west2"), "west": ("east",)}),
)  # fmt: skip

STATES: dict[str, tuple[Step, ...]] = {
    "clean": (),
    "healthy": _HEALTHY,
    "service-exported": (*_HEALTHY, serve_web(), export_web("west")),
    "globalnet": _GLOBALNET,
    "globalnet-west-uninstalled": (*_GLOBALNET, uninstall("west"), gone("west")),
    "west-uninstalled": (*_HEALTHY, uninstall("west"), gone("west")),
    "label-removed-first": _LABEL_REMOVED,
    "joined-as-second-id": _SECOND_ID,
    "one-id": (
        *_HEALTHY, uninstall("west"), gone("west"), label_gateway("west"), forget("east"), join("west", "east"),
        registered_as("west", "east"),
    ),
    "operator-killed-mid-uninstall": (
        *_HEALTHY, uninstall_with_operator_killed("west"), uninstall_workloads_run("west"),
    ),
    "race-deploy-broker": (
        *_HEALTHY, uninstall("west"), uninstall("east"),
        hangs("east: subctl deploy-broker", lambda stage: _broker_arguments(stage, "east")), gone("east"),
    ),
    "race-join": (
        *_HEALTHY, uninstall("west"), label_gateway("west"),
        hangs("west: subctl join", lambda stage: _join_arguments("west", "west")), gone("west"),
    ),
    # no gateway pod is left to remove west2's Endpoint, so that the 3 and 2 Endpoints of the report stay
    "3411": (
        *_SECOND_ID, deploy_broker("west"), unlabel_gateway("west"),
        uninstall_with_operator_killed("west"), uninstall_workloads_run("west"),
    ),
}  # fmt: skip


def bring_about(places: Places, name: str) -> None:
    if name not in STATES:
        raise LabError(f"damage: no state {name}; states are {', '.join(STATES)}")
    with locked(places):
        clusters, state = connect(places)
        names = tuple(state.clusters)
        if len(names) < 2 and STATES[name]:
            raise LabError(f"damage {name}: two clusters are needed, the lab has {len(names)}")
        state.damage = "being changed"
        state.save(places)
        with step("all: reset"):
            parallel(lambda cluster: reset(clusters, cluster, state.clusters[cluster].baseline), names)
        folder = places.home / "broker"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        stage = Stage(clusters, names, folder)
        for one in STATES[name]:
            with step(one.text):
                one.act(stage)
        state.damage = "" if name == "clean" else name
        state.save(places)
        say(f"state {name} reached")
