# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Submariner changed in objects of others, and the patches that put it back; pure. Private, may change at any time.

Sources: submariner.md 2.4 (the edits), 3.4 R18, R21, R23.
"""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import EDIT, ENTRIES, Entry, entry_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_member import DNS_MAPS
from ansible_collections.submariner.lifecycle.plugins.module_utils._dns import (
    CUSTOM_KEY,
    DOMAIN,
    SERVER,
    has_block,
    lighthouse_servers,
    without_block,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    GATEWAY_LABEL,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan

MANAGED, MODE_BEFORE = "submariner-managed", "submariner-prev-ipipmode"
"""Label and annotation on Calico's default pool: changed by Submariner, and what its mode was."""
COREFILES = frozenset(["kube-system/coredns", "kube-system/rke2-coredns-rke2-coredns", "openshift-dns/dns-default"])
"""Where lighthouse writes its block. Any other Corefile with one is somebody's copy, unless the resource names it."""
NODE_NOTES = frozenset(["submariner.io/globalIp", "submariner.io/cniIfaceIp"])
"""Annotations that releases before 0.18 set on nodes and no upgrade takes away."""
NODE_DOMAINS = ("submariner.io", "gateway.submariner.io")
OWN_LABELLERS = ("", "subctl", "submariner.lifecycle")
"""Who sets the gateway label for an installation, as the API server notes it; empty where it noted nobody. A program that
was renamed, as subctl-v0.24.1 is, still begins so."""


def plan_dns(snapshot: Snapshot, result: Plan) -> None:
    """What lighthouse wrote into CoreDNS, whichever ConfigMap holds it, and into OpenShift's DNS."""
    seen: set[tuple[str, str]] = set()
    for key in DNS_MAPS:
        for obj in snapshot.objects(key):
            meta = mapping(obj.get("metadata"))
            place = text(meta.get("namespace")), text(meta.get("name"))
            if place not in seen:
                seen.add(place)
                _plan_config_map(
                    entry_of("R18", key), obj, "/".join(place), "/".join(filter(None, snapshot.dns_map)), result
                )
    for obj in snapshot.objects("dns-operator"):
        _plan_servers(entry_of("R18", "dns-operator"), obj, result)


def _plan_config_map(entry: Entry, obj: Json, place: str, named: str, result: Plan) -> None:
    """C(named) is the place of lighthouse's key, empty where nothing tells it."""
    data = mapping(obj.get("data"))
    corefile = text(data.get("Corefile"))
    changes: Json = {}
    why = []
    if has_block(corefile) and place not in COREFILES and entry.key != "dns-elsewhere":
        result.keep(entry, obj, "has a copy of lighthouse's block, where lighthouse does not write it")
    elif has_block(corefile):
        rest = without_block(corefile)
        if rest is None:
            result.findings.append(
                Finding(
                    "dns.unbalanced-markers",
                    ERROR,
                    f"ConfigMap {place}",
                    "lighthouse's marker lines do not come in pairs",
                    "one lighthouse-start and one lighthouse-end line",
                    hint="take the clusterset.local block out of the Corefile by hand, then run again",
                )
            )
            result.keep(entry, obj, "its marker lines do not come in pairs")
            return
        changes["Corefile"] = rest
        why.append("has a block between lighthouse's marker lines")
    if DOMAIN in text(data.get(CUSTOM_KEY)) and named and place != named:
        result.keep(entry, obj, f"has a copy of lighthouse's key {CUSTOM_KEY}, which is in {named}")
    elif DOMAIN in text(data.get(CUSTOM_KEY)):
        changes[CUSTOM_KEY] = None
        why.append(f"has lighthouse's key {CUSTOM_KEY}")
    elif CUSTOM_KEY in data:
        result.keep(entry, obj, f"has a key {CUSTOM_KEY} that says nothing of {DOMAIN}")
    if changes:
        result.edit(entry, obj, {"data": changes}, " and ".join(why))


def _plan_servers(entry: Entry, obj: Json, result: Plan) -> None:
    servers = [mapping(s) for s in sequence(mapping(obj.get("spec")).get("servers"))]
    ours = lighthouse_servers(servers)
    if ours:
        rest = [s for s in servers if s not in ours]
        result.edit(entry, obj, {"spec": {"servers": rest or None}}, f"has {len(ours)} of lighthouse's servers")
    if any(s.get("name") == SERVER for s in servers if s not in ours):
        result.keep(entry, obj, f"has a server named {SERVER} that does not forward {DOMAIN}")


def plan_nodes(snapshot: Snapshot, result: Plan, member: bool, labels: bool) -> None:
    """What an installation that goes noted on nodes, and its gateway label if it was asked for; what users set stays."""
    entry = entry_of("R21", "nodes")
    for obj in snapshot.objects("nodes"):
        meta = mapping(obj.get("metadata"))
        marks, notes = mapping(meta.get("labels")), mapping(meta.get("annotations"))
        gone: dict[str, dict[str, None]] = {
            "annotations": dict.fromkeys(sorted(NODE_NOTES & set(notes)) if member else ())
        }
        by = text(meta.get("gateway-label-by"))
        gateway = labels and marks.get(GATEWAY_LABEL) == "true"
        gone["labels"] = {GATEWAY_LABEL: None} if gateway and _of_an_installation(by) else {}
        patch = {place: keys for place, keys in gone.items() if keys}
        if patch:
            words = [*(f"{GATEWAY_LABEL}=true" for _key in gone["labels"]), *gone["annotations"]]
            result.edit(entry, obj, {"metadata": patch}, f"carries {', '.join(words)}")
        settings = sorted(k for k in {*marks, *notes} - NODE_NOTES if k.partition("/")[0] in NODE_DOMAINS)
        settings = [k for k in settings if (k, marks.get(k)) != (GATEWAY_LABEL, "true")]
        reasons = [f"{', '.join(settings)}: set by users, and read again by the next installation"] if settings else []
        if gateway and not gone["labels"]:
            reasons.insert(0, f"{GATEWAY_LABEL}: set by {by}, not for an installation, and used by the next one")
        if reasons and member:
            result.keep(entry, obj, "; ".join(reasons))


def _of_an_installation(manager: str) -> bool:
    return manager in OWN_LABELLERS or manager.startswith("subctl-")


def plan_pools(snapshot: Snapshot, result: Plan) -> None:
    """Calico's default pool as it was before; its mode only if nobody else changed it since."""
    entry = next(e for e in ENTRIES if (e.key, e.action) == ("ippools", EDIT))
    for obj in snapshot.objects("ippools"):
        meta, spec = mapping(obj.get("metadata")), mapping(obj.get("spec"))
        before = text(mapping(meta.get("annotations")).get(MODE_BEFORE))
        if not entry.owns(obj, "") or not before:
            continue
        patch: Json = {"metadata": {"annotations": {MODE_BEFORE: None}}}
        if MANAGED in mapping(meta.get("labels")):
            patch["metadata"]["labels"] = {MANAGED: None}
        if spec.get("ipipMode") == "Always":
            patch["spec"] = {"ipipMode": before}
        result.edit(entry, obj, patch, f"was set to ipipMode Always by Submariner, and to {before} before")
