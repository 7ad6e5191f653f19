# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A picture of a run in a terminal: python -m tests.run.picture LOG PICTURE.

LOG is what `script -q -c "make demo" LOG` kept, colours included; PICTURE an SVG that loads nothing from elsewhere.
It shows what was there before, the plays with the beginning of their progress, what is there afterwards, and the verdict.
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
SHOWN = ("As the user", "The reinstall", "After", "Verdict")
"""How the headlines of the sections begin that are shown."""
PROGRESS = 3
"""Lines of progress that are shown of each play."""
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PLAY, _RECAP = "PLAY [", "PLAY RECAP"
_OF_A_HOST = re.compile(r"(east|west): ")
# What differs from machine to machine and says nothing of the run.
_PLACES = ((re.compile(r"(?<= )\S*/(?=playbooks/)"), ""), (re.compile(r"-i \S+"), "-i hosts.yml"))
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


def of_interest(lines: Iterable[str]) -> Iterator[str]:
    """Of a playbook's output the command, the plays with some of their progress, and the recap."""
    left, recap = 0, False
    for line in lines:
        text = _ANSI.sub("", line)
        recap = recap or text.startswith(_RECAP)
        if text.startswith(_PLAY):
            left = PROGRESS
        if recap or text.startswith((_HEADLINE, "$ ", _PLAY)):
            yield line
        elif _OF_A_HOST.match(text) and left:
            left -= 1
            yield line


def shown(log: str) -> Iterator[str]:
    """The lines of the picture."""
    for section in sections(log.replace("\r", "").splitlines()):
        headline = section[0].removeprefix(_HEADLINE)
        if not headline.startswith(SHOWN):
            continue
        lines = of_interest(section) if headline.startswith("The reinstall") else section
        for line in lines:
            if line.startswith("The demo took"):
                return
            for pattern, instead in _PLACES if line.startswith("$ ") else ():
                line = pattern.sub(instead, line)
            yield line


def picture(log: str) -> str:
    """The SVG of this log."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in shown(log):
        console.print(Text.from_ansi(line))
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
