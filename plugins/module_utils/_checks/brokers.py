# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which broker the members use, and who else is on it; pure. Private to this collection, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.clusterset import shown
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import UNKNOWN, Broker, Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, INFO, WARNING, Finding, mappings


def check_brokers(fleet: Fleet) -> list[Finding]:
    """All members are joined to the one broker, by one address."""
    broker = fleet.broker
    if broker is None:
        return _none(fleet)
    findings = _unmanaged(fleet, broker)
    if not broker.resource:
        findings.append(
            Finding(
                "broker.resource",
                WARNING,
                f"broker namespace {broker.namespace} on {fleet.broker_host}",
                "has no Broker resource",
                "the resource that deploy-broker makes",
                hint="run the playbook install, which completes the broker",
            )
        )
    strangers = [h for h in fleet.installed if _is_elsewhere(fleet, broker, h)]
    findings += [
        Finding(
            "member.other-broker",
            ERROR,
            f"cluster {h.label}",
            f"is joined to the broker at {h.broker_address}, and the broker on {fleet.broker_host} does not know it",
            f"the broker on {fleet.broker_host}",
            cause="the broker was made again, or there is a second one",
            hint="join it again with the broker info of this broker, or reinstall",
        )
        for h in strangers
    ]
    return findings + _addresses([h for h in fleet.installed if h not in strangers])


def second_brokers(fleet: Fleet) -> list[Finding]:
    """Brokers on other clusters than the inventory's broker (submariner#3411)."""
    return [
        Finding(
            "broker.second",
            WARNING,
            host.name,
            f"has a broker in namespace {found.get('namespace')}",
            f"one broker, on {fleet.broker_host}",
            cause="deploy-broker was run on more than one cluster",
            hint="reinstall removes it when none of its records is of a living cluster",
        )
        for host in fleet.hosts
        for found in mappings(host.digest.get("brokers"))
        if host.name != fleet.broker_host or (fleet.broker and found.get("namespace") != fleet.broker.namespace)
    ]


def _none(fleet: Fleet) -> list[Finding]:
    if not fleet.broker_is_known or not fleet.installed:
        return []
    return [
        Finding(
            "broker.none",
            ERROR,
            f"broker on {fleet.broker_host}",
            f"is not there, and {shown([h.label for h in fleet.installed])} are joined",
            "the broker of these members",
            cause="its namespace was deleted, or it is on another cluster",
            hint="put the broker's cluster into submariner_broker, or reinstall: without a broker members lose each other",
        )
    ]


def _unmanaged(fleet: Fleet, broker: Broker) -> list[Finding]:
    if any(h.state == UNKNOWN for h in fleet.hosts):
        return []  # it may be the one that was not read
    findings = []
    for cluster_id in fleet.unmanaged:
        if cluster_id in fleet.left_out:
            continue
        places = [f"{e.hostname} {e.private_ip}".strip() for e in broker.by_id.get(cluster_id, [])]
        findings.append(
            Finding(
                "broker.unmanaged",
                INFO,
                f"cluster {cluster_id}",
                f"is on the broker ({', '.join(places) or 'without an Endpoint'}) and in no inventory",
                cause="another team's cluster, or one that no longer exists",
                hint=f"add it to the inventory, or declare it dead: submariner_ghosts: [{cluster_id}]",
            )
        )
    return findings


def _is_elsewhere(fleet: Fleet, broker: Broker, host: Host) -> bool:
    """Whether nothing of a member is on the broker, and another member that is on it uses another address."""
    names = {e.name for e in broker.endpoints}
    if not host.own or any(e.name in names for e in host.own):
        return False
    right = {h.broker_address for h in fleet.installed if any(e.name in names for e in h.own)}
    return bool(right) and host.broker_address not in right


def _addresses(hosts: list[Host]) -> list[Finding]:
    by_address: dict[str, list[str]] = {}
    for host in hosts:
        by_address.setdefault(host.broker_address, []).append(host.label)
    if len(by_address) < 2:
        return []
    words = "; ".join(f"{address or 'no address'} ({shown(ids)})" for address, ids in sorted(by_address.items()))
    return [
        Finding(
            "broker.addresses-differ",
            WARNING,
            "members",
            f"look for the broker at different addresses: {words}",
            "one address that all members reach",
            hint="set submariner_broker_url and join again, unless these members need an address of their own",
        )
    ]
