# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exported Services of the data-path test on one cluster: made, and proven gone everywhere.

Private to this collection, may change at any time. A ServiceExport makes others write: lighthouse puts an import and
slices on the broker and into every cluster, Globalnet allocates an address. They are gone when nobody has them any more.

Everything belongs to a Job that wants no pod: Kubernetes removes that, and with it the rest, when its time is over,
whatever becomes of the run.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._datapath import (
    ANY,
    BY_GLOBAL_ADDRESS,
    BY_NAME,
    Server,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import mapping, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import LABELS, NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

Json = dict[str, t.Any]

PURPOSE = "data-path"
POD = "submariner.lifecycle/pod"
"""Label that tells one pod of the test from the others."""
DOMAIN = f"{NAMESPACE}.svc.clusterset.local"

READY_LIMIT = 15.0
"""Seconds for an export to be ready; measured: 5 s until the first answer."""
GONE_LIMIT = 30.0
PAUSE = 0.5

CORE = f"/api/v1/namespaces/{NAMESPACE}"
MCS = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
SERVICES = f"{CORE}/services"
EXPORTS = f"{MCS}{NAMESPACE}/serviceexports"
IMPORTS = f"{MCS}{NAMESPACE}/serviceimports"
GLOBAL_ADDRESSES = f"/apis/submariner.io/v1/namespaces/{NAMESPACE}/globalingressips"
SUBMARINERS = "/apis/submariner.io/v1alpha1/submariners"
DISCOVERIES = "/apis/submariner.io/v1alpha1/servicediscoveries"

EXPORTED_SERVICE = "submariner.io/exportedServiceRef"
SERVICE_NAME = "multicluster.kubernetes.io/service-name"


@dataclass(frozen=True)
class Installed:
    """What of Submariner a cluster has; C(unknown) says what was not answered."""

    discovery: bool
    globalnet: bool
    unknown: str = ""

    @classmethod
    def on(cls, api: Api) -> Installed:
        members, discoveries = api.list(SUBMARINERS), api.list(DISCOVERIES)
        unread = [a.reason for a in (members, discoveries) if a.unknown]
        specs = [mapping(o.get("spec")) for o in (*members.items, *discoveries.items)]
        return cls(
            discovery=bool(discoveries.items),
            globalnet=any(s.get("globalnetEnabled") is True or text(s.get("globalCIDR")) for s in specs),
            unknown="; ".join(dict.fromkeys(unread)),
        )


def selector(run: str) -> str:
    """Selects what belongs to C(run), or to every run when it is empty."""
    return f"{own_pods.PURPOSE}={PURPOSE}" + (f",{own_pods.RUN}={run}" if run else "")


def mine(api: Api, path: str, run: str) -> list[Json]:
    """The objects of C(run). Raises ApiFailure when they cannot be listed."""
    answer = api.list(path, labelSelector=selector(run))
    if answer.unknown:
        raise ApiFailure(f"The {path.rpartition('/')[2]} of the test cannot be listed: {answer.reason}.")
    return answer.items


class Exports:
    """The exported Services of one run on one cluster."""

    def __init__(self, api: Api, run: str, port: int, lifetime: float) -> None:
        self._api, self._run, self._port, self._lifetime = api, run, port, lifetime

    def servers(self, pods: t.Mapping[str, Server], installed: Installed) -> tuple[list[Server], dict[str, str]]:
        """The C(pods) as other clusters reach them through exported Services, which are made where they are missing.

        The second answer names the pods that nothing leads to, with the cause. One Service for all pods; with Globalnet,
        where nothing else leads to a pod, one for each. Raises ApiFailure when they cannot be made.
        """
        services = mine(self._api, SERVICES, self._run) or self._make(pods, each=installed.globalnet)
        names = [text(mapping(o.get("metadata")).get("name")) for o in services]
        notes, addresses = self._await_ready(names, installed.globalnet)
        found: list[Server] = []
        lost = dict.fromkeys(pods, "no exported Service of the test leads to it")
        for service, name in zip(services, names):
            chosen = mapping(mapping(service.get("spec")).get("selector")).get(POD)
            behind = {pod: server for pod, server in pods.items() if chosen in (None, pod)}
            if not behind:
                continue
            server = next(iter(behind.values()))
            server = server if len(behind) == 1 else replace(server, node="", role=ANY)
            server = replace(server, port=self._port, note=notes[name])
            ways = []
            if name in addresses:
                ways.append(replace(server, address=addresses[name], by=BY_GLOBAL_ADDRESS))
            if installed.discovery:
                ways.append(replace(server, address=f"{name}.{DOMAIN}", by=BY_NAME))
            found += ways
            lost.update(dict.fromkeys(behind, "" if ways else notes[name]))
        return found, {pod: cause for pod, cause in lost.items() if cause}

    # -- making -------------------------------------------------------------------------------------------------

    def _make(self, pods: t.Mapping[str, Server], each: bool) -> list[Json]:
        labels = {**LABELS, own_pods.PURPOSE: PURPOSE, own_pods.RUN: self._run}
        name = f"{PURPOSE}-{self._run}-{own_pods.new_run()}"
        timer = self._create(JOBS, timer_manifest(name, labels, self._lifetime))
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": timer["metadata"]["uid"]}
        selectors = [{POD: pod} for pod in sorted(pods)] if each else [{}]
        made = []
        for number, selector in enumerate(selectors):
            meta = {"name": f"{name}-{number}", "labels": labels, "ownerReferences": [owner]}
            spec = {
                "selector": {own_pods.PURPOSE: PURPOSE, own_pods.RUN: self._run, **selector},
                "ports": [{"name": "answer", "port": self._port, "targetPort": self._port, "protocol": "TCP"}],
            }
            made.append(self._create(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}))
            export = {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceExport", "metadata": meta}
            self._create(EXPORTS, export)
        return made

    def _create(self, path: str, body: Json) -> Json:
        made = self._api.create(path, body)
        if not made.present:
            raise ApiFailure(f"The {body['kind']} of the test cannot be made: {made.reason}.")
        return made.body

    def _await_ready(self, names: t.Sequence[str], globalnet: bool) -> tuple[dict[str, str], dict[str, str]]:
        """What is still wrong with each export at the deadline, and its global address."""
        progress = Progress(READY_LIMIT)
        while True:
            exports = {text(o["metadata"].get("name")): o for o in mine(self._api, EXPORTS, self._run)}
            addresses = self._addresses() if globalnet else {}
            notes = {name: export_trouble(exports.get(name, {})) for name in names}
            if globalnet:
                notes.update({n: notes[n] or "it has no global address yet" for n in names if n not in addresses})
            troubles = [f"{name}: {note}" for name, note in notes.items() if note]
            if not troubles or progress.elapsed >= READY_LIMIT:
                return notes, addresses
            progress.say(f"exported Service {some(troubles, 2, '; ')}")
            time.sleep(PAUSE)

    def _addresses(self) -> dict[str, str]:
        found = {}
        for obj in self._api.list(GLOBAL_ADDRESSES).items:
            address = text(mapping(obj.get("status")).get("allocatedIP"))
            if address:
                found[text(mapping(mapping(obj.get("spec")).get("serviceRef")).get("name"))] = address
        return found


def timer_manifest(name: str, labels: Json, lifetime: float) -> Json:
    """A Job that is complete without a pod, and that Kubernetes removes after C(lifetime) seconds."""
    container = {"name": "none", "image": "none"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "completions": 0,
            "parallelism": 0,
            "ttlSecondsAfterFinished": max(1, int(lifetime)),
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


def export_trouble(export: Json) -> str:
    """Why a ServiceExport is not ready, empty when it is; V(Ready) was called V(Synced) before 0.16."""
    conditions = [mapping(c) for c in sequence(mapping(export.get("status")).get("conditions"))]
    if any(c.get("type") in ("Ready", "Synced") and c.get("status") == "True" for c in conditions):
        return ""
    said = [text(c.get("message")) for c in conditions if c.get("status") == "False" and c.get("message")]
    return f"its ServiceExport is not ready: {'; '.join(said)}" if said else "its ServiceExport is not ready"


# -- removing -----------------------------------------------------------------------------------------------------


def remove(api: Api, run: str, broker: Api | None, broker_namespace: str) -> tuple[list[str], list[str]]:
    """Remove the exports of C(run), or of every run; their names, and what is still there and where.

    The Services go last: as long as one of them is there, a repeated call knows what has to be proven gone.
    """
    services = mine(api, SERVICES, run)
    names = sorted({o["metadata"]["name"] for o in services})
    for export in mine(api, EXPORTS, run):
        api.delete(f"{EXPORTS}/{export['metadata']['name']}", uid=export["metadata"]["uid"])
    left = _wait_gone(api, names, broker, broker_namespace) if names else []
    if not left:
        for path, objects in ((SERVICES, services), (JOBS, mine(api, JOBS, run))):
            for obj in objects:
                api.delete(f"{path}/{obj['metadata']['name']}", uid=obj["metadata"]["uid"])
    return names, left


def _wait_gone(api: Api, names: t.Sequence[str], broker: Api | None, broker_namespace: str) -> list[str]:
    progress = Progress(GONE_LIMIT)
    while True:
        left = _traces(api, names)
        if broker is not None:
            left += _traces_on_broker(broker, names, broker_namespace)
        if not left or progress.elapsed >= GONE_LIMIT:
            return left
        progress.say(f"not gone yet: {some(left, 3)}")
        time.sleep(PAUSE)


def _traces(api: Api, names: t.Collection[str]) -> list[str]:
    """What this cluster still has of the exports C(names)."""

    def name(obj: Json) -> str:
        return text(mapping(obj.get("metadata")).get("name"))

    def exported(obj: Json) -> str:
        return text(mapping(mapping(obj.get("metadata")).get("labels")).get(EXPORTED_SERVICE))

    kinds: tuple[tuple[str, str, t.Callable[[Json], str]], ...] = (
        ("ServiceExport", EXPORTS, name),
        ("ServiceImport", IMPORTS, name),
        ("GlobalIngressIP", GLOBAL_ADDRESSES, name),
        ("Service", SERVICES, exported),
    )
    return [words for kind, path, of in kinds for words in _left(api.list(path), kind, names, of)]


def _traces_on_broker(broker: Api, names: t.Collection[str], namespace: str) -> list[str]:
    """What the broker still has of the exports C(names); others write these records, we only wait for them."""

    def imported(obj: Json) -> str:
        return text(mapping(mapping(obj.get("metadata")).get("annotations")).get(SERVICE_NAME))

    def sliced(obj: Json) -> str:
        return text(mapping(mapping(obj.get("metadata")).get("labels")).get(SERVICE_NAME))

    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    wanted = f"{SERVICE_NAME} in ({','.join(sorted(names))})"
    return [
        f"{words} on the broker"
        for answer, kind, of in (
            (broker.list(f"{MCS}{namespace}/serviceimports", metadata_only=True), "ServiceImport", imported),
            (broker.list(slices, metadata_only=True, labelSelector=wanted), "EndpointSlice", sliced),
        )
        for words in _left(answer, kind, names, of)
    ]


def _left(answer: Answer, kind: str, names: t.Collection[str], of: t.Callable[[Json], str]) -> list[str]:
    if answer.unknown:
        return [f"unknown: {kind}s cannot be listed ({answer.reason})"]
    return sorted({f"{kind} of {of(obj)}" for obj in answer.items if of(obj) in names})
