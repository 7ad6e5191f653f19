# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, update, or create anew: the three ways in which subctl brings an object about."""

from __future__ import annotations

import copy
import time

from .api import Api, Object, path
from .status import ApiError

# Waits between the attempts to replace an object that is being deleted; 167 s together.
REPLACE_WAITS = tuple(1.3**step for step in range(15))


def create_or_update(api: Api, wanted: Object) -> bool:
    """Whether the object was created; one that exists is replaced."""
    kind, namespace, name = wanted["kind"], wanted["metadata"].get("namespace", ""), wanted["metadata"]["name"]
    for attempt in range(5):
        try:
            existing = api.find(path(kind, namespace, name))
            if existing is None:
                api.create(path(kind, namespace), wanted)
                return True
            body = copy.deepcopy(wanted)
            body["metadata"]["resourceVersion"] = existing["metadata"]["resourceVersion"]
            api.replace(path(kind, namespace, name), body)
            return False
        except ApiError as exc:
            if exc.status != 409 or attempt == 4:
                raise ApiError(exc.status, f"error creating or updating resource: {exc}") from exc
    raise AssertionError("unreachable: the last attempt returns or raises")


def create_if_absent(api: Api, wanted: Object) -> bool:
    """Whether the object was created; one that exists stays as it is."""
    try:
        api.create(path(wanted["kind"], wanted["metadata"].get("namespace", "")), wanted)
    except ApiError as exc:
        if exc.status == 409:
            return False
        raise
    return True


def create_anew(api: Api, wanted: Object, propagation: str = "") -> Object:
    """The object as wanted: one that differs is deleted first, and its end awaited."""
    kind, namespace = wanted["kind"], wanted["metadata"].get("namespace", "")
    for wait in REPLACE_WAITS:
        try:
            return api.create(path(kind, namespace), wanted)
        except ApiError as exc:
            if exc.status != 409 or "name" not in wanted["metadata"]:
                raise ApiError(exc.status, f"error creating resource anew: {exc}") from exc
        location = path(kind, namespace, wanted["metadata"]["name"])
        existing = api.find(location)
        if existing is not None and same(existing, wanted):
            return existing
        api.delete(location, propagation)
        time.sleep(wait)
    raise ApiError(0, "error creating resource anew: timed out waiting for the condition")


def same(existing: Object, wanted: Object) -> bool:
    """Whether an object need not be made anew.

    One without labels or without annotations always is: the comparison takes their absence and an empty map for different
    (admiral's pkg/util, October 2024), and what is created this way has neither.
    """
    return _comparable(existing) == _comparable(wanted) and all(existing["metadata"].get(key) for key in _MARKS)


_MARKS = ("labels", "annotations")


def _comparable(item: Object) -> Object:
    body = {key: value for key, value in item.items() if key not in ("metadata", "status", "apiVersion", "kind")}
    return {**body, **{key: item["metadata"].get(key) or {} for key in _MARKS}}
