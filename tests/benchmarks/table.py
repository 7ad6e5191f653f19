# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables for a terminal, for Markdown and for programs."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Figures of one part: the first column is text, the others are figures; notes say what to think of them."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.head))]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
            )
            for row in cells
        ]
        return "\n".join([f"== {self.title}", lines[0], "-" * len(lines[0]), *lines[1:], *self.notes, ""])

    def markdown(self) -> str:
        head, *rows = self._cells()
        lines = [head, ["---", *("---:" for _cell in head[1:])], *rows]
        written = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([f"## {self.title}", "", *written, "", *self.notes, ""])

    def record(self) -> dict[str, t.Any]:
        named = [{"": row[0], **dict(zip(self.head[1:], row[1:], strict=True))} for row in self.rows]
        return {"title": self.title, "rows": named, "notes": list(self.notes)}

    def _cells(self) -> list[list[str]]:
        return [
            [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in (self.head, *self.rows)
        ]


def table(title: str, head: t.Sequence[str], rows: t.Sequence[t.Sequence[object]], *notes: str) -> Table:
    return Table(title, tuple(head), tuple(tuple(row) for row in rows), notes)
