# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a reinstall is cut."""

from __future__ import annotations

import pytest

from tests.scenarios.interruption import POINTS
from tests.unit.scenarios.tasks import LASTING, PLAYS, TASKS


@pytest.mark.parametrize("point", POINTS)
def test_every_point_is_a_play_or_a_task_and_lasts_until_it_is_cut(point: str) -> None:
    where = POINTS[point]
    assert where.begun in (LASTING if where.seconds else TASKS | PLAYS)


def test_a_task_that_begins_others_does_not_last() -> None:
    assert "Member | join" in TASKS - LASTING
