# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node's tools print, as typed records. Private to this collection, may change at any time.

Pure: no Ansible, no Kubernetes. Every parser takes the text of one tool and either understands all of it that
matters here or raises Unreadable; nothing is guessed, because what is read decides what is deleted.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
import typing as t
from dataclasses import dataclass, field, replace

Json = dict[str, t.Any]

TABLE_NAMES = {"255": "local", "254": "main", "253": "default"}
PROTOCOLS = {"2": "kernel", "3": "boot", "4": "static"}
SCOPES = {"0": "global", "253": "link", "254": "host"}
TYPES = {
    "1": "unicast",
    "2": "local",
    "3": "broadcast",
    "4": "anycast",
    "5": "multicast",
    "6": "blackhole",
    "7": "unreachable",
    "8": "prohibit",
    "9": "throw",
}
"""Of routes: C(ip -N) prints the numbers, and takes back the words alone."""


class Unreadable(ValueError):
    """The text of a tool is not what that tool prints."""


@dataclass(frozen=True)
class Link:
    """A network interface; C(vxlan_id) is -1 for other kinds."""

    name: str
    kind: str
    vxlan_id: int = -1
    port: int = 0


@dataclass(frozen=True)
class Rule:
    """A policy routing rule; C(others) names every selector beside source, destination, priority and table."""

    family: int
    priority: int
    table: str
    source: str = "all"
    destination: str = "all"
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    family: int
    table: str
    destination: str
    device: str = ""
    gateway: str = ""
    metric: int = 0
    protocol: str = ""
    scope: str = ""
    type: str = "unicast"
    several_hops: bool = False


@dataclass(frozen=True)
class Chain:
    table: str
    name: str
    builtin: bool


@dataclass(frozen=True)
class PacketRule:
    """One rule of iptables; C(spec) are the words that follow the chain's name, C(text) is the line as printed."""

    table: str
    chain: str
    spec: tuple[str, ...]
    text: str

    @property
    def target(self) -> str:
        """Chain or target that the rule jumps or goes to."""
        for option, value in zip(self.spec, self.spec[1:]):
            if option in ("-j", "--jump", "-g", "--goto"):
                return value
        return ""

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the ipsets that the rule matches or fills."""
        options = ("--match-set", "--add-set", "--del-set", "--map-set")
        return tuple(value for option, value in zip(self.spec, self.spec[1:]) if option in options)


@dataclass(frozen=True)
class Ruleset:
    """What one iptables backend holds for one family; C(tool) is the program that changes it."""

    tool: str
    family: int
    backend: str
    chains: tuple[Chain, ...] = ()
    rules: tuple[PacketRule, ...] = ()


@dataclass(frozen=True)
class IpSet:
    name: str
    type: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class NftTable:
    """A table of nftables with the names of its chains, and its named sets."""

    family: str
    name: str
    chains: tuple[str, ...] = ()
    sets: tuple[IpSet, ...] = ()


@dataclass(frozen=True)
class XfrmEnds:
    """Between which gateways IPsec protects packets, and the number by which policies and states find each other."""

    source: str
    destination: str
    protocol: str
    reqid: int = 0


@dataclass(frozen=True)
class XfrmPolicy:
    source: str
    destination: str
    direction: str
    words: tuple[str, ...] = ()
    templates: tuple[XfrmEnds, ...] = ()


@dataclass(frozen=True)
class XfrmState:
    """Without its keys, which nobody here may see; C(mark) tells that it is for marked packets or one interface only."""

    ends: XfrmEnds
    spi: str
    mark: bool = False


@dataclass(frozen=True)
class OvnRow:
    """A policy or static route of OVN's northbound database.

    C(column) is the one of a logical router that holds it, C(held) whether the router of the cluster does, C(marked)
    whether Submariner's key is on it.
    """

    column: str
    uuid: str
    target: str
    nexthop: str = ""
    marked: bool = False
    held: bool = True


@dataclass(frozen=True)
class NodeReading:
    """One node at one moment. C(unread) says, per layer, why it could not be inspected.

    C(northbound) is None where the node does not serve OVN's northbound database.
    """

    links: tuple[Link, ...] = ()
    rules: tuple[Rule, ...] = ()
    routes: tuple[Route, ...] = ()
    rulesets: tuple[Ruleset, ...] = ()
    ipsets: tuple[IpSet, ...] = ()
    nft_tables: tuple[NftTable, ...] = ()
    xfrm: tuple[XfrmPolicy, ...] = ()
    xfrm_states: tuple[XfrmState, ...] = ()
    sysctls: Json = field(default_factory=dict)
    agents: tuple[str, ...] = ()
    northbound: tuple[OvnRow, ...] | None = None
    unread: dict[str, str] = field(default_factory=dict)


def _objects(text: str, tool: str) -> list[Json]:
    if not text.strip():
        return []
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{tool} did not print JSON") from error
    if not isinstance(parsed, list) or not all(isinstance(item, dict) for item in parsed):
        raise Unreadable(f"{tool} did not print a list of objects")
    return [item for item in parsed if item]  # some versions of iproute2 print {} for what a filter left out


def _whole(value: t.Any, what: str, default: int = 0) -> int:
    if value is None:
        return default
    if isinstance(value, bool):
        raise Unreadable(f"{what} is not a number: {value!r}")
    try:
        return int(str(value), 0)
    except ValueError as error:
        raise Unreadable(f"{what} is not a number: {value!r}") from error


def _part(item: Json, key: str) -> Json:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def network(text: str) -> str:
    """An address or prefix in its one canonical form; words like C(default) and C(all) stay as they are."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text


def links(text: str) -> tuple[Link, ...]:
    """C(ip -details -json link)."""
    found = []
    for item in _objects(text, "ip link"):
        name = item.get("ifname")
        if not isinstance(name, str) or not name:
            raise Unreadable("ip link printed an interface without a name")
        info = _part(item, "linkinfo")
        data = _part(info, "info_data")
        found.append(
            Link(
                name=name,
                kind=str(info.get("info_kind") or ""),
                vxlan_id=_whole(data.get("id"), f"the id of {name}", -1),
                port=_whole(data.get("port"), f"the port of {name}"),
            )
        )
    return tuple(found)


def rules(text: str, family: int = 4) -> tuple[Rule, ...]:
    """C(ip -json rule)."""
    plain = {"priority", "table", "src", "srclen", "dst", "dstlen", "protocol"}
    found = []
    for item in _objects(text, "ip rule"):
        table = str(item.get("table") or "")
        found.append(
            Rule(
                family=family,
                priority=_whole(item.get("priority"), "the priority of a rule"),
                table=TABLE_NAMES.get(table, table),
                source=_selector(item, "src"),
                destination=_selector(item, "dst"),
                others=tuple(sorted(str(key) for key in item if key not in plain)),
            )
        )
    return tuple(found)


def _selector(item: Json, key: str) -> str:
    address = str(item.get(key) or "all")
    length = item.get(key + "len")
    if length is not None:
        address = f"{address}/{length}"
    return "all" if address in ("all", "any", "0/0", "::/0") else network(address)


def routes(text: str, family: int = 4) -> tuple[Route, ...]:
    """C(ip -json route show table all)."""
    found = []
    for item in _objects(text, "ip route"):
        destination = item.get("dst")
        if not isinstance(destination, str) or not destination:
            raise Unreadable("ip route printed a route without a destination")
        table = str(item.get("table") or "main")
        via = _part(item, "via")
        protocol, scope = str(item.get("protocol") or ""), str(item.get("scope") or "")
        kind = str(item.get("type") or "unicast")
        found.append(
            Route(
                family=6 if ":" in destination else family,
                table=TABLE_NAMES.get(table, table),
                destination=destination if destination == "default" else network(destination),
                device=str(item.get("dev") or ""),
                gateway=str(item.get("gateway") or via.get("host") or ""),
                metric=_whole(item.get("metric"), f"the metric of {destination}"),
                protocol=PROTOCOLS.get(protocol, protocol),
                scope=SCOPES.get(scope, scope),
                type=TYPES.get(kind, kind),
                several_hops=bool(item.get("nexthops")),
            )
        )
    return tuple(found)


CHAIN_LINE = re.compile(r":(?P<name>\S+) (?P<policy>[A-Z]+|-)(?: \[\d+:\d+\])?")
RULE_LINE = re.compile(r"(?:\[\d+:\d+\] )?-A (?P<chain>\S+)(?P<spec> .*)?")
RULE_WORD = re.compile(r' +(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]+))(?=\s|$)')


def ruleset(text: str, tool: str, family: int = 4) -> Ruleset:
    """C(iptables-save) of either backend, with or without counters."""
    backend = "nft" if "nft" in tool or re.search(r"^# Generated by .*\(nf_tables\)", text, re.M) else "legacy"
    chains: list[Chain] = []
    found: list[PacketRule] = []
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("*"):
            table = line[1:].strip()
            continue
        if line == "COMMIT":
            table = ""
            continue
        chain = CHAIN_LINE.fullmatch(line)
        rule = RULE_LINE.fullmatch(line)
        if not table or not (chain or rule):
            raise Unreadable(f"line {number} of {tool}-save is neither a chain nor a rule of a table: {line[:80]}")
        if chain:
            chains.append(Chain(table, chain["name"], chain["policy"] != "-"))
        elif rule:
            spec = _rule_words(rule["spec"] or "")
            if spec is None:
                raise Unreadable(f"line {number} of {tool}-save cannot be split into words: {line[:80]}")
            found.append(PacketRule(table, rule["chain"], spec, line))
    if table:
        raise Unreadable(f"{tool}-save ended inside table {table}")
    return Ruleset(tool, family, backend, tuple(chains), tuple(found))


def _rule_words(spec: str) -> tuple[str, ...] | None:
    """The words of a rule as iptables-save quotes them, with a backslash before each quote of either kind; None if it does not."""
    found, end = [], 0
    while spec[end:].strip():
        word = RULE_WORD.match(spec, end)
        if word is None:
            return None
        found.append(word["plain"] if word["quoted"] is None else re.sub(r"\\(.)", r"\1", word["quoted"]))
        end = word.end()
    return tuple(found)


def ipsets(text: str) -> tuple[IpSet, ...]:
    """C(ipset save)."""
    types: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise Unreadable(f"line {number} of ipset save cannot be split into words") from error
        if not words:
            continue
        if words[0] == "create" and len(words) >= 3:
            types[words[1]] = words[2]
            members[words[1]] = []
        elif words[0] == "add" and len(words) >= 3 and words[1] in members:
            members[words[1]].append(words[2])
        else:
            raise Unreadable(f"line {number} of ipset save neither creates a set nor adds to one: {line[:80]}")
    return tuple(IpSet(name, kind, tuple(members[name])) for name, kind in types.items())


def nft_entries(text: str) -> tuple[Json, ...]:
    """C(nft -j list ruleset), or the shorter C(list tables), C(list chains) and C(list sets)."""
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)["nftables"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("nft did not print its JSON") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unreadable("nft did not print a list of objects")
    return tuple(entries)


def nft_tables(entries: t.Iterable[Json]) -> tuple[NftTable, ...]:
    """The tables that entries of one or several answers name, each with all that they say of it."""
    chains: dict[tuple[str, str], dict[str, None]] = {}
    sets: dict[tuple[str, str], dict[str, IpSet]] = {}
    for entry in entries:
        table, chain, named = _part(entry, "table"), _part(entry, "chain"), _part(entry, "set")
        inside = table or chain or named
        if not inside:
            continue
        key = (str(inside.get("family")), str(inside.get("name" if table else "table")))
        held = chains.setdefault(key, {})
        if chain:
            held[str(chain.get("name"))] = None
        elif named:
            name, elements = str(named.get("name")), named.get("elem")
            members = map(_nft_element, elements if isinstance(elements, list) else ())
            found = IpSet(name, str(named.get("type")), tuple(member for member in members if member))
            sets.setdefault(key, {})[name] = found
    return tuple(
        NftTable(family, name, tuple(held), tuple(sets.get((family, name), {}).values()))
        for (family, name), held in chains.items()
    )


def _nft_element(element: t.Any) -> str:
    """An address or a prefix; empty for what is neither, such as a range."""
    if isinstance(element, dict):
        element = _part(element, "elem").get("val", element)  # one with a counter, a timeout or a comment
    if isinstance(element, dict):
        prefix = _part(element, "prefix")
        return f"{prefix.get('addr')}/{prefix.get('len')}" if prefix else ""
    return element if isinstance(element, str) else ""


def xfrm_policies(text: str) -> tuple[XfrmPolicy, ...]:
    """C(ip xfrm policy), with marks and interfaces among the words; policies of single sockets, which nobody can delete, are
    left out.
    """
    found: list[XfrmPolicy] = []
    selector: list[str] = []
    template: list[str] = []
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            if len(words) < 4 or words[0] != "src" or words[2] != "dst":
                raise Unreadable(f"ip xfrm policy printed a line that is no selector: {line[:80]}")
            selector = words
        elif words[0] == "dir":
            if not selector or len(words) < 2:
                raise Unreadable("ip xfrm policy printed a direction without a selector")
            others = tuple(selector[4:] + words[2:])
            found.append(XfrmPolicy(network(selector[1]), network(selector[3]), words[1], others))
            selector = []
        elif words[0] in ("mark", "if_id") and found and not selector:
            found[-1] = replace(found[-1], words=(*found[-1].words, *words))
        elif words[0] == "socket":
            selector, template = [], []
        elif words[0] == "tmpl":
            template = words[1:]
        elif words[0] == "proto" and template and found and not selector:
            ends = _xfrm_ends([*template, *words], "ip xfrm policy")
            found[-1] = replace(found[-1], templates=(*found[-1].templates, ends))
            template = []
    return tuple(found)


def xfrm_states(text: str) -> tuple[XfrmState, ...]:
    """C(ip xfrm state list nokeys); what the kernel only asked for has no SPI, or 0, goes by itself and is left out.

    No line is ever quoted: an old ip may print keys in it.
    """
    found: list[XfrmState] = []
    address: list[str] = []
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        if not line[0].isspace():
            if len(words) < 4 or words[0] != "src" or words[2] != "dst":
                raise Unreadable("ip xfrm state printed a line that is no address")
            address = words[:4]
        elif words[0] == "proto":
            if not address:
                raise Unreadable("ip xfrm state printed a protocol without an address")
            spi = dict(zip(words[::2], words[1::2])).get("spi", "0")
            if _whole(spi, "the SPI of a state"):
                found.append(XfrmState(_xfrm_ends([*address, *words], "ip xfrm state"), spi))
            address = []
        elif words[0] in ("mark", "if_id") and found:
            found[-1] = replace(found[-1], mark=True)
    return tuple(found)


def _xfrm_ends(words: list[str], tool: str) -> XfrmEnds:
    """From pairs of a name and a value."""
    said = dict(zip(words[::2], words[1::2]))
    if not said.keys() >= {"src", "dst", "proto"}:
        raise Unreadable(f"{tool} printed an entry without its addresses")
    return XfrmEnds(said["src"], said["dst"], said["proto"], _whole(said.get("reqid"), "the reqid of an entry"))


POLICIES, STATIC_ROUTES = "policies", "static_routes"
NORTHBOUND_ANSWERS = ((POLICIES, "match"), (POLICIES, "match"), (STATIC_ROUTES, "ip_prefix"))
"""What the answers about rows are about, in the order in which they are asked for; one about the router follows."""
OVN_MARK = "submariner"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def northbound(text: str) -> tuple[OvnRow, ...]:
    """Several C(find) of one C(ovn-nbctl --format=json), each on a line of its own."""
    answers = [line for line in text.split("\n") if line.strip()]
    if len(answers) != len(NORTHBOUND_ANSWERS) + 1:
        raise Unreadable(f"ovn-nbctl gave {len(answers)} answers to {len(NORTHBOUND_ANSWERS) + 1} questions")
    routers = _ovn_rows(answers[-1], POLICIES, STATIC_ROUTES)
    held = {_ovn_uuid(uuid) for router in routers for column in router for uuid in _ovn_set(column)}
    found: dict[str, OvnRow] = {}
    for (column, target), answer in zip(NORTHBOUND_ANSWERS, answers):
        for row in _ovn_rows(answer, "_uuid", target, "nexthop", "external_ids"):
            uuid, hops = _ovn_uuid(row[0]), _ovn_set(row[2])
            words = [row[1], *hops]
            if not all(isinstance(word, str) for word in words):
                raise Unreadable(f"ovn-nbctl printed {column} that are no text")
            found[uuid] = OvnRow(column, uuid, row[1], " ".join(hops), OVN_MARK in _ovn_map(row[3]), uuid in held)
    return tuple(found.values())


def _ovn_rows(answer: str, *columns: str) -> list[list[t.Any]]:
    """The columns of every row, in this order."""
    try:
        table = json.loads(answer)
        places = [table["headings"].index(column) for column in columns]
        return [[row[place] for place in places] for row in table["data"]]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"ovn-nbctl did not print a table of {', '.join(columns)}") from error


def _ovn_typed(value: t.Any, kind: str) -> t.Any:
    return value[1] if isinstance(value, list) and len(value) == 2 and value[0] == kind else None


def _ovn_set(value: t.Any) -> list[t.Any]:
    """A set of just one is printed as that one."""
    several = _ovn_typed(value, "set")
    return several if isinstance(several, list) else [value]


def _ovn_map(value: t.Any) -> frozenset[str]:
    """The keys of a map."""
    pairs = _ovn_typed(value, "map")
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Unreadable("ovn-nbctl printed external_ids that are no map")
    return frozenset(str(pair[0]) for pair in pairs)


def _ovn_uuid(value: t.Any) -> str:
    uuid = _ovn_typed(value, "uuid")
    if not isinstance(uuid, str) or not UUID.fullmatch(uuid):
        raise Unreadable("ovn-nbctl printed a row without a UUID")
    return uuid


def sysctls(text: str) -> Json:
    """C(name = value) or C(name value) lines."""
    found: Json = {}
    for line in text.split("\n"):
        name, _gap, value = line.replace("=", " ", 1).strip().partition(" ")
        if name:
            found[name] = value.strip()
    return found
