# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the documentation of modules and roles as a documentation site would read it: `python -m tests.run.docs`."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.run.cores import programs
from tests.run.paths import HOME
from tests.run.tree import lay

LINT = [
    "antsibull-docs",
    "lint-collection-docs",
    "--plugin-docs",
    "--skip-rstcheck",
    "--validate-collection-refs=all",
    ".",
]


def main() -> int:
    folder = HOME / "docs" / "tree"
    root = lay(folder)
    env = {
        **os.environ,
        # ansible-doc of an environment that has no other collections than those of the tree
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
    }
    return subprocess.run(LINT, cwd=root, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
