# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl unexport service`: the ServiceExport goes, nothing else."""

from __future__ import annotations

from . import contexts
from .api import path
from .contexts import ClusterInfo
from .export import DEFAULT_NAMESPACE, service_name
from .flags import Values
from .status import Reporter

FLAGS = contexts.flags(namespace=True)


def run(values: Values, status: Reporter) -> None:
    name = service_name(values, "name of the Service to be removed must be specified")

    def unexport(info: ClusterInfo, reporter: Reporter) -> None:
        with reporter.explaining("Failed to unexport Service"):
            found = info.api.delete(path("ServiceExport", info.namespace, name))
        if not found:
            raise reporter.error(f"Service {info.namespace}/{name} was not previously exported")
        reporter.success("Service successfully unexported")

    contexts.on_selected(values, DEFAULT_NAMESPACE, unexport, status)
