# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Java that ansible-rulebook needs."""

from __future__ import annotations

import re
import subprocess

from tests.run.debian import require

OLDEST = 17
PACKAGE = "openjdk-17-jre-headless"


def trouble() -> str:
    """What is wrong with the machine's Java, which is installed where there is none; empty when it will do."""
    require(("java",), (PACKAGE,))
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < OLDEST:
        way_out = f"apt-get install {PACKAGE}"
        return f"ansible-rulebook needs Java {OLDEST}, and this one says {said.splitlines()[:1]}; install it: {way_out}"
    return ""
