# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans on recordings of a real Submariner, and on clusters with foreign things beside ours."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import BROKER, CRDS, MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._departure import plan_departure
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Endpoint
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity, Wish, names_address, plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
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


def test_what_goes_with_a_namespace_is_in_the_plan() -> None:
    planned = member_plan(recording("joined-as-second-id", "west"))
    within = {f"{o.kind} {o.name}": o for o in planned.going if o not in planned.owned}
    for name in ("Endpoint west2-submariner-cable-west2-10-202-0-2", "Cluster west2", "Secret submariner-ipsec-psk"):
        assert within[name].uid
        assert within[name].why.endswith("and goes with namespace submariner-operator")


def test_a_foreign_object_keeps_the_namespace_but_not_what_is_ours_in_it() -> None:
    foreign: Json = {"kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "submariner-operator", "uid": "1"}}
    planned = member_plan([*recording("installed", "west"), foreign])
    assert "Namespace submariner-operator" not in labels(planned)
    assert [k.label for k in planned.kept] == ["Namespace submariner-operator"]
    assert "Secret submariner-operator/submariner-broker-secret" in labels(planned)
    assert "ConfigMap submariner-operator/mine" not in labels(planned)
    assert [f.id for f in planned.findings] == ["namespace.foreign"]


@pytest.mark.parametrize(
    "kind", ["Deployment", "StatefulSet", "Job", "Pod", "Service", "PersistentVolumeClaim", "Secret"]
)
@pytest.mark.parametrize("namespace", ["submariner-operator", BROKER_NAMESPACE])
def test_whatever_somebody_put_into_a_namespace_keeps_it(kind: str, namespace: str) -> None:
    foreign: Json = {"kind": kind, "metadata": {"name": "mine", "namespace": namespace, "uid": "1"}}
    wish = Wish(frozenset([MEMBER, BROKER]), whole_fleet("installed"))
    planned = member_plan([*recording("installed", "east"), foreign], wish)
    assert [k.label for k in planned.kept] == [f"Namespace {namespace}"]
    assert [(f.id, f.subject) for f in planned.findings] == [("namespace.foreign", f"namespace {namespace}")]
    assert f"{kind} mine" in planned.findings[0].observed
    assert f"{kind} {namespace}/mine" not in labels(planned)


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
    assert gone.owned == [], "its access is the other cluster's, too"
    assert [f.id for f in gone.findings] == ["endpoint.id-clash"]


def test_the_same_private_address_at_another_site_proves_nothing() -> None:
    broker = snapshot_of(recording("installed", "east"))
    other = Identity(ids=("north",), nodes=("c-node",), addresses=("10.202.0.2",), pod_cidrs=("10.99.0.0/24",))
    assert plan_departure(broker, BROKER_NAMESPACE, other, retire=True).owned == []


def one_id() -> list[Json]:
    """East's objects after west was joined under the ID of east, whose Cluster record was gone (measured.md): the last wins."""
    objects = copy.deepcopy(recording("installed", "east"))
    inside = [o for o in objects if o["metadata"].get("namespace") == BROKER_NAMESPACE]
    lost = [o for o in inside if o["kind"] in ("Endpoint", "Cluster") and o["spec"]["cluster_id"] == "east"]
    for taken in (o for o in inside if o["kind"] in ("Endpoint", "Cluster") and o not in lost):
        taken["spec"]["cluster_id"] = "east"
        taken["metadata"]["name"] = taken["metadata"]["name"].replace("west", "east")
    return [o for o in objects if o not in lost]


def as_east(absent: bool = True) -> Identity:
    """West, which was joined as east and is west in the inventory."""
    return replace(identity("installed", "west", absent), ids=("east", "west"))


@pytest.mark.parametrize(("absent", "goes"), [(True, True), (False, False)])
def test_a_broker_on_which_two_clusters_have_one_id_goes_when_both_are_gone(absent: bool, goes: bool) -> None:
    wish = Wish(frozenset([BROKER]), fleet=(identity("installed", "east"), as_east(absent)))
    planned = member_plan(one_id(), wish)
    assert ("Namespace submariner-k8s-broker" in labels(planned)) is goes
    assert {f.evidence["cluster_id"] for f in planned.findings} == (set() if goes else {"east", "west"})


def test_of_two_clusters_with_one_id_each_takes_just_its_own_records() -> None:
    broker = snapshot_of(one_id())
    east = plan_departure(broker, BROKER_NAMESPACE, identity("installed", "east"), retire=True)
    assert [f.id for f in east.findings] == ["endpoint.id-clash"]
    assert {o.kind for o in east.owned} <= {"ConfigMap"}, "records and access are those of the other one"
    west = plan_departure(broker, BROKER_NAMESPACE, as_east(), retire=False)
    assert {o.kind for o in west.owned} >= {"Endpoint", "Cluster"}


# -- members that have no records -----------------------------------------------------------------------------------


def in_broker(kind: str, name: str, **labels: str) -> Json:
    marks = {k.replace("__", "/").replace("_", "-"): v for k, v in labels.items()}
    return {"kind": kind, "metadata": {"name": name, "namespace": BROKER_NAMESPACE, "uid": name, "labels": marks}}


ACCESS = [
    in_broker("ServiceAccount", "cluster-north"),
    in_broker("RoleBinding", "cluster-north-submariner-k8s-broker-cluster"),
]
SLICE = in_broker("EndpointSlice", "web-abc")
SLICE["metadata"]["labels"] = {  # type: ignore[index]
    "endpointslice.kubernetes.io/managed-by": "lighthouse-agent.submariner.io",
    "multicluster.kubernetes.io/source-cluster": "north",
}
IMPORT: Json = {**in_broker("ServiceImport", "web-default"), "status": {"clusters": [{"cluster": "north"}]}}
SIGNS = {"service account": ACCESS[:1], "binding": ACCESS[1:], "slice": [SLICE], "import": [IMPORT]}


def whole_fleet(state: str, **absent: bool) -> tuple[Identity, ...]:
    return tuple(identity(state, c, absent.get(c, True)) for c in ("east", "west"))


@pytest.mark.parametrize("sign", SIGNS)
def test_a_member_without_a_gateway_keeps_the_broker_until_it_is_declared_dead(sign: str) -> None:
    objects = [*recording("installed", "east"), *SIGNS[sign]]
    planned = member_plan(objects, Wish(frozenset([BROKER]), whole_fleet("installed")))
    assert planned.owned == []
    assert [(f.id, f.evidence["cluster_id"]) for f in planned.findings] == [("broker.in-use", "north")]
    assert "submariner_ghosts: [north]" in planned.findings[0].hint
    dead = Wish(frozenset([BROKER]), whole_fleet("installed"), ghosts=frozenset(["north"]))
    assert "Namespace submariner-k8s-broker" in labels(member_plan(objects, dead))


def test_the_access_of_a_cluster_of_the_inventory_that_still_has_an_installation_keeps_the_broker() -> None:
    wish = Wish(frozenset([BROKER]), whole_fleet("west-uninstalled", west=False))
    planned = member_plan(recording("west-uninstalled", "east"), wish)
    assert (
        "cluster 'west' is not registered, but has RoleBinding, ServiceAccount there and still"
        in planned.findings[0].observed
    )
    assert planned.owned == []


@pytest.mark.parametrize("state", ["west-uninstalled", "globalnet-west-uninstalled", "joined-as-second-id"])
def test_the_access_that_our_own_clusters_left_keeps_no_broker(state: str) -> None:
    planned = member_plan(recording(state, "east"), Wish(frozenset([BROKER]), whole_fleet(state)))
    assert planned.findings == []
    assert "Namespace submariner-k8s-broker" in labels(planned)


def test_the_access_of_an_earlier_id_of_ours_keeps_no_broker() -> None:
    objects = [
        o
        for o in recording("joined-as-second-id", "east")
        if not (o["kind"] in ("Endpoint", "Cluster") and o["spec"]["cluster_id"] == "west2")
    ]
    gone = identity("west-uninstalled", "west")
    east = identity("joined-as-second-id", "east")
    forgotten = member_plan(objects, Wish(frozenset([BROKER]), (east, gone)))
    assert [f.evidence["cluster_id"] for f in forgotten.findings] == ["west2"]
    known = member_plan(objects, Wish(frozenset([BROKER]), (east, gone.known_as({"west": ["west2"], "north": ["x"]}))))
    assert known.findings == []


def test_what_is_left_in_a_broker_that_is_going_does_not_stop_it() -> None:
    objects = [*recording("installed", "east"), *ACCESS]
    for obj in objects:
        if obj["kind"] == "Namespace" and obj["metadata"]["name"] == BROKER_NAMESPACE:
            obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    planned = member_plan(objects, Wish(frozenset([BROKER]), whole_fleet("installed")))
    assert planned.findings == []


# -- clusters that look alike ---------------------------------------------------------------------------------------


def endpoint(**fields: object) -> Endpoint:
    spec = {
        "cluster_id": "old",
        "hostname": "node-1",
        "private_ip": "10.0.1.5",
        "subnets": ["10.3.0.0/16", "10.2.0.0/16"],
    }
    return Endpoint.of({"metadata": {"name": "old-cable"}, "spec": {**spec, **fields}})


VM = Identity(("west",), ("node-1",), ("10.0.1.5",), ("10.2.0.0/24",), public_ips=("192.0.2.1",))


@pytest.mark.parametrize(
    ("fields", "ours"),
    [
        ({}, True),
        ({"public_ip": "192.0.2.1"}, True),
        ({"public_ip": "192.0.2.2"}, False),
        ({"subnets": ["10.8.0.0/16", "10.9.0.0/16"]}, False),
        ({"subnets": ["242.1.0.0/16"]}, True),  # Globalnet: says nothing of where it is
        ({"private_ip": "10.0.1.6"}, False),
        ({"hostname": "node-2"}, False),
    ],
)
def test_node_and_address_show_a_cluster_unless_something_speaks_against_it(fields: Json, ours: bool) -> None:
    assert bool(VM.lives_behind(endpoint(**fields))) is ours
    assert bool(VM.made("old", [endpoint(**fields)], [])) is ours
    planned = plan_departure(snapshot_of([as_object(endpoint(**fields))]), BROKER_NAMESPACE, VM, retire=True)
    assert bool(planned.owned) is ours


def as_object(found: Endpoint) -> Json:
    spec = {k: getattr(found, k) for k in ("cluster_id", "hostname", "private_ip", "public_ip")}
    meta = {"name": found.name, "namespace": BROKER_NAMESPACE}
    return {"kind": "Endpoint", "metadata": meta, "spec": {**spec, "subnets": list(found.subnets)}}


@pytest.mark.parametrize(
    ("subnets", "ours"), [(["10.3.0.0/16", "10.2.0.0/16"], True), (["242.1.0.0/16"], False), ([], False)]
)
def test_a_name_made_of_the_address_is_no_second_sign(subnets: list[str], ours: bool) -> None:
    name = "ip-10-0-1-5.ec2.internal"
    assert bool(replace(VM, nodes=(name,)).lives_behind(endpoint(hostname=name, subnets=subnets))) is ours


@pytest.mark.parametrize(
    ("name", "derived"),
    [("ip-10-0-1-5", True), ("10.0.1.5", True), ("ip-110-0-1-5", False), ("ip-10-0-1-57", False), ("n5", False)],
)
def test_names_that_are_made_of_the_address(name: str, derived: bool) -> None:
    assert names_address(name, "10.0.1.5") is derived


def test_other_cidrs_or_another_public_address_under_the_same_id_are_a_clash() -> None:
    found = snapshot_of([as_object(endpoint(cluster_id="west", public_ip="192.0.2.2")), *ACCESS])
    planned = plan_departure(found, BROKER_NAMESPACE, VM, retire=True)
    assert (planned.owned, [f.id for f in planned.findings]) == ([], ["endpoint.id-clash"])


def test_records_of_another_cluster_of_the_inventory_are_never_taken() -> None:
    broker = snapshot_of(recording("joined-as-second-id", "east"))
    west = identity("joined-as-second-id", "west")
    gone = plan_departure(broker, BROKER_NAMESPACE, west, retire=True, taken=["west2"])
    assert not any("west2" in o.name for o in gone.owned)
    assert ("Cluster", "west") in {(o.kind, o.name) for o in gone.owned}


def test_identity_survives_its_dict_form() -> None:
    one = identity("installed", "west")
    assert Identity.from_dict(one.as_dict()) == one
