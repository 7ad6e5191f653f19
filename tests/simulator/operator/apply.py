# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create an object, or bring an existing one to what is wanted, without touching what the API server filled in."""

from __future__ import annotations

from typing import Any

from tests.simulator.kube import Kube, Object, path

PLURALS = {
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "Service": "services",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "ServiceDiscovery": "servicediscoveries",
}


def url_of(manifest: Object) -> str:
    metadata = manifest["metadata"]
    return path(manifest["apiVersion"], PLURALS[manifest["kind"]], metadata["namespace"], metadata["name"])


def contains(existing: Any, wanted: Any) -> bool:
    """Whether everything wanted is there already; the existing object may say more (defaults)."""
    if isinstance(wanted, dict):
        return isinstance(existing, dict) and all(contains(existing.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(existing, list) or len(existing) != len(wanted):
            return False
        return all(contains(have, want) for have, want in zip(existing, wanted, strict=True))
    return bool(existing == wanted)


async def apply(kube: Kube, wanted: Object) -> Object:
    """The object as it is on the server afterwards."""
    url = url_of(wanted)
    existing = await kube.get(url)
    if existing is None:
        return await kube.create(url.rpartition("/")[0], wanted)
    if contains(existing, wanted):
        return existing
    changed = {**existing, **{key: value for key, value in wanted.items() if key != "metadata"}}
    for key in ("labels", "ownerReferences"):
        if key in wanted["metadata"]:
            changed["metadata"][key] = wanted["metadata"][key]
    if wanted["kind"] == "Service":
        changed["spec"] = {**existing["spec"], **wanted["spec"]}
    return await kube.replace(url, changed)
