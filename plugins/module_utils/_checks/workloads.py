# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Submariner's workloads on one cluster; pure. Private to this collection, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import UNINSTALL_WORKLOADS
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

CONNECTIVITY = ("submariner-operator", "submariner-gateway", "submariner-routeagent")
DISCOVERY = ("submariner-lighthouse-agent", "submariner-lighthouse-coredns")


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
        return [
            Finding(
                "submariner.not-installed",
                ERROR,
                f"cluster {cluster_id}",
                "no Submariner resource",
                "an installation",
                hint="run the playbook install or reinstall",
            )
        ]
    findings = []
    if not member.installed:
        findings.append(
            Finding(
                "submariner.going",
                ERROR,
                f"cluster {cluster_id}",
                f"its Submariner resource is being deleted since {mapping(member.submariner.get('metadata'))['deletionTimestamp']}",
                "an installation",
                hint="run the playbook reinstall",
            )
        )
    there = {w.name: w for w in member.workloads}
    discovery = mapping(member.submariner.get("spec")).get("serviceDiscoveryEnabled") is True
    for name in CONNECTIVITY + (DISCOVERY if discovery else ()):
        workload = there.get(name)
        if workload is None:
            observed = "does not exist"
        elif workload.desired < 1:
            observed = "wants no pod" + (": no node has the gateway label" if name == "submariner-gateway" else "")
        elif workload.ready < workload.desired:
            observed = f"{workload.ready} of {workload.desired} pods ready"
        else:
            continue
        findings.append(
            Finding(
                "workload.not-ready",
                ERROR,
                f"{name} of {cluster_id}",
                observed,
                "all pods ready",
                cause=pod_trouble(member, name) or (operator_trouble(member) if workload is None else ""),
                hint="look at its events and logs",
            )
        )
    for name in sorted(set(there) & UNINSTALL_WORKLOADS):
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


def pod_trouble(member: Snapshot, workload: str) -> str:
    """Why a pod of C(workload) does not run, from its conditions and container states."""
    for pod in member.objects("pods", member.operator_namespace):
        if not text(mapping(pod.get("metadata")).get("name")).startswith(workload + "-"):
            continue
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
