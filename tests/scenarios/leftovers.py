# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a removal left, as a stranger sees it: nothing of the collection is used here."""

from __future__ import annotations

from tests.scenarios import foreign, judge, nodes
from tests.scenarios.fleet import Fleet, within

_GOING_LIMIT = 60.0


def left(fleet: Fleet) -> list[str]:
    """What a stranger would call Submariner's, without what was planted.

    The collection's own namespace may take a moment to go after the end of a run.
    """
    found = _left(fleet)
    own = f"Namespace {judge.OWN_NAMESPACE}"
    return within(lambda: _left(fleet), _GOING_LIMIT) if found and all(own in line for line in found) else found


def _left(fleet: Fleet) -> list[str]:
    found = [
        f"{cluster}: {judge.name_of(item)}"
        for cluster, items in fleet.objects().items()
        for item in items
        if judge.of_submariner(item) and item["kind"] != "Event" and foreign.MARK not in judge.name_of(item)
    ]
    for node, dump in fleet.nodes().items():
        found += [f"{node}: {line}" for line in nodes.of_submariner(dump) if foreign.MARK not in line]
    return found
