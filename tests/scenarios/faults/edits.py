# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change to one object of a cluster, taken back at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.scenarios.faults.fault import Bring, kubectl
from tests.scenarios.stage import Stage

Json = dict[str, Any]
Where = tuple[str, ...]
"""kubectl's words for one object: namespace, kind and name."""

_OF_THE_SERVER = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "ownerReferences")


def inverse(patch: Mapping[str, Any], before: Mapping[str, Any]) -> Json:
    """The merge patch that takes `patch` back, given what was there before."""
    found: Json = {}
    for key, value in patch.items():
        old = before.get(key)
        found[key] = inverse(value, old) if isinstance(value, Mapping) and isinstance(old, Mapping) else old
    return found


def patched(
    cluster: str,
    where: Where | Callable[[Stage], Where],
    patch: Json | Callable[[Json], Json],
    subresource: str = "",
) -> Bring:
    """A merge patch, or one made from what is there."""

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        place = where(stage) if callable(where) else where
        before = _get(stage, cluster, place)
        change = patch(before) if callable(patch) else patch
        words = ("patch", *place, "--type=merge", *([f"--subresource={subresource}"] if subresource else []))
        kubectl(stage, cluster, *words, "-p", json.dumps(change))
        try:
            yield
        finally:
            kubectl(stage, cluster, *words, "-p", json.dumps(inverse(change, before)))

    return bring


def made(cluster: str, manifest: Json | Callable[[Stage], Json]) -> Bring:
    """An object that nobody else made."""

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        text = json.dumps(manifest(stage) if callable(manifest) else manifest)
        kubectl(stage, cluster, "create", "-f", "-", stdin=text)
        try:
            yield
        finally:
            kubectl(stage, cluster, "delete", "-f", "-", "--ignore-not-found", stdin=text)

    return bring


def gone(cluster: str, where: Where | Callable[[Stage], Where]) -> Bring:
    """An object that is missing; it comes back as it was, unless somebody made it in the meantime."""

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        place = where(stage) if callable(where) else where
        before = _get(stage, cluster, place)
        kubectl(stage, cluster, "delete", *place)
        try:
            yield
        finally:
            if not kubectl(stage, cluster, "get", *place, "-o", "name", "--ignore-not-found").strip():
                kubectl(stage, cluster, "create", "-f", "-", stdin=json.dumps(as_new(before)))

    return bring


def together(*brings: Bring) -> Bring:
    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        with ExitStack() as stack:
            for one in brings:
                stack.enter_context(one(stage))
            yield

    return bring


def as_new(item: Json) -> Json:
    """An object that was read, as it can be created again."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _OF_THE_SERVER}
    return {**item, "metadata": metadata}


def _get(stage: Stage, cluster: str, where: Where) -> Json:
    return dict(json.loads(kubectl(stage, cluster, "get", *where, "-o", "json")))
