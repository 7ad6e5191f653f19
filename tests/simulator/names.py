# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that the simulated subctl and the simulated cluster side share. They are those of the recordings."""

from __future__ import annotations

import os

RECORDED = "0.19.0"
# A subctl may be built to call itself otherwise, and to install images of that tag; it behaves the same.
VERSION = os.environ.get("SUBMARINER_SIMULATED_VERSION", RECORDED)
REPOSITORY = "quay.io/submariner"
COMPONENT_VERSION = "devel"  # what the recorded components report about themselves
BANNER = "SIMULATED Submariner: behaves as recorded from 0.19, is no Submariner"

OPERATOR_NAMESPACE = "submariner-operator"
BROKER_NAMESPACE = "submariner-k8s-broker"

# Images, as in REPOSITORY/<name>:VERSION
OPERATOR_IMAGE = "submariner-operator"
GATEWAY_IMAGE = "submariner-gateway"
ROUTE_AGENT_IMAGE = "submariner-route-agent"
GLOBALNET_IMAGE = "submariner-globalnet"
LIGHTHOUSE_AGENT_IMAGE = "lighthouse-agent"
LIGHTHOUSE_COREDNS_IMAGE = "lighthouse-coredns"
NETTEST_IMAGE = "nettest"
IMAGES = (
    OPERATOR_IMAGE,
    GATEWAY_IMAGE,
    ROUTE_AGENT_IMAGE,
    GLOBALNET_IMAGE,
    LIGHTHOUSE_AGENT_IMAGE,
    LIGHTHOUSE_COREDNS_IMAGE,
    NETTEST_IMAGE,
)

# Components: names of workloads, of `app` labels and of the keys of imageOverrides
OPERATOR = "submariner-operator"
GATEWAY = "submariner-gateway"
ROUTE_AGENT = "submariner-routeagent"
GLOBALNET = "submariner-globalnet"
LIGHTHOUSE_AGENT = "submariner-lighthouse-agent"
LIGHTHOUSE_COREDNS = "submariner-lighthouse-coredns"
METRICS_PROXY = "submariner-metrics-proxy"
NETTEST = "submariner-nettest"
UNINSTALL_SUFFIX = "-uninstall"
UNINSTALL_ENV = "SUBMARINER_UNINSTALL"

# Custom resources and their finalizer
SUBMARINER_CR = "submariner"
SERVICE_DISCOVERY_CR = "service-discovery"
BROKER_CR = "submariner-broker"
CLEANUP_FINALIZER = "controllers.submariner.io/cleanup"

# Objects of single components
OPERATOR_LOCK = "submariner-operator-lock"
GATEWAY_LOCK = "submariner-gateway-lock"
GLOBALNET_LOCK = "submariner-globalnet-lock"
BROKER_SECRET = "submariner-broker-secret"  # noqa: S105 - the name of a Secret, not one
PSK_SECRET = "submariner-ipsec-psk"  # noqa: S105
GLOBALNET_INFO = "submariner-globalnet-info"
CLUSTERSET_IP_INFO = "submariner-clustersetip-info"
FAULTS = "submariner-simulator-faults"  # ConfigMap in OPERATOR_NAMESPACE; its keys name the faults that are on

# Labels and annotations
GATEWAY_NODE_LABEL = "submariner.io/gateway"
CLUSTER_ID_LABEL = "submariner-io/clusterID"
GATEWAY_STATUS_LABEL = "gateway.submariner.io/status"
GATEWAY_POD_NODE_LABEL = "gateway.submariner.io/node"
UPDATE_TIMESTAMP = "update-timestamp"
GLOBAL_IP = "submariner.io/globalIp"
ORIGINATING_NAMESPACE_LABEL = "submariner-io/originatingNamespace"

# Ports
NATT_PORT = 4500
NATT_DISCOVERY_PORT = 4490
INTRA_CLUSTER_VXLAN_PORT = 4800


def image(name: str, version: str = VERSION, repository: str = REPOSITORY) -> str:
    """The full reference of a component image."""
    return f"{repository}/{name}:{version}"


def cluster_service_account(cluster_id: str) -> str:
    """The ServiceAccount on the broker with which a member logs in."""
    return f"cluster-{cluster_id}"
