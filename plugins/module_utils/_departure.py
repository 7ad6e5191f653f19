# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a departed cluster left on its broker, by proof of identity (submariner.md 4.5); pure. Private, may change at any time."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils import _catalogue as catalogue
from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    allocations_in,
    without_clusters,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    WARNING,
    ClusterRecord,
    Endpoint,
    Finding,
    Snapshot,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._offers import plan_offers
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan

RECORDS, OFFERS = ("endpoints", "clusters"), ("serviceimports", "endpointslices")
"""What goes whether the cluster comes back or not."""


def plan_departure(
    broker: Snapshot,
    namespace: str,
    identity: Identity,
    retire: bool,
    taken: t.Collection[str] = (),
    proven: dict[str, str] | None = None,
) -> Plan:
    """What a departed cluster left on its broker, by proof of identity (submariner.md 4.5).

    Nothing of IDs that are C(taken) by other clusters of the inventory, whatever their records look like. Its access
    (ServiceAccount, RoleBinding, token) and its addresses go only when it C(retire)s; a re-join uses them again (R9, R10).

    C(proven), Cluster records by UID with the proof, is kept from one reading to the next: the Endpoint that proves whose a
    record is goes before it.
    """
    result = Plan()
    departing = [e for e in catalogue.ENTRIES if e.scope == catalogue.BROKER and e.namespace == catalogue.BROKER_NS]
    for key in sorted({e.key for e in departing if retire or e.key in (*RECORDS, *OFFERS)}):
        if key in broker.unanswered:
            result.findings.append(
                Finding(
                    "broker.unread",
                    UNKNOWN,
                    f"{key} on the broker",
                    f"not answered: {broker.unanswered[key]}",
                    hint="restore access to the broker's cluster and run again, or leave its records alone (departure: none)",
                )
            )
    endpoints, records = broker.endpoints(namespace), broker.clusters(namespace)
    if broker.known("namespaces") and not (endpoints or records or broker.namespace(namespace)):
        result.findings.append(
            Finding(
                "broker.none",
                WARNING,
                f"namespace {namespace} of {broker.server}",
                "is not there, and so are no records of the cluster",
                "the broker that has them",
                hint="if the broker is elsewhere, name its cluster and namespace; if it is gone, nothing is left to do",
            )
        )
    mine: dict[str, str] = {}
    access = set(identity.ids) - set(taken)
    proven = {} if proven is None else proven
    before = {
        ClusterRecord.of(o).cluster_id: proven[uid]
        for o in broker.objects("clusters", namespace)
        if (uid := text(mapping(o.get("metadata")).get("uid"))) in proven
    }
    claimed = {e.cluster_id for e in endpoints}
    for cluster_id in sorted(({e.cluster_id for e in endpoints} | {r.cluster_id for r in records}) - set(taken)):
        why = identity.made(cluster_id, endpoints, records)
        why = why or ("" if cluster_id in claimed else before.get(cluster_id, ""))
        if why:
            mine[cluster_id] = why
        elif cluster_id in identity.ids:
            access.discard(cluster_id)  # it is the other cluster's
            where = ", ".join(sorted({f"{e.hostname} {e.private_ip}" for e in endpoints if e.cluster_id == cluster_id}))
            result.findings.append(
                Finding(
                    "endpoint.id-clash",
                    ERROR,
                    f"cluster ID {cluster_id} on the broker",
                    f"its record names {where or 'other CIDRs'}, which is none of this cluster's nodes",
                    "the record of this cluster",
                    cause="another cluster is registered under the same ID",
                    hint="give this cluster another submariner_cluster_id, or remove the other one first",
                )
            )
    wanted = {
        "endpoints": lambda o: mine.get(Endpoint.of(o).cluster_id, ""),
        "clusters": lambda o: mine.get(ClusterRecord.of(o).cluster_id, ""),
    }
    for obj in broker.objects("clusters", namespace):
        why, uid = mine.get(ClusterRecord.of(obj).cluster_id, ""), text(mapping(obj.get("metadata")).get("uid"))
        if why and uid:
            proven[uid] = why
    ids = set(mine) | access
    for entry in departing:
        for obj in broker.objects(entry.key, namespace) if entry.key not in OFFERS else ():
            if entry.key in wanted:
                why = wanted[entry.key](obj)
            else:
                why = _access_of(text(mapping(obj.get("metadata")).get("name")), ids) if retire else ""
            if why and entry.owns(obj, namespace):
                result.add(entry, obj, why)
    plan_offers(broker, namespace, ids, result)
    if retire:
        _release(broker, namespace, ids, result)
    return result


def _release(broker: Snapshot, namespace: str, ids: t.Collection[str], result: Plan) -> None:
    """Give the addresses of a cluster that left for good back to the broker's tables."""
    entry = catalogue.entry_of("R10", "broker-configmaps", catalogue.BROKER)
    for obj in broker.objects("broker-configmaps", namespace):
        if not entry.owns(obj, namespace):
            continue
        table = mapping(obj.get("data"))
        given = sorted({owner for owner, _cidr in allocations_in(table)} & set(ids))
        rest = without_clusters(table, ids)
        if rest is None:
            name = text(mapping(obj.get("metadata")).get("name"))
            result.keep(entry, obj, "its clusterinfo is no list, so nothing can be taken out of it")
            result.findings.append(
                Finding(
                    "broker.table-unreadable",
                    WARNING,
                    f"ConfigMap {namespace}/{name}",
                    "its clusterinfo is not the list of allocations that it should be",
                    "a JSON list with the CIDRs of each cluster",
                    hint=f"take the entry of {', '.join(sorted(ids))} out by hand",
                )
            )
        elif given:
            result.edit(entry, obj, {"data": {"clusterinfo": rest}}, f"gives addresses to {', '.join(given)}")


def _access_of(name: str, ids: t.Collection[str]) -> str:
    for cluster_id in ids:
        if re.fullmatch(
            rf"cluster-{re.escape(cluster_id)}(-submariner-k8s-broker-cluster|-(token|dockercfg)-[a-z0-9]+)?", name
        ):
            return f"is the broker access of {cluster_id}"
    return ""
