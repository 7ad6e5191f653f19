# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to a node: a privileged pod of ours on it, or the node itself when it is an inventory host.

Private to this collection, may change at any time. A node that cannot be reached is named with the cause; it is never
taken for inspected.
"""

from __future__ import annotations

import abc
import secrets
import time
import typing as t
from dataclasses import dataclass, field
from functools import partial

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import NodeReading, Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Node
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_identity import Identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    NAMESPACE,
    drop_namespace_if_empty,
    ensure_namespace,
    why_not_admitted,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Json = dict[str, t.Any]
Result = t.TypeVar("Result")

PURPOSE = "node-access"
CONTAINER = "node"

COMMANDS_LENGTH = 3000
"""Bytes of commands in one exec: they travel in a URL, which proxies in front of an API server limit."""

RETRY = 1.0
"""Seconds until a server that does not answer is asked again."""

# Any of these keeps the pod; the last two for images that have a shell and little else.
IDLE = """
for way in '' 'nsenter -t 1 -m --' 'chroot /host'; do $way sleep {seconds} && exit 0; done
exit 1
"""


class NodeTrouble(Exception):
    """A node could not be read or changed; the text is the cause."""


class Visit(abc.ABC):
    """One node within reach: a way to run a shell script there, whatever the way is."""

    from_pod = False

    def __init__(self, node: str) -> None:
        self.node = node
        self._nonce = secrets.token_hex(6)

    @abc.abstractmethod
    def _shell(self, body: str) -> str:
        """Run a script on the node and return what it printed; raises NodeTrouble."""

    def read(self) -> NodeReading:
        """Everything that bears on Submariner, in one pass."""
        try:
            return node_script.reading(self.sections(node_script.READ))
        except Unreadable as error:
            raise NodeTrouble(str(error)) from error

    def sections(self, body: str) -> dict[str, node_script.Section]:
        """What the attempts of a short script printed; _node_script has its functions. Raises Unreadable."""
        return node_script.sections(self._shell(body), self._nonce)

    def run(self, commands: t.Sequence[t.Sequence[str]]) -> list[str]:
        """Run each command; the answer holds, for each, an empty text or why it failed."""
        causes: list[str] = []
        for batch in _batches(commands):
            body = node_script.command_lines(batch, len(causes))
            try:
                found = self.sections(body)
            except Unreadable as error:
                raise NodeTrouble(str(error)) from error
            for number in range(len(causes), len(causes) + len(batch)):
                section = found.get(str(number), node_script.Section())
                causes.append("" if section.rc == 0 else section.cause)
        return causes


def _batches(commands: t.Sequence[t.Sequence[str]]) -> t.Iterator[list[t.Sequence[str]]]:
    batch: list[t.Sequence[str]] = []
    length = 0
    for argv in commands:
        size = sum(len(word) + 3 for word in argv)
        if batch and length + size > COMMANDS_LENGTH:
            yield batch
            batch, length = [], 0
        batch.append(argv)
        length += size
    if batch:
        yield batch


class HostVisit(Visit):
    """The node is the machine that the module runs on."""

    def __init__(self, module: AnsibleModule, node: str) -> None:
        super().__init__(node)
        self._module = module

    def _shell(self, body: str) -> str:
        script = node_script.preamble(self._nonce, from_pod=False) + body
        argv = ["/bin/sh", "-c", script]
        # Else Ansible puts in what the environment has under the names of the script's own variables.
        rc, out, err = self._module.run_command(argv, handle_exceptions=False, expand_user_and_vars=False)
        if rc != 0 and not out:
            raise NodeTrouble(f"the shell ended with exit code {rc}: {' '.join(err.split())[:200]}")
        return str(out)


class PodVisit(Visit):
    """The node is reached through a pod of ours that shares its network, processes and files."""

    from_pod = True

    def __init__(self, api: Api, node: str, timeout: float) -> None:
        super().__init__(node)
        self._api = api
        self._timeout = timeout
        self.pod = f"{PURPOSE}-{self._nonce}"

    def manifest(self, image: str, run: str) -> Json:
        seconds = life(self._timeout)
        # The scripts travel in the pod, so that an exec stays short; see COMMANDS_LENGTH.
        scripts = {"PREAMBLE": node_script.preamble(self._nonce, from_pod=True), "READ": node_script.READ}
        return own_pods.manifest(
            self.pod,
            NAMESPACE,
            PURPOSE,
            run,
            container={
                "name": CONTAINER,
                "image": image,
                "command": ["/bin/sh", "-c", IDLE.format(seconds=int(seconds))],
                "env": [{"name": name, "value": text} for name, text in scripts.items()],
                "securityContext": {"privileged": True, "runAsUser": 0, "runAsNonRoot": False},
                "volumeMounts": [
                    {"name": "host", "mountPath": node_script.HOST_ROOT, "mountPropagation": "HostToContainer"}
                ],
            },
            spec={
                # Bound to the node directly: neither a taint nor a scheduler that is down keeps it away.
                "nodeName": self.node,
                "tolerations": [{"operator": "Exists"}],
                "hostNetwork": True,
                "hostPID": True,
                "dnsPolicy": "Default",
                "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
            },
            deadline=seconds,
        )

    def _shell(self, body: str) -> str:
        work = 'eval "$READ"' if body == node_script.READ else body
        argv = ["/bin/sh", "-c", f'eval "$PREAMBLE"\n{work}']
        try:
            done = self._api.exec(NAMESPACE, self.pod, CONTAINER, argv, timeout=self._timeout)
        except ApiFailure as error:
            raise NodeTrouble(str(error)) from error
        if done.rc != 0 and not done.stdout:
            raise NodeTrouble(f"the shell in the pod ended with exit code {done.rc}: {done.stderr[:200]}")
        return done.stdout


def life(timeout: float) -> float:
    """Seconds after which a pod ends by itself: the start of it, and a pass of reading before and after one of undoing."""
    return own_pods.PULL_LIMIT + 3 * timeout


@dataclass
class Nodes:
    """The nodes asked for: those that can be visited, and why the others cannot."""

    reachable: list[str]
    refused: dict[str, str]
    identities: dict[str, Identity] = field(default_factory=dict)


def find_nodes(api: Api, wanted: t.Sequence[str] = (), patience: float = 0.0) -> Nodes:
    """Linux nodes of the cluster that are machines, or those of C(wanted).

    A server that does not answer is asked again for C(patience) seconds. Raises ApiFailure when the nodes cannot be listed.
    """
    progress = Progress(patience)
    while not (answer := api.list("/api/v1/nodes")).present:
        if 0 < answer.status < 500 or progress.elapsed > patience:
            raise ApiFailure(f"The nodes of {api.server} cannot be listed: {answer.reason}.", "No node was visited.")
        progress.say(f"the nodes cannot be listed: {answer.reason}")
        time.sleep(RETRY)
    reachable: list[str] = []
    refused: dict[str, str] = {}
    identities: dict[str, Identity] = {}
    for node in answer.items:
        meta = node.get("metadata") or {}
        name = str(meta.get("name"))
        if wanted and name not in wanted:
            continue
        if not Node.of(node).linux:
            continue
        identities[name] = Identity.of_node(node)
        cause = _not_ready(node)
        if cause:
            refused[name] = cause
        else:
            reachable.append(name)
    for name in wanted:
        if name not in refused and name not in reachable:
            refused[name] = "the cluster has no Linux node of this name that is a machine"
    return Nodes(sorted(reachable), refused, identities)


def _not_ready(node: Json) -> str:
    for condition in (node.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return ""
            since = condition.get("lastTransitionTime") or "an unknown time"
            said = " ".join(str(condition.get("message") or condition.get("reason") or "").split())
            return f"the node is not ready since {since}: {said}"
    return "the node has never reported to be ready"


def visit_pods(
    api: Api, nodes: t.Sequence[str], image: str, timeout: float, work: t.Callable[[Visit], Result]
) -> tuple[dict[str, Result], dict[str, str]]:
    """Do C(work) on every node through a pod; the second answer names the nodes where that failed, with the cause.

    The pods are removed whatever happens, and the namespace when it was made for them and holds nothing else.
    """
    if not nodes:
        return {}, {}
    made = ensure_namespace(api)
    run = own_pods.new_run()

    def one(node: str) -> Result:
        visit = PodVisit(api, node, timeout)
        try:
            pod = own_pods.start(api, visit.manifest(image, run))
        except own_pods.PodTrouble as error:
            if "PodSecurity" not in str(error):
                raise
            raise own_pods.PodTrouble(f"{str(error).rstrip('.')}. {why_not_admitted(api)}") from error
        try:
            return work(visit)
        finally:
            own_pods.remove(api, NAMESPACE, visit.pod, pod["metadata"]["uid"])

    results: dict[str, Result] = {}
    failures: dict[str, str] = {}
    try:
        own_pods.sweep(api, NAMESPACE, PURPOSE)
        tasks = {node: partial(one, node) for node in nodes}
        for node, future in own_pods.at_once("nodes that are not done yet", tasks, life(timeout)).items():
            try:
                results[node] = future.result()
            except (own_pods.PodTrouble, NodeTrouble) as error:
                failures[node] = str(error)
    finally:
        own_pods.wait_gone(api, NAMESPACE, f"{own_pods.RUN}={run}")
        if made:
            drop_namespace_if_empty(api)
    return results, failures
