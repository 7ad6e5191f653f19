# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures about speed and memory, printed beside what was asked for; nothing here fails for being slow."""

from __future__ import annotations

import pathlib
import sys

# As pytest does: the checkout is a collection.
sys.path.append(str(pathlib.Path(__file__).parents[2] / "playbooks" / "collections"))
