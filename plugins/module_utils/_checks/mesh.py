# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All N*(N-1) directions between members, from their digests (submariner.md 4.6); pure. Private, may change."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.clusterset import shown
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.connections import HINTS
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import not_one_active
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Host, Link
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, WARNING, Finding

BROKER_FIRST = "look for the broker first: without it gateways have no connections and no errors"


class Fault(t.NamedTuple):
    """What is wrong in one direction."""

    id: str
    severity: str
    observed: str
    expected: str
    hint: str


Faults = dict[tuple[str, str], Fault]
"""By the IDs of the two ends."""


def check_mesh(fleet: Fleet) -> list[Finding]:
    """Every member's gateway is connected to every other cluster's, and both ends say so."""
    judged = [h for h in fleet.installed if h.knows("gateways") and h.active == 1]
    findings = [not_one_active(h.label, h.active) for h in fleet.installed if h.knows("gateways") and h.active != 1]
    expected = [*fleet.living, *fleet.unmanaged]
    cables = _cables(fleet)
    faults: Faults = {}
    good: set[tuple[str, str]] = set()
    for host in judged:
        for other in expected:
            if other == host.id:
                continue
            fault = _direction(host.links.get(other, ()), cables.get(other, ""))
            # That nothing is checked is said once of the cluster.
            if fault is None or (fault.severity == WARNING and _is_unchecked(host)):
                good.add((host.id, other))
            else:
                faults[(host.id, other)] = fault
        findings += _unproven(host) + _to_ghosts(fleet, host)
    return findings + _grouped(faults, good, len(expected) - 1, len(judged))


def _cables(fleet: Fleet) -> dict[str, str]:
    """The cable by which each cluster is to be reached: as it says itself, else as the broker says."""
    found = {i: e[0].cable_name for i, e in (fleet.broker.by_id if fleet.broker else {}).items() if len(e) == 1}
    found.update({i: h.own[0].cable_name for i, h in fleet.living.items() if len(h.own) == 1})
    return found


def _direction(links: t.Sequence[Link], cable: str) -> Fault | None:
    """One connection, or in a dual-stack clusterset one of each family."""
    if not links or len({link.family for link in links}) < len(links):
        name = "connection.duplicate" if links else "connection.missing"
        return Fault(name, ERROR, f"{len(links)} connections", "exactly one, connected", BROKER_FIRST)
    faults = [(link, _fault(link, cable)) for link in links]
    wrong = [
        fault._replace(observed=f"{fault.observed} (IPv{link.family or 4})") if len(links) > 1 else fault
        for link, fault in faults
        if fault
    ]
    return min(wrong, key=lambda fault: fault.severity != ERROR, default=None)


def _fault(link: Link, cable: str) -> Fault | None:
    if link.status != "connected":
        words = (link.status or "no status") + (f": {link.doubt}" if link.doubt else "")
        hint = HINTS.get(link.status, "look at the gateway's log")
        return Fault("connection.not-connected", ERROR, words, "connected", hint)
    if cable and link.cable != cable:
        return Fault("connection.stale", ERROR, f"connected to {link.cable}", cable, "restart this member's gateway")
    if link.doubt:
        return Fault(
            "connection.unproven",
            WARNING,
            f"not proven: connected, but {link.doubt}",
            "a health check that passed",
            "wait for the health check, or try the data path",
        )
    return None


def _is_unchecked(host: Host) -> bool:
    return host.digest.get("health_check") is False


def _unproven(host: Host) -> list[Finding]:
    if not _is_unchecked(host) or not host.links:
        return []
    return [
        Finding(
            "connection.unproven",
            WARNING,
            f"cluster {host.label}",
            f"not proven: its health check is off, so {len(host.links)} connections are only configured",
            "a health check that passed",
            hint="switch the health check on, or try the data path",
        )
    ]


def _to_ghosts(fleet: Fleet, host: Host) -> list[Finding]:
    known = {*fleet.living, *fleet.unmanaged, *fleet.undecided} - {host.id}
    return [
        Finding(
            "connection.ghost",
            ERROR,
            f"{host.label} -> {other}",
            f"{links[0].status} to {links[0].cable}, which no expected cluster is",
            "no connection",
            cause=_why(fleet, host, other),
            hint="look for a second cluster with this ID"
            if other == host.id
            else "remove the record of that cluster on the broker",
        )
        for other, links in sorted(host.links.items())
        if other not in known and fleet.broker is not None
    ]


def _why(fleet: Fleet, host: Host, other: str) -> str:
    """Why no cluster is expected where a connection leads to."""
    if other == host.id:
        return "it is this cluster's own ID: another one uses it, too"
    return fleet.ghosts[other].why if other in fleet.ghosts else "the broker has no record of it"


def _grouped(faults: Faults, good: set[tuple[str, str]], each: int, judged: int) -> list[Finding]:
    """A finding for each direction; one for all when an end fails in all its directions in the same way."""
    outward: dict[tuple[str, str], list[str]] = {}
    inward: dict[tuple[str, str], list[str]] = {}
    for (one, other), fault in faults.items():
        outward.setdefault((one, fault.id), []).append(other)
        inward.setdefault((other, fault.id), []).append(one)
    findings = []
    told: set[tuple[str, str]] = set()
    for (end, _id), others in outward.items():
        if each > 1 and len(others) == each:
            told |= {(end, o) for o in others}
            findings.append(_all_of(f"{end} -> all {each} others", faults[(end, others[0])], others))
    for (end, _id), others in inward.items():
        rest = [o for o in others if (o, end) not in told]
        if judged > 2 and len(rest) > 1 and len(others) >= judged - 1:
            told |= {(o, end) for o in rest}
            findings.append(_all_of(f"all {len(others)} others -> {end}", faults[(rest[0], end)], rest))
    for (one, other), fault in faults.items():
        if (one, other) not in told:
            agrees = f"; {other} says it is connected to {one}" if (other, one) in good else ""
            findings.append(
                Finding(
                    fault.id,
                    fault.severity,
                    f"{one} -> {other}",
                    fault.observed + agrees,
                    fault.expected,
                    hint=fault.hint,
                )
            )
    return findings


def _all_of(subject: str, fault: Fault, others: t.Sequence[str]) -> Finding:
    return Finding(
        fault.id,
        fault.severity,
        subject,
        f"{fault.observed} ({shown(others)})",
        fault.expected,
        hint=fault.hint,
        evidence={"clusters": sorted(others)},
    )
