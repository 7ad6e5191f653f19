# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that are brought about in the lab."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import LINES, KnownLine
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import find_known
from tests.scenarios.faults import edits, known_lines, objects, spreading
from tests.scenarios.faults.groups import GROUPS
from tests.scenarios.faults.spreading import FAULTS

SIMULATOR = pathlib.Path(spreading.__file__).parents[2] / "simulator"
ALL = [*FAULTS.values(), *(fault for group in GROUPS.values() for fault in group.faults.values())]


def test_every_finding_that_is_named_exists() -> None:
    named = {name for fault in ALL for name in fault.finds | fault.may_find}
    assert named <= set(FINDINGS)


def test_each_fault_asks_for_a_finding() -> None:
    assert all(fault.finds for fault in ALL)


def test_faults_of_the_simulation_are_switched_on_and_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(spreading, "kubectl", lambda _stage, _cluster, *words, **_more: asked.append(" ".join(words)))
    for name in ("gateway-frozen", "connection-error", "gateway-crash"):
        with FAULTS[name].bring(t.cast("t.Any", None)):
            pass
    switched = [match.group(1) for line in asked if (match := re.search(r"--from-literal=([a-z-]+)=on$", line))]
    assert len([line for line in asked if "delete configmap" in line]) == len(switched)
    known = (SIMULATOR / "README.md").read_text().partition("## Faults")[2].partition("##")[0]
    assert set(switched) <= set(re.findall(r"^\| `([a-z-]+)` \|", known, re.MULTILINE))


def merged(before: t.Any, patch: t.Any) -> t.Any:
    """A JSON merge patch as RFC 7386 has it."""
    if not isinstance(patch, dict):
        return patch
    found = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


SCALARS = st.text(max_size=3) | st.integers() | st.lists(st.integers(), max_size=2)
OBJECTS = st.recursive(
    SCALARS, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3), max_leaves=8
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), OBJECTS, max_size=3)
PATCHES = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        SCALARS | st.none(),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)


@given(MAPPINGS, PATCHES)
def test_what_was_patched_is_taken_back(before: dict[str, t.Any], patch: dict[str, t.Any]) -> None:
    changed = merged(before, patch)
    assert merged(changed, edits.inverse(patch, before)) == before


def test_an_object_that_was_read_can_be_made_again() -> None:
    read = {"kind": "ConfigMap", "metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "labels": {"b": "c"}}}
    assert edits.as_new(read) == {"kind": "ConfigMap", "metadata": {"name": "a", "labels": {"b": "c"}}}


def test_only_the_block_of_lighthouse_is_changed() -> None:
    corefile = """#lighthouse-start AUTO-GENERATED
clusterset.local:53 {
    forward . 10.0.0.7
}
#lighthouse-end
.:53 {
    forward . /etc/resolv.conf
}
"""
    changed = objects.forwarded_elsewhere(corefile)
    assert changed == corefile.replace("10.0.0.7", objects.SPARE)
    assert json.dumps(objects.in_corefile(objects.forwarded_elsewhere)({"data": {"Corefile": corefile}}))


@pytest.mark.parametrize("row", LINES, ids=lambda row: row.id)
def test_each_line_that_is_said_is_of_its_row(row: KnownLine) -> None:
    broker = "192.0.2.1:6443"
    for component in row.components:
        for line in known_lines.said(row, broker):
            found = find_known(line, component, broker, row.since or "0.19.0")
            assert found is not None
            assert found.id == row.id
