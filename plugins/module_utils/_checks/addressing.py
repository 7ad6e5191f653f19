# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses over the fleet: pod, service and global CIDRs; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import (
    UNKNOWN,
    Fleet,
    Host,
    Intent,
    words,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    WARNING,
    Finding,
    Json,
    mapping,
    text,
)

STRANGER = " (in no inventory)"

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class Block(t.NamedTuple):
    """A CIDR of somebody."""

    owner: str
    network: Network


def check_addressing(fleet: Fleet) -> list[Finding]:
    """Clusters share no addresses, unless Globalnet stands between them."""
    findings = _unseen(fleet)
    if not globalnet_wanted(fleet):
        sure = shared_blocks([*_blocks(fleet.in_play, routed=fleet.intent is None), *_registered(fleet)])
        findings += [_overlap(pair, shared) for pair, shared in sure if not all(o.endswith(STRANGER) for o in pair)]
        if fleet.intent:
            known = {pair for pair, _shared in sure}
            likely = shared_blocks(_blocks(fleet.in_play, likely=True))
            findings += [_overlap(pair, shared, likely=True) for pair, shared in likely if pair not in known]
    return findings + _nodes_inside(fleet) + _ranges(fleet)


def _overlap(pair: tuple[str, str], shared: set[str], likely: bool = False) -> Finding:
    return Finding(
        "addressing.overlap",
        WARNING if likely else ERROR,
        f"clusters {pair[0]} and {pair[1]}",
        f"{'seem to ' if likely else ''}overlap: {', '.join(sorted(shared))}",
        "disjoint pod and service CIDRs",
        cause="pod CIDRs are not visible; those of the nodes, or of Calico's pools, stand for them" if likely else "",
        hint="set submariner_globalnet: true, or give one cluster other CIDRs",
    )


def _nodes_inside(fleet: Fleet) -> list[Finding]:
    """No node stands in what another cluster uses for pods and services: packets to it would take the tunnel."""
    if fleet.intent is None or fleet.intent.verb == "uninstall" or globalnet_wanted(fleet):
        return []
    blocks = _blocks(fleet.in_play)
    findings = []
    for host in fleet.in_play:
        for address in sorted(host.identity.addresses):
            place = network_of(address)
            inside = [b for b in blocks if b.owner != host.name and _inside(place, b.network)]
            if inside:
                findings.append(
                    Finding(
                        "addressing.node-inside",
                        WARNING,
                        f"{host.name}: node address {address}",
                        f"lies in {inside[0].network} of {inside[0].owner}",
                        "nodes outside of the pod and service CIDRs of all clusters",
                        cause="what is sent to that node from the other cluster would stay there",
                        hint="give that cluster other CIDRs",
                    )
                )
                break
    return findings


def _ranges(fleet: Fleet) -> list[Finding]:
    """The ranges that a new broker would give addresses from are in nobody's use."""
    intent = fleet.intent
    if intent is None or intent.verb == "uninstall":
        return []
    wanted = {"the global range": intent.globalnet_range, "the range of clusterset IPs": intent.clusterset_range}
    ranges = [Block(name, n) for name, n in ((name, network_of(cidr)) for name, cidr in wanted.items()) if n]
    found = shared_blocks([*ranges, *_blocks(fleet.in_play)]) if ranges else []
    return _too_small(intent) + [
        Finding(
            "globalnet.range-in-use" if "the global range" in pair else "clusterset-ip.range-in-use",
            ERROR if "the global range" in pair and "the range of clusterset IPs" not in pair else WARNING,
            f"{pair[0]} and {pair[1]}",
            f"overlap: {', '.join(sorted(shared))}",
            "ranges that no cluster uses for pods or services",
            hint="set submariner_globalnet_cidr_range or submariner_clusterset_ip_cidr_range to another range",
        )
        for pair, shared in found
        if set(pair) & set(wanted)
    ]


def _too_small(intent: Intent) -> list[Finding]:
    whole = network_of(intent.globalnet_range)
    if whole is None or whole.num_addresses >= intent.globalnet_size:
        return []
    return [
        Finding(
            "globalnet.range-too-small",
            ERROR,
            f"the global range {whole}",
            f"holds {whole.num_addresses} addresses, and each cluster is to get {intent.globalnet_size}",
            "a range that holds the addresses of all clusters",
            cause="subctl refuses to make such a broker",
            hint="set submariner_globalnet_cidr_range to a larger one, or submariner_globalnet_cluster_size to fewer",
        )
    ]


def check_global_addresses(fleet: Fleet) -> list[Finding]:
    """Globalnet is on for all or for none, and gave each cluster addresses of its own."""
    return _settings(fleet) + _global_cidrs(fleet)


def globalnet_wanted(fleet: Fleet) -> bool:
    """As the user says, else as the broker says."""
    if fleet.globalnet is not None:
        return fleet.globalnet
    return fleet.broker is not None and fleet.broker.globalnet.get("enabled") is True


def shared_blocks(blocks: t.Sequence[Block]) -> list[tuple[tuple[str, str], set[str]]]:
    """Pairs of owners with what they share: one pass over the blocks in the order of their first addresses."""
    found: dict[tuple[str, str], set[str]] = {}
    open_blocks: list[Block] = []
    for block in sorted(blocks, key=lambda b: (b.network.version, int(b.network.network_address))):
        first, version = int(block.network.network_address), block.network.version
        open_blocks = [
            b for b in open_blocks if b.network.version == version and int(b.network.broadcast_address) >= first
        ]
        for other in open_blocks:
            if other.owner != block.owner:
                one, two = sorted((other, block), key=lambda b: b.owner)
                same = one.network == two.network
                shared = str(one.network) if same else f"{one.network} and {two.network}"
                found.setdefault((one.owner, two.owner), set()).add(shared)
        open_blocks.append(block)
    return sorted(found.items())


def network_of(cidr: str) -> Network | None:
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def _blocks(hosts: t.Iterable[Host], likely: bool = False, routed: bool = False) -> list[Block]:
    """The blocks of each cluster, with C(likely) also such as stand for them, with C(routed) those of its Endpoint.

    Of hosts that are one cluster the first one's.
    """
    found, seen = [], set()
    for host in hosts:
        if host.uid and host.uid in seen:
            continue
        seen.add(host.uid)
        cidrs = [*host.pod_cidrs, *host.service_cidrs, *(host.likely_pod_cidrs if likely else ())]
        networks = {network_of(c) for c in [*cidrs, *(s for e in host.own if routed for s in e.subnets)]}
        found += [Block(host.name, n) for n in networks if n is not None]
    return found


def _registered(fleet: Fleet) -> list[Block]:
    """The blocks of clusters that the broker knows and no host is: what is joined beside them must not share theirs."""
    uninstall = fleet.intent is not None and fleet.intent.verb == "uninstall"
    if fleet.broker is None or uninstall or any(h.state == UNKNOWN for h in fleet.hosts):
        return []  # a host that was not read may be one of them
    found: set[tuple[str, str]] = set()
    for cluster_id in fleet.unmanaged:
        owner = cluster_id + STRANGER
        found |= {(owner, s) for e in fleet.broker.by_id.get(cluster_id, []) for s in e.subnets}
        found |= {(owner, s) for c in fleet.broker.clusters if c.cluster_id == cluster_id for s in c.cluster_cidr}
    return [Block(owner, network) for owner, cidr in found if (network := network_of(cidr)) is not None]


def _unseen(fleet: Fleet) -> list[Finding]:
    """What is compared with nothing: CIDRs that are none, and such as nobody shows."""
    return [f for host in fleet.in_play for f in (*_wrong_cidrs(host), *_hidden(host))]


def _wrong_cidrs(host: Host) -> list[Finding]:
    return [
        Finding(
            "addressing.unseen",
            WARNING,
            f"{host.name}: {cidr}",
            f"is among its {what} CIDRs and is none",
            "an address and a length, like 10.0.0.0/16",
            hint=f"set submariner_{option} to what the cluster uses, or correct it there",
        )
        for what, option, cidrs in _cidrs_of(host)
        for cidr in cidrs
        if network_of(cidr) is None
    ]


def _hidden(host: Host) -> list[Finding]:
    hidden = [(what, option) for what, option, cidrs in _cidrs_of(host) if not cidrs]
    if not hidden or not host.knows("control-plane"):
        return []
    if len(hidden) > 1:
        what, why = "pod and service", "no kube-apiserver pod in kube-system"
        cause = "the control plane runs outside of the cluster"
        hint = "the operator's network discovery may need that pod (it fails for ever on Kubernetes 1.36 without it)"
    elif hidden[0][0] == "pod" and host.likely_pod_cidrs:
        return []  # these are compared instead
    else:
        what, why, cause = hidden[0][0], "no pod of the control plane is told them", ""
        hint = f"set submariner_{hidden[0][1]}, which a join is given, too"
    observed = f"its {what} CIDRs are not visible: {why}"
    return [
        Finding("addressing.unseen", WARNING, host.name, observed, "CIDRs that can be compared", cause=cause, hint=hint)
    ]


def _cidrs_of(host: Host) -> tuple[tuple[str, str, list[str]], ...]:
    """Each kind of CIDRs: in a word, as an option, and what there is."""
    return ("pod", "cluster_cidr", host.pod_cidrs), ("service", "service_cidr", host.service_cidrs)


def _settings(fleet: Fleet) -> list[Finding]:
    """Globalnet is a setting of the broker, fixed when it is made; a member with another one reaches nobody (3.4 R11)."""
    table: Json = fleet.broker.globalnet if fleet.broker else {}
    if not table:
        return []
    enabled = table.get("enabled") is True
    findings = []
    if fleet.globalnet is not None and fleet.globalnet != enabled and fleet.installed:
        findings.append(
            Finding(
                "globalnet.differs",
                ERROR,
                f"broker on {fleet.broker_host}",
                f"has Globalnet {_on(enabled)}",
                f"{_on(fleet.globalnet)}, as submariner_globalnet says",
                cause="the setting stays as it was when the broker was made (subctl#30)",
                hint="reinstall, or set submariner_globalnet as the broker has it",
            )
        )
    for host in fleet.installed:
        if bool(words(host.digest.get("global_cidrs"))) != enabled:
            findings.append(
                Finding(
                    "globalnet.differs",
                    ERROR,
                    f"cluster {host.label}",
                    f"was joined with Globalnet {_on(not enabled)}",
                    f"{_on(enabled)}, as on the broker",
                    hint="join it again",
                )
            )
    return findings


def _on(enabled: bool) -> str:
    return "on" if enabled else "off"


def _global_cidrs(fleet: Fleet) -> list[Finding]:
    """Global CIDRs lie in the broker's range, overlap nothing, and are the ones that the broker gave."""
    table: Json = fleet.broker.globalnet if fleet.broker else {}
    if table.get("enabled") is not True:
        return []
    whole = network_of(text(table.get("range")))
    given = {str(k): words(v) for k, v in mapping(table.get("given")).items()}
    findings = []
    for host in fleet.installed:
        own = words(host.digest.get("global_cidrs"))
        outside = [c for c in own if whole is not None and not _inside(network_of(c), whole)]
        if outside:
            findings.append(
                _wrong("globalnet.outside", host, f"global CIDR {', '.join(outside)}", f"a part of {whole}")
            )
        if own and host.id in given and set(own) != set(given[host.id]):
            findings.append(
                _wrong("globalnet.not-given", host, f"uses {', '.join(own)}", f"{', '.join(given[host.id])} as given")
            )
        elif own and host.id and host.id not in given:
            expected = "an entry in the broker's table, without which another cluster may be given the same"
            findings.append(_wrong("globalnet.not-given", host, f"uses {', '.join(own)}", expected, WARNING))
    used = {h.id: words(h.digest.get("global_cidrs")) for h in fleet.installed if h.id}
    for (one, other), shared in shared_blocks([*_of_ids(given), *_of_ids(used)]):
        findings.append(
            Finding(
                "globalnet.overlap",
                ERROR,
                f"{one} and {other}",
                f"were given, or use, the same global addresses: {', '.join(sorted(shared))}",
                "a global CIDR for each cluster",
                hint="join one of them again with another --globalnet-cidr",
            )
        )
    if whole is not None:
        in_use = [Block("the global range", whole), *_blocks(fleet.in_play)]
        for (one, other), shared in shared_blocks(in_use):
            if "the global range" in (one, other):
                findings.append(
                    Finding(
                        "globalnet.range-in-use",
                        ERROR,
                        f"{one} and {other}",
                        f"overlap: {', '.join(sorted(shared))}",
                        "a global range that no cluster uses for pods or services",
                        hint="make the broker again with another submariner_globalnet_cidr_range",
                    )
                )
    return findings


def _of_ids(cidrs: t.Mapping[str, t.Iterable[str]]) -> list[Block]:
    return [Block(f"cluster {i}", n) for i, found in cidrs.items() for n in map(network_of, found) if n is not None]


def _wrong(finding: str, host: Host, observed: str, expected: str, severity: str = ERROR) -> Finding:
    return Finding(finding, severity, f"cluster {host.label}", observed, expected, hint="join it again")


def _inside(network: Network | None, whole: Network) -> bool:
    if network is None or network.version != whole.version:
        return False
    return int(whole.network_address) <= int(network.network_address) and int(network.broadcast_address) <= int(
        whole.broadcast_address
    )
