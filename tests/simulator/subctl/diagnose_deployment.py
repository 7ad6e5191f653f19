# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl diagnose deployment`: overlapping CIDRs and duplicate Endpoints on the broker, workloads, metrics."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .. import names
from . import tokens
from .api import Object, path
from .contexts import ClusterInfo
from .probes import TRANSIENT_LABEL, Placement, Probe, nettest_image
from .status import ApiError, Failed, Reporter

NAMESPACE = names.OPERATOR_NAMESPACE
SINGLE_NODE = "Skipping this check as it's a single node cluster"
RESTARTS = 5


def deployment(info: ClusterInfo, status: Reporter) -> None:
    if info.submariner is not None:
        _check_cidrs(info.submariner, status)
    _check_workloads(info, status)
    if info.submariner is not None:
        _check_metrics(info, info.submariner, status)


def overlaps(endpoints: Sequence[Object]) -> list[str]:
    """What is wrong with the Endpoints of a broker: several of one cluster, or overlapping subnets."""
    problems = []
    for index, source in enumerate(endpoints):
        for other in endpoints[index + 1 :]:
            mine, its = source["spec"], other["spec"]
            if mine["cluster_id"] == its["cluster_id"]:
                problems.append(
                    f'Found multiple Submariner endpoints ("{source["metadata"]["name"]}" and '
                    f'"{other["metadata"]["name"]}") in cluster "{mine["cluster_id"]}"'
                )
                continue
            for subnet in its.get("subnets") or []:
                if any(_overlap(subnet, own) for own in mine.get("subnets") or []):
                    problems.append(
                        f'CIDR "{subnet}" in cluster "{its["cluster_id"]}" overlaps with cluster '
                        f'"{mine["cluster_id"]}" (CIDRs: [{" ".join(mine["subnets"])}])'
                    )
    return problems


def _overlap(left: str, right: str) -> bool:
    one, other = ipaddress.ip_network(left, strict=False), ipaddress.ip_network(right, strict=False)
    return one.version == other.version and one.overlaps(other)


def _check_cidrs(submariner: Object, status: Reporter) -> None:
    step = "Non-Globalnet deployment detected - checking that cluster CIDRs do not overlap"
    if submariner["spec"].get("globalCIDR"):
        step = "Globalnet deployment detected - checking that globalnet CIDRs do not overlap"
    with status.step(step):
        with status.explaining("Error getting the Broker's REST config"):
            broker, namespace = tokens.broker_of(submariner)
        with status.explaining("Error listing the Submariner endpoints from the Broker cluster"):
            problems = overlaps(broker.list_known(path("Endpoint", namespace)))
        for problem in problems:
            status.failure(problem)
    if problems:
        raise Failed("failures while diagnosing overlapping CIDRs")


def _check_workloads(info: ClusterInfo, status: Reporter) -> None:
    # One tracker for all of them: it forgets at each step, so only the last step decides the outcome.
    if info.submariner is not None:
        daemon_sets = [names.GATEWAY, names.ROUTE_AGENT, names.METRICS_PROXY]
        if info.submariner["spec"].get("globalCIDR"):
            daemon_sets.insert(2, names.GLOBALNET)
        for name in daemon_sets:
            _check_daemon_set(info, name, status)
    if info.service_discovery is not None:
        for name in (names.LIGHTHOUSE_AGENT, names.LIGHTHOUSE_COREDNS):
            _check_deployment(info, name, status)
    if info.submariner is None and info.service_discovery is None:
        return
    with status.step("Checking the status of all Submariner pods"):
        _check_pods(info, status)
        failing = status.failing
    if failing:
        raise Failed("failures while diagnosing pods")


def _check_daemon_set(info: ClusterInfo, name: str, status: Reporter) -> None:
    with status.step(f'Checking DaemonSet "{name}"'):
        try:
            state = info.api.get(path("DaemonSet", NAMESPACE, name)).get("status") or {}
        except ApiError as exc:
            status.failure(f'Error obtaining Daemonset "{name}": {exc}')
            return
        desired, current = state.get("desiredNumberScheduled", 0), state.get("currentNumberScheduled", 0)
        if desired != current:
            status.failure(
                f'The desired number of running pods for DaemonSet "{name}" ({desired}) '
                f"does not match the actual number ({current})"
            )


def _check_deployment(info: ClusterInfo, name: str, status: Reporter) -> None:
    with status.step(f'Checking Deployment "{name}"'):
        try:
            found = info.api.get(path("Deployment", NAMESPACE, name))
        except ApiError as exc:
            status.failure(f'Error obtaining Deployment "{name}": {exc}')
            return
        desired = found["spec"].get("replicas", 1)
        available = (found.get("status") or {}).get("availableReplicas", 0)
        if desired != available:
            status.failure(
                f'The desired number of replicas for Deployment "{name}" ({desired}) '
                f"does not match the actual number running ({available})"
            )


def _check_pods(info: ClusterInfo, status: Reporter) -> None:
    try:
        pods = info.api.list(path("Pod", NAMESPACE), labelSelector=f"{TRANSIENT_LABEL}!=true")
    except ApiError as exc:
        status.failure(f"Error obtaining Pods list: {exc}")
        return
    active = []
    for pod in pods:
        name, labels = pod["metadata"]["name"], pod["metadata"].get("labels") or {}
        state = pod.get("status") or {}
        if labels.get("app") == names.GATEWAY and labels.get(names.GATEWAY_STATUS_LABEL) == "active":
            active.append(str(labels.get(names.GATEWAY_POD_NODE_LABEL, "")))
        if state.get("phase") != "Running":
            status.failure(f'Pod "{name}" is not running. (current state is {state.get("phase")})')
            continue
        for container in state.get("containerStatuses") or []:
            if container["restartCount"] >= RESTARTS:
                status.warning(f'Pod "{name}" has restarted {container["restartCount"]} times')
    if len(active) != 1:
        status.warning(
            f"Expected one Gateway pod to be labeled as active. Found {len(active)} on nodes [{' '.join(active)}]"
        )


def _check_metrics(info: ClusterInfo, submariner: Object, status: Reporter) -> None:
    failed = []
    components = [("gateway", 8080)]
    if submariner["spec"].get("globalCIDR"):
        components.append(("globalnet", 8081))
    for component, port in components:
        try:
            _check_component_metrics(info, submariner, component, port, status)
        except Failed as exc:
            failed.append(exc)
    if failed:
        raise Failed("; ".join(str(failure) for failure in failed))


def _check_component_metrics(
    info: ClusterInfo, submariner: Object, component: str, port: int, status: Reporter
) -> None:
    with status.step(f"Checking that {component} metrics are accessible from non-gateway nodes"):
        if single_node(info, status):
            status.success(SINGLE_NODE)
            return
        host = f"submariner-{component}-metrics.{NAMESPACE}.svc.cluster.local"
        command = f"curl -I -m 10 --retry 6 {host}:{port}/metrics"
        with (
            status.explaining("Error spawning the client pod on non-Gateway node"),
            Probe(info.api, NAMESPACE, "validate-client", nettest_image(submariner), command, Placement()) as probe,
        ):
            output = probe.output()
        if "200 OK" not in output:
            raise status.error(
                f"Unable to access {component} metrics service in {NAMESPACE} namespace", f"Unexpected output {output}"
            )


def single_node(info: ClusterInfo, status: Reporter) -> bool:
    with status.explaining("Error determining whether the cluster has a single node"):
        return len(info.api.list(path("Node"))) == 1
