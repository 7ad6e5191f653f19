# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed records that the other files exchange; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import ipaddress
import re
import typing as t
import zlib
from dataclasses import asdict, dataclass, field

Json = dict[str, t.Any]

OPERATOR_NAMESPACE = "submariner-operator"
BROKER_NAMESPACE = "submariner-k8s-broker"
ORIGIN_LABEL = "submariner-io/clusterID"
GATEWAY_LABEL = "submariner.io/gateway"
CLEANUP_FINALIZER = "controllers.submariner.io/cleanup"

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""What IDs of clusters and names of namespaces are."""

ERROR, WARNING, UNKNOWN, INFO = "error", "warning", "unknown", "info"


def mapping(value: t.Any) -> Json:
    """``value`` when it is a mapping, else an empty one: API objects may lack or abuse any field."""
    return value if isinstance(value, dict) else {}


def sequence(value: t.Any) -> list[t.Any]:
    """``value`` when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: t.Any) -> list[Json]:
    """The items of ``value`` as mappings, none when it is no list."""
    return [mapping(v) for v in sequence(value)]


def text(value: t.Any) -> str:
    """``value`` when it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


@dataclass
class Finding:
    """One thing that is wrong, or cannot be known.

    severity: V(error) (the clusterset does not do its job), V(warning) (it does, at a risk), V(unknown) (the question
    was not answered), V(info). The stable C(id) is listed in docs/findings.md.
    """

    id: str
    severity: str
    subject: str
    observed: str
    expected: str = ""
    cause: str = ""
    hint: str = ""
    evidence: Json = field(default_factory=dict)

    @classmethod
    def of(cls, value: Json) -> Finding:
        """Back from L(as_dict); a severity that does not exist counts as unknown."""
        severity = text(value.get("severity"))
        words = {k: text(value.get(k)) for k in ("id", "subject", "observed", "expected", "cause", "hint")}
        known = severity in (ERROR, WARNING, UNKNOWN, INFO)
        return cls(severity=severity if known else UNKNOWN, evidence=mapping(value.get("evidence")), **words)

    def as_dict(self) -> Json:
        return asdict(self)

    def line(self) -> str:
        """The finding in one line a person can act on."""
        parts = [f"[{self.id}] {self.subject}: {self.observed}"]
        parts += [f"expected {self.expected}"] if self.expected else []
        parts += [f"cause: {self.cause}"] if self.cause else []
        parts += [f"do: {self.hint}"] if self.hint else []
        return "; ".join(parts)


def verdict(findings: t.Iterable[Finding]) -> str:
    """V(fail) with an error, else V(unknown) with a question unanswered, V(degraded) with a warning, V(pass)."""
    seen = {f.severity for f in findings}
    for severity, result in ((ERROR, "fail"), (UNKNOWN, "unknown"), (WARNING, "degraded")):
        if severity in seen:
            return result
    return "pass"


@dataclass
class Owned:
    """An object or node change that Submariner made, and what is to be done with it.

    action: V(delete), V(edit) (take our part out of somebody else's object, by the merge patch C(patch); C(backup) is the
    one that puts it back), V(keep). C(why) is the proof that it is ours, or the reason it stays. C(finalizer) is
    Submariner's own, which is taken away before the deletion.
    """

    kind: str
    namespace: str
    name: str
    path: str
    uid: str = ""
    action: str = "delete"
    why: str = ""
    residue: str = ""
    stage: int = 0
    grace: int | None = None
    patch: Json = field(default_factory=dict)
    backup: Json = field(default_factory=dict)
    finalizer: str = ""

    ALWAYS: t.ClassVar[tuple[str, ...]] = ("kind", "namespace", "name", "uid", "action", "why", "residue")
    """What every entry of a result has, also when it is empty."""

    @property
    def label(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def as_dict(self) -> Json:
        shown = {k: v for k, v in asdict(self).items() if k != "patch"}
        return {k: v for k, v in shown.items() if v not in ("", {}, None) or k in self.ALWAYS}


BRIEF = (
    "namespace", "name", "cluster_id", "origin", "hostname", "private_ip", "public_ip", "cable_name", "backend",
    "health_check_ip", "second_ips", "settings",
)  # fmt: skip
MARKED = ("hostname", "private_ip", "public_ip", "cable_name", "backend", "health_check_ip", "second_ips", "settings")

ADDRESSES = {"private_ip": "privateIPs", "public_ip": "publicIPs", "healthCheckIP": "healthCheckIPs"}
"""From 0.21 the addresses stand in lists, for IPv4 and IPv6, and the first ones where they were before (submariner.md 4.1)."""


def addresses_of(spec: Json, field: str) -> tuple[str, ...]:
    """The addresses of one kind in an Endpoint's spec, each once."""
    found = [text(a) for a in (spec.get(field), *sequence(spec.get(ADDRESSES[field])))]
    return tuple(dict.fromkeys(a for a in found if a))


@dataclass(frozen=True)
class Endpoint:
    """An Endpoint record (submariner.md 4.1)."""

    namespace: str
    name: str
    uid: str
    cluster_id: str
    origin: str
    """Value of the label submariner-io/clusterID; empty for a member's own Endpoint."""
    hostname: str
    private_ip: str
    public_ip: str
    subnets: tuple[str, ...]
    cable_name: str
    backend: str = ""
    health_check_ip: str = ""
    private_ips: tuple[str, ...] = ()
    """All private addresses of a dual-stack gateway, the first one included."""
    second_ips: str = ""
    """The addresses of a dual-stack gateway beside the first of each kind."""
    settings: str = ""
    """By what else others connect: its ports, its load balancer, and whether it is behind NAT."""

    @classmethod
    def of(cls, obj: Json) -> Endpoint:
        meta, spec = mapping(obj.get("metadata")), mapping(obj.get("spec"))
        private, public, health = (addresses_of(spec, field) for field in ADDRESSES)
        return cls(
            namespace=text(meta.get("namespace")),
            name=text(meta.get("name")),
            uid=text(meta.get("uid")),
            cluster_id=text(spec.get("cluster_id")),
            origin=text(mapping(meta.get("labels")).get(ORIGIN_LABEL)),
            hostname=text(spec.get("hostname")),
            private_ip=next(iter(private), ""),
            public_ip=next(iter(public), ""),
            subnets=tuple(sorted(text(s) for s in sequence(spec.get("subnets")) if text(s))),
            cable_name=text(spec.get("cable_name")),
            backend=text(spec.get("backend")),
            health_check_ip=next(iter(health), ""),
            private_ips=private,
            second_ips=" ".join((*private[1:], *public[1:], *health[1:])),
            settings=",".join(
                [f"{k}={v}" for k, v in sorted(mapping(spec.get("backend_config")).items())]
                + ["nat"] * (spec.get("nat_enabled") is True)
            ),
        )

    @classmethod
    def of_brief(cls, value: Json) -> Endpoint:
        """Back from L(brief)."""
        words: dict[str, t.Any] = {k: text(value.get(k)) for k in BRIEF}
        return cls(uid="", subnets=tuple(text(s) for s in sequence(value.get("subnets")) if text(s)), **words)

    def brief(self) -> Json:
        """What comparing clusters needs of it."""
        return {**{k: getattr(self, k) for k in BRIEF}, "subnets": list(self.subnets)}

    @property
    def mark(self) -> str:
        """A short text that is equal for copies of one record: of its name, host, addresses, cable, settings and CIDRs."""
        words = "|".join((self.name, *(getattr(self, key) for key in MARKED), *self.subnets))
        return f"{zlib.crc32(words.encode('utf-8', 'replace')):08x}"

    @property
    def addresses(self) -> frozenset[str]:
        """All private addresses."""
        return frozenset({self.private_ip, *self.private_ips} - {""})

    def same_place(self, other: Endpoint) -> bool:
        """Behind the same gateway address, or for the same CIDRs: one cluster, whatever the IDs say (measured.md)."""
        address = bool(self.private_ip) and self.private_ip == other.private_ip and self.public_ip == other.public_ip
        return address or (bool(self.subnets) and self.subnets == other.subnets)


@dataclass(frozen=True)
class ClusterRecord:
    """A Cluster record (submariner.md 4.1)."""

    namespace: str
    name: str
    uid: str
    cluster_id: str
    origin: str
    cluster_cidr: tuple[str, ...]
    service_cidr: tuple[str, ...]
    global_cidr: tuple[str, ...]

    @classmethod
    def of(cls, obj: Json) -> ClusterRecord:
        meta, spec = mapping(obj.get("metadata")), mapping(obj.get("spec"))

        def cidrs(key: str) -> tuple[str, ...]:
            return tuple(sorted(text(c) for c in sequence(spec.get(key)) if text(c)))

        return cls(
            namespace=text(meta.get("namespace")),
            name=text(meta.get("name")),
            uid=text(meta.get("uid")),
            cluster_id=text(spec.get("cluster_id")) or text(meta.get("name")),
            origin=text(mapping(meta.get("labels")).get(ORIGIN_LABEL)),
            cluster_cidr=cidrs("cluster_cidr"),
            service_cidr=cidrs("service_cidr"),
            global_cidr=cidrs("global_cidr"),
        )


@dataclass(frozen=True)
class Connection:
    """One entry of a Gateway's status.connections."""

    cluster_id: str
    cable_name: str
    hostname: str
    private_ip: str
    status: str
    message: str
    latency: str
    family: str = ""
    """V(6) of one that uses IPv6: in a dual-stack clusterset there is one of each family to each cluster."""


@dataclass(frozen=True)
class Gateway:
    """A Gateway object: what one gateway pod says of itself. C(updated) is its node's clock (measured.md)."""

    name: str
    uid: str
    ha_status: str
    updated: str
    failure: str
    version: str
    local: Endpoint
    connections: tuple[Connection, ...]
    written: str = ""
    """When the API server last took a change of it, by that server's clock; empty when it did not say."""

    @classmethod
    def of(cls, obj: Json) -> Gateway:
        meta, status = mapping(obj.get("metadata")), mapping(obj.get("status"))
        connections = []
        for entry in sequence(status.get("connections")):
            entry = mapping(entry)
            far = Endpoint.of({"spec": entry.get("endpoint")})
            connections.append(
                Connection(
                    cluster_id=far.cluster_id,
                    cable_name=far.cable_name,
                    hostname=far.hostname,
                    private_ip=far.private_ip,
                    status=text(entry.get("status")),
                    message=text(entry.get("statusMessage")),
                    latency=text(mapping(entry.get("latencyRTT")).get("average")),
                    family="6" if ":" in text(entry.get("usingIP")) else "",
                )
            )
        return cls(
            name=text(meta.get("name")),
            uid=text(meta.get("uid")),
            ha_status=text(status.get("haStatus")),
            updated=text(mapping(meta.get("annotations")).get("update-timestamp")),
            failure=text(status.get("statusFailure")),
            version=text(status.get("version")),
            local=Endpoint.of({"spec": status.get("localEndpoint")}),
            connections=tuple(connections),
            written=text(meta.get("written")),
        )


@dataclass(frozen=True)
class Node:
    """A node as far as Submariner cares."""

    name: str
    uid: str
    ready: bool
    gateway: str
    """Value of the gateway label, empty without it."""
    control_plane: bool
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    annotations: tuple[str, ...]
    """Keys of annotations and labels below submariner.io and gateway.submariner.io."""
    linux: bool = True
    """Whether Submariner's pods can run there: it is neither a Windows node nor a virtual kubelet."""
    labelled_by: str = ""
    """Who set the gateway label, as the API server noted it."""

    @classmethod
    def of(cls, obj: Json) -> Node:
        meta, status = mapping(obj.get("metadata")), mapping(obj.get("status"))
        labels, notes = mapping(meta.get("labels")), mapping(meta.get("annotations"))
        ready = any(
            mapping(c).get("type") == "Ready" and mapping(c).get("status") == "True"
            for c in sequence(status.get("conditions"))
        )
        ours = sorted(k for k in [*labels, *notes] if k.split("/")[0].endswith("submariner.io") and k != GATEWAY_LABEL)
        return cls(
            name=text(meta.get("name")),
            uid=text(meta.get("uid")),
            ready=ready,
            gateway=text(labels.get(GATEWAY_LABEL)),
            control_plane="node-role.kubernetes.io/control-plane" in labels
            or "node-role.kubernetes.io/master" in labels,
            addresses=tuple(
                text(mapping(a).get("address"))
                for a in sequence(status.get("addresses"))
                if mapping(a).get("type") != "Hostname"
            ),
            pod_cidrs=tuple(
                text(c)
                for c in sequence(mapping(obj.get("spec")).get("podCIDRs")) or [mapping(obj.get("spec")).get("podCIDR")]
                if text(c)
            ),
            annotations=tuple(ours),
            linux=labels.get("kubernetes.io/os") in (None, "linux") and labels.get("type") != "virtual-kubelet",
            labelled_by=text(meta.get("gateway-label-by")),
        )


@dataclass(frozen=True)
class Workload:
    """A Deployment, DaemonSet with its counts."""

    kind: str
    name: str
    uid: str
    desired: int
    ready: int
    deleting: bool
    images: tuple[str, ...]

    @classmethod
    def of(cls, obj: Json) -> Workload:
        meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
        daemon = obj.get("kind") == "DaemonSet"
        desired = status.get("desiredNumberScheduled") if daemon else spec.get("replicas", 1)
        ready = status.get("numberReady") if daemon else status.get("readyReplicas")
        containers = sequence(mapping(mapping(spec.get("template")).get("spec")).get("containers"))
        return cls(
            kind=text(obj.get("kind")),
            name=text(meta.get("name")),
            uid=text(meta.get("uid")),
            desired=desired if isinstance(desired, int) else 0,
            ready=ready if isinstance(ready, int) else 0,
            deleting=bool(meta.get("deletionTimestamp")),
            images=tuple(text(mapping(c).get("image")) for c in containers),
        )


def same_host(one: str, other: str) -> bool:
    """Whether a host's name and a node's name are of one machine: either may have its domain, and letters in other cases."""
    left, right = one.lower(), other.lower()
    return left == right or (
        bool(left and right) and (left.partition(".")[0] == right or right.partition(".")[0] == left)
    )


def overlap(one: str, other: str) -> bool:
    """Whether two CIDRs share an address; text that is no CIDR overlaps nothing."""
    try:
        left, right = ipaddress.ip_network(one, strict=False), ipaddress.ip_network(other, strict=False)
    except ValueError:
        return False
    return left.version == right.version and left.overlaps(right)


@dataclass
class Reading:
    """The answer to one LIST or GET: V(present) with the objects, V(absent), or V(unknown) with the reason."""

    state: str
    objects: list[Json] = field(default_factory=list)
    reason: str = ""


NOT_ASKED = Reading("unknown", reason="not read")


@dataclass
class Snapshot:
    """What one cluster answered. C(readings) is keyed by the names of the table in _observe."""

    readings: dict[str, Reading] = field(default_factory=dict)
    server: str = ""
    clock: float | None = None
    """The API server's clock in epoch seconds."""
    operator_namespace: str = OPERATOR_NAMESPACE
    dns_map_before: tuple[str, str] = ("", "")
    """L(dns_map) of an earlier reading: once the resources are gone, nothing tells it any more."""
    brokers_before: tuple[str, ...] = ()
    """Namespaces of brokers that an earlier reading told, or what else stands there: the Broker CR is the first that goes."""
    ahead: float | None = None
    """Seconds by which the API server's clock is ahead of this machine's; whole ones, as a Date header has no others."""
    clocks: dict[str, float] = field(default_factory=dict)
    """The API server's clock when a key was read: with a slow server what was read first is older than what came last."""

    def clock_of(self, key: str) -> float | None:
        """By which the age of what was read under C(key) counts."""
        return self.clocks.get(key, self.clock)

    def reading(self, key: str) -> Reading:
        return self.readings.get(key, NOT_ASKED)

    def objects(self, key: str, namespace: str | None = None) -> list[Json]:
        """Objects that were read under C(key), of one namespace or of all."""
        found = self.reading(key).objects
        if namespace is None:
            return found
        return [o for o in found if mapping(o.get("metadata")).get("namespace") == namespace]

    def known(self, *keys: str) -> bool:
        """Whether all of C(keys) were answered."""
        return all(self.reading(k).state != "unknown" for k in keys)

    @property
    def unanswered(self) -> dict[str, str]:
        return {k: r.reason for k, r in self.readings.items() if r.state == "unknown"}

    @property
    def by_uid(self) -> dict[str, Json]:
        """All that was read; of what several readings show the first."""
        found: dict[str, Json] = {}
        for obj in (o for reading in self.readings.values() for o in reading.objects):
            found.setdefault(text(mapping(obj.get("metadata")).get("uid")), obj)
        found.pop("", None)
        return found

    def first(self, key: str, namespace: str, name: str) -> Json:
        """One object, empty when it is not there."""
        return next((o for o in self.objects(key, namespace) if mapping(o.get("metadata")).get("name") == name), {})

    def endpoints(self, namespace: str) -> list[Endpoint]:
        return [Endpoint.of(o) for o in self.objects("endpoints", namespace)]

    def clusters(self, namespace: str) -> list[ClusterRecord]:
        return [ClusterRecord.of(o) for o in self.objects("clusters", namespace)]

    @property
    def gateways(self) -> list[Gateway]:
        return [Gateway.of(o) for o in self.objects("gateways", self.operator_namespace)]

    @property
    def nodes(self) -> list[Node]:
        return [Node.of(o) for o in self.objects("nodes")]

    @property
    def workloads(self) -> list[Workload]:
        return [Workload.of(o) for key in ("deployments", "daemonsets") for o in self.objects(key)]

    @property
    def uid(self) -> str:
        """Identity of the cluster: the UID of its kube-system namespace."""
        return text(mapping(self.first_of("kube-system").get("metadata")).get("uid"))

    def first_of(self, key: str) -> Json:
        return next(iter(self.objects(key)), {})

    @property
    def submariner(self) -> Json:
        """The Submariner CR in the operator namespace, empty without one."""
        return next(iter(self.objects("submariners", self.operator_namespace)), {})

    @property
    def dns_map(self) -> tuple[str, str]:
        """Namespace and name of the ConfigMap in which the user wants lighthouse to write, empty without one."""
        for key in ("submariners", "servicediscoveries"):
            for obj in self.objects(key, self.operator_namespace):
                named = mapping(mapping(obj.get("spec")).get("coreDNSCustomConfig"))
                if text(named.get("configMapName")):
                    return text(named.get("namespace")) or "kube-system", text(named.get("configMapName"))
        return self.dns_map_before

    @property
    def broker_namespaces(self) -> list[str]:
        """Namespaces that are, or were, a broker: a Broker CR stands or stood there, or they have the default name."""
        found = {text(mapping(o.get("metadata")).get("namespace")) for o in self.objects("brokers")}
        found |= {n for n in (BROKER_NAMESPACE, *self.brokers_before) if self.namespace(n)}
        return sorted(n for n in found if n)

    def namespace(self, name: str) -> Json:
        return next((o for o in self.objects("namespaces") if mapping(o.get("metadata")).get("name") == name), {})

    @property
    def cluster_id(self) -> str:
        """The ID under which this cluster is, or is being, joined; empty when it is not."""
        spec = mapping(self.submariner.get("spec"))
        own = [e.cluster_id for e in self.endpoints(self.operator_namespace) if not e.origin]
        return text(spec.get("clusterID")) or next(iter(own), "")

    @property
    def installed(self) -> bool:
        """Whether a Submariner CR is there and is not on its way out."""
        return bool(self.submariner) and not mapping(self.submariner.get("metadata")).get("deletionTimestamp")
