# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Multi-Cluster Services API, which is not Submariner's alone: what goes on request (submariner.md 3.4 R16, R17).

Pure. Private to this collection, may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import entry_of, other_owner
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

CRD_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that every definition gets from the API server while it goes."""


def plan_shared_api(snapshot: Snapshot, result: Plan, staying: t.Sequence[str]) -> None:
    """Exports and the two definitions, unless somebody else uses them or a broker in C(staying) needs them."""
    definition, export = entry_of("R16", "crds"), entry_of("R17", "serviceexports")
    definitions = [o for o in snapshot.objects("crds") if definition.owns(o, "")]
    exports = snapshot.objects("serviceexports")
    users = [*_owners(definitions), *_owners(exports), *_other_imports(snapshot)]
    if users:
        result.findings.append(
            Finding(
                "mcs.foreign",
                WARNING,
                "Multi-Cluster Services API",
                f"is not Submariner's alone here: {some(users)}",
                "no other owner, and no objects of others",
                hint="its exports and definitions stay; remove what is named, or leave them",
            )
        )
    for entry, objects in ((export, exports), (definition, definitions)):
        for obj in objects:
            if users:
                result.keep(entry, obj, "others use the Multi-Cluster Services API here")
            elif entry is definition and staying:
                result.keep(entry, obj, f"the broker in {', '.join(staying)} needs it")
            else:
                result.add(entry, obj)


def _owners(objects: t.Iterable[Json]) -> list[str]:
    """Who else looks after these: by an owner, another tool's marks, or a finalizer."""
    found = []
    for obj in objects:
        meta = mapping(obj.get("metadata"))
        manager = text(mapping(meta.get("labels")).get("app.kubernetes.io/managed-by"))
        owners = [text(mapping(o).get("kind")) for o in sequence(meta.get("ownerReferences"))]
        other = other_owner(obj)
        signs = [*owners, *(f for f in map(text, sequence(meta.get("finalizers"))) if f != CRD_CLEANUP)]
        signs += [other.words] if other else [manager] if manager else []
        if signs:
            found.append(f"{_label(obj)} ({', '.join(signs)})")
    return found


def _other_imports(snapshot: Snapshot) -> list[str]:
    lighthouse = entry_of("R17", "serviceimports")
    return [_label(o) for o in snapshot.objects("serviceimports") if not lighthouse.owns(o, "")]


def _label(obj: Json) -> str:
    meta = mapping(obj.get("metadata"))
    return f"{text(obj.get('kind'))} {'/'.join(text(meta.get(k)) for k in ('namespace', 'name') if text(meta.get(k)))}"
