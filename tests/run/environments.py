# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python environments beside the one of all tests, for programs whose packages serve nothing else; each is made once."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import venv

from tests.run.paths import HOME


def programs(name: str, requirements: pathlib.Path) -> pathlib.Path:
    """The folder of the programs of an environment with these packages."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    folder = HOME / "venv" / f"{name}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", str(requirements)], check=True)
        (folder / "complete").touch()
    return folder / "bin"
