# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resource definitions: which exist, and who creates them.

Schemas are open: only what clients see of a definition is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SUBMARINER_GROUP = "submariner.io"
MCS_GROUP = "multicluster.x-k8s.io"


@dataclass(frozen=True)
class Definition:
    """One CustomResourceDefinition in short."""

    kind: str
    plural: str
    version: str
    group: str = SUBMARINER_GROUP
    short_name: str = ""
    scope: str = "Namespaced"
    status: bool = False  # has a status subresource

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    def manifest(self) -> dict[str, Any]:
        """The object to send to the API server."""
        names: dict[str, Any] = {
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "plural": self.plural,
            "singular": self.kind.lower(),
        }
        if self.short_name:
            names["shortNames"] = [self.short_name]
        open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version: dict[str, Any] = {
            "name": self.version,
            "served": True,
            "storage": True,
            "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": open_object, "status": open_object}}
            },
        }
        if self.status:
            version["subresources"] = {"status": {}}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.name},
            "spec": {"group": self.group, "names": names, "scope": self.scope, "versions": [version]},
        }


SUBMARINERS = Definition("Submariner", "submariners", "v1alpha1", status=True)
SERVICE_DISCOVERIES = Definition("ServiceDiscovery", "servicediscoveries", "v1alpha1", status=True)
BROKERS = Definition("Broker", "brokers", "v1alpha1", status=True)

CLUSTERS = Definition("Cluster", "clusters", "v1")
ENDPOINTS = Definition("Endpoint", "endpoints", "v1")
GATEWAYS = Definition("Gateway", "gateways", "v1")
ROUTE_AGENTS = Definition("RouteAgent", "routeagents", "v1")
GATEWAY_ROUTES = Definition("GatewayRoute", "gatewayroutes", "v1", short_name="gwrt")
NON_GATEWAY_ROUTES = Definition("NonGatewayRoute", "nongatewayroutes", "v1", short_name="ngwrt")
GLOBAL_EGRESS_IPS = Definition("GlobalEgressIP", "globalegressips", "v1", short_name="geip", status=True)
CLUSTER_GLOBAL_EGRESS_IPS = Definition(
    "ClusterGlobalEgressIP", "clusterglobalegressips", "v1", short_name="cgeip", scope="Cluster", status=True
)
GLOBAL_INGRESS_IPS = Definition("GlobalIngressIP", "globalingressips", "v1", short_name="giip", status=True)

SERVICE_EXPORTS = Definition(
    "ServiceExport", "serviceexports", "v1alpha1", group=MCS_GROUP, short_name="svcex", status=True
)
SERVICE_IMPORTS = Definition(
    "ServiceImport", "serviceimports", "v1alpha1", group=MCS_GROUP, short_name="svcim", status=True
)

# subctl creates these before the operator runs; the operator creates the others, at process start only.
BY_SUBCTL = (SUBMARINERS, SERVICE_DISCOVERIES, BROKERS)
BY_OPERATOR = (
    SERVICE_IMPORTS,
    SERVICE_EXPORTS,
    CLUSTERS,
    ENDPOINTS,
    GATEWAYS,
    CLUSTER_GLOBAL_EGRESS_IPS,
    GLOBAL_EGRESS_IPS,
    GLOBAL_INGRESS_IPS,
    GATEWAY_ROUTES,
    NON_GATEWAY_ROUTES,
    ROUTE_AGENTS,
)
ALL = BY_SUBCTL + BY_OPERATOR
