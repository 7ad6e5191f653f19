# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every finding."""

from __future__ import annotations

import pathlib
import re

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS

TESTS = pathlib.Path(__file__).parents[2]
NAMED = re.compile(r"(?<![\w.-])[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*(?![\w-])")


def test_every_finding_is_named_by_a_test() -> None:
    said = {word for path in TESTS.rglob("test_*.py") for word in NAMED.findall(path.read_text())}
    assert set(FINDINGS) - said == set()
