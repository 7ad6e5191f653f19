# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a cluster that nothing needs any more (submariner.md 3.4); pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
    allocations_in,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import MCS_CRDS, MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    INFO,
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Wish, plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

ACCESS = re.compile(r"cluster-(?P<id>.+?)(-submariner-k8s-broker-cluster|-(token|dockercfg)-[a-z0-9]+)?")
"""ServiceAccount, RoleBinding and Secrets that a join leaves on the broker, by the cluster ID in their names."""

TABLES = {GLOBALNET_INFO: "globalnetEnabled", CLUSTERSET_IP_INFO: "clustersetIPEnabled"}

ACCESS_KEYS = ("serviceaccounts", "rolebindings", "broker-secrets")


def check_residue(member: Snapshot, cluster_id: str) -> list[Finding]:
    """Nothing of an earlier installation, of a test that was broken off, or of a member that left."""
    findings = [f for n in member.broker_namespaces for f in _accesses(member, n) + _allocations(member, n)]
    if member.submariner:
        return findings + _test_pods(member, cluster_id)
    if not member.broker_namespaces:  # the operator of a broker that is no member stays with its broker
        findings += _objects(member, cluster_id)
    return findings + _shared(member, cluster_id)


def _accesses(broker: Snapshot, namespace: str) -> list[Finding]:
    """Access to the broker for an ID that has no Cluster record: a member that left, or never became one (R9)."""
    registered = _registered(broker, namespace)
    found: dict[str, list[str]] = {}
    for key in ACCESS_KEYS:
        for obj in broker.objects(key, namespace):
            match = ACCESS.fullmatch(text(mapping(obj.get("metadata")).get("name")))
            if match and match["id"] not in registered:
                found.setdefault(match["id"], []).append(str(obj.get("kind")))
    return [
        Finding(
            "residue.broker-access",
            WARNING,
            f"cluster {cluster_id}",
            f"is not registered, and its {_words(kinds)} are on the broker ({namespace})",
            "access to the broker for members only",
            cause="no uninstall takes them away; a new join under this ID uses them again",
            hint="run the playbook uninstall for a cluster that leaves for good, or delete them",
        )
        for cluster_id, kinds in sorted(found.items())
    ]


def _registered(broker: Snapshot, namespace: str) -> set[str]:
    return {c.cluster_id for c in broker.clusters(namespace)} | {e.cluster_id for e in broker.endpoints(namespace)}


def _allocations(broker: Snapshot, namespace: str) -> list[Finding]:
    """CIDRs given to IDs that are not registered, in the tables that are in use (R10)."""
    registered = _registered(broker, namespace)
    findings = []
    for name, switch in TABLES.items():
        table = mapping(broker.first("broker-configmaps", namespace, name).get("data"))
        if text(table.get(switch)) != "true":
            continue
        findings += [
            Finding(
                "residue.allocation",
                INFO,
                f"cluster {owner}",
                f"is not registered, and {cidr} is given to it in {name}",
                cause="nothing gives addresses back; a new join under this ID gets the same ones",
                hint="run the playbook uninstall for a cluster that leaves for good, or take its entry out of the ConfigMap",
            )
            for owner, cidr in allocations_in(table)
            if owner not in registered
        ]
    return findings


def _objects(member: Snapshot, cluster_id: str) -> list[Finding]:
    """What the catalogue owns, unless it is on its way out already."""
    going = {
        text(mapping(n.get("metadata")).get("name"))
        for n in member.objects("namespaces")
        if mapping(n.get("metadata")).get("deletionTimestamp")
    }
    found = plan(member, Wish(frozenset([MEMBER])))
    left = [
        o
        for o in found.owned
        if o.namespace not in going and o.name not in going and not _deleting(found.objects[o.path])
    ]
    if not left:
        return []
    return [
        Finding(
            "residue.left",
            WARNING,
            f"cluster {cluster_id}",
            f"has no installation, and still {_words([o.kind for o in left])} of one",
            "nothing of Submariner",
            cause="an uninstall that was broken off",
            hint="run the playbook uninstall or reinstall",
            evidence={"objects": [o.label for o in left[:50]]},
        )
    ]


def _shared(member: Snapshot, cluster_id: str) -> list[Finding]:
    """What an uninstall leaves on purpose: an API that others may use, and what users made."""
    findings = []
    crds = [text(mapping(o.get("metadata")).get("name")) for o in member.objects("crds")]
    crds = sorted(set(crds) & MCS_CRDS)
    if crds:
        findings.append(
            Finding(
                "residue.shared-definitions",
                INFO,
                f"cluster {cluster_id}",
                f"has no installation, and {', '.join(crds)}",
                cause="they belong to an API that is not Submariner's alone, so an uninstall leaves them",
            )
        )
    exports = len(member.objects("serviceexports"))
    if exports:
        findings.append(
            Finding(
                "residue.exports",
                INFO,
                f"cluster {cluster_id}",
                f"has no installation, and {exports} ServiceExport{'s' if exports > 1 else ''}",
                cause="users made them; the next installation exports these services again",
            )
        )
    return findings


def _test_pods(member: Snapshot, cluster_id: str) -> list[Finding]:
    pods = {
        text(mapping(o.get("metadata")).get("name"))
        for key in ("pods", "transient-pods")
        for o in member.objects(key)
        if "submariner.io/transient" in mapping(mapping(o.get("metadata")).get("labels"))
    }
    if not pods:
        return []
    return [
        Finding(
            "residue.test-pods",
            INFO,
            f"cluster {cluster_id}",
            f"pods of a subctl diagnose: {some(sorted(pods))}",
            cause="one that runs now, or was broken off",
            hint="delete them if no diagnose is running",
        )
    ]


def _deleting(obj: Json) -> bool:
    return bool(mapping(obj.get("metadata")).get("deletionTimestamp"))


def _words(kinds: t.Sequence[str]) -> str:
    """Kinds with their numbers, such as C(Role, 2 Secrets)."""
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    return ", ".join(kind if n == 1 else f"{n} {kind}s" for kind, n in counts.items())
