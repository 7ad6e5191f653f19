# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Submariner owns on an API server, as data; pure. Private to this collection, may change at any time.

Sources: submariner.md sections 2 (objects), 3.1 (uninstall workloads), 3.4 (residues R1-R29), and measured.md. Names
are exact lists: a C(submariner-) prefix alone proves nothing (measured.md, "Read again in the source").
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, text

COMPONENTS = ("gateway", "routeagent", "globalnet", "lighthouse-agent")
UNINSTALL_WORKLOADS = frozenset(f"submariner-{c}-uninstall" for c in COMPONENTS) | {
    "submariner-networkplugin-syncer-uninstall"
}
WORKLOADS = frozenset(
    [
        "submariner-operator",
        "submariner-gateway",
        "submariner-routeagent",
        "submariner-globalnet",
        "submariner-metrics-proxy",
        "submariner-lighthouse-agent",
        "submariner-lighthouse-coredns",
        "submariner-networkplugin-syncer",
    ]
)
ROLES = frozenset(
    [
        "submariner-operator",
        "submariner-gateway",
        "submariner-routeagent",
        "submariner-globalnet",
        "submariner-diagnose",
        "submariner-lighthouse-agent",
        "submariner-lighthouse-coredns",
        "submariner-networkplugin-syncer",
    ]
)
OPENSHIFT_ROLES = frozenset("ocp-" + r for r in ROLES)
CRDS = frozenset(
    f"{plural}.submariner.io"
    for plural in (
        "submariners",
        "servicediscoveries",
        "brokers",
        "clusters",
        "endpoints",
        "gateways",
        "routeagents",
        "gatewayroutes",
        "nongatewayroutes",
        "globalegressips",
        "globalingressips",
        "clusterglobalegressips",
    )
)
MCS_CRDS = frozenset(f"{plural}.multicluster.x-k8s.io" for plural in ("serviceexports", "serviceimports"))

MEMBER, BROKER = "member", "broker"

# A stage begins when nothing of an earlier one is left (see _removal). Resources first: the operator does its part
# while it still can. Labels last: without a gateway node the operator's uninstall does nothing (submariner.md 0.6).
RESOURCES, REST, LABEL = 10, 40, 90

RBAC = "/apis/rbac.authorization.k8s.io/v1/"


@dataclass(frozen=True)
class Entry:
    """How one sort of owned object is recognised and removed.

    An object of the snapshot's C(key) is owned when its namespace is C(namespace) (V({operator}), V({broker}), empty
    for any) and every recogniser that is given accepts it: C(names) (exact), C(pattern) (whole name), C(marks) (a label or
    annotation key, or C(key=value)).
    """

    residue: str
    key: str
    path: str
    scope: str
    stage: int
    why: str
    namespace: str = ""
    names: frozenset[str] = frozenset()
    pattern: str = ""
    marks: tuple[str, ...] = ()
    action: str = "delete"
    grace: int | None = None
    contents: bool = False
    """Whether it goes with its namespace when that is deleted."""

    def owns(self, obj: Json, namespace: str) -> bool:
        meta = mapping(obj.get("metadata"))
        name = text(meta.get("name"))
        if self.namespace and text(meta.get("namespace")) != namespace:
            return False
        if self.names and name not in self.names:
            return False
        if self.pattern and not re.fullmatch(self.pattern, name):
            return False
        return not self.marks or any(_marked(meta, mark) for mark in self.marks)


def _marked(meta: Json, mark: str) -> bool:
    key, equals, value = mark.partition("=")
    for place in ("labels", "annotations"):
        for found, content in mapping(meta.get(place)).items():
            if (found == key or (key.endswith("*") and found.startswith(key[:-1]))) and (
                not equals or content == value
            ):
                return True
    return False


def _entry(residue: str, key: str, path: str, scope: str, stage: int, why: str, **more: t.Any) -> Entry:
    return Entry(residue, key, path, scope, stage, why, **more)


OPERATOR, BROKER_NS = "{operator}", "{broker}"
V1ALPHA1 = "/apis/submariner.io/v1alpha1/namespaces/{namespace}/"
V1 = "/apis/submariner.io/v1/namespaces/{namespace}/"
CORE = "/api/v1/namespaces/{namespace}/"
APPS = "/apis/apps/v1/namespaces/{namespace}/"
NAMED = "is one of the names that Submariner gives"

ENTRIES: tuple[Entry, ...] = (
    _entry("R1", "submariners", V1ALPHA1 + "submariners/{name}", MEMBER, RESOURCES, "is a Submariner resource"),
    _entry(
        "R1",
        "servicediscoveries",
        V1ALPHA1 + "servicediscoveries/{name}",
        MEMBER,
        RESOURCES,
        "is a ServiceDiscovery resource",
    ),
    _entry(
        "R2",
        "daemonsets",
        APPS + "daemonsets/{name}",
        MEMBER,
        REST,
        "is an uninstall workload of the operator",
        namespace=OPERATOR,
        names=UNINSTALL_WORKLOADS,
    ),
    _entry(
        "R2",
        "deployments",
        APPS + "deployments/{name}",
        MEMBER,
        REST,
        "is an uninstall workload of the operator",
        namespace=OPERATOR,
        names=UNINSTALL_WORKLOADS,
    ),
    _entry(
        "",
        "daemonsets",
        APPS + "daemonsets/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=WORKLOADS,
    ),
    _entry(
        "",
        "deployments",
        APPS + "deployments/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=WORKLOADS,
    ),
    _entry(
        "",
        "pods",
        CORE + "pods/{name}",
        MEMBER,
        REST,
        "is a pod of a Submariner workload",
        namespace=OPERATOR,
        pattern="(" + "|".join(sorted(WORKLOADS | UNINSTALL_WORKLOADS)) + ")-[a-z0-9-]+",
        grace=1,
    ),
    _entry(
        "R25",
        "transient-pods",
        CORE + "pods/{name}",
        MEMBER,
        REST,
        "carries the label of subctl's test pods",
        grace=1,
    ),
    _entry(
        "",
        "endpoints",
        V1 + "endpoints/{name}",
        MEMBER,
        REST,
        "is a record of this cluster",
        namespace=OPERATOR,
        contents=True,
    ),
    _entry(
        "",
        "clusters",
        V1 + "clusters/{name}",
        MEMBER,
        REST,
        "is a record of this cluster",
        namespace=OPERATOR,
        contents=True,
    ),
    _entry(
        "R8",
        "gateways",
        V1 + "gateways/{name}",
        MEMBER,
        REST,
        "is a Gateway record",
        namespace=OPERATOR,
        contents=True,
    ),
    _entry(
        "",
        "routeagents",
        V1 + "routeagents/{name}",
        MEMBER,
        REST,
        "is a RouteAgent record",
        namespace=OPERATOR,
        contents=True,
    ),
    _entry(
        "",
        "services",
        CORE + "services/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        pattern=r"submariner-[a-z-]+",
        contents=True,
    ),
    _entry(
        "R28",
        "configmaps",
        CORE + "configmaps/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=frozenset(["submariner-lighthouse-coredns", "submariner-operator-lock"]),
        contents=True,
    ),
    _entry(
        "R29",
        "secrets",
        CORE + "secrets/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        pattern=r"submariner-(broker-secret|ipsec-psk)|broker-secret-[a-z0-9]+",
        contents=True,
    ),
    _entry(
        "",
        "serviceaccounts",
        CORE + "serviceaccounts/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=ROLES,
        contents=True,
    ),
    _entry(
        "",
        "roles",
        RBAC + "namespaces/{namespace}/roles/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=ROLES | {"submariner-metrics-reader"},
        contents=True,
    ),
    _entry(
        "",
        "rolebindings",
        RBAC + "namespaces/{namespace}/rolebindings/{name}",
        MEMBER,
        REST,
        NAMED,
        namespace=OPERATOR,
        names=ROLES | {"read-submariner-metrics"},
        contents=True,
    ),
    _entry("R19", "clusterroles", RBAC + "clusterroles/{name}", MEMBER, REST, NAMED, names=ROLES),
    _entry("R19", "clusterrolebindings", RBAC + "clusterrolebindings/{name}", MEMBER, REST, NAMED, names=ROLES),
    _entry("R20", "clusterroles", RBAC + "clusterroles/{name}", MEMBER, REST, NAMED, names=OPENSHIFT_ROLES),
    _entry(
        "R20", "clusterrolebindings", RBAC + "clusterrolebindings/{name}", MEMBER, REST, NAMED, names=OPENSHIFT_ROLES
    ),
    _entry(
        "R17",
        "serviceimports",
        "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/{namespace}/serviceimports/{name}",
        MEMBER,
        REST,
        "carries the marks of Submariner's lighthouse agent",
        marks=("timestamp.submariner.io/*", "lighthouse.submariner.io/*"),
    ),
    _entry(
        "R17",
        "endpointslices",
        "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}",
        MEMBER,
        REST,
        "is managed by Submariner's lighthouse agent",
        marks=("endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io",),
    ),
    _entry(
        "R18",
        "coredns",
        "/api/v1/namespaces/kube-system/configmaps/coredns",
        MEMBER,
        REST,
        "has a block between lighthouse's marker lines",
        action="edit",
    ),
    _entry(
        "R13", "namespaces", "/api/v1/namespaces/{name}", MEMBER, REST, "is the operator's namespace", pattern=OPERATOR
    ),
    _entry("", "brokers", V1ALPHA1 + "brokers/{name}", BROKER, RESOURCES, "is a Broker resource"),
    _entry(
        "R3",
        "endpoints",
        V1 + "endpoints/{name}",
        BROKER,
        REST,
        "is a record on the broker",
        namespace=BROKER_NS,
        contents=True,
    ),
    _entry(
        "R4",
        "clusters",
        V1 + "clusters/{name}",
        BROKER,
        REST,
        "is a record on the broker",
        namespace=BROKER_NS,
        contents=True,
    ),
    _entry(
        "R9",
        "rolebindings",
        RBAC + "namespaces/{namespace}/rolebindings/{name}",
        BROKER,
        REST,
        NAMED,
        namespace=BROKER_NS,
        pattern=r"submariner-k8s-broker-[a-z]+|cluster-.+-submariner-k8s-broker-cluster",
        contents=True,
    ),
    _entry(
        "",
        "roles",
        RBAC + "namespaces/{namespace}/roles/{name}",
        BROKER,
        REST,
        NAMED,
        namespace=BROKER_NS,
        pattern=r"submariner-k8s-broker-[a-z]+",
        contents=True,
    ),
    _entry(
        "R9",
        "serviceaccounts",
        CORE + "serviceaccounts/{name}",
        BROKER,
        REST,
        NAMED,
        namespace=BROKER_NS,
        pattern=r"submariner-k8s-broker-[a-z]+|cluster-.+",
        contents=True,
    ),
    _entry(
        "R9",
        "broker-secrets",
        CORE + "secrets/{name}",
        BROKER,
        REST,
        NAMED,
        namespace=BROKER_NS,
        pattern=r"(submariner-k8s-broker-[a-z]+|cluster-.+)-(token|dockercfg)-[a-z0-9]+",
        contents=True,
    ),
    _entry(
        "R10",
        "broker-configmaps",
        CORE + "configmaps/{name}",
        BROKER,
        REST,
        NAMED,
        namespace=BROKER_NS,
        names=frozenset(["submariner-globalnet-info", "submariner-clustersetip-info"]),
        contents=True,
    ),
    _entry(
        "R13", "namespaces", "/api/v1/namespaces/{name}", BROKER, REST, "is the broker's namespace", pattern=BROKER_NS
    ),
    _entry(
        "R15",
        "crds",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
        MEMBER,
        REST,
        "is one of Submariner's definitions",
        names=CRDS,
    ),
)

# What a namespace holds without anybody's doing, or through its platform.
AMBIENT = {
    "configmaps": r"kube-root-ca\.crt|openshift-service-ca\.crt",
    "secrets": r"(builder|default|deployer|pipeline|submariner-[a-z-]+|cluster-.+)-(token|dockercfg)-[a-z0-9]+",
    "serviceaccounts": r"default|builder|deployer|pipeline",
    "rolebindings": r"system:.+",
}
AMBIENT["broker-configmaps"], AMBIENT["broker-secrets"] = AMBIENT["configmaps"], AMBIENT["secrets"]

WORK = ("deployments", "daemonsets", "statefulsets", "jobs", "pods", "services", "persistentvolumeclaims")
CLUSTER_WIDE = ("serviceaccounts", "roles", "rolebindings")
"""Those of L(CONTENTS) that are read in all namespaces at once."""

CONTENTS = {
    MEMBER: (*WORK, "configmaps", "secrets", *CLUSTER_WIDE),
    BROKER: (*(f"broker-{k}" for k in (*WORK, "configmaps", "secrets")), *CLUSTER_WIDE),
}
"""Kinds that are looked through before a namespace is deleted: a foreign object in it keeps the namespace."""

DECISIVE = frozenset(["namespaces", "nodes", "brokers", "submariners", "servicediscoveries", "endpoints", "clusters"])
"""Readings without which nothing goes, whatever the scope: where the brokers are, whose the records are, what lives."""

SIGNS_OF_MEMBERS = ("serviceaccounts", "rolebindings", "serviceimports", "endpointslices")
"""By what the members of a broker are seen besides its records."""


@dataclass(frozen=True)
class OtherOwner:
    """Somebody who installed Submariner and would put it back: how to see it, and that owner's own way of removal."""

    id: str
    marks: tuple[str, ...]
    removal: str
    words: str = field(default="")


OTHER_OWNERS: tuple[OtherOwner, ...] = (
    OtherOwner(
        "helm", ("app.kubernetes.io/managed-by=Helm", "meta.helm.sh/release-name"), "helm uninstall", "a Helm release"
    ),
    OtherOwner(
        "olm",
        ("olm.owner", "operators.coreos.com/*", "olm.managed=true"),
        "delete its Subscription and ClusterServiceVersion",
        "an OLM Subscription",
    ),
    OtherOwner(
        "argocd",
        ("argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id"),
        "delete the Application in Argo CD",
        "an Argo CD application",
    ),
    OtherOwner(
        "acm",
        ("addon.open-cluster-management.io/*", "open-cluster-management.io/*"),
        "disable the submariner add-on of the ManagedCluster in ACM",
        "an ACM add-on",
    ),
)


def other_owner(obj: Json) -> OtherOwner | None:
    """Who else manages C(obj), by the marks on it."""
    meta = mapping(obj.get("metadata"))
    return next((o for o in OTHER_OWNERS if any(_marked(meta, m) for m in o.marks)), None)
