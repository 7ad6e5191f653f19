# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that verify needs, found out by watching it: docs/verify-clusterrole.yml and docs/verify-rights.md."""

from __future__ import annotations

import pathlib
import sys

# As pytest does: the checkout is a collection.
sys.path.append(str(pathlib.Path(__file__).parents[2] / "playbooks" / "collections"))
