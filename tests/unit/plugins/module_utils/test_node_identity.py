# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which machine is taken for a node: never another one, and never one of which too little is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_identity as node_identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_identity import Identity, plain

NODE = Identity("west-worker", "0c2f", "4c4c-0042")
HOST = "WEST-worker.example.com"


@pytest.mark.parametrize(
    ("node", "machine", "cause"),
    [
        (NODE, NODE, ""),
        (NODE, Identity("ip-10-0-0-7", "0c2f", "4c4c-0042"), ""),
        (NODE, Identity(HOST, "0c2f", ""), ""),
        (NODE, Identity(HOST, "", "4c4c-0042"), ""),
        (replace(NODE, system_uuid=""), Identity(HOST, "0c2f", "4c4c-0042"), ""),
        (NODE, Identity(HOST, "0c2f", "4c4c-0043"), "its system UUID is 4c4c-0043, the node's is 4c4c-0042"),
        (NODE, Identity(HOST, "0c30", "4c4c-0042"), "its machine ID is 0c30"),
        (NODE, Identity("controller", "0c2f", ""), "its name is controller"),
        (NODE, Identity(HOST), "can be compared"),
        (Identity("west-worker"), Identity(HOST, "0c2f", "4c4c-0042"), "can be compared"),
    ],
)
def test_marks_that_agree(node: Identity, machine: Identity, cause: str) -> None:
    said = node.not_the_same(machine)
    assert (cause in said) if cause else not said


MARKS = st.sampled_from(["", "a", "b"])


@given(MARKS, MARKS, MARKS, MARKS, st.booleans())
def test_no_machine_with_another_identifier_and_none_without_any(
    wanted_id: str, wanted_uuid: str, found_id: str, found_uuid: str, same_name: bool
) -> None:
    node = Identity("west", wanted_id, wanted_uuid)
    machine = Identity("west" if same_name else "east", found_id, found_uuid)
    pairs = [(a, b) for a, b in ((wanted_id, found_id), (wanted_uuid, found_uuid)) if a and b]
    proven = not node.not_the_same(machine)
    assert proven == (all(a == b for a, b in pairs) and len(pairs) + same_name >= 2 and bool(pairs))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("4C4C4544-0042\n", "4c4c4544-0042"),
        ("vm-uuid\0", "vm-uuid"),
        ("uninitialized\n", ""),
        ("Not Settable", ""),
        ("00000000-0000-0000-0000-000000000000", ""),
        (None, ""),
    ],
)
def test_identifiers_that_were_never_set_are_none(said: str | None, meant: str) -> None:
    assert plain(said) == meant


def test_this_machine_is_read_from_the_files_of_the_kubelet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "unset").write_text("uninitialized\n")
    (tmp_path / "bus").write_text("0C2F\n")
    files = {"machine_id": (f"{tmp_path}/unset", f"{tmp_path}/bus"), "system_uuid": (f"{tmp_path}/absent",)}
    monkeypatch.setattr(node_identity, "FILES", files)
    machine = Identity.of_this_machine()
    assert (machine.machine_id, machine.system_uuid) == ("0c2f", "")


def test_a_node_as_its_kubelet_reported_it() -> None:
    info = {"machineID": "0C2F", "systemUUID": "4C4C-0042", "bootID": "1"}
    assert Identity.of_node({"metadata": {"name": "west-worker"}, "status": {"nodeInfo": info}}) == NODE
    assert Identity.of_node({}) == Identity("")
