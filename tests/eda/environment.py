# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python environment with ansible-rulebook, made once, and the Java that it needs.

Beside the one of all other tests: a dozen packages serve nothing else.
"""

from __future__ import annotations

import hashlib
import pathlib
import re
import shutil
import subprocess
import venv

from tests.run.paths import HOME

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
OLDEST_JAVA = 17


def programs() -> pathlib.Path:
    """The folder of the environment's programs."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = HOME / "venv" / f"rulebook-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", str(REQUIREMENTS)], check=True)
        (folder / "complete").touch()
    return folder / "bin"


def java() -> str:
    """What is wrong with the machine's Java; empty when it will do."""
    way_out = "install it with: apt-get install openjdk-17-jre-headless"
    if shutil.which("java") is None:
        return f"ansible-rulebook needs Java {OLDEST_JAVA}; {way_out}"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        return f"ansible-rulebook needs Java {OLDEST_JAVA}, and this one says {said.splitlines()[:1]}; {way_out}"
    return ""
