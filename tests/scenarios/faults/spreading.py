# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that spread, because the components go on working with what they find."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.scenarios.faults.fault import BROKER_NAMESPACE, MEMBER, Bring, Fault, kubectl, west_nodes
from tests.scenarios.fleet import BROKER
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import ScenarioFailed, Stage
from tests.simulator.gateway.__main__ import NOT_READY_FAULT
from tests.simulator.gateway.status import ERROR_FAULT, FROZEN_FAULT
from tests.simulator.names import FAULTS as FAULTS_MAP

_STRANGER = "north"
_SOON = 9.0
"""Seconds until a run of verify that has begun watches."""


def _record(stage: Stage, kind: str, cluster_id: str) -> dict[str, Any]:
    """The record of a cluster on the broker."""
    items = json.loads(kubectl(stage, BROKER, "-n", BROKER_NAMESPACE, "get", f"{kind}.submariner.io", "-o", "json"))
    found = [item for item in items["items"] if item["spec"]["cluster_id"] == cluster_id]
    if len(found) != 1:
        raise ScenarioFailed(f"{len(found)} {kind} of {cluster_id} on the broker, not one")
    return dict(found[0])


@contextmanager
def _endpoint_lost(stage: Stage) -> Iterator[None]:
    """Only the start of a gateway makes it again."""
    name = _record(stage, "endpoints", MEMBER)["metadata"]["name"]
    kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "delete", "endpoints.submariner.io", name)
    yield


@contextmanager
def _stranger(stage: Stage) -> Iterator[None]:
    """Records of a cluster that no host of the inventory claims."""
    for kind, words in (("Endpoint", "endpoints"), ("Cluster", "clusters")):
        item = _record(stage, words, MEMBER)
        text = json.dumps(item["spec"]).replace(f'"{MEMBER}"', f'"{_STRANGER}"')
        spec = json.loads(re.sub(r"10\.\d+\.\d+\.\d+/", "10.250.0.0/", text))
        name = _STRANGER
        if kind == "Endpoint":
            spec |= {"private_ip": "192.0.2.77", "public_ip": "", "hostname": "north-worker", "healthCheckIP": ""}
            spec |= {"cable_name": f"submariner-cable-{_STRANGER}-192-0-2-77", "subnets": ["10.250.0.0/16"]}
            name = f"{_STRANGER}-{spec['cable_name']}"
        labels = {"submariner-io/clusterID": _STRANGER}
        metadata = {"name": name, "namespace": BROKER_NAMESPACE, "labels": labels}
        record = {"apiVersion": "submariner.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
        kubectl(stage, BROKER, "create", "-f", "-", stdin=json.dumps(record))
    try:
        yield
    finally:
        for words in ("endpoints", "clusters"):
            selector = ("-l", f"submariner-io/clusterID={_STRANGER}")
            kubectl(stage, BROKER, "-n", BROKER_NAMESPACE, "delete", f"{words}.submariner.io", *selector)


@contextmanager
def _operator_down(stage: Stage) -> Iterator[None]:
    scale = ("-n", MEMBER_NAMESPACE, "scale", "deployment/submariner-operator")
    kubectl(stage, MEMBER, *scale, "--replicas=0")
    try:
        yield
    finally:
        kubectl(stage, MEMBER, *scale, "--replicas=1")


@contextmanager
def _definition_lost(stage: Stage) -> Iterator[None]:
    """With its objects: gateways write theirs again."""
    kubectl(stage, MEMBER, "delete", "customresourcedefinition", "gateways.submariner.io")
    yield


@contextmanager
def _names_lost(stage: Stage) -> Iterator[None]:
    """The operator's block in the Corefile."""
    where = ("-n", "kube-system", "configmap", "coredns")
    corefile = json.loads(kubectl(stage, MEMBER, "get", *where, "-o", "json"))["data"]["Corefile"]
    without = re.sub(r"#lighthouse-start.*?#lighthouse-end[^\n]*\n?", "", corefile, flags=re.DOTALL)
    if without == corefile:
        raise ScenarioFailed("the Corefile has no block of lighthouse")
    kubectl(stage, MEMBER, "patch", *where, "--type=merge", "-p", json.dumps({"data": {"Corefile": without}}))
    yield


@contextmanager
def _gateway_label_lost(stage: Stage) -> Iterator[None]:
    gateway, _others = west_nodes(stage)
    kubectl(stage, MEMBER, "label", "node", gateway, "submariner.io/gateway-")
    try:
        yield
    finally:
        kubectl(stage, MEMBER, "label", "node", gateway, "submariner.io/gateway=true", "--overwrite")


@contextmanager
def _replies_dropped(stage: Stage) -> Iterator[None]:
    """The connection stays up: only pods of that node are cut off (measured.md)."""
    _gateway, others = west_nodes(stage)
    key = "net.ipv4.conf.all.rp_filter"
    before = {node: stage.fleet.lab.in_node(node, "sysctl", "-n", key).out.strip() for node in others}
    for node in others:
        stage.fleet.lab.in_node(node, "sysctl", "-w", f"{key}=1")
    try:
        yield
    finally:
        for node, value in before.items():
            stage.fleet.lab.in_node(node, "sysctl", "-w", f"{key}={value}")


@contextmanager
def _packets_lost(stage: Stage) -> Iterator[None]:
    """As on a path of 1400 bytes whose routers say nothing: larger packets of the tunnel do not arrive."""
    rule = ("PREROUTING", "-p", "udp", "--dport", "4500", "-m", "length", "--length", "1401:65535", "-j", "DROP")
    gateways = [
        kubectl(stage, cluster, "get", "nodes", "-l", "submariner.io/gateway=true", "-o", "name")
        for cluster in stage.fleet.names
    ]
    nodes = [name.removeprefix("node/") for said in gateways for name in said.split()]
    try:
        for node in nodes:
            stage.fleet.lab.in_node(node, "iptables", "-w", "-t", "raw", "-I", *rule)
        yield
    finally:
        for node in nodes:
            stage.fleet.lab.in_node(node, "iptables", "-w", "-t", "raw", "-D", *rule, check=False)


@contextmanager
def _copy_left(stage: Stage) -> Iterator[None]:
    """West's copy of a record that the broker does not have."""
    own = _record(stage, "endpoints", BROKER)
    spec = {**own["spec"], "cable_name": f"submariner-cable-{BROKER}-192-0-2-78", "private_ip": "192.0.2.78"}
    labels = {"submariner-io/clusterID": BROKER, "submariner-io/originatingNamespace": MEMBER_NAMESPACE}
    metadata = {"name": f"{BROKER}-{spec['cable_name']}", "namespace": MEMBER_NAMESPACE, "labels": labels}
    record = {"apiVersion": "submariner.io/v1", "kind": "Endpoint", "metadata": metadata, "spec": spec}
    kubectl(stage, MEMBER, "create", "-f", "-", stdin=json.dumps(record))
    yield


def switched(fault: str, pods: str = "") -> Bring:
    """A fault of the simulation's own; `pods` read it when they start."""

    def restart(stage: Stage) -> None:
        if pods:
            kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "delete", "pods", "-l", pods, "--wait=false")

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        where = ("-n", MEMBER_NAMESPACE)
        kubectl(stage, MEMBER, *where, "create", "configmap", FAULTS_MAP, f"--from-literal={fault}=on")
        try:
            restart(stage)
            yield
        finally:
            kubectl(stage, MEMBER, *where, "delete", "configmap", FAULTS_MAP)
            restart(stage)  # instead of the kubelet's next attempt, which may be minutes away

    return bring


@contextmanager
def _nodes_down(stage: Stage) -> Iterator[None]:
    """No kubelet of west reports any more; what runs there goes on."""
    nodes = [node.name for node in stage.fleet.lab.nodes() if node.cluster == MEMBER]
    try:
        for node in nodes:
            stage.fleet.lab.in_node(node, "systemctl", "stop", "kubelet")
        yield
    finally:
        for node in nodes:
            stage.fleet.lab.in_node(node, "systemctl", "start", "kubelet")


@contextmanager
def _restarted_soon(stage: Stage) -> Iterator[None]:
    """West's gateway pod ends while it is watched."""
    pods = ("-n", MEMBER_NAMESPACE, "delete", "pods", "-l", "app=submariner-gateway", "--wait=false")
    timer = threading.Timer(_SOON, lambda: kubectl(stage, MEMBER, *pods))
    timer.start()
    try:
        yield
    finally:
        timer.join()


LOST = frozenset({"endpoint.missing", "endpoint.stale-copy", "connection.missing", "connection.not-connected"})
GATEWAY_GONE = LOST | {
    "gateway.not-one-active", "gateway.no-record", "gateway.left-over", "gateway.stale", "gateway.unproven",
    "gateway.lease-elsewhere", "connection.stale", "connection.unproven", "routeagent.error", "workload.not-ready",
    "stability.degraded", "endpoint.stale-address", "gateway.endpoint-differs",
}  # fmt: skip

FAULTS: dict[str, Fault] = {
    "endpoint-lost": Fault(_endpoint_lost, frozenset({"endpoint.missing"}), GATEWAY_GONE, repair=True),
    "unmanaged": Fault(
        _stranger, frozenset({"broker.unmanaged"}),
        frozenset({"connection.not-connected", "connection.missing", "connection.unproven", "routeagent.error"}),
    ),
    "ghost": Fault(
        _stranger, frozenset({"endpoint.ghost", "cluster.ghost"}), frozenset({"connection.ghost", "routeagent.error"}),
        options={"submariner_ghosts": [_STRANGER]}, repair=True,
    ),
    "operator-down": Fault(_operator_down, frozenset({"workload.not-ready"}), frozenset({"operator.unavailable"})),
    "definition-lost": Fault(
        _definition_lost, frozenset({"operator.definition-missing"}), GATEWAY_GONE, repair=True
    ),
    "gateway-frozen": Fault(
        switched(FROZEN_FAULT), frozenset({"gateway.stale"}), frozenset({"gateway.unproven"})
    ),
    "connection-error": Fault(
        switched(ERROR_FAULT), frozenset({"connection.not-connected"}), frozenset({"connection.unproven"})
    ),
    "gateway-crash": Fault(
        switched(NOT_READY_FAULT, "app=submariner-gateway"), frozenset({"workload.not-ready"}), GATEWAY_GONE
    ),
    "names-lost": Fault(_names_lost, frozenset({"dns.missing-block"}), repair=True),
    "gateway-label-lost": Fault(_gateway_label_lost, frozenset({"gateway.no-node"}), GATEWAY_GONE),
    "replies-dropped": Fault(
        _replies_dropped, frozenset({"datapath.no-answer"}), options={"submariner_verify_data_path": True},
    ),
    "packets-lost": Fault(
        _packets_lost, frozenset({"datapath.cut-answer"}),
        frozenset({"datapath.no-answer", "datapath.mtu-lost", "datapath.mtu-not-tested", "datapath.name-not-resolved"}),
        options={"submariner_verify_data_path": True, "submariner_verify_data_path_mtu": True},
    ),
    "nodes-down": Fault(
        _nodes_down, frozenset({"nodes.none-ready", "gateway.node-not-ready"}),
        GATEWAY_GONE | {"operator.unavailable"},
    ),
    "gateway-restarted": Fault(
        _restarted_soon, frozenset({"stability.degraded"}), GATEWAY_GONE,
        options={"submariner_verify_window": 15, "submariner_verify_timeout": 60},
    ),
    "copy-left": Fault(
        _copy_left, frozenset({"endpoint.duplicate"}),
        frozenset({"endpoint.stale-copy", "endpoint.copy-differs"})
        | {"connection.duplicate", "connection.stale", "connection.not-connected"},
        repair=True,
    ),
}  # fmt: skip
