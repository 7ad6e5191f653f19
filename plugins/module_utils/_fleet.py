# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digests of all clusters, typed, and who is who among them; pure. Private, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ClusterRecord,
    Endpoint,
    Json,
    mapping,
    mappings,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity

SCHEMA = 1
"""Raised when a field of the digest changes its meaning or goes."""

INSTALLED, LEAVING, ABSENT, UNKNOWN = "installed", "leaving", "absent", "unknown"


def words(value: t.Any) -> list[str]:
    """The texts in a list."""
    return [text(v) for v in sequence(value) if text(v)]


@dataclass(frozen=True)
class Intent:
    """What is about to be done with the fleet, as far as the checks before it ask."""

    verb: str
    """V(install), V(uninstall) or V(reinstall)."""
    version: str = ""
    """The release to be installed, empty when nobody says."""
    subctl: str = ""
    """Version of the subctl that is to install it; empty when none was asked."""
    allow_unstable: bool = False
    ignore_requirements: bool = False
    globalnet_range: str = ""
    """Range of the global CIDRs; empty without Globalnet."""
    globalnet_size: int = 0
    """Global addresses that each cluster gets; 0 where that is not known."""
    clusterset_range: str = ""
    """Range of the clusterset IPs; empty without them."""


class Link(t.NamedTuple):
    """One connection of a gateway."""

    to: str
    status: str
    cable: str
    doubt: str
    """Why V(connected) proves nothing; empty when it was measured."""
    family: str = ""
    """V(6) of one that uses IPv6."""

    @classmethod
    def of(cls, line: str) -> Link:
        """From a line of a digest: the ID, the status, the cable with its family, and the doubt if there is one."""
        parts = line.split(" ", 3)
        to, status, place, doubt = ["" if p == "-" else p for p in parts] + [""] * (4 - len(parts))
        cable, _slash, family = place.partition("/")
        return cls(to, status, cable, doubt, family)


@dataclass(frozen=True)
class Host:
    """One cluster of the inventory as its digest describes it."""

    name: str
    digest: Json
    member: bool
    """Whether the inventory wants it to be joined."""
    own: tuple[Endpoint, ...]
    copies: t.Mapping[str, list[str]]
    links: t.Mapping[str, list[Link]]
    """Connections of the active gateways by the ID that they lead to."""
    active: int
    identity: Identity
    readings: frozenset[str]
    """What was read and answered."""

    @classmethod
    def of(cls, name: str, digest: Json, member: bool) -> Host:
        active = [g for g in mappings(digest.get("gateways")) if g.get("status") == "active"]
        links: dict[str, list[Link]] = {}
        for link in (Link.of(line) for g in active for line in words(g.get("connections"))):
            links.setdefault(link.to, []).append(link)
        valid = digest.get("schema") == SCHEMA
        return cls(
            name=name,
            digest=digest,
            member=member,
            own=tuple(Endpoint.of_brief(e) for e in mappings(digest.get("own_endpoints"))),
            copies={k: text(v).split() for k, v in mapping(digest.get("copies")).items()},
            links=links,
            active=len(active),
            identity=Identity.from_dict(mapping(digest.get("identity"))),
            readings=frozenset(words(digest.get("read")) if valid else ()) - set(mapping(digest.get("unknown"))),
        )

    def knows(self, *keys: str) -> bool:
        return self.readings.issuperset(keys)

    @property
    def state(self) -> str:
        if not self.knows("submariners"):
            return UNKNOWN
        if self.digest.get("installed") is True:
            return INSTALLED
        return LEAVING if self.digest.get("going") is True else ABSENT

    @property
    def id(self) -> str:
        """The ID under which it is joined, empty when it is not."""
        return text(self.digest.get("cluster_id"))

    @property
    def wanted(self) -> str:
        """The ID under which the inventory wants it."""
        return text(self.digest.get("wanted_id"))

    @property
    def label(self) -> str:
        return self.id or self.wanted or self.name

    @property
    def uid(self) -> str:
        return text(self.digest.get("uid"))

    @property
    def wish(self) -> Json:
        """What a join of it will be told, and the gateway nodes that follow from it."""
        return mapping(self.digest.get("wanted"))

    @property
    def site(self) -> Json:
        """What it is made of; empty when that was not read."""
        return mapping(self.digest.get("site"))

    @property
    def pod_cidrs(self) -> list[str]:
        """As given for a join, else as seen."""
        return words(self.wish.get("cluster_cidr")) or words(self.digest.get("cluster_cidrs"))

    @property
    def service_cidrs(self) -> list[str]:
        return words(self.wish.get("service_cidr")) or words(self.digest.get("service_cidrs"))

    @property
    def likely_pod_cidrs(self) -> list[str]:
        """Where no CIDR is given or seen: those of Calico's pools, else of the nodes. Neither has to be what pods use."""
        pools = [p for p in mappings(self.site.get("pools")) if not p.get("ours") and not p.get("disabled")]
        found = [text(p.get("cidr")) for p in pools if text(p.get("cidr"))]
        return [] if self.pod_cidrs else found or list(self.identity.pod_cidrs)

    @property
    def broker_address(self) -> str:
        """Where its Submariner resource looks for the broker, with the namespace there."""
        spec = mapping(self.digest.get("submariner"))
        server = text(spec.get("brokerK8sApiServer")).rpartition("://")[2].rstrip("/").lower()
        return f"{server} {text(spec.get('brokerK8sRemoteNamespace'))}".strip()

    def is_behind(self, endpoint: Endpoint) -> bool:
        """Whether an Endpoint is this running cluster, whatever its ID says (design.md: what a ghost is)."""
        return any(endpoint.same_place(e) for e in self.own) or bool(self.identity.lives_behind(endpoint))


@dataclass(frozen=True)
class Broker:
    """The broker's records."""

    host: Host
    namespace: str
    endpoints: tuple[Endpoint, ...]
    clusters: tuple[ClusterRecord, ...]
    globalnet: Json
    imports: t.Mapping[str, list[str]]
    resource: bool
    by_id: t.Mapping[str, list[Endpoint]]
    admin_token: bool | None = None
    """Whether the Secret is there by which clusters are joined; None when that is not known."""

    @classmethod
    def of(cls, host: Host, found: Json) -> Broker:
        namespace = text(found.get("namespace"))
        endpoints = tuple(Endpoint.of_brief(e) for e in mappings(found.get("endpoints")))
        by_id: dict[str, list[Endpoint]] = {}
        for endpoint in endpoints:
            by_id.setdefault(endpoint.cluster_id, []).append(endpoint)
        return cls(
            host=host,
            namespace=namespace,
            endpoints=endpoints,
            clusters=tuple(_record(c, namespace) for c in mappings(found.get("clusters"))),
            globalnet=mapping(found.get("globalnet")),
            imports={k: words(v) for k, v in mapping(found.get("imports")).items()},
            resource=found.get("resource") is True,
            by_id=by_id,
            admin_token=found.get("admin_token") if isinstance(found.get("admin_token"), bool) else None,
        )

    @property
    def ids(self) -> list[str]:
        """All IDs that have a record."""
        return sorted({*self.by_id, *(c.cluster_id for c in self.clusters)})


def _record(value: Json, namespace: str) -> ClusterRecord:
    meta = {"name": value.get("name"), "namespace": namespace}
    return ClusterRecord.of({"metadata": meta, "spec": value})


class Ghost(t.NamedTuple):
    """An ID that has records and no cluster of its own, and how that is known."""

    id: str
    why: str
    alive_as: str
    """The ID under which that cluster runs; empty when it does not run."""


BROKER_READINGS = ("brokers", "endpoints", "clusters")


def _knows_broker(host: Host) -> bool:
    """Whether a broker was seen with its records; that there is none, only the namespaces tell."""
    return host.knows(*BROKER_READINGS) and (host.knows("namespaces") or bool(mappings(host.digest.get("brokers"))))


@dataclass
class Fleet:
    """All hosts, and who the registered IDs are."""

    hosts: list[Host]
    broker_host: str
    globalnet: bool | None = None
    """Whether Globalnet is wanted; None for what the fleet has."""
    declared_dead: frozenset[str] = frozenset()
    """IDs that the user calls ghosts."""
    denied: t.Mapping[str, t.Any] = field(default_factory=dict)
    """What the credentials do not allow, by host."""
    unanswered: t.Mapping[str, t.Any] = field(default_factory=dict)
    """Why there is no digest, by host."""
    left_out: frozenset[str] = frozenset()
    """IDs of the inventory's members that are not among the hosts: expected on the broker, and not judged."""
    planned: bool = False
    """Whether clusters without an installation are judged as if they were about to get one."""
    intent: Intent | None = None
    """What is about to be done; None for a fleet that is judged as it is."""

    @classmethod
    def of(
        cls, digests: t.Mapping[str, t.Any], broker: str, members: t.Collection[str] | None = None, **more: t.Any
    ) -> Fleet:
        """C(members) are the hosts to be joined; without them all but a broker that has no Submariner resource."""
        hosts = []
        for name in dict.fromkeys([*digests, *(members or ())]):
            digest = mapping(digests.get(name))
            joined = digest.get("installed") is True or digest.get("going") is True
            hosts.append(Host.of(name, digest, name in members if members is not None else name != broker or joined))
        return cls(hosts, broker, **more)

    @property
    def in_play(self) -> list[Host]:
        """The hosts that are joined, and the members that are about to be or may be; not a broker's cluster that is neither."""
        joined = (INSTALLED, LEAVING)
        return [h for h in self.hosts if h.state in joined or (h.member and (self.planned or h.state == UNKNOWN))]

    @cached_property
    def installed(self) -> list[Host]:
        return [h for h in self.hosts if h.state == INSTALLED]

    @cached_property
    def undecided(self) -> set[str]:
        """IDs of clusters that are being removed or were not read: nothing is expected of them, and they are no ghosts."""
        return {i for h in self.hosts if h.state in (LEAVING, UNKNOWN) for i in (h.id or h.wanted,) if i}

    @cached_property
    def living(self) -> dict[str, Host]:
        """The installed hosts by the ID under which they are joined."""
        return {h.id: h for h in reversed(self.installed) if h.id}

    @cached_property
    def broker_is_known(self) -> bool:
        """Whether the broker's host was read, so that no broker means there is none."""
        return any(h.name == self.broker_host and _knows_broker(h) for h in self.hosts)

    @cached_property
    def broker(self) -> Broker | None:
        """The broker on its host; None when there is none, or it could not be read."""
        if not self.broker_is_known:
            return None
        host = next(h for h in self.hosts if h.name == self.broker_host)
        used = {text(mapping(h.digest.get("submariner")).get("brokerK8sRemoteNamespace")) for h in self.installed}
        found = [Broker.of(host, b) for b in mappings(host.digest.get("brokers"))]
        return max(found, key=lambda b: (b.namespace in used, b.resource), default=None)

    @cached_property
    def ghosts(self) -> dict[str, Ghost]:
        """Registered IDs that are ghosts, each with the proof."""
        if self.broker is None:
            return {}
        others = [i for i in self.broker.ids if i not in self.living and i not in self.undecided]
        return {g.id: g for g in (self._ghost(self.broker, i) for i in others) if g.why}

    @property
    def unmanaged(self) -> list[str]:
        """Registered IDs that are nobody's of the inventory, and no ghosts by themselves."""
        known = {*self.living, *self.undecided, *self.ghosts}
        return [i for i in self.broker.ids if i not in known] if self.broker else []

    def _ghost(self, broker: Broker, cluster_id: str) -> Ghost:
        endpoints = broker.by_id.get(cluster_id, [])
        records = [c for c in broker.clusters if c.cluster_id == cluster_id]
        for host in self.hosts:
            if host.state in (INSTALLED, LEAVING) and any(host.is_behind(e) for e in endpoints):
                why = f"its gateway is the one of {host.name}, which is joined as '{host.id}'"
                return Ghost(cluster_id, why, host.id if host.state == INSTALLED else "")
        for host in self.hosts:
            if host.state == ABSENT and (
                cluster_id == host.wanted or host.identity.made(cluster_id, endpoints, records)
            ):
                return Ghost(cluster_id, f"{host.name} has no installation", "")
        declared = cluster_id in self.declared_dead
        return Ghost(cluster_id, "it was declared dead in submariner_ghosts" if declared else "", "")
