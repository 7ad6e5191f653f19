# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of all clusters -> findings; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import itertools
import re
import typing as t
from dataclasses import replace

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.addressing import (
    check_addressing,
    check_global_addresses,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.before import (
    check_clocks,
    check_foreign_definitions,
    check_gateway_choice,
    check_going,
    check_joining,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.brokers import check_brokers, second_brokers
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.cluster import CHECKS as OF_ONE
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.clusterset import check_clusterset, shown
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.mesh import check_mesh
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.network import check_network
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.target import check_target
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import bare
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import not_installed
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import (
    ABSENT,
    SCHEMA,
    Fleet,
    Host,
    words,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    UNKNOWN,
    WARNING,
    Finding,
    Json,
    mapping,
    mappings,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._owners import finding_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._site import SITE_KEYS
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some


def check_fleet(fleet: Fleet, checks: t.Collection[str]) -> list[Finding]:
    """What C(checks) find, each for one cluster and over all; what was not read is said whatever the checks."""
    findings = unread(fleet) + _unread_broker(fleet, checks)
    for name in CHECKS:
        if name in checks:
            findings += CHECKS[name](fleet)
            findings += of_one(fleet, name) if name in JUDGED else []
    return list({(f.id, f.subject, f.severity): f for f in reversed(findings)}.values())[::-1]


def check_alone(name: str, digest: Json) -> list[Finding]:
    """What one digest shows without the others: the findings of its own process, and what could not be read."""
    fleet = Fleet.of({name: digest}, "", ())
    found = mapping(digest.get("findings"))
    return unread(fleet) + [Finding.of(f) for check in CHECKS for f in mappings(found.get(check))]


def default_checks(fleet: Fleet) -> list[str]:
    """All checks of what there is; residue only where it was read, since it takes many more requests."""
    read = any("residue" in mapping(h.digest.get("findings")) for h in fleet.hosts)
    left_out = set(BEFORE) | (set() if read else {"residue"})
    return [name for name in CHECKS if name not in left_out]


def unread(fleet: Fleet) -> list[Finding]:
    """Clusters, and questions to them, without an answer."""
    findings = [] if fleet.hosts else [_not_read("clusters")]
    for host in fleet.hosts:
        if host.digest.get("schema") != SCHEMA:
            findings.append(_not_read(host.name, text(fleet.unanswered.get(host.name))))
        for key, reason in mapping(host.digest.get("unknown")).items():
            if key in SITE_KEYS or (fleet.intent and key in words(host.digest.get("optional"))):
                findings.append(_not_inspected(host, key, text(reason)))
                continue
            findings.append(
                Finding(
                    "cluster.unread",
                    UNKNOWN,
                    f"{host.name}: {key}",
                    f"not answered: {text(reason).rstrip('.')}",
                    "an answer",
                    hint="allow reading it"
                    if _REFUSED.search(text(reason))
                    else "see that the API server answers in time",
                )
            )
    return findings


_REFUSED = re.compile(r"forbidden|unauthorized|cannot (list|get)|HTTP 40[13]", re.IGNORECASE)


def _not_inspected(host: Host, key: str, reason: str) -> Finding:
    """What only the checks before an installation ask for: nothing else depends on it, and it may well be right."""
    return Finding(
        "preflight.not-inspected",
        WARNING,
        f"{host.name}: {key}",
        f"not answered: {reason.rstrip('.')}",
        "an answer",
        hint="allow reading it",
    )


def _unread_broker(fleet: Fleet, checks: t.Collection[str]) -> list[Finding]:
    if not set(checks) & NEED_BROKER or any(h.name == fleet.broker_host for h in fleet.hosts):
        return []
    return [_not_read(f"{fleet.broker_host}, the broker's host")]


def _not_read(subject: str, reason: str = "") -> Finding:
    return Finding(
        "cluster.unread",
        UNKNOWN,
        subject,
        f"not read: {reason.rstrip('.') or 'there is no digest'}",
        "an answer" if reason else f"the digest that cluster_info returns, schema {SCHEMA}",
        hint="" if reason else "read it with cluster_info first",
    )


def of_one(fleet: Fleet, name: str) -> list[Finding]:
    """The findings that each cluster's own process made, and the clusters where it could not."""
    expected = {*fleet.living, *fleet.unmanaged}
    findings = []
    for host in fleet.hosts:
        found = mapping(host.digest.get("findings")).get(name)
        if not isinstance(found, list) and host.digest.get("schema") == SCHEMA and not host.digest.get("unknown"):
            findings.append(
                Finding(
                    "cluster.unread",
                    UNKNOWN,
                    f"{host.name}: {name}",
                    "not judged: cluster_info was not asked to read what it needs",
                    "an answer",
                    hint="add " + ("residue" if name == "residue" else "state") + " to its sections",
                )
            )
        for finding in map(Finding.of, mappings(found)):
            far = text(finding.evidence.get("to"))
            if finding.id != "routeagent.error" or far in expected:  # the way to a ghost need not work
                findings.append(finding)
    return findings


def _inputs(fleet: Fleet) -> list[Finding]:
    findings = same_cluster(fleet)
    for host in fleet.hosts:
        findings += _rights(host, words(fleet.denied.get(host.name)))
        findings += _rights(host, words(host.digest.get("perhaps_denied")), perhaps=True)
        if host.digest.get("rights_unknown"):
            findings.append(_not_inspected(host, "rights", text(host.digest.get("rights_unknown"))))
    return findings


def same_cluster(fleet: Fleet) -> list[Finding]:
    """Hosts of the inventory that are one cluster."""
    by_uid: dict[str, list[Host]] = {}
    for host in fleet.hosts:
        by_uid.setdefault(host.uid, []).append(host)
    return [
        Finding(
            "input.same-cluster",
            ERROR,
            f"hosts {one.name} and {other.name}",
            f"are the same cluster ({one.digest.get('server')}, {other.digest.get('server')})",
            "one host per cluster",
            hint="correct submariner_kubeconfig or submariner_context of one of them, or put the one host into both groups",
        )
        for uid, hosts in by_uid.items()
        if uid
        for one, other in itertools.combinations(hosts, 2)
    ]


def _rights(host: Host, denied: t.Sequence[str], perhaps: bool = False) -> list[Finding]:
    if not denied:
        return []
    return [
        Finding(
            "rights.perhaps-missing" if perhaps else "rights.missing",
            WARNING if perhaps else ERROR,
            host.name,
            f"the credentials may not: {some(denied, 6)}",
            "the rights of a cluster administrator",
            cause="not every run comes to need them: docs/rights.md says what for" if perhaps else "",
            hint="use other credentials, or grant them",
            evidence={"denied": list(denied)},
        )
    ]


def _owners(fleet: Fleet) -> list[Finding]:
    return other_owners(fleet) + second_brokers(fleet) + check_foreign_definitions(fleet)


def other_owners(fleet: Fleet) -> list[Finding]:
    """Installations that somebody else manages: in the way of a run that is planned, as it should be otherwise."""
    found = [
        finding_of(owner, host.name) for host in fleet.hosts for owner in mappings(host.digest.get("other_owners"))
    ]
    planned = fleet.planned or fleet.intent is not None
    return found if planned else [replace(f, severity=INFO, expected="", hint="") for f in found]


def _nodes(fleet: Fleet) -> list[Finding]:
    findings = []
    for host in fleet.hosts:
        nodes = mapping(host.digest.get("nodes"))
        if nodes.get("total") and not nodes.get("ready"):
            findings.append(
                Finding(
                    "nodes.none-ready",
                    ERROR,
                    host.name,
                    f"none of {nodes.get('total')} nodes is Ready",
                    "a Ready node",
                    hint="repair the nodes first",
                )
            )
        findings += [
            Finding(
                "gateway.node-not-ready",
                WARNING,
                f"{host.name}: node {node.get('name')}",
                "is a gateway node and not Ready",
                "a Ready gateway node",
                hint="repair it or move the label submariner.io/gateway=true",
            )
            for node in mappings(host.digest.get("gateway_nodes"))
            if node.get("ready") is not True
        ]
    return findings + check_gateway_choice(fleet)


def _installation(fleet: Fleet) -> list[Finding]:
    """A member that has no Submariner resource: proven, since the question was answered."""
    return [not_installed(h.label) for h in fleet.hosts if h.member and h.state == ABSENT]


def _versions(fleet: Fleet) -> list[Finding]:
    """Members of one clusterset, and the operator beside the broker, are of one release."""
    by_version: dict[str, list[str]] = {}
    for host in fleet.hosts:
        version = bare(text(mapping(host.digest.get("submariner")).get("version")) or text(host.digest.get("operator")))
        if version:
            by_version.setdefault(version, []).append(host.label)
    if len(by_version) < 2:
        return []
    listed = "; ".join(f"{version} ({shown(ids)})" for version, ids in sorted(by_version.items()))
    return [
        Finding(
            "version.skew",
            WARNING,
            "clusterset",
            f"runs different versions: {listed}",
            "one version, but for the time of an upgrade",
            hint="upgrade the members that are behind, the broker's cluster first",
        )
    ]


def _services(fleet: Fleet) -> list[Finding]:
    """What a member exports is on the broker, in its name (measured.md: an export may be gone there and say Ready)."""
    broker = fleet.broker
    if broker is None or not broker.host.knows("serviceimports"):
        return []
    findings = []
    for host in fleet.installed:
        if mapping(host.digest.get("submariner")).get("serviceDiscoveryEnabled") is not True:
            continue
        missing = [s for s in words(host.digest.get("exports")) if host.id not in broker.imports.get(s, [])]
        if missing:
            findings.append(
                Finding(
                    "service.not-on-broker",
                    ERROR,
                    f"services of {host.label}",
                    f"exported, and not offered by the broker in its name: {shown(missing)}",
                    "each export among the broker's ServiceImports",
                    cause="the export did not arrive there, or an agent with the same cluster ID took it away",
                    hint="restart the pod submariner-lighthouse-agent of that cluster",
                    evidence={"services": missing[:50]},
                )
            )
    return findings


def _nothing(_fleet: Fleet) -> list[Finding]:
    return []


CHECKS: dict[str, t.Callable[[Fleet], list[Finding]]] = {
    "inputs": _inputs,
    "owners": _owners,
    "nodes": _nodes,
    "addressing": check_addressing,
    "target": check_target,
    "network": check_network,
    "clocks": check_clocks,
    "joining": check_joining,
    "going": check_going,
    "broker": check_brokers,
    "installation": _installation,
    "operator": _nothing,
    "workloads": _nothing,
    "gateways": _nothing,
    "globalnet": check_global_addresses,
    "endpoints": check_clusterset,
    "connections": check_mesh,
    "versions": _versions,
    "dns": _nothing,
    "services": _services,
    "residue": _nothing,
}
"""What is judged over all clusters, in the order of the report."""

BEFORE = ("target", "network", "clocks", "joining", "going")
"""Checks of what is about to be done, and not of what there is."""

NEED_BROKER = {"broker", "globalnet", "endpoints", "connections", "services"}
"""Checks that cannot be judged without the broker's records."""

JUDGED = frozenset(c.name for c in OF_ONE)
"""Checks that each cluster's own process judges, too."""
