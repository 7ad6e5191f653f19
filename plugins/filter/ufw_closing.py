# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ufw_closing
short_description: Tell which rule of ufw closes what Submariner needs
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - The first rule that holds for all of the traffic decides, as with ufw. Lists and ranges of ports and wider networks are
    taken into account, profiles of applications are not.
options:
  _input:
    description: What is needed, as the filter P(submariner.lifecycle.firewall_rules#filter) writes it.
    type: str
    required: true
  lines:
    description: What C(ufw show added) says.
    type: list
    elements: str
    required: true
  interfaces:
    description: Whether a rule is wanted that closes it on one interface only.
    type: bool
    default: false
"""

EXAMPLES = r"""
# ufw deny 4000:5000/udp
closing: "{{ 'udp 4500 any' | submariner.lifecycle.ufw_closing(['ufw allow 22/tcp', 'ufw deny 4000:5000/udp']) }}"
"""

RETURN = r"""
_value:
  description: The rule as C(ufw show added) writes it; empty when none closes it.
  type: str
"""

import ipaddress
import re
import typing as t

PORTS = "[0-9]+(?::[0-9]+)?(?:,[0-9]+(?::[0-9]+)?)*"
# Without what is limited to an address of the host or to a port of the sender.
SHAPE = re.compile(
    r"ufw (?P<action>allow|limit|deny|reject)(?: in on (?P<interface>\S+))?(?: log(?:-all)?)?"
    rf"(?: (?P<ports>{PORTS})(?:/(?P<protocol>\w+))?"
    r"|(?: from (?P<source>any|[0-9a-f.:]+(?:/[0-9]+)?))?"
    rf"(?: to any(?: port (?P<to_ports>{PORTS}))?)?(?: proto (?P<of_protocol>\w+))?)"
    r"(?: comment '.*')?"
)


def ufw_closing(rule: str, lines: t.Iterable[str], interfaces: bool = False) -> str:
    """The line that closes C(rule), which is written as protocol, port and network."""
    for line in lines:
        found = SHAPE.fullmatch(line.strip())
        if not found or not _holds(found, *rule.split()):
            continue
        closes = found["action"] in ("deny", "reject")
        if found["interface"]:
            if closes and interfaces:
                return line.strip()
        else:
            return line.strip() if closes and not interfaces else ""
    return ""


def _holds(found: re.Match[str], protocol: str, number: str, network: str) -> bool:
    """Whether a rule of ufw is about all of that traffic."""
    ports = found["ports"] or found["to_ports"]
    return (
        (found["protocol"] or found["of_protocol"]) in (None, protocol)
        and (not ports or (number != "-" and any(_within(int(number), part) for part in ports.split(","))))
        and (found["source"] in (None, "any") or (network != "any" and _inside(network, found["source"])))
    )


def _within(number: int, part: str) -> bool:
    first, _colon, last = part.partition(":")
    return int(first) <= number <= int(last or first)


def _inside(network: str, other: str) -> bool:
    inner, outer = ipaddress.ip_network(network), ipaddress.ip_network(other, strict=False)
    return inner.version == outer.version and outer.supernet_of(inner)  # type: ignore[arg-type]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"ufw_closing": ufw_closing}
