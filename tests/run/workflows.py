# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the GitHub workflows and the shell in them with actionlint, a Go program: `python -m tests.run.workflows`."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from tests.lab.config import LabError
from tests.lab.golang import environment_of_go
from tests.run.paths import HOME, ROOT

ACTIONLINT = "v1.7.12"


def program() -> pathlib.Path:
    """The program, built once."""
    folder = HOME / "tools" / f"actionlint-{ACTIONLINT}"
    if not (folder / "actionlint").exists():
        install = ["go", "install", "-trimpath", f"github.com/rhysd/actionlint/cmd/actionlint@{ACTIONLINT}"]
        environment = {**environment_of_go(), "GOBIN": str(folder / "new")}
        subprocess.run(install, cwd=HOME, env=environment, check=True)
        os.replace(folder / "new" / "actionlint", folder / "actionlint")
    return folder / "actionlint"


def main() -> int:
    try:
        actionlint = program()
    except LabError as error:
        sys.exit(str(error))
    return subprocess.run([actionlint, "-no-color"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
