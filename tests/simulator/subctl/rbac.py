# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights of the operator, the components and the broker's users.

A rule is written `groups | resources | verbs`, `core` for the group without a name, and `| names` where a rule holds
for single objects. They are the recorded rights; the operator's Role also allows what kopf needs to keep finalizers.
"""

from __future__ import annotations

from .. import names
from .api import Object

GROUP = "rbac.authorization.k8s.io"
DIAGNOSE = "submariner-diagnose"
METRICS_READER = "submariner-metrics-reader"
METRICS_BINDING = "read-submariner-metrics"
BROKER_ADMIN = "submariner-k8s-broker-admin"
BROKER_CLUSTER = "submariner-k8s-broker-cluster"

READ = "get list watch"
WRITE = "create get list watch update delete"
RECORDS = "submariner.io | clusters endpoints | create get list watch patch update delete"
IMPORTS = (
    "multicluster.x-k8s.io | serviceimports serviceimports/status | create get list watch patch update delete",
    "discovery.k8s.io | endpointslices endpointslices/restricted | create get list watch patch update delete",
)

ROLES: dict[str, tuple[str, ...]] = {
    names.OPERATOR: (
        "core | services | get create update",
        "core | secrets | get create update delete",
        "core | serviceaccounts | delete | submariner-networkplugin-syncer",
        "apps | deployments daemonsets | create delete get list patch update watch",
        "monitoring.coreos.com | servicemonitors | get create",
        "apps | deployments/finalizers | update | submariner-operator",
        "submariner.io | brokers brokers/status submariners submariners/status servicediscoveries "
        f"servicediscoveries/status | {WRITE} patch",
        f"submariner.io | gateways | {READ}",
        "submariner.io | submariners/finalizers servicediscoveries/finalizers | update",
    ),
    names.GATEWAY: (
        "core | pods | get update patch",
        f"submariner.io | clusters endpoints gateways | {WRITE}",
        f"coordination.k8s.io | leases | {WRITE}",
    ),
    names.ROUTE_AGENT: (
        f"submariner.io | endpoints | {READ}",
        f"submariner.io | gatewayroutes nongatewayroutes | {WRITE}",
        "submariner.io | routeagents | get list create update delete",
    ),
    names.GLOBALNET: (
        f"submariner.io | gateways | {READ} update",
        f"coordination.k8s.io | leases | {WRITE}",
    ),
    DIAGNOSE: (
        "core | pods | delete create get list",
        "core | configmaps namespaces | get list",
        "apps | daemonsets deployments | get list",
        "submariner.io | brokers clusters endpoints gateways gatewayroutes nongatewayroutes servicediscoveries "
        "submariners routeagents | get list",
        "multicluster.x-k8s.io | serviceexports serviceimports | get list",
    ),
    METRICS_READER: (f"core | pods services endpoints | {READ}",),
}

CLUSTER_ROLES: dict[str, tuple[str, ...]] = {
    names.OPERATOR: (
        "core | configmaps | create get list watch update",
        "apiextensions.k8s.io | customresourcedefinitions | get list create update delete watch",
        f"core | pods services nodes | {READ}",
        "operator.openshift.io | dnses | get update",
        "config.openshift.io | networks | get | cluster",
        "monitoring.coreos.com | servicemonitors | get create",
        "apps | daemonsets | list",
        f"{GROUP} | clusterroles clusterrolebindings | delete | "
        "ocp-submariner-networkplugin-syncer submariner-networkplugin-syncer",
    ),
    names.GATEWAY: ("core | configmaps | get", f"core | pods services nodes | {READ}"),
    names.ROUTE_AGENT: (
        "core | pods services configmaps endpoints | get list",
        "core | secrets | get | ovn-cert",
        "config.openshift.io | networks | get | cluster",
        f"core | nodes | {READ}",
        "projectcalico.org | ippools | get create delete update deletecollection",
    ),
    names.GLOBALNET: (
        f"core | pods | {READ}",
        f"core | services endpoints | {WRITE}",
        f"submariner.io | clusters endpoints | {READ}",
        "submariner.io | clusterglobalegressips clusterglobalegressips/status globalegressips globalegressips/status "
        f"globalingressips globalingressips/status | {WRITE} deletecollection",
        f"multicluster.x-k8s.io | serviceexports | {READ}",
        "network.openshift.io | service/externalips | create get list delete",
    ),
    DIAGNOSE: (
        "core | configmaps nodes services | get list",
        "submariner.io | clusterglobalegressips globalegressips globalingressips | get list",
        "discovery.k8s.io | endpointslices | get list",
        "multicluster.x-k8s.io | serviceexports serviceimports | get list",
    ),
    names.LIGHTHOUSE_AGENT: (
        f"core | services namespaces endpoints | {READ}",
        f"discovery.k8s.io | endpointslices endpointslices/restricted | {WRITE} deletecollection",
        f"submariner.io | gateways globalingressips | {READ}",
        f"multicluster.x-k8s.io | serviceimports serviceimports/status | {WRITE}",
        f"multicluster.x-k8s.io | serviceexports | {READ}",
        "multicluster.x-k8s.io | serviceexports/status | update",
    ),
    names.LIGHTHOUSE_COREDNS: (
        f"discovery.k8s.io | endpointslices | {READ}",
        f"submariner.io | gateways submariners | {READ}",
        f"multicluster.x-k8s.io | serviceimports | {READ}",
    ),
}

BROKER_ROLES: dict[str, tuple[str, ...]] = {
    BROKER_ADMIN: (
        RECORDS,
        "submariner.io | brokers | get list",
        f"core | serviceaccounts secrets configmaps | {WRITE}",
        f"{GROUP} | rolebindings | create get list delete",
        *IMPORTS,
    ),
    BROKER_CLUSTER: (
        RECORDS,
        "submariner.io | brokers | get list",
        *IMPORTS,
        f"core | secrets | {READ}",
        "core | serviceaccounts | get list",
    ),
}


def rule(text: str) -> Object:
    """The API's form of a rule."""
    groups, resources, verbs, *single = [part.split() for part in text.split("|")]
    body: Object = {
        "apiGroups": ["" if group == "core" else group for group in groups],
        "resources": resources,
        "verbs": verbs,
    }
    if single:
        body["resourceNames"] = single[0]
    return body


def service_account(name: str, namespace: str, annotations: dict[str, str] | None = None) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def role(name: str, namespace: str, rules: tuple[str, ...]) -> Object:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": [rule(text) for text in rules],
    }


def cluster_role(name: str) -> Object:
    rules = [rule(text) for text in CLUSTER_ROLES[name]]
    return {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def role_binding(name: str, namespace: str, role_name: str, account: str, account_namespace: str = "") -> Object:
    subject = {"kind": "ServiceAccount", "name": account}
    if account_namespace:
        subject["namespace"] = account_namespace
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": role_name},
        "subjects": [subject],
    }


def cluster_role_binding(name: str) -> Object:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": names.OPERATOR_NAMESPACE}],
    }
