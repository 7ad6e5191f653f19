# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of global addresses, in the broker's table and in what uses them."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.scenarios.faults import objects as obj
from tests.scenarios.faults.edits import Json, patched, together
from tests.scenarios.faults.fault import MEMBER, Bring, fault
from tests.scenarios.fleet import BROKER

_ADDRESSES = ("clusterglobalegressips.submariner.io", "cluster-egress.submariner.io")
_REFUSED = [
    {
        "type": "Allocated",
        "status": "False",
        "reason": "Failed",
        "message": "no address is left",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
]


def _given(change: Callable[[dict[str, list[str]]], None]) -> Bring:
    """What the broker's table gives to whom, changed."""

    def patch(table: Json) -> Json:
        entries = json.loads(table["data"]["clusterinfo"])
        given = {entry["cluster_id"]: entry["global_cidr"] for entry in entries}
        change(given)
        text = json.dumps([{"cluster_id": owner, "global_cidr": cidrs} for owner, cidrs in given.items()])
        return {"data": {"clusterinfo": text}}

    return patched(BROKER, obj.GLOBALNET_TABLE, patch)


def _range(cidr: str) -> Bring:
    return patched(BROKER, obj.GLOBALNET_TABLE, {"data": {"globalnetCidrRange": f'"{cidr}"'}})


def _same(given: dict[str, list[str]]) -> None:
    given[MEMBER] = given[BROKER]


GLOBALNET_FAULTS = {
    "no address": fault(
        patched(MEMBER, _ADDRESSES, obj.status(conditions=_REFUSED), subresource="status"), "globalnet.not-allocated"
    ),
    "another block than given": fault(_given(lambda given: given.update({MEMBER: ["242.77.0.0/16"]})), "globalnet.not-given"),
    "one block given twice": fault(_given(_same), "globalnet.overlap", "globalnet.not-given"),
    "given to nobody": fault(
        _given(lambda given: given.update({obj.STRANGER: ["242.99.0.0/16"]})),
        "residue.allocation",
        submariner_verify_residue=True,
    ),
    "outside of the range": fault(_range("241.0.0.0/8"), "globalnet.outside"),
    "a range of pods": fault(_range("10.0.0.0/8"), "globalnet.range-in-use", "globalnet.outside"),
    "one cluster without": fault(
        together(
            patched(MEMBER, obj.SUBMARINER, obj.spec(globalCIDR=None)),
            patched(MEMBER, obj.SUBMARINER, obj.status(globalCIDR=None), subresource="status"),
        ),
        "globalnet.differs",
    ),
}  # fmt: skip
