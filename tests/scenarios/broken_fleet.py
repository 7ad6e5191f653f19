# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nine things wrong at once before an installation: preflight finds each of them, and invents none."""

from __future__ import annotations

from collections.abc import Iterator
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


ON_THE_CLUSTERS: dict[str, Bring] = {
    "node.rp-filter": _strict_filter,
    "node.port-in-use": taken,
    "broker.second": made(MEMBER, _NAMESPACE),
    "residue.left": made(MEMBER, _ROLE),
    "gateway.unknown-setting": patched(MEMBER, _worker, _UNKNOWN_SETTING),
    "broker.unreachable-from-pods": dropping("-d", "{broker}", "-p", "tcp", "--dport", "6443"),
}
"""What is brought about, by the finding that it has to give."""


def asked(stage: Stage) -> Inventory:
    """An inventory that asks for what will not work, and for every look that preflight can take."""
    inventory = stage.inventory()
    version = inventory.version
    inventory.common |= {"submariner_preflight_nodes": True, "submariner_preflight_images": True}
    inventory.common |= {"submariner_repository": "quay.io/nobody"}
    # So that the pods of preflight itself come up.
    for variable, image in {"node": "submariner-route-agent", "nettest": "nettest"}.items():
        inventory.common[f"submariner_{variable}_image"] = f"quay.io/submariner/{image}:{version}"
    inventory.version = "release-0.19"
    inventory.hosts[MEMBER] = {"submariner_cluster_cidr": pod_subnet(stage.fleet.names.index(BROKER))}
    return inventory


IN_THE_INVENTORY = frozenset({"image.not-pulled", "version.target-unstable", "addressing.overlap"})


def broken_fleet(stage: Stage) -> None:
    stage.damage("clean")
    usual = {item["id"] for item in findings(stage, "without")[1]}
    with ExitStack() as faults:
        for bring in ON_THE_CLUSTERS.values():
            faults.enter_context(bring(stage))
        run, items = findings(stage, "with all", asked(stage))
    found = {item["id"] for item in items} - usual
    wanted = IN_THE_INVENTORY | set(ON_THE_CLUSTERS)
    stage.notes.append(f"{len(wanted)} faults")
    stage.require(sorted(wanted - found), "each is found")
    stage.require(sorted(found - wanted), "none is invented")
    stage.require([] if run.code else ["it ended with 0"], "the run does not go on")
