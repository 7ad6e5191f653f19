# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of all clusters -> findings before anything is touched; pure. Private, may change at any time."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    Json,
    mapping,
    overlap,
    sequence,
    text,
)


def check_fleet(digests: dict[str, Json], broker: str, globalnet: bool) -> list[Finding]:
    """All that can be told from the clusters together. Keys of C(digests) are the inventory's hosts."""
    findings = same_cluster(digests) + other_owners(digests)
    findings += [f for host, d in digests.items() for f in _one(host, d)]
    if not globalnet:
        findings += overlaps(digests)
    for host, digest in digests.items():
        for found in map(mapping, sequence(digest.get("brokers"))):
            if host != broker:
                findings.append(
                    Finding(
                        "broker.second",
                        WARNING,
                        f"{host}",
                        f"has a broker in namespace {found.get('namespace')}",
                        f"one broker, on {broker}",
                        cause="deploy-broker was run on more than one cluster",
                        hint="reinstall removes it when none of its records is of a living cluster",
                    )
                )
    return findings


def same_cluster(digests: dict[str, Json]) -> list[Finding]:
    """Two hosts of the inventory that are one cluster."""
    findings = []
    for (one, left), (other, right) in itertools.combinations(digests.items(), 2):
        if left.get("uid") and left.get("uid") == right.get("uid"):
            findings.append(
                Finding(
                    "input.same-cluster",
                    ERROR,
                    f"hosts {one} and {other}",
                    f"are the same cluster ({left.get('server')}, {right.get('server')})",
                    "one host per cluster",
                    hint="correct submariner_kubeconfig or submariner_context of one of them, or put the one host into both groups",
                )
            )
    return findings


def overlaps(digests: dict[str, Json]) -> list[Finding]:
    """Pod and service CIDRs that two clusters share; without Globalnet Submariner cannot connect them."""
    findings = []
    for (one, left), (other, right) in itertools.combinations(digests.items(), 2):
        if left.get("uid") and left.get("uid") == right.get("uid"):
            continue
        shared = [f"{a} and {b}" if a != b else a for a in _cidrs(left) for b in _cidrs(right) if overlap(a, b)]
        if shared:
            findings.append(
                Finding(
                    "addressing.overlap",
                    ERROR,
                    f"clusters {one} and {other}",
                    f"overlap: {', '.join(sorted(set(shared)))}",
                    "disjoint pod and service CIDRs",
                    hint="set submariner_globalnet: true, or give one cluster other CIDRs",
                )
            )
    return findings


def other_owners(digests: dict[str, Json]) -> list[Finding]:
    """Installations that somebody else manages and would put back."""
    return [
        Finding(
            "owner.other",
            ERROR,
            f"{host}: {owner.get('subject')}",
            f"is managed by {owner.get('words')}",
            "an installation made with subctl or this collection",
            hint=f"remove Submariner its own way there: {owner.get('removal')}",
        )
        for host, digest in digests.items()
        for owner in map(mapping, sequence(digest.get("other_owners")))
    ]


def _one(host: str, digest: Json) -> t.Iterator[Finding]:
    nodes = [mapping(n) for n in sequence(digest.get("nodes"))]
    for key, reason in mapping(digest.get("unknown")).items():
        yield Finding(
            "cluster.unread",
            UNKNOWN,
            f"{host}: {key}",
            f"not answered: {text(reason).rstrip('.')}",
            "an answer",
            hint="allow reading it",
        )
    denied = [text(d) for d in sequence(digest.get("denied"))]
    if denied:
        yield Finding(
            "rights.missing",
            ERROR,
            host,
            f"the credentials may not: {', '.join(denied[:6])}"
            + (f" and {len(denied) - 6} more" if len(denied) > 6 else ""),
            "the rights of a cluster administrator",
            hint="use other credentials, or grant them",
        )
    if nodes and not any(n.get("ready") for n in nodes):
        yield Finding(
            "nodes.none-ready",
            ERROR,
            host,
            f"none of {len(nodes)} nodes is Ready",
            "a Ready node",
            hint="repair the nodes first",
        )
    for node in nodes:
        if node.get("gateway") == "true" and not node.get("ready"):
            yield Finding(
                "gateway.node-not-ready",
                WARNING,
                f"{host}: node {node.get('name')}",
                "is a gateway node and not Ready",
                "a Ready gateway node",
                hint="repair it or move the label submariner.io/gateway=true",
            )
    if not _cidrs(digest) and "control-plane" not in mapping(digest.get("unknown")):
        yield Finding(
            "addressing.unseen",
            WARNING,
            host,
            "its pod and service CIDRs are not visible: no kube-apiserver pod in kube-system",
            "CIDRs that can be compared",
            cause="the control plane runs outside of the cluster",
            hint="the operator's network discovery may need that pod (it fails for ever on Kubernetes 1.36 without it)",
        )


def _cidrs(digest: Json) -> list[str]:
    return [text(c) for key in ("cluster_cidrs", "service_cidrs") for c in sequence(digest.get(key)) if text(c)]
