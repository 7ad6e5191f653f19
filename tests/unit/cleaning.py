# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small cluster to clean: objects that tests put there, beside what cleanup has to leave alone."""

from __future__ import annotations

import copy
import pathlib
import typing as t

from ansible_collections.submariner.lifecycle.plugins.modules import cleanup
from tests.unit.fake_api import FakeApi
from tests.unit.fake_cluster import Kind
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]

OPERATOR, BROKER = "submariner-operator", "submariner-k8s-broker"
CUSTOM = (
    "submariner.io",
    "multicluster.x-k8s.io",
    "projectcalico.org",
    "operator.openshift.io",
    "operators.coreos.com",
    "example.com",
)
SCOPES = {"IPPool": "Cluster", "DNS": "Cluster", "ClusterGlobalEgressIP": "Cluster"}
"""Kinds of custom resources that stand in no namespace."""
PLURALS = {"DNS": "dnses", "ServiceDiscovery": "servicediscoveries"}


def obj(api_version: str, kind: str, name: str, namespace: str = "", **fields: t.Any) -> Json:
    """An object; C(labels), C(annotations) and C(finalizers) go into its metadata."""
    meta: Json = {"name": name, "uid": f"{kind}-{namespace}-{name}"}
    meta.update({k: fields.pop(k) for k in ("labels", "annotations", "finalizers", "ownerReferences") if k in fields})
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


def definition(group: str, kind: str, version: str, **fields: t.Any) -> Json:
    """The CustomResourceDefinition of a kind."""
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    spec = {
        "group": group,
        "names": {"kind": kind, "plural": plural},
        "scope": SCOPES.get(kind, "Namespaced"),
        "versions": [{"name": version, "served": True, "storage": True}],
    }
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", spec=spec, **fields)


class Cleaning:
    """A cluster and the module's arguments for it."""

    def __init__(self, api: FakeApi, folder: pathlib.Path) -> None:
        self.api = api
        self.arguments: Json = {
            "kubeconfig": api.kubeconfig(folder, "west"),
            "cluster_id": "west",
            "timeout": 20,
        }
        api.cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "k"}}])

    def load(self, *objects: Json) -> None:
        """Put objects there, with the definitions that custom resources need."""
        for body in objects:
            group, _slash, version = body["apiVersion"].rpartition("/")
            made = definition(group, body["kind"], version)
            if group in CUSTOM and not self.api.cluster.served((group, made["spec"]["names"]["plural"])):
                self.api.cluster.load([made])
        self.api.cluster.load([copy.deepcopy(body) for body in objects])

    def run(self, check: bool = False, diff: bool = False, **options: t.Any) -> Outcome:
        return run_module(cleanup.main, {**self.arguments, **options}, check=check, diff=diff)

    def names(self, kind: Kind, namespace: str = "") -> list[str]:
        return [body["metadata"]["name"] for body in self.api.cluster.objects(kind, namespace)]

    def get(self, kind: Kind, name: str, namespace: str = "") -> Json:
        return self.api.cluster.get(kind, namespace, name)


def labels(entries: list[Json]) -> set[str]:
    """Kinds and names of a plan, or of what stays."""
    return {f"{e['kind']} {e['namespace'] + '/' if e.get('namespace') else ''}{e['name']}" for e in entries}
