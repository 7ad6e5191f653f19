# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What subctl uninstall would take along, from recorded clusters with something of others beside."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._blast_radius import radius
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Reading
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
STATES = ("installed", "healthy-two-nodes", "globalnet", "west-uninstalled", "joined-as-second-id")


def judged(objects: list[Json], cluster_id: str = "east", with_broker: bool = False) -> list[Finding]:
    bindings = [o for o in objects if o["kind"] == "ClusterRoleBinding"]
    return radius(snapshot_of(copy.deepcopy(objects)), bindings, cluster_id, with_broker)


def hits(objects: list[Json], cluster_id: str = "east") -> list[str]:
    return [f.subject for f in judged(objects, cluster_id) if f.id == "subctl.would-delete"]


def thing(kind: str, name: str, namespace: str = "", **content: t.Any) -> Json:
    place = {"namespace": namespace} if namespace else {}
    return {"kind": kind, "metadata": {"name": name, "uid": name, **place}, **content}


@pytest.mark.parametrize("state", STATES)
def test_where_only_submariner_is_nothing_else_goes(state: str) -> None:
    for cluster in ("east", "west"):
        assert hits(recording(state, cluster), cluster) == [] or (state, cluster) == ("west-uninstalled", "east")


def test_labels_are_told() -> None:
    (told,) = judged(recording("healthy-two-nodes", "east"))
    assert (told.id, told.severity, told.subject) == ("subctl.takes-labels", "info", "node east-worker")


BINDING = thing("ClusterRoleBinding", "submariner-admins", roleRef={"kind": "ClusterRole", "name": "cluster-admin"})
OTHERS: list[tuple[Json, list[str]]] = [
    (BINDING, ["ClusterRoleBinding submariner-admins", "ClusterRole cluster-admin"]),
    (
        thing("ClusterRoleBinding", "submariner-gateway", roleRef={"kind": "ClusterRole", "name": "view"}),
        ["ClusterRole view"],
    ),
    (thing("CustomResourceDefinition", "mines.submariner.io"), ["CustomResourceDefinition mines.submariner.io"]),
    (thing("ConfigMap", "mine", "submariner-operator"), ["ConfigMap mine in submariner-operator"]),
    (thing("Deployment", "mine", "submariner-k8s-broker"), ["Deployment mine in submariner-k8s-broker"]),
]


@pytest.mark.parametrize(("other", "named"), OTHERS, ids=[named[0] for _other, named in OTHERS])
def test_what_belongs_to_others_is_a_hit(other: Json, named: list[str]) -> None:
    objects = recording("healthy-two-nodes", "east")
    kept = [o for o in objects if (o["kind"], o["metadata"]["name"]) != (other["kind"], other["metadata"]["name"])]
    assert hits([*kept, other]) == named


def test_bindings_and_definitions_that_subctl_leaves_are_none() -> None:
    objects = recording("healthy-two-nodes", "east")
    role = {"kind": "ClusterRole", "name": "cluster-admin"}
    others = [
        thing("ClusterRoleBinding", "my-submariner-admins", roleRef=role),
        thing("CustomResourceDefinition", "a.b"),
    ]
    assert hits([*objects, *others]) == []


def test_a_broker_whose_members_have_no_endpoint_would_go() -> None:
    """West has service discovery alone: its account, and no record."""
    objects = recording("healthy-two-nodes", "east")
    without = [
        o
        for o in objects
        if not (o["kind"] in ("Endpoint", "Cluster") and o.get("spec", {}).get("cluster_id") == "west")
    ]
    assert hits(objects) == []
    assert hits(without) == ["broker namespace submariner-k8s-broker"]
    assert [f.id for f in judged(without, with_broker=True)] == ["subctl.takes-labels"]


def test_what_was_not_answered_forbids_it() -> None:
    snapshot = snapshot_of(recording("healthy-two-nodes", "east"))
    snapshot.readings["crds"] = Reading("unknown", [], "forbidden")
    assert ("subctl.unread", "unknown", "crds") in [
        (f.id, f.severity, f.subject) for f in radius(snapshot, [], "east", False)
    ]
