# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables on stdout, in subctl's layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = bool | int | str | Sequence[str] | None


@dataclass(frozen=True)
class Column:
    """A column's title and, if it has one, its greatest width."""

    name: str
    limit: int = 0


@dataclass
class Table:
    """Rows under titles; a table without rows prints nothing."""

    columns: Sequence[Column]
    rows: list[list[str]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        self.rows.append([_text(cell) for cell in cells])

    def __str__(self) -> str:
        if not self.rows:
            return ""
        widths = [self._width(index) for index in range(len(self.columns))]
        lines = [[column.name for column in self.columns], *self.rows]
        return "".join(
            "".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)) + "\n" for line in lines
        )

    def _width(self, index: int) -> int:
        column = self.columns[index]
        # Lengths count bytes, as in Go: a column with "264.427µs" is one wider than it need be.
        lengths = [len(row[index].encode()) for row in self.rows]
        if column.limit:
            lengths = [min(length, column.limit) for length in lengths]
        return max([len(column.name), *lengths])


def _pad(cell: str, width: int) -> str:
    return f"{cell[:width]:<{width + 3}}"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (str, int)):
        return str(cell)
    return ", ".join(cell)
