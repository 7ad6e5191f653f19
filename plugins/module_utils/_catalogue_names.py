# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Submariner gives, as exact lists; pure. Private to this collection, may change at any time.

Sources: submariner.md sections 2 (objects) and 3.1 (uninstall workloads). A C(submariner-) prefix alone proves nothing
(measured.md, "Read again in the source").
"""

from __future__ import annotations

import base64
import hashlib

COMPONENTS = ("gateway", "routeagent", "globalnet", "lighthouse-agent")
UNINSTALL_WORKLOADS = frozenset(f"submariner-{c}-uninstall" for c in COMPONENTS) | {
    "submariner-networkplugin-syncer-uninstall"
}
WORKLOADS = frozenset(
    f"submariner-{name}"
    for name in (
        "operator",
        "gateway",
        "routeagent",
        "globalnet",
        "metrics-proxy",
        "lighthouse-agent",
        "lighthouse-coredns",
        "networkplugin-syncer",
    )
)
SERVICES = frozenset(
    f"submariner-{name}"
    for name in (
        "gateway",
        "gateway-metrics",
        "globalnet-metrics",
        "lighthouse-agent-metrics",
        "lighthouse-coredns",
        "lighthouse-coredns-metrics",
        "operator-metrics",
    )
)
ROLES = frozenset(
    f"submariner-{name}"
    for name in (
        "operator",
        "gateway",
        "routeagent",
        "globalnet",
        "diagnose",
        "lighthouse-agent",
        "lighthouse-coredns",
        "networkplugin-syncer",
    )
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
VERIFY_TESTS = (
    "add-remove-cluster",
    "dataplane-conn-nd",
    "dataplane-gateway-status",
    "dataplane-gn-conn-nd",
    "discovery",
    "ext-dataplane",
    "ext-dataplane-gn",
    "fips-gateway-status",
    "gateway-redundancy",
    "leader-election",
    "route-agent-restart",
)
"""Base names of the tests of C(subctl verify): each is in the name and in the label of the namespaces of its runs."""

# What a namespace holds without anybody's doing, or through its platform: Kubernetes, OpenShift and its Pipelines, Istio.
AMBIENT: dict[str, str] = {
    "configmaps": r"(kube-root-ca|openshift-service-ca)\.crt|istio-ca-root-cert|config-(service|trusted)-cabundle",
    "secrets": r"(builder|default|deployer|pipeline|submariner-[a-z-]+|cluster-.+)-(token|dockercfg)-[a-z0-9]+",
    "serviceaccounts": r"default|builder|deployer|pipeline",
    "rolebindings": r"system:.+|openshift-pipelines-edit|pipelines-scc-rolebinding",
}
AMBIENT |= {f"broker-{key}": AMBIENT[key] for key in ("configmaps", "secrets")}


def internal_service(exported: str) -> str:
    """The name that Globalnet gives to the Service by which it exports another one."""
    digest = hashlib.sha256(exported.encode()).digest()
    return "submariner-" + base64.b32encode(digest).decode().lower()[:32]
