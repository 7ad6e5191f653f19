# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts that come and go: each is told once when it begins and once when it is over, in whatever order they come."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._standing import Standing, kept, known_from
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._verdicts import Facts

SETTLE = 2.0


def fact(name: str) -> Facts:
    if name.startswith("lost"):
        return {name: {"type": "unreachable", "cluster": name, "reason": "refused"}}
    finding = {"id": "endpoint.ghost", "severity": "error", "subject": name, "observed": "is one"}
    return {name: {"type": "finding", "finding": finding}}


def facts(*names: str) -> Facts:
    return {key: value for name in names for key, value in fact(name).items()}


NAMES = st.sets(st.sampled_from(["a", "b", "lost c"]))
LOOKS = st.lists(st.tuples(st.floats(0.1, 3.0), NAMES, NAMES), max_size=30)


@given(LOOKS)
def test_begin_and_end_take_turns_and_each_was_so_for_long_enough(
    looks: list[tuple[float, set[str], set[str]]],
) -> None:
    standing = Standing(SETTLE)
    now, told = 0.0, set[str]()
    since: dict[str, float] = {}
    for pause, present, undecided in looks:
        now += pause
        changes = standing.see(now, facts(*present), undecided)
        for name in ("a", "b", "lost c"):
            differs = (name in present) != (name in told) and (name in present or name not in undecided)
            since = (
                {**since, name: since.get(name, now)} if differs else {n: at for n, at in since.items() if n != name}
            )
        for change in changes:
            assert change.over == (change.key in told)
            assert now - since[change.key] >= SETTLE
            told ^= {change.key}
        assert told == set(standing.told)
        left = [name for name in since if (name in present) != (name in told)]
        assert (standing.due_in(now) is None) == (not left)


@given(NAMES)
def test_what_is_kept_comes_back(names: set[str]) -> None:
    document = json.loads(json.dumps(kept(facts(*names))))
    standing = Standing(SETTLE, known_from(document))
    assert standing.told == facts(*names)
    assert standing.see(0.0, facts(*names)) == standing.see(9.0, facts(*names)) == []


@given(st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)))
def test_what_is_no_record_of_ours_is_none(document: object) -> None:
    assert known_from(document) == {}


def test_events() -> None:
    standing = Standing(0.0)
    (ghost,) = standing.see(1.0, facts("a"))
    assert ghost.event("blue", standing.verdict, "now") == {
        **facts("a")["a"],
        "type": "finding",
        "fleet": "blue",
        "verdict": "fail",
        "time": "now",
    }
    over, lost = sorted(standing.see(2.0, facts("lost c")), key=lambda change: not change.over)
    assert (over.event("", "", "")["type"], lost.event("", "", "")["type"]) == ("resolved", "unreachable")
    assert standing.verdict == "unknown"
    (back,) = standing.see(3.0, {})
    assert back.event("", standing.verdict, "")["type"] == "reachable"
    assert standing.verdict == "pass"
