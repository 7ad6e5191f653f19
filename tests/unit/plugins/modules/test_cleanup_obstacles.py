# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of a removal is named, with whose it is and the way out; once it is gone, so is Submariner."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _operator_death, _removal, _watching
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import CLEANUP_FINALIZER
from tests.unit.cleaning import OPERATOR, Cleaning, definition, labels, obj

Json = dict[str, t.Any]
NEVER = "scenarios.example/never"
ROLES = ("rbac.authorization.k8s.io", "clusterroles")
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
NAMESPACES, PODS, NODES = ("", "namespaces"), ("", "pods"), ("", "nodes")
ENDPOINTS, ADDRESSES = ("submariner.io", "endpoints"), ("submariner.io", "globalegressips")
SUBMARINERS, IMPORTS = ("submariner.io", "submariners"), ("multicluster.x-k8s.io", "serviceimports")
LIGHTHOUSE = {"lighthouse.submariner.io/use-clusterset-ip": "false"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)


def role(name: str = "submariner-gateway") -> Json:
    return obj("rbac.authorization.k8s.io/v1", "ClusterRole", name, rules=[])


def free(cleaning: Cleaning, kind: tuple[str, str], name: str, namespace: str) -> None:
    """Somebody takes the finalizers away."""
    found = cleaning.get(kind, name, namespace)
    found["metadata"]["finalizers"] = []
    cleaning.api.cluster.replace(kind, found, namespace, name)


REFUSALS = {
    "policy": (
        "clusterroles \"submariner-gateway\" is forbidden: ValidatingAdmissionPolicy 'keep' with binding 'keep' denied "
        "request: not now",
        "have whoever made ValidatingAdmissionPolicy keep allow it",
    ),
    "unreachable-webhook": (
        'Internal error occurred: failed calling webhook "keep.example": failed to call webhook: Post '
        '"https://nobody.default.svc:443/": service "nobody" not found',
        "repair what serves the webhook keep.example, or delete its webhook configuration",
    ),
    "webhook": ('admission webhook "keep.example" denied the request: no', "whoever runs the webhook keep.example"),
    "rights": (
        'clusterroles "submariner-gateway" is forbidden: User "x" cannot delete',
        "allow it for these credentials",
    ),
    "database": ("etcdserver: request timed out", "mend what the API server names"),
}


@pytest.mark.parametrize("who", REFUSALS)
def test_who_refuses_a_deletion_is_named_with_the_way_out(cleaning: Cleaning, who: str) -> None:
    said, hint = REFUSALS[who]
    cleaning.load(role(), role("submariner-operator"))
    status = 500 if who in ("unreachable-webhook", "database") else 403
    cleaning.api.fault(status, verb="delete", path="/submariner-gateway$", message=said)
    outcome = cleaning.run(timeout=1)
    assert (outcome.failed, labels(outcome["remaining"])) == (True, {"ClusterRole submariner-gateway"})
    assert "ClusterRole submariner-gateway still there after 1 s" in outcome.msg
    assert said in outcome.msg
    assert hint in outcome.msg
    assert cleaning.names(ROLES) == ["submariner-gateway"], "what is not refused goes"
    cleaning.api.clear_faults()
    assert cleaning.run()["verdict"] == "pass"
    assert cleaning.names(ROLES) == []


def installed(cleaning: Cleaning, replicas: int, *more: Json, **meta: t.Any) -> None:
    """An operator and its resource, which waits for it; its pod is there however many are wanted."""
    labels_of_pod = {"name": "submariner-operator"}
    conditions = [{"type": "Ready", "status": "True"}]
    cleaning.load(
        obj("v1", "Namespace", OPERATOR),
        obj("apps/v1", "Deployment", "submariner-operator", OPERATOR, spec={"replicas": replicas}),
        obj(
            "v1",
            "Pod",
            "submariner-operator-6d6c6cb577-6stv7",
            OPERATOR,
            labels=labels_of_pod,
            status={"conditions": conditions},
        ),
        obj(
            "submariner.io/v1alpha1",
            "Submariner",
            "submariner",
            OPERATOR,
            finalizers=[CLEANUP_FINALIZER],
            spec={},
            **meta,
        ),
        *more,
    )


def test_a_finalizer_that_may_not_be_released_is_named_with_the_refusal(cleaning: Cleaning) -> None:
    installed(cleaning, 0)
    cleaning.api.cluster.delete(PODS, OPERATOR, "submariner-operator-6d6c6cb577-6stv7")
    cleaning.api.fault(403, verb="patch", path="/submariners/", message="no patching of resources here")
    outcome = cleaning.run(timeout=1)
    (finding,) = outcome["findings"]
    assert finding["cause"] == "the API server refused: no patching of resources here"
    assert "allow it for these credentials" in finding["hint"]
    cleaning.api.clear_faults()
    assert not cleaning.run().failed


def test_an_operator_that_may_not_be_stopped_is_named_with_the_refusal(
    cleaning: Cleaning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_operator_death, "LATE", -1.0)
    installed(cleaning, 1)
    cleaning.api.fault(403, verb="patch", path="/scale$", message="no scaling here")
    (finding,) = cleaning.run(timeout=1)["findings"]
    assert finding["cause"] == "the API server refused: to scale the operator to 0: no scaling here"
    assert "by hand" not in finding["hint"]


def test_an_operator_that_is_waited_for_is_named_and_nobody_is_told_to_take_its_finalizer_off(
    cleaning: Cleaning,
) -> None:
    installed(cleaning, 1)
    (finding,) = cleaning.run(timeout=1)["findings"]
    assert "the operator runs and has not finished" in finding["cause"]
    assert "by hand" not in finding["hint"]


def test_the_pod_that_keeps_a_stopped_operator_is_named(cleaning: Cleaning) -> None:
    """Before the deletion, too: this operator would delete the import of somebody else."""
    version = "multicluster.x-k8s.io/v1alpha1"
    installed(cleaning, 0, obj(version, "ServiceImport", "mine", "shop"))
    (finding,) = [f for f in cleaning.run(timeout=1)["findings"] if f["id"] == "cleanup.remaining"]
    assert "the operator has to end first" in finding["cause"]
    assert "submariner-operator-6d6c6cb577-6stv7" in finding["cause"]
    assert "nobody asked it to go" not in finding["cause"]


def test_what_could_not_be_put_back_is_not_told_to_be_left_over(cleaning: Cleaning) -> None:
    cleaning.load(obj("v1", "Node", "a", annotations={"submariner.io/globalIp": "242.0.0.1"}))
    cleaning.api.fault(403, verb="patch", path="/nodes/", message="no patching of nodes here")
    (finding,) = cleaning.run(timeout=1)["findings"]
    assert (finding["subject"], finding["expected"]) == ("Node a", "without what Submariner set in it")


def test_somebody_elses_finalizer_on_a_record_is_named_where_it_holds_the_namespace_and_the_definition(
    cleaning: Cleaning,
) -> None:
    place = obj("v1", "Namespace", OPERATOR)
    cleaning.load(place, obj("submariner.io/v1", "Endpoint", "west-cable", OPERATOR, finalizers=[NEVER], spec={}))
    outcome = cleaning.run(timeout=1)
    assert labels(outcome["remaining"]) == {
        f"Namespace {OPERATOR}",
        f"Endpoint {OPERATOR}/west-cable",
        "CustomResourceDefinition endpoints.submariner.io",
    }
    for finding in outcome["findings"]:
        assert f"waits for Endpoint {OPERATOR}/west-cable, held by finalizer {NEVER}" in finding["cause"]
        assert "take it off by hand" in finding["hint"]
    free(cleaning, ENDPOINTS, "west-cable", OPERATOR)
    assert cleaning.run()["verdict"] == "pass"
    assert cleaning.names(CRDS) == []


def test_somebody_elses_finalizer_on_the_resource_holds_all_that_comes_after_it(cleaning: Cleaning) -> None:
    resource = obj("submariner.io/v1alpha1", "Submariner", "submariner", OPERATOR, finalizers=[NEVER], spec={})
    cleaning.load(obj("v1", "Namespace", OPERATOR), resource, role())
    outcome = cleaning.run(timeout=1)
    assert outcome.failed
    assert [f["subject"] for f in outcome["findings"]] == [f"Submariner {OPERATOR}/submariner"]
    assert f"held by finalizer {NEVER}" in outcome["findings"][0]["cause"]
    assert "3 others wait for that" in outcome.msg, "namespace, role and definition"
    assert len(outcome["remaining"]) == 4
    free(cleaning, SUBMARINERS, "submariner", OPERATOR)
    assert cleaning.run()["verdict"] == "pass"


def test_a_definition_that_is_stuck_names_the_object_in_a_users_namespace(cleaning: Cleaning) -> None:
    """It was asked to go before the run; whoever made the object has to let it go."""
    cleaning.load(obj("submariner.io/v1", "GlobalEgressIP", "held", "shop", finalizers=[NEVER]))
    cleaning.api.cluster.delete(CRDS, "", "globalegressips.submariner.io")
    outcome = cleaning.run(timeout=1)
    assert labels(outcome["remaining"]) == {"CustomResourceDefinition globalegressips.submariner.io"}
    cause = outcome["findings"][0]["cause"]
    assert f"waits for GlobalEgressIP shop/held, held by finalizer {NEVER}" in cause
    free(cleaning, ADDRESSES, "held", "shop")
    assert cleaning.run()["verdict"] == "pass"


def test_a_node_that_is_gone_is_named_where_its_pods_hold_the_namespace(cleaning: Cleaning) -> None:
    """A pod on it does not end, whoever asks: only its kubelet, or the removal of the node, ends it."""
    node = obj("v1", "Node", "west-worker", status={"conditions": [{"type": "Ready", "status": "Unknown"}]})
    spec = {"nodeName": "west-worker"}
    pod = obj("v1", "Pod", "submariner-gateway-x7k2p", OPERATOR, finalizers=["kubelet.example/runs"], spec=spec)
    cleaning.load(obj("v1", "Namespace", OPERATOR), node, pod)
    outcome = cleaning.run(timeout=1)
    assert labels(outcome["remaining"]) == {f"Namespace {OPERATOR}", f"Pod {OPERATOR}/submariner-gateway-x7k2p"}
    for finding in outcome["findings"]:
        assert "its pods on node west-worker cannot end, since that node is not Ready" in finding["cause"]
        assert "bring the node back" in finding["hint"]
    free(cleaning, PODS, "submariner-gateway-x7k2p", OPERATOR)
    assert cleaning.run()["verdict"] == "pass"


def test_five_thousand_imports_go_and_one_of_somebody_else_stays(cleaning: Cleaning) -> None:
    """Here a tenth of them: what is measured is that they are asked for side by side, and told in a few words."""
    number, delay = 500, 0.02
    version = "multicluster.x-k8s.io/v1alpha1"
    ours = [obj(version, "ServiceImport", f"s{n}", "shop", annotations=LIGHTHOUSE) for n in range(number)]
    cleaning.load(definition("multicluster.x-k8s.io", "ServiceImport", "v1alpha1"), *ours)
    cleaning.load(obj(version, "ServiceImport", "mine", "shop"))
    cleaning.api.fault(verb="delete", path="/serviceimports/", delay=delay)
    begun = time.monotonic()
    outcome = cleaning.run(timeout=60)
    assert (outcome.failed, len(outcome["removed"])) == (False, number), outcome.msg
    assert cleaning.names(IMPORTS) == ["mine"]
    assert len(cleaning.api.asked("delete")) == number
    assert time.monotonic() - begun < number * delay


def test_a_failure_tells_a_few_of_many(cleaning: Cleaning) -> None:
    version = "multicluster.x-k8s.io/v1alpha1"
    ours = [obj(version, "ServiceImport", f"s{n}", "shop", annotations=LIGHTHOUSE) for n in range(30)]
    cleaning.load(definition("multicluster.x-k8s.io", "ServiceImport", "v1alpha1"), *ours)
    cleaning.api.fault(403, verb="delete", path="/serviceimports/")
    outcome = cleaning.run(timeout=1)
    assert (outcome.failed, len(outcome["remaining"]), len(outcome["findings"])) == (True, 30, 30)
    assert outcome.msg.count("still there") == 10
    assert "and 20 more of this kind" in outcome.msg


@pytest.mark.parametrize("marker", ["lighthouse-start", "lighthouse-end"])
def test_one_marker_in_the_corefile_is_refused_and_nothing_is_touched_there(cleaning: Cleaning, marker: str) -> None:
    text = f"#{marker}\n.:53 {{\n}}\n"
    cleaning.load(obj("v1", "ConfigMap", "coredns", "kube-system", data={"Corefile": text}))
    for check in (True, False):
        outcome = cleaning.run(check=check)
        assert outcome["verdict"] == "fail"
        finding = next(f for f in outcome["findings"] if f["id"] == "dns.unbalanced-markers")
        assert finding["subject"] == "ConfigMap kube-system/coredns"
        assert "by hand" in finding["hint"]
    assert cleaning.get(("", "configmaps"), "coredns", "kube-system")["data"]["Corefile"] == text
    assert cleaning.api.writes == []


def test_what_was_asked_to_go_and_is_held_is_a_change(cleaning: Cleaning) -> None:
    held = obj("rbac.authorization.k8s.io/v1", "ClusterRole", "submariner-gateway", finalizers=["example.com/hold"])
    cleaning.load(held)
    outcome = cleaning.run(timeout=1)
    assert (outcome.failed, outcome.changed) == (True, True)
    again = cleaning.run(timeout=1)
    assert (again.failed, again.changed) == (True, False)
