# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about residues is current and complete, and says the same as the code."""

from __future__ import annotations

import re

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import ENTRIES
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import STAGES
from ansible_collections.submariner.lifecycle.plugins.module_utils._residues import ON_NODES, RESIDUES
from tests.run.residues.page import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.run.residues"


def test_every_number_has_one_row() -> None:
    rows = re.findall(r"^\| R(\d+) \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 30)]


def test_every_row_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in PAGE.read_text().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells


def test_what_the_catalogue_has_is_told_by_it_and_all_else_in_words() -> None:
    with_entries = {int(e.residue[1:]) for e in ENTRIES if e.residue}
    assert with_entries <= set(RESIDUES)
    for number, residue in RESIDUES.items():
        told = bool(residue.known and residue.order)
        assert told is (number not in with_entries), f"R{number}"
        assert residue.what
        assert residue.done


def test_every_stage_has_words_and_entries() -> None:
    assert {e.stage for e in ENTRIES} == set(STAGES)
    assert sorted(STAGES) == list(STAGES)


def test_all_that_is_looked_for_on_nodes_is_named() -> None:
    named = {name for row in ON_NODES for name in row.names}
    tables = {v for k, v in vars(_node_plan).items() if k.endswith(("_TABLE", "_SET"))} - {_node_plan.GLOBALNET_SET}
    names = (_node_plan.VXLAN_IDS, _node_plan.OVS_LINKS, _node_plan.CHAINS, _node_plan.NFT_TABLES)
    assert named == {_node_plan.WIREGUARD, *tables, *(name for group in names for name in group)}
