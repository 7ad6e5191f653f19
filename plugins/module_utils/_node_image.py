# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image for pods of ours: the one that Submariner already uses on the cluster. Private, may change at any time."""

from __future__ import annotations

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure

SUBMARINERS = "/apis/submariner.io/v1alpha1/submariners"
DAEMONSETS = "/apis/apps/v1/daemonsets"


def deployed_image(api: Api, component: str = "submariner-route-agent", workload: str = "submariner-routeagent") -> str:
    """Image that a DaemonSet of Submariner runs, or the one that its resource asks for.

    Raises ApiFailure when neither is there: then the image has to be named.
    """
    sets = api.list(DAEMONSETS, fieldSelector=f"metadata.name={workload}")
    for found in sets.items:
        for container in found.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []:
            if container.get("image"):
                return str(container["image"])
    resources = api.list(SUBMARINERS)
    for found in resources.items:
        spec = found.get("spec") or {}
        override = (spec.get("imageOverrides") or {}).get(component) or (spec.get("imageOverrides") or {}).get(workload)
        if override:
            return str(override)
        if spec.get("repository") and spec.get("version"):
            return f"{spec['repository']}/{component}:{spec['version']}"
    trouble = sets.reason if sets.unknown else resources.reason if resources.unknown else "Submariner is not installed"
    raise ApiFailure(
        f"No image for the node pods is known: {trouble}.",
        "Set the option image (variable submariner_node_image) to an image that the nodes can pull.",
    )
