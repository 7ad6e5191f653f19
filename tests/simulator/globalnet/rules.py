# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globalnet's chains in the table nat of a gateway node, as recorded."""

from __future__ import annotations

from tests.simulator.iptables import Chain
from tests.simulator.routeagent.packetfilter import NAT as POSTROUTING

MARK = "0xc0000/0xc0000"

INGRESS = Chain("nat", "PREROUTING", "SUBMARINER-GN-INGRESS")
EGRESS = Chain("nat", POSTROUTING.name, "SUBMARINER-GN-EGRESS")
MARKING = Chain("nat", EGRESS.name, "SUBMARINER-GN-MARK", first=False)
CLUSTER = Chain("nat", EGRESS.name, "SM-GN-EGRESS-CLUSTER", first=False)
# In the order of their jumps; those between the first and the last are for what is not simulated.
EGRESS_PARTS = (
    MARKING,
    *(
        Chain("nat", EGRESS.name, f"SM-GN-EGRESS-{what}", first=False)
        for what in ("PODS", "HDLS-PODS", "HDLS-EPS", "NS")
    ),
    CLUSTER,
)


def prepare() -> None:
    """What every gateway node has, whether it is the active one or not."""
    Chain("nat", "", MARKING.name).ensure()


def install() -> None:
    """What the active gateway node has before any address is given."""
    for chain in (INGRESS, POSTROUTING, EGRESS, *EGRESS_PARTS):
        chain.ensure()


def flush() -> None:
    """When the node is the active gateway no longer."""
    for chain in (INGRESS, EGRESS, MARKING):
        chain.flush()


def uninstall() -> None:
    """Everything, in an order in which no chain is referred to any more when it goes."""
    for chain in (INGRESS, EGRESS, *EGRESS_PARTS):
        chain.flush()
    for chain in (INGRESS, *EGRESS_PARTS, EGRESS):
        chain.remove()


def mark(network: str, present: bool) -> None:
    """Traffic to another cluster's global network is marked, and so gets a global address."""
    change = MARKING.add if present else MARKING.delete
    change("-d", network, "-j", "MARK", "--set-xmark", MARK)


def cluster_egress(source: str, first: str, last: str, present: bool) -> None:
    """Marked traffic from a network of ours gets one of the cluster's global addresses."""
    change = CLUSTER.add if present else CLUSTER.delete
    change("-s", source, "-m", "mark", "--mark", MARK, "-j", "SNAT", "--to-source", f"{first}-{last}")


def health_check(global_ip: str, cni_ip: str, present: bool) -> None:
    """Pings of the gateway's global address reach its address in the pods' network."""
    change = INGRESS.add if present else INGRESS.delete
    change("-d", f"{global_ip}/32", "-p", "icmp", "-j", "DNAT", "--to-destination", cni_ip)
