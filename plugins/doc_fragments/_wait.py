# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that the modules share which wait for one member; private, may change at any time."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cluster_id:
    description: ID of the member.
    type: str
    required: true
  joined:
    description: IDs that must be there now, normally those of all members joined so far.
    type: list
    elements: str
    required: true
  inventory:
    description:
      - IDs of all members of the inventory. A record of one of these that is not in O(joined) is a ghost; a record of any
        other ID is a cluster that others manage, and is expected like the joined ones.
    type: list
    elements: str
    default: []
  broker:
    required: true
  timeout:
    description:
      - Seconds within which all must become right, so that O(window) can begin, the first time or anew after something
        changed. The module returns after O(timeout) plus O(window) seconds at the latest, but for an API server that is slow
        to answer. At V(0) there is one reading.
    type: int
  window:
    description:
      - Seconds for which everything must stay right, and nothing may change, without a break. A container that restarts, a
        pod, an Endpoint or a Gateway that goes or is replaced, a connection that changes its status, a lease that changes
        hands or a workload with fewer ready pods starts it again. At V(0) one reading decides.
    type: int
notes:
  - Both clusters are listed once and then watched; where watching is not allowed, or breaks, they are listed again. Before the
    module says that all is well, and before it gives up, everything is listed anew.
"""
