# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_rules
short_description: Tell what a node has to let in for Submariner
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Takes what is known of a node and its installation, and gives one rule for each port and source.
  - The table of ports stands in the README of the role firewall.
options:
  _input:
    description:
      - A dictionary with any of C(node_role) (V(gateway), V(other) or V(any)), C(cable_driver), C(version), C(globalnet),
        C(force_udp_encaps), C(natt_port), C(nat_discovery_port), C(without) (names of ports that are left out),
        C(sources) (networks of the other clusters' gateways) and C(internal_sources) (networks of the own cluster).
    type: dict
    required: true
  chains:
    description:
      - Chains of nftables, each as family, table and name. With them the rules come in the words of nftables, each with its
        chain; a chain of one family gets the networks of that family.
    type: list
    elements: str
"""

EXAMPLES = r"""
# ['udp 4500 192.0.2.0/24', 'udp 4490 192.0.2.0/24', 'udp 4800 any', 'tcp 32780 any']
rules: "{{ {'node_role': 'gateway', 'cable_driver': 'vxlan', 'sources': ['192.0.2.0/24']} | submariner.lifecycle.firewall_rules }}"
"""

RETURN = r"""
_value:
  description:
    - Rules of three words. Protocol, port (V(-) for a protocol without ports), and network in CIDR notation (V(any) for all).
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.submariner.lifecycle.plugins.module_utils._ports import Settings, nftables, rules


def firewall_rules(settings: t.Any, chains: t.Sequence[str] | None = None) -> list[str]:
    """Rules for one node; every wrong value ends in one line that names it."""
    if not isinstance(settings, t.Mapping):
        raise AnsibleFilterError(f"firewall_rules takes a dictionary, not {type(settings).__name__}")
    try:
        wanted = rules(Settings(**settings))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"firewall_rules: {error}") from None
    return wanted if chains is None else nftables(wanted, chains)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"firewall_rules": firewall_rules}
