# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do Submariner's ports come through from node to node? Who asks whom, and what the answers mean.

Private to this collection, may change at any time. Pure. Every question carries a word of its own and every answer the
responder's, so that silence can be told apart by what the responder heard: either the question did not arrive, or its answer
did not come back.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    UNKNOWN,
    WARNING,
    Finding,
)

Json = dict[str, t.Any]

OPEN, TAKEN, IN_USE, UNTRIED = "open", "taken", "in-use", "untried"
"""States of a port at the node that shall answer; V(in-use) is by Submariner itself."""
ANSWERED, STRANGER, REFUSED, HELD_BACK, NO_ROUTE, SILENT = (
    "answered",
    "stranger",
    "refused",
    "held-back",
    "no-route",
    "silent",
)
BEST_FIRST = (ANSWERED, STRANGER, REFUSED, HELD_BACK, NO_ROUTE, SILENT, TAKEN, IN_USE, UNTRIED)
"""Of several addresses of one node the best counts: Submariner, too, needs only one."""

WORDS = {
    "connection refused": REFUSED,
    "not permitted": HELD_BACK,
    "permission denied": HELD_BACK,
    "network is unreachable": NO_ROUTE,
    "network unreachable": NO_ROUTE,
    # What a node without IPv6 says of it.
    "cannot assign requested address": NO_ROUTE,
    "address family not supported": NO_ROUTE,
    # Within a second this is no missing neighbour, but a firewall or router that says so.
    "no route to host": REFUSED,
    "host is unreachable": REFUSED,
}
"""What programs say of an error, in lower case."""


@dataclass(frozen=True)
class Listener:
    """A port at a responder; C(said) tells who holds it, or why nothing could be opened there."""

    name: str
    protocol: str
    port: int
    state: str = OPEN
    said: str = ""

    @classmethod
    def of(cls, value: Json) -> Listener:
        """Raises TypeError or ValueError for what is none."""
        return cls(**{**value, "name": _known(value.get("name")), "port": int(value.get("port") or 0)})

    @property
    def label(self) -> str:
        return f"{self.protocol.upper()} {self.port or ''}".strip()


@dataclass(frozen=True)
class Responder:
    """A node that answers: where it is, the word of its answers, and its ports."""

    cluster: str
    node: str
    role: str
    addresses: tuple[str, ...]
    nonce: str
    listeners: tuple[Listener, ...] = ()

    @classmethod
    def of(cls, value: Json) -> Responder:
        return cls(
            cluster=str(value.get("cluster") or ""),
            node=str(value.get("node") or ""),
            role=str(value.get("role") or ports.OTHER),
            addresses=tuple(str(address) for address in value.get("addresses") or ()),
            nonce=str(value.get("nonce") or ""),
            listeners=tuple(Listener.of(item) for item in value.get("listeners") or ()),
        )

    def as_dict(self) -> Json:
        return {**asdict(self), "addresses": list(self.addresses), "listeners": [vars(item) for item in self.listeners]}

    @property
    def label(self) -> str:
        return _label(self.cluster, self.node, self.role)


def _known(name: t.Any) -> str:
    if name not in ports.OPENED:
        raise ValueError(f"'{name}' is no name of a port")
    return str(name)


def _label(cluster: str, node: str, role: str) -> str:
    kind = "gateway node" if role == ports.GATEWAY else "node"
    return f"{kind} {node}{f' of {cluster}' if cluster else ''}"


@dataclass(frozen=True)
class Question:
    """One port of one responder at one address, asked from one node with a word that nobody else uses."""

    target: Responder
    listener: Listener
    address: str
    word: str

    def line(self, number: int) -> str:
        """As the script in the pod reads it."""
        item = self.listener
        return f"{number} {item.protocol} {item.port} {self.address} {self.target.nonce} {self.word}\n"


@dataclass(frozen=True)
class Result:
    """One direction of one port. tried: verdict by address; words: those of its questions."""

    from_cluster: str
    from_node: str
    from_role: str
    to_cluster: str
    to_node: str
    to_role: str
    name: str
    protocol: str
    port: int
    address: str
    verdict: str
    said: str = ""
    words: tuple[str, ...] = ()
    tried: t.Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Json) -> Result:
        """Raises TypeError or ValueError for what is none."""
        given = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        given["name"], given["port"] = _known(value.get("name")), int(value.get("port") or 0)
        given["words"], given["tried"] = tuple(value.get("words") or ()), dict(value.get("tried") or {})
        if given.get("verdict") not in BEST_FIRST or not isinstance(given.get("protocol"), str):
            raise ValueError("no verdict of a protocol")
        return cls(**given)

    def as_dict(self) -> Json:
        return {**vars(self), "words": list(self.words), "tried": dict(self.tried)}

    @property
    def label(self) -> str:
        port = Listener(self.name, self.protocol, self.port).label
        source = _label(self.from_cluster, self.from_node, self.from_role)
        return f"{source} -> {_label(self.to_cluster, self.to_node, self.to_role)}, {port} ({self.name})"

    @property
    def internal(self) -> bool:
        return ports.BY_NAME[self.name].source == ports.CLUSTER


def is_asked(source: Responder, target: Responder, name: str) -> bool:
    """Whether the table of ports has traffic from C(source) to that port of C(target)."""
    port = ports.BY_NAME.get(name)
    if port is None or not port.nodes or (source.cluster, source.node) == (target.cluster, target.node):
        return False
    roles = {source.role, target.role}
    if port.source == ports.CLUSTER:
        return source.cluster == target.cluster and ports.GATEWAY in roles
    return source.cluster != target.cluster and roles == {ports.GATEWAY}


def listeners(said: t.Sequence[Listener], links: t.Collection[str], agents: t.Collection[str]) -> list[Listener]:
    """C(said) with what Submariner itself holds told apart from what others hold."""
    return [
        Listener(item.name, item.protocol, item.port, IN_USE, item.said)
        if item.state == TAKEN and _is_submariners(item, links, agents)
        else item
        for item in said
    ]


def _is_submariners(item: Listener, links: t.Collection[str], agents: t.Collection[str]) -> bool:
    """By the program that holds it; what the kernel holds, or nobody can name, by the links and programs around it."""
    program = item.said.partition(" ")[2]
    if program.startswith("submariner-"):
        return True
    if program == "pluto":  # of libreswan, which others use, too
        return bool(agents)
    if program in ("kernel", "unknown"):
        tunnels = {"vx-submariner"} if item.name == "vxlan" else {"vxlan-tunnel", "submariner"}
        return bool(tunnels & set(links)) or (program == "unknown" and bool(agents))
    return False


@dataclass
class State:
    """What a responder's node says: its ports, and what of Submariner is there."""

    listeners: list[Listener]
    links: list[str]
    agents: list[str]
    starting: bool = False
    ended: bool = False


def state(text: str, mark: str, wanted: t.Sequence[Listener]) -> State:
    """The answer of C(state_script), for the ports that were C(wanted)."""
    said: dict[tuple[str, str], str] = {}
    found = State([], [], [])
    for words in _lines(text, mark):
        if words[0] == "port" and len(words) >= 4:
            said[words[1], words[2]] = " ".join(words[3:])
        elif words[0] in ("link", "agent") and len(words) == 2:
            (found.links if words[0] == "link" else found.agents).append(words[1])
        elif words[0] == "done":
            found.ended = True
    for item in wanted:
        what, _space, rest = said.get((item.protocol, str(item.port)), "starting").partition(" ")
        found.starting = found.starting or what == "starting"
        kind = {"serving": OPEN, "taken": TAKEN}.get(what, UNTRIED)
        cause = rest or ("" if kind == OPEN else "no program of the image answers there")
        found.listeners.append(Listener(item.name, item.protocol, item.port, kind, cause))
    found.listeners = listeners(found.listeners, found.links, found.agents)
    return found


def _lines(text: str, mark: str) -> t.Iterator[list[str]]:
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == mark:
            yield words[1:]


def heard(text: str, mark: str) -> set[str] | None:
    """Words of the questions that came in; None when the script did not come to its end."""
    found = list(_lines(text, mark))
    if ["done"] not in found:
        return None
    return {words[1] for words in found if words[0] == "heard" and len(words) == 2}


def answers(text: str, mark: str) -> tuple[dict[int, tuple[str, str, str]], str]:
    """Tool, what came (V(ours), V(other), V(none), V(untried)) and its words, by number; then why nothing could be asked."""
    found: dict[int, tuple[str, str, str]] = {}
    ended = False
    for words in _lines(text, mark):
        if words[0] == "no-tool":
            return {}, "no program of the image fetches the answer of its own node's port"
        ended = ended or words[0] == "done"
        if words[0] == "target" and len(words) >= 4 and re.fullmatch("[0-9]+", words[1]):
            found[int(words[1])] = (words[2], words[3], " ".join(words[4:]))
    return found, "" if ended else "the script in the pod ended early"


def classify(got: str, said: str) -> str:
    """The verdict on one question, from what came back and what the program said of it."""
    if got in ("ours", "other", "untried"):
        return {"ours": ANSWERED, "other": STRANGER, "untried": UNTRIED}[got]
    return next((verdict for words, verdict in WORDS.items() if words in said.lower()), SILENT)


def one_result(source: Responder, asked: t.Sequence[tuple[Question, str, str]]) -> Result:
    """The result of one direction from its questions, each with verdict and words: the best address counts."""
    question, verdict, said = min(asked, key=lambda item: BEST_FIRST.index(item[1]))
    target, item = question.target, question.listener
    return Result(
        from_cluster=source.cluster,
        from_node=source.node,
        from_role=source.role,
        to_cluster=target.cluster,
        to_node=target.node,
        to_role=target.role,
        name=item.name,
        protocol=item.protocol,
        port=item.port,
        address=question.address,
        verdict=verdict,
        said=said,
        words=tuple(question.word for question, _verdict, _said in asked),
        tried={question.address: verdict for question, verdict, _said in asked},
    )


# -- findings --------------------------------------------------------------------------------------------------------

IDS = {
    SILENT: "port.filtered",
    REFUSED: "port.refused",
    STRANGER: "port.stranger",
    NO_ROUTE: "port.no-route",
    HELD_BACK: "port.held-back",
}
OBSERVED = {
    SILENT: "no answer from {0}",
    REFUSED: "rejected by {0}, or on the way to it",
    STRANGER: "something else answers at {0}",
    NO_ROUTE: "no route to {0}",
    HELD_BACK: "the asking node does not let it out to {0}",
}


def local_findings(here: Responder, evidence: str = "") -> list[Finding]:
    """What stands in the way at the responder's own node; C(evidence) is what else is known where Submariner runs."""
    found = []
    for item in here.listeners:
        subject = f"{here.label}, {item.label} ({item.name})"
        process, _space, program = item.said.partition(" ")
        if item.state == TAKEN:
            who = {"kernel": "the kernel itself, for a link", "unknown": "a program that could not be named"}
            named = who.get(program, f"{program} (process {process})")
            found.append(
                Finding(
                    id="port.taken",
                    severity=ERROR,
                    subject=subject,
                    observed=f"taken by {named}",
                    expected="free for Submariner",
                    cause="another program on the node uses the port",
                    hint=_other_port(item.name),
                    evidence=vars(item) | {"node": here.node},
                )
            )
        elif item.state == IN_USE:
            found.append(
                Finding(
                    id="port.in-use",
                    severity=INFO,
                    subject=subject,
                    observed="in use by Submariner, so not tried" + (f"; {evidence}" if evidence else ""),
                    hint="what passes between running gateways is shown by verify",
                    evidence=vars(item) | {"node": here.node},
                )
            )
        elif item.state == UNTRIED:
            found.append(_not_tested(subject, item.said, INFO if item.protocol == ports.ESP else UNKNOWN))
    return found


def _other_port(name: str) -> str:
    if name == ports.NATT:
        return "stop it, or set submariner_nattport to a free port for the whole fleet"
    return "stop it, or give it another port"


def _not_tested(subject: str, cause: str, severity: str = UNKNOWN) -> Finding:
    return Finding(
        id="port.not-tested",
        severity=severity,
        subject=subject,
        observed="not tested",
        cause=cause,
        hint="set submariner_nettest_image to an image with python3, or with bash and ncat, that the nodes can pull",
    )


def findings(
    results: t.Sequence[Result], cluster: str | None = None, arrived: t.Collection[str] | None = None
) -> list[Finding]:
    """One finding per direction that does not work, of those to C(cluster) when it is given.

    C(arrived) holds the words that its responders heard, None when that is not known.
    """
    return [
        _failure(item, results, arrived)
        for item in results
        if item.verdict not in (ANSWERED, TAKEN, IN_USE) and cluster in (None, item.to_cluster)
    ]


def _failure(item: Result, results: t.Sequence[Result], arrived: t.Collection[str] | None) -> Finding:
    if item.verdict not in IDS:
        return _not_tested(item.label, item.said, INFO if item.protocol == ports.ESP else UNKNOWN)
    back = [
        other
        for other in results
        if (other.from_cluster, other.to_cluster, other.name) == (item.to_cluster, item.from_cluster, item.name)
        and other.verdict == ANSWERED
    ]
    one_way = not item.internal and bool(back)
    bearable = item.protocol == ports.ESP or one_way
    return Finding(
        id=IDS[item.verdict],
        severity=WARNING if bearable else ERROR,
        subject=item.label,
        observed=OBSERVED[item.verdict].format(", ".join(item.tried) or item.address),
        expected="the question is answered by the pod on that node",
        cause=_cause(item, arrived),
        hint=_hint(item, one_way),
        evidence=item.as_dict(),
    )


def _cause(item: Result, arrived: t.Collection[str] | None) -> str:
    if item.verdict != SILENT:
        return item.said
    if arrived is None:
        return "dropped on the way there or back"
    if any(word in arrived for word in item.words):
        return f"the question arrived; what {item.to_node} answers is dropped on the way back to {item.from_node}"
    return f"the question did not arrive: dropped between {item.from_node} and {item.to_node}, or by a firewall of {item.to_node}"


def _hint(item: Result, one_way: bool) -> str:
    port = Listener(item.name, item.protocol, item.port).label
    if item.protocol == ports.ESP:
        return f"let {port} pass, or set submariner_force_udp_encaps to true, so that IPsec goes through UDP alone"
    if item.verdict == STRANGER:
        return "the address is another machine's, or a port forwarding leads elsewhere: compare the node's addresses"
    if item.verdict == HELD_BACK:
        return f"let {port} out in the firewall of {item.from_node}"
    words = [
        f"let {port} from {item.from_node} reach {item.to_node}: firewall of the node (playbook firewall), security groups, routers"
    ]
    if not item.internal and all(_is_private(address) for address in item.tried):
        words.append(
            "only private addresses of it are known: if there is NAT between them, that is why; annotate the node with "
            "gateway.submariner.io/public-ip"
        )
    if one_way:
        words.append(
            "the other direction works, which is enough for a tunnel while that gateway is the one that begins"
        )
    return "; ".join(words)


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
