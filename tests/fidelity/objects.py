# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about API objects: existence, labels, annotations, finalizers, owners, deletion, names of all fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.fidelity.naming import Naming, Object

# Kubernetes makes these up anew each time.
VARYING_LABELS = ("pod-template-hash", "controller-revision-hash", "kubernetes.io/legacy-token-last-used")
# What Kubernetes itself writes about them differs with time and is no statement about Submariner.
STATUS_OF_KUBERNETES = ("Pod", "Namespace", "Deployment", "CustomResourceDefinition")
# Written by controllers of Kubernetes from the objects that are compared.
DERIVED = ("EndpointSlice", "Endpoints")
IGNORED_ANNOTATIONS = re.compile(
    r"deployment\.kubernetes\.io/|deprecated\.daemonset|kubernetes\.io/description|last-change-trigger-time"
)


def facts_of(objects: list[Object], naming: Naming, kinds: set[str]) -> set[str]:
    """All facts of one cluster, of the kinds that the recording asked for."""
    facts: set[str] = set()
    for item in objects:
        if item["kind"] == "Node":
            facts.update(_node_facts(item, naming))
        elif item["kind"] in kinds and item["kind"] != "Event":
            facts.update(_facts(item, naming))
    return facts


def _node_facts(node: Object, naming: Naming) -> Iterator[str]:
    """Of a node only what Submariner puts there."""
    for what in ("labels", "annotations"):
        for key, value in (node["metadata"].get(what) or {}).items():
            if "submariner" in key:
                yield naming(f"Node {node['metadata']['name']} {what[:-1]} {key}={value}")


def _facts(item: Object, naming: Naming) -> Iterator[str]:
    metadata = item["metadata"]
    name = " ".join(filter(None, (item["kind"], metadata.get("namespace"), stable_name(item))))
    head = naming(name)
    yield f"{head}: {item['apiVersion']}"
    for key, value in (metadata.get("labels") or {}).items():
        yield naming(f"{head} label {key}={'<varies>' if key in VARYING_LABELS else value}")
    for key in metadata.get("annotations") or {}:
        if not IGNORED_ANNOTATIONS.search(key):
            yield f"{head} annotation {key}"
    for finalizer in metadata.get("finalizers") or []:
        yield f"{head} finalizer {finalizer}"
    if metadata.get("deletionTimestamp"):
        yield f"{head} is being deleted"
    for owner in metadata.get("ownerReferences") or []:
        flags = f"controller={owner.get('controller')} blocks={owner.get('blockOwnerDeletion')}"
        yield naming(f"{head} owner {owner['kind']} {_without_hash(owner['kind'], owner['name'])} {flags}")
    for field_name in _field_names(item):
        yield f"{head} field {field_name}"


def stable_name(item: Object) -> str:
    """The name without what Kubernetes appends."""
    metadata = item["metadata"]
    owners = metadata.get("ownerReferences") or []
    if item["kind"] == "Pod" and owners:
        return f"{_without_hash(owners[0]['kind'], owners[0]['name'])}-*"
    if metadata.get("generateName"):
        return f"{metadata['generateName']}*"
    return str(metadata["name"])


def _without_hash(kind: str, name: str) -> str:
    if kind == "ReplicaSet":
        return name.rpartition("-")[0]
    if kind == "Pod":
        return re.sub(r"-[a-z0-9]+-[a-z0-9]{5}$", "-*", name)
    return name


def _field_names(item: Object) -> set[str]:
    kind = item["kind"]
    if kind in DERIVED:
        return set()
    if kind == "CustomResourceDefinition":
        return _definition(item["spec"])
    names: set[str] = set()
    for section, content in item.items():
        if section in ("apiVersion", "kind", "metadata") or (section == "status" and kind in STATUS_OF_KUBERNETES):
            continue
        names.update(_paths(section, content))
    return names


def _definition(spec: Object) -> set[str]:
    """Of a definition what the recordings keep: names, scope, versions."""
    names = spec["names"]
    facts = {f"names.{key}={value}" for key, value in names.items()} | {f"scope={spec['scope']}"}
    return facts | {f"version {v['name']} served={v['served']} storage={v['storage']}" for v in spec["versions"]}


def _paths(prefix: str, content: Any) -> Iterator[str]:
    """The name of every field; the entries of a list are one."""
    yield prefix
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _paths(f"{prefix}.{key}", value)
    elif isinstance(content, list):
        for value in content:
            yield from _paths(f"{prefix}[]", value)
