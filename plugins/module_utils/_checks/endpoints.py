# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly one Endpoint per cluster (submariner.md 4.5); pure. Private to this collection, may change at any time.

Counted per namespace, never cluster-wide: where the broker's cluster is a member, both namespaces hold copies.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import active_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ADDRESSES,
    ERROR,
    INFO,
    UNKNOWN,
    WARNING,
    ClusterRecord,
    Endpoint,
    Finding,
    Json,
    Node,
    Snapshot,
    addresses_of,
    mapping,
    same_host,
    text,
)

GATEWAY_LEASE = "submariner-gateway-lock"
HOLDER = "-submariner-gateway"
"""What follows the host's name in the identity of who holds the lease (submariner.md 4.4)."""

SPEC = (
    "cluster_id",
    "hostname",
    "private_ip",
    "public_ip",
    "subnets",
    "cable_name",
    "backend",
    "health_check_ip",
)
"""What a Gateway says of its own Endpoint."""

TOLD = ("cable_name", "hostname", "private_ip", "subnets")
"""What an Endpoint is known by, in words."""

REALITY = ("gateways", "pods", "leases", "nodes")
"""What an Endpoint is held against, beside other Endpoints."""


@dataclass(frozen=True)
class Members:
    """Who is expected: C(joined) so far, out of C(inventory); other IDs on the broker are unmanaged clusters."""

    joined: frozenset[str]
    inventory: frozenset[str]

    def expected(self, broker: Snapshot, namespace: str) -> frozenset[str]:
        """The joined members and the unmanaged clusters that the broker knows."""
        registered = {e.cluster_id for e in broker.endpoints(namespace)} | {
            c.cluster_id for c in broker.clusters(namespace)
        }
        return self.joined | (frozenset(registered) - self.inventory)


def check_broker(broker: Snapshot, namespace: str, members: Members) -> list[Finding]:
    """Invariant 1: on the broker one Endpoint and one Cluster for each expected ID and none for others, no ghosts."""
    missing = _unread(broker, "the broker", "endpoints", "clusters")
    if missing:
        return missing
    endpoints, clusters = broker.endpoints(namespace), broker.clusters(namespace)
    findings = []
    where = f"on the broker ({namespace})"
    expected = members.expected(broker, namespace)
    for cluster_id in sorted(expected):
        findings += _exactly_one(cluster_id, [e for e in endpoints if e.cluster_id == cluster_id], where)
        records = [c for c in clusters if c.cluster_id == cluster_id]
        if len(records) != 1:
            findings.append(
                Finding(
                    "cluster.missing" if not records else "cluster.duplicate",
                    ERROR,
                    f"cluster {cluster_id}",
                    f"{len(records)} Cluster records {where}",
                    "exactly one",
                    hint="restart the gateway of this cluster"
                    if not records
                    else "remove the record that no cluster made",
                )
            )
    for endpoint in endpoints:
        if endpoint.cluster_id not in expected:
            findings.append(_ghost(endpoint, f"{where}; its cluster is in the inventory and has no installation"))
        if endpoint.origin != endpoint.cluster_id:
            findings.append(_mislabelled(endpoint, where, "the gateway of the cluster that made it"))
    return findings + _cluster_ghosts(clusters, expected, where) + same_place(endpoints, where)


def _cluster_ghosts(clusters: t.Sequence[ClusterRecord], expected: t.Collection[str], where: str) -> list[Finding]:
    return [
        Finding(
            "cluster.ghost",
            ERROR,
            f"Cluster {record.name}",
            f"is a record of '{record.cluster_id}' {where}, which is not joined",
            "no record of a cluster that does not run",
            hint="reinstall, or remove it on the broker: it blocks a new join under this ID",
        )
        for record in clusters
        if not {record.name, record.cluster_id} <= set(expected)
    ]


def same_place(endpoints: t.Sequence[Endpoint], where: str) -> list[Finding]:
    """Two IDs behind one gateway address, or for the same CIDRs, are one cluster twice (measured.md)."""
    findings = []
    for index, one in enumerate(endpoints):
        for other in endpoints[index + 1 :]:
            if one.cluster_id != other.cluster_id and one.same_place(other):
                findings.append(
                    Finding(
                        "endpoint.ghost",
                        ERROR,
                        f"clusters {one.cluster_id} and {other.cluster_id}",
                        f"are one cluster twice {where}: {one.hostname} {one.private_ip}, {', '.join(one.subnets)}",
                        "one ID per cluster",
                        cause="the cluster was joined under a second ID while the record of the first one was left",
                        hint="reinstall, or remove the record of the ID that the cluster no longer uses",
                        evidence={"endpoints": [one.name, other.name]},
                    )
                )
    return findings


def check_member(
    member: Snapshot, broker: Snapshot, namespace: str, cluster_id: str, members: Members, records_only: bool = False
) -> list[Finding]:
    """Invariants 2 to 4, for one member: its own Endpoint, its copies of the others, and its Endpoint in reality.

    With C(records_only) the last one is left out, and Endpoints are all that has to be read.
    """
    missing = _unread(member, f"cluster {cluster_id}", "endpoints", *(() if records_only else REALITY))
    missing += _unread(broker, "the broker", "endpoints")
    if missing:
        return missing
    here = f"in {cluster_id} ({member.operator_namespace})"
    local = member.endpoints(member.operator_namespace)
    own, copies = [e for e in local if not e.origin], [e for e in local if e.origin]
    at_broker = broker.endpoints(namespace)
    findings = _identity(own, cluster_id, here)
    named = {e.name for e in at_broker if e.cluster_id == cluster_id}
    if len(own) == 1 and named and own[0].name not in named:
        findings.append(
            Finding(
                "endpoint.not-ours",
                ERROR,
                f"cluster {cluster_id}",
                f"the broker has {', '.join(sorted(named))}, the cluster has {own[0].name}",
                "the same Endpoint",
                cause="another installation uses this ID, or a failover did not reach the broker",
                hint="look for a second cluster with this ID; restarting the gateway here takes the ID back",
            )
        )
    expected = members.expected(broker, namespace)
    copies_of, originals_of = _by_cluster(copies), _by_cluster(at_broker)
    copied, original_specs = _specs(member, member.operator_namespace), _specs(broker, namespace)
    for other in sorted(expected - {cluster_id}):
        found, original = copies_of.get(other, []), originals_of.get(other, [])
        findings += _exactly_one(other, found, f"{here}, as copy of the broker's")
        if len(found) == 1 and len(original) == 1 and copied[found[0].name] != original_specs.get(found[0].name):
            findings.append(
                Finding(
                    "endpoint.copy-differs",
                    ERROR,
                    f"Endpoint of {other} {here}",
                    f"{found[0].name} ({found[0].private_ip}){_differing(copied, original_specs, found[0].name)}",
                    f"{original[0].name} ({original[0].private_ip}) as on the broker",
                    hint="restart the gateway of this member: it reconciles with the broker when it starts",
                )
            )
    findings += [_ghost(e, f"{here}, unknown to the broker") for e in copies if e.cluster_id not in expected]
    findings += [_mislabelled(e, here, "this member's gateway") for e in copies if e.origin != e.cluster_id]
    findings += [_copy_of_own(e, here) for e in copies if e.origin == e.cluster_id == cluster_id]
    known = {e.name for e in at_broker}  # what is twice on the broker is said there
    strange = [e for e in local if e.name not in known]
    return findings + (_reality(member, own[0]) if len(own) == 1 else []) + (same_place(local, here) if strange else [])


def check_own(member: Snapshot, cluster_id: str) -> list[Finding]:
    """The part of invariants 2 and 4 that a member shows without the broker: its own Endpoint, and the reality."""
    own = [e for e in member.endpoints(member.operator_namespace) if not e.origin]
    findings = _identity(own, cluster_id, f"in {cluster_id} ({member.operator_namespace})")
    return findings + (_reality(member, own[0]) if len(own) == 1 else [])


def _identity(own: t.Sequence[Endpoint], cluster_id: str, here: str) -> list[Finding]:
    return _exactly_one(cluster_id, own, f"unlabelled {here}") + [
        Finding(
            "endpoint.wrong-id",
            ERROR,
            f"Endpoint {endpoint.name}",
            f"has ID {endpoint.cluster_id} {here}",
            f"ID {cluster_id}",
            hint="set submariner_cluster_id to the ID under which the cluster is joined, or reinstall",
        )
        for endpoint in own
        if endpoint.cluster_id != cluster_id
    ]


def _reality(member: Snapshot, own: Endpoint) -> list[Finding]:
    """Invariant 4: the Endpoint names the node of the only active gateway, which holds the lease and says the same."""
    if not member.known(*REALITY):
        return []  # not asked for
    findings = []
    nodes = [text(mapping(p.get("spec")).get("nodeName")) for p in active_pods(member)]
    place = node_of(member, own)
    if len(nodes) != 1 or not same_host(nodes[0], place.name if place else own.hostname):
        findings.append(
            Finding(
                "gateway.not-one-active",
                ERROR,
                f"cluster {own.cluster_id}",
                f"active gateway pods on: {', '.join(nodes) or 'no node'}",
                f"one, on {own.hostname} as its Endpoint says",
                hint="look at the gateway pods and their logs",
            )
        )
    lease = member.first("leases", member.operator_namespace, GATEWAY_LEASE)
    holder = text(mapping(lease.get("spec")).get("holderIdentity"))
    if lease and not same_host(_holder_host(holder), own.hostname):
        findings.append(
            Finding(
                "gateway.lease-elsewhere",
                ERROR,
                f"cluster {own.cluster_id}",
                f"{holder or 'nobody'} holds the gateway lease",
                f"{own.hostname} as its Endpoint says",
                hint="look at the gateway pods: the one of that node has to hold it, or the Endpoint is an old one",
            )
        )
    findings += _address(member, own)
    active = [g for g in member.gateways if g.ha_status == "active"]
    if len(active) == 1 and not _same_spec(active[0].local, own):
        findings.append(
            Finding(
                "gateway.endpoint-differs",
                ERROR,
                f"Gateway {active[0].name}",
                f"says its Endpoint is {_spec_words(active[0].local, own)}",
                _spec_words(own, active[0].local),
                hint="restart the gateway pod",
            )
        )
    elif len(active) != 1:
        findings.append(
            Finding(
                "gateway.not-one-active",
                ERROR,
                f"cluster {own.cluster_id}",
                f"{len(active)} active Gateways",
                "exactly one",
            )
        )
    return findings


def node_of(member: Snapshot, own: Endpoint) -> Node | None:
    """The node of an Endpoint: of its host's name, else, where nodes are called otherwise than their hosts, of its address."""
    named = next((n for n in member.nodes if same_host(n.name, own.hostname)), None)
    confirmed = any(g.ha_status == "active" and g.local.hostname == own.hostname for g in member.gateways)
    if named or not confirmed:
        return named
    return next((n for n in member.nodes if own.addresses & set(n.addresses)), None)


def _address(member: Snapshot, own: Endpoint) -> list[Finding]:
    """The Endpoint names an address of its node.

    That need not be one of those that the kubelet reports: the gateway takes the source address of the default route
    (pkg/endpoint/local_ip.go), which on a node in several networks is often another interface's.
    """
    nodes, node = member.nodes, node_of(member, own)
    if node and own.addresses & set(node.addresses):
        return []
    subject, reported = f"Endpoint {own.name}", ", ".join(node.addresses if node else ()) or "there is none"
    observed = f"private address {own.private_ip or 'missing'}"
    taken = [n.name for n in nodes if n is not node and own.addresses & set(n.addresses)]
    said = frozenset(a for g in member.gateways if g.ha_status == "active" for a in g.local.addresses)
    if node and own.addresses and not taken and (own.addresses & said or not said):
        return [
            Finding(
                "endpoint.unreported-address",
                INFO if said else WARNING,
                subject,
                observed + (", as its Gateway says" if said else ", which no Gateway confirms"),
                f"an address that node {own.hostname} reports: {reported}",
                cause="the node's default route leaves by an interface whose address the kubelet does not report",
                hint="" if said else "look at the gateway pods",
            )
        ]
    return [
        Finding(
            "endpoint.stale-address",
            ERROR,
            subject,
            observed + (f", which is an address of {', '.join(taken)}" if taken else ""),
            f"an address of node {own.hostname}: {reported}",
            cause="the node, or its address, changed since the gateway started",
            hint="restart the gateway pod",
        )
    ]


def _holder_host(holder: str) -> str:
    return holder[: -len(HOLDER)] if holder.endswith(HOLDER) else holder


def _exactly_one(cluster_id: str, found: t.Sequence[Endpoint], where: str) -> list[Finding]:
    if len(found) == 1:
        return []
    names = ", ".join(e.name for e in found)
    return [
        Finding(
            "endpoint.duplicate" if found else "endpoint.missing",
            ERROR,
            f"cluster {cluster_id}",
            f"{len(found)} Endpoints {where}" + (f": {names}" if names else ""),
            "exactly one",
            hint="keep the one of the live active gateway"
            if found
            else "restart the gateway: only its start makes the record",
            evidence={"endpoints": [e.name for e in found]},
        )
    ]


def _ghost(endpoint: Endpoint, where: str) -> Finding:
    return Finding(
        "endpoint.ghost",
        ERROR,
        f"Endpoint {endpoint.name}",
        f"is a record of '{endpoint.cluster_id}' ({endpoint.hostname} {endpoint.private_ip}) {where}",
        "no record of a cluster that does not run",
        hint="reinstall, or remove it on the broker: the members drop their copies",
    )


def _copy_of_own(endpoint: Endpoint, here: str) -> Finding:
    """A member has copies of others' Endpoints alone."""
    return Finding(
        "endpoint.duplicate",
        ERROR,
        f"cluster {endpoint.cluster_id}",
        f"has the copy {endpoint.name} of an Endpoint of its own {here}",
        "exactly one, unlabelled",
        cause="it was joined under another ID before, and this is what it knew then of the one that it has now",
        hint="restart the gateway: its start removes old Endpoints of its ID",
        evidence={"endpoints": [endpoint.name]},
    )


def _mislabelled(endpoint: Endpoint, where: str, maker: str) -> Finding:
    return Finding(
        "endpoint.label-mismatch",
        ERROR,
        f"Endpoint {endpoint.name}",
        f"labelled {endpoint.origin or 'not at all'} {where}",
        f"label {endpoint.cluster_id}",
        hint=f"restart {maker}",
    )


def _by_cluster(endpoints: t.Iterable[Endpoint]) -> dict[str, list[Endpoint]]:
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(endpoint.cluster_id, []).append(endpoint)
    return found


def _specs(snapshot: Snapshot, namespace: str) -> dict[str, Json]:
    """Name of an Endpoint -> all that is compared of it."""
    return {
        text(mapping(o.get("metadata")).get("name")): _comparable(mapping(o.get("spec")))
        for o in snapshot.objects("endpoints", namespace)
    }


def _differing(copied: t.Mapping[str, Json], originals: t.Mapping[str, Json], name: str) -> str:
    """In which fields a copy is another one, where the two have one name."""
    one, other = copied[name], originals.get(name)
    if other is None:
        return ""
    return " with another " + ", ".join(sorted(k for k in {**one, **other} if one.get(k) != other.get(k)))


def _comparable(spec: Json) -> Json:
    """A spec with all addresses of one kind together: a member of before 0.21 has no lists in its copies."""
    rest = {k: v for k, v in spec.items() if k not in ADDRESSES and k not in ADDRESSES.values()}
    return {**rest, **{field: addresses_of(spec, field) for field in ADDRESSES}}


def _same_spec(one: Endpoint, other: Endpoint) -> bool:
    """Also of a dual-stack gateway, whose Gateway may be of a release without second addresses."""
    second = {one.second_ips, other.second_ips} - {""}
    return len(second) < 2 and all(getattr(one, field) == getattr(other, field) for field in SPEC)


def _spec_words(endpoint: Endpoint, other: Endpoint) -> str:
    """An Endpoint by what it is known by, and by what else is another one in C(other)."""
    if not endpoint.cable_name:
        return "none"
    more = [
        f", {field} {getattr(endpoint, field) or 'missing'}"
        for field in (*(f for f in SPEC if f not in TOLD), "second_ips")
        if getattr(endpoint, field) != getattr(other, field)
    ]
    place = f"{endpoint.cable_name} on {endpoint.hostname} {endpoint.private_ip}"
    return f"{place} for {', '.join(endpoint.subnets)}" + "".join(more)


def _unread(snapshot: Snapshot, subject: str, *keys: str) -> list[Finding]:
    return [
        Finding(
            "cluster.unread",
            UNKNOWN,
            f"{key} of {subject}",
            f"not answered: {snapshot.reading(key).reason}",
            "an answer",
        )
        for key in keys
        if not snapshot.known(key)
    ]
