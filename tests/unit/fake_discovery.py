# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fake API server says of the kinds that it serves: groups, their versions, and the kinds of each."""

from __future__ import annotations

import re

from tests.unit.fake_cluster import CORE_KINDS, CRDS, FakeCluster, Json

VERSION = re.compile(r"/apis/(?P<group>[^/]+)/(?P<version>[^/]+)|/api/v1")
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def discovered(cluster: FakeCluster, path: str) -> Json | None:
    """The answer for one of the paths of discovery; None for any other, and for a group that is not served."""
    served = _served(cluster)
    if path == "/apis":
        groups: dict[str, list[str]] = {}
        for group, version in served:
            groups.setdefault(group, []).append(version)
        return {"kind": "APIGroupList", "groups": [_group(name, versions) for name, versions in groups.items() if name]}
    match = VERSION.fullmatch(path)
    place = (match["group"] or "", match["version"] or "v1") if match else ("", "")
    return {"kind": "APIResourceList", "resources": served[place]} if place in served else None


def _group(name: str, versions: list[str]) -> Json:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _served(cluster: FakeCluster) -> dict[tuple[str, str], list[Json]]:
    """The kinds of every group and version."""
    found: dict[tuple[str, str], list[Json]] = {}
    for (group, plural), (kind, namespaced) in CORE_KINDS.items():
        listed = found.setdefault((group, "v1"), [])
        listed.append(_kind(plural, kind, namespaced))
        listed.append(_kind(f"{plural}/status", kind, namespaced))
    for definition in cluster.objects(CRDS):
        spec = definition["spec"]
        for version in spec["versions"]:
            names = spec["names"]
            kinds = found.setdefault((spec["group"], version["name"]), [])
            kinds.append(_kind(names["plural"], names["kind"], spec.get("scope") == "Namespaced"))
    return found


def _kind(plural: str, kind: str, namespaced: bool) -> Json:
    return {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": VERBS}
