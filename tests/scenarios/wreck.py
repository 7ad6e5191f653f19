# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody has tried to help himself: parts of a healthy installation are torn out by chance, then it is reinstalled.

The number of a wreck is its seed, so that each can be repeated. The run begins at once, while things are still going.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.process import run
from tests.scenarios.fleet import BROKER, now
from tests.scenarios.judge import BROKER_NAMESPACE, MEMBER_NAMESPACE
from tests.scenarios.stage import CONFIRM, Stage

SEEDS = range(1, 13)
BLOWS_EACH = 4
_LIMIT = 120.0
_LATER = ("--ignore-not-found", "--wait=false")


@dataclass(frozen=True)
class Blow:
    """What is done to one cluster; it may find that another one has taken its object already."""

    text: str
    kubectl: tuple[str, ...] = ()
    node: str = ""
    """A shell script for each of the nodes."""
    subctl: tuple[str, ...] = ()
    seconds: int = 0
    """After which subctl gets Ctrl-C."""
    broker: bool = False
    """Only the broker's cluster has what it hits."""


def _delete(kind: str, *names: str, namespace: str = MEMBER_NAMESPACE, broker: bool = False) -> Blow:
    place = ("-n", namespace) if namespace else ()
    what = names or ("--all",)
    text = f"delete {kind} {' '.join(what)}{f' in {namespace}' if namespace else ''}"
    return Blow(text, kubectl=(*place, "delete", kind, *what, *_LATER), broker=broker)


def _definition(plural: str) -> Blow:
    return _delete("customresourcedefinition", f"{plural}.submariner.io", namespace="")


def _patch(kind: str, name: str, patch: str) -> Blow:
    command = ("-n", MEMBER_NAMESPACE, "patch", kind, name, "--type=merge", "-p", patch)
    return Blow(f"patch {kind} {name} with {patch}", kubectl=command)


def _broker_delete(kind: str, *names: str) -> Blow:
    return _delete(kind, *names, namespace=BROKER_NAMESPACE, broker=True)


BLOWS: tuple[Blow, ...] = (
    _definition("endpoints"),
    _definition("clusters"),
    _definition("gateways"),
    _definition("submariners"),
    _definition("servicediscoveries"),
    _delete("submariner.submariner.io"),
    _delete("servicediscovery.submariner.io"),
    _delete("deployment", "submariner-operator"),
    _delete("daemonset", "submariner-gateway"),
    _delete("daemonset", "submariner-routeagent"),
    _delete("deployment", "submariner-lighthouse-agent", "submariner-lighthouse-coredns"),
    _delete("secret"),
    _delete("serviceaccount", "submariner-operator", "submariner-gateway"),
    _delete("configmap"),
    _delete("endpoints.submariner.io"),
    _delete("clusters.submariner.io"),
    _delete("namespace", MEMBER_NAMESPACE, namespace=""),
    _delete("clusterrole", "submariner-operator", "submariner-gateway", namespace=""),
    _delete("clusterrolebinding", "submariner-operator", "submariner-routeagent", namespace=""),
    _patch("deployment", "submariner-operator", '{"spec":{"replicas":0}}'),
    _patch("submariner.submariner.io", "submariner", '{"metadata":{"finalizers":null}}'),
    _patch("submariner.submariner.io", "submariner", '{"spec":{"brokerK8sApiServer":"192.0.2.1:6443"}}'),
    _patch("submariner.submariner.io", "submariner", '{"spec":{"clusterID":"elsewhere"}}'),
    Blow("take the label off all gateways", kubectl=("label", "nodes", "--all", "submariner.io/gateway-")),
    Blow("label all nodes as gateways", kubectl=("label", "nodes", "--all", "submariner.io/gateway=true")),
    Blow("delete the links on the nodes", node="ip link delete vx-submariner; ip link delete vxlan-tunnel"),
    Blow("flush the tables on the nodes", node="ip route flush table 100; ip route flush table 150"),
    Blow("flush a chain on the nodes", node="iptables -w 10 -t nat -F SUBMARINER-POSTROUTING"),
    Blow("subctl uninstall, Ctrl-C after 3 s", subctl=("uninstall", "--yes"), seconds=3),
    Blow("subctl uninstall, Ctrl-C after 20 s", subctl=("uninstall", "--yes"), seconds=20),
    _broker_delete("namespace", BROKER_NAMESPACE),
    _broker_delete("endpoints.submariner.io"),
    _broker_delete("clusters.submariner.io"),
    _broker_delete("serviceaccount"),
    _broker_delete("secret"),
    _broker_delete("rolebinding"),
    _broker_delete("configmap"),
    _delete("broker.submariner.io", broker=True),
)  # fmt: skip


def drawn(seed: int, clusters: tuple[str, ...]) -> list[tuple[str, Blow]]:
    """Where and what, in the order in which it is done; those that leave nothing to hit come last."""
    draw = random.Random(seed)  # noqa: S311  a sample, no secret
    blows = [(BROKER if blow.broker else draw.choice(clusters), blow) for blow in draw.sample(BLOWS, BLOWS_EACH)]
    return sorted(blows, key=lambda pair: bool(pair[1].subctl) or "delete namespace" in pair[1].text)


def by(seed: int) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.damage("healthy")
        for cluster, blow in drawn(seed, stage.fleet.names):
            stage.notes.append(f"{cluster}: {blow.text}")
            _strike(stage, cluster, blow)
        since = now()
        stage.succeed("reinstall", *CONFIRM)
        stage.require_whole(since)
        keys = set(stage.fleet.psks().values())
        stage.require([] if len(keys) == 1 else [f"{len(keys)} different ones"], "the members share one PSK")

    return act


def _strike(stage: Stage, cluster: str, blow: Blow) -> None:
    lab = stage.fleet.lab
    stage.say(f"{cluster}: {blow.text}")
    if blow.kubectl:
        lab.kubectl(cluster, *blow.kubectl, check=False, timeout=_LIMIT)
    if blow.node:
        for node in (node.name for node in lab.nodes() if node.cluster == cluster):
            lab.in_node(node, "sh", "-c", blow.node, check=False)
    if blow.subctl:
        cut = ("timeout", "--signal=INT", "--kill-after=10", str(blow.seconds))
        command = [*cut, str(stage.fleet.places.bin / "subctl"), *blow.subctl, "--context", cluster]
        run(command, env=lab.environment(), check=False, timeout=_LIMIT)
