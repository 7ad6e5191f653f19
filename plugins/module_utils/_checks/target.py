# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release to be installed against what there is (submariner.md 6); pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.clusterset import shown
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import STABLE, bare
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Host, Intent
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    WARNING,
    Finding,
    mapping,
    text,
)

Release = tuple[int, int]

UNSTABLE = re.compile(r"v?(devel|latest|release-.*|.*-(rc|m|alpha|beta)\.?\d.*)")
"""Moving tags, and releases before the release."""

UPSTREAM_PAIRS: dict[Release, tuple[int, int]] = {
    (0, 19): (28, 31),
    (0, 20): (28, 32),
    (0, 21): (28, 32),
    (0, 22): (28, 32),
    (0, 23): (28, 35),
    (0, 24): (28, 35),
}
"""Line of Submariner -> the minor releases of Kubernetes 1 that upstream's own tests were seen to use in its time."""

OLDEST, OLDEST_WITH_DISCOVERY = 19, 21
"""Minor releases of Kubernetes 1 below which subctl refuses to join, and below which service discovery does not work."""

SNAT_FIXED: Release = (0, 21)
SNAT_SINCE = (4, 18)
"""OpenShift from which on OVN-Kubernetes rewrites the source of packets unless Submariner prevents it."""


def release_of(version: str) -> tuple[int, ...]:
    """The numbers of a stable release, empty for anything else."""
    return tuple(int(n) for n in bare(version).split(".")) if STABLE.fullmatch(version) else ()


def minor_of(kubernetes: str) -> int | None:
    """The minor release of Kubernetes 1, whatever a vendor adds to it; None for what is no such version."""
    match = re.match(r"v?1\.(\d+)", kubernetes)
    return int(match[1]) if match else None


def check_target(fleet: Fleet) -> list[Finding]:
    """The release is stable and subctl's own, suits the clusters, and is none that subctl refuses beside what runs."""
    intent = fleet.intent
    if intent is None or intent.verb == "uninstall":
        return []
    hosts = [h for h in fleet.hosts if h.digest]
    findings = _oldest(hosts, intent)
    if not intent.version:
        return [*findings, _unnamed()]
    findings += _stable(intent) + _subctl(intent)
    return [*findings, *_pairs(hosts, intent), *_deployed(hosts, intent), *_snat(hosts, intent)]


def _unnamed() -> Finding:
    return Finding(
        "preflight.not-inspected",
        INFO,
        "the version to install",
        "not judged: neither submariner_version nor a subctl says which it is",
        hint="set submariner_version",
    )


def _stable(intent: Intent) -> list[Finding]:
    if STABLE.fullmatch(intent.version):
        return []
    moving = bool(UNSTABLE.fullmatch(intent.version))
    refused = moving and not intent.allow_unstable
    return [
        Finding(
            "version.target-unstable",
            ERROR if refused else WARNING,
            f"version {intent.version}",
            "is no stable release" if moving else "is no release that is known here",
            "a release such as 0.24.1",
            cause="its images can be replaced under the same name, and nothing says what they hold" if moving else "",
            hint="set submariner_version to a release"
            + (", or submariner_preflight_allow_unstable: true if it is meant" if refused else ""),
        )
    ]


def _subctl(intent: Intent) -> list[Finding]:
    """An installation begins with the same question, and refuses; before it there is time to get another one."""
    if not intent.subctl:
        return [
            Finding("preflight.not-inspected", INFO, "subctl", "not judged: there is none here yet, or it does not run")
        ]
    if bare(intent.subctl) == bare(intent.version) or not release_of(intent.version):
        return []
    return [
        Finding(
            "version.subctl-differs",
            WARNING,
            f"version {bare(intent.version)}",
            f"is to be installed, and subctl is {bare(intent.subctl)}",
            f"subctl {bare(intent.version)}",
            hint="set submariner_subctl_path to subctl of that version, or submariner_subctl_url and"
            " submariner_subctl_checksum to its download",
        )
    ]


def _oldest(hosts: t.Sequence[Host], intent: Intent) -> list[Finding]:
    findings = []
    for host in hosts:
        minor = minor_of(text(host.digest.get("kubernetes")))
        if minor is None or minor >= OLDEST_WITH_DISCOVERY:
            continue
        refused = minor < OLDEST and not intent.ignore_requirements
        findings.append(
            Finding(
                "version.kubernetes-too-old",
                ERROR if refused else WARNING,
                host.name,
                f"runs Kubernetes {text(host.digest.get('kubernetes'))}",
                f"1.{OLDEST} or newer, with service discovery 1.{OLDEST_WITH_DISCOVERY}",
                cause="subctl refuses to join it" if refused else "service discovery does not work there",
                hint="upgrade the cluster first" + (", or set submariner_ignore_requirements: true" if refused else ""),
            )
        )
    return findings


def _pairs(hosts: t.Sequence[Host], intent: Intent) -> list[Finding]:
    """Pairs that upstream was not seen to test; no pair is known to fail."""
    release = release_of(intent.version)
    known = UPSTREAM_PAIRS.get(t.cast(Release, release[:2]))
    by_version: dict[str, list[str]] = {}
    for host in hosts:
        kubernetes = text(host.digest.get("kubernetes"))
        minor = minor_of(kubernetes)
        if release and minor is not None and not (known and known[0] <= minor <= known[1]):
            by_version.setdefault(kubernetes, []).append(host.name)
    expected = (
        f"Kubernetes 1.{known[0]} to 1.{known[1]}, with which it was tested"
        if known
        else "a release of Submariner that is known here"
    )
    return [
        Finding(
            "version.pair-unknown",
            WARNING,
            f"Submariner {bare(intent.version)} on Kubernetes {kubernetes} ({shown(names)})",
            "is a pair of which nothing is known",
            expected,
            hint="try it where nothing depends on it first; it may well work",
        )
        for kubernetes, names in sorted(by_version.items())
    ]


def _deployed(hosts: t.Sequence[Host], intent: Intent) -> list[Finding]:
    """What runs is not newer: subctl refuses to work on such a cluster, and what a reinstall makes of it is a downgrade."""
    release = release_of(intent.version)
    newer: dict[str, list[str]] = {}
    unknown = []
    for host in hosts:
        version = text(mapping(host.digest.get("submariner")).get("version")) or text(host.digest.get("operator"))
        if release and release_of(version) > release:
            newer.setdefault(bare(version), []).append(host.name)
        if version and not (release and release_of(version)) and bare(version) != bare(intent.version):
            unknown.append(_not_compared(host.name, version, intent.version))
    return unknown + [
        Finding(
            "version.older-than-deployed",
            WARNING,
            f"version {bare(intent.version)}",
            f"is older than what runs on {shown(names)} ({version})",
            f"{version} or newer",
            cause="subctl refuses to work on a cluster with a newer Submariner"
            if intent.verb == "install"
            else "the reinstallation is a downgrade",
            hint="set submariner_version to the release that runs, or a later one",
        )
        for version, names in sorted(newer.items())
    ]


def _not_compared(name: str, version: str, wanted: str) -> Finding:
    return Finding(
        "preflight.not-inspected",
        INFO,
        f"{name}: version {version}",
        f"not compared with {bare(wanted)}: only releases have an order, so this may be a downgrade",
    )


def _snat(hosts: t.Sequence[Host], intent: Intent) -> list[Finding]:
    release = release_of(intent.version)
    if not release or release[:2] >= SNAT_FIXED:
        return []
    return [
        Finding(
            "version.openshift-snat",
            WARNING,
            host.name,
            f"is OpenShift {text(host.site.get('openshift'))} with OVN-Kubernetes",
            "Submariner 0.21 or newer there, or a late 0.20",
            cause="OVN-Kubernetes rewrites the source of packets to other clusters from 4.18 on",
            hint="set submariner_version to 0.21 or newer",
        )
        for host in hosts
        if text(host.site.get("openshift_network")) == "OVNKubernetes"
        and tuple(int(n) for n in re.findall(r"\d+", text(host.site.get("openshift")))[:2]) >= SNAT_SINCE
    ]
