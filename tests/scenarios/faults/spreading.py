# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault on a fleet that works: verify names it, and nothing that it does not explain; then it is healed.

A fault that `repair` knows is healed by it, the others are taken back.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.scenarios.fleet import BROKER
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import ScenarioFailed, Stage
from tests.simulator.gateway.__main__ import NOT_READY_FAULT
from tests.simulator.gateway.status import ERROR_FAULT, FROZEN_FAULT
from tests.simulator.names import FAULTS as FAULTS_MAP

_BROKER_NAMESPACE = "submariner-k8s-broker"
_MEMBER = "west"
_STRANGER = "north"
_SEEN_WITHIN = 60.0
_HEALED_WITHIN = 120.0
_CONFIRM = ("-e", "submariner_confirm=repair", "-e", "submariner_verify_window=5")
_GHOST = ("-e", json.dumps({"submariner_ghosts": [_STRANGER]}))

Bring = Callable[[Stage], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    bring: Bring
    """Brings it about, and at the end takes back what then is still of it."""
    finds: frozenset[str]
    """What verify must find."""
    may_find: frozenset[str] = frozenset()
    """What follows from it, depending on the moment."""
    options: tuple[str, ...] = ()
    repair: bool = False


def _kubectl(stage: Stage, cluster: str, *arguments: str, stdin: str | None = None) -> str:
    return stage.fleet.lab.kubectl(cluster, *arguments, stdin=stdin).out


def _record(stage: Stage, kind: str, cluster_id: str) -> dict[str, Any]:
    """The record of a cluster on the broker."""
    items = json.loads(_kubectl(stage, BROKER, "-n", _BROKER_NAMESPACE, "get", f"{kind}.submariner.io", "-o", "json"))
    found = [item for item in items["items"] if item["spec"]["cluster_id"] == cluster_id]
    if len(found) != 1:
        raise ScenarioFailed(f"{len(found)} {kind} of {cluster_id} on the broker, not one")
    return dict(found[0])


def _nodes(stage: Stage) -> tuple[str, list[str]]:
    """West's gateway node, and the others."""
    names = sorted(node.name for node in stage.fleet.lab.nodes() if node.cluster == _MEMBER)
    said = _kubectl(stage, _MEMBER, "get", "nodes", "-l", "submariner.io/gateway=true", "-o", "name")
    gateway = said.strip().removeprefix("node/")
    return gateway, [name for name in names if name != gateway]


@contextmanager
def _endpoint_lost(stage: Stage) -> Iterator[None]:
    """Only the start of a gateway makes it again."""
    name = _record(stage, "endpoints", _MEMBER)["metadata"]["name"]
    _kubectl(stage, _MEMBER, "-n", MEMBER_NAMESPACE, "delete", "endpoints.submariner.io", name)
    yield


@contextmanager
def _stranger(stage: Stage) -> Iterator[None]:
    """Records of a cluster that no host of the inventory claims."""
    for kind, words in (("Endpoint", "endpoints"), ("Cluster", "clusters")):
        item = _record(stage, words, _MEMBER)
        text = json.dumps(item["spec"]).replace(f'"{_MEMBER}"', f'"{_STRANGER}"')
        spec = json.loads(re.sub(r"10\.\d+\.\d+\.\d+/", "10.250.0.0/", text))
        name = _STRANGER
        if kind == "Endpoint":
            spec |= {"private_ip": "192.0.2.77", "public_ip": "", "hostname": "north-worker", "healthCheckIP": ""}
            spec |= {"cable_name": f"submariner-cable-{_STRANGER}-192-0-2-77", "subnets": ["10.250.0.0/16"]}
            name = f"{_STRANGER}-{spec['cable_name']}"
        labels = {"submariner-io/clusterID": _STRANGER}
        metadata = {"name": name, "namespace": _BROKER_NAMESPACE, "labels": labels}
        record = {"apiVersion": "submariner.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
        _kubectl(stage, BROKER, "create", "-f", "-", stdin=json.dumps(record))
    try:
        yield
    finally:
        for words in ("endpoints", "clusters"):
            selector = ("-l", f"submariner-io/clusterID={_STRANGER}")
            _kubectl(stage, BROKER, "-n", _BROKER_NAMESPACE, "delete", f"{words}.submariner.io", *selector)


@contextmanager
def _operator_down(stage: Stage) -> Iterator[None]:
    scale = ("-n", MEMBER_NAMESPACE, "scale", "deployment/submariner-operator")
    _kubectl(stage, _MEMBER, *scale, "--replicas=0")
    try:
        yield
    finally:
        _kubectl(stage, _MEMBER, *scale, "--replicas=1")


@contextmanager
def _definition_lost(stage: Stage) -> Iterator[None]:
    """With its objects: gateways write theirs again."""
    _kubectl(stage, _MEMBER, "delete", "customresourcedefinition", "gateways.submariner.io")
    yield


@contextmanager
def _names_lost(stage: Stage) -> Iterator[None]:
    """The operator's block in the Corefile."""
    where = ("-n", "kube-system", "configmap", "coredns")
    corefile = json.loads(_kubectl(stage, _MEMBER, "get", *where, "-o", "json"))["data"]["Corefile"]
    without = re.sub(r"#lighthouse-start.*?#lighthouse-end[^\n]*\n?", "", corefile, flags=re.DOTALL)
    if without == corefile:
        raise ScenarioFailed("the Corefile has no block of lighthouse")
    _kubectl(stage, _MEMBER, "patch", *where, "--type=merge", "-p", json.dumps({"data": {"Corefile": without}}))
    yield


@contextmanager
def _gateway_label_lost(stage: Stage) -> Iterator[None]:
    gateway, _others = _nodes(stage)
    _kubectl(stage, _MEMBER, "label", "node", gateway, "submariner.io/gateway-")
    try:
        yield
    finally:
        _kubectl(stage, _MEMBER, "label", "node", gateway, "submariner.io/gateway=true", "--overwrite")


@contextmanager
def _replies_dropped(stage: Stage) -> Iterator[None]:
    """The connection stays up: only pods of that node are cut off (measured.md)."""
    _gateway, others = _nodes(stage)
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
        _kubectl(stage, cluster, "get", "nodes", "-l", "submariner.io/gateway=true", "-o", "name")
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
    _kubectl(stage, _MEMBER, "create", "-f", "-", stdin=json.dumps(record))
    yield


def _switched(fault: str, pods: str = "") -> Bring:
    """A fault of the simulation's own; `pods` read it when they start."""

    def restart(stage: Stage) -> None:
        if pods:
            _kubectl(stage, _MEMBER, "-n", MEMBER_NAMESPACE, "delete", "pods", "-l", pods, "--wait=false")

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        where = ("-n", MEMBER_NAMESPACE)
        _kubectl(stage, _MEMBER, *where, "create", "configmap", FAULTS_MAP, f"--from-literal={fault}=on")
        try:
            restart(stage)
            yield
        finally:
            _kubectl(stage, _MEMBER, *where, "delete", "configmap", FAULTS_MAP)
            restart(stage)  # instead of the kubelet's next attempt, which may be minutes away

    return bring


_LOST = frozenset({"endpoint.missing", "endpoint.stale-copy", "connection.missing", "connection.not-connected"})
_GATEWAY_GONE = _LOST | {
    "gateway.not-one-active", "gateway.no-record", "gateway.left-over", "gateway.stale", "gateway.unproven",
    "gateway.lease-elsewhere", "connection.stale", "connection.unproven", "routeagent.error", "workload.not-ready",
    "stability.degraded", "endpoint.stale-address", "gateway.endpoint-differs",
}  # fmt: skip

FAULTS: dict[str, Fault] = {
    "endpoint-lost": Fault(_endpoint_lost, frozenset({"endpoint.missing"}), _GATEWAY_GONE, repair=True),
    "unmanaged": Fault(
        _stranger, frozenset({"broker.unmanaged"}),
        frozenset({"connection.not-connected", "connection.missing", "connection.unproven", "routeagent.error"}),
    ),
    "ghost": Fault(
        _stranger, frozenset({"endpoint.ghost", "cluster.ghost"}), frozenset({"connection.ghost", "routeagent.error"}),
        options=_GHOST, repair=True,
    ),
    "operator-down": Fault(_operator_down, frozenset({"workload.not-ready"}), frozenset({"operator.unavailable"})),
    "definition-lost": Fault(
        _definition_lost, frozenset({"operator.definition-missing"}), _GATEWAY_GONE, repair=True
    ),
    "gateway-frozen": Fault(
        _switched(FROZEN_FAULT), frozenset({"gateway.stale"}), frozenset({"gateway.unproven"})
    ),
    "connection-error": Fault(
        _switched(ERROR_FAULT), frozenset({"connection.not-connected"}), frozenset({"connection.unproven"})
    ),
    "gateway-crash": Fault(
        _switched(NOT_READY_FAULT, "app=submariner-gateway"), frozenset({"workload.not-ready"}), _GATEWAY_GONE
    ),
    "names-lost": Fault(_names_lost, frozenset({"dns.missing-block"}), repair=True),
    "gateway-label-lost": Fault(_gateway_label_lost, frozenset({"gateway.no-node"}), _GATEWAY_GONE),
    "replies-dropped": Fault(
        _replies_dropped, frozenset({"datapath.no-answer"}), options=("-e", "submariner_verify_data_path=true"),
    ),
    "packets-lost": Fault(
        _packets_lost, frozenset({"datapath.cut-answer"}),
        frozenset({"datapath.no-answer", "datapath.mtu-lost", "datapath.mtu-not-tested", "datapath.name-not-resolved"}),
        options=("-e", "submariner_verify_data_path=true", "-e", "submariner_verify_data_path_mtu=true"),
    ),
    "copy-left": Fault(
        _copy_left, frozenset({"endpoint.duplicate"}),
        frozenset({"endpoint.stale-copy", "endpoint.copy-differs"})
        | {"connection.duplicate", "connection.stale", "connection.not-connected"},
        repair=True,
    ),
}  # fmt: skip


def by(name: str) -> Callable[[Stage], None]:
    fault = FAULTS[name]

    def act(stage: Stage) -> None:
        stage.ensure_whole()
        usual = _found(stage)
        with fault.bring(stage):
            found = _seen(stage, fault, usual)
            stage.notes.append(f"found {', '.join(sorted(found))}")
            stage.require(sorted(found - fault.finds - fault.may_find), "verify finds nothing else")
            if fault.repair:
                stage.succeed("repair", *_CONFIRM, *fault.options)
        _healed(stage)

    return act


def _seen(stage: Stage, fault: Fault, usual: frozenset[str]) -> frozenset[str]:
    """What verify finds as soon as it finds the fault."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while True:
        found = _found(stage, *fault.options) - usual
        if found >= fault.finds:
            return found
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(fault.finds - found))
            raise ScenarioFailed(f"verify does not find {missing}, but {', '.join(sorted(found)) or 'nothing'}")


def _found(stage: Stage, *options: str) -> frozenset[str]:
    """The ids of one look's findings, but for those of logs, which tell of earlier faults, too."""
    inventory = stage.inventory()
    inventory.common |= {"submariner_report_dir": str(stage.folder), "submariner_verify_report_only": True}
    inventory.common |= {"submariner_verify_window": 0, "submariner_verify_data_path": False}
    result = stage.folder / "result.json"
    result.unlink(missing_ok=True)
    with stage.playbook("verify", *options, inventory=inventory) as running:
        run = running.finish()
    if run.code or not result.exists():
        raise ScenarioFailed(f"verify ended with {run.code} and no result")
    document = json.loads(result.read_text())
    said = frozenset(item["id"] for item in document["findings"])
    return frozenset(name for name in said if not name.startswith("log."))


def _healed(stage: Stage) -> None:
    deadline = time.monotonic() + _HEALED_WITHIN
    while complaints := stage.fleet.complaints():
        if time.monotonic() > deadline:
            stage.require(complaints, "healed")
        time.sleep(2)
