# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name and shows what it is waiting for meanwhile."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.action.cleanup import ActionModule

__all__ = ["ActionModule"]
