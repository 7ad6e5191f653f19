# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the event source and the rulebooks say what the code does."""

from __future__ import annotations

import pathlib
import re
import runpy
import typing as t

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _standing, _vigil
from tests.unit.eda.conftest import SOURCE

ROOT = pathlib.Path(__file__).parents[3]
RULEBOOKS = sorted((ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "events.rst").read_text()


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def test_the_options() -> None:
    source = runpy.run_path(str(SOURCE))
    documented = yaml.safe_load(source["DOCUMENTATION"])["options"]
    spec = {name: {k: o[k] for k in ("type", "required", "default") if k in o} for name, o in documented.items()}
    assert spec == _vigil.ARGUMENTS
    (example,) = yaml.safe_load(source["EXAMPLES"])
    assert set(example["submariner.lifecycle.clusterset"]) <= set(_vigil.ARGUMENTS)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook(path: pathlib.Path) -> None:
    (ruleset,) = load(path)
    (source,) = ruleset["sources"]
    assert set(source["submariner.lifecycle.clusterset"]) <= set(_vigil.ARGUMENTS)
    named = {rule["name"]: set(re.findall(r'"([a-z]+\.[a-z-]+)"', rule["condition"])) for rule in ruleset["rules"]}
    ids = named["Verify"]
    assert ids <= set(FINDINGS)
    assert named.get("Open the workflow", ids) == ids
    listed = GUIDE.partition('"A record too many" is one of')[2].partition(". One run")[0]
    assert ids == set(re.findall(r"``([a-z.-]+)``", listed))
    assert re.search(rf"^``submariner\.lifecycle\.{path.stem}`` ", GUIDE, re.MULTILINE)
    variables = set(re.findall(r"{{ (\w+) }}", path.read_text()))
    taken = next(line for line in GUIDE.splitlines() if line.startswith("Both take ``broker``"))
    both, _stop, own = taken.partition(". ")
    told = re.findall(r"``(\w+)``", both + (own if own.startswith(f"``{path.stem}``") else ""))
    assert variables <= set(told)


def test_the_types_of_events() -> None:
    rows = set(re.findall(r"^``(\w+)`` ", GUIDE.partition("\nTypes of events\n")[2], re.MULTILINE))
    assert rows == {*_standing.OVER, *_standing.OVER.values()}
