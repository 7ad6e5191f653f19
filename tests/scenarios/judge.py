# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a fleet is whole, from the objects of its clusters alone.

Every function returns complaints, one line each; none means that all is well. Nothing of the collection is used here:
what it says of its own work is what these functions are there to doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = dict[str, Any]
Objects = list[Json]

MEMBER_NAMESPACE = "submariner-operator"
BROKER_NAMESPACE = "submariner-k8s-broker"
OWN_NAMESPACE = "submariner-lifecycle"
_GROUP = "submariner.io"
_WORKLOADS = ("Deployment", "DaemonSet", "ReplicaSet", "Pod", "Job")


def name_of(item: Json) -> str:
    """Kind, namespace and name, as the complaints have it."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"


def group_of(item: Json) -> str:
    group, slash, _version = str(item.get("apiVersion", "")).partition("/")
    return group if slash else ""


def records(objects: Objects, kind: str, namespace: str = "") -> Objects:
    """Submariner's own objects of a kind, in one namespace or in all."""
    return [
        item
        for item in objects
        if item["kind"] == kind
        and group_of(item) == _GROUP
        and namespace in ("", item["metadata"].get("namespace", ""))
    ]


def one_each(objects: Objects, kind: str, namespace: str, ids: Iterable[str]) -> list[str]:
    """Exactly one record of this kind for each of these clusters, and none of any other."""
    counted = Counter(str(item.get("spec", {}).get("cluster_id", "")) for item in records(objects, kind, namespace))
    expected = set(ids)
    return [
        f"{namespace} has {counted[cluster_id]} {kind} objects of {cluster_id or 'no cluster'}, "
        f"expected {int(cluster_id in expected)}"
        for cluster_id in sorted(expected | set(counted))
        if counted[cluster_id] != int(cluster_id in expected)
    ]


def connections(objects: Objects, others: Iterable[str]) -> list[str]:
    """One active gateway, connected to each of the others once and to nobody else."""
    gateways = records(objects, "Gateway", MEMBER_NAMESPACE)
    active = [gateway for gateway in gateways if gateway.get("status", {}).get("haStatus") == "active"]
    if len(active) != 1:
        return [f"{len(active)} active gateways of {len(gateways)}, expected 1"]
    seen = [
        (str(connection.get("endpoint", {}).get("cluster_id")), str(connection.get("status")))
        for connection in active[0].get("status", {}).get("connections") or []
    ]
    name = active[0]["metadata"]["name"]
    expected = sorted((other, "connected") for other in others)
    return (
        [] if sorted(seen) == expected else [f"gateway {name} has connections {_pairs(seen)}: not {_pairs(expected)}"]
    )


def _pairs(seen: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{cluster_id} {status}" for cluster_id, status in sorted(seen)) or "none"


def uninstall_workloads(objects: Objects) -> list[str]:
    return [
        f"{name_of(item)} is left"
        for item in objects
        if item["kind"] in _WORKLOADS
        and item["metadata"].get("namespace") == MEMBER_NAMESPACE
        and "-uninstall" in item["metadata"]["name"]
    ]


def no_broker(objects: Objects) -> list[str]:
    """For a cluster that is not the broker's."""
    spaces = [i for i in objects if i["kind"] == "Namespace" and i["metadata"]["name"] == BROKER_NAMESPACE]
    return [f"{name_of(item)} is a second broker" for item in [*spaces, *records(objects, "Broker")]]


def own_leftovers(objects: Objects) -> list[str]:
    """What the collection made for itself: record, lock, pods, namespace."""
    return [f"{name_of(item)} is left" for item in objects if _place(item) == OWN_NAMESPACE and item["kind"] != "Event"]


def _place(item: Json) -> str:
    metadata = item["metadata"]
    return str(metadata["name"] if item["kind"] == "Namespace" else metadata.get("namespace", ""))


def of_submariner(item: Json) -> bool:
    """Made by Submariner, as far as a stranger can tell: by API group, namespace, name, label or annotation."""
    if item["kind"] == "Node" or "multicluster.x-k8s.io" in f"{group_of(item)} {item['metadata']['name']}":
        return False
    metadata = item["metadata"]
    words = [
        group_of(item), metadata["name"],
        *(metadata.get("labels") or {}), *(metadata.get("labels") or {}).values(), *(metadata.get("annotations") or {}),
    ]  # fmt: skip
    return _place(item) in (MEMBER_NAMESPACE, BROKER_NAMESPACE) or any("submariner" in str(word) for word in words)


def older_than(objects: Objects, start: datetime) -> list[str]:
    """What a reinstall that began then should have replaced."""
    return [
        f"{name_of(item)} is of {item['metadata']['creationTimestamp']}, before the run"
        for item in objects
        if of_submariner(item) and item["kind"] != "Event" and _made(item) < start
    ]


def _made(item: Json) -> datetime:
    return datetime.fromisoformat(item["metadata"]["creationTimestamp"])


def psk(objects: Objects) -> str:
    """The key of the tunnels as a member has it; empty without one."""
    found = [
        str((item.get("data") or {}).get("psk", ""))
        for item in objects
        if item["kind"] == "Secret"
        and item["metadata"]["name"] == "submariner-ipsec-psk"
        and item["metadata"].get("namespace") == MEMBER_NAMESPACE
    ]
    return found[0] if found else ""


def settled(fleet: Mapping[str, Objects], broker: str, members: Iterable[str] = ()) -> list[str]:
    """What has to be so from the moment on in which a run says that it is done; without C(members) all clusters are."""
    ids = sorted(members or fleet)
    found = [f"{broker}: {text}" for text in _kept_records(fleet[broker], BROKER_NAMESPACE, ids)]
    for cluster, objects in fleet.items():
        known = ids if cluster in ids else []
        complaints = [*_kept_records(objects, MEMBER_NAMESPACE, known), *uninstall_workloads(objects)]
        if cluster != broker:
            complaints += no_broker(objects)
        found += [f"{cluster}: {text}" for text in complaints]
    return found


def _kept_records(objects: Objects, namespace: str, ids: Iterable[str]) -> list[str]:
    return [text for kind in ("Endpoint", "Cluster") for text in one_each(objects, kind, namespace, ids)]


def calm(fleet: Mapping[str, Objects], members: Iterable[str] = ()) -> list[str]:
    """What may take a moment after the end of a run: connections, and a namespace of the collection's own that is going."""
    found = [f"{cluster}: {text}" for cluster, objects in fleet.items() for text in own_leftovers(objects)]
    return found + connected(fleet, members)


def connected(fleet: Mapping[str, Objects], members: Iterable[str] = ()) -> list[str]:
    """Every member to every other."""
    ids = sorted(members or fleet)
    return [
        f"{cluster}: {text}"
        for cluster in ids
        for text in connections(fleet[cluster], [other for other in ids if other != cluster])
    ]
