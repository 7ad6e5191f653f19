# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What recorded clusters told becomes hosts, groups and warnings."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Reading
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._contexts import Context
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._glimpse import KEYS, seen, unseen
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._roster import Roster, Wishes, refuse_names, settle
from tests.unit.fake_api import recording

Json = dict[str, t.Any]

EAST, WEST = Context("east", "/k", host="east"), Context("west", "/k", host="west")


def told(state: str, cluster: str, cluster_id: str = "", unread: t.Collection[str] = (), edit: t.Any = None) -> Json:
    """What a recorded cluster says; `edit` changes its objects, `unread` are kinds that it does not tell."""
    objects = recording(state, cluster)
    if edit:
        objects = [o for o in objects if edit(o) is not False]
    snapshot = snapshot_of(objects)
    snapshot.readings = {k: r for k, r in snapshot.readings.items() if k in KEYS}
    for key in unread:
        snapshot.readings[key] = Reading("unknown", reason="forbidden")
    answer = seen(snapshot, cluster_id or cluster, dict.fromkeys(unread, "forbidden"))
    answer["digest"]["uid"] = f"uid-of-{cluster}"  # the recordings do not have it
    return answer


def roster(state: str, wishes: Wishes | None = None, east: Json | None = None, west: Json | None = None) -> Roster:
    both = {"east": east or told(state, "east"), "west": west or told(state, "west")}
    return Roster([EAST, WEST], both, wishes or Wishes())


def members_of(found: Roster, group: str) -> list[str]:
    return sorted(name for name, entry in found.entries.items() if group in entry.groups)


def test_a_healthy_pair() -> None:
    found = roster("healthy-two-nodes")
    assert found.warnings == []
    assert members_of(found, "submariner_broker") == ["east"]
    assert members_of(found, "submariner_members") == ["east", "west"]
    assert set(found.entries) == {"east", "west"}
    west = found.entries["west"].variables
    assert west["submariner_cluster_id"] == "west"
    assert west["submariner_cluster_id_source"] == "installed"
    assert west["submariner_state"] == "installed"
    assert west["submariner_registered"] is True
    assert west["submariner_cluster_uid"] == "uid-of-west"


def test_the_state_of_3411_has_a_ghost_beside_the_cluster_that_it_was() -> None:
    found = roster("joined-as-second-id")
    assert found.entries["west"].variables["submariner_cluster_id"] == "west2"
    ghost = found.entries["west.record"]
    assert ghost.groups == ["submariner_ghosts"]
    assert ghost.variables["submariner_cluster_id"] == "west"
    assert ghost.variables["submariner_record_reason"] == "its gateway is the one of west, which is joined as 'west2'"
    assert ghost.variables["submariner_kubeconfig"] == "/dev/null", "nothing is to fall back to the user's own cluster"


def test_a_record_of_a_host_without_an_installation_marks_the_host() -> None:
    def uninstalled(obj: Json) -> bool:
        return obj["kind"] not in ("Submariner", "Endpoint", "Cluster")

    found = roster("label-removed-first", west=told("label-removed-first", "west", edit=uninstalled))
    assert members_of(found, "submariner_ghosts") == ["west"]
    assert members_of(found, "submariner_members") == ["east", "west"]
    west = found.entries["west"].variables
    assert west["submariner_state"] == "absent"
    assert west["submariner_record_reason"] == "west has no installation"


def test_who_is_registered_and_nobodys_host_is_unmanaged_and_no_ghost() -> None:
    found = Roster([EAST], {"east": told("healthy-two-nodes", "east")}, Wishes())
    assert members_of(found, "submariner_unmanaged") == ["west"]
    assert members_of(found, "submariner_ghosts") == []
    assert found.entries["west"].groups == ["submariner_unmanaged"]


@pytest.mark.parametrize(
    ("cluster_id", "name"), [("West_1", "west-1"), ("{{ x }}", "x"), ("a,b", "a-b"), ("...", "nameless.record")]
)
def test_a_record_with_any_id_is_a_host(cluster_id: str, name: str) -> None:
    def renamed(obj: Json) -> None:
        spec = obj.get("spec", {})
        if obj["metadata"].get("namespace") == "submariner-k8s-broker" and spec.get("cluster_id") == "west":
            spec["cluster_id"] = cluster_id

    found = Roster([EAST], {"east": told("healthy-two-nodes", "east", edit=renamed)}, Wishes())
    assert members_of(found, "submariner_unmanaged") == [name]
    assert found.entries[name].variables["submariner_cluster_id"] == cluster_id


def test_the_record_of_a_cluster_that_does_not_answer_is_neither() -> None:
    found = roster("healthy-two-nodes", west=unseen("connection refused"))
    assert set(found.entries) == {"east", "west"}
    west = found.entries["west"]
    assert set(west.groups) == {"submariner_members", "submariner_unreachable"}
    assert west.variables["submariner_reachable"] is False
    assert west.variables["submariner_unreachable_reason"] == "connection refused"
    assert west.variables["submariner_state"] == "unknown"
    assert west.variables["submariner_cluster_id_source"] == "context"
    assert found.warnings == ["1 of 2 clusters cannot be read: west (connection refused)."]


def test_without_the_broker_nothing_is_said_of_registration() -> None:
    found = roster("healthy-two-nodes", Wishes(broker="east"), east=unseen("timed out"))
    assert found.entries["west"].variables["submariner_registered"] is None
    assert members_of(found, "submariner_broker") == ["east"]
    assert members_of(found, "submariner_unmanaged") == members_of(found, "submariner_ghosts") == []


@pytest.mark.parametrize("kind", ["endpoints", "clusters", "submariners", "brokers", "namespaces"])
def test_what_may_not_be_read_makes_no_ghosts(kind: str) -> None:
    state = "joined-as-second-id"
    answers = {c: told(state, c, unread=[kind]) for c in ("east", "west")}
    found = roster(state, Wishes(broker="east"), **answers)
    told_without = kind in ("submariners", "namespaces")  # the broker's resource and its records are enough
    assert members_of(found, "submariner_ghosts") in ([], ["west.record"] if told_without else [])
    assert found.entries["west"].variables["submariner_unread"] == {kind: "forbidden"}
    assert found.entries["west"].variables["submariner_reachable"] is True


def test_the_id_that_the_user_gives_counts_first() -> None:
    found = roster("joined-as-second-id", Wishes(cluster_ids={"west": "west"}))
    west = found.entries["west"].variables
    assert (west["submariner_cluster_id"], west["submariner_cluster_id_source"]) == ("west", "option")
    assert west["submariner_installed_id"] == "west2"
    by_alias = Context("west", "/k", also=("old-west",), host="west")
    assert settle([by_alias], Wishes(cluster_ids={"old-west": "w"})).cluster_ids == {"west": "w"}
    assert settle([by_alias], Wishes(cluster_ids={"west": "w", "old-west": "x"})).cluster_ids == {"west": "w"}


def test_members_do_not_depend_on_what_is_installed() -> None:
    """A run that was cut off in the middle of a removal must find the fleet that it began with."""

    def gone(obj: Json) -> bool:
        return bool(obj["kind"] == "Node")

    wishes = Wishes(broker="east", cluster_ids={"west": "west2"})
    before = roster("joined-as-second-id", wishes)
    after = roster("", wishes, **{c: told("joined-as-second-id", c, edit=gone) for c in ("east", "west")})
    for group in ("submariner_broker", "submariner_members"):
        assert members_of(before, group) == members_of(after, group)
    ids = [r.entries["west"].variables["submariner_cluster_id"] for r in (before, after)]
    assert ids == ["west2", "west2"]


def test_no_broker_and_two_brokers_are_said() -> None:
    def no_broker(obj: Json) -> bool:
        return bool(obj["kind"] != "Broker") and obj["metadata"]["name"] != "submariner-k8s-broker"

    none = roster("installed", east=told("installed", "east", edit=no_broker))
    assert members_of(none, "submariner_broker") == []
    assert "No cluster is seen to host a broker. Set broker to" in none.warnings[0]
    unsure = roster("installed", east=unseen("timed out"))
    assert "No cluster is seen to host a broker, but it is not known of east. Set broker to" in unsure.warnings[1]
    two = roster("installed", west=told("installed", "east", "west"))
    assert members_of(two, "submariner_broker") == []
    assert "Several clusters host a broker: east, west. Set broker to" in two.warnings[0]
    assert members_of(roster("installed", Wishes(broker="west")), "submariner_broker") == ["west"]


def test_a_named_broker_that_hosts_none_is_said_while_another_does() -> None:
    elsewhere = roster("installed", Wishes(broker="west"))
    assert "broker names west, which hosts no broker, while east does." in elsewhere.warnings[0]
    not_known = roster("installed", Wishes(broker="west"), west=unseen("timed out"))
    assert not any("broker names" in warning for warning in not_known.warnings)
    assert roster("installed", Wishes(broker="east")).warnings == []


def test_a_broker_that_is_no_member() -> None:
    def only_broker(obj: Json) -> bool:
        return obj["kind"] != "Submariner" and "east" not in str(obj["metadata"].get("labels"))

    east = told("installed", "east", edit=only_broker)
    asked = roster("installed", east=east)
    assert "east hosts the broker and is not joined, as west is" in asked.warnings[0]
    assert "Set broker_is_member to false" in asked.warnings[0]
    apart = roster("installed", Wishes(broker_is_member=False), east=east)
    assert apart.warnings == []
    assert apart.entries["east"].groups == ["submariner_broker"]
    assert members_of(apart, "submariner_members") == ["west"]


def test_an_id_that_two_have_is_said() -> None:
    found = roster("installed", Wishes(cluster_ids={"east": "one", "west": "one"}))
    assert "The cluster ID one belongs to 2 hosts: east, west. Give each its own with cluster_ids." in found.warnings
    assert found.entries["east"].variables["submariner_same_id"] == ["west"]


def test_two_contexts_of_one_cluster_are_said() -> None:
    other = Context("admin", "/k", host="admin")
    east = told("installed", "east")
    found = Roster([EAST, other], {"east": east, "admin": copy.deepcopy(east)}, Wishes(broker="east"))
    assert "The cluster ID east belongs to 2 hosts: east, admin. They are one cluster: exclude all but one." in (
        found.warnings
    )
    pinned = Wishes(broker="east", cluster_ids={"admin": "another"})
    apart = Roster([EAST, other], {"east": east, "admin": copy.deepcopy(east)}, pinned)
    assert "east, admin are one cluster: exclude all but one of these contexts." in apart.warnings


def test_nodes() -> None:
    assert members_of(roster("healthy-two-nodes"), "submariner_nodes") == []
    gateways = roster("healthy-two-nodes", Wishes(nodes="gateways"))
    assert members_of(gateways, "submariner_nodes") == ["east-worker.east", "west-worker.west"]
    every = roster("healthy-two-nodes", Wishes(nodes="all"))
    assert len(members_of(every, "submariner_nodes")) == 4
    assert members_of(every, "submariner_gateway_nodes") == ["east-worker.east", "west-worker.west"]
    node = every.entries["west-control-plane.west"].variables
    assert (node["submariner_cluster"], node["submariner_node_gateway"]) == ("west", False)
    assert node["ansible_host"] in node["submariner_node_addresses"]["InternalIP"]
    assert "ansible_connection" not in node, "it is reached by the user's own means"
    by_name = roster("healthy-two-nodes", Wishes(nodes="all", node_addresses=["ExternalIP", "Hostname"]))
    assert by_name.entries["west-worker.west"].variables["ansible_host"] == "west-worker"
    nowhere = roster("healthy-two-nodes", Wishes(nodes="all", node_addresses=["ExternalIP"]))
    assert nowhere.entries["west-worker.west"].variables["ansible_host"] == "west-worker", "the name is all there is"


def test_nodes_that_submariner_does_not_run_on_and_of_clusters_that_are_no_members() -> None:
    def windows(obj: Json) -> None:
        if obj["kind"] == "Node" and obj["metadata"]["name"] == "west-worker":
            obj["metadata"]["labels"]["kubernetes.io/os"] = "windows"

    wishes = Wishes(nodes="all", broker_is_member=False)
    found = roster("healthy-two-nodes", wishes, west=told("healthy-two-nodes", "west", edit=windows))
    assert members_of(found, "submariner_nodes") == ["west-control-plane.west"]


def test_names_that_are_no_context() -> None:
    right = Wishes(broker="west", cluster_ids={"east": "a"})
    assert settle([EAST, WEST], right) == right
    for wishes in (Wishes(broker="est"), Wishes(cluster_ids={"est": "a"})):
        with pytest.raises(Unusable, match="names est, which is no context") as refusal:
            settle([EAST, WEST], wishes)
        assert "east, west" in refusal.value.hint


def test_a_name_of_several_contexts() -> None:
    """As with kubeconfigs that all call their context admin."""
    fleet = [Context("admin", f"/{name}", host=f"admin-{name}") for name in ("east", "west")]
    for wishes in (Wishes(broker="admin"), Wishes(cluster_ids={"admin": "a"})):
        with pytest.raises(Unusable, match="names admin, which is a context of several hosts: admin-east, admin-west"):
            settle(fleet, wishes)
    host = Context("kind-admin", "/k", host="admin")
    assert settle([*fleet, host], Wishes(broker="admin", cluster_ids={"admin": "a"})).cluster_ids == {"admin": "a"}
    assert settle(fleet, Wishes(broker="admin-west")).broker == "admin-west"


@pytest.mark.parametrize("name", ["all", "ungrouped", "submariner_members", "edge"])
def test_a_host_is_not_called_like_a_group(name: str) -> None:
    refuse_names([EAST, WEST], ["edge"])
    with pytest.raises(
        Unusable, match=f"The host of the context {name} of /k would have the name of a group"
    ) as refusal:
        refuse_names([EAST, Context(name, "/k", host=name)], ["edge"])
    assert "host_name" in refusal.value.hint


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["reached", "why", "digest", "nodes"]), garbage))
def test_any_answer_makes_hosts(answer: Json) -> None:
    """An old cache, or one that was edited, ends in no traceback, and in no unknown cluster that counts as read."""
    found = Roster([EAST], {"east": answer}, Wishes(nodes="all"))
    assert found.entries["east"].variables["submariner_state"] == "unknown" or answer.get("digest")
    assert isinstance(found.warnings, list)
