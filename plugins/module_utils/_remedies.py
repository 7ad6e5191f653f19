# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which finding is healed by what, and what proves it, as data; pure. Private to this collection, may change at any time.

The tables of roles/repair/README.md are these. Sources: submariner.md 3.4 (residues), 4.3 (what a start reconciles), 2.3
and 2.4 (what the operator makes only when it starts).
"""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR, RECORDS, ROUTES, GATEWAYS, LEFTOVERS = "operator", "records", "routes", "gateways", "leftovers"
PHASES = (OPERATOR, RECORDS, ROUTES, GATEWAYS, LEFTOVERS)
"""Their order: each may heal what a later one would otherwise have to. Before each of them, but for V(routes) that goes
with the records, the fleet is read and planned anew."""


@dataclass(frozen=True)
class Action:
    """One sort of step: when it is its turn, what it does, what proves that it healed, and whether it deletes records."""

    phase: str
    does: str
    proof: str
    deletes: bool = False


RESTART_OPERATOR, RESTART_GATEWAY, RESTART_AGENT = "restart-operator", "restart-gateway", "restart-agent"
RESTART_ROUTES, REMOVE_RECORDS = "restart-routes", "remove-records"
DELETE_COPIES, DELETE_GATEWAYS = "delete-copies", "delete-gateways"

ACTIONS: dict[str, Action] = {
    RESTART_OPERATOR: Action(
        OPERATOR,
        "restart the pod submariner-operator, which makes its definitions and the block in the cluster's DNS when it starts",
        "a new operator is ready, the definitions are served, and DNS forwards to lighthouse",
    ),
    REMOVE_RECORDS: Action(
        RECORDS,
        "remove the records of a cluster that does not run from the broker, the Endpoint before the Cluster",
        "the broker has no record under that ID",
        deletes=True,
    ),
    RESTART_ROUTES: Action(
        ROUTES,
        "restart the active gateway, then the route agents: with the other record of a cluster its routes go, too",
        "no copy of that record is left, and the gateway and all route agents are ready again",
    ),
    RESTART_GATEWAY: Action(
        GATEWAYS,
        "restart the active gateway, which makes its records and reconciles with the broker when it starts, unless the records "
        "come right within 15 s; after a second copy of a record, restart it again if a tunnel is missing, and the route agents",
        "one gateway is active, its Endpoint is the broker's only one of that ID, the copies are those on the broker, and after "
        "a second copy it has a tunnel to each cluster",
    ),
    DELETE_COPIES: Action(
        GATEWAYS,
        "delete the copies of records that the broker does not have, since no gateway runs that would",
        "no copy is left that the broker does not have",
        deletes=True,
    ),
    DELETE_GATEWAYS: Action(
        LEFTOVERS,
        "delete the Gateway of a node on which no gateway runs",
        "it is gone, and nobody made it again",
        deletes=True,
    ),
    RESTART_AGENT: Action(
        LEFTOVERS,
        "restart the pod submariner-lighthouse-agent, which exports its services when it starts",
        "a new agent is ready, and the broker offers all exported services in this cluster's name",
    ),
}

HEALED_BY: dict[str, str] = {
    "cluster.ghost": REMOVE_RECORDS,
    "cluster.missing": RESTART_GATEWAY,
    "cluster.two-ids": REMOVE_RECORDS,
    "connection.stale": RESTART_GATEWAY,
    "dns.missing-block": RESTART_OPERATOR,
    "dns.wrong-address": RESTART_OPERATOR,
    "endpoint.copy-differs": RESTART_GATEWAY,
    "endpoint.duplicate": RESTART_GATEWAY,
    "endpoint.ghost": REMOVE_RECORDS,
    "endpoint.label-mismatch": RESTART_GATEWAY,
    "endpoint.missing": RESTART_GATEWAY,
    "endpoint.not-ours": RESTART_GATEWAY,
    "endpoint.stale-address": RESTART_GATEWAY,
    "endpoint.stale-copy": RESTART_GATEWAY,
    "gateway.endpoint-differs": RESTART_GATEWAY,
    "gateway.lease-elsewhere": RESTART_GATEWAY,
    "gateway.left-over": DELETE_GATEWAYS,
    "gateway.not-one-active": RESTART_GATEWAY,
    "gateway.stale": DELETE_GATEWAYS,
    "operator.definition-missing": RESTART_OPERATOR,
    "service.not-on-broker": RESTART_AGENT,
}

FOLLOWS = frozenset(
    [
        "connection.duplicate",
        "connection.ghost",
        "connection.missing",
        "connection.not-connected",
        "connection.unproven",
        "routeagent.error",
    ]
)
"""What goes with its cause where a step removes that; whether it did is for the verification to say."""

REASONS: dict[str, str] = {
    "cluster.id-twice": "only another ID for one of the clusters does: set submariner_cluster_id and reinstall it",
    "cluster.unread": "it could not be read, and nothing is repaired on a guess",
    "dns.unbalanced-markers": "the operator would drop all that follows the first marker: correct the Corefile by hand",
    "endpoint.wrong-id": "only a reinstall changes an ID; or set submariner_cluster_id to the one that it has",
    "gateway.no-node": "label a node as gateway; nothing is restarted without one",
    "submariner.going": "it is being removed: the playbook reinstall finishes that",
    "submariner.not-installed": "there is nothing to repair: run the playbook install",
    "workload.not-ready": "what keeps its pods from running keeps new ones from it, too: see the cause",
}
NO_STEP = (
    "neither a restart nor the removal of a record heals it; reinstall does, unless its cause is outside of Submariner"
)
NOT_SHOWN = "they may be another living cluster's: if they are not, say so with submariner_ghosts: [{}]"
NO_CAUSE = "it is a consequence, and nothing was found that a step could remove: see the tunnel, firewalls and logs"
