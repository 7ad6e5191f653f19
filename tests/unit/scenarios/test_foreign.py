# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the judge of foreign things sees of the labels that a user gave to gateway nodes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.scenarios import foreign
from tests.scenarios.fleet import Reading
from tests.scenarios.judge import Json


def node(name: str, **labels: str) -> Json:
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {f"submariner.io/{key}": value for key, value in labels.items()}},
    }  # fmt: skip


class Read:
    """A fleet of west alone, that is read as it is told."""

    def __init__(self, *items: Json) -> None:
        self.items = [*items]

    def read(self) -> Reading:
        return Reading({"west": [*self.items]}, {})

    def foreign(self) -> foreign.Foreign:
        return foreign.plant_of(cast("Any", self))


BEFORE = (node("a"), node("b", gateway="true"), node("c", gateway="false"))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (BEFORE, []),
        (reversed(BEFORE), []),
        ((node("a"), node("b"), BEFORE[2]), ["west: labelled as gateways c=false, were b=true, c=false"]),
        ((node("a"), node("b"), node("c")), ["west: labelled as gateways none, were b=true, c=false"]),
        (
            (node("a", gateway="true"), *BEFORE[1:]),
            ["west: labelled as gateways a=true, b=true, c=false, were b=true, c=false"],
        ),
    ],
)
def test_a_label_of_a_user_that_goes_moves_or_is_joined_by_another_is_told(after: Any, said: list[str]) -> None:
    fleet = Read(*BEFORE)
    others = fleet.foreign()
    fleet.items = [*after]
    assert others.changes() == said
