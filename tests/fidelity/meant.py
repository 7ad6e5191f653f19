# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences between the simulation and the recordings that are meant, each with its reason."""

from __future__ import annotations

from tests.fidelity.compare import RECORDED, SIMULATED, Meant

ONE_NODE = (
    "installed",
    "west-uninstalled",
    "label-removed-first",
    "joined-as-second-id",
    "operator-killed-mid-uninstall",
)

DIFFERENCES: tuple[Meant, ...] = (
    Meant(
        reason="a pod of the person who made the recordings, started to look at the traffic from inside",
        pattern=r"Pod default net\b",
        side=RECORDED,
        states=("globalnet", "globalnet-west-uninstalled"),
    ),
    Meant(
        reason="rule 100 on west's control plane is from an earlier state of the recorded clusters",
        pattern=r"^west-other: rule 100 from all table 100$",
        side=RECORDED,
        states=("globalnet", "globalnet-west-uninstalled"),
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
        reason="the recorded metrics proxy, made by hand, never became ready on the one-node clusters",
        pattern=r"DaemonSet submariner-operator submariner-metrics-proxy field status\.number(Una|A)vailable$",
        states=ONE_NODE,
    ),
    Meant(
        reason="recorded after west had been joined as west2: its ghost and west2's credentials are still in east",
        pattern=r"^east: (Cluster|Endpoint) \S+ west|^east: \w+ submariner-k8s-broker cluster-west2",
        side=RECORDED,
        states=("operator-killed-mid-uninstall",),
    ),
    Meant(
        reason="recorded after west had been joined as west2: east still reports a connection to the ghost",
        pattern=r"^east: (Gateway|RouteAgent|Submariner) .* field status\.(gateways\[\]\.)?(connections|remoteEndpoints)\[",
        side=RECORDED,
        states=("operator-killed-mid-uninstall",),
    ),
    Meant(
        reason="recorded before the route agent's next report, which comes once a minute",
        pattern=r"RouteAgent .* field status\.remoteEndpoints\[",
        side=SIMULATED,
        states=("label-removed-first", "globalnet"),
    ),
    Meant(
        reason="the route agent's first ping of a remote gateway comes at any time within its interval",
        pattern=r"RouteAgent .* field status\.remoteEndpoints\[\]\.latencyRTT",
        side=SIMULATED,
    ),
)
