# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of the port probe on one cluster. Private to this collection, may change at any time.

They use their node's network, since its ports are what is asked about. Beyond that they may open raw sockets, for ESP, and see
which program of the node holds a port; nothing of the node is mounted or changed.
"""

from __future__ import annotations

import json
import secrets
import time
import typing as t
from dataclasses import dataclass, replace
from functools import partial

from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_probe as port_probe
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_scripts as scripts
from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._gateway_nodes import choose_gateways
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Node
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    NAMESPACE,
    drop_namespace_if_empty,
    ensure_namespace,
    why_not_admitted,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._port_probe import (
    Listener,
    Question,
    Responder,
    Result,
)

Json = dict[str, t.Any]

PURPOSE = "port-probe"
HERE = "submariner.lifecycle/responder"
"""Annotation of a pod with what it is, so that every call of a run knows it."""
CONTAINER = "probe"
FOLDER = "/tmp/submariner-lifecycle"  # noqa: S108 - in the container
MARK = "submariner-lifecycle"
READY_LIMIT = 15.0
ASK_LIMIT = 17.0
"""Seconds for scripts.AT_ONCE targets; each is bounded in the script."""
EXEC_LIMIT = 20.0
RETRY = 0.5
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
GATEWAY_KEY = "gateway.submariner.io/"
OVN_KUBERNETES = "k8s.ovn.org/"


@dataclass
class Wanted:
    """What the caller wants to be probed."""

    cluster: str
    names: t.Sequence[str]
    cable_driver: str
    force_udp_encaps: bool
    natt_port: int
    nat_discovery_port: int
    gateways: t.Sequence[str]
    others: int


def responders(nodes: t.Sequence[Json], wanted: Wanted, nonce: str) -> tuple[list[Responder], dict[str, str]]:
    """Every gateway node and some of the others, each with the ports that it has to let in; then why some cannot be had.

    Raises ApiFailure when the cluster can have no gateway.
    """
    known = {node.name: node for node in map(Node.of, nodes)}
    gateways, trouble = choose_gateways(known.values(), wanted.gateways, ())
    if trouble:
        raise ApiFailure(f"Cluster {wanted.cluster} can have no gateway: {trouble}.", "Set submariner_gateway_nodes.")
    able = [node for node in known.values() if node.name not in gateways and node.ready and node.linux]
    others = sorted(able, key=lambda node: (node.control_plane, node.name))[: wanted.others]
    refused = {name: "the node is not ready" for name in gateways if not known[name].ready}
    bodies = {body["metadata"]["name"]: body for body in nodes}
    roles = {**dict.fromkeys(gateways, ports.GATEWAY), **{node.name: ports.OTHER for node in others}}
    found = [_responder(bodies[name], role, wanted, nonce) for name, role in roles.items() if name not in refused]
    return [here for here in found if here.listeners], refused


def _responder(body: Json, role: str, wanted: Wanted, nonce: str) -> Responder:
    meta = body.get("metadata") or {}
    notes = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
    settings = ports.Settings(
        node_role=role,
        cable_driver=wanted.cable_driver,
        force_udp_encaps=wanted.force_udp_encaps,
        natt_port=_number(notes.get(f"{GATEWAY_KEY}udp-port"), wanted.natt_port),
        nat_discovery_port=_number(notes.get(f"{GATEWAY_KEY}natt-discovery-port"), wanted.nat_discovery_port),
    )
    without = {"vxlan"} if any(key.startswith(OVN_KUBERNETES) for key in notes) else set()
    return Responder(
        cluster=wanted.cluster,
        node=meta["name"],
        role=role,
        addresses=addresses(body, notes),
        nonce=nonce,
        listeners=tuple(
            Listener(port.name, port.protocol, settings.number(port))
            for port in ports.needed(settings)
            if port.name in wanted.names and port.name not in without
        ),
    )


def _number(value: t.Any, otherwise: int) -> int:
    return int(value) if str(value).isdigit() and 0 < int(value) < 65536 else otherwise


def addresses(body: Json, notes: t.Mapping[str, str]) -> tuple[str, ...]:
    """Where other clusters may find the node: its own addresses, and the public one that it is annotated with."""
    found = [
        str(item.get("address"))
        for kind in ("InternalIP", "ExternalIP")
        for item in (body.get("status") or {}).get("addresses") or []
        if item.get("type") == kind
    ]
    kind, _colon, public = str(notes.get(f"{GATEWAY_KEY}public-ip") or "").partition(":")
    return tuple(dict.fromkeys(found + ([public] if kind in ("ipv4", "ipv6", "dns") and public else [])))


def manifest(here: Responder, run: str, image: str, lifetime: float) -> Json:
    """The pod that answers and asks on one node."""
    table = "".join(f"{item.protocol} {item.port}\n" for item in here.listeners)
    environment = {**scripts.IN_POD, "NONCE": here.nonce, "PORTS": table, "FOLDER": FOLDER}
    pod = own_pods.manifest(
        f"{PURPOSE}-{run}-{own_pods.new_run()}",
        NAMESPACE,
        PURPOSE,
        run,
        container=own_pods.container(
            CONTAINER,
            image,
            environment,
            {
                "runAsUser": 0,
                "runAsNonRoot": False,
                "capabilities": {"drop": ["ALL"], "add": ["NET_RAW", "SYS_PTRACE", "DAC_READ_SEARCH"]},
            },
        ),
        spec={**own_pods.on_node(here.node), "hostNetwork": True, "hostPID": True, "dnsPolicy": "Default"},
        deadline=lifetime,
    )
    pod["metadata"]["annotations"] = {HERE: json.dumps(here.as_dict())}
    return pod


class PortPods:
    """The pods of one run on one cluster."""

    def __init__(self, api: Api, run: str, image: str, lifetime: float) -> None:
        self.api, self.run, self._image, self._lifetime = api, run, image, lifetime
        self.pods: dict[str, Responder] = {}
        self.causes: dict[str, str] = {}

    @property
    def selector(self) -> str:
        purpose = f"{own_pods.PURPOSE}={PURPOSE}"
        return f"{purpose},{own_pods.RUN}={self.run}" if self.run else purpose

    def find(self) -> None:
        """The pods of this run that are running."""
        seen = self.api.list(PODS, labelSelector=self.selector)
        if seen.unknown:
            raise ApiFailure(f"The pods of the probe cannot be listed: {seen.reason}.")
        for pod in seen.items:
            noted = (pod["metadata"].get("annotations") or {}).get(HERE)
            if noted and own_pods.ready(pod):
                self.pods[pod["metadata"]["name"]] = Responder.of(json.loads(noted))

    def serve(self, wanted: Wanted) -> None:
        """Have a pod on each node, with what became of its ports; nodes where that failed stand in C(causes)."""
        self.find()
        if not self.pods:
            self._start_all(wanted)
        tasks = {pod: partial(self._settled, pod, here) for pod, here in self.pods.items()}
        settled = own_pods.at_once("pods whose ports are not open yet", tasks, READY_LIMIT)
        self.pods = {pod: future.result() for pod, future in settled.items()}

    def _start_all(self, wanted: Wanted) -> None:
        nodes = self.api.list("/api/v1/nodes")
        if not nodes.present:
            raise ApiFailure(f"The nodes cannot be listed: {nodes.reason}.")
        found, self.causes = responders(nodes.items, wanted, secrets.token_hex(6))
        if not found:
            return
        ensure_namespace(self.api)
        own_pods.sweep(self.api, NAMESPACE, PURPOSE)
        here = {responder.node: responder for responder in found}
        started, causes = own_pods.start_each({node: partial(self._start, here[node]) for node in here})
        self.pods = {pod: here[node] for node, pod in started.items()}
        self.causes.update(causes)

    def _start(self, here: Responder) -> str:
        try:
            pod = own_pods.start(self.api, manifest(here, self.run, self._image, self._lifetime))
        except own_pods.PodTrouble as error:
            if "PodSecurity" not in str(error):
                raise
            raise own_pods.PodTrouble(f"{str(error).rstrip('.')}. {why_not_admitted(self.api)}") from error
        return str(pod["metadata"]["name"])

    def _settled(self, pod: str, here: Responder) -> Responder:
        """The responder with the states of its ports, once all of them answer or cannot."""
        end = time.monotonic() + READY_LIMIT
        while True:
            mark = _new_mark()
            try:
                seen = port_probe.state(self._exec(pod, scripts.state_script(mark)), mark, here.listeners)
            except ApiFailure as error:
                unseen = [replace(item, state=port_probe.UNTRIED, said=str(error)) for item in here.listeners]
                return replace(here, listeners=tuple(unseen))
            if (seen.ended and not seen.starting) or time.monotonic() >= end:
                return replace(here, listeners=tuple(seen.listeners))
            time.sleep(RETRY)

    def _exec(self, pod: str, script: str, stdin: str | None = None, limit: float = EXEC_LIMIT) -> str:
        argv = ["/bin/sh", "-c", script]
        return self.api.exec(NAMESPACE, pod, CONTAINER, argv, stdin=stdin, timeout=limit).stdout

    def probe(self, targets: t.Sequence[Responder]) -> list[Result]:
        """Ask every port that the table has traffic to, from every pod; one request for each pod, however many they are."""
        tasks = {pod: partial(self._probe_from, pod, source, targets) for pod, source in self.pods.items()}
        seconds = _ask_seconds(sum(len(target.listeners) * len(target.addresses) for target in targets))
        parts = own_pods.at_once("pods that have not asked all targets yet", tasks, seconds)
        return [result for part in parts.values() for result in part.result()]

    def _probe_from(self, pod: str, source: Responder, targets: t.Sequence[Responder]) -> list[Result]:
        asked = [
            (target, item)
            for target in targets
            for item in target.listeners
            if port_probe.is_asked(source, target, item.name)
        ]
        questions = [
            Question(target, item, address, f"w{secrets.token_hex(5)}")
            for target, item in asked
            if item.state == port_probe.OPEN
            for address in target.addresses
        ]
        found, cause = self._ask(pod, questions) if questions else ({}, "")
        judged: dict[tuple[str, str, str], list[tuple[Question, str, str]]] = {}
        for number, question in enumerate(questions):
            _tool, got, said = found.get(number, ("", "untried", cause or "not asked"))
            verdict = port_probe.classify(got, said)
            key = (question.target.cluster, question.target.node, question.listener.name)
            judged.setdefault(key, []).append((question, verdict, said))
        return [
            port_probe.one_result(
                source, judged.get((target.cluster, target.node, item.name)) or [_unasked(target, item)]
            )
            for target, item in asked
        ]

    def _ask(self, pod: str, questions: t.Sequence[Question]) -> tuple[dict[int, tuple[str, str, str]], str]:
        mark = _new_mark()
        table = "".join(question.line(number) for number, question in enumerate(questions)) + ".\n"
        try:
            said = self._exec(pod, scripts.ask_script(mark), table, _ask_seconds(len(questions)))
        except ApiFailure as error:
            return {}, str(error)
        return port_probe.answers(said, mark)

    def heard(self) -> set[str] | None:
        """Words of all questions that came in at this cluster; None when a pod cannot be asked, or none is there."""
        tasks = {pod: partial(self._heard, pod) for pod in self.pods}
        asked = own_pods.at_once("pods that have not said yet what they heard", tasks, EXEC_LIMIT)
        words = [future.result() for future in asked.values()]
        known = [found for found in words if found is not None]
        return set().union(*known) if words and known == words else None

    def _heard(self, pod: str) -> set[str] | None:
        mark = _new_mark()
        try:
            return port_probe.heard(self._exec(pod, scripts.heard_script(mark)), mark)
        except ApiFailure:
            return None

    def remove(self) -> tuple[list[str], list[str]]:
        """Remove the pods of this run, or of every run when it has no name; those gone and those still there."""
        seen = self.api.list(PODS, labelSelector=self.selector)
        for pod in seen.items:
            own_pods.remove(self.api, NAMESPACE, pod["metadata"]["name"], pod["metadata"]["uid"])
        left = own_pods.wait_gone(self.api, NAMESPACE, self.selector)
        if not left:
            drop_namespace_if_empty(self.api)
        return [pod["metadata"]["name"] for pod in seen.items if pod["metadata"]["name"] not in left], left


def _ask_seconds(questions: int) -> float:
    return EXEC_LIMIT + ASK_LIMIT * -(-questions // scripts.AT_ONCE)


def _unasked(target: Responder, item: Listener) -> tuple[Question, str, str]:
    """For a port that is not open, or a node without an address: its state stands for the verdict."""
    said = item.said if item.state != port_probe.OPEN else "the node has no address"
    verdict = item.state if item.state != port_probe.OPEN else port_probe.UNTRIED
    return Question(target, item, "", ""), verdict, said


def connections(api: Api) -> str:
    """What the gateways of a running Submariner say of their connections; empty where there is nothing to say."""
    states = [
        str(connection.get("status"))
        for gateway in api.list("/apis/submariner.io/v1/gateways").items
        for connection in (gateway.get("status") or {}).get("connections") or []
    ]
    connected = states.count("connected")
    return f"its gateways call {connected} of {len(states)} connections connected" if states else ""


def _new_mark() -> str:
    return f"{MARK}-{own_pods.new_run()}"
