# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until checks hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _wait
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._stability import Event
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import Held, Look, hold_still


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def trouble(severity: str = "error") -> Finding:
    return Finding("x", severity, "s", "o")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_it_ends_once_the_window_has_passed_without_a_break(clock: Clock) -> None:
    held = _wait.hold(list, timeout=60, window=5)
    assert held.ok
    assert 5 <= held.held < 6


def test_a_finding_inside_the_window_starts_it_again(clock: Clock) -> None:
    held = _wait.hold(lambda: [trouble()] if 3 < clock.now < 4 else [], timeout=60, window=5)
    assert held.ok
    assert held.seconds >= 9


@pytest.mark.parametrize("severity", ["error", "unknown"])
def test_it_gives_up_at_the_deadline_with_the_last_findings(clock: Clock, severity: str) -> None:
    held = _wait.hold(lambda: [trouble(severity)], timeout=10)
    assert not held.ok
    assert [f.severity for f in held.findings] == [severity]
    assert 10 <= held.seconds < 12


def test_a_warning_does_not_hold_it_up(clock: Clock) -> None:
    assert _wait.hold(lambda: [trouble("warning")], timeout=10).ok


def test_one_reading_is_made_whatever_the_timeout(clock: Clock) -> None:
    held = _wait.hold(lambda: [trouble()], timeout=0)
    assert (held.ok, held.readings) == (False, 1)


# -- what is watched rather than read --------------------------------------------------------------------------------


class Watched:
    """Something that is right from `right` on, is seen to be so later or by a fresh look, and changes at some moments."""

    def __init__(self, clock: Clock, right: float = 0.0, known: float = 0.0, changes: tuple[float, ...] = ()) -> None:
        self.clock, self.right, self.known = clock, right, max(right, known)
        self.changes = list(changes)
        self.looks: list[tuple[float, bool]] = []

    def look(self, fresh: bool, at: float) -> Look:
        self.looks.append((at, fresh))
        past = [c for c in self.changes if c <= at]
        self.changes = [c for c in self.changes if c > at]
        if fresh and at >= self.right:
            self.known = min(self.known, at)
        findings = [] if at >= self.known else [trouble()]
        return Look(findings, [Event("restart", "s", "o", at) for _event in past], fresh)

    def rest(self, seconds: float) -> None:
        upcoming = [c - self.clock.now for c in self.changes if c > self.clock.now]
        self.clock.sleep(min([seconds, *upcoming]))


def watch(watched: Watched, timeout: float, window: float) -> Held:
    return hold_still(watched.look, timeout, window, watched.rest)


def test_the_first_look_is_fresh_and_the_only_one_without_a_window(clock: Clock) -> None:
    watched = Watched(clock)
    assert watch(watched, 0, 0).ok
    assert watched.looks == [(0.0, True)]


def test_a_fresh_look_at_the_end_of_the_window_is_the_proof(clock: Clock) -> None:
    watched = Watched(clock)
    held = watch(watched, 30, 20)
    assert (held.ok, held.held) == (True, 20.0)
    assert [fresh for _at, fresh in watched.looks] == [True, False, False, False, False, True]


def test_a_change_starts_the_window_again(clock: Clock) -> None:
    held = watch(Watched(clock, changes=(3.0, 8.0)), 30, 10)
    assert (held.ok, held.seconds) == (True, 18.0)
    assert held.stability.verdict(held.ok) == "degraded"


def test_a_window_that_began_in_time_may_end_after_the_timeout(clock: Clock) -> None:
    held = watch(Watched(clock, right=9.0), 10, 60)
    assert held.ok
    assert 69 <= held.seconds <= 71


def test_a_change_after_the_timeout_leaves_no_time_for_a_window(clock: Clock) -> None:
    held = watch(Watched(clock, changes=(12.0,)), 10, 60)
    assert (held.ok, held.seconds, held.findings) == (False, 12.0, [])
    assert held.stability.verdict(held.ok) == "unstable"


def test_before_it_gives_up_it_looks_afresh(clock: Clock) -> None:
    held = watch(Watched(clock, right=5.0, known=99.0), 10, 0)
    assert (held.ok, held.seconds) == (True, 10.0)
    held = watch(Watched(clock, right=5.0, known=99.0), 10, 5)
    assert (held.ok, held.seconds) == (True, 15.0)


def test_what_breaks_after_the_timeout_gets_no_second_window(clock: Clock) -> None:
    moments = iter([[], [], [trouble()], [], []])
    held = hold_still(lambda fresh, _at: Look(next(moments), fresh=fresh), 4, 20, clock.sleep)
    assert (held.ok, held.seconds) == (False, 10.0)


def test_it_says_since_when_something_is_wrong(clock: Clock) -> None:
    def look(_fresh: bool, at: float) -> Look:
        return Look([trouble()] if at < 4 else [Finding("y", "error", "t", "odd", hint="look")])

    held = hold_still(look, 10, 0, clock.sleep)
    assert held.words() == "[y] t: odd; do: look; so for 5 s"


@given(st.floats(0, 30), st.lists(st.floats(0, 100), max_size=6), st.floats(0, 40), st.floats(0, 40), st.floats(0, 100))
def test_it_always_ends_and_success_means_a_quiet_window(
    right: float, changes: list[float], timeout: float, window: float, known: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        watched = Watched(clock, right, known, tuple(changes))
        held = watch(watched, timeout, window)
        assert held.seconds <= timeout + window + 0.1
        assert watched.looks[-1][1]
        if held.ok:
            end = held.seconds
            assert end - window >= right - 0.1
            assert not [c for c in changes if end - window + 0.1 < c < end]
