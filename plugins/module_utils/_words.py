# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many names in few words. Pure. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t


def some(names: t.Sequence[str], most: int = 5, between: str = ", ") -> str:
    """The first C(most) of them, and how many more there are."""
    first, more = between.join(names[:most]), len(names) - most
    if more <= 0:
        return first
    return f"{first}{' ' if between == ', ' else between}and {more} more"
