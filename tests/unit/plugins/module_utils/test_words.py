# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many names in few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some


@pytest.mark.parametrize(
    ("names", "most", "between", "said"),
    [
        ([], 5, ", ", ""),
        (["a", "b"], 2, ", ", "a, b"),
        (["a", "b", "c"], 2, ", ", "a, b and 1 more"),
        (["a: x", "b: y", "c: z", "d"], 2, "; ", "a: x; b: y; and 2 more"),
    ],
)
def test_some_of_many(names: list[str], most: int, between: str, said: str) -> None:
    assert some(names, most, between) == said


@given(st.lists(st.text("abc", min_size=1), max_size=9), st.integers(1, 9))
def test_none_is_forgotten(names: list[str], most: int) -> None:
    first, _and, more = some(names, most).partition(" and ")
    told = len(first.split(", ")) if names else 0
    assert told + int(more.removesuffix(" more") or 0) == len(names)
