# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/log-lines.md from the table in plugins/module_utils/_known_lines.py: `python -m tests.run.log_lines`."""

from __future__ import annotations

from typing import Any

from tests.run.findings import ROOT, table

PAGE = ROOT / "docs" / "log-lines.md"

HEAD = """# Log lines

What `submariner.lifecycle.log_info` knows of the logs of Submariner's components. A line is of the first row, from the top,
that names its component and has one of the texts in it, whatever their case. Rows marked *broker* count only for lines about
the broker's address. A row with versions holds for these alone, as far as the version of the pod's image can be told.

No line is worse than a warning: a log tells what was. Error lines that are not here are counted and shown by `log_info`.

This page is generated from `plugins/module_utils/_known_lines.py`.

| finding | component | text | versions | meaning | what to do | severity | seen in |
|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    known, meanings = table("_known_lines"), table("_findings").FINDINGS
    return HEAD + "".join(_row(line, meanings[line.id], known.COMPONENTS) for line in known.LINES)


def _row(line: Any, meaning: str, everybody: tuple[str, ...]) -> str:
    text = " or ".join(f"`{sign}`" for sign in line.signs) + (" (*broker*)" if line.broker else "")
    versions = " ".join(
        words for words in (line.since and f"from {line.since}", line.until and f"up to {line.until}") if words
    )
    components = "all" if line.components == everybody else ", ".join(line.components)
    cells = [f"`{line.id}`", components, text, versions, meaning, line.hint, line.severity, line.source]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
