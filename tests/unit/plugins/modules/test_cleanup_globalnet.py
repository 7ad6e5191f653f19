# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup takes Globalnet's objects out of users' namespaces, and never a user's Service (R22)."""

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _operator_death
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import internal_service
from tests.unit.cleaning import OPERATOR, Cleaning, labels, obj
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
SERVICES = ("", "services")
SUBMARINERS = ("submariner.io", "submariners")
FINALIZER = "submariner.io/globalnet-internal-service"
NAME = "submariner-jnpfp5xlf5blsa43hupbheussxzdc5e4"


def internal(exported: str = "web", name: str = "", **meta: t.Any) -> Json:
    meta = {"labels": {"submariner.io/exportedServiceRef": exported}, "finalizers": [FINALIZER], **meta}
    return obj("v1", "Service", name or internal_service(exported), "shop", spec={}, **meta)


def user(name: str, **meta: t.Any) -> Json:
    return obj("v1", "Service", name, "shop", spec={}, **meta)


def test_the_name_is_derived_as_a_real_globalnet_does() -> None:
    assert internal_service("web") == NAME


def test_its_services_go_and_users_services_stay(cleaning: Cleaning) -> None:
    mine = [
        user("web"),
        user("submariner-mine", labels={"submariner.io/exportedServiceRef": "web"}),
        user(internal_service("other"), labels={"mine": "1"}),
        internal("web", name="guarded"),
    ]
    cleaning.load(internal(), *mine)
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert labels(outcome["removed"]) == {f"Service shop/{NAME}"}
    assert set(cleaning.names(SERVICES)) == {s["metadata"]["name"] for s in mine}
    assert cleaning.get(SERVICES, "guarded", "shop")["metadata"]["finalizers"] == [FINALIZER]
    assert labels(outcome["kept"]) == {"Service shop/submariner-mine", "Service shop/guarded"}


def test_a_namespace_that_hangs_on_the_finalizer_ends(cleaning: Cleaning) -> None:
    cleaning.load(internal())
    cleaning.api.cluster.delete(("", "namespaces"), "", "shop")
    assert cleaning.names(SERVICES) == [NAME]
    assert not cleaning.run().failed
    assert "shop" not in cleaning.names(("", "namespaces"))


def test_a_finalizer_of_somebody_else_stays_and_is_named(cleaning: Cleaning) -> None:
    cleaning.load(internal(finalizers=["example.com/mine", FINALIZER]))
    outcome = cleaning.run(timeout=1)
    assert outcome.failed
    assert "example.com/mine" in outcome.msg
    assert cleaning.get(SERVICES, NAME, "shop")["metadata"]["finalizers"] == ["example.com/mine"]


def test_they_are_not_touched_before_globalnet_is_gone(cleaning: Cleaning) -> None:
    """A pod that does not go, and then goes."""
    pod = obj("v1", "Pod", "submariner-globalnet-x7k2p", OPERATOR, spec={}, finalizers=["example.com/slow"])
    cleaning.load(internal(), pod)

    def let_go() -> None:
        body = cleaning.get(("", "pods"), "submariner-globalnet-x7k2p", OPERATOR)
        assert cleaning.get(SERVICES, NAME, "shop")["metadata"]["finalizers"] == [FINALIZER]
        body["metadata"]["finalizers"] = []
        cleaning.api.cluster.replace(("", "pods"), body, OPERATOR, body["metadata"]["name"])

    cleaning.api.after(1.5, let_go)
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    written = [r.path.rpartition("/")[2] for r in cleaning.api.writes]
    assert written.index("submariner-globalnet-x7k2p") < written.index(NAME)
    released = [r for r in cleaning.api.asked("patch") if r.path.endswith(NAME)]
    assert len(released) == 1
    assert released[0].body["metadata"]["resourceVersion"]


def test_a_recorded_member_with_globalnet_ends_clean(cleaning: Cleaning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_operator_death, "LATE", -1.0)
    cleaning.load(*recording("globalnet", "west"))

    def stop() -> None:
        """The pod of the operator ends when it is scaled down."""
        while not cleaning.api.stopping.wait(0.05):
            for deployment in cleaning.api.cluster.objects(("apps", "deployments"), OPERATOR):
                if deployment["spec"].get("replicas") == 0:
                    for pod in cleaning.names(("", "pods"), OPERATOR):
                        if pod.startswith("submariner-operator"):
                            cleaning.api.cluster.delete(("", "pods"), OPERATOR, pod)

    threading.Thread(target=stop, daemon=True).start()
    outcome = cleaning.run()
    assert not outcome.failed, outcome.msg
    assert cleaning.names(SERVICES, "default") == ["web"]
    assert {f"Service default/{NAME}", "GlobalIngressIP default/web"} <= labels(outcome["removed"])


def test_objects_of_users_go_with_their_definition_and_the_plan_says_so(cleaning: Cleaning) -> None:
    cleaning.load(
        obj("submariner.io/v1", "GlobalEgressIP", "mine", "shop", spec={}),
        obj("submariner.io/v1", "GlobalIngressIP", "mine", "shop", spec={}),
        obj(
            "submariner.io/v1", "GlobalIngressIP", "web", "shop", labels={"submariner-io/originatingNamespace": "shop"}
        ),
        obj("submariner.io/v1", "ClusterGlobalEgressIP", "cluster-egress.submariner.io", spec={}),
    )
    planned = cleaning.run(check=True)["plan"]
    why = {o["name"]: o["why"] for o in planned if o["kind"] == "CustomResourceDefinition"}
    assert "shop/mine, made by users" in why["globalegressips.submariner.io"]
    assert "shop/mine, made by users" in why["globalingressips.submariner.io"]
    assert "shop/web" not in why["globalingressips.submariner.io"]
    assert "made by users" not in why["clusterglobalegressips.submariner.io"]
    assert {"GlobalIngressIP shop/web", "ClusterGlobalEgressIP cluster-egress.submariner.io"} <= labels(planned)
    assert not cleaning.run().failed
    assert cleaning.names(("submariner.io", "globalegressips")) == []


def test_where_a_broker_stays_users_addresses_stay(cleaning: Cleaning) -> None:
    cleaning.load(
        obj("submariner.io/v1alpha1", "Broker", "submariner-broker", "submariner-k8s-broker", spec={}),
        obj("submariner.io/v1", "GlobalEgressIP", "mine", "shop", spec={}),
        obj("submariner.io/v1", "ClusterGlobalEgressIP", "cluster-egress.submariner.io", spec={}),
    )
    outcome = cleaning.run()
    assert labels(outcome["removed"]) == {"ClusterGlobalEgressIP cluster-egress.submariner.io"}
    assert cleaning.names(("submariner.io", "globalegressips")) == ["mine"]
