# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does traffic really pass? Whom pods ask, and what their answers mean.

Private to this collection, may change at any time. Pure. Gateways that call themselves connected have been seen while
no pod on another node had traffic, so the question is put with TCP from pod to pod, for gateway and other nodes alike.

An answer is longer than one packet and framed by a word of this run: another server at the same address, a cut answer
and a working path are three different things.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    UNKNOWN,
    WARNING,
    Finding,
)

Json = dict[str, t.Any]

PORT = 18080
GATEWAY, OTHER, ANY = "gateway", "other", "any"
ROLES = (GATEWAY, OTHER, ANY)
MARK = "submariner-lifecycle"
WORKS, SILENT, CUT, STRANGER, UNTRIED = "works", "silent", "cut", "stranger", "untried"

BY_ADDRESS, BY_GLOBAL_ADDRESS, BY_NAME = "pod-address", "global-address", "name"
WAYS = {BY_ADDRESS: "", BY_GLOBAL_ADDRESS: " by its global address", BY_NAME: " by name"}
"""How a target is reached, and how messages say it."""

FULL, TOLD, LOST = "full", "told", "lost"

UNRESOLVED = ("resolve", "bad address", "not known", "no address associated", "name resolution", "unknown host")
"""Words by which the programs say that a name has no address."""


@dataclass(frozen=True)
class Server:
    """A pod that answers: where it is, and the word that its answer carries."""

    node: str
    role: str
    address: str
    port: int
    nonce: str
    cluster: str = ""
    by: str = BY_ADDRESS
    note: str = ""
    """What is known to be wrong with it, for the cause when it does not answer."""

    @classmethod
    def of(cls, value: Json) -> Server:
        return cls(
            node=str(value.get("node") or value["address"]),
            role=str(value.get("role") or OTHER),
            address=str(value["address"]),
            port=int(value.get("port") or PORT),
            nonce=str(value["nonce"]),
            cluster=str(value.get("cluster") or ""),
            by=str(value.get("by") or BY_ADDRESS),
            note=str(value.get("note") or ""),
        )

    @property
    def label(self) -> str:
        kind = {GATEWAY: f"gateway node {self.node}", ANY: "any node"}.get(self.role, f"node {self.node}")
        where = f" of {self.cluster}" if self.cluster else ""
        return f"{kind}{where}{WAYS[self.by]}"


@dataclass(frozen=True)
class Mtu:
    """The largest packet, in bytes, that reaches a target in one piece, of the C(full) ones that the pod can send.

    state: V(full) (a full one does), V(told) (the path says how much it takes), V(lost) (larger ones vanish without a
    word), V(untried) with the reason in C(said).
    """

    state: str
    packet: int = 0
    full: int = 0
    said: str = ""


@dataclass(frozen=True)
class Outcome:
    """One direction: from our pod on a node to a server."""

    source: Server
    target: Server
    verdict: str
    said: str = ""
    mtu: Mtu | None = None

    def as_dict(self) -> Json:
        return {
            "from_node": self.source.node,
            "from_role": self.source.role,
            "to_node": self.target.node,
            "to_role": self.target.role,
            "to_cluster": self.target.cluster,
            "by": self.target.by,
            "address": self.target.address,
            "verdict": self.verdict,
            "said": self.said,
            "mtu": asdict(self.mtu) if self.mtu else {},
        }


def lines(targets: t.Iterable[tuple[int, Server]]) -> str:
    """The targets as the scripts in the pods read them."""
    rows = [f"{number} {target.nonce} {target.port} {target.address}\n" for number, target in targets]
    return "".join(rows) + ".\n"


def _said(text: str, mark: str, kind: str) -> tuple[dict[int, list[str]], str]:
    """The words after the number of each line of C(kind); the second answer says why nothing could be asked."""
    found: dict[int, list[str]] = {}
    ended = False
    for line in text.splitlines():
        words = line.split(" ")
        if words[0] != mark:
            continue
        if words[1:2] == ["no-tool"]:
            return {}, "no-tool"
        ended = ended or words[1:2] == ["done"]
        if words[1:2] == [kind] and len(words) >= 4 and words[2].isdigit():
            found[int(words[2])] = words[3:]
    return found, "" if ended else "the script in the pod ended early"


def outcomes(text: str, mark: str) -> tuple[dict[int, tuple[str, str]], str]:
    """Verdict and words by target number; the second answer says why nothing could be asked."""
    found, cause = _said(text, mark, "target")
    if cause == "no-tool":
        cause = "no program of the image could fetch the answer of the pod's own server"
    return {number: (words[0], " ".join(words[1:]).strip()) for number, words in found.items()}, cause


def mtus(text: str, mark: str) -> tuple[dict[int, Mtu], str]:
    """What was found out about packet sizes by target number; the second answer says why nothing could be."""
    found, cause = _said(text, mark, "mtu")
    if cause == "no-tool":
        cause = "no tool in the image: neither a ping that takes -M do, nor python3"
    read: dict[int, Mtu] = {}
    for number, words in found.items():
        if len(words) == 3 and words[1].isdigit() and words[2].isdigit():
            state, packet, full = words[0], int(words[1]), int(words[2])
            read[number] = (
                Mtu(state, packet, full)
                if state in (FULL, TOLD, LOST)
                else Mtu(UNTRIED, full=full, said="no answer to a small packet")
            )
    return read, cause


def reached(text: str, mark: str) -> tuple[str, str, str]:
    """How far a connection came (V(tls), V(tcp), V(no) or V(unknown)), with which program, and its words."""
    for line in text.splitlines():
        words = line.split(" ")
        for level in ("tls", "tcp", "no"):
            if words[:2] == [mark, "reach"] and level in words[3:]:
                cut = words.index(level, 3)
                return level, " ".join(words[2:cut]), " ".join(words[cut + 1 :])
    if f"{mark} done" in text:
        return "unknown", "", "no program of the image can open a connection"
    return "unknown", "", "the script in the pod ended early"


IDS = {SILENT: "datapath.no-answer", CUT: "datapath.cut-answer", STRANGER: "datapath.wrong-answer"}
OBSERVED = {
    SILENT: "no answer",
    CUT: "the answer ends before its end",
    STRANGER: "another server answers",
}


def findings(results: t.Sequence[Outcome]) -> list[Finding]:
    """One finding per direction that does not work, with what the pattern of all of them suggests."""
    return [_failure(item, results) for item in results if item.verdict != WORKS] + _mtu_findings(results)


def _failure(item: Outcome, results: t.Sequence[Outcome]) -> Finding:
    subject = f"{item.source.label} -> {item.target.label}"
    if item.verdict not in OBSERVED:
        return Finding(
            id="datapath.not-tested",
            severity=UNKNOWN,
            subject=subject,
            observed=item.said or "not asked",
            expected="a pod on each of the two nodes reaches a pod on the other",
            hint="see that the image can be pulled and has python3, nc, socat, bash or curl",
            evidence=item.as_dict(),
        )
    unresolved = item.target.by == BY_NAME and item.verdict == SILENT and _unresolved(item.said)
    return Finding(
        id="datapath.name-not-resolved" if unresolved else IDS[item.verdict],
        severity=ERROR,
        subject=subject,
        observed=f"{item.target.address} has no address there"
        if unresolved
        else f"{OBSERVED[item.verdict]} from {item.target.address}",
        expected="a pod on each of the two nodes reaches a pod on the other",
        cause="; ".join(words for words in (item.target.note, item.said) if words),
        hint=_hint(item, results),
        evidence=item.as_dict(),
    )


def _unresolved(said: str) -> bool:
    return any(words in said.lower() for words in UNRESOLVED)


def _hint(item: Outcome, results: t.Sequence[Outcome]) -> str:
    if item.verdict == CUT:
        return "full packets are dropped on the way: lower the MTU of the pods or of the tunnel, or set its MSS clamp"
    if item.verdict == STRANGER:
        return (
            "the address belongs to something else: the clusters' CIDRs overlap, or a record leads to another cluster"
        )
    if item.target.by == BY_NAME and (_unresolved(item.said) or _reached_otherwise(item, results)):
        return (
            "service discovery does not do its part: see submariner-lighthouse-agent of both clusters, "
            "submariner-lighthouse-coredns of the asking one, and the block for clusterset.local in its CoreDNS"
        )
    alike = [o for o in results if o.target.by == item.target.by]
    between_gateways = [o for o in alike if (o.source.role, o.target.role) == (GATEWAY, GATEWAY)]
    if not any(o.verdict == WORKS for o in alike):
        return "nothing passes: see the connections, and let UDP 4500 (and ESP for IPsec) pass between the gateways"
    if between_gateways and all(o.verdict == WORKS for o in between_gateways):
        return (
            "gateways reach each other, other nodes do not: set net.ipv4.conf.all.rp_filter to 0 or 2 on the nodes, "
            "and let UDP 4800 pass between the nodes of a cluster"
        )
    return "some directions work: compare rp_filter, host firewalls and NetworkPolicies of the nodes named"


def _reached_otherwise(item: Outcome, results: t.Sequence[Outcome]) -> bool:
    """Whether the same node reaches every address of the cluster whose name does not answer."""
    by_address = [
        other.verdict
        for other in results
        if other.target.by != BY_NAME
        and (other.source.node, other.target.cluster) == (item.source.node, item.target.cluster)
    ]
    return bool(by_address) and all(verdict == WORKS for verdict in by_address)


def _mtu_findings(results: t.Sequence[Outcome]) -> list[Finding]:
    """Directions in which larger packets vanish, and one finding for each reason why that was not tried."""
    found = []
    untried: dict[str, int] = {}
    for item in results:
        mtu = item.mtu
        if mtu is None:
            continue
        if mtu.state == UNTRIED:
            untried[mtu.said] = untried.get(mtu.said, 0) + 1
        elif mtu.state == LOST:
            found.append(
                Finding(
                    id="datapath.mtu-lost",
                    severity=WARNING,
                    subject=f"{item.source.label} -> {item.target.label}",
                    observed=f"packets over {mtu.packet} bytes vanish; the pod sends up to {mtu.full}",
                    expected="a full packet passes, or its sender is told how much does",
                    cause="something on the way drops what does not fit and says nothing",
                    hint=f"let ICMP 'fragmentation needed' pass, or annotate the gateway nodes with "
                    f"submariner.io/tcp-clamp-mss={mtu.packet - 40} and restart the route agents",
                    evidence=item.as_dict(),
                )
            )
    for said, count in sorted(untried.items()):
        found.append(
            Finding(
                id="datapath.mtu-not-tested",
                severity=INFO,
                subject=f"largest packet in {count} directions",
                observed=f"not tested: {said}",
                hint="answers of over 4 KB did come through; for the exact size name another image",
            )
        )
    return found
