# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that stands in a namespace, of each kind that the cluster serves. Private, may change at any time.

The one place that asks which kinds there are: whoever deletes a namespace deletes them all. One request for each version
of each API group and one for each kind and namespace, so that this is only done to a namespace that is about to go.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Reading,
    Snapshot,
    mapping,
    mappings,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import PARALLEL
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import (
    PASSED_OVER,
    derived,
    inside,
    resource,
)

CORE = "v1"
NOT_ACCEPTABLE, NOT_ALLOWED = 406, 405


@dataclass(frozen=True)
class Kind:
    """One kind that stands in namespaces; C(version) as objects have it (V(apps/v1))."""

    version: str
    plural: str
    kind: str
    verbs: frozenset[str]

    @property
    def group(self) -> str:
        return self.version.rpartition("/")[0]

    @property
    def resource(self) -> str:
        return resource(self.group, self.plural)

    def path(self, namespace: str) -> str:
        return f"{_root(self.version)}/namespaces/{namespace}/{self.plural}"


@dataclass
class Served:
    """The kinds that stand in namespaces, and the APIs that did not say which ones they serve, with the reason."""

    kinds: list[Kind] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def look_into(api: Api, snapshot: Snapshot, namespaces: t.Sequence[str]) -> None:
    """Add to C(snapshot) what else stands in the C(namespaces), for _strangers; unknown when an API is silent."""
    if not namespaces:
        return
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        served = _served(api, pool)
        looked_for = [k for k in served.kinds if {"list", "delete"} <= k.verbs and k.resource not in PASSED_OVER]
        pairs = [(namespace, kind) for namespace in namespaces for kind in looked_for]
        answers = list(pool.map(lambda pair: _list(api, pair[1].path(pair[0])), pairs))
    namespaced = {(k.group, k.kind) for k in served.kinds}
    for namespace in namespaces:
        found: list[Json] = []
        silent = list(served.silent)
        for (place, kind), answer in zip(pairs, answers):
            if place == namespace:
                found += [_judged(o, kind, namespaced) for o in answer.items]
                silent += [f"{kind.resource} ({answer.reason})"] if answer.unknown else []
        snapshot.readings[inside(namespace)] = (
            Reading("unknown", reason=", ".join(silent)) if silent else Reading("present", found)
        )


def _served(api: Api, pool: ThreadPoolExecutor) -> Served:
    """What the cluster serves; of a kind that several versions of its group have, the preferred one counts."""
    groups = api.get("/apis")
    if not groups.present:
        return Served(silent=[f"the list of API groups ({groups.reason})"])
    versions = [CORE, *(v for group in mappings(groups.body.get("groups")) for v in _versions(group))]
    found: dict[str, Kind] = {}
    silent = []
    for version, answer in zip(versions, pool.map(lambda v: api.get(_root(v)), versions)):
        if answer.unknown:
            silent.append(f"{version} ({answer.reason})")
        for item in mappings(answer.body.get("resources")):
            kind = Kind(
                version,
                text(item.get("name")),
                text(item.get("kind")),
                frozenset(map(text, sequence(item.get("verbs")))),
            )
            if item.get("namespaced") is True and "/" not in kind.plural:
                found.setdefault(kind.resource, kind)
    return Served(list(found.values()), silent)


def _versions(group: Json) -> list[str]:
    """The versions of a group, the preferred one first."""
    preferred = text(mapping(group.get("preferredVersion")).get("groupVersion"))
    others = [text(v.get("groupVersion")) for v in mappings(group.get("versions"))]
    return [v for v in dict.fromkeys((preferred, *others)) if v]


def _root(version: str) -> str:
    return f"/api/{version}" if version == CORE else f"/apis/{version}"


def _list(api: Api, path: str) -> Answer:
    """A list without what the objects hold, if that API can leave it out; one that cannot be listed holds nothing."""
    answer = api.list(path, metadata_only=True)
    if answer.status == NOT_ACCEPTABLE:
        answer = api.list(path)
    return Answer("absent", status=answer.status) if answer.status == NOT_ALLOWED else answer


def _judged(obj: Json, kind: Kind, namespaced: t.Container[tuple[str, str]]) -> Json:
    return {
        "apiVersion": kind.version,
        "kind": kind.kind,
        "resource": kind.resource,
        "metadata": mapping(obj.get("metadata")),
        "derived": derived(obj, namespaced),
    }
