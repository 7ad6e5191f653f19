# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Freezes requirements-dev.txt from requirements-dev.in, in a new environment: `python -m tests.run.requirements`."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import venv

from tests.run.paths import ROOT

HEADER = "# Frozen from requirements-dev.in by: make requirements\n"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(pathlib.Path(folder, "bin", "python")), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--upgrade", "--requirement", "requirements-dev.in"], cwd=ROOT, check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    (ROOT / "requirements-dev.txt").write_text(HEADER + frozen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
