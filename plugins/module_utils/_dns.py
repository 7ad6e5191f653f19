# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What service discovery edits in a cluster's DNS (submariner.md 2.4); pure. Private, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Snapshot, mapping, sequence, text

START, END = "lighthouse-start", "lighthouse-end"
CUSTOM_KEY = "lighthouse.server"
"""Key of a custom ConfigMap that is lighthouse's alone."""
SERVER, DOMAIN = "lighthouse", "clusterset.local"
"""Name of lighthouse's servers in OpenShift's DNS, and the domain that one of them always has."""
PLATFORM_MAPS = {
    "dns-of-rke2": "ConfigMap kube-system/rke2-coredns-rke2-coredns",
    "dns-of-microshift": "ConfigMap openshift-dns/dns-default",
}
"""Where the Corefile is on a cluster that has neither CoreDNS's usual ConfigMap nor OpenShift's DNS."""


def has_block(corefile: str) -> bool:
    """Whether a marker line of lighthouse is there, paired or not."""
    return any(START in line or END in line for line in corefile.splitlines())


def without_block(corefile: str) -> str | None:
    """The Corefile without the blocks between the marker lines; None when the markers do not come in pairs."""
    kept: list[str] = []
    inside = False
    for line in corefile.splitlines(keepends=True):
        if START in line:
            if inside:
                return None
            inside = True
        elif END in line:
            if not inside:
                return None
            inside = False
        elif not inside:
            kept.append(line)
    return None if inside else "".join(kept)


def lighthouse_servers(servers: t.Sequence[Json]) -> list[Json]:
    """Of the servers in OpenShift's DNS those of lighthouse.

    They have its name and forward clusterset.local, or another domain to the same address; the name alone is a word that
    others may use.
    """
    named = [s for s in servers if s.get("name") == SERVER]
    sure = [s for s in named if DOMAIN in sequence(s.get("zones"))]
    addresses = {a for s in sure for a in upstreams(s)}
    return [s for s in named if s in sure or (upstreams(s) and set(upstreams(s)) <= addresses)]


def upstreams(server: Json) -> list[str]:
    """Where a server of OpenShift's DNS forwards to."""
    return [text(a) for a in sequence(mapping(server.get("forwardPlugin")).get("upstreams")) if text(a)]


def forward_addresses(config: str, marked: bool = True) -> list[str]:
    """Where each stanza of lighthouse's block forwards to; without C(marked), of the whole text."""
    found = []
    inside = not marked
    for line in config.splitlines():
        if marked:
            inside = (inside or START in line) and END not in line
        words = line.split()
        if inside and len(words) >= 3 and words[0] == "forward":
            found.append(words[2])
    return found


@dataclass(frozen=True)
class Edit:
    """Where a cluster's DNS is told about lighthouse, and what it is told."""

    key: str
    """The reading that it stands in."""
    place: str
    there: bool
    paired: bool
    addresses: tuple[str, ...]


def edit_of(snapshot: Snapshot) -> Edit:
    """The edit of a cluster's DNS: in a ConfigMap of the user's choice, a platform's own, OpenShift's DNS, or CoreDNS."""
    if "dns-custom" in snapshot.readings:
        named = mapping(mapping(snapshot.submariner.get("spec")).get("coreDNSCustomConfig"))
        place = f"ConfigMap {text(named.get('namespace')) or 'kube-system'}/{text(named.get('configMapName'))}"
        config = text(mapping(snapshot.first_of("dns-custom").get("data")).get(CUSTOM_KEY))
        return Edit("dns-custom", place, bool(config), True, tuple(forward_addresses(config, marked=False)))
    for key, place in PLATFORM_MAPS.items():
        if snapshot.reading(key).state == "present":
            return _in_corefile(snapshot, key, place)
    if "dns-operator" in snapshot.readings:
        servers = map(mapping, sequence(mapping(snapshot.first_of("dns-operator").get("spec")).get("servers")))
        ours = [s for s in servers if s.get("name") == SERVER]
        return Edit(
            "dns-operator", "dns.operator default", bool(ours), True, tuple(a for s in ours for a in upstreams(s))
        )
    return _in_corefile(snapshot, "coredns", "ConfigMap kube-system/coredns")


def _in_corefile(snapshot: Snapshot, key: str, place: str) -> Edit:
    corefile = text(mapping(snapshot.first_of(key).get("data")).get("Corefile"))
    paired = without_block(corefile) is not None
    return Edit(key, place, has_block(corefile), paired, tuple(forward_addresses(corefile)))


def lighthouse_addresses(snapshot: Snapshot) -> list[str]:
    """Cluster addresses of the Service of lighthouse's CoreDNS; empty without it."""
    service = snapshot.first("services", snapshot.operator_namespace, "submariner-lighthouse-coredns")
    spec = mapping(service.get("spec"))
    found = [text(a) for a in (spec.get("clusterIP"), *sequence(spec.get("clusterIPs")))]
    return [a for a in dict.fromkeys(found) if a]
