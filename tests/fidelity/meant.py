# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences between the simulation and the recordings that are meant, each with its reason."""

from __future__ import annotations

from tests.fidelity.compare import RECORDED, SIMULATED, Meant

DIFFERENCES: tuple[Meant, ...] = (
    Meant(
        reason="the recorded clusters exported a Service; the simulated lighthouse exports nothing yet",
        pattern=r"Service(Import|Export) |default web|default/web| default |submariner-k8s-broker web",
        side=RECORDED,
        states=("healthy-two-nodes",),
    ),
    Meant(
        reason="recorded while the namespace was still going; the lab's state is compared when it has gone or is going",
        pattern=r"^west: \w+ submariner-operator ",
        states=("label-removed-first",),
    ),
    Meant(
        reason="recorded while the namespace was still going",
        pattern=r"^west: Namespace submariner-operator",
        states=("label-removed-first",),
    ),
    Meant(
        reason="the lab joins without --clustercidr and --servicecidr; what discovery finds is in the status",
        pattern=r"field spec\.(clusterCIDR|serviceCIDR)$",
        states=("installed",),
    ),
    Meant(
        reason="the route agent's first ping of a remote gateway comes at any time within its interval",
        pattern=r"RouteAgent .* field status\.remoteEndpoints\[\]\.latencyRTT",
        side=SIMULATED,
    ),
)
