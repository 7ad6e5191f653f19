# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects of a cluster go into a bundle, and the names of their files, which are those that subctl gather gives.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._bundle import OBJECT, Bundle, as_yaml
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import ENTRIES, MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import PARALLEL, asked
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE as OURS
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact_object, secrets_in

SECTIONS = ("identity", "state", "records", "broker", "residue", "traces", "site")
"""What is read of a cluster to be judged, and written down on the way."""

MOST_OBJECTS = 1000
"""Objects of one kind that are written."""

OPERATOR, BROKER, LIFECYCLE = "{operator}", "{broker}", OURS
ELSEWHERE = ("kube-system", "openshift-dns")
_EVENT_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp")


@dataclass(frozen=True)
class Kind:
    """Objects of one kind to be read in full: how the API calls them, in which of our namespaces."""

    kind: str
    base: str
    plural: str
    namespaces: tuple[str, ...] = (OPERATOR, BROKER)
    labels: str = ""
    fields: str = ""

    def path(self, namespace: str) -> str:
        return f"{self.base}/namespaces/{namespace}/{self.plural}"

    @property
    def query(self) -> dict[str, str]:
        chosen = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {key: value for key, value in chosen.items() if value}


CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
SECRETS = Kind("Secret", CORE, "secrets", (OPERATOR, BROKER, LIFECYCLE))
EVENTS = (
    Kind("Event", CORE, "events", (OPERATOR, BROKER, LIFECYCLE)),
    # Events of nodes stand here.
    Kind("Event", CORE, "events", ("default",), fields="involvedObject.kind=Node"),
)
MORE: tuple[Kind, ...] = (
    Kind("ConfigMap", CORE, "configmaps"),
    Kind("ReplicaSet", APPS, "replicasets", (OPERATOR,)),
    Kind("StatefulSet", APPS, "statefulsets"),
    Kind("Job", BATCH, "jobs"),
    Kind("PersistentVolumeClaim", CORE, "persistentvolumeclaims"),
    Kind("Pod", CORE, "pods", (BROKER, LIFECYCLE)),
    Kind("Service", CORE, "services", (BROKER,)),
    Kind("Deployment", APPS, "deployments", (BROKER,)),
    Kind("DaemonSet", APPS, "daemonsets", (BROKER,)),
    Kind("Lease", "/apis/coordination.k8s.io/v1", "leases", (LIFECYCLE,)),
    # The cluster's DNS, which service discovery edits.
    Kind("Deployment", APPS, "deployments", ("kube-system",), labels="k8s-app=kube-dns"),
    Kind("Pod", CORE, "pods", ("kube-system",), labels="k8s-app=kube-dns"),
    Kind("Pod", CORE, "pods", ("openshift-dns",), labels="dns.operator.openshift.io/daemonset-dns=default"),
)

ELSEWHERE_READ = frozenset(["version", "kube-system", "secrets", "broker-secrets", "configmaps", "broker-configmaps"])
"""Readings that are written in another form, or read in full."""
NOT_OURS = frozenset(["daemonsets-all", "control-plane", "kube-proxy"])
"""Readings that are judged and not written: they are of others."""


@dataclass(frozen=True)
class Found:
    """One list that was asked for."""

    kind: Kind
    namespace: str
    answer: Answer

    @property
    def what(self) -> str:
        return f"{self.kind.plural} in {self.namespace}"


def read_more(api: Api, snapshot: Snapshot, kinds: Sequence[Kind]) -> list[Found]:
    """Read C(kinds) in the namespaces of the cluster; nothing is raised for what was not answered."""
    questions = [(kind, name) for kind in kinds for place in kind.namespaces for name in _named(place, snapshot)]
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        answers = pool.map(lambda question: api.list(question[0].path(question[1]), **question[0].query), questions)
        return [Found(kind, name, answer) for (kind, name), answer in zip(questions, answers)]


def _named(place: str, snapshot: Snapshot) -> list[str]:
    if place == OPERATOR:
        return [snapshot.operator_namespace]
    if place == BROKER:
        return snapshot.broker_namespaces or ([] if snapshot.known("brokers", "namespaces") else [BROKER_NAMESPACE])
    return [place]


def learn_secrets(bundle: Bundle, snapshot: Snapshot, found: Sequence[Found], more: Iterable[str]) -> None:
    """From now on the bundle takes none of the values of these Secrets, nor those in the resource of the operator."""
    known = {secret for secret in more if secret}
    for entry in found:
        for secret in entry.answer.items:
            known.update(secrets_in(secret))
    for resource in snapshot.objects("submariners") + snapshot.objects("servicediscoveries"):
        spec = mapping(resource.get("spec"))
        known.update(text(spec.get(key)) for key in ("brokerK8sApiServerToken", "brokerK8sCA", "ceIPSecPSK"))
    bundle.secrets = sorted((secret for secret in known if secret), key=len, reverse=True)


def write_snapshot(api: Api, bundle: Bundle, snapshot: Snapshot) -> None:
    """All that was read to be judged, object by object; what was read without its content is asked for once more."""
    for key, reason in snapshot.unanswered.items():
        bundle.miss(key, reason)
    wanted: dict[str, Json] = {}
    partly: dict[str, str] = {}
    for read, path in asked(snapshot, SECTIONS):
        if read.key in ELSEWHERE_READ | NOT_OURS or not snapshot.reading(read.key).objects:
            continue
        for obj in snapshot.objects(read.key):
            if _belongs(read.key, obj, snapshot):
                name, full = _place(path if not read.one else path.rpartition("/")[0], obj)
                if read.metadata_only:
                    partly.setdefault(name, full)
                else:
                    wanted.setdefault(name, _whole(obj, path, obj.get("kind")))
    for name, obj in _in_full(api, bundle, {n: p for n, p in partly.items() if n not in wanted}):
        wanted.setdefault(name, obj)
    _write(bundle, wanted)


def write_lists(bundle: Bundle, found: Sequence[Found]) -> None:
    """Lists that were read in full: an object a file, events in one file for each namespace."""
    wanted: dict[str, Json] = {}
    for entry in found:
        if entry.answer.unknown:
            bundle.miss(entry.what, entry.answer.reason)
        path = entry.kind.path(entry.namespace)
        objects = [_whole(obj, path, entry.kind.kind) for obj in entry.answer.items]
        if entry.kind.kind == "Event":
            _write_events(bundle, entry, objects)
        else:
            wanted.update((_place(path, obj)[0], obj) for obj in objects)
    _write(bundle, wanted)


def _write(bundle: Bundle, wanted: dict[str, Json]) -> None:
    count: dict[str, int] = {}
    for name, obj in sorted(wanted.items()):
        plural = name.partition("_")[0]
        count[plural] = count.get(plural, 0) + 1
        if count[plural] <= MOST_OBJECTS:
            bundle.object(name, obj)
    for plural, number in count.items():
        if number > MOST_OBJECTS:
            bundle.truncated[plural] = f"{number - MOST_OBJECTS} of {number} objects are left out"


def _write_events(bundle: Bundle, entry: Found, events: list[Json]) -> None:
    if not events:
        return
    events.sort(key=lambda event: max((text(event.get(key)) for key in _EVENT_TIMES), default=""))
    shown = [redact_object(event, bundle.secrets) for event in events[-MOST_OBJECTS:]]
    name = f"events_{entry.namespace}.yaml"
    if len(events) > len(shown):
        bundle.truncated[name] = f"the oldest {len(events) - len(shown)} of {len(events)} events are left out"
    bundle.text(OBJECT, name, as_yaml({"apiVersion": "v1", "kind": "List", "items": shown}), keep_end=False)


def _in_full(api: Api, bundle: Bundle, paths: dict[str, str]) -> Iterable[tuple[str, Json]]:
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        answers = list(pool.map(api.get, paths.values()))
    for (name, path), answer in zip(paths.items(), answers):
        if answer.present:
            yield name, _whole(answer.body, path, answer.body.get("kind"))
        elif answer.unknown:
            bundle.miss(name, answer.reason)


def _belongs(key: str, obj: Json, snapshot: Snapshot) -> bool:
    """Whether an object goes into the bundle: of kinds that others have, too, those that are Submariner's."""
    meta = mapping(obj.get("metadata"))
    name = text(meta.get("name"))
    if key == "namespaces":
        own = {snapshot.operator_namespace, BROKER_NAMESPACE, OURS, *snapshot.broker_namespaces}
        return name in own or bool(meta.get("deletionTimestamp")) or name.startswith("e2e-tests-")
    if key == "dns-maps":
        return "dns" in name or "lighthouse" in str(obj.get("data"))
    if key in ("serviceaccounts", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "crds"):
        brokers = snapshot.broker_namespaces or [BROKER_NAMESPACE]
        for entry in ENTRIES:
            places = [snapshot.operator_namespace] if entry.scope == MEMBER else brokers
            if entry.key == key and any(entry.owns(obj, place) for place in places):
                return True
        return False
    return True


def _place(path: str, obj: Json) -> tuple[str, str]:
    """The name of an object's file, and where the API has it."""
    meta = mapping(obj.get("metadata"))
    name, namespace = text(meta.get("name")), text(meta.get("namespace"))
    base, _slash, plural = path.rpartition("/")
    base = re.sub(r"/namespaces/[^/]+$", "", base)
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{plural}_{namespace}_{name}.yaml", f"{base}{inside}/{plural}/{name}"


def _whole(obj: Json, path: str, kind: t.Any) -> Json:
    """With what the items of a list lack, first, and without what only the reading added."""
    parts = path.split("/")
    version = "v1" if parts[1] == "api" else "/".join(parts[2:4])
    meta = {k: v for k, v in mapping(obj.get("metadata")).items() if k not in ("written", "gateway-label-by")}
    rest = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata", "access")}
    return {"apiVersion": version, "kind": text(kind), "metadata": meta, **rest}


def dns_pods(found: Sequence[Found]) -> list[tuple[str, Json]]:
    """The pods of the cluster's DNS, each with its namespace."""
    return [
        (entry.namespace, pod)
        for entry in found
        if entry.kind.kind == "Pod" and entry.namespace in ELSEWHERE
        for pod in entry.answer.items
    ]


def node_names(snapshot: Snapshot) -> list[str]:
    """Nodes in the order in which they are worth a look: gateways, then those that are not ready, then the others."""

    def rank(node: Json) -> tuple[bool, bool, str]:
        meta = mapping(node.get("metadata"))
        gateway = mapping(meta.get("labels")).get("submariner.io/gateway") == "true"
        conditions = [mapping(c) for c in sequence(mapping(node.get("status")).get("conditions"))]
        ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
        return not gateway, ready, text(meta.get("name"))

    return [rank_of[2] for rank_of in sorted(rank(node) for node in snapshot.objects("nodes"))]
