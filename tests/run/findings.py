# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/findings.md from the table in plugins/module_utils/_findings.py: `python -m tests.run.findings`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "findings.md"
TABLES = ROOT / "plugins" / "module_utils"

HEAD = """# Findings

What `preflight`, `verify`, `repair`, `evict`, `upgrade`, `uninstall`, the waits and the event source report. Each finding has a
stable id, a severity (`error`, `warning`, `unknown`, `info`), what was observed and expected, the cause where it is known, and
what to do. The verdict is `fail` with an
error, else `unknown` with a question unanswered, else `degraded` with a warning, else `pass`.

This page is generated from `plugins/module_utils/_findings.py`.

| id | meaning |
|---|---|
"""


def table(name: str) -> ModuleType:
    """A file of plain data, wherever this runs: it needs no collection to be installed."""
    spec = importlib.util.spec_from_file_location(f"table{name}", TABLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def page() -> str:
    """The whole page."""
    findings = table("_findings").FINDINGS
    return HEAD + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in sorted(findings.items()))


if __name__ == "__main__":
    PAGE.write_text(page())
