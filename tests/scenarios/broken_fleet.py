# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight things wrong before an installation: preflight finds each, and invents none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.lab.config import pod_subnet
from tests.scenarios.faults.edits import made, patched
from tests.scenarios.faults.fault import BROKER_NAMESPACE, MEMBER, Bring
from tests.scenarios.fleet import BROKER
from tests.scenarios.inventory import Inventory
from tests.scenarios.paths import dropping, findings, taken
from tests.scenarios.stage import Stage

_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BROKER_NAMESPACE}}
_ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "submariner-gateway"},
    "rules": [],
}
_UNKNOWN_SETTING = {
    "metadata": {"annotations": {"gateway.submariner.io/speed": "high"}, "labels": {"submariner.io/gateway": "true"}}
}


def _worker(stage: Stage) -> tuple[str, str]:
    """West's nodes have no gateway label yet."""
    name = next(n.name for n in stage.fleet.lab.nodes() if n.cluster == MEMBER and "-worker" in n.name)
    return ("node", name)


@contextmanager
def _strict_filter(stage: Stage) -> Iterator[None]:
    """Answers from other clusters are dropped on west's nodes."""
    key = "net.ipv4.conf.all.rp_filter"
    nodes = [node.name for node in stage.fleet.lab.nodes() if node.cluster == MEMBER]
    before = {node: stage.fleet.lab.in_node(node, "sysctl", "-n", key).out.strip() for node in nodes}
    try:
        for node in nodes:
            stage.fleet.lab.in_node(node, "sysctl", "-w", f"{key}=1")
        yield
    finally:
        for node, value in before.items():
            stage.fleet.lab.in_node(node, "sysctl", "-w", f"{key}={value}")


SEEN: dict[str, Bring] = {
    "broker.second": made(MEMBER, _NAMESPACE),
    "residue.left": made(BROKER, _ROLE),
    "gateway.unknown-setting": patched(MEMBER, _worker, _UNKNOWN_SETTING),
}
"""What one reading of each cluster shows, by the finding that it has to give."""

TRIED: dict[str, Bring] = {
    "node.rp-filter": _strict_filter,
    "node.port-in-use": taken,
    "broker.unreachable-from-pods": dropping("-d", "{broker}", "-p", "tcp", "--dport", "6443"),
}
"""What only pods find out, which are not started where something else is in the way already."""


def asked(stage: Stage) -> Inventory:
    """With a look at the nodes, which preflight takes on request."""
    inventory = stage.inventory()
    inventory.common["submariner_preflight_nodes"] = True
    return inventory


def hopeless(stage: Stage) -> Inventory:
    """The same, and what no cluster could make good."""
    inventory = asked(stage)
    # So that the pods of preflight itself could come up.
    for variable, image in {"node": "submariner-route-agent", "nettest": "nettest"}.items():
        inventory.common[f"submariner_{variable}_image"] = f"quay.io/submariner/{image}:{inventory.version}"
    inventory.version = "release-0.19"
    inventory.hosts[MEMBER] = {"submariner_cluster_cidr": pod_subnet(stage.fleet.names.index(BROKER))}
    return inventory


LOOKS: dict[str, tuple[Callable[[Stage], Inventory], frozenset[str]]] = {
    "with all but two": (asked, frozenset({*SEEN, *TRIED})),
    "with all": (hopeless, frozenset({*SEEN, "version.target-unstable", "addressing.overlap"})),
}


def broken_fleet(stage: Stage) -> None:
    stage.damage("clean")
    usual = {item["id"] for item in findings(stage, "without")[1]}
    with ExitStack() as faults:
        for bring in (*SEEN.values(), *TRIED.values()):
            faults.enter_context(bring(stage))
        for name, (inventory, wanted) in LOOKS.items():
            run, items = findings(stage, name, inventory(stage))
            found = {item["id"] for item in items} - usual
            stage.require(sorted(wanted - found), f"{name}: each is found")
            stage.require(sorted(found - wanted), f"{name}: none is invented")
            stage.require([] if run.code else ["it ended with 0"], f"{name}: the run does not go on")
