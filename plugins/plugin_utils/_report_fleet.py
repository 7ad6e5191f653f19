# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict was given on -> clusters and the links between them, for the report; pure. Private, may change at any time."""

from __future__ import annotations

import re
import statistics
import typing as t
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import INSTALLED, UNKNOWN, Fleet, Host, Link
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, mappings, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact

FINE, UNPROVEN, BROKEN, MISSING, GHOST, UNSEEN = "fine", "unproven", "broken", "missing", "ghost", "unseen"

STATES: dict[str, str] = {
    FINE: "connected, and a health check has measured it",
    UNPROVEN: "connected, and nothing has confirmed it",
    BROKEN: "not connected, or pods do not get through",
    MISSING: "expected, and not there",
    GHOST: "to a cluster that does not run, or that nobody registered",
    UNSEEN: "not known: the cluster did not answer",
}
"""What a link is, best first but for the last; the page's legend."""

WORST = (BROKEN, MISSING, GHOST, UNSEEN, UNPROVEN, FINE)

MEMBER, PLAIN, RECORD_GHOST, UNMANAGED, STRANGER = "member", "no member", "ghost", "unmanaged", "unregistered"

_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1000.0, "m": 60000.0, "h": 3600000.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)")


@dataclass(frozen=True)
class Cluster:
    """One cluster, or what stands in for one in the records."""

    id: str
    host: str
    kind: str
    broker: bool = False
    version: str = ""
    gateways: tuple[tuple[str, str], ...] = ()
    """Name and status."""
    note: str = ""

    @property
    def real(self) -> bool:
        return self.kind in (MEMBER, PLAIN)


@dataclass(frozen=True)
class Path:
    """What the gateway of C(source) says of its way to C(target), and what pods saw of it."""

    source: str
    target: str
    state: str
    status: str = ""
    latency: str = ""
    note: str = ""
    pods: str = ""
    """V(works), V(fails), or empty where nothing was tried."""

    @property
    def milliseconds(self) -> float | None:
        parts = _DURATION.findall(self.latency)
        if not parts or "".join(n + u for n, u in parts) != self.latency:
            return None
        return sum(float(number) * _MILLISECONDS[unit] for number, unit in parts)

    @property
    def worry(self) -> str:
        """The state that counts: pods that do not get through outweigh what gateways say."""
        return BROKEN if self.pods == "fails" and self.state == FINE else self.state


@dataclass(frozen=True)
class Scene:
    """All clusters, and all links by source and target."""

    clusters: tuple[Cluster, ...] = ()
    paths: tuple[Path, ...] = ()

    @cached_property
    def leaving(self) -> dict[str, list[Path]]:
        """The links by their source."""
        return _grouped(self.paths, lambda path: path.source)

    @cached_property
    def arriving(self) -> dict[str, list[Path]]:
        """The links by their target."""
        return _grouped(self.paths, lambda path: path.target)

    @cached_property
    def by_pair(self) -> dict[tuple[str, str], Path]:
        return {(p.source, p.target): p for p in self.paths}

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many links there are in each state."""
        return {s: sum(p.worry == s for p in self.paths) for s in STATES}

    @property
    def sources(self) -> list[Cluster]:
        return [c for c in self.clusters if c.id in self.leaving]

    @property
    def targets(self) -> list[Cluster]:
        """Those that something leads to, or should."""
        return [c for c in self.clusters if c.id in self.arriving]

    def worst_of(self, cluster: Cluster) -> str:
        """The worst that is known of a cluster's own links and of those to it."""
        if not cluster.real:
            return GHOST if cluster.kind in (RECORD_GHOST, STRANGER) else UNPROVEN
        if cluster.note:
            return UNSEEN
        seen = {p.worry for p in [*self.leaving.get(cluster.id, ()), *self.arriving.get(cluster.id, ())]}
        return next((s for s in WORST if s in seen and s != GHOST), FINE)


def _grouped(paths: t.Iterable[Path], key: t.Callable[[Path], str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(key(path), []).append(path)
    return found


@dataclass(frozen=True)
class Row:
    """The links of one cluster, counted; for clustersets that are too large for a matrix."""

    cluster: Cluster
    counts: tuple[tuple[str, int], ...]
    least: float | None
    median: float | None
    most: float | None
    slowest: str
    worries: tuple[Path, ...]


def scene_of(document: Json) -> Scene:
    """From result.json or preflight.json; anything may be missing in it."""
    digests = mapping(document.get("clusters"))
    known = mapping(document.get("fleet"))
    broker = text(known.get("broker")) or next((h for h, d in digests.items() if mapping(d).get("brokers")), "")
    members = [text(m) for m in known.get("members", [])] if isinstance(known.get("members"), list) else None
    ghosts = frozenset(text(g) for g in sequence(known.get("ghosts")) if text(g))
    fleet = Fleet.of(digests, broker, members, declared_dead=ghosts)
    names = _names(fleet.hosts)
    clusters = [_cluster(host, names[host.name], host.name == broker) for host in fleet.hosts]
    clusters += [Cluster(g.id, "", RECORD_GHOST, note=redact(g.why)) for g in fleet.ghosts.values()]
    clusters += [
        Cluster(i, "", UNMANAGED, note="registered with the broker, and no host of the inventory")
        for i in fleet.unmanaged
    ]
    paths = _Paths(document, fleet, names, {c.id: c for c in clusters})
    found = [path for host in fleet.in_play for path in paths.of(host)]
    clusters += [
        Cluster(i, "", STRANGER, note="a gateway leads to it, and the broker has no record") for i in paths.strangers
    ]
    return Scene(tuple(clusters), tuple(found))


def rows_of(scene: Scene) -> list[Row]:
    """One row for each cluster that has links; those with most to worry about first."""
    found = []
    for cluster in scene.sources:
        own = scene.leaving[cluster.id]
        measured = sorted((p.milliseconds, p.target) for p in own if p.milliseconds is not None)
        times = [m for m, _target in measured]
        counts = tuple((s, sum(p.worry == s for p in own)) for s in STATES)
        found.append(
            Row(
                cluster,
                counts,
                times[0] if times else None,
                statistics.median(times) if times else None,
                times[-1] if times else None,
                measured[-1][1] if measured else "",
                tuple(p for p in own if p.worry != FINE),
            )
        )
    return sorted(found, key=lambda row: -len(row.worries))


def _names(hosts: t.Sequence[Host]) -> dict[str, str]:
    """What each host's cluster is called here: its ID, and with the host where two have the same."""
    labels = [h.label for h in hosts]
    return {h.name: h.label if labels.count(h.label) == 1 else f"{h.label} ({h.name})" for h in hosts}


def _cluster(host: Host, name: str, broker: bool) -> Cluster:
    note = "not read" if host.state == UNKNOWN else "" if host.state == INSTALLED else host.state
    gateways = tuple((text(g.get("name")), text(g.get("status"))) for g in mappings(host.digest.get("gateways")))
    plain = not host.member and host.state != INSTALLED
    version = text(mapping(host.digest.get("submariner")).get("version"))
    return Cluster(name, host.name, PLAIN if plain else MEMBER, broker, version, gateways, "" if plain else note)


class _Paths:
    """The links of all hosts; C(strangers) are targets that nobody knows."""

    def __init__(self, document: Json, fleet: Fleet, names: dict[str, str], clusters: dict[str, Cluster]) -> None:
        self._watched, self._names, self._clusters = mapping(document.get("watched")), names, clusters
        self._fleet = fleet
        self._pods = _pods(mappings(document.get("data_path")))
        self.strangers: list[str] = []

    def of(self, host: Host) -> list[Path]:
        name = self._names[host.name]
        others = {i: self._names[h.name] for i, h in self._fleet.living.items() if h.name != host.name}
        if host.state != INSTALLED or not host.knows("gateways"):
            return [Path(name, other, UNSEEN) for other in others.values()] if host.state == UNKNOWN else []
        measured = {
            text(c.get("to")): text(c.get("latency"))
            for c in mappings(mapping(self._watched.get(host.name)).get("connections"))
        }
        found = [Path(name, others[i], MISSING) for i in others if i not in host.links]
        for target, links in host.links.items():
            found.append(self._path(host, others.get(target, target), target, links, measured.get(target, "")))
        return found

    def _path(self, host: Host, shown: str, target: str, links: list[Link], latency: str) -> Path:
        cluster = self._clusters.get(shown)
        if cluster is None and shown not in self.strangers:
            self.strangers.append(shown)
        if cluster is None or cluster.kind == RECORD_GHOST:
            state = GHOST
        elif any(link.status != "connected" for link in links):
            state = BROKEN
        else:
            state = UNPROVEN if any(link.doubt for link in links) else FINE
        status = " and ".join(sorted({link.status for link in links}))
        doubts = "; ".join(redact(link.doubt) for link in links if link.doubt)
        note = f"{len(links)} connections; {doubts}".rstrip("; ") if len(links) > 1 else doubts
        pods = self._pods.get((host.id, target), "")
        return Path(self._names[host.name], shown, state, status, latency, note, pods)


def _pods(directions: list[Json]) -> dict[tuple[str, str], str]:
    """What pods of one cluster saw of another, by their IDs; one direction that fails is enough."""
    found: dict[tuple[str, str], str] = {}
    for direction in directions:
        pair = (text(direction.get("from_cluster")), text(direction.get("to_cluster")))
        verdict = text(direction.get("verdict"))
        if verdict != "untried" and found.get(pair) != "fails":
            found[pair] = "works" if verdict == "works" else "fails"
    return found
