# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables for a terminal."""

from __future__ import annotations

import typing as t


def table(title: str, head: t.Sequence[str], rows: t.Sequence[t.Sequence[object]]) -> str:
    """The first column is text and stands left, the others are figures and stand right."""
    cells = [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
    return "\n".join([f"== {title}", lines[0], "-" * len(lines[0]), *lines[1:], ""])
