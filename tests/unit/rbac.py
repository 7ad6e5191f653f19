# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles as the API server understands them: which requests ClusterRoles and Roles allow to whoever is bound to them."""

from __future__ import annotations

import typing as t

from tests.unit.fake_api import PATH, Request

Json = dict[str, t.Any]


class Right(t.NamedTuple):
    """What a request needs. A path that is no resource stands in `resource`, with `-` for its group."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str


def right(request: Request) -> Right:
    match = PATH.match(request.path)
    if match is None:
        return Right(request.verb, "-", request.path, "", "")
    plural, name, part = match["plural"], match["name"] or "", match["part"]
    namespace = match["namespace"] or ""
    if (match["group"] or "", plural) == ("", "namespaces"):
        namespace = name
    return Right(request.verb, match["group"] or "", plural + (f"/{part}" if part else ""), namespace, name)


def allows(roles: t.Iterable[Json], request: Request) -> bool:
    """Whether one of the roles allows it. A Role counts in its own namespace."""
    wanted = right(request)
    return any(
        _covers(rule, wanted)
        for role in roles
        if role["kind"] == "ClusterRole" or role["metadata"]["namespace"] == wanted.namespace
        for rule in role.get("rules") or []
    )


def _covers(rule: Json, wanted: Right) -> bool:
    if wanted.verb not in rule["verbs"]:
        return False
    if wanted.group == "-":
        return wanted.resource in rule.get("nonResourceURLs", [])
    names = rule.get("resourceNames")
    return (
        wanted.group in rule.get("apiGroups", [])
        and wanted.resource in rule.get("resources", [])
        and (names is None or wanted.name in names)
    )
