# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways of one cluster: active and standing by (submariner.md 4.4); pure. Private, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    GATEWAY_LABEL,
    WARNING,
    Finding,
    Gateway,
    Json,
    Node,
    Snapshot,
    mapping,
    same_host,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator_death import seconds_since

STATUS_LABEL = "gateway.submariner.io/status"
"""What a gateway's pod says of itself by a label."""

STALE = 20.0
"""Seconds without an update: a Gateway is updated every 5 s, and taken away by the active one after 15."""


def check_gateways(member: Snapshot, cluster_id: str) -> list[Finding]:
    """Exactly one gateway is active, all others stand by, and none of their records is an old claim."""
    if not member.installed:
        return []
    nodes = [n for n in member.nodes if n.gateway == "true"]
    gateways = member.gateways
    findings = []
    if not nodes:
        findings.append(
            Finding(
                "gateway.no-node",
                ERROR,
                f"cluster {cluster_id}",
                f"no node carries {GATEWAY_LABEL}=true",
                "a gateway node",
                hint="label a node, which starts a gateway there",
            )
        )
    active = [g for g in gateways if g.ha_status == "active"]
    if len(active) != 1:
        findings.append(not_one_active(cluster_id, len(active)))
    for gateway in gateways:
        findings += _gateway(member, gateway, nodes, cluster_id)
    if gateways:
        findings += [
            _no_record(n, cluster_id) for n in nodes if n.ready and not any(_is_on(member, g, n) for g in gateways)
        ]
    return findings + no_load_balancer(member, cluster_id)


def active_pods(member: Snapshot) -> list[Json]:
    """The gateway pods that are active.

    Nothing but the pod itself takes the mark away, and a DaemonSet's pod stays on a node that died: there the mark counts only
    while the Gateway is updated, since a node may have lost its kubelet alone.
    """
    running = [g for g in member.gateways if g.ha_status == "active" and _is_updated(g, member.clock_of("gateways"))]
    dead = {n.name for n in member.nodes if not n.ready and not any(_is_on(member, g, n) for g in running)}
    return [
        pod
        for pod in member.objects("pods", member.operator_namespace)
        if mapping(mapping(pod.get("metadata")).get("labels")).get(STATUS_LABEL) == "active"
        and not mapping(pod.get("metadata")).get("deletionTimestamp")
        and text(mapping(pod.get("spec")).get("nodeName")) not in dead
    ]


def _is_updated(gateway: Gateway, clock: float | None) -> bool:
    age = seconds_since(gateway.written, clock)
    return age is not None and age <= STALE


def not_one_active(cluster_id: str, found: int) -> Finding:
    return Finding(
        "gateway.not-one-active",
        ERROR,
        f"cluster {cluster_id}",
        f"{found} active gateways",
        "exactly one",
        hint="look at the gateway pods, their node label and their logs",
    )


def failure(gateway: Gateway, cluster_id: str) -> list[Finding]:
    """What the gateway says of its own failure."""
    subject = f"Gateway {gateway.name} of {cluster_id}"
    return [Finding("gateway.failure", ERROR, subject, gateway.failure, "no failure")] if gateway.failure else []


def _gateway(member: Snapshot, gateway: Gateway, nodes: list[Node], cluster_id: str) -> list[Finding]:
    subject = f"Gateway {gateway.name} of {cluster_id}"
    findings = failure(gateway, cluster_id)
    if nodes and not any(_is_on(member, gateway, n) for n in nodes):
        findings.append(
            Finding(
                "gateway.left-over",
                WARNING,
                subject,
                "is a record of a node that is no gateway node",
                "a record for each gateway node",
                hint="an active gateway removes it; without one, restart the gateway or delete the record",
            )
        )
    age = seconds_since(gateway.written, member.clock_of("gateways"))
    if age is not None and age > STALE:
        findings.append(stale(subject, f"was not updated for {age:.0f} s, so its status is an old claim"))
    return findings


def stale(subject: str, observed: str) -> Finding:
    return Finding(
        "gateway.stale", ERROR, subject, observed, "an update every 5 s", hint="look at the gateway pod on that node"
    )


def _no_record(node: Node, cluster_id: str) -> Finding:
    return Finding(
        "gateway.no-record",
        WARNING,
        f"node {node.name} of {cluster_id}",
        "is a Ready gateway node without a Gateway",
        "a Gateway, active or passive",
        cause="its gateway pod does not run, so it does not stand by",
        hint="look at the gateway pod on that node",
    )


def _is_on(member: Snapshot, gateway: Gateway, node: Node) -> bool:
    """Whether a Gateway is that node's: by its name, else, where nodes are called otherwise than their hosts, by its address."""
    if _is_named(gateway, node):
        return True
    shared = gateway.local.addresses & set(node.addresses)
    return bool(shared) and not any(_is_named(g, node) for g in member.gateways)


def _is_named(gateway: Gateway, node: Node) -> bool:
    """A Gateway has its host's name, with dots replaced."""
    hosts = {gateway.name, gateway.local.hostname}
    return any(same_host(host, name) for host in hosts for name in (node.name, node.name.replace(".", "-")))


def no_load_balancer(member: Snapshot, cluster_id: str) -> list[Finding]:
    """In load-balancer mode no gateway starts before its Service has an address."""
    if mapping(member.submariner.get("spec")).get("loadBalancerEnabled") is not True:
        return []
    service = member.first("services", member.operator_namespace, "submariner-gateway")
    if sequence(mapping(mapping(service.get("status")).get("loadBalancer")).get("ingress")):
        return []
    return [
        Finding(
            "gateway.no-load-balancer",
            ERROR,
            f"cluster {cluster_id}",
            "load-balancer mode, and the Service submariner-gateway "
            + ("has no address" if service else "does not exist"),
            "an address that the other gateways reach",
            hint="look at the events of that Service, and at the cluster's load balancer controller",
        )
    ]
