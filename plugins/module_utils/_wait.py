# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until checks find nothing wrong, and keep finding nothing. Private, may change at any time."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, UNKNOWN, Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._stability import Event, Stability

PAUSE = 0.7
"""Seconds between two readings when nothing tells that there is news."""

LOOK = 5.0
"""Seconds after which what is watched is judged again although there is no news."""


@dataclass
class Look:
    """What one look showed. C(fresh): all of it was read for this look."""

    findings: list[Finding]
    events: list[Event] = field(default_factory=list)
    fresh: bool = True

    @property
    def wrong(self) -> list[Finding]:
        return [f for f in self.findings if f.severity in (ERROR, UNKNOWN)]


Looker = t.Callable[[bool, float], Look]
"""Looks, with a fresh reading of everything if asked for one; is told the seconds since the wait began."""


@dataclass
class Held:
    """How a wait ended: the findings of the last look and for how long there was no error among them."""

    ok: bool
    findings: list[Finding]
    held: float
    seconds: float
    readings: int
    stability: Stability
    since: dict[str, float] = field(default_factory=dict)
    """Line of a finding -> seconds for which it has stood."""

    def words(self) -> str:
        """What is left, each with how long it has been so."""
        lines = [(f.line(), self.since.get(_key(f), 0.0)) for f in Look(self.findings).wrong]
        return "; ".join(f"{line}; so for {seconds:.0f} s" if seconds >= 1 else line for line, seconds in lines)


def hold(check: t.Callable[[], list[Finding]], timeout: float, window: float = 0.0) -> Held:
    """Like hold_still, for a C(check) that reads everything itself, over and over."""
    return hold_still(lambda _fresh, _at: Look(check()), timeout, window, lambda left: time.sleep(min(left, PAUSE)))


def hold_still(look: Looker, timeout: float, window: float, rest: t.Callable[[float], object]) -> Held:
    """Look until there is no error, nothing unknown and no change for C(window) seconds without a break.

    C(timeout) bounds the time until that window begins, the first time or anew after something changed: the wait lasts for
    C(timeout) and C(window) together at most, but for a reading under way. Right at the first look with C(window) 0, it is
    the only one. Whatever is said at the end comes from a fresh reading. C(rest) returns on news, or after the seconds.
    """
    progress = Progress(timeout + window)
    stability = Stability(window)
    start = time.monotonic()
    began: float | None = None  # the time by which the running window counts as begun
    since: dict[str, float] = {}
    readings, asked, fresh = 0, 0.0, True
    while True:
        seen = look(fresh, time.monotonic() - start)
        readings += 1
        now = time.monotonic() - start
        stability.see(now, seen.findings, seen.events)
        since = {_key(f): since.get(_key(f), now) for f in seen.wrong}
        before, began = began, None if stability.since is None else asked if stability.since == now else began
        quiet = stability.quiet(now)
        done = began is not None and quiet >= window
        if done or (now >= timeout and (began is None or began > timeout)):
            if seen.fresh:
                standing = {line: now - at for line, at in since.items()}
                return Held(done, seen.findings, quiet, now, readings, stability, standing)
            # A fresh look at the timeout is the last chance, unless it was a window that broke after it.
            fresh, asked = True, timeout if began is None and before is None else now
            continue
        progress.say(_left(seen.wrong) if began is None else _watching(window, stability))
        rest(max(0.01, min(LOOK, timeout - now if began is None else window - quiet)))
        fresh, asked = False, time.monotonic() - start


def _key(finding: Finding) -> str:
    return f"{finding.id} {finding.subject}"


def _left(wrong: list[Finding]) -> str:
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{wrong[0].subject}: {wrong[0].observed}{more}"


def _watching(window: float, stability: Stability) -> str:
    last = f"; last change: {stability.events[-1].subject}" if stability.troubled else ""
    return f"all well, watching for {window:.0f} s that it stays so{last}"
