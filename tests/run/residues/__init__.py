# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/residues.md from the catalogue and plugins/module_utils/_residues.py: `python -m tests.run.residues`."""

from __future__ import annotations

import pathlib
import sys

# As pytest does: the checkout is a collection.
sys.path.append(str(pathlib.Path(__file__).parents[3] / "playbooks" / "collections"))
