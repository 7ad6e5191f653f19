# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that the modules share which test the network from pods of ours; private, may change at any time."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run:
    description:
      - Word that ties the calls of one test together, lower case letters and digits. V(absent) without it removes what
        all runs left.
    type: str
    default: ''
attributes:
  check_mode:
    support: full
    details:
      - The test needs its pods, also in check mode. They do not count as a change.
  diff_mode:
    support: none
    details:
      - The pods are no part of the cluster's state.
  idempotent:
    support: full
"""
