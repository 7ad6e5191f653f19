# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot -> plan: what goes, what stays and why, what is unknown; pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.submariner.lifecycle.plugins.module_utils import _catalogue as catalogue
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import offered_by
from ansible_collections.submariner.lifecycle.plugins.module_utils._edits import plan_dns, plan_nodes, plan_pools
from ansible_collections.submariner.lifecycle.plugins.module_utils._imports import plan_imports
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    ClusterRecord,
    Endpoint,
    Finding,
    Json,
    Snapshot,
    mapping,
    overlap,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._shared_api import plan_shared_api
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import foreign, inside
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some


@dataclass(frozen=True)
class Identity:
    """By what the records of a cluster can be told: IDs it uses or used, its nodes' names, addresses and pod CIDRs.

    C(cidrs) and C(public_ips) are what its installation found out; empty without one.
    """

    ids: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()
    absent: bool = False
    """Whether it is proven that nothing of Submariner runs there."""
    cidrs: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()

    LISTS: t.ClassVar[tuple[str, ...]] = ("ids", "nodes", "addresses", "pod_cidrs", "cidrs", "public_ips")

    @classmethod
    def of(cls, snapshot: Snapshot, cluster_id: str, absent: bool = False) -> Identity:
        nodes = snapshot.nodes
        own = [e for e in snapshot.endpoints(snapshot.operator_namespace) if not e.origin]
        records = [c for c in snapshot.clusters(snapshot.operator_namespace) if not c.origin]
        ids = {cluster_id, snapshot.cluster_id} | {e.cluster_id for e in own}
        return cls(
            ids=tuple(sorted(i for i in ids if i)),
            nodes=tuple(sorted(n.name for n in nodes)),
            addresses=tuple(sorted(a for n in nodes for a in n.addresses)),
            pod_cidrs=tuple(sorted(c for n in nodes for c in n.pod_cidrs)),
            absent=absent,
            cidrs=tuple(sorted({c for r in records for c in (*r.cluster_cidr, *r.service_cidr)})),
            public_ips=tuple(sorted({e.public_ip for e in own if e.public_ip})),
        )

    @classmethod
    def from_dict(cls, value: Json) -> Identity:
        lists = {k: tuple(text(v) for v in sequence(value.get(k)) if text(v)) for k in cls.LISTS}
        return cls(absent=value.get("absent") is True, **lists)

    def as_dict(self) -> Json:
        return {**{k: list(getattr(self, k)) for k in self.LISTS}, "absent": self.absent}

    def known_as(self, installed_ids: Json) -> Identity:
        """With the IDs that it had before; C(installed_ids) has them by those that it has."""
        more = {text(i) for own in self.ids for i in sequence(installed_ids.get(own)) if text(i)}
        return replace(self, ids=tuple(sorted({*self.ids, *more})))

    def lives_behind(self, endpoint: Endpoint, records: t.Sequence[ClusterRecord] = ()) -> str:
        """Why the Endpoint's gateway is one of this cluster's nodes; empty when that is not shown.

        A private address alone is no proof, since two sites may use the same ones: the node's name must agree too, and the
        CIDRs where the name only repeats the address.
        """
        if endpoint.private_ip not in self.addresses or endpoint.hostname not in self.nodes:
            return ""
        if self.excludes(endpoint, records):
            return ""
        if names_address(endpoint.hostname, endpoint.private_ip) and not self._shares(_cidrs_of(endpoint, records)):
            return ""
        return f"its gateway {endpoint.hostname} ({endpoint.private_ip}) is a node of this cluster"

    def excludes(self, endpoint: Endpoint, records: t.Sequence[ClusterRecord] = ()) -> bool:
        """Whether the Endpoint is another cluster's, however alike the two are: by its public address, or its CIDRs."""
        if endpoint.public_ip and self.public_ips and endpoint.public_ip not in self.public_ips:
            return True
        theirs = _cidrs_of(endpoint, records)
        return bool(theirs and (self.cidrs or self.pod_cidrs)) and not self._shares(theirs)

    def _shares(self, cidrs: t.Collection[str]) -> bool:
        return any(overlap(mine, other) for mine in (*self.cidrs, *self.pod_cidrs) for other in cidrs)

    def made(self, cluster_id: str, endpoints: t.Sequence[Endpoint], records: t.Sequence[ClusterRecord]) -> str:
        """Why the broker's records under C(cluster_id) are this cluster's; empty when that is not shown (4.5)."""
        places = [e for e in endpoints if e.cluster_id == cluster_id]
        for endpoint in places:
            if self.lives_behind(endpoint, records):
                return self.lives_behind(endpoint, records)
        if cluster_id not in self.ids or any(self.excludes(e, records) for e in places):
            return ""
        for record in (r for r in records if r.cluster_id == cluster_id):
            if any(overlap(pods, cidr) for pods in self.pod_cidrs for cidr in record.cluster_cidr):
                return f"it has this cluster's ID {cluster_id} and its pod CIDR"
        if any(e.hostname in self.nodes or e.private_ip in self.addresses for e in places):
            return f"it has this cluster's ID {cluster_id}, and the gateway's name or address is a node's"
        if not places and not self.pod_cidrs:
            return f"it has this cluster's ID {cluster_id}, and no Endpoint claims it"
        return ""


def _cidrs_of(endpoint: Endpoint, records: t.Sequence[ClusterRecord]) -> tuple[str, ...]:
    """The real CIDRs of an Endpoint's cluster, as far as they can be told.

    Its own are service and pod CIDRs, or with Globalnet a single one that says nothing of where the cluster is.
    """
    known = [c for r in records if r.cluster_id == endpoint.cluster_id for c in (*r.cluster_cidr, *r.service_cidr)]
    return tuple(known) or (endpoint.subnets if len(endpoint.subnets) > 1 else ())


def names_address(hostname: str, address: str) -> bool:
    """Whether a host's name is made of its address, as clouds do (ip-10-0-1-5.ec2.internal): one sign, not two."""
    words = [w for w in re.split(r"[.:]", address) if w]
    return bool(words) and re.search(rf"(?<!\d){'[-.]?'.join(map(re.escape, words))}(?!\d)", hostname) is not None


@dataclass(frozen=True)
class Wish:
    """What is to be removed: C(scopes) of this cluster, given what is known of the fleet."""

    scopes: frozenset[str]
    fleet: tuple[Identity, ...] = ()
    """The inventory's clusters; the records of those that are C(absent) may go with the broker."""
    ghosts: frozenset[str] = frozenset()
    """IDs that the user declared dead."""
    labels: bool = False
    """Whether the gateway labels go too."""
    mcs: bool = False
    """Whether ServiceExports and the definitions of the Multi-Cluster Services API go too."""


MOST = 100
"""Names that are said of what goes along with something: all but those of a disaster."""

GLOBALNET = "R22"
USERS_KINDS = ("globalegressips", "globalingressips", "clusterglobalegressips")
"""Submariner's own kinds of which users make objects, too."""


def needed(snapshot: Snapshot, wish: Wish) -> set[str]:
    """Keys of the readings that the plan depends on.

    What stands only in the operator's namespace does not matter where that is proven absent: with it, nothing is in it.
    """
    keys = set(catalogue.DECISIVE)
    for scope in wish.scopes:
        keys |= {e.key for e in catalogue.ENTRIES if e.scope == scope and (wish.mcs or not e.option)}
        keys |= set(catalogue.CONTENTS[scope])
    if catalogue.BROKER in wish.scopes:
        keys |= set(catalogue.SIGNS_OF_MEMBERS)
    if catalogue.MEMBER in wish.scopes:
        keys |= set(USERS_KINDS)
    if snapshot.known("namespaces") and not snapshot.namespace(snapshot.operator_namespace):
        keys -= set(catalogue.CONTENTS[catalogue.MEMBER]) - set(catalogue.CLUSTER_WIDE)
    return keys


def plan(snapshot: Snapshot, wish: Wish) -> Plan:
    """What of C(snapshot) goes. Unknown readings are findings, never absence."""
    result = Plan()
    for key in sorted(needed(snapshot, wish) & set(snapshot.unanswered)):
        result.findings.append(
            Finding(
                "cluster.unread",
                UNKNOWN,
                key,
                f"not answered: {snapshot.unanswered[key]}",
                hint="restore access and run again",
            )
        )
    going: list[str] = []
    if catalogue.MEMBER in wish.scopes:
        _plan_namespace(snapshot, result, catalogue.MEMBER, snapshot.operator_namespace)
        plan_dns(snapshot, result)
        plan_imports(snapshot, result)
        plan_pools(snapshot, result)
    for namespace in snapshot.broker_namespaces if catalogue.BROKER in wish.scopes else ():
        refusals = broker_refusals(snapshot, namespace, wish)
        result.findings += refusals
        if not refusals:
            going.append(namespace)
            _plan_namespace(snapshot, result, catalogue.BROKER, namespace)
    if catalogue.MEMBER in wish.scopes:
        staying = sorted({*snapshot.broker_namespaces, *_registers(snapshot)} - {*going, snapshot.operator_namespace})
        _plan_definitions(snapshot, result, staying)
        if wish.mcs:
            plan_shared_api(snapshot, result, staying)
    plan_nodes(snapshot, result, catalogue.MEMBER in wish.scopes, wish.labels)
    return result


def _plan_namespace(snapshot: Snapshot, result: Plan, scope: str, namespace: str) -> None:
    """Everything of one scope; C(namespace) itself only when nothing in it is somebody else's, or it is going already."""
    strangers = foreign(snapshot, scope, namespace)
    found = snapshot.namespace(namespace)
    going = bool(mapping(found.get("metadata")).get("deletionTimestamp"))
    if found and not going:
        _look(snapshot, result, namespace)
    if strangers:
        result.findings.append(_strangers_in(namespace, strangers, going))
        strangers = [] if going else strangers
    for entry in catalogue.ENTRIES:
        if entry.scope != scope or entry.key == "crds" or entry.option or entry.action == catalogue.EDIT:
            continue
        for obj in snapshot.objects(entry.key):
            if entry.pattern == _placeholder(scope):
                if text(mapping(obj.get("metadata")).get("name")) != namespace:
                    continue
                if strangers:
                    result.keep(entry, obj, "holds objects of others")
                else:
                    result.add(entry, obj)
            elif _elsewhere(snapshot, entry, obj, scope, namespace):
                continue
            elif not entry.owns(obj, namespace):
                if entry.resembles(obj):
                    result.keep(entry, obj, "looks like Submariner's, and is not proven to be")
            elif entry.contents and not strangers:
                result.hold(entry, obj, namespace)
            else:
                result.add(entry, obj)


def _look(snapshot: Snapshot, result: Plan, namespace: str) -> None:
    """Whether it is known all that would go with a namespace."""
    reading = snapshot.readings.get(inside(namespace))
    if reading is None:
        result.unseen.append(namespace)
    elif reading.state == "unknown":
        result.findings.append(
            Finding(
                "cluster.unread",
                UNKNOWN,
                inside(namespace),
                f"not answered: {reading.reason}",
                cause="what else would go with it cannot be told, and Kubernetes itself waits for each API before it lets "
                "a namespace go",
                hint="restore access and run again; where the server of an API is gone for good, delete its APIService "
                "(kubectl get apiservices names it)",
            )
        )


def _strangers_in(namespace: str, strangers: t.Sequence[str], going: bool) -> Finding:
    return Finding(
        "namespace.foreign",
        WARNING,
        f"namespace {namespace}",
        f"holds objects that are not Submariner's: {some(strangers)}",
        "only Submariner's objects",
        cause="somebody asked it to go already, and they go with it" if going else "",
        hint="save what you need of them now; nothing can keep a namespace that is going"
        if going
        else "the namespace stays; move these objects to have it removed",
    )


def _placeholder(scope: str) -> str:
    return catalogue.OPERATOR if scope == catalogue.MEMBER else catalogue.BROKER_NS


def _elsewhere(snapshot: Snapshot, entry: catalogue.Entry, obj: Json, scope: str, namespace: str) -> bool:
    """Whether an object found in any namespace belongs to another part: a broker's, or another broker's."""
    found = text(mapping(obj.get("metadata")).get("namespace"))
    if entry.namespace or not found or entry.stage == catalogue.RESOURCES:
        return scope == catalogue.BROKER and bool(found) and found != namespace
    if scope == catalogue.BROKER:
        return found != namespace
    return found in snapshot.broker_namespaces


def _registers(snapshot: Snapshot) -> set[str]:
    """Namespaces with records: the members' own, and brokers, also such as nothing but their records is left of."""
    records = [*snapshot.objects("endpoints"), *snapshot.objects("clusters")]
    return {text(mapping(o.get("metadata")).get("namespace")) for o in records}


def _plan_definitions(snapshot: Snapshot, result: Plan, staying: t.Sequence[str]) -> None:
    """The definitions, unless a broker stays; with them go whatever objects users made of these kinds."""
    entry = catalogue.entry_of("R15", "crds")
    for obj in snapshot.objects("crds"):
        name = text(mapping(obj.get("metadata")).get("name"))
        made = _made_by_users(snapshot, name)
        if not entry.owns(obj, ""):
            if entry.resembles(obj):
                result.keep(entry, obj, "is none of the definitions that Submariner makes")
        elif staying:
            result.keep(entry, obj, f"the broker in {', '.join(staying)} needs it")
        else:
            result.add(entry, obj, f"{entry.why}; {some(made, MOST)}, made by users, go with it" if made else "")


def _made_by_users(snapshot: Snapshot, definition: str) -> list[str]:
    """Of Globalnet's kinds, what the catalogue does not own."""
    key = definition.partition(".")[0]
    entries = [e for e in catalogue.ENTRIES if e.key == key and e.residue == GLOBALNET]
    found = []
    for obj in snapshot.objects(key) if key in USERS_KINDS else ():
        meta = mapping(obj.get("metadata"))
        if not any(e.owns(obj, "") for e in entries):
            found.append("/".join(text(meta.get(k)) for k in ("namespace", "name") if text(meta.get(k))))
    return found


def broker_refusals(snapshot: Snapshot, namespace: str, wish: Wish) -> list[Finding]:
    """Why the broker in C(namespace) must stay: what it holds of clusters that are not proven to be gone."""
    endpoints, records = snapshot.endpoints(namespace), snapshot.clusters(namespace)
    registered = {e.cluster_id for e in endpoints}
    if not mapping(snapshot.namespace(namespace).get("metadata")).get("deletionTimestamp"):
        # In one that is going a record without its Endpoint says no more than how far that has come.
        registered |= {r.cluster_id for r in records}
    signs = signs_of_members(snapshot, namespace)
    result = []
    for cluster_id in sorted(registered | set(signs)):
        if cluster_id in wish.ghosts:
            continue
        # Records tell whose they are; an access or an import says no more than its ID.
        owners = [i for i in wish.fleet if cluster_id in i.ids]
        makers = (
            [i for i in wish.fleet if i.made(cluster_id, endpoints, records)] if cluster_id in registered else owners
        )
        if makers and all(i.absent for i in (*makers, *owners)):
            continue
        where = ", ".join(
            sorted({f"{e.hostname} {e.private_ip}".strip() for e in endpoints if e.cluster_id == cluster_id})
        )
        there = (
            f"({where or 'no Endpoint'}) is registered"
            if cluster_id in registered
            else f"is not registered, but has {', '.join(sorted(signs[cluster_id]))} there"
        )
        result.append(
            Finding(
                "broker.in-use",
                ERROR,
                f"broker namespace {namespace}",
                f"cluster '{cluster_id}' {there} and "
                + ("still has an installation" if makers else "is none of the inventory's clusters"),
                "records only of clusters proven to be gone",
                cause="" if makers else _strange(cluster_id in registered),
                hint=f"add it to the inventory, remove it there, or declare it dead: submariner_ghosts: [{cluster_id}]",
                evidence={"cluster_id": cluster_id, "endpoints": where},
            )
        )
    return result


def _strange(registered: bool) -> str:
    if registered:
        return "another team's cluster, or a record of one that no longer exists"
    return "another team's cluster that has only service discovery or no gateway yet, or what one that left has left behind"


ACCESS = {"serviceaccounts": r"cluster-(.+)", "rolebindings": r"cluster-(.+)-submariner-k8s-broker-cluster"}
"""What a join makes on the broker for every member, also for one without a gateway; no uninstall takes it away."""


def signs_of_members(snapshot: Snapshot, namespace: str) -> dict[str, set[str]]:
    """Kinds of what members have on their broker besides the records, by cluster ID.

    Nothing in a namespace that is going: what is left there says no more than how far that has come.
    """
    found: dict[str, set[str]] = {}
    if mapping(snapshot.namespace(namespace).get("metadata")).get("deletionTimestamp"):
        return found
    for key, pattern in ACCESS.items():
        for obj in snapshot.objects(key, namespace):
            match = re.fullmatch(pattern, text(mapping(obj.get("metadata")).get("name")))
            if match:
                found.setdefault(match[1], set()).add(str(obj.get("kind")))
    for key in ("serviceimports", "endpointslices"):
        for obj in snapshot.objects(key, namespace):
            for cluster_id in offered_by(obj):
                found.setdefault(cluster_id, set()).add(str(obj.get("kind")))
    return found
