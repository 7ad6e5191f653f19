# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes all of them anew: python -m tests.rights."""

from __future__ import annotations

from tests.rights import needed, page, roles

if __name__ == "__main__":
    found = roles.needs()
    roles.ROLES.write_text(roles.text(roles.roles(found)))
    page.PAGE.write_text(page.page(page.missing(found)))
    needed.PAGE.write_text(needed.page())
