# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions run, and whether they belong together (submariner.md 6); pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import WORKLOADS
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    INFO,
    WARNING,
    Finding,
    Snapshot,
    mapping,
    text,
)

STABLE = re.compile(r"v?\d+\.\d+\.\d+")


def check_versions(member: Snapshot, cluster_id: str) -> list[Finding]:
    """One stable release of everything on one cluster."""
    if not member.installed:
        return []
    wanted = text(mapping(member.submariner.get("spec")).get("version"))
    tags = image_tags(member)
    subject = f"cluster {cluster_id}"
    unstable = {"the Submariner resource": wanted, **tags}
    unstable = {what: v for what, v in unstable.items() if v and not STABLE.fullmatch(v)}
    other = {what: v for what, v in tags.items() if wanted and v and bare(v) != bare(wanted)}
    said = sorted(reported(member) - {wanted, ""})
    findings = []
    if unstable:
        findings.append(
            Finding(
                "version.not-stable",
                WARNING,
                subject,
                f"runs what is no stable release: {_list(unstable)}",
                "a release such as 0.24.1",
                hint="set submariner_version to a release and upgrade",
            )
        )
    if other:
        findings.append(
            Finding(
                "version.mixed",
                WARNING,
                subject,
                f"images of another version: {_list(other)}",
                f"{wanted} as in the Submariner resource",
                cause="an upgrade that did not end, or image overrides",
                hint="upgrade, or remove the overrides from the Submariner resource",
            )
        )
    if said and not unstable and any(bare(v) != bare(wanted) for v in said):
        findings.append(
            Finding(
                "version.self-reported",
                INFO,
                subject,
                f"gateways and route agents call themselves {', '.join(said)}",
                f"{wanted} as in the Submariner resource",
                cause="images that were built without a version, or retagged",
            )
        )
    return findings


def image_tags(member: Snapshot) -> dict[str, str]:
    """Workload -> the tag of its image; empty for an image that is named by its digest."""
    return {
        w.name: next((tag_of(i) for i in w.images), "")
        for w in sorted(member.workloads, key=lambda w: w.name)
        if w.name in WORKLOADS
    }


def tag_of(image: str) -> str:
    """The tag of an image's name, empty without one or when a digest says which image it is."""
    name = image.rpartition("/")[2]
    return "" if "@" in name else name.partition(":")[2]


def reported(member: Snapshot) -> set[str]:
    """Versions that gateways and route agents say of themselves."""
    agents = member.objects("routeagents", member.operator_namespace)
    return {g.version for g in member.gateways} | {text(mapping(a.get("status")).get("version")) for a in agents}


def bare(version: str) -> str:
    """A version without its leading v."""
    return version[1:] if re.match(r"v\d", version) else version


def _list(versions: t.Mapping[str, str]) -> str:
    """The versions, each with what has it; in few words when all have the same."""
    by_version: dict[str, list[str]] = {}
    for what, version in versions.items():
        by_version.setdefault(version, []).append(what)
    return "; ".join(f"{version} ({', '.join(whats)})" for version, whats in sorted(by_version.items()))
