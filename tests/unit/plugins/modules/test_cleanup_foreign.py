# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup takes what is Submariner's, and leaves and names what merely looks like it: R19, R20, R23, R25."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.cleaning import OPERATOR, Cleaning, definition, labels, obj

Json = dict[str, t.Any]
RBAC = "rbac.authorization.k8s.io"
POOLS = ("projectcalico.org", "ippools")
NAMESPACES = ("", "namespaces")
BEFORE = {"submariner-prev-ipipmode": "Never"}


def pool(name: str, disabled: bool = True, mode: str = "Never", **meta: t.Any) -> Json:
    spec = {"cidr": "10.2.0.0/16", "disabled": disabled, "ipipMode": mode}
    return obj("projectcalico.org/v3", "IPPool", name, spec=spec, **meta)


OURS = {"submariner.io/ippool": "true"}


# -- Calico ---------------------------------------------------------------------------------------------------------


def test_the_labelled_pools_go_and_all_others_stay(cleaning: Cleaning) -> None:
    cleaning.load(
        pool("submariner-west-10.2.0.0-16", labels=OURS),
        pool("submariner-byhand-10.3.0.0-16"),
        pool("submariner-in-use", disabled=False, labels=OURS),
        pool("east", labels=OURS),
        pool("default-ipv4-ippool", disabled=False),
    )
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert labels(outcome["removed"]) == {"IPPool submariner-west-10.2.0.0-16"}
    assert labels(outcome["kept"]) == {"IPPool submariner-byhand-10.3.0.0-16", "IPPool submariner-in-use"}
    assert len(cleaning.names(POOLS)) == 4


@pytest.mark.parametrize(("mode", "after"), [("Always", "Never"), ("CrossSubnet", "CrossSubnet")])
def test_the_default_pool_is_put_back_unless_somebody_changed_it_since(
    cleaning: Cleaning, mode: str, after: str
) -> None:
    marks = {"labels": {"submariner-managed": "true", "mine": "1"}, "annotations": {**BEFORE, "mine": "2"}}
    cleaning.load(pool("default-ipv4-ippool", False, mode, **marks))
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    found = cleaning.get(POOLS, "default-ipv4-ippool")
    assert found["spec"]["ipipMode"] == after
    assert (found["metadata"]["labels"], found["metadata"]["annotations"]) == ({"mine": "1"}, {"mine": "2"})
    assert outcome["removed"][0]["backup"]["metadata"]["annotations"] == BEFORE
    assert cleaning.run().changed is False


def test_the_note_on_another_pool_is_not_submariners(cleaning: Cleaning) -> None:
    cleaning.load(pool("mine", mode="Always", annotations=BEFORE))
    assert cleaning.run().changed is False


def test_pools_that_may_not_be_read_are_unknown(cleaning: Cleaning) -> None:
    cleaning.load(pool("submariner-west-10.2.0.0-16", labels=OURS))
    cleaning.api.fault(403, path="/ippools$")
    outcome = cleaning.run(timeout=1)
    assert (outcome["unknown"], cleaning.api.writes) == (["ippools"], [])


# -- subctl verify --------------------------------------------------------------------------------------------------


def namespace(name: str, **marks: str) -> Json:
    return obj("v1", "Namespace", name, labels={k.replace("_", "-"): v for k, v in marks.items()})


def test_namespaces_of_subctl_verify_go_and_those_of_other_tests_stay(cleaning: Cleaning) -> None:
    others = [
        namespace("e2e-tests-discovery-abcde"),
        namespace("e2e-tests-mine-abcde", e2e_framework="mine"),
        namespace("e2e-tests-discovery-fghij", e2e_framework="discovery", e2e_run="1"),
        namespace("e2e-tests-discovery", e2e_framework="discovery"),
    ]
    unlike = namespace("discovery-abcde", e2e_framework="discovery")
    ours = namespace("e2e-tests-dataplane-conn-nd-x7k2p", e2e_framework="dataplane-conn-nd")
    cleaning.load(ours, *others, unlike)
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert labels(outcome["removed"]) == {"Namespace e2e-tests-dataplane-conn-nd-x7k2p"}
    assert labels(outcome["kept"]) == {f"Namespace {o['metadata']['name']}" for o in others}
    assert {o["metadata"]["name"] for o in [*others, unlike]} <= set(cleaning.names(NAMESPACES))


# -- roles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "ocp-"])
def test_a_binding_to_cluster_admin_and_the_role_survive(cleaning: Cleaning, prefix: str) -> None:
    ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    foreign = f"{prefix}submariner-admins"
    cleaning.load(
        obj(f"{RBAC}/v1", "ClusterRole", "cluster-admin", rules=[]),
        obj(f"{RBAC}/v1", "ClusterRole", foreign, rules=[]),
        obj(f"{RBAC}/v1", "ClusterRoleBinding", foreign, roleRef=ref),
        obj(f"{RBAC}/v1", "ClusterRole", f"{prefix}submariner-gateway", rules=[]),
        obj(f"{RBAC}/v1", "ClusterRoleBinding", f"{prefix}submariner-gateway", roleRef=ref),
    )
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.names((RBAC, "clusterroles")) == sorted(["cluster-admin", foreign])
    assert cleaning.names((RBAC, "clusterrolebindings")) == [foreign]
    assert cleaning.get((RBAC, "clusterrolebindings"), foreign)["roleRef"] == ref
    assert labels(outcome["kept"]) == {f"ClusterRole {foreign}", f"ClusterRoleBinding {foreign}"}


# -- the Multi-Cluster Services API -----------------------------------------------------------------------------------

MCS = "multicluster.x-k8s.io"
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
EXPORTS = (MCS, "serviceexports")
LIGHTHOUSE = {"lighthouse.submariner.io/use-clusterset-ip": "false"}


def export(**meta: t.Any) -> Json:
    return obj(f"{MCS}/v1alpha1", "ServiceExport", "web", "shop", **meta)


def imported(**meta: t.Any) -> Json:
    return obj(f"{MCS}/v1alpha1", "ServiceImport", "web", "shop", spec={}, **meta)


def mcs_definition(kind: str, **meta: t.Any) -> Json:
    return definition(MCS, kind, "v1alpha1", **meta)


@pytest.mark.parametrize("asked", [False, True])
def test_exports_and_their_definitions_go_on_request_only(cleaning: Cleaning, asked: bool) -> None:
    cleaning.load(export(), imported(annotations=LIGHTHOUSE))
    outcome = cleaning.run(mcs=asked)
    assert (outcome.failed, outcome["verdict"]) == (False, "pass")
    assert (cleaning.names(CRDS), cleaning.names(EXPORTS)) == (
        ([], []) if asked else ([f"serviceexports.{MCS}", f"serviceimports.{MCS}"], ["web"])
    )
    assert cleaning.run(mcs=asked).changed is False


FOREIGN = {
    "an import of somebody else": [imported()],
    "an owner of the export": [export(ownerReferences=[{"kind": "App", "name": "web", "uid": "1"}])],
    "another controller's finalizer": [export(finalizers=["net.example/export"])],
    "another tool's marks": [export(labels={"argocd.argoproj.io/instance": "shop"})],
    "a managed definition": [
        mcs_definition("ServiceExport", labels={"app.kubernetes.io/managed-by": "mesh"}),
        export(),
    ],
}


@pytest.mark.parametrize("sign", FOREIGN)
def test_with_a_sign_of_anybody_else_they_stay_and_it_is_named(cleaning: Cleaning, sign: str) -> None:
    cleaning.load(*FOREIGN[sign])
    before = cleaning.names(CRDS)
    outcome = cleaning.run(mcs=True)
    assert (outcome.failed, outcome["verdict"], outcome["removed"]) == (False, "degraded", [])
    assert [f["id"] for f in outcome["findings"]] == ["mcs.foreign"]
    assert cleaning.names(CRDS) == before
    assert {o["name"] for o in outcome["kept"]} >= set(before)


def test_a_broker_that_stays_keeps_the_definitions(cleaning: Cleaning) -> None:
    cleaning.load(obj("submariner.io/v1alpha1", "Broker", "submariner-broker", "submariner-k8s-broker", spec={}))
    cleaning.load(export(), mcs_definition("ServiceImport"))
    outcome = cleaning.run(mcs=True)
    assert cleaning.names(EXPORTS) == []
    kept = {o["name"]: o["why"] for o in outcome["kept"]}
    assert "the broker in submariner-k8s-broker needs it" in kept[f"serviceimports.{MCS}"]


def test_exports_that_may_not_be_read_are_unknown_only_when_they_matter(cleaning: Cleaning) -> None:
    cleaning.load(export())
    cleaning.api.fault(403, path="/serviceexports$")
    assert cleaning.run()["verdict"] == "pass"
    outcome = cleaning.run(mcs=True, timeout=1)
    assert (outcome["unknown"], cleaning.api.writes) == (["serviceexports"], [])


# -- in the operator's namespace ------------------------------------------------------------------------------------


def owner(kind: str, name: str, api: str = "apps/v1") -> Json:
    return {"ownerReferences": [{"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": True}]}


def here(kind: str, name: str, api: str = "v1", **meta: t.Any) -> Json:
    return obj(api, kind, name, OPERATOR, **meta)


def test_pods_and_services_of_others_outlive_those_that_they_are_named_after(cleaning: Cleaning) -> None:
    ours = [
        here("Pod", "submariner-gateway-j7t4m", **owner("DaemonSet", "submariner-gateway")),
        here("Pod", "submariner-operator-6d6c6cb577-lpwnc", **owner("ReplicaSet", "submariner-operator-6d6c6cb577")),
        here("Pod", "submariner-routeagent-uninstall-x7x7s"),
        here("Pod", "submariner-lighthouse-agent-6d946db7b6-g66dr"),
    ]
    others = [
        here("Deployment", "submariner-gateway-exporter", "apps/v1"),
        here("Pod", "submariner-gateway-exporter-6d6-b2c4d", **owner("ReplicaSet", "submariner-gateway-exporter-6d6")),
        here("Pod", "submariner-gateway-x7x7s", **owner("Job", "mine", "batch/v1")),
        here("Pod", "submariner-gateway-debug"),
        here("Service", "submariner-dashboard"),
    ]
    cleaning.load(obj("v1", "Namespace", OPERATOR), *ours, *others)
    outcome = cleaning.run()
    assert (outcome.failed, outcome["verdict"]) == (False, "degraded"), outcome.msg
    assert labels(outcome["removed"]) == {f"Pod {OPERATOR}/{o['metadata']['name']}" for o in ours}
    named = outcome["findings"][0]["observed"]
    assert all(f"{o['kind']} {o['metadata']['name']}" in named for o in others)
    for body in others:
        kind = ("apps" if body["kind"] == "Deployment" else "", f"{body['kind'].lower()}s")
        assert body["metadata"]["name"] in cleaning.names(kind, OPERATOR)
    assert cleaning.run().changed is False


def test_a_service_of_a_release_that_is_not_known_yet_is_its_operators(cleaning: Cleaning) -> None:
    made = owner("Submariner", "submariner", "submariner.io/v1alpha1")
    cleaning.load(obj("v1", "Namespace", OPERATOR), here("Service", "submariner-new-metrics", **made))
    outcome = cleaning.run()
    assert outcome["verdict"] == "pass"
    assert labels(outcome["removed"]) == {f"Namespace {OPERATOR}", f"Service {OPERATOR}/submariner-new-metrics"}


# -- other owners ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True])
def test_what_another_owner_would_put_back_is_refused(cleaning: Cleaning, check: bool) -> None:
    helm = {"meta.helm.sh/release-name": "ours"}
    submariner = obj("submariner.io/v1alpha1", "Submariner", "submariner", OPERATOR, annotations=helm)
    cleaning.load(obj("v1", "Namespace", OPERATOR), submariner)
    outcome = cleaning.run(check=check, departure="retire", broker={"kubeconfig": cleaning.arguments["kubeconfig"]})
    assert outcome.failed is not check
    assert (outcome["plan"], outcome["removed"], outcome["verdict"], cleaning.api.writes) == ([], [], "fail", [])
    (finding,) = outcome["findings"]
    assert (finding["id"], finding["observed"]) == ("owner.other", "is managed by a Helm release")
    assert "helm uninstall" in finding["hint"]
    assert {"Namespace submariner-operator", "Submariner submariner-operator/submariner"} <= labels(outcome["kept"])


def test_a_broker_of_the_helm_chart_is_left_to_helm(cleaning: Cleaning) -> None:
    """It has no Broker resource, and no operator beside it."""
    marks = {
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "submariner-k8s-broker"},
    }
    cleaning.load(
        obj("v1", "Namespace", "submariner-k8s-broker"),
        obj("v1", "ServiceAccount", "submariner-k8s-broker-client", "submariner-k8s-broker", **marks),
        obj(f"{RBAC}/v1", "Role", "submariner-k8s-broker-cluster", "submariner-k8s-broker", **marks),
    )
    outcome = cleaning.run(scope=["member", "broker"])
    assert outcome.failed
    assert "helm uninstall" in outcome.msg
    assert outcome["removed"] == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("kind", ["Subscription", "ClusterServiceVersion"])
def test_what_olm_would_install_again_is_refused_also_where_nothing_else_has_its_marks(
    cleaning: Cleaning, kind: str, check: bool
) -> None:
    cleaning.load(
        obj("v1", "Namespace", OPERATOR),
        obj("apps/v1", "Deployment", "submariner-operator", OPERATOR),
        obj("operators.coreos.com/v1alpha1", kind, "submariner.v0.24.1", OPERATOR),
    )
    outcome = cleaning.run(check=check)
    (finding,) = [f for f in outcome["findings"] if f["severity"] == "error"]
    assert (finding["id"], finding["observed"]) == ("owner.other", "is managed by an OLM Subscription")
    assert outcome["plan"] == []
    assert not cleaning.api.writes


@pytest.mark.parametrize(
    ("name", "marks"),
    [("submariner.v0.24.1", {"olm.copiedFrom": "operators"}), ("mesh", {"operators.coreos.com/mesh": ""})],
)
def test_what_olm_installs_elsewhere_or_besides_keeps_the_installation_from_nothing(
    cleaning: Cleaning, name: str, marks: dict[str, str]
) -> None:
    version = obj("operators.coreos.com/v1alpha1", "ClusterServiceVersion", name, OPERATOR, labels=marks)
    cleaning.load(
        obj("v1", "Namespace", OPERATOR), obj("apps/v1", "Deployment", "submariner-operator", OPERATOR), version
    )
    assert "Deployment submariner-operator/submariner-operator" in labels(cleaning.run()["removed"])
