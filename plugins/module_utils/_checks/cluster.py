# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that one cluster's Snapshot tells without the others; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.access import check_access
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.connections import check_route_agents
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.dns import check_dns
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import check_own
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import check_gateways
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.globalnet import check_globalnet
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.operator import check_operator, is_idle
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.residue import check_residue
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import check_services
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import check_versions
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import (
    check_metrics,
    check_ready,
    check_removal,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._dns import edit_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)


@dataclass(frozen=True)
class Check:
    """A check by its name, the readings that it needs, and what it does with them and the cluster's ID."""

    name: str
    needs: tuple[str, ...]
    judge: t.Callable[[Snapshot, str], list[Finding]]
    also: t.Callable[[Snapshot], tuple[str, ...]] = lambda _snapshot: ()
    """Readings that only this cluster's case needs."""


def _installation(member: Snapshot, cluster_id: str) -> list[Finding]:
    return check_removal(member, cluster_id) + check_namespaces(member, cluster_id)


def _workloads(member: Snapshot, cluster_id: str) -> list[Finding]:
    if not member.installed or is_idle(member):  # an idle operator is the whole finding
        return []
    return check_ready(member, cluster_id) + check_metrics(member, cluster_id)


def _endpoints(member: Snapshot, cluster_id: str) -> list[Finding]:
    return check_own(member, cluster_id) if member.installed else []


def _connections(member: Snapshot, cluster_id: str) -> list[Finding]:
    return check_route_agents(member, cluster_id) if member.installed else []


def _load_balancer(member: Snapshot) -> tuple[str, ...]:
    return ("services",) if mapping(member.submariner.get("spec")).get("loadBalancerEnabled") is True else ()


def _dns_place(member: Snapshot) -> tuple[str, ...]:
    return (edit_of(member).key,)


def _globalnet(member: Snapshot) -> tuple[str, ...]:
    enabled = member.installed and mapping(member.submariner.get("spec")).get("globalCIDR")
    return ("clusterglobalegressips",) if enabled else ()


def _broker(member: Snapshot) -> tuple[str, ...]:
    return ("broker-secrets", "broker-configmaps", "clusters", "endpoints") if member.broker_namespaces else ()


WORKLOADS = ("submariners", "deployments", "daemonsets", "pods")

CHECKS: tuple[Check, ...] = (
    Check("installation", ("namespaces", *WORKLOADS), _installation),
    Check("operator", (*WORKLOADS, "clusters", "endpoints", "gateways"), check_operator),
    Check("workloads", WORKLOADS, _workloads),
    Check("broker", ("submariners",), check_access),
    Check("gateways", ("submariners", "gateways", "nodes"), check_gateways, _load_balancer),
    Check("endpoints", ("submariners", "endpoints", "gateways", "pods", "leases", "nodes"), _endpoints),
    Check("connections", ("submariners", "routeagents", "endpoints"), _connections),
    Check("globalnet", ("submariners",), check_globalnet, _globalnet),
    Check("versions", ("submariners", "deployments", "daemonsets", "gateways", "routeagents"), check_versions),
    Check("dns", ("submariners", "services"), check_dns, _dns_place),
    Check("services", ("submariners", "serviceexports", "serviceimports"), check_services),
    Check(
        "residue",
        (
            *WORKLOADS,
            "namespaces",
            "brokers",
            "serviceaccounts",
            "rolebindings",
            "crds",
            "serviceexports",
            "clusterroles",
        ),
        check_residue,
        _broker,
    ),
)


def judge(member: Snapshot, cluster_id: str) -> dict[str, list[Finding]]:
    """Findings by check. A check whose readings were not all answered is not in there: it was not judged."""
    return {
        c.name: c.judge(member, cluster_id) for c in CHECKS if member.known(*c.needs) and member.known(*c.also(member))
    }


def check_namespaces(member: Snapshot, cluster_id: str) -> list[Finding]:
    """No namespace of Submariner is being deleted."""
    findings = []
    for name in dict.fromkeys((member.operator_namespace, *member.broker_namespaces)):
        obj = member.namespace(name)
        since = text(mapping(obj.get("metadata")).get("deletionTimestamp"))
        if not since:
            continue
        needed = member.installed or name in member.broker_namespaces
        findings.append(
            Finding(
                "namespace.terminating",
                ERROR if needed else WARNING,
                f"namespace {name} of {cluster_id}",
                f"is being deleted since {since}",
                "an active namespace" if needed else "no namespace, or an active one",
                cause=holds(obj),
                hint="wait until it is gone; if it stays, look at what the conditions of the namespace name",
            )
        )
    return findings


def holds(namespace: Json) -> str:
    """What holds a namespace that is being deleted, by its conditions."""
    conditions = map(mapping, sequence(mapping(namespace.get("status")).get("conditions")))
    return "; ".join(text(c.get("message")) for c in conditions if c.get("status") == "True" and text(c.get("message")))
