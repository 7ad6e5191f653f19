# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wrapper runtime takes one capability out of what the engine asks for, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import oci_runtime

SETS = {
    "bounding": ["CAP_KILL", "CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"],
    "effective": ["CAP_SYS_RESOURCE"],
    "ambient": None,
}
LESS = {"bounding": ["CAP_KILL", "CAP_SYS_ADMIN"], "effective": [], "ambient": []}


def _call(tmp_path: Path, *arguments: str) -> str:
    """Run it as the engine does, with `echo` in the place of runc."""
    done = subprocess.run(
        [sys.executable, "-IS", oci_runtime.__file__, *arguments],
        env={"LAB_RUNC": "/bin/echo"}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("flags", [["--bundle", "bundle"], ["--bundle=bundle"], ["-b", "bundle"]])
def test_create_changes_the_bundle(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "bundle").mkdir()
    config = tmp_path / "bundle" / "config.json"
    config.write_text(json.dumps({"process": {"args": ["x"], "capabilities": SETS}, "root": {"path": "r"}}))
    arguments = ["--root", "/run/x", "create", *flags, "name"]
    assert _call(tmp_path, *arguments) == " ".join(arguments)
    assert json.loads(config.read_text()) == {"process": {"args": ["x"], "capabilities": LESS}, "root": {"path": "r"}}


def test_exec_changes_the_process(tmp_path: Path) -> None:
    process = tmp_path / "process.json"
    process.write_text(json.dumps({"capabilities": SETS, "cwd": "/"}))
    _call(tmp_path, "exec", "--process", "process.json", "name")
    assert json.loads(process.read_text()) == {"capabilities": LESS, "cwd": "/"}


def test_a_request_without_capabilities_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"process": {"args": ["x"]}}')
    _call(tmp_path, "run", "name")
    assert json.loads((tmp_path / "config.json").read_text()) == {"process": {"args": ["x"]}}


def test_other_commands_go_through(tmp_path: Path) -> None:
    assert _call(tmp_path, "delete", "--force", "name") == "delete --force name"
