# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Java that ansible-rulebook needs."""

from __future__ import annotations

import re
import shutil
import subprocess

OLDEST = 17


def trouble() -> str:
    """What is wrong with the machine's Java; empty when it will do."""
    way_out = "install it with: apt-get install openjdk-17-jre-headless"
    if shutil.which("java") is None:
        return f"ansible-rulebook needs Java {OLDEST}; {way_out}"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < OLDEST:
        return f"ansible-rulebook needs Java {OLDEST}, and this one says {said.splitlines()[:1]}; {way_out}"
    return ""
