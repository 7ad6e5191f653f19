# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly one Endpoint per cluster, over the digests of all members (submariner.md 4.5); pure. Private, may change."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Broker, Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, Endpoint, Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some


def check_clusterset(fleet: Fleet) -> list[Finding]:
    """The broker's records against the members, and the members' copies against the broker's records."""
    findings = _one_id_twice(fleet)
    broker = fleet.broker
    if broker is None:
        return findings
    where = f"on the broker ({broker.namespace})"
    for cluster_id, host in sorted(fleet.living.items()):
        findings += _registered(broker, cluster_id, host, where)
    for cluster_id in fleet.unmanaged:
        findings += _counted(broker, cluster_id, where)
    findings += _ghosts(fleet, broker, where)
    for host in fleet.installed:
        if host.knows("endpoints"):
            findings += _copies(fleet, broker, host)
    return findings


def shown(names: t.Collection[str]) -> str:
    """Names of clusters or of what they have, in a finding."""
    return some(sorted(names))


def _one_id_twice(fleet: Fleet) -> list[Finding]:
    """One ID on two clusters: the last gateway to start wins, and takes the other's records away (measured.md)."""
    claims: dict[str, list[Host]] = {}
    for host in fleet.installed:
        claims.setdefault(host.id, []).append(host)
    return [
        Finding(
            "cluster.id-twice",
            ERROR,
            f"cluster ID {cluster_id}",
            f"{', '.join(h.name for h in hosts)} are joined under it",
            "an ID for each cluster",
            cause="the gateway that started last has the record on the broker; the others' connections go",
            hint="give all but one another submariner_cluster_id and reinstall them",
        )
        for cluster_id, hosts in sorted(claims.items())
        if cluster_id and len(hosts) > 1 and len({h.uid or h.name for h in hosts}) > 1
    ]


def _registered(broker: Broker, cluster_id: str, host: Host, where: str) -> list[Finding]:
    findings = _counted(broker, cluster_id, where)
    found = broker.by_id.get(cluster_id, [])
    if len(found) == 1 and len(host.own) == 1 and not _is_same(found[0], host.own[0]):
        findings.append(
            Finding(
                "endpoint.not-ours",
                ERROR,
                f"cluster {cluster_id}",
                f"the broker has {_place(found[0])}, the cluster has {_place(host.own[0])}",
                "the same Endpoint",
                cause="another installation uses this ID, or a failover did not reach the broker",
                hint="look for a second cluster with this ID; restarting the gateway here takes the ID back",
            )
        )
    return findings


def _counted(broker: Broker, cluster_id: str, where: str) -> list[Finding]:
    """One Endpoint and one Cluster of that name, and the label that the sync goes by."""
    findings = []
    endpoints = broker.by_id.get(cluster_id, [])
    if len(endpoints) != 1:
        names = ": " + ", ".join(e.name for e in endpoints) if endpoints else ""
        findings.append(
            Finding(
                "endpoint.duplicate" if endpoints else "endpoint.missing",
                ERROR,
                f"cluster {cluster_id}",
                f"{len(endpoints)} Endpoints {where}{names}",
                "exactly one",
                hint="keep the one of the live active gateway"
                if endpoints
                else "restart the gateway: only its start makes the record",
            )
        )
    clusters = [c for c in broker.clusters if c.cluster_id == cluster_id]
    if len(clusters) != 1:
        findings.append(
            Finding(
                "cluster.duplicate" if clusters else "cluster.missing",
                ERROR,
                f"cluster {cluster_id}",
                f"{len(clusters)} Cluster records {where}",
                "exactly one",
                hint="remove the record that no cluster made" if clusters else "restart the gateway of this cluster",
            )
        )
    findings += [
        Finding(
            "cluster.ghost",
            ERROR,
            f"Cluster {c.name}",
            f"is a record of '{cluster_id}' by another name {where}",
            f"a record named {cluster_id}",
            hint="remove it, and restart the gateway of this cluster, which makes its own",
        )
        for c in clusters
        if c.name != cluster_id and len(clusters) == 1  # several are said above
    ]
    return findings + [
        Finding(
            "endpoint.label-mismatch",
            ERROR,
            f"Endpoint {e.name}",
            f"labelled {e.origin or 'not at all'} {where}",
            f"label {cluster_id}",
            hint="restart the gateway of the cluster that made it",
        )
        for e in endpoints
        if e.origin != cluster_id
    ]


def _ghosts(fleet: Fleet, broker: Broker, where: str) -> list[Finding]:
    findings = []
    for cluster_id, ghost in fleet.ghosts.items():
        copies = [h.label for h in fleet.installed if cluster_id in h.copies]
        also = f", with copies in {shown(copies)}" if copies else ""
        records = [
            ("endpoint.ghost", f"Endpoint {e.name}", f" ({e.hostname} {e.private_ip})")
            for e in broker.by_id.get(cluster_id, [])
        ]
        records += [("cluster.ghost", f"Cluster {c.name}", "") for c in broker.clusters if c.cluster_id == cluster_id]
        for finding, subject, place in records:
            findings.append(
                Finding(
                    finding,
                    ERROR,
                    subject,
                    f"is a record of '{cluster_id}'{place} {where}{also if place else ''}",
                    "no record of a cluster that does not run",
                    cause=ghost.why,
                    hint="reinstall, or remove it on the broker: the members drop their copies"
                    + ("" if place else ", and the ID can be joined again"),
                )
            )
        if ghost.alive_as:
            findings.append(_two_ids(fleet, broker, cluster_id, ghost.alive_as))
    return findings


def _two_ids(fleet: Fleet, broker: Broker, dead: str, alive: str) -> Finding:
    counts = {h.label: len(h.own) + sum(map(len, h.copies.values())) for h in fleet.installed if h.knows("endpoints")}
    seen = some([f"{n} in {label}" for label, n in sorted(counts.items())])
    return Finding(
        "cluster.two-ids",
        ERROR,
        f"clusters {dead} and {alive}",
        f"are one cluster: {len(broker.endpoints)} Endpoints on the broker, {seen},"
        f" for {len(broker.ids) - len(fleet.ghosts)} clusters",
        "one ID for each cluster",
        cause=f"it was joined as '{alive}' while the record of '{dead}' was still there (submariner#3411)",
        hint=f"remove the records of '{dead}', or reinstall",
        evidence={"endpoints": {"broker": len(broker.endpoints), **counts}},
    )


def _copies(fleet: Fleet, broker: Broker, host: Host) -> list[Finding]:
    """Of every other registered cluster exactly one copy, equal to the broker's record; and no others."""
    missing, other = [], []
    twice = [host.id] if host.id in host.copies else []  # what is its own has no copy
    expected = [i for i in broker.ids if i != host.id and i not in fleet.ghosts and i not in fleet.undecided]
    for cluster_id in expected:
        found, records = host.copies.get(cluster_id, []), broker.by_id.get(cluster_id, [])
        if not records:
            continue  # what the broker lacks is said there
        if not found:
            missing.append(cluster_id)
        elif len(found) > len(records):
            twice.append(cluster_id)
        elif any(mark not in {r.mark for r in records} for mark in found):
            other.append(cluster_id)
    strange = [i for i in host.copies if i not in broker.by_id]
    restart = "restart the gateway of this member: it reconciles with the broker when it starts"
    table = (
        ("endpoint.missing", missing, "has no copy of the Endpoint of", "look for overlapping CIDRs; " + restart),
        ("endpoint.duplicate", twice, "has more copies than it should have of", restart),
        ("endpoint.copy-differs", other, "has another Endpoint than the broker of", restart),
        ("endpoint.stale-copy", strange, "has a copy that the broker does not have of", restart),
    )
    return [
        Finding(
            finding,
            ERROR,
            f"copies in {host.label}",
            f"{observed} {shown(ids)}",
            "a copy of each Endpoint on the broker",
            hint=hint,
        )
        for finding, ids, observed, hint in table
        if ids
    ]


def _is_same(one: Endpoint, other: Endpoint) -> bool:
    return one.name == other.name and one.private_ip == other.private_ip


def _place(endpoint: Endpoint) -> str:
    return f"{endpoint.name} at {endpoint.hostname} {endpoint.private_ip}"
