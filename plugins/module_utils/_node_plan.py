# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a node's settings Submariner made, and the commands that take exactly those back.

Private to this collection, may change at any time. Pure: no Ansible, no Kubernetes.

Ownership is decided by content, never by a number alone:

- links by name and kind and VXLAN id; chains and sets by exact name; nftables tables by name and chains;
- rows of OVN's northbound database by the key that Submariner puts on them;
- routes of table 100 when they leave by a link of ours, of tables 149 and 150 when they lead to a recorded subnet;
- the default routes of OVN-Kubernetes in tables 149 and 150 when only rules for recorded subnets lead to their table, or
  when they are alone there and other traces of Submariner are on the node or it is on record to have run there;
- the rules that point at those tables carry nothing but a number. One is ours when its table holds only routes of
  ours, or when the table is empty and either other traces of Submariner are on the node or the caller has it on record
  that Submariner ran there. With anything else in the table, or no evidence at all, the rule stays and is named.

What proves others (links, ipsets, nftables tables) goes last, and only after all the rest went, so that a run after one
that failed or was cut off still finds the evidence.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import (
    POLICIES,
    STATIC_ROUTES,
    Chain,
    Link,
    NodeReading,
    PacketRule,
    Route,
    Rule,
    Ruleset,
    XfrmEnds,
    network,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

Json = dict[str, t.Any]
Argv = tuple[str, ...]

RESIDUE = "R24"

VXLAN_IDS = {"vx-submariner": 100, "vxlan-tunnel": 1000}
WIREGUARD = "submariner"
OVS_LINKS = {"br-submariner": "del-br", "ovn-k8s-sub0": "del-port"}
OVN_PORT = "ovn-k8s-mp0"
"""OVN-Kubernetes' own link, by which Submariner's default routes leave."""
CABLE_TABLE, OVN_TABLE, HOST_TABLE = "100", "149", "150"
CHAINS = frozenset(
    {
        "SUBMARINER-INPUT",
        "SUBMARINER-FORWARD",
        "SUBMARINER-POSTROUTING",
        "SUBMARINER-FWD-MSSCLAMP",
        "SUBMARINER-SELF-SNAT",
        "SUBMARINER-GN-INGRESS",
        "SUBMARINER-GN-EGRESS",
        "SUBMARINER-GN-MARK",
        "SM-GN-EGRESS-PODS",
        "SM-GN-EGRESS-HDLS-PODS",
        "SM-GN-EGRESS-HDLS-EPS",
        "SM-GN-EGRESS-NS",
        "SM-GN-EGRESS-CLUSTER",
    }
)
LIKE_OURS = ("SUBMARINER-", "SM-GN-")
REMOTE_SET, LOCAL_SET = "SUBMARINER-REMOTECIDRS", "SUBMARINER-LOCALCIDRS"
GLOBALNET_SET = re.compile(r"SM-GN-[A-Z2-7]{25}")
NFT_TABLES = frozenset({"submariner", "submariner-ipv4", "submariner-ipv6"})
IPTABLES_TABLES = frozenset({"filter", "nat", "mangle", "raw", "security"})
EVIDENCE = frozenset({"link", "ipset", "nftables table"})
"""Kinds by which others are known to be Submariner's."""
OVN_ROUTER = "ovn_cluster_router"
OVN_KINDS = {POLICIES: "OVN policy", STATIC_ROUTES: "OVN route"}
# Bounds the wait for the lock that kube-proxy and others take as well.
LOCK_WAIT = ("-w", "10")
# Bounds the wait for the database; any server of a cluster of them will do.
OVN_WAIT = ("--timeout=5", "--no-leader-only")


@dataclass(frozen=True)
class Known:
    """What is on record: the clusterset's subnets, and whether Submariner is known to have run on this node."""

    cidrs: frozenset[str] = frozenset()
    ran_here: bool = False

    @classmethod
    def of(cls, cidrs: t.Iterable[str], ran_here: bool = False) -> Known:
        return cls(frozenset(network(cidr) for cidr in cidrs), ran_here)


NOTHING_RECORDED = Known()


@dataclass(frozen=True)
class Change:
    """One setting that Submariner made, why it is known to be, and the commands that undo it, in order."""

    kind: str
    name: str
    why: str
    commands: tuple[Argv, ...]
    residue: str = RESIDUE

    @property
    def key(self) -> tuple[str, str]:
        return (self.kind, self.name)

    def as_dict(self) -> Json:
        return {**asdict(self), "commands": [" ".join(argv) for argv in self.commands]}


@dataclass(frozen=True)
class Kept:
    """A setting that looks like Submariner's and stays, and why."""

    kind: str
    name: str
    why: str

    def as_dict(self) -> Json:
        return asdict(self)


@dataclass
class NodePlan:
    """C(unknown) says, per layer, why nothing can be said about it: then the node is never clean."""

    changes: list[Change] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    ovn_here: bool = False
    """The node serves OVN's northbound database."""
    ovn_elsewhere: bool = False
    """OVN runs on the node, and the database is served by another machine."""

    @property
    def clean(self) -> bool:
        return not self.changes and not self.unknown

    def keep(self, kind: str, name: str, why: str) -> None:
        self.kept.append(Kept(kind, name, why))


def plan(reading: NodeReading, known: Known = NOTHING_RECORDED) -> NodePlan:
    """What goes, what stays and why, and what could not be seen on one node."""
    ovn = any(link.name == OVN_PORT for link in reading.links)
    here = reading.northbound is not None
    result = NodePlan(unknown=dict(reading.unread), ovn_here=here, ovn_elsewhere=ovn and not here)
    own_links = _links(reading, result)
    chains = _packet_filter(reading, result)
    sets = _sets(reading, result)
    tables = _nft_tables(reading, result)
    traces = [f"link {name}" for name in own_links] + [change.name for change in (*chains, *sets, *tables)]
    evidence = "Submariner is on record to have run on this node" if known.ran_here else ""
    evidence = f"Submariner's {traces[0]} is on the node" if traces else evidence
    recorded = known.cidrs | _subnets_on_node(reading, set(own_links))
    routes, foreign = _routes(reading, set(own_links), recorded, evidence, result)
    rules, selective_rules = _rules(reading, routes, foreign, evidence, recorded, result)
    ipsec = _xfrm(reading, recorded | _members(reading, LOCAL_SET), result)
    # Routes prove the rules before them, and those after prove routes: a run that is cut off leaves the proof.
    result.changes = [
        *rules,
        *(change for _table, change in routes),
        *selective_rules,
        *ipsec,
        *_northbound(reading, result),
        *chains,
        *own_links.values(),
        *sets,
        *tables,
    ]
    return result


# -- links ------------------------------------------------------------------------------------------------------------


def _links(reading: NodeReading, result: NodePlan) -> dict[str, Change]:
    own: dict[str, Change] = {}
    for link in reading.links:
        commands: tuple[Argv, ...] = (("ip", "link", "delete", "dev", link.name),)
        if link.name in OVS_LINKS and link.kind == "openvswitch":
            commands = (("ovs-vsctl", "--timeout=5", "--if-exists", OVS_LINKS[link.name], link.name),)
            why = "an Open vSwitch device with the name that only Submariner gives"
        elif link.name in VXLAN_IDS and (link.kind, link.vxlan_id) == ("vxlan", VXLAN_IDS[link.name]):
            why = f"a VXLAN device with Submariner's name and its id {link.vxlan_id}"
        elif link.name == WIREGUARD and link.kind == "wireguard":
            why = "a WireGuard device with Submariner's name"
        else:
            if link.name in VXLAN_IDS or link.name in OVS_LINKS or link.name == WIREGUARD:
                result.keep("link", link.name, f"has Submariner's name, but is {_describe(link)}")
            continue
        own[link.name] = Change("link", link.name, why, commands)
    return own


def _describe(link: Link) -> str:
    if link.kind == "vxlan":
        return f"a VXLAN device with id {link.vxlan_id}"
    return f"a device of kind {link.kind}" if link.kind else "a device of unknown kind"


# -- routes and the rules that lead to them ---------------------------------------------------------------------------


def _members(reading: NodeReading, name: str) -> frozenset[str]:
    """What a set of Submariner's holds, in either kind of packet filter."""
    named = (held for table in reading.nft_tables if table.name in NFT_TABLES for held in table.sets)
    return frozenset(
        network(member) for found in (*reading.ipsets, *named) if found.name == name for member in found.members
    )


def _subnets_on_node(reading: NodeReading, own_links: set[str]) -> frozenset[str]:
    """Remote subnets that the node itself names in Submariner's set or behind Submariner's links."""
    behind = {
        route.destination
        for route in reading.routes
        if route.device in own_links and route.gateway and route.table in ("main", CABLE_TABLE)
    }
    return _members(reading, REMOTE_SET) | behind


def _routes(
    reading: NodeReading, own_links: set[str], recorded: frozenset[str], evidence: str, result: NodePlan
) -> tuple[list[tuple[tuple[int, str], Change]], dict[tuple[int, str], list[str]]]:
    """Our routes by (family, table), and what else those tables hold."""
    own: list[tuple[tuple[int, str], Change]] = []
    foreign: dict[tuple[int, str], list[str]] = {}
    # What else a table holds is known once the default routes are looked at.
    for route in sorted(reading.routes, key=_default_by_ovn):
        if route.table not in (CABLE_TABLE, OVN_TABLE, HOST_TABLE):
            continue
        name = _route_name(route)
        if route.device in own_links and not route.several_hops:
            why = f"leaves by Submariner's {route.device}"
        elif route.table != CABLE_TABLE and route.destination in recorded and not route.several_hops:
            why = "leads to a subnet that Submariner recorded"
        else:
            others = foreign.setdefault((route.family, route.table), [])
            why, refusal = "", "neither leaves by a link of Submariner nor leads to a recorded subnet"
            if _default_by_ovn(route):
                why, refusal = _by_its_rules(route, reading, recorded, others, evidence)
            if not why:
                others.append(name)
                result.keep("route", name, refusal)
                continue
        own.append(((route.family, route.table), Change("route", name, why, (_route_delete(route),))))
    return own, foreign


def _default_by_ovn(route: Route) -> bool:
    return (
        route.table in (OVN_TABLE, HOST_TABLE)
        and (route.destination, route.device, route.type) == ("default", OVN_PORT, "unicast")
        and bool(route.gateway)
    )


def _by_its_rules(
    route: Route, reading: NodeReading, recorded: frozenset[str], others: list[str], evidence: str
) -> tuple[str, str]:
    """Why a default route by OVN's link is Submariner's; else nothing, and why it stays."""
    if "rules" in reading.unread:
        return "", "which rules lead to its table could not be read"
    rules = [rule for rule in reading.rules if (rule.family, rule.table) == (route.family, route.table)]
    strange = [_rule_name(rule) for rule in rules if _not_our_shape(rule, reading.rules, recorded)]
    if strange:
        return "", f"a rule that is not known to be Submariner's leads to its table: {some(strange, 3)}"
    if rules and all(map(_selective, rules)):
        return "only rules for subnets that Submariner recorded lead to its table", ""
    if others:
        return "", f"its table holds routes that are not Submariner's: {some(others, 3)}"
    if evidence:
        return f"nothing of others is in its table or leads there, and {evidence}", ""
    return "", "no rule for a recorded subnet leads to its table and nothing else here is Submariner's"


def _route_name(route: Route) -> str:
    via = f" via {route.gateway}" if route.gateway else ""
    device = f" dev {route.device}" if route.device else ""
    return f"{route.destination}{via}{device} table {route.table}"


def _route_delete(route: Route) -> Argv:
    words = ["ip", f"-{route.family}", "route", "delete"]
    words += [route.type] if route.type != "unicast" else []
    words += [route.destination]
    for option, value in (
        ("via", route.gateway),
        ("dev", route.device),
        ("table", route.table),
        ("proto", route.protocol),
        ("scope", route.scope),
        ("metric", str(route.metric or "")),
    ):
        words += [option, value] if value else []
    return tuple(words)


def _rules(
    reading: NodeReading,
    routes: list[tuple[tuple[int, str], Change]],
    foreign: dict[tuple[int, str], list[str]],
    evidence: str,
    recorded: frozenset[str],
    result: NodePlan,
) -> tuple[list[Change], list[Change]]:
    """Our rules, apart from those for recorded subnets, which come second."""
    filled = {table for table, _change in routes}
    own: list[Change] = []
    selective: list[Change] = []
    for rule in reading.rules:
        if rule.table not in (CABLE_TABLE, OVN_TABLE, HOST_TABLE):
            continue
        name = _rule_name(rule)
        table = (rule.family, rule.table)
        refusal = _not_our_shape(rule, reading.rules, recorded)
        if refusal:
            result.keep("rule", name, refusal)
        elif "routes" in result.unknown:
            result.unknown.setdefault("rules", f"the routes of table {rule.table} could not be read")
        elif _selective(rule):
            selective.append(Change("rule", name, "is for a subnet that Submariner recorded", (_rule_delete(rule),)))
        elif foreign.get(table):
            others = some(foreign[table], 3)
            result.keep("rule", name, f"table {rule.table} holds routes that are not Submariner's: {others}")
        elif table in filled:
            own.append(Change("rule", name, "its table holds only routes of Submariner", (_rule_delete(rule),)))
        elif evidence:
            own.append(Change("rule", name, f"its table is empty and {evidence}", (_rule_delete(rule),)))
        else:
            why = f"table {rule.table} is empty and nothing else here is Submariner's: the number alone proves nothing"
            result.keep("rule", name, why)
    return own, selective


def _selective(rule: Rule) -> bool:
    return rule.source != "all" or rule.destination != "all"


def _not_our_shape(rule: Rule, all_rules: tuple[Rule, ...], recorded: frozenset[str]) -> str:
    if rule.others:
        return "has selectors that Submariner does not set: " + ", ".join(rule.others)
    if str(rule.priority) != rule.table:
        return f"Submariner's rule for table {rule.table} has priority {rule.table}, not {rule.priority}"
    if _selective(rule):
        # Between clusters OVN's rules lead from a remote subnet to a local one, which nothing else may name.
        between = rule.table == OVN_TABLE and rule.destination != "all" and rule.source in recorded
        if rule.table == CABLE_TABLE or not (rule.destination in recorded or between):
            return "is for addresses that are not on record as Submariner's"
        return ""
    place = (rule.family, rule.priority, rule.table)
    twins = [twin for twin in all_rules if (twin.family, twin.priority, twin.table) == place]
    if any(twin.others or _selective(twin) for twin in twins):
        return "'ip rule delete' could take a more selective rule of the same priority and table instead"
    return ""


def _rule_name(rule: Rule) -> str:
    words = [f"{rule.priority}: from {rule.source}"]
    words += [f"to {rule.destination}"] if rule.destination != "all" else []
    words += [f"lookup {rule.table}"]
    words += ["(IPv6)"] if rule.family == 6 else []
    return " ".join(words)


def _rule_delete(rule: Rule) -> Argv:
    words = ["ip", f"-{rule.family}", "rule", "delete", "priority", str(rule.priority)]
    words += ["from", rule.source] if rule.source != "all" else []
    words += ["to", rule.destination] if rule.destination != "all" else []
    return (*words, "table", rule.table)


# -- packet filter ----------------------------------------------------------------------------------------------------


def _packet_filter(reading: NodeReading, result: NodePlan) -> list[Change]:
    return [change for found in reading.rulesets for change in _ruleset(found, result)]


def _ruleset(found: Ruleset, result: NodePlan) -> list[Change]:
    own = [chain for chain in found.chains if chain.name in CHAINS and not chain.builtin]
    for chain in found.chains:
        if chain.name.startswith(LIKE_OURS) and chain not in own:
            name = f"{chain.table}/{chain.name}"
            result.keep("chain", name, "is named like Submariner's chains, but is none that Submariner makes")
    names = {(chain.table, chain.name) for chain in own}
    jumps = [
        _jump(found, rule)
        for rule in found.rules
        if (rule.table, rule.target) in names and (rule.table, rule.chain) not in names
    ]
    return jumps + [_chain(found, chain) for chain in _callers_first(own, found.rules)]


def _jump(found: Ruleset, rule: PacketRule) -> Change:
    return Change(
        "jump",
        f"{found.tool} {rule.table}/{rule.chain} -> {rule.target}",
        f"leads into Submariner's chain {rule.target}",
        ((found.tool, *LOCK_WAIT, "-t", rule.table, "-D", rule.chain, *rule.spec),),
    )


def _chain(found: Ruleset, chain: Chain) -> Change:
    held = sum(1 for rule in found.rules if (rule.table, rule.chain) == (chain.table, chain.name))
    base = (found.tool, *LOCK_WAIT, "-t", chain.table)
    return Change(
        "chain",
        f"{found.tool} {chain.table}/{chain.name}",
        f"one of the chains that Submariner makes, with {held} rule{'' if held == 1 else 's'}",
        ((*base, "-F", chain.name), (*base, "-X", chain.name)),
    )


def _callers_first(own: list[Chain], rules: tuple[PacketRule, ...]) -> list[Chain]:
    """A chain can only go once none that jumps into it is left."""
    callers: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        callers.setdefault((rule.table, rule.target), set()).add(rule.chain)
    left = list(own)
    ordered: list[Chain] = []
    while left:
        names = {(chain.table, chain.name) for chain in left}
        free = [
            chain
            for chain in left
            if not any((chain.table, caller) in names for caller in callers.get((chain.table, chain.name), set()))
        ]
        ordered += free or left
        left = [chain for chain in left if chain not in ordered]
    return ordered


def _sets(reading: NodeReading, result: NodePlan) -> list[Change]:
    own = []
    for found in reading.ipsets:
        ours = (found.name in (REMOTE_SET, LOCAL_SET) and found.type == "hash:net") or (
            GLOBALNET_SET.fullmatch(found.name) and found.type in ("hash:ip", "hash:net")
        )
        if not ours:
            if found.name.startswith(LIKE_OURS):
                result.keep("ipset", found.name, f"is a {found.type} set that Submariner does not make")
            continue
        users = [
            f"{ruleset.tool} {rule.table}/{rule.chain}"
            for ruleset in reading.rulesets
            for rule in ruleset.rules
            if found.name in rule.sets and rule.chain not in CHAINS
        ]
        lists = [other.name for other in reading.ipsets if other.type == "list:set" and found.name in other.members]
        if users or lists:
            user = (
                f"a rule that is not Submariner's uses it: {users[0]}"
                if users
                else f"the set {lists[0]} has it as a member"
            )
            result.keep("ipset", found.name, user)
            continue
        why = f"the {found.type} set that Submariner makes, with {len(found.members)} members"
        own.append(Change("ipset", found.name, why, (("ipset", "destroy", found.name),)))
    return own


def _nft_tables(reading: NodeReading, result: NodePlan) -> list[Change]:
    own = []
    tools = {(f"ip{'6' if found.family == 6 else ''}", table) for found in reading.rulesets for table in _tables(found)}
    for table in reading.nft_tables:
        name = f"{table.family} {table.name}"
        if table.name in NFT_TABLES:
            strange = [chain for chain in table.chains if not chain.startswith(LIKE_OURS)]
            if strange:
                result.keep("nftables table", name, f"holds chains that are not Submariner's: {some(strange, 3)}")
            else:
                why = "has the name of Submariner's table and only Submariner's chains"
                own.append(Change("nftables table", name, why, (("nft", "delete", "table", table.family, table.name),)))
        elif table.name.startswith("submariner"):
            result.keep("nftables table", name, "is named like Submariner's table, but is none that Submariner makes")
        elif (table.family, table.name) not in tools and CHAINS & set(table.chains):
            found = ", ".join(sorted(CHAINS & set(table.chains)))
            if table.family not in ("ip", "ip6") or table.name not in IPTABLES_TABLES:
                result.keep(
                    "nftables table", name, f"has {found}, but neither Submariner nor iptables makes such a table"
                )
                continue
            layer = "ip6tables" if table.family == "ip6" else "iptables"
            result.unknown.setdefault(layer, f"nft shows {found} in table {name}, but no iptables here could list it")
    return own


def _tables(found: Ruleset) -> set[str]:
    return {chain.table for chain in found.chains}


# -- IPsec ------------------------------------------------------------------------------------------------------------


def _xfrm(reading: NodeReading, recorded: frozenset[str], result: NodePlan) -> list[Change]:
    """States before the policies that prove them."""
    own: list[Change] = []
    ours: set[XfrmEnds] = set()
    others: set[XfrmEnds] = set()
    for policy in reading.xfrm:
        name = f"{policy.source} -> {policy.destination} {policy.direction}"
        more = _more_selectors(policy.words)
        if policy.source in recorded and policy.destination in recorded and not more:
            selector = ("src", policy.source, "dst", policy.destination, "dir", policy.direction)
            delete = ("ip", "xfrm", "policy", "delete", *selector)
            own.append(Change("xfrm policy", name, "joins two subnets that Submariner recorded", (delete,)))
            ours.update(policy.templates)
        else:
            others.update(policy.templates)
            why = f"has what Submariner does not set: {', '.join(more)}" if more else ""
            result.keep("xfrm policy", name, why or "its selectors are not two recorded subnets of Submariner")
    states = []
    for state in reading.xfrm_states:
        ends = state.ends
        name = f"{ends.source} -> {ends.destination} {ends.protocol} {state.spi}"
        if ends in others:
            continue  # it stays with the policy that is named already
        if ends in ours and ends.reqid and not state.mark:
            which = ("src", ends.source, "dst", ends.destination, "proto", ends.protocol, "spi", state.spi)
            command = ("ip", "xfrm", "state", "delete", *which)
            states.append(Change("xfrm state", name, "is for a policy of Submariner, and for no other", (command,)))
        else:
            result.keep("xfrm state", name, "no policy that is here proves whose it is")
    return states + own


MORE_SELECTORS = ("proto", "sport", "dport", "type", "code", "dev", "uid", "mark", "if_id", "sub")
"""Words of a policy that is for less than all between its subnets, or of another type (C(ptype sub)) than Submariner's."""


def _more_selectors(words: tuple[str, ...]) -> list[str]:
    return [word for word in MORE_SELECTORS if word in words]


# -- OVN-Kubernetes ---------------------------------------------------------------------------------------------------


def _northbound(reading: NodeReading, result: NodePlan) -> list[Change]:
    """Where one database serves several nodes, each of those plans the same: to take away what is gone succeeds."""
    own = []
    for row in reading.northbound or ():
        kind = OVN_KINDS[row.column]
        name = f"{row.target}{row.nexthop and ' -> '}{row.nexthop} ({row.uuid[:8]})"
        if row.marked and row.held:
            command = ("ovn-nbctl", *OVN_WAIT, "remove", "logical_router", OVN_ROUTER, row.column, row.uuid)
            own.append(Change(kind, name, "has Submariner's key in its external_ids", (command,)))
        elif row.marked:
            result.keep(kind, name, f"has Submariner's key, but is not of the logical router {OVN_ROUTER}")
        elif row.held:
            result.keep(kind, name, "has the priority of Submariner's policies, but not its key in external_ids")
    return own
