# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a cluster of the lab counts as working."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lab.clusters import renewed

AT = datetime(2026, 11, 24, 18, 45, 10, tzinfo=UTC)
FRESH, STALE = "2026-11-24T18:45:05.709684Z", "2026-11-24T18:44:10.709684Z"


@pytest.mark.parametrize(
    ("times", "works"),
    [((FRESH, FRESH), True), ((FRESH, STALE), False), ((FRESH,), False), ((FRESH, ""), False), ((), False)],
)
def test_controllers_run_when_each_renewed_its_lease_just_now(times: tuple[str, ...], works: bool) -> None:
    assert renewed([{"spec": {"renewTime": time} if time else {}} for time in times], AT) is works
