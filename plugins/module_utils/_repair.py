# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a fleet -> the smallest step that heals each of them; pure. Private, may change at any time.

What heals what stands in _remedies. A finding without a step, or whose step would do harm as things are, is said with the
reason.
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, unread
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import (
    ABSENT,
    INSTALLED,
    LEAVING,
    Broker,
    Fleet,
    Ghost,
    Host,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    INFO,
    ClusterRecord,
    Endpoint,
    Finding,
    Json,
    mapping,
    mappings,
    overlap,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import names_address
from ansible_collections.submariner.lifecycle.plugins.module_utils._remedies import (
    ACTIONS,
    DELETE_COPIES,
    DELETE_GATEWAYS,
    FOLLOWS,
    HEALED_BY,
    NO_CAUSE,
    NO_STEP,
    NOT_SHOWN,
    PHASES,
    REASONS,
    REMOVE_RECORDS,
    RESTART_GATEWAY,
    RESTART_ROUTES,
)


@dataclass
class Step:
    """Something to be done on one host's cluster. C(targets) are the records that it may touch, as they were judged."""

    host: str
    cluster_id: str
    action: str
    why: list[str] = field(default_factory=list)
    heals: list[str] = field(default_factory=list)
    targets: list[Json] = field(default_factory=list)

    def as_dict(self) -> Json:
        action = ACTIONS[self.action]
        more = {"phase": action.phase, "does": action.does, "proof": action.proof, "deletes": action.deletes}
        return {**asdict(self), **more}


@dataclass
class Plan:
    """C(steps) in the order of their phases; findings that none heals, each with the reason; those that should follow."""

    steps: list[Step] = field(default_factory=list)
    unhealed: list[tuple[Finding, str]] = field(default_factory=list)
    follows: list[Finding] = field(default_factory=list)

    def step(self, host: Host, action: str, finding: Finding) -> Step:
        found = next((s for s in self.steps if (s.host, s.action) == (host.name, action)), None)
        if found is None:
            found = Step(host.name, host.label, action)
            self.steps.append(found)
        if finding.id not in found.heals:
            found.heals.append(finding.id)
        found.why.append(f"{finding.subject} {finding.observed}")
        return found


def plan(fleet: Fleet) -> Plan:
    """The smallest step for each finding of the fleet."""
    located = _located(fleet)
    result = Plan()
    _plan_ghosts(fleet, result)
    for host, finding in located:
        action = HEALED_BY.get(finding.id)
        if action == REMOVE_RECORDS or finding.severity == INFO:
            continue
        if finding.id in FOLLOWS:
            result.follows.append(finding)
        elif action is None:
            result.unhealed.append((finding, REASONS.get(finding.id, NO_STEP)))
        elif host is None:
            result.unhealed.append((finding, "it is about no cluster of the inventory: who owns that can repair it"))
        else:
            _plan_step(fleet, result, located, host, finding, action)
    if not result.steps:
        result.unhealed += [(f, NO_CAUSE) for f in result.follows]
        result.follows = []
    result.steps.sort(key=lambda s: (PHASES.index(ACTIONS[s.action].phase), s.host))
    return result


Located = list[tuple[t.Optional[Host], Finding]]


def _located(fleet: Fleet) -> Located:
    """All findings, each once, with the host on which a step could heal it."""
    found: Located = [(None, f) for f in unread(fleet)]
    for name, over_all in CHECKS.items():
        found += [(_host_of(fleet, f), f) for f in over_all(fleet)]
        for host in fleet.hosts:
            alone = mappings(mapping(host.digest.get("findings")).get(name))
            found += [(host, Finding.of(f)) for f in alone]
    return list({(f.id, f.subject): (host, f) for host, f in reversed(found)}.values())[::-1]


def _host_of(fleet: Fleet, finding: Finding) -> Host | None:
    """The host that a finding over all clusters is about: C(cluster west), C(copies in west), C(west -> east).

    An ID outranks the name of a host, which may be another cluster's ID.
    """
    word = finding.subject.split(" -> ")[0].split(" ")[-1]
    named = [h for h in fleet.hosts if word in (h.label, h.name)]
    labelled = next((h for h in named if word == h.label), next(iter(named), None))
    if labelled or fleet.broker is None:
        return labelled
    return next((fleet.living.get(e.cluster_id) for e in fleet.broker.endpoints if e.name == word), None)


# -- ghosts ---------------------------------------------------------------------------------------------------------------


def _plan_ghosts(fleet: Fleet, result: Plan) -> None:
    """Every ghost goes from the broker when its identity is shown (submariner.md 4.5)."""
    broker = fleet.broker
    if broker is None:
        return
    for cluster_id, ghost in fleet.ghosts.items():
        endpoints = broker.by_id.get(cluster_id, [])
        records = [c for c in broker.clusters if c.cluster_id == cluster_id]
        heals = ["endpoint.ghost"] * bool(endpoints) + ["cluster.ghost"] * bool(records)
        heals += ["cluster.two-ids"] * bool(ghost.alive_as)
        if not _is_shown(fleet, cluster_id, endpoints, records):
            places = ", ".join(f"{e.hostname} {e.private_ip}" for e in endpoints) or "no gateway"
            finding = Finding(heals[0], ERROR, f"records of '{cluster_id}'", f"name {places}", cause=ghost.why)
            result.unhealed.append((finding, NOT_SHOWN.format(cluster_id)))
            continue
        targets = record_targets(broker, cluster_id)
        why = [f"'{cluster_id}': {ghost.why}"]
        result.steps.append(Step(broker.host.name, broker.host.label, REMOVE_RECORDS, why, heals, targets))
        _plan_shared_routes(fleet, ghost, result)


def record_targets(broker: Broker, cluster_id: str) -> list[Json]:
    """The records under an ID as they were judged: only these may go."""
    place = {"namespace": broker.namespace, "cluster_id": cluster_id}
    targets = [{"kind": "Endpoint", "name": e.name, "mark": e.mark, **place} for e in broker.by_id.get(cluster_id, [])]
    records = [c for c in broker.clusters if c.cluster_id == cluster_id]
    return targets + [{"kind": "Cluster", "name": c.name, "mark": cluster_mark(c), **place} for c in records]


def cluster_mark(record: ClusterRecord) -> str:
    """What tells a Cluster record from another one under the same name."""
    return ",".join(record.cluster_cidr)


def _is_shown(
    fleet: Fleet, cluster_id: str, endpoints: t.Sequence[Endpoint], records: t.Sequence[ClusterRecord]
) -> bool:
    """Whether the records are proven to be of a cluster that does not run, and not only of one that looks alike.

    Behind a running cluster, two of gateway address, node name and CIDRs must be that cluster's: two sites may well use
    the same private addresses, or by mistake the same CIDRs.
    """
    if cluster_id in fleet.declared_dead:
        return True
    for host in fleet.hosts:
        if _is_anothers(fleet, host, cluster_id):
            continue
        if host.state == ABSENT and host.identity.made(cluster_id, endpoints, records):
            return True
        signs = [likeness(host, e, records) for e in endpoints]
        if host.state in (INSTALLED, LEAVING) and signs and min(signs) >= 2:
            return True
    return False


def _is_anothers(fleet: Fleet, host: Host, cluster_id: str) -> bool:
    """Whether the inventory gives the ID to another cluster, so that its records are not taken for this one's."""
    others = {h.wanted for h in fleet.hosts if h is not host} | fleet.left_out
    return cluster_id in others and cluster_id != host.wanted


def likeness(host: Host, endpoint: Endpoint, records: t.Sequence[ClusterRecord]) -> int:
    """How many of gateway address, node name and CIDRs are the cluster's; none when something says that it is another one."""
    known = host.identity
    if known.excludes(endpoint, records):
        return 0
    named = endpoint.hostname in known.nodes and not names_address(endpoint.hostname, endpoint.private_ip)
    return (endpoint.private_ip in known.addresses) + named + any(endpoint.subnets == o.subnets for o in host.own)


def _plan_shared_routes(fleet: Fleet, ghost: Ghost, result: Plan) -> None:
    """Members that drop the ghost drop the routes that it shares with the living cluster behind the same gateway."""
    if not ghost.alive_as:
        return
    for host in fleet.installed:
        if ghost.id in host.copies and host.id != ghost.alive_as:
            why = [f"its routes to '{ghost.alive_as}' are those to '{ghost.id}', and go with that"]
            targets = [{"kind": "Endpoint", "cluster_id": ghost.id}]
            result.steps.append(Step(host.name, host.id, RESTART_ROUTES, why, ["cluster.two-ids"], targets))


# -- everything else ------------------------------------------------------------------------------------------------------


def _plan_step(fleet: Fleet, result: Plan, located: Located, host: Host, finding: Finding, action: str) -> None:
    if action == DELETE_GATEWAYS and _is_the_active_one(host, finding):
        action = RESTART_GATEWAY
    if action == RESTART_GATEWAY:
        refusal = _gateway_refusal(fleet, located, host, finding)
        if refusal and finding.id == "endpoint.stale-copy" and fleet.broker and _no_gateway_runs(located, host):
            action, refusal = DELETE_COPIES, ""
    else:
        refusal = "" if host.state == INSTALLED else f"{host.name} has no installation"
    if refusal:
        result.unhealed.append((finding, refusal))
        return
    step = result.step(host, action, finding)
    if action == DELETE_GATEWAYS:
        step.targets.append({"kind": "Gateway", "name": _gateway_name(finding)})
    if action == DELETE_COPIES and fleet.broker:
        strange = [i for i in host.copies if i not in fleet.broker.by_id]
        step.targets = [{"kind": "Endpoint", "cluster_id": i, "mark": m} for i in strange for m in host.copies[i]]


def _gateway_name(finding: Finding) -> str:
    """Of C(Gateway west-worker of west)."""
    words = finding.subject.split(" ")
    return words[1] if len(words) > 1 else ""


def _is_the_active_one(host: Host, finding: Finding) -> bool:
    """Whether a stale Gateway is the only active one, so that its pod has to start again rather than its record to go."""
    active = [text(g.get("name")) for g in mappings(host.digest.get("gateways")) if g.get("status") == "active"]
    return active == [_gateway_name(finding)] and finding.id == "gateway.stale"


def _no_gateway_runs(located: Located, host: Host) -> bool:
    nodes = mappings(host.digest.get("gateway_nodes"))
    return not any(n.get("ready") is True for n in nodes) or _gateway_pods_fail(located, host) != ""


def _is_about_gateway_pods(finding: Finding) -> bool:
    return finding.id == "workload.not-ready" and finding.subject.startswith("submariner-gateway ")


def _gateway_pods_fail(located: Located, host: Host) -> str:
    for where, finding in located:
        if where is host and finding.severity == ERROR and _is_about_gateway_pods(finding):
            return finding.observed + (f", {finding.cause}" if finding.cause else "")
    return ""


def _gateway_refusal(fleet: Fleet, located: Located, host: Host, finding: Finding) -> str:
    """Why a restart of the gateway would not heal the finding, or would do harm; empty when it may."""
    if host.state != INSTALLED:
        return f"{host.name} has no installation that could be restarted"
    broker = fleet.broker
    if broker is None:
        return "the broker is not there or was not read, and a gateway that starts without it loses all its tunnels"
    others = {f.id for where, f in located if where is host}
    if [h.id for h in fleet.installed].count(host.id) > 1:
        return "another cluster is joined under the same ID, and each start takes the other's records away"
    if "member.other-broker" in others:
        return "it is joined to another broker"
    if not any(n.get("ready") is True for n in mappings(host.digest.get("gateway_nodes"))):
        return "it has no gateway node that is Ready"
    failing = _gateway_pods_fail(located, host)
    if failing:
        return f"its gateway does not come to run: {failing}"
    return _finding_refusal(broker, fleet, host, finding)


def _finding_refusal(broker: Broker, fleet: Fleet, host: Host, finding: Finding) -> str:
    if finding.id in ("endpoint.not-ours", "endpoint.duplicate"):
        strangers = [e.name for e in broker.by_id.get(host.id, []) if not host.is_behind(e)]
        if strangers:
            return f"{', '.join(strangers)} on the broker is not shown to be this cluster's: another one may use its ID"
    if finding.id == "gateway.not-one-active" and host.active > 1:
        return "more than one is active: the record that is not updated has to go, which takes 20 s to be seen"
    if finding.id == "endpoint.missing" and finding.subject.startswith("copies "):
        missing = [e for i in broker.ids if i != host.id and i not in host.copies for e in broker.by_id.get(i, [])]
        left_out = [e for e in missing if any(overlap(a, b) for a in e.subnets for o in host.own for b in o.subnets)]
        if missing and len(left_out) == len(missing) and not any(e.cluster_id in fleet.ghosts for e in left_out):
            return "their CIDRs overlap this cluster's, so that its gateway leaves them out"
    return ""
