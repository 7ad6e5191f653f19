# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Submariner's workloads on one cluster; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import UNINSTALL_WORKLOADS, WORKLOADS
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import active_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    Json,
    Snapshot,
    Workload,
    mapping,
    sequence,
    text,
)

CONNECTIVITY = ("submariner-operator", "submariner-gateway", "submariner-routeagent")
DISCOVERY = ("submariner-lighthouse-agent", "submariner-lighthouse-coredns")
GLOBALNET = ("submariner-globalnet",)
METRICS = ("submariner-metrics-proxy",)


def check_workloads(member: Snapshot, cluster_id: str) -> list[Finding]:
    """All expected workloads are there and ready, and none of an uninstall is left."""
    unread = [k for k in ("deployments", "daemonsets", "pods", "submariners") if not member.known(k)]
    if unread:
        return [
            Finding(
                "cluster.unread", UNKNOWN, f"cluster {cluster_id}", f"not answered: {', '.join(unread)}", "an answer"
            )
        ]
    if not member.submariner:
        return [not_installed(cluster_id)]
    return check_removal(member, cluster_id) + check_ready(member, cluster_id)


def not_installed(cluster_id: str, observed: str = "no Submariner resource") -> Finding:
    return Finding(
        "submariner.not-installed",
        ERROR,
        f"cluster {cluster_id}",
        observed,
        "an installation",
        hint="run the playbook install or reinstall",
    )


def check_removal(member: Snapshot, cluster_id: str) -> list[Finding]:
    """No removal of the installation is under way, or was left half done."""
    findings = []
    if member.submariner and not member.installed:
        findings.append(
            Finding(
                "submariner.going",
                ERROR,
                f"cluster {cluster_id}",
                "its Submariner resource is being deleted since "
                + text(mapping(member.submariner.get("metadata"))["deletionTimestamp"]),
                "an installation",
                hint="run the playbook reinstall",
            )
        )
    for name in sorted({w.name for w in member.workloads} & UNINSTALL_WORKLOADS):
        findings.append(
            Finding(
                "workload.uninstall-left",
                ERROR,
                f"{name} of {cluster_id}",
                "an uninstall workload is there",
                "none on an installed cluster",
                cause="an earlier uninstall was interrupted",
                hint="run the playbook reinstall",
            )
        )
    return findings


def check_ready(member: Snapshot, cluster_id: str) -> list[Finding]:
    """All workloads that an installation needs are there and have all their pods ready."""
    spec = mapping(member.submariner.get("spec"))
    discovery = DISCOVERY if spec.get("serviceDiscoveryEnabled") is True else ()
    globalnet = GLOBALNET if spec.get("globalCIDR") else ()
    return _not_ready(member, cluster_id, CONNECTIVITY + discovery + globalnet, ERROR)


def check_metrics(member: Snapshot, cluster_id: str) -> list[Finding]:
    """The metrics proxy, which nothing but metrics needs, is ready where it exists."""
    there = {w.name for w in member.workloads}
    return _not_ready(member, cluster_id, [n for n in METRICS if n in there], WARNING)


def _not_ready(member: Snapshot, cluster_id: str, names: t.Sequence[str], severity: str) -> list[Finding]:
    findings = []
    there = {w.name: w for w in member.workloads}
    for name in names:
        workload = there.get(name)
        if workload is None:
            observed = "does not exist"
        elif workload.desired < 1:
            observed = "wants no pod" + (": no node has the gateway label" if name == "submariner-gateway" else "")
        elif workload.ready < workload.desired:
            observed = f"{workload.ready} of {workload.desired} pods ready"
        else:
            continue
        down = _down(member, workload) if workload else []
        if down:
            findings.append(_on_nodes_down(name, cluster_id, observed, down))
            continue
        findings.append(
            Finding(
                "workload.not-ready",
                severity,
                f"{name} of {cluster_id}",
                observed,
                "all pods ready",
                cause=pod_trouble(member, name) or (operator_trouble(member) if workload is None else ""),
                hint="look at its events and logs",
            )
        )
    return findings


def _down(member: Snapshot, workload: Workload) -> list[str]:
    """The nodes that are not Ready, if only a DaemonSet's pods there are not ready, and a gateway is active all the same."""
    if workload.kind != "DaemonSet" or not active_pods(member):
        return []
    down = {n.name for n in member.nodes if not n.ready}
    places = {text(mapping(p.get("spec")).get("nodeName")) for p in pods_of(member, workload.name) if not _ready(p)}
    return sorted(places & down) if len(places & down) >= workload.desired - workload.ready else []


def _ready(pod: Json) -> bool:
    """By the pod's condition: that of a node that died goes, and its containers stay as they were."""
    conditions = map(mapping, sequence(mapping(pod.get("status")).get("conditions")))
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _on_nodes_down(name: str, cluster_id: str, observed: str, nodes: t.Sequence[str]) -> Finding:
    return Finding(
        "workload.not-ready",
        WARNING,
        f"{name} of {cluster_id}",
        observed,
        "all pods ready",
        cause=f"not Ready: node {', '.join(nodes)}",
        hint="repair the node, or delete it if it does not come back",
    )


def pods_of(member: Snapshot, workload: str) -> list[Json]:
    """The pods of C(workload) by their names, and not those of a workload whose name begins with its name."""
    longer = [n for n in WORKLOADS | UNINSTALL_WORKLOADS if n.startswith(workload + "-")]
    found = []
    for pod in member.objects("pods", member.operator_namespace):
        name = text(mapping(pod.get("metadata")).get("name"))
        if name.startswith(workload + "-") and not any(name.startswith(n + "-") for n in longer):
            found.append(pod)
    return found


def pod_trouble(member: Snapshot, workload: str) -> str:
    """Why a pod of C(workload) does not run, from its conditions and container states."""
    for pod in pods_of(member, workload):
        trouble = _state(mapping(pod.get("status")))
        if trouble:
            return f"pod {text(mapping(pod.get('metadata')).get('name'))}: {trouble}"
    return ""


def _state(status: Json) -> str:
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in map(mapping, sequence(status.get(key))):
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            ended = mapping(mapping(container.get("lastState")).get("terminated"))
            if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
                return " ".join(text(v) for v in (waiting.get("reason"), waiting.get("message")) if v)[:300]
            if ended.get("exitCode"):
                return f"its container ended with {ended['exitCode']} {text(ended.get('reason'))}".strip()
    for condition in map(mapping, sequence(status.get("conditions"))):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return text(condition.get("message"))[:300]
    return ""


def operator_trouble(member: Snapshot) -> str:
    """What is known of an operator that made nothing; its log says more (measured.md)."""
    return pod_trouble(member, "submariner-operator") or "the operator has not made it: its log names the cause"
