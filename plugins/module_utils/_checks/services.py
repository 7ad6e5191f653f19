# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported services, as their own cluster sees them (submariner.md 2.4); pure. Private, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    WARNING,
    Finding,
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

NAME, NAMESPACE, SOURCE = (
    "multicluster.kubernetes.io/service-name",
    "lighthouse.submariner.io/sourceNamespace",
    "multicluster.kubernetes.io/source-cluster",
)


def check_services(member: Snapshot, cluster_id: str) -> list[Finding]:
    """Every ServiceExport is valid, and was answered by this installation.

    An export outlives an uninstall, and its status keeps the dates of the installation before (measured.md): without a
    record by this one, such a status is an old claim.
    """
    if not member.installed or mapping(member.submariner.get("spec")).get("serviceDiscoveryEnabled") is not True:
        return []
    made = text(mapping(member.submariner.get("metadata")).get("creationTimestamp"))
    recorded = own_imports(member)
    findings = []
    for export in member.objects("serviceexports"):
        conditions = _conditions(export)
        false = next((c for c in conditions if c.get("type") in ("Valid", "Ready") and c.get("status") == "False"), {})
        newest = max((text(c.get("lastTransitionTime")) for c in conditions), default="")
        if false:
            words = " ".join(text(false.get(k)) for k in ("reason", "message") if text(false.get(k)))
            observed = f"is not {text(false.get('type'))}" + (f": {words}" if words else "")
        elif not conditions:
            observed = "was not answered by the lighthouse agent"
        elif newest < made and service_of(export) not in recorded:
            observed = f"says Ready since {newest}, before this installation of {made}, which has no record of it"
        else:
            continue
        findings.append(
            Finding(
                "service.not-exported",
                WARNING,
                f"ServiceExport {service_of(export)} of {cluster_id}",
                observed,
                "exported by this installation",
                hint="look for its Service, and at the log of submariner-lighthouse-agent",
            )
        )
    return findings


def _conditions(export: Json) -> list[Json]:
    return [mapping(c) for c in sequence(mapping(export.get("status")).get("conditions"))]


def exported(member: Snapshot) -> list[str]:
    """The services that have to be on the broker: what lighthouse does not take (no such Service, or of a type that it cannot
    export), and what it has not answered, is never there, whatever restarts."""
    return sorted(
        service_of(export)
        for export in member.objects("serviceexports")
        if _conditions(export)
        and not any(c.get("type") == "Valid" and c.get("status") == "False" for c in _conditions(export))
    )


def service_of(obj: Json) -> str:
    """Namespace and name of an exported service."""
    meta = mapping(obj.get("metadata"))
    return f"{text(meta.get('namespace'))}/{text(meta.get('name'))}"


def imported_service(obj: Json) -> str:
    """The service that a ServiceImport of lighthouse stands for; its own name is the service's only in user namespaces."""
    meta = mapping(obj.get("metadata"))
    marks = {**mapping(meta.get("annotations")), **mapping(meta.get("labels"))}
    namespace, name = text(marks.get(NAMESPACE)), text(marks.get(NAME))
    return f"{namespace}/{name}" if namespace and name else service_of(obj)


def offered_by(obj: Json) -> set[str]:
    """The clusters that a ServiceImport names: in its status, or as the source of a record of one cluster."""
    clusters = {text(mapping(c).get("cluster")) for c in sequence(mapping(obj.get("status")).get("clusters"))}
    return (clusters | {text(mapping(mapping(obj.get("metadata")).get("labels")).get(SOURCE))}) - {""}


def own_imports(member: Snapshot) -> set[str]:
    """Services that this cluster's lighthouse agent has recorded as exported from here."""
    return {
        imported_service(o)
        for o in member.objects("serviceimports", member.operator_namespace)
        if SOURCE in mapping(mapping(o.get("metadata")).get("labels"))
    }
