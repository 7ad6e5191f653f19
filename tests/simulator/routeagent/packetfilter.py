# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains, rules and sets of the route agent."""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass

from tests.simulator import names

LOCAL_CIDRS = "SUBMARINER-LOCALCIDRS"
REMOTE_CIDRS = "SUBMARINER-REMOTECIDRS"
LINK = "vx-submariner"

log = logging.getLogger("packetfilter")


def run(*argv: str) -> bool:
    """Whether the command succeeded; what it says otherwise goes to the log."""
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode:
        log.debug("%s: %s", " ".join(argv), result.stderr.strip())
    return result.returncode == 0


def iptables(*argv: str) -> bool:
    return run("iptables", "-w", "5", *argv)


@dataclass(frozen=True)
class Chain:
    """A chain of ours and the jump that leads to it."""

    table: str
    hook: str
    name: str
    first: bool = True  # where in the hook the jump stands
    match: tuple[str, ...] = ()

    @property
    def jump(self) -> tuple[str, ...]:
        return (*self.match, "-j", self.name)

    def ensure(self) -> None:
        iptables("-t", self.table, "-N", self.name)
        if not iptables("-t", self.table, "-C", self.hook, *self.jump):
            iptables("-t", self.table, "-I" if self.first else "-A", self.hook, *self.jump)

    def remove(self) -> None:
        iptables("-t", self.table, "-F", self.name)
        iptables("-t", self.table, "-D", self.hook, *self.jump)
        iptables("-t", self.table, "-X", self.name)

    def add(self, *rule: str) -> None:
        if not iptables("-t", self.table, "-C", self.name, *rule):
            iptables("-t", self.table, "-A", self.name, *rule)

    def delete(self, *rule: str) -> None:
        iptables("-t", self.table, "-D", self.name, *rule)


NAT = Chain("nat", "POSTROUTING", "SUBMARINER-POSTROUTING")
INPUT = Chain("filter", "INPUT", "SUBMARINER-INPUT", first=False, match=("-p", "udp", "-m", "udp"))
FORWARD = Chain("filter", "FORWARD", "SUBMARINER-FORWARD")
MANGLE = Chain("mangle", "POSTROUTING", "SUBMARINER-POSTROUTING")


def install(cni_address: str) -> None:
    """Everything that does not depend on Endpoints."""
    for chain in (NAT, INPUT, FORWARD, MANGLE):
        chain.ensure()
    INPUT.add("-p", "udp", "--dport", str(names.INTRA_CLUSTER_VXLAN_PORT), "-j", "ACCEPT")
    FORWARD.add("-o", LINK, "-j", "ACCEPT")
    if cni_address:
        NAT.add("-s", "240.0.0.0/8", "-o", LINK, "-j", "SNAT", "--to-source", cni_address)
    for cidrs in (REMOTE_CIDRS, LOCAL_CIDRS):
        run("ipset", "create", cidrs, "hash:net", "-exist")
    for source, destination in ((LOCAL_CIDRS, REMOTE_CIDRS), (REMOTE_CIDRS, LOCAL_CIDRS)):
        sets = ("-m", "set", "--match-set", source, "src", "-m", "set", "--match-set", destination, "dst")
        MANGLE.add("-p", "tcp", *sets, "--tcp-flags", "SYN,RST", "SYN", "-j", "TCPMSS", "--clamp-mss-to-pmtu")


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
