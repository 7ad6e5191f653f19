# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python environments with one release of ansible-core and what the collection needs at run time, and nothing else.

ansible-test and ansible-doc look at every collection that they find: beside the hundred of the package `ansible` they
take minutes and a gigabyte.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
import venv

from tests.run.paths import HOME, ROOT

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


OF_THE_CORE = ("ansible", "resolvelib")
"""Packages whose version each ansible-core decides."""


def pinned() -> str:
    """The ansible-core that requirements-dev.txt pins."""
    match = re.search(r"^ansible-core==(\S+)$", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    if match is None:
        raise LookupError("requirements-dev.txt pins no ansible-core")
    return match[1]


def programs(core: str = "") -> pathlib.Path:
    """The programs of an environment with that ansible-core (2.16: its newest patch), made when it is missing."""
    release = f"{core}.*" if core else pinned()
    folder = HOME / "venv" / f"core-{core or release}-{PYTHON}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pins = (ROOT / "requirements-dev.txt").read_text().splitlines()
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pin for pin in pins if not pin.startswith(OF_THE_CORE)))
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        install += ["--constraint", str(constraints), "--requirement", str(ROOT / "requirements.txt")]
        subprocess.run([*install, f"ansible-core=={release}"], check=True)
        (folder / "complete").touch()
    return folder / "bin"
