# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of the data-path test on one cluster. Private to this collection, may change at any time."""

from __future__ import annotations

import time
import typing as t
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath as datapath
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_scripts as scripts
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._datapath import (
    BY_ADDRESS,
    GATEWAY,
    OTHER,
    UNTRIED,
    WORKS,
    Mtu,
    Outcome,
    Server,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._datapath_exports import (
    POD,
    PURPOSE,
    mine,
    selector,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import GATEWAY_LABEL
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import find_nodes
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    NAMESPACE,
    UNPRIVILEGED_USER,
    ensure_namespace,
    unprivileged_user,
)

Json = dict[str, t.Any]

ROLE = "submariner.lifecycle/role"
CONTAINER = "probe"
EXEC_LIMIT = 30.0
ASK_LIMIT = 8.0
"""Seconds for scripts.AT_ONCE targets to answer; each is bounded in the script."""
MTU_LIMIT = 45.0
"""The same for finding out about packet sizes, when most packets are lost."""
RETRY = 1.0
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


def choose_nodes(api: Api, wanted: t.Sequence[str] = ()) -> dict[str, str]:
    """Role by node: the active gateway and one node that is not, or the only node there is.

    With C(wanted) exactly those nodes. Raises ApiFailure when no node is ready.
    """
    nodes = find_nodes(api, wanted)
    if not nodes.reachable:
        causes = "; ".join(f"{node}: {cause}" for node, cause in sorted(nodes.refused.items())) or "there is none"
        raise ApiFailure(f"No node can run the pods of the test: {causes}.")
    labels = {
        node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in api.list("/api/v1/nodes").items
    }
    marked = [name for name in nodes.reachable if labels.get(name, {}).get(GATEWAY_LABEL) == "true"]
    active = [name for name in _active_gateways(api) if name in nodes.reachable]
    if wanted:
        gateways = active or marked
        return {name: GATEWAY if name in gateways else OTHER for name in nodes.reachable}

    def reluctance(name: str) -> tuple[bool, bool, str]:
        control = any(key.startswith("node-role.kubernetes.io/control-plane") for key in labels.get(name, {}))
        return (name in marked, control, name)

    gateway = (active or marked)[:1]
    others = sorted((name for name in nodes.reachable if name not in gateway), key=reluctance)
    return {**dict.fromkeys(gateway, GATEWAY), **dict.fromkeys(others[:1], OTHER)}


def _active_gateways(api: Api) -> list[str]:
    gateways = api.list("/apis/submariner.io/v1/gateways").items
    return [g["metadata"]["name"] for g in gateways if (g.get("status") or {}).get("haStatus") == "active"]


def manifest(node: str, role: str, run: str, image: str, nonce: str, port: int, lifetime: float, user: int) -> Json:
    """A pod that answers and can be asked to ask; as restricted as pods can be."""
    environment = {**scripts.IN_POD, "NONCE": nonce, "PORT": str(port)}
    pod = own_pods.manifest(
        f"{PURPOSE}-{run}-{role}-{own_pods.new_run()}",
        NAMESPACE,
        PURPOSE,
        run,
        container=own_pods.container(
            CONTAINER,
            image,
            environment,
            {"runAsNonRoot": True, "runAsUser": user, "capabilities": {"drop": ["ALL"]}},
            ports=[{"containerPort": port, "protocol": "TCP"}],
        ),
        spec=own_pods.on_node(node),
        deadline=lifetime,
    )
    pod["metadata"]["labels"].update({ROLE: role, POD: pod["metadata"]["name"]})
    return pod


class DataPath:
    """The pods of one run on one cluster."""

    def __init__(self, api: Api, run: str, image: str, port: int, lifetime: float, cluster: str = "") -> None:
        self.api, self.run, self._image = api, run, image
        self._port, self._lifetime, self.cluster = port, lifetime, cluster
        self._user = UNPRIVILEGED_USER
        self.pods: dict[str, Server] = {}
        self.causes: dict[str, str] = {}

    def serve(self, nonce: str, wanted: t.Sequence[str] = (), answering: bool = True) -> None:
        """Have a pod on each chosen node, which is seen to answer; nodes where that failed stand in C(causes)."""
        running = self._running()
        if running:
            self.pods = running
            return
        roles = choose_nodes(self.api, wanted)
        ensure_namespace(self.api)
        self._user = unprivileged_user(self.api)
        own_pods.sweep(self.api, NAMESPACE, PURPOSE)
        started, self.causes = own_pods.start_each(
            {node: partial(self._start, node, role, nonce, answering) for node, role in roles.items()}
        )
        self.pods = dict(started.values())

    def _running(self) -> dict[str, Server]:
        seen = self.api.list(PODS, labelSelector=selector(self.run))
        return {pod["metadata"]["name"]: self._server(pod) for pod in seen.items if own_pods.ready(pod)}

    def _server(self, pod: Json) -> Server:
        environment = {item["name"]: item.get("value", "") for item in pod["spec"]["containers"][0]["env"]}
        return Server(
            node=pod["spec"]["nodeName"],
            role=pod["metadata"]["labels"][ROLE],
            address=pod["status"]["podIP"],
            port=int(environment["PORT"]),
            nonce=environment["NONCE"],
            cluster=self.cluster,
        )

    def _start(self, node: str, role: str, nonce: str, answering: bool) -> tuple[str, Server]:
        wanted = manifest(node, role, self.run, self._image, nonce, self._port, self._lifetime, self._user)
        pod = own_pods.start(self.api, wanted)
        name = pod["metadata"]["name"]
        try:
            if answering:
                self._await_own_answer(name, self._server(pod))
        except BaseException:
            own_pods.remove(self.api, NAMESPACE, name, pod["metadata"]["uid"])
            raise
        return name, self._server(pod)

    def _await_own_answer(self, pod: str, server: Server) -> None:
        own = Server(server.node, server.role, "127.0.0.1", server.port, server.nonce)
        end = time.monotonic() + 15
        while True:
            verdicts, cause = self._ask(pod, [(0, own)])
            if verdicts.get(0, ("", ""))[0] == datapath.WORKS:
                return
            if time.monotonic() >= end:
                raise own_pods.PodTrouble(cause or "the pod's server does not answer")
            time.sleep(RETRY)

    def _ask(self, pod: str, targets: t.Sequence[tuple[int, Server]]) -> tuple[dict[int, tuple[str, str]], str]:
        mark = _new_mark()
        return datapath.outcomes(self._exec(pod, scripts.ask_script(mark), targets, ASK_LIMIT), mark)

    def _exec(self, pod: str, script: str, targets: t.Sequence[tuple[int, Server]], limit: float) -> str:
        """Run a script that reads C(targets); one request, however many they are."""
        argv, seconds = ["/bin/sh", "-c", script], _exec_seconds(targets, limit)
        return self.api.exec(NAMESPACE, pod, CONTAINER, argv, stdin=datapath.lines(targets), timeout=seconds).stdout

    def probe(self, targets: t.Sequence[Server], timeout: float, mtu: bool = False) -> list[Outcome]:
        """Ask every target from every pod, again for what did not answer until C(timeout) seconds have passed.

        With C(mtu) also how large a packet reaches those pods that answered by their own address.
        """
        if not self.pods:
            return [
                Outcome(Server(node, OTHER, "", self._port, ""), target, UNTRIED, cause)
                for node, cause in sorted(self.causes.items())
                for target in targets
            ]

        def work(pod: str, source: Server) -> list[Outcome]:
            found = self._probe_from(pod, source, targets, timeout)
            return self._measure(pod, found) if mtu else found

        tasks = {pod: partial(work, pod, source) for pod, source in self.pods.items()}
        seconds = timeout + (_exec_seconds(targets, MTU_LIMIT) if mtu else 0.0)
        parts = own_pods.at_once("pods that have not reached all targets yet", tasks, seconds)
        return [outcome for part in parts.values() for outcome in part.result()]

    def _probe_from(self, pod: str, source: Server, targets: t.Sequence[Server], timeout: float) -> list[Outcome]:
        end = time.monotonic() + timeout
        verdicts: dict[int, tuple[str, str]] = {}
        while True:
            done = {number for number, (verdict, _said) in verdicts.items() if verdict == WORKS}
            left = [(number, target) for number, target in enumerate(targets) if number not in done]
            if not left:
                break
            try:
                found, cause = self._ask(pod, left)
            except ApiFailure as error:
                found, cause = {}, str(error)
            for number, _target in left:
                if number in found:
                    verdicts[number] = found[number]
                else:
                    verdicts.setdefault(number, (UNTRIED, cause))
            if time.monotonic() >= end:
                break
            if any(verdict != WORKS for verdict, _said in verdicts.values()):
                time.sleep(RETRY)
        return [Outcome(source, target, *verdicts[number]) for number, target in enumerate(targets)]

    def _measure(self, pod: str, found: list[Outcome]) -> list[Outcome]:
        """C(found) with the packet sizes of what answered by a pod's own address; a Service answers no ping."""
        asked = [(n, o.target) for n, o in enumerate(found) if o.verdict == WORKS and o.target.by == BY_ADDRESS]
        if not asked:
            return found
        mark = _new_mark()
        try:
            read, cause = datapath.mtus(self._exec(pod, scripts.mtu_script(mark), asked, MTU_LIMIT), mark)
        except ApiFailure as error:
            read, cause = {}, str(error)
        for number, _target in asked:
            found[number] = replace(found[number], mtu=read.get(number) or Mtu(UNTRIED, said=cause))
        return found

    def reach(self, url: str) -> tuple[str, str, str]:
        """How far a connection to C(url) comes from a pod, with which program, and its words."""
        if not self.pods:
            causes = "; ".join(f"{node}: {cause}" for node, cause in sorted(self.causes.items()))
            return "unknown", "", causes or "no pod could be started"
        pod = sorted(self.pods)[0]
        parts = urlsplit(url if "//" in url else f"https://{url}")
        mark = _new_mark()
        port = parts.port or (80 if parts.scheme == "http" else 443)
        script = scripts.reach_script(mark, parts.geturl(), parts.hostname or "", port)
        task = partial(self.api.exec, NAMESPACE, pod, CONTAINER, ["/bin/sh", "-c", script], timeout=EXEC_LIMIT)
        try:
            done = own_pods.at_once("pods that have not reached it yet", {pod: task}, EXEC_LIMIT)[pod].result()
        except ApiFailure as error:
            return "unknown", "", str(error)
        return datapath.reached(done.stdout, mark)


def _exec_seconds(targets: t.Sized, limit: float) -> float:
    return EXEC_LIMIT + limit * -(-len(targets) // scripts.AT_ONCE)


def _new_mark() -> str:
    return f"{datapath.MARK}-{own_pods.new_run()}"


def remove(api: Api, run: str) -> tuple[list[str], list[str]]:
    """Remove the pods of C(run), or of every run when it is empty; names of those gone and of those still there."""
    pods = mine(api, PODS, run)
    for pod in pods:
        own_pods.remove(api, NAMESPACE, pod["metadata"]["name"], pod["metadata"]["uid"])
    left = own_pods.wait_gone(api, NAMESPACE, selector(run))
    return [pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"] not in left], left
