# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a clusterset go from the versions that run to another one, and which of its parts still have to (submariner.md 6).

Pure. Private to this collection, may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import STABLE, bare, image_tags
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

OLDEST = (0, 16, 0)
"""Upstream knows an upgrade from and to this release on (submariner.md 6)."""

RESOURCE = "the Submariner resource"
OPERATOR = "submariner-operator"
REINSTALL = "the playbook reinstall takes all clusters down and installs the version that is set"

# Where the resource keeps what a join may be asked for and the playbook may leave open: it is asked for again.
KEPT: Json = {
    "cable_driver": "cableDriver",
    "cluster_cidr": "clusterCIDR",
    "service_cidr": "serviceCIDR",
    "custom_domains": "customDomains",
    "enable_clusterset_ip": "clustersetIPEnabled",
    "repository": "repository",
}

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Runs:
    """What one cluster runs. C(versions): component -> version, without those whose image somebody chose."""

    cluster_id: str
    installed: bool = False
    versions: Json = field(default_factory=dict)
    overrides: Json = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    """Definition -> digest of its schemas."""
    unread: str = ""
    """Why it could not be read."""

    @classmethod
    def of(cls, snapshot: Snapshot, cluster_id: str, definitions: t.Iterable[Json] = ()) -> Runs:
        if snapshot.unanswered:
            said = "; ".join(f"{key}: {reason}" for key, reason in sorted(snapshot.unanswered.items()))
            return cls(cluster_id, unread=said)
        spec = mapping(snapshot.submariner.get("spec"))
        overrides = mapping(spec.get("imageOverrides"))
        versions = {RESOURCE: text(spec.get("version")), **image_tags(snapshot)}
        return cls(
            cluster_id,
            snapshot.installed,
            {what: bare(version) for what, version in versions.items() if version and what not in overrides},
            overrides,
            settings_of(spec),
            {text(mapping(d.get("metadata")).get("name")): schema_mark(d) for d in definitions},
        )

    def other_than(self, target: str) -> list[str]:
        """The components of another version, each with it."""
        return [f"{what} {version}" for what, version in sorted(self.versions.items()) if version != bare(target)]


@dataclass(frozen=True)
class Fleet:
    """What is judged: the cluster of the broker, the members, and which of them this run is about."""

    broker: Runs
    members: t.Sequence[Runs]
    chosen: t.Collection[str]
    """IDs of the members in this run."""
    with_broker: bool = True
    continued: bool = False
    """Whether an interrupted run is gone on with, which may have taken a member down."""
    overrides: t.Mapping[str, Json] = field(default_factory=dict)
    """ID -> the images that the next join is to be given."""

    @property
    def broker_version(self) -> str:
        """By the operator's image, else, where somebody chose that, by the member on the same cluster."""
        return text(self.broker.versions.get(OPERATOR)) or text(self.broker.versions.get(RESOURCE))

    @property
    def broker_down(self) -> bool:
        """Whether an interrupted run took the operator beside the broker away, with the member there: the broker came first."""
        beside = any(runs.cluster_id == self.broker.cluster_id for runs in self.members)
        return self.continued and beside and not self.broker.installed and not self.broker_version

    @property
    def clusters(self) -> list[Runs]:
        return [self.broker, *self.members]


def settings_of(spec: Json) -> Json:
    """The options of a join that an installation was made with, as far as they may be left open."""
    found = {name: spec[where] for name, where in KEPT.items() if spec.get(where) not in (None, "", [], False)}
    dns = mapping(spec.get("coreDNSCustomConfig"))
    if text(dns.get("configMapName")):
        place = (text(dns.get("namespace")), text(dns.get("configMapName")))
        found["coredns_custom_configmap"] = "/".join(part for part in place if part)
    return found


def schema_mark(definition: Json) -> str:
    """A short text that is equal for definitions with equal schemas."""
    versions = [
        {key: mapping(v).get(key) for key in ("name", "served", "storage", "schema", "subresources")}
        for v in sequence(mapping(definition.get("spec")).get("versions"))
    ]
    return hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:12]


def number(version: str) -> Version | None:
    """A release as numbers, None for what is no release."""
    if not STABLE.fullmatch(version):
        return None
    major, minor, patch = (int(part) for part in bare(version).split("."))
    return major, minor, patch


def judge(fleet: Fleet, target: str, unstable: bool = False) -> list[Finding]:
    """What stands against going to C(target): nothing has been touched yet."""
    if not number(target) and not (unstable and target):
        return [
            Finding(
                "upgrade.target",
                ERROR,
                "submariner_version",
                f"is {target}, which is no release" if target else "is not set, and subctl does not say its own",
                "a release such as 0.24.1",
                hint="set submariner_version; submariner_upgrade_allow_unstable=true takes what is no release",
            )
        ]
    unread = [_unread(runs) for runs in fleet.clusters if runs.unread]
    if unread:
        return unread
    found = _broker(fleet, target, unstable)
    for runs in fleet.members:
        if runs.installed:
            found += _path(f"cluster {runs.cluster_id}", list(runs.versions.values()), target, unstable)
        if runs.cluster_id in fleet.chosen:
            found += _member(runs, fleet)
    return found


def _unread(runs: Runs) -> Finding:
    return Finding(
        "upgrade.unread",
        UNKNOWN,
        f"cluster {runs.cluster_id}",
        f"does not say what it runs ({runs.unread})",
        "an answer",
        cause="a member that is two releases behind loses its tunnels, so every one is asked, in this run or not",
        hint="make it reachable, or take it out of the inventory if it is gone",
    )


def _broker(fleet: Fleet, target: str, unstable: bool) -> list[Finding]:
    version = fleet.broker_version
    if not version and not fleet.broker_down:
        return [
            Finding(
                "upgrade.version-unknown",
                ERROR,
                f"the broker on {fleet.broker.cluster_id}",
                "runs no operator whose version is known",
                "a broker of a known version",
                hint=f"{REINSTALL}; where there is nothing yet, the playbook install",
            )
        ]
    found = _path(f"the broker on {fleet.broker.cluster_id}", [version], target, unstable) if version else []
    if not found and not fleet.with_broker and version != bare(target):
        found.append(
            Finding(
                "upgrade.broker-first",
                ERROR,
                f"the broker on {fleet.broker.cluster_id}",
                f"is {version or 'without its operator since an interrupted run'}, and is not in this run",
                f"{bare(target)}: the broker goes first",
                hint=f"run it for the broker's host first (--limit {fleet.broker.cluster_id})",
            )
        )
    return found


def _path(subject: str, versions: t.Sequence[str], target: str, unstable: bool) -> list[Finding]:
    """Whether there is a way from each of these versions to the wanted one."""

    def refused(id_: str, observed: str, expected: str, cause: str, hint: str = REINSTALL) -> list[Finding]:
        return [Finding(id_, ERROR, subject, observed, expected, cause=cause, hint=hint)]

    wanted = number(target)
    unknown = sorted({v for v in versions if not number(v)} - {bare(target)})
    if not versions or (unknown and not unstable):
        said = f"runs {', '.join(unknown)}, which is no release" if unknown else "does not say its version"
        return refused(
            "upgrade.version-unknown", said, "a release", "what comes after what is not known cannot be told"
        )
    have = [n for n in map(number, versions) if n]
    if not wanted or not have:
        return []
    newest, oldest = max(have), min(have)
    if newest > wanted:
        return refused(
            "upgrade.downgrade", f"runs {_words(newest)}", f"at most {_words(wanted)}", "Submariner has no way back"
        )
    if oldest < OLDEST or wanted < OLDEST:
        return refused(
            "upgrade.too-old",
            f"would go from {_words(oldest)} to {_words(wanted)}",
            f"both {_words(OLDEST)} or newer",
            "upstream knows no upgrade of older releases",
        )
    if oldest[0] != wanted[0] or wanted[1] - oldest[1] > 1:
        return refused(
            "upgrade.skips-release",
            f"would go from {_words(oldest)} to {_words(wanted)}",
            "one minor release at a time",
            "until all are upgraded both run side by side, which is known for neighbouring releases only",
            f"go by way of {oldest[0]}.{oldest[1] + 1}, or: {REINSTALL}",
        )
    return []


def _member(runs: Runs, fleet: Fleet) -> list[Finding]:
    """What this run has to know of a member before it takes it down."""
    subject = f"cluster {runs.cluster_id}"
    if not runs.installed:
        if fleet.continued:
            return []
        return [
            Finding(
                "upgrade.not-installed",
                ERROR,
                subject,
                "is not joined",
                "an installation to be upgraded",
                hint="run the playbook install for it, before or after",
            )
        ]
    given = fleet.overrides.get(runs.cluster_id) or {}
    if runs.overrides and not given:
        return [
            Finding(
                "upgrade.overrides",
                ERROR,
                subject,
                f"has images of its own for {', '.join(sorted(runs.overrides))}",
                "images of the new version for these",
                cause="they say an old version, and without them another registry would be used",
                hint="set submariner_image_overrides for this cluster",
            )
        ]
    kept = sorted(name for name, image in runs.overrides.items() if given.get(name) == image)
    if kept:
        return [
            Finding(
                "upgrade.overrides",
                WARNING,
                subject,
                f"keeps the images that it has for {', '.join(kept)}",
                "images of the new version",
                hint="set submariner_image_overrides anew, unless they serve both versions",
            )
        ]
    return []


def steps(fleet: Fleet, target: str) -> list[Json]:
    """What is to be upgraded, in order: C(what) is V(broker) or V(member)."""
    found: list[Json] = []
    if fleet.with_broker and fleet.broker_version != bare(target):
        runs_now = [fleet.broker_version] if fleet.broker_version else []
        found.append({"what": "broker", "cluster_id": fleet.broker.cluster_id, "from": runs_now})
    for runs in fleet.members:
        if runs.cluster_id in fleet.chosen and (not runs.installed or runs.other_than(target)):
            found.append({"what": "member", "cluster_id": runs.cluster_id, "from": sorted(set(runs.versions.values()))})
    return found


def reached(fleet: Fleet, target: str) -> list[Finding]:
    """What is not at C(target) after all, of the clusters in this run."""
    found = [_unread(runs) for runs in fleet.clusters if runs.unread]
    mine = [runs for runs in fleet.members if runs.cluster_id in fleet.chosen and not runs.unread]
    for runs in mine:
        other = runs.other_than(target)
        if other or not runs.installed:
            found.append(
                Finding(
                    "upgrade.not-reached",
                    ERROR,
                    f"cluster {runs.cluster_id}",
                    f"runs {', '.join(other)}" if runs.installed else "is not joined",
                    f"{bare(target)} in all its parts",
                    hint="run the playbook upgrade again",
                )
            )
    # Where somebody chose the operator's image just the member beside the broker tells, and that one may come later.
    untold = OPERATOR in fleet.broker.overrides and fleet.broker.cluster_id not in fleet.chosen
    if not fleet.broker.unread and not untold and fleet.broker_version != bare(target):
        found.append(
            Finding(
                "upgrade.not-reached",
                ERROR,
                f"the broker on {fleet.broker.cluster_id}",
                f"is {fleet.broker_version or 'not there'}",
                bare(target),
                hint="run the playbook upgrade again",
            )
        )
    even = [runs for runs in fleet.members if runs.installed and runs.definitions and not runs.other_than(target)]
    return found + _definitions(even)


def _definitions(clusters: t.Sequence[Runs]) -> list[Finding]:
    """One version has one set of definitions: who has others still has those of before."""
    found = []
    for name in sorted({name for runs in clusters for name in runs.definitions}):
        by_mark: dict[str, list[str]] = {}
        for runs in clusters:
            by_mark.setdefault(runs.definitions.get(name, "absent"), []).append(runs.cluster_id)
        if len(by_mark) > 1:
            sides = " and ".join(", ".join(ids) for ids in by_mark.values())
            found.append(
                Finding(
                    "upgrade.definition-differs",
                    ERROR,
                    f"CustomResourceDefinition {name}",
                    f"is not the same on {sides}, which run one version",
                    "the definition of that version",
                    cause="the operator replaces definitions only when it starts",
                    hint="restart the operator of the cluster that was upgraded first, and verify again",
                )
            )
    return found


def lines(plan: t.Sequence[Json], target: str) -> list[str]:
    """The plan for people."""
    if not plan:
        return [f"nothing to upgrade: all of it is {bare(target)}"]
    words = {
        "broker": "deployed anew over the one that is there; the members stay connected",
        "member": "removed, proven gone, joined again; the others stay connected",
    }
    none = {"broker": "no operator", "member": "not joined"}
    return [
        f"{step['what']} {step['cluster_id']}: {', '.join(step['from']) or none[step['what']]} -> {bare(target)}"
        f" ({words[step['what']]})"
        for step in plan
    ]


def _words(version: Version) -> str:
    return ".".join(map(str, version))
