# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible Galaxy would take the collection as it is built, and would say nothing against it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess

from tests.packaging.test_packaging import archive
from tests.run.environments import programs

__all__ = ["archive"]

HERE = pathlib.Path(__file__).parent


def test_galaxy_takes_it(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    folder = programs("importer", HERE / "requirements.txt")
    built = shutil.copy(archive, tmp_path)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "GALAXY_", "PYTHON"))}
    env = {
        **kept,
        "PATH": f"{folder}:{kept['PATH']}",
        "HOME": str(tmp_path),
        "GALAXY_IMPORTER_CONFIG": str(HERE / "galaxy-importer.cfg"),
    }
    command = [str(folder / "python"), "-m", "galaxy_importer.main", str(built)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Importer processing completed successfully" in said, said
    complaints = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert complaints == []
    result = json.loads((tmp_path / "importer_result.json").read_text())
    contents = {(content["content_type"], content["name"]) for content in result["contents"]}
    assert {("module", "cluster_info"), ("role", "verify"), ("inventory", "clusterset")} <= contents
