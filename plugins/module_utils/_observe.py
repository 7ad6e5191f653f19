# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster -> Snapshot: one LIST per kind, all in parallel. Private to this collection, may change at any time."""

from __future__ import annotations

import copy
import re
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._certificate import broker_access
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    GATEWAY_LABEL,
    OPERATOR_NAMESPACE,
    Json,
    Reading,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._site import CALICO_DEFINITION

PARALLEL = 8
"""Requests under way at once against one API server."""


When = t.Callable[[Snapshot], bool]


@dataclass(frozen=True)
class Read:
    """One thing to read: C(path) with the L(_places) of its cluster, and the sections that need it.

    Of several rows with one key the first that a section asks for counts. With C(when) it is read after the others, if
    these show that it is there to be read, or could not tell; C(last) if it depends on what was read that way.
    """

    key: str
    path: str
    sections: frozenset[str]
    metadata_only: bool = False
    selector: str = ""
    one: bool = False
    when: When | None = None
    last: bool = False


def _read(key: str, path: str, sections: str, **more: t.Any) -> Read:
    return Read(key, path, frozenset(sections.split()), **more)


def _spec(snapshot: Snapshot) -> Json:
    return mapping(snapshot.submariner.get("spec"))


def _has_broker(snapshot: Snapshot) -> bool:
    return bool(snapshot.broker_namespaces) or not snapshot.known("brokers", "namespaces")


def _has_globalnet(snapshot: Snapshot) -> bool:
    return bool(_spec(snapshot).get("globalCIDR")) or not snapshot.known("submariners")


def _without_uid(snapshot: Snapshot) -> bool:
    return not snapshot.uid


def _without_cidrs(snapshot: Snapshot) -> bool:
    return not mapping(snapshot.submariner.get("status")).get("clusterCIDR")


def _has_secret(snapshot: Snapshot) -> bool:
    return bool(_spec(snapshot).get("brokerK8sSecret"))


def _in_corefile(snapshot: Snapshot) -> bool:
    return not _in_custom_map(snapshot) and not _in_dns_operator(snapshot)


def _in_custom_map(snapshot: Snapshot) -> bool:
    return bool(mapping(_spec(snapshot).get("coreDNSCustomConfig")).get("configMapName"))


def _in_dns_operator(snapshot: Snapshot) -> bool:
    return not _in_custom_map(snapshot) and _on_openshift(snapshot)


def _has_dns_operator(snapshot: Snapshot) -> bool:
    """Whether OpenShift's DNS operator may be there, whatever the nodes are labelled and wherever lighthouse writes today."""
    return _on_openshift(snapshot) or not snapshot.known("crds") or DNS_DEFINITION in _definitions(snapshot)


def _platform_dns(snapshot: Snapshot) -> bool:
    """Whether the cluster's DNS has to be looked for where RKE2 and MicroShift keep it."""
    usual = (snapshot.reading("coredns"), snapshot.reading("dns-operator"))
    return _spec(snapshot).get("serviceDiscoveryEnabled") is True and any(r.state == "absent" for r in usual)


def _map_elsewhere(snapshot: Snapshot) -> bool:
    return snapshot.dns_map[0] not in ("", "kube-system")


def _without_dns_operator(snapshot: Snapshot) -> bool:
    """Whether DNS may be MicroShift's: no CoreDNS where it is elsewhere, and no definition of OpenShift's operator."""
    return not snapshot.objects("coredns") and DNS_DEFINITION not in _definitions(snapshot)


def _on_openshift(snapshot: Snapshot) -> bool:
    return any(_openshift(n) for n in snapshot.objects("nodes"))


def _on_calico(snapshot: Snapshot) -> bool:
    return CALICO_DEFINITION in _definitions(snapshot)


def _definitions(snapshot: Snapshot) -> set[str]:
    return {text(mapping(o.get("metadata")).get("name")) for o in snapshot.objects("crds")}


def _openshift(node: Json) -> bool:
    return any(str(k).startswith("node.openshift.io/") for k in mapping(mapping(node.get("metadata")).get("labels")))


CR = "/apis/submariner.io/v1alpha1/"
RECORDS = "/apis/submariner.io/v1/"
APPS = "/apis/apps/v1/namespaces/{operator}/"
CORE = "/api/v1/namespaces/{operator}/"
BROKER_CORE = "/api/v1/namespaces/{broker}/"
BROKER_APPS = "/apis/apps/v1/namespaces/{broker}/"
JOBS = "/apis/batch/v1/namespaces/{}/jobs"
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
MCS = "/apis/multicluster.x-k8s.io/v1alpha1/"
COREFILE = "/api/v1/namespaces/kube-system/configmaps/coredns"
DNS_OPERATOR = "/apis/operator.openshift.io/v1/dnses/default"
DNS_DEFINITION = "dnses.operator.openshift.io"
MICROSHIFT_DNS = "/api/v1/namespaces/openshift-dns/configmaps/dns-default"
PLATFORM_DNS = {
    "dns-of-rke2": "/api/v1/namespaces/kube-system/configmaps/rke2-coredns-rke2-coredns",
    "dns-of-microshift": MICROSHIFT_DNS,
}
"""Where platforms keep the Corefile that the operator edits there (submariner.md 2.4)."""

BROKER_SIGNS = (("serviceaccounts", "submariner-k8s-broker-admin"), ("roles", "submariner-k8s-broker-cluster"))
"""What a broker's namespace has besides the Broker CR, which an interrupted removal took first."""

READS: tuple[Read, ...] = (
    _read("version", "/version", "identity", one=True),
    _read("kube-system", "/api/v1/namespaces/kube-system", "identity", one=True, when=_without_uid),
    _read("nodes", "/api/v1/nodes", "identity state nodes"),
    _read("namespaces", "/api/v1/namespaces", "state residue broker"),
    _read("submariners", CR + "submariners", "identity state residue dns services globalnet access"),
    _read("servicediscoveries", CR + "servicediscoveries", "state residue dns"),
    _read("brokers", CR + "brokers", "state residue broker globalnet"),
    _read("clusters", RECORDS + "clusters", "state residue broker records"),
    _read("endpoints", RECORDS + "endpoints", "state residue broker records"),
    _read("gateways", RECORDS + "gateways", "state residue records"),
    _read("routeagents", RECORDS + "routeagents", "state records traces"),
    _read("gatewayroutes", RECORDS + "gatewayroutes", "records"),
    _read("nongatewayroutes", RECORDS + "nongatewayroutes", "records"),
    _read("leases", "/apis/coordination.k8s.io/v1/namespaces/{operator}/leases", "state"),
    _read("deployments", APPS + "deployments", "state residue workloads"),
    _read("daemonsets", APPS + "daemonsets", "state residue workloads"),
    _read("pods", CORE + "pods", "state residue workloads"),
    _read("services", CORE + "services", "state dns"),
    _read("services", CORE + "services", "residue", metadata_only=True),
    _read("configmaps", CORE + "configmaps", "residue", metadata_only=True),
    _read("secrets", CORE + "secrets", "residue", metadata_only=True),
    _read("broker-secret", CORE + "secrets/{secret}", "access", one=True, when=_has_secret),
    _read("broker-configmaps", BROKER_CORE + "configmaps", "state residue broker globalnet", when=_has_broker),
    _read("broker-secrets", BROKER_CORE + "secrets", "residue broker", metadata_only=True, when=_has_broker),
    _read("serviceaccounts", "/api/v1/serviceaccounts", "residue broker", metadata_only=True),
    _read("rolebindings", RBAC + "rolebindings", "residue broker", metadata_only=True),
    _read("roles", RBAC + "roles", "residue broker", metadata_only=True),
    _read("clusterroles", RBAC + "clusterroles", "residue", metadata_only=True),
    _read("clusterrolebindings", RBAC + "clusterrolebindings", "residue", metadata_only=True),
    _read(
        "crds",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "residue definitions site",
        metadata_only=True,
    ),
    _read("coredns", COREFILE, "residue", one=True),
    _read("coredns", COREFILE, "state dns", one=True, when=_in_corefile),
    _read(
        "dns-custom",
        "/api/v1/namespaces/{dns_namespace}/configmaps/{dns_name}",
        "state dns",
        one=True,
        when=_in_custom_map,
    ),
    _read("dns-operator", DNS_OPERATOR, "traces", one=True, when=_has_dns_operator),
    _read("dns-operator", DNS_OPERATOR, "state dns", one=True, when=_in_dns_operator),
    *(_read(key, path, "state dns", one=True, when=_platform_dns, last=True) for key, path in PLATFORM_DNS.items()),
    # Where an interrupted run left off nothing may tell any more which of these lighthouse wrote in.
    _read("dns-maps", "/api/v1/namespaces/kube-system/configmaps", "traces"),
    _read(
        "dns-elsewhere",
        "/api/v1/namespaces/{dns_namespace}/configmaps/{dns_name}",
        "traces",
        one=True,
        when=_map_elsewhere,
    ),
    _read(
        "dns-microshift",
        MICROSHIFT_DNS,
        "traces",
        one=True,
        when=_without_dns_operator,
    ),
    _read("ippools", "/apis/projectcalico.org/v3/ippools", "traces"),
    _read("ippools", "/apis/projectcalico.org/v3/ippools", "site", when=_on_calico),
    _read("calico-pools", "/apis/crd.projectcalico.org/v1/ippools", "site", when=_on_calico),
    _read("daemonsets-all", "/apis/apps/v1/daemonsets", "site", metadata_only=True),
    _read("kube-proxy", "/api/v1/namespaces/kube-system/configmaps/kube-proxy", "site", one=True),
    _read(
        "openshift-network",
        "/apis/config.openshift.io/v1/networks/cluster",
        "site",
        one=True,
        when=_on_openshift,
    ),
    _read(
        "openshift-version",
        "/apis/config.openshift.io/v1/clusterversions/version",
        "site",
        one=True,
        when=_on_openshift,
    ),
    _read("serviceexports", MCS + "serviceexports", "state services"),
    _read("serviceimports", MCS + "serviceimports", "state services residue offers"),
    _read("clusterglobalegressips", RECORDS + "clusterglobalegressips", "globalnet traces"),
    _read("clusterglobalegressips", RECORDS + "clusterglobalegressips", "state", when=_has_globalnet),
    _read("globalegressips", RECORDS + "globalegressips", "globalnet traces"),
    _read("globalingressips", RECORDS + "globalingressips", "globalnet traces"),
    _read(
        "globalnet-services",
        "/api/v1/services",
        "traces",
        metadata_only=True,
        selector="submariner.io/exportedServiceRef",
    ),
    _read(
        "endpointslices",
        "/apis/discovery.k8s.io/v1/endpointslices",
        "residue offers",
        selector="endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io",
    ),
    _read(
        "control-plane",
        "/api/v1/namespaces/kube-system/pods",
        "identity",
        selector="tier=control-plane",
        when=_without_cidrs,
    ),
    _read("statefulsets", APPS + "statefulsets", "contents", metadata_only=True),
    _read("jobs", JOBS.format("{operator}"), "contents", metadata_only=True),
    _read("persistentvolumeclaims", CORE + "persistentvolumeclaims", "contents", metadata_only=True),
    *(
        _read(f"broker-{path.rpartition('/')[2]}", path, "contents", metadata_only=True, when=_has_broker)
        for path in (
            BROKER_CORE + "pods",
            BROKER_CORE + "services",
            BROKER_CORE + "persistentvolumeclaims",
            BROKER_APPS + "deployments",
            BROKER_APPS + "daemonsets",
            BROKER_APPS + "statefulsets",
            JOBS.format("{broker}"),
        )
    ),
    _read("transient-pods", "/api/v1/pods", "residue", selector="submariner.io/transient=true"),
)

SECTIONS: dict[str, str] = {
    "identity": "which cluster it is: UID, version, nodes, CIDRs; always read",
    "state": "all that the checks judge, without residue",
    "records": "Cluster, Endpoint, Gateway, RouteAgent, GatewayRoute and NonGatewayRoute records",
    "workloads": "Deployments, DaemonSets and pods of the operator's namespace",
    "nodes": "nodes with gateway labels and addresses",
    "dns": "what service discovery edited in the cluster's DNS, and the Service that it points to",
    "services": "ServiceExports and ServiceImports",
    "globalnet": "Globalnet's allocations, egress and ingress addresses",
    "definitions": "Submariner's custom resource definitions",
    "access": "expiry of the broker's CA in the member's Secret; the Secret itself stays in the module's process",
    "broker": "the broker's records, allocations and the accesses that it gave to members",
    "offers": "the services that members offer to each other through a broker",
    "residue": "all that Submariner owns, by the catalogue",
    "traces": "what Submariner changes in objects of others, and makes in users' namespaces; for a removal",
    "site": "what the cluster's network and platform are, as far as an installation depends on it",
    "contents": "what else may stand in Submariner's namespaces, which must not go with them",
}
"""Section -> what it reads. V(identity) and V(state) together are at most 20 requests, all of them at most 55."""

OPTIONAL = frozenset(r.key for r in READS) - {r.key for r in READS if r.sections & {"identity", "state", "broker"}}
"""What a run that is about to begin can do without, though not unsaid."""

KINDS: dict[str, str] = {
    "kube-system": "Namespace",
    "coredns": "ConfigMap",
    "dns-custom": "ConfigMap",
    "dns-operator": "DNS",
    "dns-maps": "ConfigMap",
    "dns-elsewhere": "ConfigMap",
    "dns-microshift": "ConfigMap",
    **dict.fromkeys(PLATFORM_DNS, "ConfigMap"),
    "ippools": "IPPool",
    "calico-pools": "IPPool",
    "daemonsets-all": "DaemonSet",
    "kube-proxy": "ConfigMap",
    "openshift-network": "Network",
    "openshift-version": "ClusterVersion",
    "globalnet-services": "Service",
    "broker-secret": "Secret",
    "gatewayroutes": "GatewayRoute",
    "nongatewayroutes": "NonGatewayRoute",
    "clusterglobalegressips": "ClusterGlobalEgressIP",
    "globalegressips": "GlobalEgressIP",
    "globalingressips": "GlobalIngressIP",
    "transient-pods": "Pod",
    "control-plane": "Pod",
    "broker-configmaps": "ConfigMap",
    "broker-secrets": "Secret",
    "nodes": "Node",
    "namespaces": "Namespace",
    "submariners": "Submariner",
    "servicediscoveries": "ServiceDiscovery",
    "brokers": "Broker",
    "clusters": "Cluster",
    "endpoints": "Endpoint",
    "gateways": "Gateway",
    "routeagents": "RouteAgent",
    "leases": "Lease",
    "deployments": "Deployment",
    "daemonsets": "DaemonSet",
    "pods": "Pod",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "services": "Service",
    "serviceaccounts": "ServiceAccount",
    "rolebindings": "RoleBinding",
    "roles": "Role",
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "crds": "CustomResourceDefinition",
    "serviceexports": "ServiceExport",
    "serviceimports": "ServiceImport",
    "endpointslices": "EndpointSlice",
    "statefulsets": "StatefulSet",
    "jobs": "Job",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "broker-pods": "Pod",
    "broker-services": "Service",
    "broker-persistentvolumeclaims": "PersistentVolumeClaim",
    "broker-deployments": "Deployment",
    "broker-daemonsets": "DaemonSet",
    "broker-statefulsets": "StatefulSet",
    "broker-jobs": "Job",
}
"""Key -> kind; the items of a LIST do not say it themselves."""

MANAGED = ("submariners", "servicediscoveries", "brokers", "deployments")
"""Keys of objects of which it is kept who writes them; not namespaces, which stay when who made them is gone."""


def observe(
    api: Api,
    sections: t.Iterable[str] = tuple(SECTIONS),
    operator_namespace: str = OPERATOR_NAMESPACE,
    keys: t.Collection[str] | None = None,
    dns_map: tuple[str, str] = ("", ""),
    brokers: t.Iterable[str] = (),
) -> Snapshot:
    """Read the C(sections), or just the C(keys), of one cluster. What was not answered is V(unknown) in there.

    C(dns_map) and C(brokers), namespaces of brokers, are what an earlier reading told of them.
    """
    snapshot = Snapshot(server=api.server, operator_namespace=operator_namespace, dns_map_before=dns_map)
    chosen = choose(sections, keys)
    _ask_all(api, snapshot, [r for r in chosen if r.when is None or keys is not None])
    metas = [mapping(o.get("metadata")) for key, name in BROKER_SIGNS for o in _named(snapshot, key, name)]
    snapshot.brokers_before = tuple(sorted({*brokers, *(text(m.get("namespace")) for m in metas)}))
    listed = snapshot.namespace("kube-system")
    if listed:
        snapshot.readings["kube-system"] = Reading("present", [listed])
    for last in (False, True):
        _ask_all(api, snapshot, [r for r in chosen if r.when and r.last is last and keys is None and r.when(snapshot)])
    return snapshot


def _named(snapshot: Snapshot, key: str, name: str) -> list[Json]:
    return [o for o in snapshot.objects(key) if mapping(o.get("metadata")).get("name") == name]


def choose(sections: t.Iterable[str], keys: t.Collection[str] | None = None) -> list[Read]:
    """The rows that C(sections), or C(keys), ask for; one for each key."""
    wanted = set(sections)
    chosen: dict[str, Read] = {}
    for read in READS:
        if read.key in keys if keys is not None else read.sections & wanted:
            chosen.setdefault(read.key, read)
    return list(chosen.values())


def asked(snapshot: Snapshot, sections: t.Iterable[str]) -> list[tuple[Read, str]]:
    """What a reading of C(sections) asks of a cluster that is as in C(snapshot): rows with their paths."""
    rows = [r for r in choose(sections) if r.when is None or r.when(snapshot)]
    return [(read, path) for read in rows for path in _paths(read, snapshot)]


def _ask_all(api: Api, snapshot: Snapshot, reads: t.Sequence[Read]) -> None:
    if not reads:
        return
    questions = [(read, path) for read in reads for path in _paths(read, snapshot)]
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        answers = list(pool.map(lambda question: (_ask(api, *question), time.time()), questions))
    found: dict[str, list[Reading]] = {}
    for (read, _path), (answer, came) in zip(questions, answers):
        found.setdefault(read.key, []).append(reading(answer, read))
        if answer.date is not None:
            snapshot.clock = snapshot.clocks[read.key] = answer.date
            ahead = answer.date - came
            snapshot.ahead = ahead if snapshot.ahead is None else max(ahead, snapshot.ahead)
    snapshot.readings.update((key, together(parts)) for key, parts in found.items())


def together(parts: t.Sequence[Reading]) -> Reading:
    """One reading of several places: unknown when one of them is, absent when all are."""
    if len(parts) == 1:
        return parts[0]
    unknown = next((p for p in parts if p.state == "unknown"), None)
    state = "present" if any(p.state == "present" for p in parts) else "absent"
    return unknown or Reading(state, [o for p in parts for o in p.objects])


def _paths(read: Read, snapshot: Snapshot) -> list[str]:
    """Where to read: what is asked of a broker's namespace is asked of each, since there may be one that is forgotten."""
    places = _places(snapshot)
    if "{broker}" not in read.path:
        return [read.path.format(**places)]
    brokers = snapshot.broker_namespaces or [BROKER_NAMESPACE]
    return [read.path.format(**{**places, "broker": n}) for n in brokers]


def _places(snapshot: Snapshot) -> dict[str, str]:
    """What the names in the paths stand for, as far as it is known by now."""
    dns_namespace, dns_name = snapshot.dns_map
    return {
        "operator": snapshot.operator_namespace,
        "secret": text(_spec(snapshot).get("brokerK8sSecret")) or "submariner-broker-secret",
        "dns_namespace": dns_namespace or "kube-system",
        "dns_name": dns_name or "coredns-custom",
    }


def _ask(api: Api, read: Read, path: str) -> Answer:
    if read.one:
        return api.get(path)
    selector = {"labelSelector": read.selector} if read.selector else {}
    return api.list(path, metadata_only=read.metadata_only, **selector)


def reading(answer: Answer, read: Read) -> Reading:
    """The pure form of an answer, without what nobody needs and what nobody may see."""
    if not answer.present:
        return Reading(answer.state, [], answer.reason)
    objects = [answer.body] if read.one else answer.items
    return Reading("present", [_lean(o, read.key) for o in objects])


def _lean(obj: Json, key: str) -> Json:
    meta = mapping(obj.get("metadata"))
    fields = sequence(meta.pop("managedFields", None))
    if key == "gateways":
        meta["written"] = max((text(mapping(f).get("time")) for f in fields), default="")
    if key == "nodes":
        meta["gateway-label-by"] = _labelled_by(fields)
        mapping(obj.get("status")).pop("images", None)  # the larger part of a node
    if key in MANAGED:
        meta["managers"] = sorted({text(mapping(f).get("manager")) for f in fields})
    if key in KINDS:
        obj["kind"] = KINDS[key]
    if key == "broker-secret":
        obj["access"] = broker_access(mapping(obj.get("data")))
    if key.endswith(("secrets", "secret")):
        obj.pop("data", None)
        obj.pop("stringData", None)
    return obj


def _labelled_by(fields: list[t.Any]) -> str:
    """Who set the gateway label last, as the API server noted it; empty when it did not."""
    for field in map(mapping, fields):
        labels = mapping(mapping(mapping(field.get("fieldsV1")).get("f:metadata")).get("f:labels"))
        if f"f:{GATEWAY_LABEL}" in labels:
            return text(field.get("manager"))
    return ""


def snapshot_of(objects: t.Iterable[Json], operator_namespace: str = OPERATOR_NAMESPACE) -> Snapshot:
    """A Snapshot from one list of objects of all kinds (a recording, C(kubectl get -o json)), all of it answered."""
    snapshot = Snapshot(operator_namespace=operator_namespace)
    by_kind: dict[str, list[Json]] = {}
    for obj in objects:
        by_kind.setdefault(str(obj.get("kind")), []).append(obj)
    for read in sorted(choose(SECTIONS), key=lambda r: (r.when is not None, r.last)):
        if read.when is None or read.when(snapshot):
            ofkind, paths = by_kind.get(KINDS.get(read.key, ""), []), _paths(read, snapshot)
            found = [o for o in ofkind if any(_in_read(o, read, path) for path in paths)]
            snapshot.readings[read.key] = Reading("present", [_lean(copy.deepcopy(o), read.key) for o in found])
    return snapshot


def _in_read(obj: Json, read: Read, path: str) -> bool:
    meta = mapping(obj.get("metadata"))
    namespace = re.search(r"/namespaces/([^/]+)/", path)
    if namespace and meta.get("namespace") != namespace[1]:
        return False
    if read.one:
        return bool(path.endswith("/" + str(meta.get("name"))))
    if read.selector:
        (label, equals, value), labels = read.selector.partition("="), mapping(meta.get("labels"))
        return bool(labels.get(label) == value) if equals else label in labels
    return True
