# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A namespace of Submariner goes only when nothing of anybody else is in it, whatever kind that may be of."""

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _removal, _watching
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import inside
from tests.unit.cleaning import BROKER, OPERATOR, Cleaning, labels, obj
from tests.unit.fake_api import FakeApi, recording

Json = dict[str, t.Any]
NAMESPACES = ("", "namespaces")
HOLD = ["example.com/hold"]
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "submariner-operator", "uid": "d"}
APPLICATION = {"apiVersion": "example.com/v1", "kind": "ClusterGlobalEgressIP", "name": "shop", "uid": "a"}
OLM_COPY = {"olm.copiedFrom": "operators"}
LIGHTHOUSE_SLICE = {"endpointslice.kubernetes.io/managed-by": "lighthouse-agent.submariner.io"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)


def widget(name: str = "mine", namespace: str = OPERATOR, **meta: t.Any) -> Json:
    return obj("example.com/v1", "Widget", name, namespace, **meta)


FOREIGN: dict[str, Json] = {
    "Widget.example.com mine": widget(),
    "NetworkPolicy submariner-gateway": obj("networking.k8s.io/v1", "NetworkPolicy", "submariner-gateway", OPERATOR),
    "Lease mine": obj("coordination.k8s.io/v1", "Lease", "mine", OPERATOR),
    "EndpointSlice mine": obj("discovery.k8s.io/v1", "EndpointSlice", "mine", OPERATOR),
    "ServiceExport.multicluster.x-k8s.io web": obj("multicluster.x-k8s.io/v1alpha1", "ServiceExport", "web", OPERATOR),
    "ServiceImport.multicluster.x-k8s.io web": obj("multicluster.x-k8s.io/v1alpha1", "ServiceImport", "web", OPERATOR),
    "Cluster.example.com west": obj("example.com/v1", "Cluster", "west", OPERATOR),
    "Widget.example.com owned": widget("owned", ownerReferences=[APPLICATION]),
    "Widget.example.com shared": widget("shared", ownerReferences=[DEPLOYMENT, APPLICATION]),
}
USUAL: tuple[Json, ...] = (
    *(
        obj("v1", "ConfigMap", name, OPERATOR)
        for name in ("kube-root-ca.crt", "istio-ca-root-cert", "config-service-cabundle", "config-trusted-cabundle")
    ),
    *(obj("v1", "ServiceAccount", name, OPERATOR) for name in ("default", "pipeline")),
    obj("v1", "Secret", "pipeline-dockercfg-x7k2p", OPERATOR),
    *(
        obj("rbac.authorization.k8s.io/v1", "RoleBinding", name, OPERATOR)
        for name in ("openshift-pipelines-edit", "pipelines-scc-rolebinding")
    ),
    obj("v1", "Event", "submariner-gateway.17", OPERATOR),
    obj("v1", "Endpoints", "submariner-operator-metrics", OPERATOR),
    obj("coordination.k8s.io/v1", "Lease", "submariner-gateway-lock", OPERATOR),
    obj("discovery.k8s.io/v1", "EndpointSlice", "nginx-a", OPERATOR, labels=LIGHTHOUSE_SLICE),
    obj("apps/v1", "ReplicaSet", "submariner-operator-7d", OPERATOR, ownerReferences=[DEPLOYMENT]),
    widget("for-an-operator", ownerReferences=[DEPLOYMENT]),
    obj("operators.coreos.com/v1", "ClusterServiceVersion", "mesh", OPERATOR, labels=OLM_COPY),
    obj("submariner.io/v1", "GlobalEgressIP", "mine", OPERATOR),
)


def place(name: str = OPERATOR, **meta: t.Any) -> Json:
    return obj("v1", "Namespace", name, **meta)


@pytest.mark.parametrize("name", FOREIGN)
def test_whatever_others_put_there_keeps_the_namespace_and_is_named(cleaning: Cleaning, name: str) -> None:
    cleaning.load(place(), FOREIGN[name])
    for outcome in (cleaning.run(check=True), cleaning.run()):
        assert (outcome.failed, outcome["verdict"]) == (False, "degraded"), outcome.msg
        assert [f["id"] for f in outcome["findings"]] == ["namespace.foreign"]
        assert name in outcome["findings"][0]["observed"]
        assert "move these objects" in outcome["findings"][0]["hint"]
        assert labels(outcome["kept"]) == {f"Namespace {OPERATOR}"}
    assert OPERATOR in cleaning.names(NAMESPACES)
    assert [r.path for r in cleaning.api.writes if OPERATOR in r.path] == []


def test_what_is_there_anyhow_goes_with_the_namespace(cleaning: Cleaning) -> None:
    cleaning.load(place(), *USUAL)
    outcome = cleaning.run()
    assert (outcome.failed, outcome["verdict"]) == (False, "pass"), outcome.msg
    assert OPERATOR not in cleaning.names(NAMESPACES)


def test_an_installation_stands_in_nothing_foreign(cleaning: Cleaning) -> None:
    """As it was recorded, with all that Kubernetes and Submariner had made in both namespaces."""
    for state in ("globalnet", "healthy-two-nodes"):
        cleaning.api.cluster.load(recording(state, "east"))
    fleet = [{"ids": ["east", "west"], "absent": True}]
    outcome = cleaning.run(check=True, scope=["member", "broker"], fleet=fleet)
    assert "namespace.foreign" not in {f["id"] for f in outcome["findings"]}
    assert f"Namespace {OPERATOR}" in labels(outcome["plan"])


def test_a_brokers_namespace_is_looked_into_as_well(cleaning: Cleaning) -> None:
    cleaning.load(
        place(BROKER), obj("submariner.io/v1alpha1", "Broker", "submariner-broker", BROKER), widget("x", BROKER)
    )
    outcome = cleaning.run(scope=["broker"])
    assert (outcome["verdict"], labels(outcome["kept"])) == ("degraded", {f"Namespace {BROKER}"})
    assert "Widget.example.com x" in outcome["findings"][0]["observed"]
    assert cleaning.names(("example.com", "widgets"), BROKER) == ["x"]


def test_once_it_was_moved_away_the_namespace_goes(cleaning: Cleaning) -> None:
    cleaning.load(place(), widget())
    assert cleaning.run()["verdict"] == "degraded"
    cleaning.api.cluster.delete(("example.com", "widgets"), OPERATOR, "mine")
    outcome = cleaning.run()
    assert (outcome["verdict"], labels(outcome["removed"])) == ("pass", {f"Namespace {OPERATOR}"})


def test_objects_that_an_api_shows_once_more_are_the_same(cleaning: Cleaning) -> None:
    """As OpenShift's own roles are those of RBAC, with the same UID."""
    role = obj("rbac.authorization.k8s.io/v1", "Role", "submariner-gateway", OPERATOR)
    shown = obj("example.com/v1", "Role", "submariner-gateway", OPERATOR)
    shown["metadata"]["uid"] = role["metadata"]["uid"]
    cleaning.load(place(), role, shown)
    assert cleaning.run(check=True)["verdict"] == "pass"


@pytest.mark.parametrize("path", [r"^/apis/example.com/v1$", r"/widgets$", r"^/apis$"])
def test_what_an_api_does_not_say_is_unknown_and_nothing_goes(cleaning: Cleaning, path: str) -> None:
    cleaning.load(place(), widget(), obj("apps/v1", "Deployment", "submariner-gateway", OPERATOR))
    cleaning.api.fault(503, path=path, message="service unavailable")
    outcome = cleaning.run(timeout=1)
    assert (outcome.failed, outcome["verdict"], cleaning.api.writes) == (True, "unknown", [])
    assert outcome["unknown"] == [inside(OPERATOR)]
    named = "list of API groups" if path == r"^/apis$" else "example.com"
    for word in (named, "service unavailable", "APIService"):
        assert word in outcome.msg
    cleaning.api.clear_faults()
    assert cleaning.run()["verdict"] == "degraded"


def test_a_silent_api_does_not_matter_where_no_namespace_goes(cleaning: Cleaning) -> None:
    cleaning.load(
        obj("rbac.authorization.k8s.io/v1", "ClusterRole", "submariner-gateway", rules=[]), widget("x", "shop")
    )
    cleaning.api.fault(503, path=r"^/apis/example.com/v1$")
    assert cleaning.run()["verdict"] == "pass"
    assert not [r for r in cleaning.api.requests if r.path == "/apis"]


def test_an_api_that_cannot_leave_anything_out_is_listed_whole(cleaning: Cleaning) -> None:
    cleaning.load(place(), widget())
    cleaning.api.fault(406, path="/widgets$", times=1)
    assert "Widget.example.com mine" in cleaning.run(check=True)["findings"][0]["observed"]


def test_a_kind_that_only_an_older_version_has_is_seen(cleaning: Cleaning) -> None:
    cleaning.load(widget("x", "shop"), obj("example.com/v1beta1", "Gadget", "mine", OPERATOR), place())
    assert "Gadget.example.com mine" in cleaning.run(check=True)["findings"][0]["observed"]


def test_a_namespace_that_is_going_is_waited_for_whatever_is_in_it(cleaning: Cleaning) -> None:
    """Nothing can keep it any more: the proof comes when it is gone, and what holds it is named until then."""
    held = obj("v1", "ConfigMap", "mine", OPERATOR, finalizers=HOLD)
    cleaning.load(place(), held)
    cleaning.api.cluster.delete(NAMESPACES, "", OPERATOR)
    outcome = cleaning.run(timeout=1)
    assert (outcome.failed, labels(outcome["remaining"])) == (True, {f"Namespace {OPERATOR}"})
    found = {f["id"]: f for f in outcome["findings"]}
    assert "nothing can keep a namespace that is going" in found["namespace.foreign"]["hint"]
    cleaning.api.cluster.replace(
        ("", "configmaps"), {**held, "metadata": {**held["metadata"], "finalizers": []}}, OPERATOR, "mine"
    )
    assert cleaning.run()["verdict"] == "pass"


def test_what_comes_while_the_operator_works_still_keeps_the_namespace(cleaning: Cleaning) -> None:
    finalizer = "controllers.submariner.io/cleanup"
    resource = obj("submariner.io/v1alpha1", "Submariner", "submariner", OPERATOR, finalizers=[finalizer])
    cleaning.load(place(), resource, widget("x", "shop"))

    def release() -> None:
        cleaning.load(widget())
        kind = ("submariner.io", "submariners")
        if cleaning.names(kind):
            going = cleaning.get(kind, "submariner", OPERATOR)
            going["metadata"]["finalizers"] = []
            cleaning.api.cluster.replace(kind, going, OPERATOR, "submariner")

    cleaning.api.cluster.delete(("submariner.io", "submariners"), OPERATOR, "submariner")
    cleaning.api.permits = lambda request: request.verb != "patch"
    cleaning.api.after(0.7, release)
    outcome = cleaning.run()
    assert outcome["verdict"] == "degraded", outcome.msg
    assert cleaning.names(("example.com", "widgets"), OPERATOR) == ["mine"]


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@settings(max_examples=15, deadline=None)
@given(
    ours=st.sets(st.sampled_from(range(len(USUAL)))),
    theirs=st.sets(st.sampled_from(sorted(FOREIGN))),
    widgets=st.sets(NAMES.map("w-{}".format), max_size=3),
)
def test_a_namespace_goes_exactly_when_all_in_it_is_ours(ours: set[int], theirs: set[str], widgets: set[str]) -> None:
    with FakeApi() as api, tempfile.TemporaryDirectory() as folder:
        cleaning = Cleaning(api, pathlib.Path(folder))
        cleaning.load(place(), *(USUAL[n] for n in ours), *(FOREIGN[name] for name in theirs), *map(widget, widgets))
        before = {kind: cleaning.names(kind, OPERATOR) for kind in api.cluster.kinds()}
        outcome = cleaning.run()
        assert not outcome.failed, outcome.msg
        kept = bool(theirs or widgets)
        assert (OPERATOR in cleaning.names(NAMESPACES)) is kept
        if kept:
            said = outcome["findings"][0]["observed"]
            assert sum(name in said for name in theirs) + sum(f" {w}" in said for w in widgets) >= min(
                5, len(theirs) + len(widgets)
            )
            mine = {"widgets", "networkpolicies", "serviceexports"}
            assert {k: v for k, v in before.items() if k[1] in mine} == {
                k: cleaning.names(k, OPERATOR) for k in before if k[1] in mine
            }


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_broker_in_a_namespace_of_another_name_goes_whole(cleaning: Cleaning, interrupted: bool) -> None:
    cleaning.load(
        obj("v1", "Namespace", "elsewhere"),
        obj("v1", "ServiceAccount", "submariner-k8s-broker-admin", "elsewhere"),
        obj("v1", "ConfigMap", "submariner-globalnet-info", "elsewhere", data={"clusterinfo": "[]"}),
    )
    if not interrupted:
        cleaning.load(obj("submariner.io/v1alpha1", "Broker", "submariner-broker", "elsewhere", spec={}))
    outcome = cleaning.run(scope=["member", "broker"])
    assert not outcome.failed, outcome.msg
    assert "Namespace elsewhere" in labels(outcome["removed"])
    assert "elsewhere" not in cleaning.names(("", "namespaces"))
    assert cleaning.run(scope=["member", "broker"]).changed is False


@pytest.mark.parametrize("role", ["submariner-k8s-broker-cluster", "renamed"])
def test_the_records_of_a_broker_without_its_resource_stay_with_their_definitions(
    cleaning: Cleaning, role: str
) -> None:
    cleaning.load(
        obj("v1", "Namespace", "elsewhere"),
        obj("rbac.authorization.k8s.io/v1", "Role", role, "elsewhere"),
        obj("submariner.io/v1", "Endpoint", "north-cable", "elsewhere", spec={"cluster_id": "north"}),
    )
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.names(("submariner.io", "endpoints")) == ["north-cable"]
    assert "CustomResourceDefinition endpoints.submariner.io" in labels(outcome["kept"])


def test_a_record_that_outlives_its_endpoint_in_a_broker_that_is_going_refuses_nothing(cleaning: Cleaning) -> None:
    going = obj("v1", "Namespace", BROKER)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cleaning.load(
        {**going, "spec": {"finalizers": ["kubernetes"]}},
        obj("submariner.io/v1", "Cluster", "west-old", BROKER, spec={"cluster_id": "west-old"}),
    )
    outcome = cleaning.run(scope=["member", "broker"], check=True)
    assert [f["id"] for f in outcome["findings"]] == []
    assert f"Namespace {BROKER}" in labels(outcome["plan"])
