# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about a node's data plane, from the outputs that the recordings hold: links, rules, tables, chains, sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.fidelity.naming import Naming

LINKS = ("vx-submariner", "vxlan-tunnel", "submariner")
TABLES = ("100", "149", "150")
OURS = re.compile(r"SUBMARINER|SM-GN")
COUNTERS = re.compile(r" ?\[[0-9]+:[0-9]+\]")

Files = dict[str, str]  # file name of the recording -> content; an empty answer has no file


def facts_of(head: str, files: Files, naming: Naming) -> set[str]:
    """All facts of one node; head names it."""
    own = _own_addresses(files)

    def named(text: str) -> str:
        for address, token in own.items():
            text = re.sub(rf"(?<![\d.]){re.escape(address)}(?![\d.])", token, text)
        return naming(text)

    facts = {*_links(files), *_addresses(files), *_rules(files), *_routes(files), *_chains(files), *_sets(files)}
    return {f"{head} {named(fact)}" for fact in facts}


def _load(files: Files, name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(files.get(name) or "[]")
    return loaded


def _own_addresses(files: Files) -> dict[str, str]:
    """The CNI's address and the name of the default interface stand for themselves."""
    found = {}
    default = next((r["dev"] for r in _load(files, "ip-route.txt") if r["dst"] == "default" and "dev" in r), "")
    for link in _load(files, "ip-addr.txt"):
        for address in link["addr_info"]:
            if address["family"] == "inet" and link["ifname"] not in (*LINKS, "lo", default):
                found[address["local"]] = "<cni-ip>"
    return {**found, default: "<default-interface>"} if default else found


def _links(files: Files) -> Iterator[str]:
    for link in _load(files, "ip-link.txt"):
        if link["ifname"] in LINKS:
            data = (link.get("linkinfo") or {}).get("info_data") or {}
            shown = {key: data.get(key) for key in ("id", "port", "learning", "remote", "ttl", "udp_csum")}
            details = " ".join(f"{key}={value}" for key, value in shown.items() if value is not None)
            up = "up" if "UP" in link["flags"] else "down"
            yield f"link {link['ifname']} mtu {link['mtu']} {up} {details}"


def _addresses(files: Files) -> Iterator[str]:
    for link in _load(files, "ip-addr.txt"):
        for address in link["addr_info"] if link["ifname"] in LINKS else ():
            if address["family"] == "inet":
                yield f"address {link['ifname']} {address['local']}/{address['prefixlen']}"


def _rules(files: Files) -> Iterator[str]:
    for rule in _load(files, "ip-rule.txt"):
        if str(rule["table"]) in TABLES:
            yield f"rule {rule['priority']} from {rule['src']} table {rule['table']}"


def _routes(files: Files) -> Iterator[str]:
    for route in _load(files, "ip-route.txt"):
        table = route.get("table", "main")
        if ":" in route["dst"] or table == "local":
            continue
        if table in TABLES or route.get("dev") in LINKS:
            shown = ("dst", "gateway", "dev", "protocol", "scope", "prefsrc", "metric")
            yield f"route table {table} " + " ".join(f"{key} {route[key]}" for key in shown if key in route)


def _chains(files: Files) -> Iterator[str]:
    table = ""
    for line in (files.get("iptables-save.txt") or "").splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif OURS.search(line):
            yield f"iptables {table} {COUNTERS.sub('', line)}"


def _sets(files: Files) -> Iterator[str]:
    for line in (files.get("ipset.txt") or "").splitlines():
        if OURS.search(line):
            yield f"ipset {re.sub(r' initval 0x[0-9a-f]+', '', line)}"
