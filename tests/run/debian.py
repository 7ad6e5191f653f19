# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's packages that some tests need, and that are larger than what all the others do: only those tests install them."""

from __future__ import annotations

import os
import shutil
import subprocess


def require(programs: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """Install the packages unless all their programs are there."""
    if all(shutil.which(name) for name in programs):
        return
    words = f"{', '.join(programs)}: not all of these are there; apt-get install {' '.join(packages)}"
    if os.geteuid() != 0:
        raise RuntimeError(words)
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words}\n{done.stderr}")
