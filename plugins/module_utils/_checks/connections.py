# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections as one member's gateway sees them (submariner.md 4.6); pure. Private, may change at any time.

Each member judges its own direction to every other; that both ends agree follows from judging all members.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import (
    failure,
    not_one_active,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Connection,
    Endpoint,
    Finding,
    Snapshot,
    mapping,
    sequence,
    text,
)

HINTS = {
    "connecting": "open UDP 4500 and UDP 4490 between the gateways (and ESP without UDP encapsulation)",
    "error": "the health check gets no answer through the tunnel: look for a firewall, rp_filter and the far gateway",
    "none": "the health check is off: the tunnel is configured, nothing proves that it carries traffic",
}


def check_connections(
    member: Snapshot,
    broker: Snapshot,
    namespace: str,
    cluster_id: str,
    expected: t.Collection[str],
    joined: t.Collection[str] = (),
) -> list[Finding]:
    """Every direction from C(cluster_id) to the other C(expected) IDs; those of C(joined) whatever they look like."""
    unread = [k for k in ("gateways", "routeagents") if not member.known(k)] + (
        [] if broker.known("endpoints") else ["the broker's endpoints"]
    )
    if unread:
        return [
            Finding(
                "cluster.unread", UNKNOWN, f"cluster {cluster_id}", f"not answered: {', '.join(unread)}", "an answer"
            )
        ]
    active = [g for g in member.gateways if g.ha_status == "active"]
    if len(active) != 1:
        return [not_one_active(cluster_id, len(active))]
    findings = failure(active[0], cluster_id)
    known = {e.cluster_id: e for e in broker.endpoints(namespace)}
    own = known.get(cluster_id)
    aliases = {e.cluster_id for e in known.values() if own and e.same_place(own)}  # this cluster under another ID
    for other in sorted(set(expected) - {cluster_id} - (aliases - set(joined))):
        found = [c for c in active[0].connections if c.cluster_id == other]
        findings += _direction(cluster_id, other, found, known.get(other), health_check(member))
    for connection in active[0].connections:
        if connection.cluster_id == cluster_id or connection.cluster_id not in expected:
            findings.append(
                Finding(
                    "connection.ghost",
                    ERROR,
                    f"{cluster_id} -> {connection.cluster_id}",
                    f"{connection.status} to {connection.hostname} {connection.private_ip}, which no expected cluster is",
                    "no connection",
                    hint="remove the record of that cluster on the broker",
                )
            )
    return findings + check_route_agents(member, cluster_id)


def health_check(member: Snapshot) -> bool | None:
    """Whether the member's gateways check their connections; None when its Submariner resource does not say."""
    enabled = mapping(mapping(member.submariner.get("spec")).get("connectionHealthCheck")).get("enabled")
    return enabled if isinstance(enabled, bool) else None


def _direction(
    one: str, other: str, found: t.Sequence[Connection], endpoint: Endpoint | None, checked: bool | None
) -> list[Finding]:
    """One connection, or in a dual-stack clusterset one of each family."""
    subject = f"{one} -> {other}"
    if not found or len({c.family for c in found}) < len(found):
        return [
            Finding(
                "connection.missing" if not found else "connection.duplicate",
                ERROR,
                subject,
                f"{len(found)} connections",
                "exactly one, connected",
                cause="" if found else "the gateway has no copy of the other's Endpoint, or has just started",
                hint="look for the broker first: without it gateways have no connections and no errors",
            )
        ]
    return [
        finding
        for c in found
        for finding in _judge(f"{subject} (IPv{c.family or 4})" if len(found) > 1 else subject, c, endpoint, checked)
    ]


def _judge(subject: str, connection: Connection, endpoint: Endpoint | None, checked: bool | None) -> list[Finding]:
    if connection.status != "connected":
        return [
            Finding(
                "connection.not-connected",
                ERROR,
                subject,
                f"{connection.status or 'no status'}" + (f": {connection.message}" if connection.message else ""),
                "connected",
                hint=HINTS.get(connection.status, "look at the gateway's log"),
            )
        ]
    findings = []
    if endpoint and connection.cable_name != endpoint.cable_name:
        findings.append(
            Finding(
                "connection.stale",
                ERROR,
                subject,
                f"connected to {connection.cable_name}",
                f"{endpoint.cable_name} as on the broker",
                hint="restart this member's gateway",
            )
        )
    doubt = connection.message or ("its health check is off" if checked is False else "")
    if not connection.latency:
        doubt = doubt or "nothing has measured it"
    if doubt:
        findings.append(
            Finding(
                "connection.unproven",
                WARNING,
                subject,
                f"not proven: connected, but {doubt}",
                "a health check that passed",
                hint=("switch the health check on" if checked is False else "wait for the health check")
                + ", or try the data path",
            )
        )
    return findings


def check_route_agents(member: Snapshot, cluster_id: str) -> list[Finding]:
    """No node lost its way to another cluster's gateway.

    A route agent may keep the entry of an Endpoint that is gone (submariner#3335): such an error is an old claim.
    """
    current = {e.cable_name for e in member.endpoints(member.operator_namespace)} if member.known("endpoints") else None
    findings = []
    for obj in member.objects("routeagents", member.operator_namespace):
        name, status = text(mapping(obj.get("metadata")).get("name")), mapping(obj.get("status"))
        if text(status.get("statusFailure")):
            findings.append(
                Finding(
                    "routeagent.failure",
                    ERROR,
                    f"node {name} of {cluster_id}",
                    text(status.get("statusFailure")),
                    "no failure",
                    hint="look at the route agent's log on that node",
                )
            )
        for entry in map(mapping, sequence(status.get("remoteEndpoints"))):
            far = Endpoint.of(entry)
            if entry.get("status") != "error" or (current is not None and far.cable_name not in current):
                continue
            findings.append(
                Finding(
                    "routeagent.error",
                    ERROR,
                    f"node {name} of {cluster_id} -> {far.cluster_id}",
                    text(entry.get("statusMessage")) or "error",
                    "connected or not tested",
                    hint="pods on this node have no traffic: look at rp_filter, UDP 4800 and the route agent's log",
                    evidence={"to": far.cluster_id},
                )
            )
    return findings
