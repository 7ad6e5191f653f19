# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster is dead, by signs that people can see, and what of it goes from the broker; pure. Private, may change.

An API server that does not answer is no death: there must be a sign by which its tunnels do not work either, or the user's
word. A single sign of life refuses, whatever else is there.
"""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import STALE
from ansible_collections.submariner.lifecycle.plugins.module_utils._departure import plan_departure
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import (
    ABSENT,
    INSTALLED,
    LEAVING,
    Broker,
    Fleet,
    Host,
    Link,
    words,
)
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
    mappings,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._repair import (
    cluster_mark,
    likeness,
    record_targets,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

LIVES, UNREAD, DECLARED, GONE, FAILS, UNPROVEN, SILENT = (
    "lives",
    "unread",
    "declared dead",
    "gone",
    "fails",
    "not proven",
    "silent",
)
MEANING: dict[str, str] = {
    LIVES: "it, or what stands under its ID, works: never evicted",
    UNREAD: "its API answers, and does not say whether a gateway runs there: never evicted",
    DECLARED: "the user says so: proof",
    GONE: "its API answers and nothing of Submariner is there: proof",
    FAILS: "what would work if it lived does not: proof, unless somebody's sign is not proven",
    UNPROVEN: "cannot be told; then only the user's word is proof",
    SILENT: "says neither",
}
"""What a sign says -> what follows from it. The table in roles/evict/README.md is this."""

DOWN = 120.0
"""Seconds without an update of any Gateway after which a cluster that can be reached counts as one without a gateway: a
failover takes 20 s (measured.md), a restart less."""


@dataclass(frozen=True)
class Sign:
    """What one witness says of one cluster, and what to do about it where that stands in the way."""

    who: str
    says: str
    observed: str
    do: str = ""


@dataclass
class Case:
    """One cluster that is to be evicted. C(records) are what it has on the broker, as it was judged."""

    cluster_id: str
    signs: list[Sign]
    records: list[Json] = field(default_factory=list)

    def those(self, *says: str) -> list[Sign]:
        return [s for s in self.signs if s.says in says]

    @property
    def proven(self) -> bool:
        if self.those(LIVES, UNREAD):
            return False
        return bool(self.those(DECLARED, GONE) or (self.those(FAILS) and not self.those(UNPROVEN)))

    @property
    def why(self) -> str:
        """The proof in words; empty without one."""
        if not self.proven:
            return ""
        return "; ".join(f"{s.who} {s.observed}" for s in self.those(DECLARED, GONE) or self.those(FAILS))

    def findings(self) -> list[Finding]:
        """Why it is not evicted, and the way out."""
        if self.proven:
            return []
        against = self.those(LIVES, UNREAD)
        lives = bool(self.those(LIVES))
        missing = against or self.those(UNPROVEN) or self.those(SILENT)
        said = "; ".join(f"{s.who} {s.observed}" for s in missing) or "nobody says anything of it"
        declare = f"if you know that it is dead, declare it: submariner_ghosts: [{self.cluster_id}]"
        do = list(dict.fromkeys(s.do for s in missing if s.do)) + ([] if against else [declare])
        return [
            Finding(
                "evict.lives" if lives else "evict.not-proven",
                ERROR,
                f"cluster {self.cluster_id}",
                f"{'lives' if lives else 'is not proven dead'}: {said}",
                "no sign of life, and a peer's failed health check, a cluster without an installation, or the user's word",
                hint="; ".join(do),
            )
        ]

    def as_dict(self) -> Json:
        signs = [{"who": s.who, "says": s.says, "observed": s.observed} for s in self.signs]
        judged: Json = {"cluster_id": self.cluster_id, "proven": self.proven, "why": self.why}
        return {**judged, "signs": signs, "records": self.records}

    def lines(self) -> list[str]:
        """The signs as a table for people."""
        rows = [f"  {s.who:<24} {s.says:<13} {s.observed}" for s in self.signs]
        return [f"Signs that '{self.cluster_id}' is dead: {'proven' if self.proven else 'not proven'}", *rows]


# -- judging --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """Who is asked about what: C(claims) are the IDs that each host has, has had or shall have."""

    fleet: Fleet
    broker: Broker
    evicted: frozenset[str]
    claims: t.Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, fleet: Fleet, broker: Broker, evicted: t.Collection[str], ids: t.Mapping[str, t.Any]) -> Question:
        """C(ids) are the IDs that the inventory gives to its hosts, also to those that were not read."""
        claims = {h.name: frozenset({h.id, h.wanted, text(ids.get(h.name))} - {""}) for h in fleet.hosts}
        return cls(fleet, broker, frozenset(evicted), claims)

    @property
    def peers(self) -> list[Host]:
        """Joined clusters, and those that may be, but for the evicted ones."""
        return [h for h in self.fleet.in_play if not self.claims[h.name] & self.evicted]

    @property
    def strangers(self) -> list[str]:
        """Registered clusters that no host of the inventory claims: peers that cannot be asked."""
        claimed = {i for ids in self.claims.values() for i in ids}
        return [i for i in self.fleet.unmanaged if i not in self.evicted | claimed]

    def case(self, cluster_id: str) -> Case:
        endpoints = self.broker.by_id.get(cluster_id, [])
        records = [c for c in self.broker.clusters if c.cluster_id == cluster_id]
        own = [h for h in self.fleet.hosts if cluster_id in self.claims[h.name]]
        signs = [_of_host(self.fleet, h, cluster_id, endpoints, records) for h in own]
        empty = any(
            s.says == GONE and endpoints and all(h.identity.lives_behind(e, records) for e in endpoints)
            for h, s in zip(own, signs)
        )
        signs = signs or [Sign("inventory", SILENT, "has no host with this ID")]
        signs += _of_records(self.fleet, cluster_id, endpoints, records)
        signs += [_of_peer(self.fleet, h, cluster_id, empty) for h in self.peers]
        signs += [
            Sign(f"peer {i}", UNPROVEN, "is no host of the inventory, so it was not asked", f"add {i} to the inventory")
            for i in self.strangers
        ]
        if cluster_id in self.fleet.declared_dead:
            signs.append(Sign("user", DECLARED, "declares it dead in submariner_ghosts"))
        return Case(cluster_id, signs, record_targets(self.broker, cluster_id))

    def not_shown(self) -> list[Finding]:
        """Peers of which it will not be known whether they lost the evicted clusters, and only these."""
        read = {h.name for h in self.peers if h.knows("gateways", "endpoints")}
        unread = [(f"peer {h.label}", "was not read", UNKNOWN) for h in self.peers if h.name not in read]
        strange = [(f"peer {i}", "is no host of the inventory", WARNING) for i in self.strangers]
        return [
            Finding(
                "evict.not-shown",
                severity,
                who,
                f"{how}: whether it dropped {', '.join(sorted(self.evicted))}, and nothing else, is not known",
                "a reading before and after",
                hint="look at it when it can be reached",
            )
            for who, how, severity in unread + strange
        ]


def _of_host(
    fleet: Fleet, host: Host, cluster_id: str, endpoints: t.Sequence[Endpoint], records: t.Sequence[ClusterRecord]
) -> Sign:
    """What the cluster itself says."""
    who = f"host {host.name}"
    if not host.digest:
        return Sign(who, SILENT, f"was not read, which alone is no death: {_reason(fleet, host) or 'no answer'}")
    gateways = mappings(host.digest.get("gateways"))
    ages = [_seconds(g.get("age")) for g in gateways]
    if not host.knows("submariners", "gateways") or None in ages:
        return Sign(who, UNREAD, "answers, and not whether a gateway runs there", "allow reading its Gateways")
    youngest = min((a for a in ages if a is not None), default=None)
    if youngest is not None and youngest <= STALE:
        under = f" under the ID '{host.id}'" if host.id != cluster_id else ""
        way = f"remove it with the playbook uninstall --limit {host.name}"
        if host.state in (INSTALLED, LEAVING) and under:
            way = (
                f"set submariner_cluster_id of {host.name} to '{host.id}' if that is right, and run the playbook repair"
            )
        return Sign(who, LIVES, f"answers, and its gateway reported {youngest:.0f} s ago{under}", way)
    if host.state == ABSENT:
        shown = (not endpoints and not records) or host.identity.made(cluster_id, endpoints, records)
        if shown:
            return Sign(who, GONE, "answers, and has no installation")
        return Sign(who, SILENT, "has no installation, and the records name other nodes than its own")
    if host.state == LEAVING:
        return Sign(who, UNPROVEN, "is being uninstalled", "let the uninstall end, or run it again")
    if youngest is None or youngest < DOWN:
        since = f"was not updated for {youngest:.0f} s only" if youngest is not None else "is not there"
        way = f"the playbook repair may heal it, and uninstall --limit {host.name} removes it"
        return Sign(who, UNPROVEN, f"answers and is installed; its Gateway {since}", way)
    return Sign(who, FAILS, f"answers, and no gateway of it reported for {youngest:.0f} s")


def _reason(fleet: Fleet, host: Host) -> str:
    """Why a host was not read: the first sentence of what the reading said."""
    return text(fleet.unanswered.get(host.name)).partition(". ")[0].rstrip(".")


def _of_records(
    fleet: Fleet, cluster_id: str, endpoints: t.Sequence[Endpoint], records: t.Sequence[ClusterRecord]
) -> list[Sign]:
    """Whether a living cluster of another ID is behind the records: then its routes go with them (measured.md)."""
    behind = [
        h
        for h in fleet.hosts
        if h.state in (INSTALLED, LEAVING)
        and h.id != cluster_id
        and any(likeness(h, e, records) >= 2 for e in endpoints)
    ]
    return [
        Sign(
            "record",
            LIVES,
            f"names the gateway of {h.name}, which is joined as '{h.id}'",
            "run the playbook repair: it removes that record and restores the routes that both share",
        )
        for h in behind
    ]


def _of_peer(fleet: Fleet, host: Host, cluster_id: str, empty: bool) -> Sign:
    """What another member's gateway says of its connection to it (submariner.md 4.6).

    A node from which Submariner went without its tunnel still answers pings: where the gateway's node is shown to be of a
    cluster without an installation (C(empty)), a connection is no life (measured.md, recordings "label-removed-first").
    """
    who = f"peer {host.label}"
    if not host.knows("submariners", "gateways"):
        reason = _reason(fleet, host) or "its Gateways were not answered"
        return Sign(who, UNPROVEN, f"was not read: {reason}", f"let {host.name} be read")
    active = [(_seconds(g.get("age")), _links(g)) for g in mappings(host.digest.get("gateways")) if _active(g)]
    checked = host.digest.get("health_check") is True
    for age, links in active:
        if checked and (age is None or age <= STALE) and any(_works(x) for x in links if x.to == cluster_id):
            if empty:
                return Sign(who, SILENT, "is connected to a node that only kept its tunnel")
            way = f"look for what answers behind that tunnel of {host.label}; a dead cluster does not"
            return Sign(who, LIVES, "is connected to it, and the health check passes", way)
    if len(active) != 1 or active[0][0] is None or active[0][0] > STALE:
        return Sign(who, UNPROVEN, "has no gateway that is known to be up to date", f"repair {host.name} first")
    links = [x for x in active[0][1] if x.to == cluster_id]
    if not links:
        return Sign(who, SILENT, "has no connection to it")
    if not checked:
        return Sign(who, UNPROVEN, "has its health check off", "switch the health check on")
    if all(x.status == "error" for x in links):
        return Sign(who, FAILS, "gets no answer from it: error" + (f", {links[0].doubt}" if links[0].doubt else ""))
    doubt = next((x.doubt for x in links if x.doubt), "")
    return Sign(who, UNPROVEN, f"says {links[0].status or 'nothing'} of it" + (f", but {doubt}" if doubt else ""))


def connected(host: Host) -> list[str]:
    """IDs of the clusters to which its gateway was connected, where it was known to be up to date."""
    found = set()
    for gateway in mappings(host.digest.get("gateways")):
        age = _seconds(gateway.get("age"))
        if _active(gateway) and age is not None and age <= STALE:
            found |= {link.to for link in _links(gateway) if link.status == "connected"}
    return sorted(found)


def _active(gateway: Json) -> bool:
    return gateway.get("status") == "active"


def _links(gateway: Json) -> list[Link]:
    return [Link.of(line) for line in words(gateway.get("connections"))]


def _works(link: Link) -> bool:
    return link.status == "connected" and not link.doubt


def _seconds(value: t.Any) -> float | None:
    """An age in seconds, None for anything else; clocks of API servers may be a little apart, but not more."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if -STALE <= value < math.inf else None


# -- removing -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named(Identity):
    """Clusters that are known by their IDs alone, each with the proof that it is dead.

    Whatever the records look like: those under these IDs are theirs, and no others, also not of the same nodes.
    """

    whys: t.Mapping[str, str] = field(default_factory=dict)

    def lives_behind(self, endpoint: Endpoint, records: t.Sequence[ClusterRecord] = ()) -> str:
        return ""

    def made(self, cluster_id: str, endpoints: t.Sequence[Endpoint], records: t.Sequence[ClusterRecord]) -> str:
        return self.whys.get(cluster_id, "")


class Eviction:
    """What goes of C(judged) clusters (L(Case.as_dict)), over several readings.

    Nothing goes any more when a record is not the one that was judged, or when one comes back: then somebody lives.
    """

    def __init__(self, namespace: str, judged: t.Sequence[Json]) -> None:
        self._namespace = namespace
        self._whys = {text(j.get("cluster_id")): text(j.get("why")) or "stands under its ID" for j in judged}
        self._marks = {text(j.get("cluster_id")): _marks(j) for j in judged if isinstance(j.get("records"), list)}
        self._uids: set[str] | None = None

    def all(self, broker: Snapshot) -> Plan:
        """All that is there, whatever became of it."""
        identity = Named(ids=tuple(sorted(self._whys)), whys=self._whys)
        return plan_departure(broker, self._namespace, identity, retire=True)

    def present(self, broker: Snapshot) -> list[str]:
        """Those of which anything is there."""
        return [i for i in self._whys if Eviction(self._namespace, [{"cluster_id": i}]).all(broker).owned]

    def plan(self, broker: Snapshot) -> Plan:
        """What may go."""
        found = self.all(broker)
        if found.unread:
            return found
        if self._uids is None:
            changed = [o.label for o in found.owned if not self._is_judged(found.objects[o.path])]
            self._uids = {o.uid for o in found.owned}
            observed = "is not what was judged: it changed meanwhile"
        else:
            changed = [o.label for o in found.owned if o.uid not in self._uids]
            observed = "came back after it was removed"
        if not changed:
            return found
        subject = f"{some(changed, 1)} on the broker"
        hint = "nothing more was removed; judge anew with the playbook evict --check"
        return Plan(findings=[Finding("evict.record-changed", ERROR, subject, observed, "dead records", hint=hint)])

    def _is_judged(self, obj: Json) -> bool:
        kind, name = text(obj.get("kind")), text(mapping(obj.get("metadata")).get("name"))
        record: Endpoint | ClusterRecord
        if kind == "Endpoint":
            record = Endpoint.of(obj)
            mark = record.mark
        elif kind == "Cluster":
            record = ClusterRecord.of(obj)
            mark = cluster_mark(record)
        else:
            return True
        known = self._marks.get(record.cluster_id)
        return known is None or (kind, name, mark) in known


def _marks(judged: Json) -> set[tuple[str, str, str]]:
    records = map(mapping, sequence(judged.get("records")))
    return {(text(r.get("kind")), text(r.get("name")), text(r.get("mark"))) for r in records}
