# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint records: what the local one is made of, and how two relate."""

from __future__ import annotations

import ipaddress

from tests.simulator.kube import Object


def overlaps(one: list[str], other: list[str]) -> bool:
    """Whether any subnet of the one overlaps any of the other."""
    others = [ipaddress.ip_network(cidr, strict=False) for cidr in other]
    return any(ipaddress.ip_network(cidr, strict=False).overlaps(network) for cidr in one for network in others)


def cable_name(cluster_id: str, private_ip: str) -> str:
    return f"submariner-cable-{cluster_id}-{private_ip.replace('.', '-')}"


def endpoint_name(spec: Object) -> str:
    """The name of the Endpoint object; another gateway node has another one."""
    return f"{spec['cluster_id']}-{spec['cable_name']}".lower()


def same_gateway(one: Object, other: Object) -> bool:
    """Whether two Endpoint specs are of one gateway with one cable; the rest of them may change."""
    keys = ("cluster_id", "cable_name", "hostname", "backend", "backend_config")
    return all(one.get(key) == other.get(key) for key in keys)
