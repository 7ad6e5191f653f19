# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults by what they break: a group is looked at on one fleet, one fault after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.scenarios.faults.fault import Bring, Fault, look
from tests.scenarios.faults.globalnet import GLOBALNET_FAULTS
from tests.scenarios.faults.in_objects import (
    BROKER_FAULTS,
    ENDPOINT_FAULTS,
    GATEWAY_FAULTS,
    INSTALLATION_FAULTS,
    SERVICE_FAULTS,
)
from tests.scenarios.faults.objects import QUIET, gateway_renewed
from tests.scenarios.faults.removed import REMOVALS
from tests.scenarios.faults.spreading import switched
from tests.scenarios.stage import Stage
from tests.simulator.gateway.status import FROZEN_FAULT

_SEEN_WITHIN = 60.0


@dataclass(frozen=True)
class Group:
    faults: dict[str, Fault]
    around: tuple[Bring, ...] = QUIET
    """What keeps the components from mending what they find."""
    state: str = "healthy"
    """Of the lab, in which it is looked at."""


GROUPS: dict[str, Group] = {
    "broker": Group(BROKER_FAULTS),
    "endpoints": Group(ENDPOINT_FAULTS, (*QUIET, gateway_renewed)),
    "gateways": Group(GATEWAY_FAULTS, (*QUIET, switched(FROZEN_FAULT))),
    "installation": Group(INSTALLATION_FAULTS),
    "services": Group(SERVICE_FAULTS, state="service-exported"),
    "globalnet": Group(GLOBALNET_FAULTS, state="globalnet"),
    "removed": Group(REMOVALS, ()),
}


def of(name: str) -> Callable[[Stage], None]:
    group = GROUPS[name]

    def act(stage: Stage) -> None:
        if group.state == "healthy":
            stage.ensure_whole()
        else:
            stage.damage(group.state)
        failed = []
        with ExitStack() as around:
            for one in group.around:
                around.enter_context(one(stage))
            usual = _calm(stage)
            for what, fault in group.faults.items():
                stage.say(f"fault: {what}")
                with fault.bring(stage):
                    complaint = _mismatch(stage, fault, usual)
                if complaint:
                    failed.append(f"{what}: {complaint}")
        stage.notes.append(f"{len(group.faults)} faults")
        stage.require(failed, "verify finds each fault and nothing else")

    return act


def _calm(stage: Stage) -> frozenset[str]:
    """What is found without a fault, as soon as two looks agree."""
    before = look(stage)
    deadline = time.monotonic() + _SEEN_WITHIN
    while (now := look(stage)) != before and time.monotonic() < deadline:
        before = now
    return now


def _mismatch(stage: Stage, fault: Fault, usual: frozenset[str]) -> str:
    """What is still missing or too much after a while; empty as soon as it is right. The fault before may fade slowly."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while True:
        found = look(stage, fault.options) - usual
        missing, others = fault.finds - found, found - fault.finds - fault.may_find
        if not missing and not others:
            return ""
        if time.monotonic() > deadline:
            words = {"does not find": missing, "finds, too,": others}
            return "; ".join(f"verify {what} {', '.join(sorted(ids))}" for what, ids in words.items() if ids)
