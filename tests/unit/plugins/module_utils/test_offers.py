# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster that left takes out of the services that several offer."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    allocations_in,
    without_clusters,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._offers import plan_offers
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from tests.simulator.lighthouse import records
from tests.unit.cleaning import BROKER, labels, obj
from tests.unit.fake_api import recording
from tests.unit.patches import apply_patch

Json = dict[str, t.Any]
PORTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([80, 443])), unique_by=lambda p: p[0], max_size=3)
CLUSTERS = st.dictionaries(st.sampled_from(["east", "west", "north"]), st.tuples(st.integers(1, 3), PORTS), min_size=1)


def offered(clusters: dict[str, tuple[int, list[tuple[str, int]]]]) -> list[Json]:
    """The slices of some clusters, and the import that the simulated lighthouse makes of them."""
    slices = [
        obj(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            f"web-{cluster}",
            BROKER,
            labels={
                records.MANAGER_LABEL: records.MANAGER,
                records.SERVICE_LABEL: "web",
                records.SOURCE_NAMESPACE_LABEL: "shop",
                records.SOURCE_CLUSTER_LABEL: cluster,
            },
            ports=[{"name": name, "port": port, "protocol": "TCP"} for name, port in ports],
        )
        for cluster, (_stamp, ports) in clusters.items()
    ]
    whole = None
    for cluster, (stamp, _ports) in clusters.items():
        export = {"metadata": {"creationTimestamp": f"2026-01-0{stamp}T00:00:00+00:00"}}
        own = obj(
            "multicluster.x-k8s.io/v1alpha1",
            "ServiceImport",
            f"web-shop-{cluster}",
            labels=slices[0]["metadata"]["labels"] | {records.SOURCE_CLUSTER_LABEL: cluster},
            spec={"type": "ClusterSetIP", "sessionAffinity": "None"},
        )
        whole = records.aggregate(whole, export, own, slices, BROKER)
    assert whole is not None
    return [*slices, whole]


def planned(objects: list[Json], *gone: str) -> Plan:
    result = Plan()
    plan_offers(snapshot_of(objects), BROKER, gone, result)
    return result


@given(CLUSTERS)
def test_an_import_ends_as_lighthouse_itself_would_leave_it(
    clusters: dict[str, tuple[int, list[tuple[str, int]]]],
) -> None:
    objects = offered(clusters)
    found = planned(objects, "west")
    imports = [o for o in found.owned if o.kind == "ServiceImport"]
    assert {o.name for o in found.owned if o.kind == "EndpointSlice"} == ({"web-west"} & {f"web-{c}" for c in clusters})
    if "west" not in clusters:
        assert imports == []
    elif len(clusters) == 1:
        assert [o.action for o in imports] == ["delete"]
    else:
        rest = [s for s in objects[:-1] if not s["metadata"]["name"].endswith("west")]
        expected = records.without_cluster(objects[-1], "west", rest)
        patched = apply_patch("application/merge-patch+json", objects[-1], imports[0].patch)
        assert patched == expected
        back = apply_patch("application/merge-patch+json", patched, imports[0].backup)
        assert back == objects[-1], "the backup puts it back"


def test_on_a_recorded_broker_the_import_of_the_only_exporter_goes() -> None:
    found = planned(recording("globalnet", "east"), "west")
    assert labels([o.as_dict() for o in found.owned]) == {
        f"ServiceImport {BROKER}/web-default",
        f"EndpointSlice {BROKER}/web-dtqvw",
    }


def test_ports_stay_where_the_slices_of_those_that_are_left_do_not_tell_them() -> None:
    objects = offered({"west": (1, [("a", 80)]), "east": (2, [("b", 80)])})
    without_east = [o for o in objects if o["metadata"]["name"] != "web-east"]
    assert "spec" not in planned(without_east, "west").owned[-1].patch
    headless = offered({"west": (1, []), "east": (2, [])})
    headless[-1]["spec"] = {"type": "Headless"}
    assert set(planned(headless, "west").owned[-1].patch) == {"metadata", "status"}


def test_what_lighthouse_did_not_make_stays() -> None:
    foreign = obj(
        "multicluster.x-k8s.io/v1alpha1", "ServiceImport", "web", BROKER, status={"clusters": [{"cluster": "west"}]}
    )
    unmanaged = offered({"west": (1, [])})[0]
    unmanaged["metadata"]["labels"].pop(records.MANAGER_LABEL)
    assert planned([foreign, unmanaged], "west").owned == []


# -- allocations ----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["east", "west", "north"]), unique=True), st.sets(st.sampled_from(["west", "north"])))
def test_the_entries_of_those_that_left_go_from_a_table_and_no_others(ids: list[str], gone: set[str]) -> None:
    entries = [{"cluster_id": i, "global_cidr": ["242.0.0.0/16"]} for i in ids]
    table = {"clusterinfo": json.dumps(entries), "globalnetEnabled": "true"}
    rest = without_clusters(table, gone)
    assert rest is not None
    assert [owner for owner, _cidr in allocations_in({"clusterinfo": rest})] == [i for i in ids if i not in gone]


def test_the_table_keeps_the_layout_that_subctl_gives_it() -> None:
    table = next(
        o["data"] for o in recording("globalnet", "east") if o["metadata"]["name"] == "submariner-globalnet-info"
    )
    assert without_clusters(table, ()) == table["clusterinfo"]
    assert without_clusters({"clusterinfo": "{}"}, ("west",)) is None
    assert without_clusters({"clusterinfo": "no json"}, ("west",)) is None
