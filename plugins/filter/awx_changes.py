# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_changes
short_description: Tell what of the objects in an AWX controller is ours, missing, unwanted or somebody else's
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Compares what is wanted with what was read. Ours is what has the mark at the end of its description.
options:
  _input:
    description: What was read, kind by kind, as the API lists it.
    type: dict
    required: true
  wanted:
    description: Kind of objects -> the names that are wanted.
    type: dict
    required: true
  mark:
    description: How the descriptions of our objects end.
    type: str
    required: true
  organization:
    description: Name of the organisation to which the objects belong.
    type: str
    required: true
"""

EXAMPLES = r"""
missing: "{{ (read | submariner.lifecycle.awx_changes(wanted=wanted, mark='[ours]', organization='Fleet')).missing }}"
"""

RETURN = r"""
_value:
  description: Words in C(missing) and C(foreign), names by kind in C(adopted), and the objects by kind in C(unwanted).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

SHARED = ("organizations", "projects")
"""Kinds of which one that somebody else made is used as it is."""
GLOBAL = ("credential_types", "execution_environments", "organizations")
"""Kinds whose names are one for all organisations."""
PARTS = {"schedules": ("unified_job_template", "job_templates"), "inventory_sources": ("inventory", "inventories")}
"""Kinds that are parts of others: the field that says of which object, and its kind."""

Json = dict[str, t.Any]


def awx_changes(read: t.Any, wanted: t.Mapping[str, t.Any], mark: str, organization: str) -> Json:
    """Each kind in the order of C(wanted)."""
    if not isinstance(read, t.Mapping) or set(wanted) - set(read):
        raise AnsibleFilterError("awx_changes: not every kind that is wanted was read")
    home = next((obj["id"] for obj in read["organizations"] if obj["name"] == organization), None)

    def ours(obj: Json) -> bool:
        return str(obj.get("description") or "").endswith(mark)

    def here(kind: str, obj: Json) -> bool:
        if obj.get("pending_deletion"):
            return False
        if kind in PARTS:
            field, of = PARTS[kind]
            return any(other["id"] == obj.get(field) for other in read[of] if here(of, other))
        return kind in GLOBAL or (home is not None and obj.get("organization") == home)

    def words(kind: str, names: t.Iterable[str]) -> list[str]:
        return [f"{kind.replace('_', ' ')}: {name}" for name in names]

    changes: Json = {"missing": [], "foreign": [], "adopted": {}, "unwanted": {}}
    for kind, names in wanted.items():
        found = {obj["name"]: obj for obj in read[kind] if here(kind, obj)}
        others = [name for name in names if name in found and not ours(found[name])]
        changes["missing"] += words(kind, (name for name in names if name not in found))
        changes["foreign"] += [] if kind in SHARED else words(kind, others)
        changes["adopted"][kind] = others if kind in SHARED else []
        # Wherever it is by now: what has the mark was made by us.
        changes["unwanted"][kind] = [
            obj for obj in read[kind] if ours(obj) and not obj.get("pending_deletion") and obj["name"] not in names
        ]
    return changes


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"awx_changes": awx_changes}
