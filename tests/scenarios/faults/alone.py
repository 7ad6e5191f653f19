# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault that spreads: verify names it, and nothing that it does not explain; then it is healed.

A fault that `repair` knows is healed by it, the others are taken back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.scenarios.faults.fault import Fault, look
from tests.scenarios.faults.spreading import FAULTS
from tests.scenarios.stage import ScenarioFailed, Stage

_SEEN_WITHIN = 90.0
_HEALED_WITHIN = 120.0
_CONFIRM = ("-e", "submariner_confirm=repair", "-e", "submariner_verify_window=5")


def by(name: str) -> Callable[[Stage], None]:
    fault = FAULTS[name]

    def act(stage: Stage) -> None:
        stage.ensure_whole()
        usual = look(stage)
        with fault.bring(stage):
            found = _seen(stage, fault, usual)
            stage.notes.append(f"found {', '.join(sorted(found))}")
            stage.require(sorted(found - fault.finds - fault.may_find), "verify finds nothing else")
            if fault.repair:
                stage.succeed("repair", *_CONFIRM, "-e", json.dumps(fault.options))
        _healed(stage)

    return act


def _seen(stage: Stage, fault: Fault, usual: frozenset[str]) -> frozenset[str]:
    """What verify finds as soon as it finds the fault."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while True:
        found = look(stage, fault.options) - usual
        if found >= fault.finds:
            return found
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(fault.finds - found))
            raise ScenarioFailed(f"verify does not find {missing}, but {', '.join(sorted(found)) or 'nothing'}")


def _healed(stage: Stage) -> None:
    deadline = time.monotonic() + _HEALED_WITHIN
    while complaints := stage.fleet.complaints():
        if time.monotonic() > deadline:
            stage.require(complaints, "healed")
        time.sleep(2)
