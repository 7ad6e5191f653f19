# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image for pods of ours: the one that Submariner already uses on the cluster. Private, may change at any time."""

from __future__ import annotations

from collections import Counter

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure

SUBMARINERS = "/apis/submariner.io/v1alpha1/submariners"
DAEMONSETS = "/apis/apps/v1/daemonsets"
NODES = "/api/v1/nodes"


def deployed_image(
    api: Api, component: str = "submariner-route-agent", workload: str = "submariner-routeagent", otherwise: str = ""
) -> str:
    """Image that a DaemonSet of Submariner runs, or the one that its resource asks for, or that most nodes still have.

    Else C(otherwise). Raises ApiFailure when there is none of these: then the image has to be named.
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
    found_there = _on_nodes(api, component) or otherwise
    if found_there:
        return found_there
    trouble = sets.reason if sets.unknown else resources.reason if resources.unknown else "Submariner is not installed"
    raise ApiFailure(
        f"No image for the node pods is known: {trouble}.",
        "Set submariner_version to the version that was installed, or the option image (variable submariner_node_image, "
        "for tests of the data path submariner_nettest_image) to an image that the nodes can pull.",
    )


def _on_nodes(api: Api, component: str) -> str:
    """The component's image, by its tag, that most nodes have: a removed installation leaves it there."""
    named: Counter[str] = Counter()
    for node in api.list(NODES).items:
        for image in (node.get("status") or {}).get("images") or []:
            named.update(str(name) for name in image.get("names") or [] if f"/{component}:" in str(name))
    return min(named, key=lambda name: (-named[name], name), default="")
