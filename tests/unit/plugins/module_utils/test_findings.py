# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of findings is complete and its page is current."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from tests.run.findings import PAGE, page

PLUGINS = Path(__file__).parents[4] / "plugins"
ROLES = Path(__file__).parents[4] / "roles"
AREAS = sorted({name.split(".")[0] for name in FINDINGS})
ID = re.compile(rf'"((?:{"|".join(AREAS)})\.[a-z0-9-]+)"')
GIVEN = re.compile(r"^ *id: (\S+)$", re.MULTILINE)
NOT_FINDINGS = {"submariner.lifecycle", "submariner.io", "preflight.json"}


def used() -> set[str]:
    """Every string in the code that has the form of a finding id, and every id that a role gives itself."""
    found: set[str] = set()
    for path in PLUGINS.rglob("*.py"):
        if path.name != "_findings.py":
            found |= set(ID.findall(path.read_text()))
    for path in ROLES.glob("*/vars/**/*.yml"):
        found |= set(GIVEN.findall(path.read_text()))
    return found - NOT_FINDINGS


def test_every_finding_of_the_code_is_in_the_table() -> None:
    assert used() - set(FINDINGS) == set()


def test_every_finding_of_the_table_is_in_the_code() -> None:
    assert set(FINDINGS) - used() == set()


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.run.findings"
