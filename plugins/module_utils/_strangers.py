# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a namespace of Submariner is somebody else's, of whatever kind; pure. Private, may change at any time.

The kinds in L(CONTENTS) are read with everything else. All others are only looked for in a namespace that is about to go
(see _inside): custom resources of users, policies, quotas and whatever else a cluster serves.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import (
    CONTENTS,
    CRDS,
    ENTRIES,
    MEMBER,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import AMBIENT, SERVICES
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import (
    LIGHTHOUSE_IMPORT,
    MANAGED_SLICE,
    marked,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Snapshot,
    mapping,
    mappings,
    text,
)

GROUPS = {
    **dict.fromkeys(("deployments", "daemonsets", "statefulsets"), "apps"),
    "jobs": "batch",
    **dict.fromkeys(("roles", "rolebindings"), "rbac.authorization.k8s.io"),
}
"""API groups of the kinds in L(CONTENTS), where it is not the core's."""


def resource(group: str, plural: str) -> str:
    """The name of a kind as definitions have it, V(plural.group); of the core's just the plural."""
    return f"{plural}.{group}" if group else plural


PASSED_OVER = (
    frozenset(resource(GROUPS.get(key, ""), key) for key in CONTENTS[MEMBER])
    | CRDS
    | {"endpoints", "events", "events.events.k8s.io"}
)
"""Kinds that need no look: read anyhow, Submariner's own, or kept by Kubernetes beside other objects."""


@dataclass(frozen=True)
class Usual:
    """What stands there by Submariner's or the platform's doing: by its name, and one of C(marks) if there are any."""

    resource: str
    pattern: str = ".+"
    marks: tuple[str, ...] = ()

    def covers(self, obj: Json) -> bool:
        meta = mapping(obj.get("metadata"))
        return (
            obj.get("resource") == self.resource
            and re.fullmatch(self.pattern, text(meta.get("name"))) is not None
            and (not self.marks or any(marked(meta, mark) for mark in self.marks))
        )


USUAL: tuple[Usual, ...] = (
    Usual("leases.coordination.k8s.io", r"submariner-.+|.+\.submariner\.io"),
    Usual("endpointslices.discovery.k8s.io", marks=(MANAGED_SLICE,)),
    Usual("serviceimports.multicluster.x-k8s.io", marks=LIGHTHOUSE_IMPORT),
    Usual("servicemonitors.monitoring.coreos.com", "|".join(sorted(SERVICES))),
    # OLM puts these into every namespace for an operator that serves all of them.
    Usual("clusterserviceversions.operators.coreos.com", marks=("olm.copiedFrom",)),
)


def inside(namespace: str) -> str:
    """The key of the reading that has all else that stands in a namespace (see _inside)."""
    return f"contents of namespace {namespace}"


def derived(obj: Json, namespaced: t.Container[tuple[str, str]]) -> bool:
    """Whether it belongs to an object of the same namespace, which is judged in its place, and goes after it.

    C(namespaced) has (group, kind) of all that stands in namespaces; an owner without one is somebody else's sign.
    """
    owners = mappings(mapping(obj.get("metadata")).get("ownerReferences"))
    return bool(owners) and all(
        (text(o.get("apiVersion")).rpartition("/")[0], text(o.get("kind"))) in namespaced for o in owners
    )


def foreign(snapshot: Snapshot, scope: str, namespace: str) -> list[str]:
    """Objects in C(namespace) that are neither Submariner's nor there without anybody's doing, as far as it was looked."""
    result, judged = [], set()
    for key in CONTENTS[scope]:
        entries = [e for e in ENTRIES if e.key == key and e.scope == scope and not e.marks]
        for obj in snapshot.objects(key, namespace):
            meta = mapping(obj.get("metadata"))
            name = text(meta.get("name"))
            judged.add(text(meta.get("uid")))
            if any(e.owns(obj, namespace) for e in entries) or re.fullmatch(AMBIENT.get(key, "(?!)"), name):
                continue
            if "submariner.io/transient" in mapping(meta.get("labels")):
                continue
            result.append(f"{obj.get('kind')} {name}")
    for obj in snapshot.objects(inside(namespace)):
        uid = text(mapping(obj.get("metadata")).get("uid"))  # some APIs show the objects of others once more
        if uid not in judged and not obj.get("derived") and not any(u.covers(obj) for u in USUAL):
            result.append(_name(obj))
        judged.add(uid)
    return sorted(result)


def _name(obj: Json) -> str:
    """Kind and name; the kind of a custom resource with its group, as others use Submariner's words for theirs."""
    group = text(obj.get("resource")).partition(".")[2]
    kind = text(obj.get("kind"))
    built_in = "." not in group or group.endswith(".k8s.io")
    return f"{kind if built_in else f'{kind}.{group}'} {text(mapping(obj.get('metadata')).get('name'))}"
