# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl export service`: a ServiceExport comes, nothing else."""

from __future__ import annotations

from . import contexts
from .api import Object, path
from .contexts import ClusterInfo
from .flags import Flag, UsageError, Values
from .status import ApiError, Reporter

DEFAULT_NAMESPACE = "default"
CLUSTERSET_IP = Flag("use-clusterset-ip", "bool", usage="use clusterset IP for this service")
FLAGS = (CLUSTERSET_IP, *contexts.flags(namespace=True))


def run(values: Values, status: Reporter) -> None:
    name = service_name(values, "name of the Service to be exported must be specified")
    annotations = {}
    if CLUSTERSET_IP.name in values.given:
        annotations["lighthouse.submariner.io/use-clusterset-ip"] = str(values.on(CLUSTERSET_IP.name)).lower()

    def export(info: ClusterInfo, reporter: Reporter) -> None:
        with reporter.explaining(f'Unable to find the Service "{name}" in namespace "{info.namespace}"'):
            info.api.get(path("Service", info.namespace, name))
        try:
            info.api.create(path("ServiceExport", info.namespace), _service_export(name, info.namespace, annotations))
        except ApiError as exc:
            if exc.status != 409:
                raise reporter.error("Failed to export Service", exc) from exc
            reporter.success("Service already exported")
            return
        reporter.success("Service exported successfully")

    contexts.on_selected(values, DEFAULT_NAMESPACE, export, status)


def service_name(values: Values, missing: str) -> str:
    """The name in `service NAME`."""
    what, *names = values.arguments
    if what != "service":
        raise UsageError(f'unknown command "{what}"')
    if not names:
        raise UsageError(missing)
    return names[0]


def _service_export(name: str, namespace: str, annotations: dict[str, str]) -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceExport", "metadata": metadata}
