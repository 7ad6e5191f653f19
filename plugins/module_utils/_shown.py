# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as the two sides of a diff; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import EDIT
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Owned


def diff_of(wanted: t.Sequence[Owned], left: t.Sequence[Owned], header: str = "owned by Submariner") -> Json:
    """What there was, and what there is when all but C(left) went; of an edited object the fields that change."""
    staying = {o.path for o in left}
    there = [_whole(o) for o in wanted]
    after = [_whole(o) for o in left] + [_edited(o) for o in wanted if o.action == EDIT and o.path not in staying]
    return {
        "before": "".join(sorted(there)),
        "after": "".join(sorted(after)),
        "before_header": header,
        "after_header": "left",
    }


def _whole(owned: Owned) -> str:
    if owned.action == EDIT:
        return f"{owned.label}\n  # {owned.why}\n" + _lines(owned.backup)
    return f"{owned.label}: {owned.why}\n"


def _edited(owned: Owned) -> str:
    return f"{owned.label}\n" + _lines(owned.patch)


def _lines(value: Json, indent: str = "  ") -> str:
    """Fields, one a line, texts of several lines as they are; without those that are not there."""
    parts = []
    for key, field in value.items():
        if isinstance(field, dict):
            parts.append(f"{indent}{key}:\n{_lines(field, indent + '  ')}")
        elif isinstance(field, str) and "\n" in field:
            parts.append(f"{indent}{key}:\n" + "".join(f"{indent}  {line}\n" for line in field.splitlines()))
        elif isinstance(field, list):
            parts.append(f"{indent}{key}:\n" + "".join(f"{indent}- {json.dumps(item)}\n" for item in field))
        elif field is not None:
            parts.append(f"{indent}{key}: {field}\n")
    return "".join(parts)
