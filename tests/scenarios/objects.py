# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anything on a cluster was changed: two dumps of all its objects, heartbeats aside."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.scenarios.judge import Json, Objects, group_of, name_of

# Kubernetes writes or removes these by itself.
IGNORED_KINDS = ("Event", "Lease", "CertificateSigningRequest", "ComponentStatus")
_HEARTBEATS = ("update-timestamp", "endpoints.kubernetes.io/last-change-trigger-time")
_MOVING = ("resourceVersion", "managedFields", "generation", "selfLink")
# The state of pods as the network sees it, which is as much a status as what stands under that name.
_POD_STATES = {"EndpointSlice": "endpoints", "Endpoints": "subsets"}
_UNSHOWN_KIND = "Secret"

Key = tuple[str, str]


def steady(item: Json) -> Json:
    """An object without what changes by itself."""
    kept = copy.deepcopy(item)
    kept.pop("status", None)
    kept.pop(_POD_STATES.get(item["kind"], "status"), None)
    for field in _MOVING:
        kept["metadata"].pop(field, None)
    for note in _HEARTBEATS:
        (kept["metadata"].get("annotations") or {}).pop(note, None)
    if not kept["metadata"].get("annotations"):
        kept["metadata"].pop("annotations", None)
    return kept


def _by_name(objects: Objects) -> dict[Key, Json]:
    return {(group_of(item), name_of(item)): steady(item) for item in objects if item["kind"] not in IGNORED_KINDS}


def differences(before: Objects, after: Objects) -> list[str]:
    """One line for every object that was added, removed or changed."""
    old, new = _by_name(before), _by_name(after)
    lines = [f"removed: {name}" for group, name in sorted(old.keys() - new.keys())]
    lines += [f"added: {name}" for group, name in sorted(new.keys() - old.keys())]
    for key in sorted(old.keys() & new.keys()):
        changes = list(_changes(old[key], new[key], ""))
        if changes:
            secret = old[key]["kind"] == _UNSHOWN_KIND
            said = [path if secret else f"{path} from {was!r} to {now!r}" for path, was, now in changes[:3]]
            lines.append(f"changed: {key[1]}: {'; '.join(said)}")
    return lines


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(old.get(key), new.get(key), f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from _changes(was, now, f"{path}[{number}]")
    elif old != new:
        yield path, old, new
