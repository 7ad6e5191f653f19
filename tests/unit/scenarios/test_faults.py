# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that are brought about in the lab."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from tests.scenarios import faults

SIMULATOR = pathlib.Path(faults.__file__).parents[1] / "simulator"


def test_every_finding_that_is_named_exists() -> None:
    named = {name for fault in faults.FAULTS.values() for name in fault.finds | fault.may_find}
    assert named <= set(FINDINGS)


def test_faults_of_the_simulation_are_switched_on_and_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(faults, "_kubectl", lambda _stage, _cluster, *words, **_more: asked.append(" ".join(words)))
    for name in ("gateway-frozen", "connection-error", "gateway-crash"):
        with faults.FAULTS[name].bring(t.cast("t.Any", None)):
            pass
    switched = [match.group(1) for line in asked if (match := re.search(r"--from-literal=([a-z-]+)=on$", line))]
    assert len([line for line in asked if "delete configmap" in line]) == len(switched)
    known = (SIMULATOR / "README.md").read_text().partition("## Faults")[2].partition("##")[0]
    assert set(switched) <= set(re.findall(r"^\| `([a-z-]+)` \|", known, re.MULTILINE))
