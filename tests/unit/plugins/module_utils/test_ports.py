# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of ports: what a node has to let in, by its role, the version and the cable driver."""

from __future__ import annotations

import ipaddress
import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.filter.firewall_rules import firewall_rules
from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._ports import Settings, needed, nftables, rules

ROLE = pathlib.Path(__file__).parents[4] / "roles" / "firewall"

settings = st.builds(
    Settings,
    node_role=st.sampled_from(ports.NODE_ROLES),
    cable_driver=st.sampled_from(["", *ports.DRIVERS]),
    version=st.sampled_from(["", "0.17.5", "0.18.4", "0.19.0", "0.24.1", "devel"]),
    globalnet=st.booleans(),
    force_udp_encaps=st.booleans(),
    natt_port=st.integers(1, 65535),
    without=st.lists(st.sampled_from(ports.OPENED), unique=True),
    sources=st.lists(st.sampled_from(["192.0.2.0/24", "198.51.100.7", "2001:db8::/64", "2001:db8::1"])),
)


def names(**values: t.Any) -> list[str]:
    return [port.name for port in needed(Settings(**values))]


def test_the_readme_shows_the_table() -> None:
    assert ports.table() in (ROLE / "README.md").read_text()


def test_the_role_knows_the_names_that_can_be_left_out() -> None:
    spec = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert spec["submariner_firewall_without"]["choices"] == list(ports.OPENED)
    assert spec["submariner_node_role"]["choices"] == list(ports.NODE_ROLES)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["natt", "nat-discovery", "esp", "ah", "vxlan", "metrics"]),
        ({"node_role": "other"}, ["vxlan"]),
        ({"node_role": "gateway", "cable_driver": "wireguard"}, ["natt", "nat-discovery", "vxlan", "metrics"]),
        ({"cable_driver": "vxlan"}, ["natt", "nat-discovery", "vxlan", "metrics"]),
        ({"force_udp_encaps": True}, ["natt", "nat-discovery", "vxlan", "metrics"]),
        ({"node_role": "other", "without": ["vxlan"]}, []),
        (
            {"globalnet": True, "version": "0.18.4", "cable_driver": "vxlan", "without": ["vxlan"]},
            ["natt", "nat-discovery", "metrics", "globalnet-metrics", "old-metrics", "old-globalnet-metrics"],
        ),
        (
            {"globalnet": True, "version": "0.19.0", "cable_driver": "vxlan"},
            ["natt", "nat-discovery", "vxlan", "metrics", "globalnet-metrics"],
        ),
    ],
)
def test_what_a_node_has_to_let_in(values: dict[str, t.Any], expected: list[str]) -> None:
    assert names(**values) == expected


def test_rules_by_source() -> None:
    wanted = Settings(
        node_role="gateway",
        natt_port=4600,
        without=("ah", "metrics", "nat-discovery"),
        sources=("192.0.2.7", "2001:db8::/64", "192.0.2.7/32"),
        internal_sources=("10.0.0.0/8",),
    )
    assert rules(wanted) == [
        "udp 4600 192.0.2.7/32",
        "udp 4600 2001:db8::/64",
        "esp - 192.0.2.7/32",
        "esp - 2001:db8::/64",
        "udp 4800 10.0.0.0/8",
    ]
    assert nftables(rules(wanted), ["ip a b", "inet c d"])[:3] == [
        "ip a b ip saddr 192.0.2.7/32 udp dport 4600",
        "ip a b ip saddr 192.0.2.7/32 meta l4proto esp",
        "ip a b ip saddr 10.0.0.0/8 udp dport 4800",
    ]
    assert nftables(["esp - any"], ["ip6 a b"]) == ["ip6 a b meta l4proto esp"]


@pytest.mark.parametrize("sources", [["0.0.0.0/0"], ["::/0"], ["0.0.0.0/0", "::/0"]])
def test_a_network_that_holds_all_is_any(sources: list[str]) -> None:
    """Firewalls show its rule as one without a source."""
    assert rules(Settings(sources=sources, internal_sources=sources)) == rules(Settings())


@given(settings)
def test_every_rule_is_well_formed_and_is_there_once(wanted: Settings) -> None:
    found = rules(wanted)
    assert len(set(found)) == len(found)
    for rule in found:
        protocol, number, network = rule.split()
        assert (number == "-") == (protocol in ("esp", "ah"))
        assert number == "-" or 0 < int(number) < 65536
        assert network == "any" or ipaddress.ip_network(network)
    in_two = nftables(found, ["ip a b", "ip6 a b"])
    both = [rule for rule in found if rule.endswith(" any")]
    assert len(in_two) == len(found) + len(both)


@given(settings)
def test_any_node_is_open_for_either_role(wanted: Settings) -> None:
    def of(role: str) -> set[str]:
        return set(rules(Settings(**{**vars(wanted), "node_role": role})))

    assert of("any") == of("gateway") | of("other")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"node_role": "master"}, "submariner_node_role"),
        ({"cable_driver": "ipsec"}, "submariner_cable_driver"),
        ({"without": ["broker"]}, "submariner_firewall_without"),
        ({"natt_port": 0}, "submariner_nattport"),
        ({"nat_discovery_port": 70000}, "submariner_nat_discovery_port"),
        ({"sources": ["192.0.2.1/24"]}, "submariner_firewall_sources"),
        ({"internal_sources": ["east"]}, "submariner_firewall_internal_sources"),
        ({"sources": ["fe80::1%eth0"]}, "submariner_firewall_sources"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, t.Any], named: str) -> None:
    with pytest.raises(AnsibleFilterError, match=named):
        firewall_rules(values)


def test_anything_but_settings_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="not str"):
        firewall_rules("gateway")


def test_chains_of_nftables() -> None:
    assert firewall_rules({"node_role": "other"}, ["inet a b"]) == ["inet a b udp dport 4800"]
