# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of a run in a terminal: python -m tests.run.picture LOG PICTURE.

LOG is what `script -q -c "make demo" LOG` kept, colours included; PICTURE an SVG that loads nothing from elsewhere.
Long sections are shown by their beginning and their end, and say how many lines were left out.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 128
FIRST, LAST = 4, 14
"""Lines of a section that are shown."""
_HEADLINE = "== "
_TERMINAL = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{unique_id}">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def sections(lines: Iterable[str]) -> Iterator[list[str]]:
    """Each begins with its headline; what stands before the first one is left out."""
    section: list[str] = []
    for line in lines:
        if line.startswith(_HEADLINE):
            if section:
                yield section
            section = []
        if section or line.startswith(_HEADLINE):
            section.append(line)
    if section:
        yield section


def shortened(section: list[str], first: int = FIRST, last: int = LAST) -> list[str]:
    """Its beginning and its end, without empty lines at the end."""
    while section and not section[-1].strip():
        section = section[:-1]
    left_out = len(section) - first - last
    if left_out < 2:
        return section
    return [*section[:first], f"    ... {left_out} lines ...", *section[-last:]]


def picture(log: str) -> str:
    """The SVG of this log."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    text = re.sub(r"^Script .*$", "", log.replace("\r\n", "\n"), flags=re.MULTILINE)
    for section in sections(text.splitlines()):
        for line in [*shortened(section), ""]:
            console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis")
    return console.export_svg(title="make demo", theme=MONOKAI, code_format=_TERMINAL, unique_id="run")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    log, target = map(Path, arguments)
    target.write_text(picture(log.read_text(errors="replace")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
