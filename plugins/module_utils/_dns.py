# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lighthouse's block in a Corefile (submariner.md 2.4); pure. Private to this collection, may change at any time."""

from __future__ import annotations

START, END = "lighthouse-start", "lighthouse-end"


def has_block(corefile: str) -> bool:
    """Whether a marker line of lighthouse is there, paired or not."""
    return any(START in line or END in line for line in corefile.splitlines())


def without_block(corefile: str) -> str | None:
    """The Corefile without the blocks between the marker lines; None when the markers do not come in pairs."""
    kept: list[str] = []
    inside = False
    for line in corefile.splitlines(keepends=True):
        if START in line:
            if inside:
                return None
            inside = True
        elif END in line:
            if not inside:
                return None
            inside = False
        elif not inside:
            kept.append(line)
    return None if inside else "".join(kept)


def forward_address(corefile: str) -> str:
    """The address that lighthouse's block forwards to; empty without one."""
    inside = False
    for line in corefile.splitlines():
        inside = (inside or START in line) and END not in line
        words = line.split()
        if inside and len(words) >= 3 and words[0] == "forward":
            return words[2]
    return ""
