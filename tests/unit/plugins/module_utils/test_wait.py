# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until checks hold."""

from __future__ import annotations

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _wait
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding


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
