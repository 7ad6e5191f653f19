# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains, rules and sets of the route agent."""

from __future__ import annotations

from tests.simulator import names
from tests.simulator.iptables import Chain, run

LOCAL_CIDRS = "SUBMARINER-LOCALCIDRS"
REMOTE_CIDRS = "SUBMARINER-REMOTECIDRS"
LINK = "vx-submariner"

NAT = Chain("nat", "POSTROUTING", "SUBMARINER-POSTROUTING")
INPUT = Chain("filter", "INPUT", "SUBMARINER-INPUT", first=False, match=("-p", "udp", "-m", "udp"))
FORWARD = Chain("filter", "FORWARD", "SUBMARINER-FORWARD")
MANGLE = Chain("mangle", "POSTROUTING", "SUBMARINER-POSTROUTING")


def install(cni_address: str, fixed_mss: int = 0) -> None:
    """Everything that does not depend on Endpoints. Without a fixed MSS that of the path is taken."""
    for chain in (NAT, INPUT, FORWARD, MANGLE):
        chain.ensure()
    INPUT.add("-p", "udp", "--dport", str(names.INTRA_CLUSTER_VXLAN_PORT), "-j", "ACCEPT")
    FORWARD.add("-o", LINK, "-j", "ACCEPT")
    if cni_address:
        NAT.add("-s", "240.0.0.0/8", "-o", LINK, "-j", "SNAT", "--to-source", cni_address)
    for cidrs in (REMOTE_CIDRS, LOCAL_CIDRS):
        run("ipset", "create", cidrs, "hash:net", "-exist")
    mss = ("--set-mss", str(fixed_mss)) if fixed_mss else ("--clamp-mss-to-pmtu",)
    for source, destination in ((LOCAL_CIDRS, REMOTE_CIDRS), (REMOTE_CIDRS, LOCAL_CIDRS)):
        sets = ("-m", "set", "--match-set", source, "src", "-m", "set", "--match-set", destination, "dst")
        MANGLE.add("-p", "tcp", *sets, "--tcp-flags", "SYN,RST", "SYN", "-j", "TCPMSS", *mss)


def uninstall() -> None:
    """What the recorded uninstall takes away; SUBMARINER-FORWARD and its jump stay."""
    for chain in (NAT, INPUT, MANGLE):
        chain.remove()
    for cidrs in (LOCAL_CIDRS, REMOTE_CIDRS):
        run("ipset", "flush", cidrs)
        run("ipset", "destroy", cidrs)


def allow(cluster_cidr: str, remote: str, present: bool) -> None:
    """Traffic between our pods and a remote network keeps its addresses."""
    change = NAT.add if present else NAT.delete
    change("-s", cluster_cidr, "-d", remote, "-j", "ACCEPT")
    change("-s", remote, "-d", cluster_cidr, "-j", "ACCEPT")


def set_entry(cidrs: str, network: str, present: bool) -> None:
    run("ipset", "add" if present else "del", cidrs, network, "-exist")
