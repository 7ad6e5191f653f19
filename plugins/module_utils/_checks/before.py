# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a run that has not begun: gateway nodes, clocks, IDs, an existing broker; pure.

An error is only what surely ends the run without success; whatever may go well is a warning. All of it is silent about a
fleet with which nothing is about to be done. Private to this collection, may change at any time.
"""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import (
    ABSENT,
    INSTALLED,
    Broker,
    Fleet,
    Host,
    words,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    WARNING,
    Finding,
    mapping,
    mappings,
    text,
)

NODE_SETTINGS = frozenset(
    f"gateway.submariner.io/{name}" for name in ("udp-port", "natt-discovery-port", "public-ip", "preferred-server")
)
"""What a gateway takes from labels and annotations of its node (submariner.md 2.2)."""

SKEW = 30.0
"""Seconds between two clocks from which on they are spoken of: a Date header is of whole seconds, and a slow answer old."""

FINDINGS_OF_ACCESS = ("broker.ca-expired", "broker.ca-expires", "broker.no-credentials")


def _is(fleet: Fleet, *verbs: str) -> bool:
    return fleet.intent is not None and fleet.intent.verb in verbs


def check_gateway_choice(fleet: Fleet) -> list[Finding]:
    """Each member gets a gateway without a question, and its settings are ones that gateways know."""
    if not _is(fleet, "install", "reinstall"):
        return []
    return [f for host in fleet.hosts if host.member and host.digest for f in _gateways(host)]


def _gateways(host: Host) -> list[Finding]:
    trouble, chosen = text(host.wish.get("trouble")), words(host.wish.get("gateways"))
    findings = []
    if trouble:
        findings.append(
            Finding(
                "gateway.cannot-choose",
                ERROR,
                host.name,
                f"can have no gateway: {trouble}",
                "a node that can be a gateway",
                hint="set submariner_gateway_nodes to nodes of this cluster, or submariner_gateway_count or _selector anew",
            )
        )
    if len(chosen) == 1:
        findings.append(
            Finding(
                "gateway.single",
                INFO,
                host.name,
                f"has one gateway node, {chosen[0]}",
                "two or more, where the clusters must stay connected when a node fails",
                hint="set submariner_gateway_nodes to several nodes",
            )
        )
    for node in mappings(host.digest.get("gateway_nodes")):
        unknown = sorted(set(words(node.get("settings"))) - NODE_SETTINGS)
        if unknown:
            findings.append(
                Finding(
                    "gateway.unknown-setting",
                    WARNING,
                    f"{host.name}: node {node.get('name')}",
                    f"has {', '.join(unknown)}",
                    f"none but {', '.join(sorted(NODE_SETTINGS))}",
                    cause="a gateway of 0.19 ends on a setting that it does not know",
                    hint="take the label or annotation away, unless your release knows it",
                )
            )
    return findings


def check_clocks(fleet: Fleet) -> list[Finding]:
    """The clusters' clocks agree with each other and with the controller's, as their API servers show them."""
    if fleet.intent is None:
        return []
    ahead = {h.name: float(h.digest["ahead"]) for h in fleet.hosts if isinstance(h.digest.get("ahead"), (int, float))}
    findings = [
        Finding("preflight.not-inspected", INFO, f"{h.name}: clock", "not inspected: its answers have no date")
        for h in fleet.hosts
        if h.digest and h.name not in ahead
    ]
    if not ahead:
        return findings
    slow, fast = min(ahead, key=lambda h: ahead[h]), max(ahead, key=lambda h: ahead[h])
    if ahead[fast] - ahead[slow] > SKEW:
        observed = f"is {ahead[fast] - ahead[slow]:.0f} s ahead of that of {slow}"
    elif min(ahead.values()) > SKEW or max(ahead.values()) < -SKEW:
        fast, observed = (
            "all clusters",
            f"are {abs(ahead[fast]):.0f} s {'ahead of' if ahead[fast] > 0 else 'behind'} this machine's",
        )
    else:
        return findings
    return [
        *findings,
        Finding(
            "clock.skew",
            WARNING,
            f"the clock of {fast}" if fast != "all clusters" else "the clocks of all clusters",
            observed,
            f"less than {SKEW:.0f} s between any two",
            cause="certificates and tokens are valid by the clock of whoever looks at them",
            hint="synchronise the clocks, by NTP",
        ),
    ]


def check_foreign_definitions(fleet: Fleet) -> list[Finding]:
    """The definitions of the Multi-Cluster Services API are nobody else's: the operator puts its own in their place."""
    if fleet.intent is None:
        return []
    return [
        Finding(
            "owner.other-mcs",
            WARNING,
            f"{host.name}: {', '.join(sorted(found))}",
            f"belongs to another implementation of the Multi-Cluster Services API ({min(map(text, found.values()))})",
            "one implementation of that API on a cluster",
            cause="Submariner's operator puts its own version of these definitions in their place",
            hint="leave one of the two out; Submariner connects clusters without service discovery, too",
        )
        for host in fleet.hosts
        for found in [mapping(host.site.get("foreign_mcs"))]
        if found
    ]


def check_joining(fleet: Fleet) -> list[Finding]:
    """What an installation keeps does not stand against it; a reinstallation keeps nothing of this."""
    if not _is(fleet, "install"):
        return []
    findings = [f for host in fleet.hosts if host.member for f in _id(fleet.broker, host)]
    if not fleet.broker_is_known:
        findings.append(_without_broker(fleet.broker_host))
    for host in fleet.installed:
        for found in mappings(mapping(host.digest.get("findings")).get("broker")):
            if found.get("id") in FINDINGS_OF_ACCESS:
                findings.append(Finding.of({**found, "severity": WARNING}))
    return findings + (_existing(fleet, fleet.broker) if fleet.broker else [])


def check_going(fleet: Fleet) -> list[Finding]:
    """No namespace that an installation needs is on its way out; a reinstallation waits for it itself."""
    if not _is(fleet, "install"):
        return []
    return [
        Finding.of(found)
        for host in fleet.hosts
        for found in mappings(mapping(host.digest.get("findings")).get("installation"))
        if found.get("id") == "namespace.terminating"
    ]


def _without_broker(host: str) -> Finding:
    return Finding(
        "preflight.not-inspected",
        WARNING,
        f"broker on {host}",
        "not inspected: it was not read, so whether IDs are free is not known",
    )


def _id(broker: Broker | None, host: Host) -> list[Finding]:
    if host.state == INSTALLED and host.id and host.wanted and host.id != host.wanted:
        return [
            Finding(
                "member.other-id",
                ERROR,
                f"cluster {host.wanted}",
                f"is joined as {host.id}",
                f"to be joined as {host.wanted} or not at all",
                cause="a join under a second ID leaves the records of the first one on the broker",
                hint=f"reinstall, or set submariner_cluster_id: {host.id}",
            )
        ]
    if broker is None or host.state != ABSENT or host.wanted not in broker.ids:
        return []
    if host.wanted in words(host.digest.get("clusters")):
        return []  # subctl takes it for the same cluster's
    places = broker.by_id.get(host.wanted, [])
    if any(host.identity.lives_behind(e) for e in places):
        return [
            Finding(
                "member.id-stale",
                ERROR,
                f"cluster ID {host.wanted}",
                "the broker still has the records of an earlier installation of this cluster",
                "no record of a cluster that is not installed",
                cause="an earlier uninstall ended without removing them; subctl refuses to join under this ID",
                hint="reinstall, which removes them first",
            )
        ]
    where = ", ".join(f"{e.hostname} ({e.private_ip})" for e in places) or "no gateway"
    return [
        Finding(
            "member.id-claimed",
            ERROR,
            f"cluster ID {host.wanted}",
            f"the broker has it for another cluster, with the gateway {where}",
            "an ID of its own for each cluster",
            cause="subctl refuses to join under an ID that has a record",
            hint="set submariner_cluster_id to another ID, or evict that cluster if it is gone for good",
        )
    ]


def _existing(fleet: Fleet, broker: Broker) -> list[Finding]:
    findings = []
    enabled = broker.globalnet.get("enabled") is True
    if broker.globalnet and fleet.globalnet is not None and fleet.globalnet != enabled:
        findings.append(
            Finding(
                "globalnet.differs",
                ERROR,
                f"broker on {fleet.broker_host}",
                f"has Globalnet {'on' if enabled else 'off'}",
                f"{'on' if fleet.globalnet else 'off'}, as submariner_globalnet says",
                cause="the setting stays as it was when the broker was made (subctl#30)",
                hint="reinstall, or set submariner_globalnet as the broker has it",
            )
        )
    if broker.admin_token is False:
        findings.append(
            Finding(
                "broker.token",
                WARNING,
                f"broker on {fleet.broker_host}",
                "has no Secret submariner-k8s-broker-admin-token-*",
                "the Secret by which clusters are joined",
                cause="it was deleted, or this broker was not made by subctl",
                hint="reinstall, or run deploy-broker again",
            )
        )
    return findings
