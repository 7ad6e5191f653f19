# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a broker owns on its cluster, as data; pure. Private to this collection, may change at any time.

Sources: submariner.md sections 2.1 (objects), 3.4 (residues), and measured.md.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import (
    BROKER,
    BROKER_NS,
    CLUSTERS,
    CORE,
    ENDPOINTS,
    LIGHTHOUSE_IMPORT,
    MANAGED_SLICE,
    MCS,
    NAMED,
    RBAC,
    RESOURCES,
    REST,
    SLICES,
    V1,
    V1ALPHA1,
    Entry,
)

PROVEN = "those that are proven to be the departed cluster's"


def _inside(residue: str, key: str, path: str, why: str = NAMED, stage: int = REST, **more: t.Any) -> Entry:
    """Something that goes with the broker's namespace."""
    return Entry(residue, key, path, BROKER, stage, why, namespace=BROKER_NS, contents=True, **more)


BROKER_ENTRIES: tuple[Entry, ...] = (
    Entry("", "brokers", V1ALPHA1 + "brokers/{name}", BROKER, RESOURCES, "is a Broker resource"),
    _inside("R3", "endpoints", V1 + "endpoints/{name}", "is a record on the broker", ENDPOINTS, sign=PROVEN),
    _inside("R4", "clusters", V1 + "clusters/{name}", "is a record on the broker", CLUSTERS, sign=PROVEN),
    _inside(
        "R9",
        "rolebindings",
        RBAC + "namespaces/{namespace}/rolebindings/{name}",
        pattern=r"submariner-k8s-broker-[a-z]+|cluster-.+-submariner-k8s-broker-cluster",
    ),
    _inside("", "roles", RBAC + "namespaces/{namespace}/roles/{name}", pattern=r"submariner-k8s-broker-[a-z]+"),
    _inside(
        "R9", "serviceaccounts", CORE + "serviceaccounts/{name}", pattern=r"submariner-k8s-broker-[a-z]+|cluster-.+"
    ),
    _inside(
        "R9",
        "broker-secrets",
        CORE + "secrets/{name}",
        pattern=r"(submariner-k8s-broker-[a-z]+|cluster-.+)-(token|dockercfg)-[a-z0-9]+",
    ),
    _inside(
        "R10",
        "broker-configmaps",
        CORE + "configmaps/{name}",
        names=frozenset([GLOBALNET_INFO, CLUSTERSET_IP_INFO]),
    ),
    _inside(
        "R17",
        "serviceimports",
        MCS + "serviceimports/{name}",
        "is a service that members offer",
        marks=LIGHTHOUSE_IMPORT,
    ),
    _inside("R17", "endpointslices", SLICES, "is a slice of a member", marks=(MANAGED_SLICE,)),
    Entry(
        "R13",
        "namespaces",
        "/api/v1/namespaces/{name}",
        BROKER,
        REST,
        "is the broker's namespace",
        pattern=BROKER_NS,
        sign="the broker's, with nothing in it that is somebody else's, when all its clusters are proven gone or named as dead",
    ),
)
