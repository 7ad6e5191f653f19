# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection driven as its users drive it, on the lab's clusters, and judged without its own code."""

from __future__ import annotations

import pathlib
import sys

# As pytest does: the checkout is a collection, whose tables scenarios read.
sys.path.append(str(pathlib.Path(__file__).parents[2] / "playbooks" / "collections"))
