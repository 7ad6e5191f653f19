# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster offers to the others through the broker: slices, and its part of imports that several share (R17).

Pure. An aggregated ServiceImport names each cluster that offers the service in its status and, with the time of the export,
in an annotation; its ports are those of all of them (submariner.md 2.4; recordings). Private, may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import BROKER, entry_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import (
    NAME,
    NAMESPACE,
    SOURCE,
    imported_service,
    offered_by,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan

STAMP = "timestamp.submariner.io/"
"""Prefix of the annotation with the time at which a cluster exported the service."""


def plan_offers(broker: Snapshot, namespace: str, ids: t.Collection[str], result: Plan) -> None:
    """Slices of the clusters C(ids), imports that no other cluster offers, and of all other imports just their part."""
    of_slices = entry_of("R17", "endpointslices", BROKER)
    of_imports = entry_of("R17", "serviceimports", BROKER)
    slices = [o for o in broker.objects("endpointslices", namespace) if of_slices.owns(o, namespace)]
    for obj in slices:
        if _labels(obj).get(SOURCE) in ids:
            result.add(of_slices, obj, f"is a slice of {_labels(obj)[SOURCE]}")
    for obj in broker.objects("serviceimports", namespace):
        offering = offered_by(obj) | set(_stamps(obj))
        gone, left = sorted(offering & set(ids)), offering - set(ids)
        if not gone or not of_imports.owns(obj, namespace):
            continue
        if left:
            why = f"has the part of {', '.join(gone)}; {', '.join(sorted(left))} still offers it"
            result.edit(of_imports, obj, _without(obj, gone, left, slices), why)
        else:
            result.add(of_imports, obj, f"is offered by {', '.join(gone)} alone")


def _without(obj: Json, gone: t.Collection[str], left: t.Collection[str], slices: t.Sequence[Json]) -> Json:
    """The patch that takes clusters out of an import."""
    patch: Json = {}
    stamps = [i for i in _stamps(obj) if i in gone]
    if stamps:
        patch["metadata"] = {"annotations": {STAMP + i: None for i in stamps}}
    clusters = sequence(mapping(obj.get("status")).get("clusters"))
    rest = [c for c in clusters if mapping(c).get("cluster") not in gone]
    if rest != clusters:
        patch["status"] = {"clusters": rest}
    ports = _ports(obj, left, slices)
    if ports is not None and ports != mapping(obj.get("spec")).get("ports"):
        patch["spec"] = {"ports": ports}
    return patch


def _ports(obj: Json, left: t.Collection[str], slices: t.Sequence[Json]) -> list[Json] | None:
    """The ports of the clusters that are left, of two with one name the one that was exported first.

    None where the import has none (a headless service), or where those clusters' slices do not tell them.
    """
    if mapping(obj.get("spec")).get("type") != "ClusterSetIP":
        return None
    service = imported_service(obj)
    union: dict[str, Json] = {}
    for cluster in sorted(left, key=lambda c: (_stamps(obj).get(c, 0), c)):
        own = [s for s in slices if _labels(s).get(SOURCE) == cluster and _service(s) == service]
        if not own:
            return None
        for port in (mapping(p) for s in own for p in sequence(s.get("ports"))):
            known = {k: port[k] for k in ("name", "protocol", "port", "appProtocol") if port.get(k) is not None}
            union.setdefault(text(port.get("name")), known)
    return list(union.values())


def _stamps(obj: Json) -> dict[str, int]:
    """When each cluster exported the service, by cluster ID."""
    notes = mapping(mapping(obj.get("metadata")).get("annotations"))
    return {k[len(STAMP) :]: int(v) if text(v).isdecimal() else 0 for k, v in notes.items() if str(k).startswith(STAMP)}


def _labels(obj: Json) -> Json:
    return mapping(mapping(obj.get("metadata")).get("labels"))


def _service(obj: Json) -> str:
    return f"{text(_labels(obj).get(NAMESPACE))}/{text(_labels(obj).get(NAME))}"
