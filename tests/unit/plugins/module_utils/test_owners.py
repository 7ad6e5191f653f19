# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else manages an installation, by what stands on its objects."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._owners import other_owners

Json = dict[str, t.Any]

HELM = {"annotations": {"meta.helm.sh/release-name": "submariner"}}
OLM = {"labels": {"olm.owner": "submariner.v0.24.1"}}
ACM = {"labels": {"addon.open-cluster-management.io/namespace": "submariner-operator"}}
INSTANCE = {"labels": {"app.kubernetes.io/instance": "submariner-operator"}}


def owned_by(api_version: str, kind: str) -> Json:
    return {"ownerReferences": [{"apiVersion": api_version, "kind": kind, "name": "x", "uid": "x"}]}


def written_by(manager: str) -> Json:
    return {**INSTANCE, "managedFields": [{"manager": "subctl"}, {"manager": manager}]}


def owners(resource: Json, operator: Json | None = None, namespace: Json | None = None) -> list[tuple[str, str]]:
    name = "submariner-operator"
    objects = [
        {"kind": "Namespace", "metadata": {"name": name, **(namespace or {})}},
        {"kind": "Deployment", "metadata": {"name": name, "namespace": name, **(operator or {})}},
        {"kind": "Deployment", "metadata": {"name": "mine", "namespace": name, **HELM}},
        {"kind": "Submariner", "metadata": {"name": "submariner", "namespace": name, **resource}},
    ]
    return [(owner["id"], owner["subject"]) for owner in other_owners(snapshot_of(objects))]


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({}, ""),
        (INSTANCE, ""),
        (HELM, "helm"),
        (OLM, "olm"),
        (ACM, "acm"),
        (owned_by("work.open-cluster-management.io/v1", "AppliedManifestWork"), "acm"),
        (owned_by("operators.coreos.com/v1alpha1", "ClusterServiceVersion"), "olm"),
        (owned_by("argoproj.io/v1alpha1", "Application"), "argocd"),
        (owned_by("submariner.io/v1alpha1", "Submariner"), ""),
        (written_by("argocd-controller"), "argocd"),
        (written_by("argocd-application-controller"), "argocd"),
        (written_by("helm"), ""),
        ({**OLM, **owned_by("work.open-cluster-management.io/v1", "AppliedManifestWork")}, "acm"),
        ({**HELM, "deletionTimestamp": "2026-01-01T00:00:00Z"}, ""),
    ],
)
def test_an_owner_is_known_by_what_stands_on_an_object(meta: Json, expected: str) -> None:
    assert owners(meta) == ([(expected, "Submariner submariner")] if expected else [])


def test_whoever_was_only_sent_is_not_named() -> None:
    """ACM has OLM install the operator, which comes back when only its Subscription goes."""
    assert owners(ACM, OLM) == [("acm", "Submariner submariner")]
    assert owners(HELM, OLM) == [("olm", "Deployment submariner-operator"), ("helm", "Submariner submariner")]


def test_who_once_made_the_namespace_may_be_gone() -> None:
    assert owners({}, namespace=written_by("argocd-controller")) == []
    assert owners({}, namespace=ACM) == [("acm", "Namespace submariner-operator")]
