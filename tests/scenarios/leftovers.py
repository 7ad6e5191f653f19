# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a removal left, as a stranger sees it: nothing of the collection is used here."""

from __future__ import annotations

from tests.scenarios import foreign, judge, nodes
from tests.scenarios.fleet import Fleet


def left(fleet: Fleet) -> list[str]:
    """What a stranger would call Submariner's on a cluster or a node, without what was planted and what upstream leaves, too."""
    found = [
        f"{cluster}: {judge.name_of(item)}"
        for cluster, items in fleet.objects().items()
        for item in items
        if judge.of_submariner(item) and item["kind"] != "Event" and foreign.MARK not in judge.name_of(item)
    ]
    for node, dump in fleet.nodes().items():
        found += [f"{node}: {line}" for line in nodes.of_submariner(dump) if foreign.MARK not in line]
    return found
