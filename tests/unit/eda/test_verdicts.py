# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands by what recorded clusters show, whichever of them answer."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Reading, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._verdicts import (
    KEYS,
    Facts,
    Memory,
    Sight,
    facts,
    undecidable,
)
from tests.unit.fake_api import recording

LOST = Reading("unknown", reason="refused")


@functools.cache
def snapshot(state: str, cluster: str) -> Snapshot:
    """As watched: no more is read."""
    whole = snapshot_of(recording(state, cluster))
    return replace(whole, readings={k: whole.readings[k] for k in KEYS})


def sights(state: str) -> dict[str, Sight]:
    return {cluster: Sight(snapshot(state, cluster)) for cluster in ("east", "west")}


def without(sight: Sight, *keys: str) -> Sight:
    readings = {k: LOST if k in keys else r for k, r in sight.snapshot.readings.items()}
    return replace(sight, snapshot=replace(sight.snapshot, readings=readings))


def ids(found: Facts) -> set[str]:
    return {fact["finding"]["id"] for fact in found.values() if fact["type"] == "finding"}


EXPECTED = {
    "healthy-two-nodes": set[str](),
    "joined-as-second-id": {"cluster.two-ids", "endpoint.ghost", "cluster.ghost", "connection.ghost"},
    "west-uninstalled": {"submariner.not-installed"},
}
DAMAGED = [state for state, expected in EXPECTED.items() if expected]


@pytest.mark.parametrize("state", EXPECTED)
def test_recorded_states(state: str) -> None:
    found = ids(facts(sights(state), "east"))
    assert found >= EXPECTED[state]
    assert bool(found) == bool(EXPECTED[state])


@settings(max_examples=40)
@given(st.sampled_from(DAMAGED), st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
def test_what_no_longer_answers_ends_nothing(state: str, east: set[str], west: set[str]) -> None:
    """Whatever clusters cease to tell, what was known still stands or cannot be decided."""
    seen, memory = sights(state), Memory()
    memory.see(seen)
    known = facts(seen, "east")
    after = {"east": without(seen["east"], *east), "west": without(seen["west"], *west)}
    memory.see(after)
    assert set(known) <= set(facts(after, "east")) | undecidable(after, "east", memory, known, ())


@settings(max_examples=20)
@given(st.sampled_from(DAMAGED), st.sets(st.sampled_from(KEYS), min_size=1))
def test_what_an_earlier_process_told_stands_until_all_was_read(state: str, unread: set[str]) -> None:
    known = facts(sights(state), "east")
    healthy, memory = sights("healthy-two-nodes"), Memory()
    partly = {**healthy, "west": without(healthy["west"], *unread)}
    memory.see(partly)
    assert undecidable(partly, "east", memory, known, known) == set(known)
    memory.see(healthy)
    assert undecidable(healthy, "east", memory, known, known) == set()
    assert undecidable(partly, "east", memory, known, ()) == set()


@given(st.sets(st.sampled_from(["east", "west"])))
def test_a_cluster_out_of_reach_is_one_fact(lost: set[str]) -> None:
    healthy = sights("healthy-two-nodes")
    seen = {name: without(s, *KEYS) if name in lost else s for name, s in healthy.items()}
    assert set(facts(seen, "east")) == {f"unreachable {name}" for name in lost}


def test_who_had_no_time_to_answer_is_not_out_of_reach() -> None:
    healthy = sights("healthy-two-nodes")
    seen = {**healthy, "west": replace(without(healthy["west"], *KEYS), answered=False)}
    assert facts(seen, "east") == {}
    told: t.Any = {"unreachable west": {}, "unreachable north": {}}
    assert undecidable(seen, "east", Memory({n: s.snapshot for n, s in seen.items()}), told, ()) == {"unreachable west"}
