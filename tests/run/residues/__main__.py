# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the page anew: python -m tests.run.residues."""

from __future__ import annotations

from tests.run.residues.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
