# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever wants to run something finds a guide to it, and what that says is taken."""

from __future__ import annotations

import ast
import pathlib
import re
import textwrap

import pytest
import yaml
from ansible.plugins.doc_fragments import constructed, inventory_cache

ROOT = pathlib.Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "docsite" / "rst"
GUIDES = [
    name
    for section in yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text())["sections"]
    for name in section["toctree"]
]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if not path.stem.startswith("reinstall_"))
"""But the parts of a reinstallation, which the workflow of AWX runs."""


def title(guide: str) -> str:
    return (FOLDER / f"{guide}.rst").read_text().partition(":\n\n")[2].partition("\n")[0]


def test_every_guide_is_in_the_list() -> None:
    assert sorted(GUIDES) == sorted(path.stem for path in FOLDER.glob("*.rst"))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_has_a_guide(playbook: str) -> None:
    (guide,) = [guide for guide in GUIDES if title(guide).startswith(f"{playbook}: ")]
    assert f"submariner.lifecycle.{playbook}" in (FOLDER / f"{guide}.rst").read_text()


def test_the_guide_to_the_inventory_names_options_of_the_plugin() -> None:
    plugin = ast.parse((ROOT / "plugins" / "inventory" / "clusterset.py").read_text())
    texts = [
        n.value for n in plugin.body if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "DOCUMENTATION"
    ]
    documented = [ast.literal_eval(text) for text in texts]
    documented += [part.ModuleDocFragment.DOCUMENTATION for part in (constructed, inventory_cache)]
    options = {name for text in documented for name in yaml.safe_load(text)["options"]}
    blocks = re.findall(r"code-block:: yaml\n\n((?: {3}.*\n|\n)+)", (FOLDER / "inventory.rst").read_text())
    shown = {name for block in blocks for name in yaml.safe_load(textwrap.dedent(block))}
    assert {"plugin", "broker", "nodes", "compose", "cache"} <= shown <= options
