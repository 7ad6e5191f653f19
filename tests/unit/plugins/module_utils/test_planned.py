# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits and the way back, and a plan as a diff."""

from __future__ import annotations

import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Owned
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import inverse
from ansible_collections.submariner.lifecycle.plugins.module_utils._shown import diff_of
from tests.unit.patches import apply_patch

Json = dict[str, t.Any]
KEYS = st.sampled_from("abc")
LEAVES = st.one_of(st.text("xy\n", max_size=3), st.lists(st.text("xy", max_size=2), max_size=2))
OBJECTS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=3), lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, inner), max_size=3)
)
PATCHES = st.recursive(
    st.dictionaries(KEYS, st.one_of(LEAVES, st.none()), min_size=1, max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, st.none(), inner), min_size=1, max_size=3),
)
MERGE = "application/merge-patch+json"


def fits(obj: Json, patch: Json) -> bool:
    """Whether a patch that goes into a field finds one that can be gone into, as those of the planners do."""
    return all(
        isinstance(obj.get(k), dict) and fits(obj[k], v) if isinstance(v, dict) else not isinstance(obj.get(k), dict)
        for k, v in patch.items()
    )


@given(OBJECTS, PATCHES)
def test_a_backup_puts_back_what_an_edit_changed(obj: Json, patch: Json) -> None:
    backup = inverse(obj, patch)
    if fits(obj, patch):
        assert apply_patch(MERGE, apply_patch(MERGE, obj, patch), backup) == obj


def owned(name: str, action: str = "delete", **fields: t.Any) -> Owned:
    return Owned("ConfigMap", "", name, f"/{name}", action=action, why="is ours", **fields)


def test_the_diff_of_an_edit_differs_in_what_goes_alone() -> None:
    edit = owned(
        "dns",
        "edit",
        backup={"data": {"Corefile": "block\nrest\n", "mine": None}, "list": [{"a": 1}, {"b": 2}]},
        patch={"data": {"Corefile": "rest\n", "mine": None}, "list": [{"b": 2}]},
    )
    shown = diff_of([edit, owned("gone")], [])
    assert shown["before"].splitlines() == [
        "ConfigMap dns",
        "  # is ours",
        "  data:",
        "    Corefile:",
        "      block",
        "      rest",
        "  list:",
        '  - {"a": 1}',
        '  - {"b": 2}',
        "ConfigMap gone: is ours",
    ]
    gone = {"  # is ours", "      block", '  - {"a": 1}', "ConfigMap gone: is ours"}
    assert shown["after"].splitlines() == [line for line in shown["before"].splitlines() if line not in gone]


def test_what_is_left_stays_in_the_diff() -> None:
    edit, stuck = owned("dns", "edit", backup={"a": "1"}, patch={"a": "2"}), owned("stuck")
    shown = diff_of([edit, stuck], [edit, stuck])
    assert shown["before"] == shown["after"]
