# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the clusters, as a table; from objects as kubectl gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.scenarios.judge import BROKER_NAMESPACE, MEMBER_NAMESPACE, Json, Objects, records

Row = tuple[str, ...]
_WORKLOADS = ("Deployment", "DaemonSet")


def draw(head: Row, rows: Sequence[Row]) -> list[str]:
    """Columns as wide as their widest word."""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def endpoints(fleet: Mapping[str, Objects]) -> list[Row]:
    """A row for each namespace with Submariner's records in it."""
    rows: list[Row] = []
    for cluster, objects in fleet.items():
        for namespace in (BROKER_NAMESPACE, MEMBER_NAMESPACE):
            present = any(i["kind"] == "Namespace" and i["metadata"]["name"] == namespace for i in objects)
            found = [_endpoint(item) for item in records(objects, "Endpoint", namespace)]
            if present:
                rows.append((cluster, namespace, str(len(found)), ", ".join(sorted(found)) or "none"))
    return rows


def _endpoint(item: Json) -> str:
    spec = item["spec"]
    return f"{spec.get('cluster_id')} at {spec.get('private_ip')}"


def connections(fleet: Mapping[str, Objects]) -> list[Row]:
    """A row for each gateway."""
    return [
        (
            cluster,
            gateway["metadata"]["name"],
            str(gateway.get("status", {}).get("haStatus", "unknown")),
            ", ".join(_connections(gateway.get("status", {}).get("connections") or [])) or "none",
        )
        for cluster, objects in fleet.items()
        for gateway in records(objects, "Gateway", MEMBER_NAMESPACE)
    ]


def _connections(found: Iterable[Json]) -> list[str]:
    return sorted(f"{each.get('endpoint', {}).get('cluster_id')} {each.get('status')}" for each in found)


def workloads(fleet: Mapping[str, Objects]) -> list[Row]:
    """A row for each Deployment and DaemonSet in Submariner's namespace."""
    return [
        (cluster, item["kind"], item["metadata"]["name"], _ready(item.get("status", {})))
        for cluster, objects in fleet.items()
        for item in objects
        if item["kind"] in _WORKLOADS and item["metadata"].get("namespace") == MEMBER_NAMESPACE
    ]


def _ready(status: Json) -> str:
    wanted = status.get("desiredNumberScheduled", status.get("replicas", 0))
    return f"{status.get('numberReady', status.get('readyReplicas', 0))} of {wanted} ready"


def everything(fleet: Mapping[str, Objects]) -> list[str]:
    parts = (
        ("Endpoints", ("cluster", "namespace", "number", "of"), endpoints(fleet)),
        ("Gateways", ("cluster", "node", "state", "connections"), connections(fleet)),
        ("Workloads", ("cluster", "kind", "name", "pods"), workloads(fleet)),
    )
    lines = []
    for title, head, rows in parts:
        lines += ["", f"{title}: none"] if not rows else ["", f"{title}:", *draw(head, rows)]
    return lines
