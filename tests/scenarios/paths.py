# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way between clusters: preflight names it, and nothing else. And a load balancer without an address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.scenarios.firewall import gateways
from tests.scenarios.fleet import BROKER
from tests.scenarios.inventory import Inventory
from tests.scenarios.judge import MEMBER_NAMESPACE, records
from tests.scenarios.playbook import Playbook, Run
from tests.scenarios.stage import CONFIRM, ScenarioFailed, Stage

Json = dict[str, Any]
Bring = Callable[[Stage], AbstractContextManager[None]]

_MEMBER = "west"
# Holds the port for ten minutes at most, whatever becomes of the scenario.
_TAKER = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 4500)); time.sleep(600)"
_PAUSE = 2.0
_READY = ("-e", "submariner_join_ready_timeout=60")


@dataclass(frozen=True)
class Obstacle:
    bring: Bring
    finds: frozenset[str]
    says: tuple[str, ...] = ()
    """Words of one of these findings."""
    stops: bool = True
    """Whether it ends the run."""


def _worker(stage: Stage, cluster: str) -> str:
    return next(node for node, of in gateways(stage).items() if of == cluster)


def dropping(*rule: str, on: str = "all") -> Bring:
    """Packets that arrive at nodes of west (its gateway alone, or all of them), or pass there, and match are lost."""

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        names = sorted(node.name for node in stage.fleet.lab.nodes() if node.cluster == _MEMBER)
        nodes = [_worker(stage, _MEMBER)] if on == "gateway" else names
        broker = stage.fleet.lab.control_plane_address(BROKER)
        words = [word.format(broker=broker) for word in rule]
        try:
            for node in nodes:
                stage.fleet.lab.in_node(node, "iptables", "-w", "-t", "raw", "-I", "PREROUTING", *words, "-j", "DROP")
            yield
        finally:
            for node in nodes:
                undo = ("iptables", "-w", "-t", "raw", "-D", "PREROUTING", *words, "-j", "DROP")
                stage.fleet.lab.in_node(node, *undo, check=False)

    return bring


@contextmanager
def taken(stage: Stage) -> Iterator[None]:
    """Another program of west's gateway node has the port of the tunnels."""
    node = _worker(stage, _MEMBER)
    start = f'setsid python3 -c "{_TAKER}" > /dev/null 2>&1 < /dev/null & echo $!'
    pid = stage.fleet.lab.in_node(node, "sh", "-c", start).out.strip()
    if not pid.isdigit():
        raise ScenarioFailed(f"no program was started on {node}: {pid}")
    try:
        yield
    finally:
        stage.fleet.lab.in_node(node, "kill", pid, check=False)


OBSTACLES: dict[str, Obstacle] = {
    "port-taken": Obstacle(taken, frozenset({"port.taken"}), ("west-worker", "UDP 4500", "taken by python3")),
    # The controller reaches the broker by another way than the members.
    "broker-unreachable": Obstacle(
        dropping("-d", "{broker}", "-p", "tcp", "--dport", "6443"),
        frozenset({"broker.unreachable-from-pods"}),
        ("west -> https://",),
    ),
    # Half a tunnel is enough for Submariner, so this is a warning.
    "one-way": Obstacle(
        dropping("-p", "udp", "--dport", "4500", on="gateway"),
        frozenset({"port.filtered"}),
        ("-> gateway node west-worker of west, UDP 4500",),
        stops=False,
    ),
    "icmp-dropped": Obstacle(dropping("-p", "icmp"), frozenset(), stops=False),
}


def by(name: str) -> Callable[[Stage], None]:
    obstacle = OBSTACLES[name]

    def act(stage: Stage) -> None:
        stage.damage("clean")
        usual = {item["id"] for item in findings(stage, "without")[1]}
        with obstacle.bring(stage):
            run, found = findings(stage, name)
        stage.require(
            unclear(obstacle, run, [item for item in found if item["id"] not in usual]), "named, and no other"
        )

    return act


def findings(stage: Stage, name: str, inventory: Inventory | None = None) -> tuple[Run, list[Json]]:
    """One run of preflight, by default with the ports tried, and what speaks against an installation."""
    if inventory is None:
        inventory = stage.inventory()
        inventory.common["submariner_preflight_ports"] = True
    inventory.common["submariner_report_dir"] = str(stage.folder)
    report = stage.folder / "preflight.json"
    report.unlink(missing_ok=True)
    run = stage.play("preflight", inventory=inventory, name=name)
    if not report.exists():
        raise ScenarioFailed(f"preflight ended with {run.code} and no report")
    return run, [item for item in json.loads(report.read_text())["findings"] if item["severity"] != "info"]


def unclear(obstacle: Obstacle, run: Run, found: list[Json]) -> list[str]:
    """What of the report is not as the obstacle makes it."""
    ids = {item["id"] for item in found}
    complaints = [f"{name} is not found" for name in sorted(obstacle.finds - ids)]
    complaints += [f"{item['id']}: {item['subject']}" for item in found if item["id"] not in obstacle.finds]
    lines = [f"{item['subject']} {item['observed']}" for item in found if item["id"] in obstacle.finds]
    complaints += [f"{words!r} is not said" for words in obstacle.says if not any(words in line for line in lines)]
    ends = run.code != 0
    return complaints + ([] if ends == obstacle.stops else [f"it ended with {run.code}"])


def load_balancer(stage: Stage) -> None:
    """Gateways that wait for an address are named; once the Service has one, the next run ends well."""
    stage.damage("clean")
    inventory = stage.inventory()
    inventory.common |= {"submariner_load_balancer": True, "submariner_air_gapped": False}
    first = stage.play("install", *_READY, inventory=inventory, name="without an address")
    said = " ".join(failure.message for failure in first.failures)
    stage.require([] if first.code else ["it ended with 0"], "it is not taken for ready")
    wanted = f"[gateway.no-load-balancer] cluster {BROKER}"
    stage.require([] if wanted in said else [said or "nothing"], "the load balancer is named")
    with stage.playbook("install", inventory=inventory) as running:
        given = _addresses_given(stage, running)
        again = running.finish()
    stage.notes.append(f"with addresses {again.seconds:.0f} s")
    stage.require([] if again.code == 0 else [f.message for f in again.failures] or ["no message"], "then it succeeds")
    stage.require_whole()
    addresses = {
        item["spec"]["cluster_id"]: item["spec"]["public_ip"]
        for item in records(stage.fleet.objects()[BROKER], "Endpoint")
    }
    stage.require([] if addresses == given else [f"{addresses}, not {given}"], "Endpoints have the Services' addresses")
    stage.succeed("reinstall", *CONFIRM)  # back to what the other scenarios expect


def _addresses_given(stage: Stage, running: Playbook) -> dict[str, str]:
    """What the controller of load balancers does: each Service gets an address once it is there, here its gateway node's."""
    given: dict[str, str] = {}
    while running.process.poll() is None and len(given) < len(stage.fleet.names):
        for cluster in set(stage.fleet.names) - set(given):
            where = ("-n", MEMBER_NAMESPACE, "service", "submariner-gateway")
            if stage.fleet.lab.kubectl(cluster, "get", *where, check=False).rc == 0:
                address = _address(stage, cluster)
                status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
                stage.fleet.lab.kubectl(cluster, "patch", *where, "--subresource=status", "--type=merge", "-p", status)
                given[cluster] = address
        time.sleep(_PAUSE)
    return given


def _address(stage: Stage, cluster: str) -> str:
    node = json.loads(stage.fleet.lab.kubectl(cluster, "get", "node", _worker(stage, cluster), "-o", "json").out)
    return next(str(entry["address"]) for entry in node["status"]["addresses"] if entry["type"] == "InternalIP")
