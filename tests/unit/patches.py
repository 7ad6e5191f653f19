# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patch formats of the Kubernetes API, as far as the fake API server needs them."""

from __future__ import annotations

import copy
import typing as t

from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointerException

from tests.unit.fake_cluster import Json, Refused

JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
KNOWN = {JSON_PATCH, STRATEGIC, "application/merge-patch+json", "application/apply-patch+yaml"}


def apply_patch(content_type: str, old: Json, patch: t.Any) -> Json:
    """The object that a PATCH of this content type makes of `old`."""
    if content_type not in KNOWN:
        raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}")
    if content_type != JSON_PATCH:
        merged: Json = _merged(old, patch, by_name=content_type == STRATEGIC)
        return merged
    try:
        result: Json = JsonPatch(patch).apply(old)
    except (JsonPatchException, JsonPointerException) as error:
        raise Refused(422, "Invalid", f"the server rejected our request: {error}") from error
    return result


def _merged(old: t.Any, patch: t.Any, by_name: bool) -> t.Any:
    """RFC 7396; with `by_name` lists of named things are merged by their names, as strategic patches do."""
    if isinstance(patch, list) and isinstance(old, list) and by_name and _named(patch) and _named(old):
        named = {item["name"]: item for item in old}
        for item in patch:
            named[item["name"]] = _merged(named.get(item["name"], {}), item, by_name)
        return list(named.values())
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = copy.deepcopy(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value, by_name)
    return result


def _named(items: list[t.Any]) -> bool:
    return all(isinstance(item, dict) and "name" in item for item in items)
