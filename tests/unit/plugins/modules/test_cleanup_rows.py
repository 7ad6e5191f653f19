# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every entry of the catalogue: one object of it is planned, removed and proven to be gone, and a look-alike survives."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import ENTRIES, MEMBER, Entry
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import internal_service
from tests.unit.cleaning import BROKER, OPERATOR, Cleaning, definition, obj
from tests.unit.fake_cluster import Refused

Json = dict[str, t.Any]
Key = tuple[str, str, str, str]

RBAC = "rbac.authorization.k8s.io/v1"
MCS = "multicluster.x-k8s.io/v1alpha1"
SLICES = "discovery.k8s.io/v1"
V1, V1ALPHA1 = "submariner.io/v1", "submariner.io/v1alpha1"
MANAGED = {"endpointslice.kubernetes.io/managed-by": "lighthouse-agent.submariner.io"}
LIGHTHOUSE = {"lighthouse.submariner.io/use-clusterset-ip": "false"}
EXPORTED = {"submariner.io/exportedServiceRef": "web"}
BLOCK = "#lighthouse-start\nclusterset.local:53 {\n    forward . 10.92.1.1\n}\n#lighthouse-end\n"
REST = ".:53 {\n    errors\n}\n"
OTHER_BROKER = obj(V1ALPHA1, "Broker", "submariner-broker", "staying-broker", spec={})
"""Keeps the definitions, with which all objects of Submariner's kinds would go."""


@dataclass
class Case:
    """What an entry owns and what merely looks like it; C(after) is what an edit leaves."""

    ours: Json
    alike: Json
    after: Json = field(default_factory=dict)
    beside: tuple[Json, ...] = ()
    options: Json = field(default_factory=dict)


def here(api_version: str, kind: str, name: str, alike: str = "mine", place: str = OPERATOR, **fields: t.Any) -> Case:
    """Two objects of one kind in one namespace: the name tells them apart."""
    return Case(obj(api_version, kind, name, place, **fields), obj(api_version, kind, alike, place, **fields))


def record(api_version: str, kind: str, place: str) -> Case:
    """Everything of the kind in that namespace is Submariner's; elsewhere it is not this installation's."""
    spec = {"cluster_id": "gone", "hostname": "far", "private_ip": "10.9.9.9"}
    alike = obj(api_version, kind, "one", "elsewhere", spec=spec)
    return Case(obj(api_version, kind, "one", place, spec=spec), alike, beside=(OTHER_BROKER,))


def resource(kind: str, place: str, **options: t.Any) -> Case:
    """A kind of Submariner's own, and one of the same name in another group."""
    alike = obj("example.com/v1", kind, "one", "elsewhere", spec={})
    return Case(obj(V1ALPHA1, kind, "one", place, spec={}), alike, options=options)


def corefile(name: str, place: str = "kube-system", beside: tuple[Json, ...] = ()) -> Case:
    return Case(
        obj("v1", "ConfigMap", name, place, data={"Corefile": BLOCK + REST}),
        obj("v1", "ConfigMap", "similar", place, data={"Corefile": REST, "lighthouse": "mine"}),
        {"data": {"Corefile": REST}},
        beside,
    )


def pool(name: str, **fields: t.Any) -> Json:
    return obj("projectcalico.org/v3", "IPPool", name, **fields)


def server(name: str, zone: str) -> Json:
    return {"name": name, "zones": [zone], "forwardPlugin": {"upstreams": ["10.0.0.1"]}}


GONE = {"scope": ["broker"], "ghosts": ["gone"]}
"""The broker of a cluster that the user declared dead."""


def on_broker(case: Case) -> Case:
    case.options = GONE
    case.beside = ()
    return case


CASES: dict[Key, Case] = {
    ("member", "R1", "submariners", "delete"): resource("Submariner", OPERATOR),
    ("member", "R1", "servicediscoveries", "delete"): resource("ServiceDiscovery", OPERATOR),
    ("member", "R2", "daemonsets", "delete"): here(
        "apps/v1", "DaemonSet", "submariner-gateway-uninstall", "submariner-mine-uninstall", spec={}
    ),
    ("member", "R2", "deployments", "delete"): here(
        "apps/v1", "Deployment", "submariner-lighthouse-agent-uninstall", spec={}
    ),
    ("member", "", "daemonsets", "delete"): here(
        "apps/v1", "DaemonSet", "submariner-routeagent", "submariner-routeagent-2", spec={}
    ),
    ("member", "", "deployments", "delete"): here("apps/v1", "Deployment", "submariner-operator", spec={}),
    ("member", "", "pods", "delete"): here("v1", "Pod", "submariner-gateway-x7k2p", "submariner-mine-x7k2p", spec={}),
    ("member", "R25", "transient-pods", "delete"): Case(
        obj("v1", "Pod", "validate-client", "default", labels={"submariner.io/transient": "true"}),
        obj("v1", "Pod", "validate-mine", "default", labels={"submariner.io/transient": "false"}),
    ),
    ("member", "R25", "namespaces", "delete"): Case(
        obj("v1", "Namespace", "e2e-tests-discovery-x7k2p", labels={"e2e-framework": "discovery"}),
        obj("v1", "Namespace", "e2e-tests-discovery-mine", labels={"e2e-framework": "mine"}),
    ),
    ("member", "", "endpoints", "delete"): record(V1, "Endpoint", OPERATOR),
    ("member", "", "clusters", "delete"): record(V1, "Cluster", OPERATOR),
    ("member", "R8", "gateways", "delete"): record(V1, "Gateway", OPERATOR),
    ("member", "", "routeagents", "delete"): record(V1, "RouteAgent", OPERATOR),
    ("member", "", "services", "delete"): here("v1", "Service", "submariner-gateway-metrics", spec={}),
    ("member", "R28", "configmaps", "delete"): here("v1", "ConfigMap", "submariner-operator-lock", "submariner-global"),
    ("member", "R29", "secrets", "delete"): here("v1", "Secret", "submariner-broker-secret", "submariner-mine"),
    ("member", "", "serviceaccounts", "delete"): here("v1", "ServiceAccount", "submariner-gateway", "submariner-mine"),
    ("member", "", "roles", "delete"): here(RBAC, "Role", "submariner-metrics-reader", "submariner-reader"),
    ("member", "", "rolebindings", "delete"): here(RBAC, "RoleBinding", "read-submariner-metrics", "read-metrics"),
    **{
        ("member", residue, f"{kind.lower()}s", "delete"): here(RBAC, kind, f"{prefix}gateway", f"{prefix}admins", "")
        for residue, prefix in (("R19", "submariner-"), ("R20", "ocp-submariner-"))
        for kind in ("ClusterRole", "ClusterRoleBinding")
    },
    ("member", "R17", "serviceimports", "delete"): Case(
        obj(MCS, "ServiceImport", "web", "shop", annotations=LIGHTHOUSE), obj(MCS, "ServiceImport", "mine", "shop")
    ),
    ("member", "R17", "endpointslices", "delete"): Case(
        obj(SLICES, "EndpointSlice", "web-x7k2p", "shop", labels=MANAGED),
        obj(SLICES, "EndpointSlice", "mine", "shop", labels={**MANAGED, next(iter(MANAGED)): "mine"}),
    ),
    ("member", "R18", "coredns", "edit"): corefile("coredns"),
    ("member", "R18", "dns-maps", "edit"): corefile("rke2-coredns-rke2-coredns"),
    ("member", "R18", "dns-elsewhere", "edit"): corefile(
        "own",
        "dns",
        beside=(
            obj(
                V1ALPHA1,
                "Submariner",
                "submariner",
                OPERATOR,
                spec={"coreDNSCustomConfig": {"configMapName": "own", "namespace": "dns"}},
            ),
        ),
    ),
    ("member", "R18", "dns-microshift", "edit"): corefile("dns-default", "openshift-dns"),
    ("member", "R18", "dns-operator", "edit"): Case(
        obj(
            "operator.openshift.io/v1",
            "DNS",
            "default",
            spec={"servers": [server("lighthouse", "clusterset.local"), server("mine", "mine.example")]},
        ),
        obj("operator.openshift.io/v1", "DNS", "mine", spec={"servers": [server("lighthouse", "clusterset.local")]}),
        {"spec": {"servers": [server("mine", "mine.example")]}},
        beside=(obj("v1", "Node", "worker", labels={"node.openshift.io/os_id": "rhcos"}),),
    ),
    ("member", "R22", "globalnet-services", "delete"): Case(
        obj("v1", "Service", internal_service("web"), "shop", labels=EXPORTED),
        obj("v1", "Service", "submariner-web", "shop", labels=EXPORTED),
    ),
    ("member", "R22", "globalingressips", "delete"): Case(
        obj(V1, "GlobalIngressIP", "web", "shop", labels={"submariner-io/originatingNamespace": "shop"}),
        obj(V1, "GlobalIngressIP", "mine", "shop"),
        beside=(OTHER_BROKER,),
    ),
    ("member", "R22", "clusterglobalegressips", "delete"): Case(
        obj(V1, "ClusterGlobalEgressIP", "cluster-egress.submariner.io"),
        obj(V1, "ClusterGlobalEgressIP", "mine"),
        beside=(OTHER_BROKER,),
    ),
    ("member", "R23", "ippools", "delete"): Case(
        pool("submariner-west-10.2.0.0-16", spec={"disabled": True}, labels={"submariner.io/ippool": "true"}),
        pool("submariner-mine", spec={"disabled": True}),
    ),
    ("member", "R23", "ippools", "edit"): Case(
        pool(
            "default-ipv4-ippool",
            spec={"ipipMode": "Always"},
            annotations={"submariner-prev-ipipmode": "Never", "mine": "1"},
        ),
        pool("mine", spec={"ipipMode": "Always"}, annotations={"submariner-prev-ipipmode": "Never"}),
        {"spec": {"ipipMode": "Never"}, "metadata": {"annotations": {"mine": "1"}}},
    ),
    ("member", "R21", "nodes", "edit"): Case(
        obj("v1", "Node", "a", labels={"submariner.io/gateway": "true", "mine": "1"}),
        obj("v1", "Node", "b", labels={"submariner.io/gateway": "mine"}),
        {"metadata": {"labels": {"mine": "1"}}},
        options={"labels": True},
    ),
    ("member", "R13", "namespaces", "delete"): here("v1", "Namespace", OPERATOR, f"{OPERATOR}-2", ""),
    ("member", "R15", "crds", "delete"): Case(
        definition("submariner.io", "Endpoint", "v1"), definition("submariner.io", "Widget", "v1")
    ),
    ("member", "R17", "serviceexports", "delete"): Case(
        obj(MCS, "ServiceExport", "web", "shop"),
        obj("example.com/v1", "ServiceExport", "web", "shop"),
        options={"mcs": True},
    ),
    ("member", "R16", "crds", "delete"): Case(
        definition("multicluster.x-k8s.io", "ServiceImport", "v1alpha1"),
        definition("example.com", "ServiceImport", "v1"),
        options={"mcs": True},
    ),
    ("broker", "", "brokers", "delete"): resource("Broker", BROKER, **GONE),
    ("broker", "R3", "endpoints", "delete"): on_broker(record(V1, "Endpoint", BROKER)),
    ("broker", "R4", "clusters", "delete"): on_broker(record(V1, "Cluster", BROKER)),
    ("broker", "R9", "rolebindings", "delete"): on_broker(
        here(RBAC, "RoleBinding", "cluster-gone-submariner-k8s-broker-cluster", "cluster-gone", BROKER)
    ),
    ("broker", "", "roles", "delete"): on_broker(
        here(RBAC, "Role", "submariner-k8s-broker-admin", "submariner-k8s-broker", BROKER)
    ),
    ("broker", "R9", "serviceaccounts", "delete"): on_broker(
        here("v1", "ServiceAccount", "cluster-gone", "mine", BROKER)
    ),
    ("broker", "R9", "broker-secrets", "delete"): on_broker(
        here("v1", "Secret", "cluster-gone-token-x7k2p", "mine", BROKER)
    ),
    ("broker", "R10", "broker-configmaps", "delete"): on_broker(
        here("v1", "ConfigMap", "submariner-globalnet-info", "submariner-mine", BROKER, data={"clusterinfo": "[]"})
    ),
    ("broker", "R17", "serviceimports", "delete"): Case(
        obj(MCS, "ServiceImport", "web-shop", BROKER, annotations=LIGHTHOUSE),
        obj(MCS, "ServiceImport", "web-shop", "shop", annotations=LIGHTHOUSE),
        options=GONE,
    ),
    ("broker", "R17", "endpointslices", "delete"): Case(
        obj(SLICES, "EndpointSlice", "web-x7k2p", BROKER, labels=MANAGED),
        obj(SLICES, "EndpointSlice", "web-x7k2p", "shop", labels=MANAGED),
        options=GONE,
    ),
    ("broker", "R13", "namespaces", "delete"): Case(
        obj("v1", "Namespace", BROKER), obj("v1", "Namespace", f"{BROKER}-2"), options=GONE
    ),
}


def key_of(entry: Entry) -> Key:
    return entry.scope, entry.residue, entry.key, entry.action


def test_every_entry_has_a_case() -> None:
    assert {key_of(e) for e in ENTRIES} == set(CASES)


def found(cleaning: Cleaning, body: Json) -> Json | None:
    """The object as it is now, without what any change of it changes."""
    try:
        kind = cleaning.api.cluster.kind_of(body)
        now = cleaning.get(kind, body["metadata"]["name"], body["metadata"].get("namespace", ""))
    except (Refused, ValueError):  # with its definition the kind is gone
        return None
    now["metadata"].pop("resourceVersion")
    return now


@pytest.mark.parametrize("key", CASES, ids=["-".join(part for part in key if part) for key in CASES])
def test_it_goes_and_its_look_alike_stays(cleaning: Cleaning, key: Key) -> None:
    case, (scope, residue, _key, action) = CASES[key], key
    cleaning.load(case.ours, case.alike, *case.beside)
    before = found(cleaning, case.alike)
    outcome = cleaning.run(**case.options)
    assert not outcome.failed, outcome.msg
    name = case.ours["metadata"]["name"]
    planned = [o for o in outcome["plan"] if o["kind"] == case.ours["kind"] and o["name"] == name]
    assert planned, outcome["plan"]
    assert all((o.get("residue", ""), o["action"]) == (residue, action) for o in planned)
    assert {o["path"] for o in planned} <= {o["path"] for o in outcome["removed"]}
    now = found(cleaning, case.ours)
    if action == "edit":
        assert now is not None
        for field_, value in case.after.items():
            assert {k: now[field_][k] for k in value} == value
        assert planned[0]["backup"]
    else:
        assert now is None
    assert found(cleaning, case.alike) == before
    assert cleaning.run(check=True, **case.options)["plan"] == [], "proven"
    assert scope == MEMBER or case.options["scope"] == ["broker"]
