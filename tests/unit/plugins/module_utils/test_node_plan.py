# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as Submariner's on a node: on recorded nodes, and beside things that only look like it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _dataplane as dataplane
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import (
    IpSet,
    Link,
    NftTable,
    NodeReading,
    Route,
    Rule,
    XfrmEnds,
    XfrmPolicy,
    XfrmState,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import (
    EVIDENCE,
    NOTHING_RECORDED,
    Known,
    NodePlan,
    plan,
)
from tests.unit.nodes import recorded, recorded_node

FORWARD = [
    ("jump", "iptables-nft filter/FORWARD -> SUBMARINER-FORWARD"),
    ("chain", "iptables-nft filter/SUBMARINER-FORWARD"),
]
AGENT = [
    ("jump", "iptables-nft mangle/POSTROUTING -> SUBMARINER-POSTROUTING"),
    ("jump", "iptables-nft filter/INPUT -> SUBMARINER-INPUT"),
    ("jump", "iptables-nft filter/FORWARD -> SUBMARINER-FORWARD"),
    ("jump", "iptables-nft nat/POSTROUTING -> SUBMARINER-POSTROUTING"),
    ("chain", "iptables-nft mangle/SUBMARINER-POSTROUTING"),
    ("chain", "iptables-nft filter/SUBMARINER-FORWARD"),
    ("chain", "iptables-nft filter/SUBMARINER-INPUT"),
    ("chain", "iptables-nft nat/SUBMARINER-POSTROUTING"),
    ("ipset", "SUBMARINER-REMOTECIDRS"),
    ("ipset", "SUBMARINER-LOCALCIDRS"),
    ("link", "vx-submariner"),
]
RULE_100, RULE_150 = ("rule", "100: from all lookup 100"), ("rule", "150: from all lookup 150")
TUNNEL = ("link", "vxlan-tunnel")


def keys(found: NodePlan) -> set[tuple[str, str]]:
    return {change.key for change in found.changes}


def gateway_routes(*remote: str) -> list[tuple[str, str]]:
    peer = "241.201.0.2"
    return [("route", f"{cidr} via {peer} dev vxlan-tunnel table 100") for cidr in remote] + [
        ("route", f"{cidr} dev eth0 table 150") for cidr in remote
    ]


def test_installed_gateway_everything_is_found() -> None:
    found = plan(recorded_node("installed", "west-node"))
    expected = {*AGENT, RULE_100, RULE_150, TUNNEL, *gateway_routes("10.12.0.0/16", "10.13.0.0/16")}
    assert keys(found) == expected
    assert not found.kept
    assert not found.unknown


def test_installed_worker_that_is_no_gateway() -> None:
    assert keys(plan(recorded_node("healthy-two-nodes", "east-control-plane"))) == set(AGENT)


@pytest.mark.parametrize(
    ("state", "node", "expected"),
    [
        ("west-uninstalled", "west-node", {*FORWARD}),
        ("operator-killed-mid-uninstall", "west-node", {*FORWARD}),
        ("globalnet-west-uninstalled", "west-worker", {*FORWARD}),
        ("globalnet-west-uninstalled", "west-control-plane", {*FORWARD, RULE_100}),
        (
            "label-removed-first",
            "west-node",
            {*FORWARD, RULE_100, TUNNEL, *gateway_routes("10.12.0.0/16", "10.13.0.0/16")[:2]},
        ),
    ],
)
def test_left_by_an_uninstall(state: str, node: str, expected: set[tuple[str, str]]) -> None:
    found = plan(recorded_node(state, node))
    assert keys(found) == expected
    assert not found.kept


def test_globalnet_gateway() -> None:
    found = plan(recorded_node("globalnet", "east-worker"))
    globalnet = {name for kind, name in keys(found) if kind == "chain" and "GN" in name}
    assert len(globalnet) == 8
    chains = [change.name for change in found.changes if change.kind == "chain"]
    order = [chains.index(f"iptables-nft nat/SUBMARINER-{name}") for name in ("POSTROUTING", "GN-EGRESS", "GN-MARK")]
    assert order == sorted(order)
    assert ("jump", "iptables-nft nat/PREROUTING -> SUBMARINER-GN-INGRESS") in keys(found)


def test_applied_plan_leaves_a_clean_node() -> None:
    before = recorded_node("installed", "west-node")
    after = undo(before, plan(before))
    assert keys(plan(after)) == set()
    assert plan(after).clean
    untouched = [rule for rule in before.rulesets[0].rules if "SUBMARINER" not in rule.text]
    assert list(after.rulesets[0].rules) == untouched


def undo(reading: NodeReading, found: NodePlan) -> NodeReading:
    """The reading once each command did what its manual says, and nothing else."""
    (rules,) = reading.rulesets
    links, routes, sets, policy = list(reading.links), list(reading.routes), list(reading.ipsets), list(reading.rules)
    chains, packet = list(rules.chains), list(rules.rules)
    for argv in (argv for change in found.changes for argv in change.commands):
        words = list(argv)
        if words[0].startswith("iptables"):
            table, (verb, chain, *spec) = words[4], words[5:]
            if verb == "-D":
                packet.remove(next(r for r in packet if (r.table, r.chain, list(r.spec)) == (table, chain, spec)))
            elif verb == "-F":
                packet = [r for r in packet if (r.table, r.chain) != (table, chain)]
            else:
                assert verb == "-X"
                assert not [r for r in packet if r.table == table and chain in (r.chain, r.target)], "chain is in use"
                chains = [c for c in chains if (c.table, c.name) != (table, chain)]
        elif words[0] == "ipset":
            assert not [r for r in packet if words[2] in r.sets], "set is in use"
            sets = [s for s in sets if s.name != words[2]]
        elif words[1:3] == ["link", "delete"]:
            links = [link for link in links if link.name != words[4]]
            routes = [route for route in routes if route.device != words[4]]
        elif words[2:4] == ["route", "delete"]:
            options = dict(zip(words[5::2], words[6::2], strict=True))
            routes.remove(
                next(
                    r
                    for r in routes
                    if (r.destination, r.device, r.table, r.gateway)
                    == (words[4], options["dev"], options["table"], options.get("via", ""))
                )
            )
        else:
            assert words[2:5] == ["rule", "delete", "priority"]
            policy.remove(next(r for r in policy if (str(r.priority), r.table) == (words[5], words[7])))
    return replace(
        reading,
        links=tuple(links),
        routes=tuple(routes),
        ipsets=tuple(sets),
        rules=tuple(policy),
        rulesets=(replace(rules, chains=tuple(chains), rules=tuple(packet)),),
    )


# -- look-alikes ------------------------------------------------------------------------------------------------------

RULE = Rule(4, 100, "100")


def kept(reading: NodeReading, known: Known = NOTHING_RECORDED) -> dict[str, str]:
    found = plan(reading, known)
    assert not found.changes
    return {entry.name: entry.why for entry in found.kept}


@pytest.mark.parametrize(
    "link",
    [
        Link("vxlan-tunnel", "vxlan", 7, 4789),
        Link("vx-submariner", "bridge"),
        Link("submariner", "dummy"),
        Link("br-submariner", "bridge"),
        Link("vxlan-tunnel", ""),
    ],
)
def test_foreign_link_with_our_name_is_kept(link: Link) -> None:
    assert "Submariner's name" in kept(NodeReading(links=(link,)))[link.name]


@pytest.mark.parametrize(
    "link", [Link("vxlan0", "vxlan", 1000, 4500), Link("wg0", "wireguard"), Link("flannel.1", "vxlan", 1)]
)
def test_other_links_are_not_even_mentioned(link: Link) -> None:
    assert kept(NodeReading(links=(link,))) == {}


def test_rule_with_an_empty_table_needs_evidence() -> None:
    assert "proves nothing" in kept(NodeReading(rules=(RULE,)))["100: from all lookup 100"]
    assert keys(plan(NodeReading(rules=(RULE,)), Known(ran_here=True))) == {RULE_100}
    trace = NodeReading(rules=(RULE,), ipsets=(IpSet("SUBMARINER-LOCALCIDRS", "hash:net"),))
    assert RULE_100 in keys(plan(trace))


def test_rule_whose_table_others_use_is_kept() -> None:
    foreign = Route(4, "100", "10.99.0.0/16", "eth1", "192.0.2.1")
    reading = NodeReading(rules=(RULE,), routes=(foreign,))
    said = kept(reading, Known(ran_here=True))
    assert "not Submariner's" in said["100: from all lookup 100"]
    assert "10.99.0.0/16 via 192.0.2.1 dev eth1 table 100" in said


def test_table_shared_with_others_loses_only_our_routes() -> None:
    reading = recorded_node("installed", "west-node")
    foreign = Route(4, "100", "10.99.0.0/16", "eth1", "192.0.2.1")
    found = plan(replace(reading, routes=(*reading.routes, foreign)))
    assert RULE_100 not in keys(found)
    assert not [name for kind, name in keys(found) if "10.99" in name]
    assert set(gateway_routes("10.12.0.0/16", "10.13.0.0/16")) <= keys(found)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(4, 100, "100", others=("fwmark",)),
        Rule(4, 200, "100"),
        Rule(4, 100, "100", source="10.9.0.0/16"),
        Rule(4, 149, "149", destination="10.9.0.0/16"),
        Rule(4, 149, "149", source="10.9.0.0/16", destination="10.8.0.0/16"),
    ],
)
def test_rules_of_another_shape_are_kept(rule: Rule) -> None:
    assert len(kept(NodeReading(rules=(rule,)), Known(ran_here=True))) == 1


def test_rule_that_cannot_be_told_apart_is_kept() -> None:
    marked = Rule(4, 100, "100", others=("fwmark",))
    said = kept(NodeReading(rules=(marked, RULE)), Known(ran_here=True))
    assert "could take" in said["100: from all lookup 100"]


def test_a_route_of_another_type_is_deleted_by_the_word_for_it() -> None:
    """As C(ip -N) prints it, which is how a node is read first."""
    routes = dataplane.routes('[{"type": "6", "dst": "10.2.0.0/16", "table": "150", "flags": []}]')
    (change,) = plan(NodeReading(routes=routes), Known.of(["10.2.0.0/16"])).changes
    assert " ".join(change.commands[0]) == "ip -4 route delete blackhole 10.2.0.0/16 table 150"


def test_rule_for_a_recorded_subnet() -> None:
    rule = Rule(4, 149, "149", source="10.22.0.0/16", destination="10.12.0.0/16")
    (change,) = plan(NodeReading(rules=(rule,)), Known.of(["10.12.0.0/16"])).changes
    assert " ".join(change.commands[0]) == "ip -4 rule delete priority 149 from 10.22.0.0/16 to 10.12.0.0/16 table 149"


def test_host_route_only_for_recorded_subnets() -> None:
    route = Route(4, "150", "10.12.0.0/16", "eth0", protocol="static", scope="link")
    assert kept(NodeReading(routes=(route,)))
    (change,) = plan(NodeReading(routes=(route,)), Known.of(["10.12.0.0/16"])).changes
    assert " ".join(change.commands[0]) == "ip -4 route delete 10.12.0.0/16 dev eth0 table 150 proto static scope link"


LOCAL, REMOTE = "10.11.0.0/16", "10.12.0.0/16"
BETWEEN = Rule(4, 149, "149", source=REMOTE, destination=LOCAL)
FROM_HOST = Rule(4, 150, "150", destination=REMOTE)
DEFAULT_149, DEFAULT_150 = (Route(4, table, "default", "ovn-k8s-mp0", "10.11.0.1") for table in ("149", "150"))
ON_RECORD, RAN_HERE = Known.of([REMOTE]), Known(ran_here=True)


def test_default_routes_of_ovn_go_with_the_rules_for_recorded_subnets() -> None:
    before = NodeReading(rules=(BETWEEN, FROM_HOST), routes=(DEFAULT_149, DEFAULT_150))
    found = plan(before, ON_RECORD)
    assert [change.kind for change in found.changes] == ["route", "route", "rule", "rule"]
    assert (
        " ".join(found.changes[0].commands[0]) == "ip -4 route delete default via 10.11.0.1 dev ovn-k8s-mp0 table 149"
    )
    assert not found.kept
    cut_off = replace(before, routes=())
    assert [change.kind for change in plan(cut_off, ON_RECORD).changes] == ["rule", "rule"]


def test_default_route_of_ovn_without_rules_needs_evidence() -> None:
    alone = NodeReading(routes=(DEFAULT_150,))
    traced = replace(alone, ipsets=(IpSet("SUBMARINER-LOCALCIDRS", "hash:net"),))
    name = "default via 10.11.0.1 dev ovn-k8s-mp0 table 150"
    assert "nothing else here" in kept(alone, ON_RECORD)[name]
    assert keys(plan(alone, RAN_HERE)) == {("route", name)}
    assert ("route", name) in keys(plan(traced))


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (NodeReading(rules=(FROM_HOST, Rule(4, 9, "150")), routes=(DEFAULT_150,)), "9: from all lookup 150"),
        (NodeReading(routes=(DEFAULT_150, Route(4, "150", "10.99.0.0/16", "eth1"))), "10.99.0.0/16 dev eth1 table 150"),
        (NodeReading(routes=(replace(DEFAULT_150, device="eth0"),)), "neither leaves by"),
        (NodeReading(routes=(replace(DEFAULT_150, gateway=""),)), "neither leaves by"),
        (NodeReading(routes=(DEFAULT_150,), unread={"rules": "exit code 1"}), "could not be read"),
    ],
)
def test_default_route_that_others_may_use_is_kept(reading: NodeReading, why: str) -> None:
    found = plan(reading, Known.of([REMOTE], ran_here=True))
    assert "route" not in {change.kind for change in found.changes}
    assert why in {entry.name: entry.why for entry in found.kept}[_name(reading.routes[0])]


def _name(route: Route) -> str:
    via = f" via {route.gateway}" if route.gateway else ""
    return f"{route.destination}{via} dev {route.device} table {route.table}"


def test_similar_chains_sets_and_tables_are_kept() -> None:
    text = "*filter\n:FORWARD ACCEPT [0:0]\n:SUBMARINER-MINE - [3:4]\n-A FORWARD -j SUBMARINER-MINE\nCOMMIT\n"
    reading = NodeReading(
        rulesets=(dataplane.ruleset(text, "iptables-legacy"),),
        ipsets=(
            IpSet("SUBMARINER-OTHER", "hash:net"),
            IpSet("SUBMARINER-LOCALCIDRS", "hash:ip"),
            IpSet("SM-GN-", "hash:ip"),
        ),
        nft_tables=(NftTable("inet", "submariner-lab"), NftTable("ip", "submariner", ("SUBMARINER-INPUT", "mine"))),
    )
    assert set(kept(reading)) == {
        "filter/SUBMARINER-MINE",
        "SUBMARINER-OTHER",
        "SUBMARINER-LOCALCIDRS",
        "SM-GN-",
        "inet submariner-lab",
        "ip submariner",
    }


def test_a_set_in_use_by_others_is_kept() -> None:
    text = "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set SUBMARINER-LOCALCIDRS src -j ACCEPT\nCOMMIT\n"
    reading = NodeReading(
        rulesets=(dataplane.ruleset(text, "iptables-nft"),), ipsets=(IpSet("SUBMARINER-LOCALCIDRS", "hash:net"),)
    )
    assert "iptables-nft filter/FORWARD" in kept(reading)["SUBMARINER-LOCALCIDRS"]


def test_a_set_that_is_in_a_list_of_others_is_kept() -> None:
    ours, theirs = IpSet("SUBMARINER-LOCALCIDRS", "hash:net"), IpSet("mine", "list:set", ("SUBMARINER-LOCALCIDRS",))
    assert kept(NodeReading(ipsets=(ours, theirs)))["SUBMARINER-LOCALCIDRS"] == "the set mine has it as a member"


@pytest.mark.parametrize(("family", "name"), [("inet", "filter"), ("ip", "firewall"), ("bridge", "nat")])
def test_a_table_of_others_with_a_chain_named_like_ours_is_kept(family: str, name: str) -> None:
    """No iptables can list it, as it is none of iptables' tables."""
    found = plan(NodeReading(nft_tables=(NftTable(family, name, ("SUBMARINER-FORWARD", "input")),)))
    assert found.clean
    assert [entry.name for entry in found.kept] == [f"{family} {name}"]


def test_jump_with_matches_is_deleted_by_its_exact_words() -> None:
    text = (
        "*filter\n:INPUT ACCEPT [1:2]\n:SUBMARINER-INPUT - [0:0]\n"
        '-A INPUT -p udp -m comment --comment "a \\"b\\" it\\\'s \\\\ $c" -j SUBMARINER-INPUT\nCOMMIT\n'
    )
    jump = plan(NodeReading(rulesets=(dataplane.ruleset(text, "iptables-legacy"),))).changes[0]
    (command,) = jump.commands
    assert command[:7] == ("iptables-legacy", "-w", "10", "-t", "filter", "-D", "INPUT")
    assert command[7:] == ("-p", "udp", "-m", "comment", "--comment", 'a "b" it\'s \\ $c', "-j", "SUBMARINER-INPUT")


def test_nftables_table_of_newer_versions() -> None:
    reading = NodeReading(
        nft_tables=(NftTable("ip", "submariner-ipv4", ("SUBMARINER-FORWARD",)), NftTable("ip", "filter"))
    )
    (change,) = plan(reading).changes
    assert change.commands == (("nft", "delete", "table", "ip", "submariner-ipv4"),)


@pytest.mark.parametrize(("name", "ours"), [("submariner-ipv4", True), ("mine", False)])
def test_named_sets_of_nftables_are_a_record(name: str, ours: bool) -> None:
    local, remote = "10.11.0.0/16", "10.12.0.0/16"
    sets = (
        IpSet("SUBMARINER-LOCALCIDRS", "ipv4_addr", (local,)),
        IpSet("SUBMARINER-REMOTECIDRS", "ipv4_addr", (remote,)),
    )
    reading = NodeReading(
        rules=(Rule(4, 150, "150"),),
        routes=(Route(4, "150", remote, "eth0"),),
        nft_tables=(NftTable("ip", name, ("SUBMARINER-INPUT",) if ours else (), sets),),
        xfrm=(XfrmPolicy(local, remote, "out"),),
    )
    found = plan(reading)
    kinds = [change.kind for change in found.changes]
    assert kinds == (["rule", "route", "xfrm policy", "nftables table"] if ours else [])
    assert len(found.kept) == (0 if ours else 3)


def test_what_proves_others_goes_last() -> None:
    kinds = [change.kind for change in plan(recorded_node("installed", "west-node")).changes]
    assert kinds == sorted(kinds, key=lambda kind: kind in EVIDENCE)
    assert {*kinds} >= {"rule", "route", "chain", "ipset", "link"}


def test_chains_that_only_nft_could_see_are_unknown() -> None:
    reading = NodeReading(
        nft_tables=dataplane.nft_tables(dataplane.nft_entries(recorded("west-uninstalled", "west-node", "nft")))
    )
    found = plan(reading)
    assert not found.clean
    assert "SUBMARINER-FORWARD" in found.unknown["iptables"]


def test_ipsec_policies_by_recorded_subnets_only() -> None:
    ours = XfrmPolicy("10.22.0.0/16", "10.12.0.0/16", "out", ("priority", "1", "ptype", "main"))
    other = XfrmPolicy("10.22.0.0/16", "192.0.2.0/24", "out")
    narrow = XfrmPolicy("10.22.0.0/16", "10.12.0.0/16", "in", ("proto", "tcp", "dport", "22"))
    found = plan(NodeReading(xfrm=(ours, other, narrow)), Known.of(["10.22.0.0/16", "10.12.0.0/16"]))
    assert [" ".join(c.commands[0]) for c in found.changes] == [
        "ip xfrm policy delete src 10.22.0.0/16 dst 10.12.0.0/16 dir out"
    ]
    assert len(found.kept) == 2


@pytest.mark.parametrize(
    "more", [("ptype", "main", "mark", "0x7/0xff"), ("ptype", "main", "if_id", "0x3"), ("ptype", "sub")]
)
def test_an_ipsec_policy_that_submariner_would_not_make_is_kept(more: tuple[str, ...]) -> None:
    theirs = XfrmPolicy(LOCAL, REMOTE, "out", ("priority", "100", *more))
    found = plan(NodeReading(xfrm=(theirs,)), Known.of([LOCAL, REMOTE]))
    assert found.changes == []
    assert [kept.why for kept in found.kept] == [
        f"has what Submariner does not set: {more[-2 if len(more) > 2 else -1]}"
    ]


def test_ipsec_states_go_with_the_policies_that_alone_use_them() -> None:
    here, there = "172.18.0.2", "172.18.0.3"
    out, back = XfrmEnds(here, there, "esp", 16389), XfrmEnds(there, here, "esp", 16389)
    shared, theirs = XfrmEnds(here, there, "esp", 7), XfrmEnds(here, "172.18.0.9", "esp", 8)
    reading = NodeReading(
        xfrm=(
            XfrmPolicy(LOCAL, REMOTE, "out", templates=(out, shared, replace(out, reqid=0))),
            XfrmPolicy(REMOTE, LOCAL, "in", templates=(back,)),
            XfrmPolicy(LOCAL, "192.0.2.0/24", "out", templates=(shared, theirs)),
        ),
        xfrm_states=(
            XfrmState(out, "0x1"),
            XfrmState(back, "0x2"),
            XfrmState(shared, "0x3"),
            XfrmState(theirs, "0x4"),
            XfrmState(replace(out, reqid=0), "0x5"),
            XfrmState(out, "0x6", mark=True),
            XfrmState(XfrmEnds(here, "172.18.0.8", "esp", 16389), "0x7"),
        ),
    )
    found = plan(reading, Known.of([LOCAL, REMOTE]))
    assert [" ".join(change.commands[0]) for change in found.changes][:2] == [
        f"ip xfrm state delete src {here} dst {there} proto esp spi 0x1",
        f"ip xfrm state delete src {there} dst {here} proto esp spi 0x2",
    ]
    assert [change.kind for change in found.changes[2:]] == ["xfrm policy", "xfrm policy"]
    kept = [(entry.kind, entry.name.split()[-1]) for entry in found.kept]
    assert kept == [("xfrm policy", "out"), *(("xfrm state", spi) for spi in ("0x5", "0x6", "0x7"))]


def test_unread_layer_is_never_clean() -> None:
    found = plan(
        NodeReading(rules=(RULE,), unread={"routes": "exit code 1", "nftables": "not found"}), Known(ran_here=True)
    )
    assert not found.changes
    assert not found.clean
    assert set(found.unknown) == {"routes", "nftables", "rules"}


def test_plan_can_be_shown() -> None:
    found = plan(recorded_node("installed", "west-node"))
    shown = json.loads(json.dumps([change.as_dict() for change in found.changes]))
    assert {entry["residue"] for entry in shown} == {"R24"}
    assert all(entry["why"] and entry["commands"] for entry in shown)
