# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a Kubernetes cluster in memory, with the rules of the API server that deletions and waits depend on.

Kept: resource versions and their history, UIDs and UID preconditions, finalizers, termination of namespaces and of
custom resource definitions, removal of dependents. Left out: schemas, admission, controllers.
"""

from __future__ import annotations

import copy
import threading
import time
import typing as t
import uuid
from dataclasses import dataclass

Json = dict[str, t.Any]

CORE_KINDS = {
    # (group, plural): (kind, namespaced)
    ("", "configmaps"): ("ConfigMap", True),
    ("", "endpoints"): ("Endpoints", True),
    ("", "events"): ("Event", True),
    ("", "namespaces"): ("Namespace", False),
    ("", "nodes"): ("Node", False),
    ("", "pods"): ("Pod", True),
    ("", "secrets"): ("Secret", True),
    ("", "serviceaccounts"): ("ServiceAccount", True),
    ("", "services"): ("Service", True),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): ("MutatingWebhookConfiguration", False),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): ("ValidatingWebhookConfiguration", False),
    ("apiextensions.k8s.io", "customresourcedefinitions"): ("CustomResourceDefinition", False),
    ("apps", "daemonsets"): ("DaemonSet", True),
    ("apps", "deployments"): ("Deployment", True),
    ("apps", "replicasets"): ("ReplicaSet", True),
    ("apps", "statefulsets"): ("StatefulSet", True),
    ("batch", "jobs"): ("Job", True),
    ("coordination.k8s.io", "leases"): ("Lease", True),
    ("discovery.k8s.io", "endpointslices"): ("EndpointSlice", True),
    ("networking.k8s.io", "networkpolicies"): ("NetworkPolicy", True),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): ("ClusterRoleBinding", False),
    ("rbac.authorization.k8s.io", "clusterroles"): ("ClusterRole", False),
    ("rbac.authorization.k8s.io", "rolebindings"): ("RoleBinding", True),
    ("rbac.authorization.k8s.io", "roles"): ("Role", True),
}
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
NAMESPACES = ("", "namespaces")
CRD_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"

Kind = tuple[str, str]
Key = tuple[str, str]


class Refused(Exception):
    """An answer other than success: HTTP status, reason and message of a Status object."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass
class Change:
    """One entry of the history that watches replay."""

    version: int
    event: str
    kind: Kind
    body: Json


class FakeCluster:
    """Thread-safe store; every method works on copies."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 1000
        self.compacted = 0
        """Watches that start below this version are answered 410."""
        self.status_apart: set[Kind] = set()
        """Kinds whose status is a resource of its own: what is patched of the rest leaves it alone."""
        self.history: list[Change] = []
        self._objects: dict[Kind, dict[Key, Json]] = {kind: {} for kind in CORE_KINDS}
        for name in ("default", "kube-system"):
            self.create(NAMESPACES, {"metadata": {"name": name}})

    # -- kinds --------------------------------------------------------------------------------------------------

    def served(self, kind: Kind) -> bool:
        return kind in CORE_KINDS or self._definition(kind) is not None

    def namespaced(self, kind: Kind) -> bool:
        if kind in CORE_KINDS:
            return CORE_KINDS[kind][1]
        definition = self._definition(kind)
        return definition is not None and definition["spec"].get("scope") == "Namespaced"

    def kind_name(self, kind: Kind) -> str:
        if kind in CORE_KINDS:
            return CORE_KINDS[kind][0]
        definition = self._definition(kind)
        return str(definition["spec"]["names"]["kind"]) if definition else ""

    def _definition(self, kind: Kind) -> Json | None:
        return self._objects[CRDS].get(("", f"{kind[1]}.{kind[0]}"))

    def kind_of(self, body: Json) -> Kind:
        """The (group, plural) of an object by its apiVersion and kind."""
        version = str(body["apiVersion"])
        group = version.rpartition("/")[0]
        names = [kind for kind, (name, _scope) in CORE_KINDS.items() if kind[0] == group and name == body["kind"]]
        names += [
            (group, str(crd["spec"]["names"]["plural"]))
            for crd in self._objects[CRDS].values()
            if crd["spec"]["group"] == group and crd["spec"]["names"]["kind"] == body["kind"]
        ]
        if not names:
            raise ValueError(f"no kind for {version} {body['kind']}: load its CustomResourceDefinition first")
        return names[0]

    # -- loading and looking ------------------------------------------------------------------------------------

    def load(self, items: t.Iterable[Json]) -> None:
        """Take objects as they were recorded (with UIDs and deletion timestamps); missing namespaces are added."""
        ordered = sorted(items, key=lambda o: (o["kind"] != "CustomResourceDefinition", o["kind"] != "Namespace"))
        with self.changed:
            for item in ordered:
                kind = self.kind_of(item)
                body = copy.deepcopy(item)
                namespace = body["metadata"].get("namespace", "")
                if namespace and ("", namespace) not in self._objects[NAMESPACES]:
                    self.create(NAMESPACES, {"metadata": {"name": namespace}})
                body["metadata"].setdefault("uid", str(uuid.uuid4()))
                event = "MODIFIED" if self._key(body) in self._objects.get(kind, {}) else "ADDED"
                self._store(kind, body, event)

    def kinds(self) -> list[Kind]:
        """Of which there are, or were, objects."""
        with self.changed:
            return list(self._objects)

    def objects(self, kind: Kind, namespace: str = "") -> list[Json]:
        with self.changed:
            found = self._objects.get(kind, {}).items()
            return [copy.deepcopy(body) for key, body in sorted(found) if namespace in ("", key[0])]

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        with self.changed:
            body = self._objects.get(kind, {}).get((namespace, name))
            if body is None:
                raise Refused(404, "NotFound", f'{kind[1]} "{name}" not found')
            return copy.deepcopy(body)

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, kind: Kind, body: Json, namespace: str = "", dry_run: bool = False) -> Json:
        with self.changed:
            made = copy.deepcopy(body)
            meta = made.setdefault("metadata", {})
            if namespace:
                meta["namespace"] = namespace
                self._check_namespace(namespace, kind)
            if not meta.get("name") and meta.get("generateName"):
                meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
            if not meta.get("name"):
                raise Refused(422, "Invalid", "metadata.name: Required value: name or generateName is required")
            if self._key(made) in self._objects.get(kind, {}):
                raise Refused(409, "AlreadyExists", f'{kind[1]} "{meta["name"]}" already exists')
            if meta.get("resourceVersion"):
                raise Refused(400, "BadRequest", "resourceVersion should not be set on objects to be created")
            if kind == CRDS:
                finalizers = meta.setdefault("finalizers", [])
                finalizers.append(CRD_FINALIZER)
            if kind == NAMESPACES:
                made["spec"] = {"finalizers": ["kubernetes"]}
                made["status"] = {"phase": "Active"}
            meta["uid"] = str(uuid.uuid4())
            meta["creationTimestamp"] = _now()
            return made if dry_run else self._store(kind, made, "ADDED")

    def replace(self, kind: Kind, body: Json, namespace: str, name: str, dry_run: bool = False) -> Json:
        with self.changed:
            old = self.get(kind, namespace, name)
            new = copy.deepcopy(body)
            meta = new.setdefault("metadata", {})
            asked = meta.get("resourceVersion")
            if asked and asked != old["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", f'Operation cannot be fulfilled on {kind[1]} "{name}": it was modified')
            if meta.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
                raise Refused(409, "Conflict", f"Precondition failed: UID in precondition: {meta['uid']}")
            for field in ("uid", "creationTimestamp", "deletionTimestamp", "name", "namespace"):
                if field in old["metadata"]:
                    meta[field] = old["metadata"][field]
            meta["resourceVersion"] = old["metadata"]["resourceVersion"]
            if dry_run or new == old:
                return new
            if meta.get("deletionTimestamp") and not meta.get("finalizers") and kind != NAMESPACES:
                return self._remove(kind, new)
            return self._store(kind, new, "MODIFIED")

    def delete(self, kind: Kind, namespace: str, name: str, uid: str = "", dry_run: bool = False) -> Json:
        with self.changed:
            body = self.get(kind, namespace, name)
            meta = body["metadata"]
            if uid and uid != meta["uid"]:
                raise Refused(409, "Conflict", f"Precondition failed: the UID is {meta['uid']}, not {uid}")
            if dry_run:
                return body
            if kind == NAMESPACES:
                return self._terminate_namespace(body)
            if kind == CRDS:
                return self._terminate_definition(body)
            if meta.get("finalizers"):
                return self._mark(kind, body)
            return self._remove(kind, body)

    def compact(self) -> None:
        """Forget the history, as etcd does: a watch from before is answered 410."""
        with self.changed:
            self.compacted = self.version
            self.history.clear()

    # -- inside -------------------------------------------------------------------------------------------------

    @staticmethod
    def _key(body: Json) -> Key:
        return body["metadata"].get("namespace", ""), body["metadata"]["name"]

    def _check_namespace(self, namespace: str, kind: Kind) -> None:
        owner = self.get(NAMESPACES, "", namespace)
        if owner["metadata"].get("deletionTimestamp"):
            raise Refused(
                403,
                "Forbidden",
                f"{kind[1]} is forbidden: unable to create new content in namespace {namespace} "
                "because it is being terminated",
            )

    def _store(self, kind: Kind, body: Json, event: str) -> Json:
        self.version += 1
        group = kind[0]
        body["metadata"]["resourceVersion"] = str(self.version)
        if not body.get("kind"):
            body["kind"] = self.kind_name(kind)
        if not body.get("apiVersion"):
            body["apiVersion"] = f"{group}/{self._version_of(kind)}" if group else "v1"
        self._objects.setdefault(kind, {})[self._key(body)] = body
        self._tell(kind, body, event)
        return copy.deepcopy(body)

    def _version_of(self, kind: Kind) -> str:
        definition = self._definition(kind)
        return str(definition["spec"]["versions"][0]["name"]) if definition else "v1"

    def _tell(self, kind: Kind, body: Json, event: str) -> None:
        self.history.append(Change(self.version, event, kind, copy.deepcopy(body)))
        self.changed.notify_all()

    def _mark(self, kind: Kind, body: Json) -> Json:
        if not body["metadata"].get("deletionTimestamp"):
            body["metadata"]["deletionTimestamp"] = _now()
            body["metadata"]["deletionGracePeriodSeconds"] = 0
            return self._store(kind, body, "MODIFIED")
        return body

    def _remove(self, kind: Kind, body: Json) -> Json:
        self.version += 1
        gone = self._objects[kind].pop(self._key(body))
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell(kind, gone, "DELETED")
        self._remove_dependents(str(gone["metadata"]["uid"]))
        self._settle(kind, gone)
        return copy.deepcopy(gone)

    def _remove_dependents(self, uid: str) -> None:
        for kind in list(self._objects):
            for body in self.objects(kind):
                owners = body["metadata"].get("ownerReferences", [])
                if owners and all(owner.get("uid") == uid for owner in owners):
                    self.delete(kind, *self._key(body))

    def _terminate_namespace(self, body: Json) -> Json:
        body.setdefault("status", {})["phase"] = "Terminating"
        marked = self._mark(NAMESPACES, body)
        name = body["metadata"]["name"]
        for kind in list(self._objects):
            for inside in self.objects(kind, name):
                self._delete_if_there(kind, inside)
        self._finish_namespace(name)
        return marked

    def _terminate_definition(self, body: Json) -> Json:
        marked = self._mark(CRDS, body)
        kind = (body["spec"]["group"], body["spec"]["names"]["plural"])
        for instance in self.objects(kind):
            self._delete_if_there(kind, instance)
        self._finish_definition(kind)
        return marked

    def _delete_if_there(self, kind: Kind, body: Json) -> None:
        if self._key(body) in self._objects.get(kind, {}):
            self.delete(kind, *self._key(body))

    def _settle(self, kind: Kind, gone: Json) -> None:
        """What the removal of an object may end: its namespace, its kind."""
        if gone["metadata"].get("namespace"):
            self._finish_namespace(gone["metadata"]["namespace"])
        if kind not in CORE_KINDS:
            self._finish_definition(kind)

    def _finish_namespace(self, name: str) -> None:
        body = self._objects[NAMESPACES].get(("", name))
        going = body is not None and body["metadata"].get("deletionTimestamp")
        if body is not None and going and not any(self.objects(kind, name) for kind in self._objects):
            self._remove(NAMESPACES, body)

    def _finish_definition(self, kind: Kind) -> None:
        body = self._definition(kind)
        if body is None or not body["metadata"].get("deletionTimestamp") or self._objects.get(kind):
            return
        others = [name for name in body["metadata"].get("finalizers", []) if name != CRD_FINALIZER]
        body["metadata"]["finalizers"] = others
        if not others:
            self._remove(CRDS, body)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
