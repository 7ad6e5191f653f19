# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans on recordings of a real Submariner, and on clusters with foreign things beside ours."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import BROKER, CRDS, MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import (
    Identity,
    Plan,
    Wish,
    plan,
    plan_departure,
)
from tests.unit.fake_api import recording

Json = dict[str, object]
BROKER_NAMESPACE = "submariner-k8s-broker"


def labels(planned: Plan) -> set[str]:
    return {o.label for o in planned.owned}


def member_plan(objects: list[Json], wish: Wish | None = None) -> Plan:
    return plan(snapshot_of(copy.deepcopy(objects)), wish or Wish(frozenset([MEMBER])))


def identity(state: str, cluster: str, absent: bool = True) -> Identity:
    return Identity.of(snapshot_of(recording(state, cluster)), cluster, absent)


def test_a_clean_cluster_plans_nothing() -> None:
    planned = member_plan(recording("west-uninstalled", "west"))
    assert planned.owned == []
    assert planned.findings == []


def test_an_installed_member_plans_everything_it_owns() -> None:
    found = labels(member_plan(recording("healthy-two-nodes", "west")))
    assert {
        "Submariner submariner-operator/submariner",
        "ServiceDiscovery submariner-operator/service-discovery",
        "DaemonSet submariner-operator/submariner-gateway",
        "Namespace submariner-operator",
        "ConfigMap kube-system/coredns",
        "ServiceImport default/web",
        "EndpointSlice default/web-ckjgr",
        "ClusterRole submariner-gateway",
        "ClusterRoleBinding submariner-gateway",
    } <= found
    assert {f"CustomResourceDefinition {c}" for c in CRDS} <= found
    assert not any("multicluster" in f or f.startswith(("ServiceExport", "Node")) for f in found)


def test_resources_go_before_everything_else() -> None:
    planned = member_plan(recording("installed", "west"))
    assert {o.kind for o in planned.stage} == {"Submariner", "ServiceDiscovery"}


def test_labels_go_last_and_only_on_request() -> None:
    planned = member_plan(recording("installed", "west"), Wish(frozenset([MEMBER]), labels=True))
    assert max(planned.owned, key=lambda o: o.stage).label == "Node b-node"


@pytest.mark.parametrize("name", ["submariner-gateway-uninstall", "submariner-routeagent-uninstall"])
def test_leftover_uninstall_workloads_are_residue_2(name: str) -> None:
    planned = member_plan(recording("operator-killed-mid-uninstall", "west"))
    assert next(o for o in planned.owned if o.label == f"DaemonSet submariner-operator/{name}").residue == "R2"


def test_a_binding_with_our_prefix_is_not_ours() -> None:
    foreign: list[Json] = [
        {"kind": "ClusterRoleBinding", "metadata": {"name": "submariner-admins", "uid": "1"}},
        {"kind": "ClusterRole", "metadata": {"name": "submariner-admins", "uid": "2"}},
        {"kind": "CustomResourceDefinition", "metadata": {"name": "widgets.submariner.io", "uid": "3"}},
    ]
    assert member_plan(recording("west-uninstalled", "west") + foreign).owned == []


def test_a_namespace_names_what_goes_with_it() -> None:
    planned = member_plan(recording("joined-as-second-id", "west"))
    why = next(o.why for o in planned.owned if o.label == "Namespace submariner-operator")
    for name in ("Endpoint west2-submariner-cable-west2-10-202-0-2", "Cluster west2", "Secret submariner-ipsec-psk"):
        assert name in why


def test_a_foreign_object_keeps_the_namespace_but_not_what_is_ours_in_it() -> None:
    foreign: Json = {"kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "submariner-operator", "uid": "1"}}
    planned = member_plan([*recording("installed", "west"), foreign])
    assert "Namespace submariner-operator" not in labels(planned)
    assert [k.label for k in planned.kept] == ["Namespace submariner-operator"]
    assert "Secret submariner-operator/submariner-broker-secret" in labels(planned)
    assert "ConfigMap submariner-operator/mine" not in labels(planned)
    assert [f.id for f in planned.findings] == ["namespace.foreign"]


def test_definitions_stay_while_a_broker_stays() -> None:
    planned = member_plan(recording("installed", "east"))
    assert not any(o.kind == "CustomResourceDefinition" for o in planned.owned)
    assert {k.name for k in planned.kept} == CRDS


def test_unbalanced_dns_markers_are_refused() -> None:
    objects = recording("installed", "west")
    for obj in objects:
        if obj["kind"] == "ConfigMap" and obj["metadata"]["name"] == "coredns":
            obj["data"]["Corefile"] = obj["data"]["Corefile"].replace("#lighthouse-end", "#")
    planned = member_plan(objects)
    assert "ConfigMap kube-system/coredns" not in labels(planned)
    assert "dns.unbalanced-markers" in [f.id for f in planned.findings]


def test_unknown_is_a_finding_and_never_absence() -> None:
    snapshot = snapshot_of(recording("west-uninstalled", "west"))
    snapshot.readings["crds"].state = "unknown"
    assert [(f.id, f.severity) for f in plan(snapshot, Wish(frozenset([MEMBER]))).findings] == [
        ("cluster.unread", "unknown")
    ]


@pytest.mark.parametrize("state", ["installed", "label-removed-first", "joined-as-second-id"])
def test_a_broker_goes_when_all_its_clusters_are_proven_gone(state: str) -> None:
    wish = Wish(frozenset([MEMBER, BROKER]), fleet=(identity(state, "east"), identity(state, "west")))
    planned = member_plan(recording(state, "east"), wish)
    assert {"Namespace submariner-k8s-broker", "Namespace submariner-operator"} <= labels(planned)


def test_a_broker_with_a_living_member_stays() -> None:
    wish = Wish(frozenset([BROKER]), fleet=(identity("installed", "east"), identity("installed", "west", absent=False)))
    planned = member_plan(recording("installed", "east"), wish)
    assert planned.owned == []
    assert [(f.id, f.evidence["cluster_id"]) for f in planned.findings] == [("broker.in-use", "west")]


def test_a_broker_with_an_unmanaged_cluster_stays_unless_it_is_declared_dead() -> None:
    east = identity("installed", "east")
    planned = member_plan(recording("installed", "east"), Wish(frozenset([BROKER]), fleet=(east,)))
    assert planned.owned == []
    assert "none of the inventory's clusters" in planned.findings[0].observed
    dead = Wish(frozenset([BROKER]), fleet=(east,), ghosts=frozenset(["west"]))
    assert "Namespace submariner-k8s-broker" in labels(member_plan(recording("installed", "east"), dead))


def test_a_departed_cluster_takes_the_ghost_of_its_first_id_along() -> None:
    broker = snapshot_of(recording("joined-as-second-id", "east"))
    gone = plan_departure(broker, BROKER_NAMESPACE, identity("joined-as-second-id", "west"), retire=True)
    names = {(o.kind, o.name) for o in gone.owned}
    assert {("Cluster", "west"), ("Cluster", "west2"), ("ServiceAccount", "cluster-west2")} <= names
    assert not any("east" in name for _kind, name in names)


def test_a_rejoin_keeps_the_access() -> None:
    broker = snapshot_of(recording("installed", "east"))
    gone = plan_departure(broker, BROKER_NAMESPACE, identity("installed", "west"), retire=False)
    assert {o.kind for o in gone.owned} == {"Endpoint", "Cluster"}


def test_another_cluster_with_the_same_id_is_a_clash_and_keeps_its_records() -> None:
    broker = snapshot_of(recording("installed", "east"))
    other = Identity(ids=("west",), nodes=("c-node",), addresses=("10.9.9.9",), pod_cidrs=("10.99.0.0/24",))
    gone = plan_departure(broker, BROKER_NAMESPACE, other, retire=True)
    assert not any(o.kind in ("Endpoint", "Cluster") for o in gone.owned)
    assert [f.id for f in gone.findings] == ["endpoint.id-clash"]


def test_the_same_private_address_at_another_site_proves_nothing() -> None:
    broker = snapshot_of(recording("installed", "east"))
    other = Identity(ids=("north",), nodes=("c-node",), addresses=("10.202.0.2",), pod_cidrs=("10.99.0.0/24",))
    assert plan_departure(broker, BROKER_NAMESPACE, other, retire=True).owned == []


def test_identity_survives_its_dict_form() -> None:
    one = identity("installed", "west")
    assert Identity.from_dict(one.as_dict()) == one
