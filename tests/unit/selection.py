# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Label and field selectors of the Kubernetes API: equality, presence and sets."""

from __future__ import annotations

import re
import typing as t

from tests.unit.fake_cluster import Json


def selected(body: Json, query: dict[str, str]) -> bool:
    """Whether the selectors in a request's query take this object."""
    labels = body["metadata"].get("labels") or {}
    parts = re.split(r",(?![^()]*\))", query.get("labelSelector", ""))  # commas inside a set's brackets stay
    by_label = all(_label_holds(labels, part) for part in parts if part)
    by_field = all(_field_holds(body, part) for part in query.get("fieldSelector", "").split(",") if part)
    return by_label and by_field


def _label_holds(labels: Json, part: str) -> bool:
    in_set = re.fullmatch(r"(\S+) (in|notin) \((.*)\)", part)
    if in_set:
        values = [value.strip() for value in in_set[3].split(",")]
        return bool((labels.get(in_set[1]) in values) == (in_set[2] == "in"))
    if "!=" in part:
        name, value = part.split("!=")
        return bool(labels.get(name) != value)
    if "=" in part:
        name, value = part.replace("==", "=").split("=")
        return bool(labels.get(name) == value)
    return part[1:] not in labels if part.startswith("!") else part in labels


def _field_holds(body: Json, part: str) -> bool:
    unequal = "!=" in part
    name, value = part.split("!=") if unequal else part.replace("==", "=").split("=")
    found: t.Any = body
    for step in name.split("."):
        found = found.get(step, "") if isinstance(found, dict) else ""
    return bool((found != value) if unequal else (found == value))
