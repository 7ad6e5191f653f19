# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things stand: the checkout, and everything that is kept outside it."""

from __future__ import annotations

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = pathlib.Path(os.environ.get("SUBMARINER_LAB_HOME") or pathlib.Path.home() / ".cache" / "submariner-lifecycle")
LOGS = HOME / "logs"
