# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl diagnose service-discovery`: every ServiceExport has its import and its slice."""

from __future__ import annotations

import json

from .. import names
from .api import Object, path
from .contexts import ClusterInfo
from .status import ApiError, Failed, Reporter

SERVICE_NAME_LABEL = "multicluster.kubernetes.io/service-name"
SOURCE_LABEL = "multicluster.kubernetes.io/source-cluster"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io"
# Conditions of a good export and their status; Synced is Ready's older name.
EXPECTED = (("Valid", "True"), ("Ready", "True"), ("Conflict", "False"))


def service_discovery(info: ClusterInfo, status: Reporter) -> None:
    with status.step("Checking that services have been exported properly"):
        try:
            for export in info.api.list_known(path("ServiceExport")):
                _check_export(info, export, status)
        except ApiError as exc:
            status.failure(f"Error listing ServiceExport resources: {exc}")
        failing = status.failing
    if failing:
        raise Failed("failures while diagnosing service discovery")


def _check_export(info: ClusterInfo, export: Object, status: Reporter) -> None:
    api, name, namespace = info.api, export["metadata"]["name"], export["metadata"]["namespace"]
    if api.find(path("Service", namespace, name)) is None:
        status.warning(f"Exported Service {namespace}/{name} not found")
        _check_condition(export, "Valid", "False", status)
        return
    for kind, expected in EXPECTED:
        _check_condition(export, kind, expected, status)
    cluster_id = (info.submariner or info.service_discovery or {})["spec"]["clusterID"]
    selector = f"{MANAGED_BY},{SERVICE_NAME_LABEL}={name},{SOURCE_LABEL}={cluster_id}"
    if not api.list(path("EndpointSlice", namespace), labelSelector=selector):
        status.failure(f"No EndpointSlice found for exported service {namespace}/{name}")
    own = names.OPERATOR_NAMESPACE
    local = api.find(path("ServiceImport", own, f"{name}-{namespace}-{cluster_id}"))
    if local is None:
        status.failure(f'No local ServiceImport in "{own}" found for exported service {namespace}/{name}')
    elif SERVICE_NAME_LABEL in (local["metadata"].get("labels") or {}) and (
        api.find(path("ServiceImport", namespace, name)) is None
    ):
        status.failure(f"No ServiceImport found for exported service {namespace}/{name}")


def _check_condition(export: Object, kind: str, expected: str, status: Reporter) -> None:
    metadata = export["metadata"]
    where = f"{metadata['namespace']}/{metadata['name']}"
    kinds = (kind, "Synced") if kind == "Ready" else (kind,)
    for condition in (export.get("status") or {}).get("conditions") or []:
        if condition["type"] in kinds:
            if condition["status"] != expected:
                details = json.dumps(condition, indent=2)
                status.failure(
                    f'The ServiceExport "{condition["type"]}" status condition type for {where} is not satisfied. '
                    f'Expected condition status "{expected}". Actual:\n{details}'
                )
            return
    if expected == "True":
        status.failure(f'The ServiceExport for {where} is missing the "{kind}" status condition type')
