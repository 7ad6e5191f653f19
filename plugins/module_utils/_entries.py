# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one sort of owned object is recognised and what becomes of it; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, text

MEMBER, BROKER = "member", "broker"

# A stage begins when nothing of an earlier one is left (see _removal). Resources first: the operator does its part
# while it still can. What Globalnet protects by a finalizer only after Globalnet, an API that others may use only after
# all that is ours. Records on a broker after what they prove to be the same cluster's. Labels last: without a gateway
# node the operator's uninstall does nothing (submariner.md 0.6).
RESOURCES, REST, PROTECTED, ASKED, ENDPOINTS, CLUSTERS, LABEL = 10, 40, 50, 60, 70, 80, 90

OPERATOR, BROKER_NS = "{operator}", "{broker}"
"""What stands for a namespace whose name only the reading tells."""

V1ALPHA1 = "/apis/submariner.io/v1alpha1/namespaces/{namespace}/"
V1 = "/apis/submariner.io/v1/namespaces/{namespace}/"
CORE = "/api/v1/namespaces/{namespace}/"
APPS = "/apis/apps/v1/namespaces/{namespace}/"
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
MCS = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/{namespace}/"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"

MANAGED_SLICE = "endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io"
LIGHTHOUSE_IMPORT = ("timestamp.submariner.io/*", "lighthouse.submariner.io/*")
"""Marks of a ServiceImport that lighthouse made."""

STAGES: dict[int, str] = {
    RESOURCES: "the operator's resources",
    REST: "all that has to wait for nothing else",
    PROTECTED: "what Globalnet protects, once Globalnet is gone",
    ASKED: "what goes on request only, once all of the above is gone",
    ENDPOINTS: "Endpoints on a broker, after what they prove to be the same cluster's",
    CLUSTERS: "Cluster records on a broker",
    LABEL: "nodes' labels and annotations",
}
"""Stages in words, in their order."""

DELETE, EDIT = "delete", "edit"
NAMED = "is one of the names that Submariner gives"


@dataclass(frozen=True)
class Entry:
    """An object of the snapshot's C(key) is owned when its namespace is C(namespace) (V({operator}), V({broker}), empty
    for any) and every recogniser that is given accepts it: C(names) (exact), C(pattern) (whole name), C(marks) (a label or
    annotation key, or C(key=value)), C(unless) (none of these marks), C(proof).

    With C(action) V(edit) what is owned is a part of somebody else's object: the planner that knows the part decides, and
    the recognisers only say where to look.
    """

    residue: str
    key: str
    path: str
    scope: str
    stage: int
    why: str
    namespace: str = ""
    names: frozenset[str] = frozenset()
    pattern: str = ""
    marks: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    proof: t.Callable[[Json], bool] | None = None
    action: str = DELETE
    grace: int | None = None
    contents: bool = False
    """Whether it goes with its namespace when that is deleted."""
    finalizer: str = ""
    """Submariner's own on it, to be taken away first: whoever would do it does not run any more."""
    option: str = ""
    """The option without which it stays."""
    alike: str = ""
    """Names (a pattern) that look like ours: those that are not owned are listed as kept."""
    sign: str = ""
    """What proves it beside names and marks, in words."""
    words: str = ""
    """All that proves it in words, where names and marks say less to a reader."""
    others: str = ""
    """Who else may have such an object, in words."""
    since: str = ""
    until: str = ""
    """Releases of Submariner that make it; empty for all that are known."""

    def owns(self, obj: Json, namespace: str) -> bool:
        meta = mapping(obj.get("metadata"))
        name = text(meta.get("name"))
        if self.namespace and text(meta.get("namespace")) != namespace:
            return False
        if self.names and name not in self.names:
            return False
        if self.pattern and not re.fullmatch(self.pattern, name):
            return False
        if any(marked(meta, mark) for mark in self.unless):
            return False
        if self.marks and not any(marked(meta, mark) for mark in self.marks):
            return False
        return self.proof is None or self.proof(obj)

    def resembles(self, obj: Json) -> bool:
        """Whether an object that is not owned has to be named as one that stays."""
        return bool(self.alike) and bool(re.fullmatch(self.alike, text(mapping(obj.get("metadata")).get("name"))))


def marked(meta: Json, mark: str) -> bool:
    """Whether the labels or annotations have a mark: C(key), C(key*) or C(key=value)."""
    key, equals, value = mark.partition("=")
    for place in ("labels", "annotations"):
        for found, content in mapping(meta.get(place)).items():
            if (found == key or (key.endswith("*") and found.startswith(key[:-1]))) and (
                not equals or content == value
            ):
                return True
    return False
