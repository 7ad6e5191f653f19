# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module run_record: what survives an interruption, and whose PSK it is."""

from __future__ import annotations

import base64
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import allocated
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import (
    Record,
    choose_psk,
    from_secret,
    to_secret,
)
from ansible_collections.submariner.lifecycle.plugins.modules import run_record
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
SECRETS = ("", "secrets")
PLACE = ("submariner-lifecycle", "submariner-lifecycle-run")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def cluster(name: str, psk: bytes) -> list[Json]:
    items = recording("globalnet", name)
    for item in items:
        if item["kind"] == "Submariner":
            item["spec"]["ceIPSecPSK"] = b64(psk)
        if item["metadata"]["name"] == "submariner-ipsec-psk":
            item["data"] = {"psk": b64(psk)}
    return items


def run(api: FakeApi, folder: pathlib.Path, *, check: bool = False, **more: t.Any) -> Outcome:
    return run_module(run_record.main, {"kubeconfig": api.kubeconfig(folder, "broker"), **more}, check=check)


def source(api: FakeApi, folder: pathlib.Path, name: str) -> Json:
    return {"cluster_id": name, "auth": {"kubeconfig": api.kubeconfig(folder, name)}}


def kept(api: FakeApi) -> Record:
    return from_secret(api.cluster.get(SECRETS, *PLACE))


def test_the_id_of_an_installation_that_is_gone_is_still_known(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load(recording("joined-as-second-id", "west"))
    begun: Json = {"state": "begun", "verb": "reinstall", "sources": [source(other_api, tmp_path, "west")]}
    run(api, tmp_path, **begun)
    assert kept(api).installed_ids == {"west": ["west2"]}
    other_api.cluster.delete(("submariner.io", "submariners"), "submariner-operator", "submariner")
    again = run(api, tmp_path, **begun)
    assert (again["continued"], again["record"]["installed_ids"]) == (True, {"west": ["west2"]})


def test_the_ids_with_which_a_run_began_are_kept_by_host(api: FakeApi, tmp_path: pathlib.Path) -> None:
    run(api, tmp_path, state="begun", verb="reinstall", cluster_ids={"kind-east": "east", "kind-west": "west2"})
    assert kept(api).cluster_ids == {"kind-east": "east", "kind-west": "west2"}
    again = run(api, tmp_path, state="begun", verb="reinstall", cluster_ids={"kind-west": "west2", "north": "north"})
    assert again["record"]["cluster_ids"] == {"kind-east": "east", "kind-west": "west2", "north": "north"}


@pytest.mark.parametrize("kind", ["submariners", "servicediscoveries"])
def test_the_map_of_a_dns_elsewhere_is_still_known(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, kind: str
) -> None:
    """Once both resources are gone, the ConfigMap is one of hundreds that nobody names."""
    objects = [o for o in recording("installed", "west") if o["kind"] != "Submariner" or kind == "submariners"]
    for item in objects:
        if item["kind"] in ("Submariner", "ServiceDiscovery"):
            item["spec"]["coreDNSCustomConfig"] = {"namespace": "dns", "configMapName": "own"}
            item["metadata"].pop("finalizers", None)
    other_api.cluster.load(objects)
    begun: Json = {"state": "begun", "verb": "uninstall", "sources": [source(other_api, tmp_path, "west")]}
    assert run(api, tmp_path, **begun)["record"]["dns_maps"] == {"west": "dns/own"}
    for gone in ("submariners", "servicediscoveries"):
        for item in other_api.cluster.objects(("submariner.io", gone)):
            other_api.cluster.delete(("submariner.io", gone), "submariner-operator", item["metadata"]["name"])
    again = run(api, tmp_path, **begun)
    assert (again["continued"], again["record"]["dns_maps"]) == (True, {"west": "dns/own"})
    assert kept(api).dns_maps == {"west": "dns/own"}


@pytest.mark.parametrize("status", [403, 503])
def test_a_record_without_what_was_not_answered_is_not_begun(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, status: int
) -> None:
    """After the removal nothing else tells where a cluster's DNS was edited."""
    other_api.cluster.load(cluster("west", b"the-psk"))
    other_api.fault(status, verb="list", path="/(submariners|servicediscoveries)$")
    outcome = run(api, tmp_path, state="begun", verb="uninstall", sources=[source(other_api, tmp_path, "west")])
    assert outcome.failed
    assert [key for key in ("servicediscoveries: ", "submariners: ") if key not in outcome.msg] == []
    assert api.writes == []


def test_begun_with_what_must_survive_and_without_showing_it(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(cluster("east", b"the-psk-of-both"))
    other_api.cluster.load(cluster("west", b"the-psk-of-both"))
    sources = [source(api, tmp_path, "east"), source(other_api, tmp_path, "west")]
    outcome = run(api, tmp_path, state="begun", verb="reinstall", run_id="one", sources=sources, options={"a": 1})
    assert not outcome.failed, outcome.msg
    assert outcome.changed
    assert not outcome["continued"]
    assert outcome["psk_source"] == "east, west"
    record = kept(api)
    assert record.psk == b"the-psk-of-both"
    assert record.gateway_nodes == {"east": ["east-worker"], "west": ["west-worker"]}
    assert record.installed_ids == {"east": ["east"], "west": ["west"]}
    assert allocated(record.globalnet, "west") == "242.1.0.0/16"
    assert allocated(record.clusterset_ip, "east") == "243.0.0.0/20"
    assert (record.verb, record.run_id, record.options) == ("reinstall", "one", {"a": 1})
    assert outcome["record"]["has_psk"] is True
    assert b64(b"the-psk-of-both") not in str(outcome.result)
    assert "the-psk" not in str(outcome.result)


def test_an_interrupted_run_is_continued_and_keeps_its_own(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    old = Record(run_id="one", started="then", verb="reinstall", psk=b"old", gateway_nodes={"west": ["before"]})
    api.cluster.load([to_secret(old)])
    other_api.cluster.load(cluster("west", b"another"))
    more: t.Any = {"sources": [source(other_api, tmp_path, "west")], "gateway_nodes": {"north": ["n"]}}
    outcome = run(api, tmp_path, state="begun", verb="reinstall", run_id="two", **more)
    assert outcome["continued"]
    assert outcome["record"]["run_id"] == "one"
    assert outcome["record"]["taken_by"] == kept(api).taken_by == "two"
    assert kept(api).psk == b"old"
    assert kept(api).gateway_nodes == {"west": ["before"], "north": ["n"]}


def registered(*ids: str, namespace: str = "submariner-k8s-broker") -> list[Json]:
    """A broker with the records of these clusters."""
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusters.submariner.io"},
        "spec": {
            "group": "submariner.io",
            "names": {"plural": "clusters", "kind": "Cluster"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }
    place = {"namespace": namespace}
    return [definition] + [
        {
            "apiVersion": "submariner.io/v1",
            "kind": "Cluster",
            "metadata": {"name": i, **place},
            "spec": {"cluster_id": i},
        }
        for i in ids
    ]


INFO = encode(BrokerInfo(url="https://192.0.2.1:6443", psk=b"psk-of-the-file"))


def test_the_psk_of_a_given_broker_info_where_nobody_else_knows_it(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(registered("north"))
    more: Json = {"state": "begun", "verb": "install", "sources": [source(other_api, tmp_path, "west")]}
    refused = run(api, tmp_path, **more)
    assert "registered with the broker: north" in refused.msg
    assert "submariner_broker_info" in refused.msg
    assert api.writes == []
    outcome = run(api, tmp_path, **more, broker_info=INFO)
    assert (outcome["psk_source"], kept(api).psk) == ("broker info", b"psk-of-the-file")
    assert INFO not in str(outcome.result)


def test_the_broker_is_looked_at_where_it_is(api: FakeApi, tmp_path: pathlib.Path) -> None:
    """Else its allocations are forgotten, and a new PSK cuts off who is registered there."""
    broker = recording("globalnet", "east")
    for item in broker:
        item["metadata"]["namespace"] = "elsewhere"
    api.cluster.load(
        [item for item in broker if item["metadata"]["name"].endswith(("globalnet-info", "clustersetip-info"))]
    )
    api.cluster.load(registered("north", namespace="elsewhere"))
    begun: Json = {"state": "begun", "broker_namespace": "elsewhere"}
    assert "registered with the broker: north" in run(api, tmp_path, **begun).msg
    assert run(api, tmp_path, **begun, ghosts=["north"]).changed
    assert allocated(kept(api).globalnet, "west") == "242.1.0.0/16"
    assert allocated(kept(api).clusterset_ip, "east") == "243.0.0.0/20"


def test_who_is_declared_dead_is_not_cut_off(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(registered("north"))
    assert run(api, tmp_path, state="begun", verb="install", ghosts=["north"])["psk_source"] == "new"


def test_a_broker_info_of_another_clusterset_is_refused(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load(cluster("west", b"the-psk-of-west"))
    more: Json = {"state": "begun", "sources": [source(other_api, tmp_path, "west")]}
    outcome = run(api, tmp_path, **more, broker_info=INFO)
    assert "another PSK than west" in outcome.msg
    assert api.writes == []
    assert run(api, tmp_path, **more, broker_info="nonsense").failed


def test_a_new_psk_on_purpose(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(registered("west"))
    other_api.cluster.load(cluster("west", b"the-psk-of-west"))
    more: Json = {"state": "begun", "rotate_psk": True, "sources": [source(other_api, tmp_path, "west")]}
    assert run(api, tmp_path, **more)["psk_source"] == "rotated"
    made = kept(api).psk
    assert len(made) == 48
    again = run(api, tmp_path, **more)  # an interrupted run goes on with the PSK that it made
    assert (again.changed, kept(api).psk) == (False, made)


@pytest.mark.parametrize("check", [False, True])
def test_no_new_psk_in_the_middle_of_a_run_that_keeps_it(api: FakeApi, tmp_path: pathlib.Path, check: bool) -> None:
    api.cluster.load([to_secret(Record(run_id="one", started="then", verb="upgrade", psk=b"old"))])
    outcome = run(api, tmp_path, check=check, state="begun", verb="install", run_id="two", rotate_psk=True)
    assert "A run of 'upgrade' begun then did not end" in outcome.msg
    assert "again without submariner_psk_rotate" in outcome.msg
    assert api.writes == []
    assert run(api, tmp_path, state="begun", verb="install")["continued"]


def test_a_run_that_makes_a_new_psk_is_continued_whoever_continues_it(api: FakeApi, tmp_path: pathlib.Path) -> None:
    """Jobs that are parts of one run ask for the same, one that takes it up later need not."""
    begun: Json = {"state": "begun", "verb": "reinstall", "run_id": "one"}
    run(api, tmp_path, **begun, rotate_psk=True)
    made = kept(api)
    run(api, tmp_path, state="updated", phase="broker")
    for again in (True, False):
        outcome = run(api, tmp_path, **begun, rotate_psk=again)
        assert (outcome["continued"], outcome["record"]["psk_rotated"], kept(api).psk) == (True, True, made.psk)


def test_no_new_psk_for_who_is_not_joined_anew(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(registered("west"))
    outcome = run(api, tmp_path, state="begun", rotate_psk=True)
    assert "A new PSK would cut off" in outcome.msg
    assert api.writes == []


def test_beginning_again_changes_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    assert run(api, tmp_path, state="begun", verb="install").changed
    before = kept(api)
    again = run(api, tmp_path, state="begun", verb="install")
    assert not again.changed
    assert again["continued"]
    assert kept(api) == before


def test_no_installation_anywhere_gives_a_new_psk(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(api, tmp_path, state="begun")
    assert outcome["psk_source"] == "new"
    assert len(kept(api).psk) == 48


def test_a_psk_that_cannot_be_read_is_not_replaced_by_a_new_one(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load(cluster("west", b"x"))
    other_api.fault(403, path="/(submariners|secrets)/")
    outcome = run(api, tmp_path, state="begun", sources=[source(other_api, tmp_path, "west")])
    assert outcome.failed
    assert "west" in outcome.msg
    assert api.writes == []


def test_members_with_different_psks_are_named(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.cluster.load(cluster("east", b"psk-of-east-is-it"))
    other_api.cluster.load(cluster("west", b"psk-of-west-is-not"))
    sources = [source(api, tmp_path, "east"), source(other_api, tmp_path, "west")]
    outcome = run(api, tmp_path, state="begun", sources=sources)
    assert outcome["psk_source"] == "east"
    assert kept(api).psk == b"psk-of-east-is-it"
    said = " ".join(str(w) for w in outcome.result.get("warnings", []))
    assert "west use another one than east" in said


def test_check_mode_writes_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    for state in ("begun", "updated"):
        assert run(api, tmp_path, check=True, state=state).changed
    assert not run(api, tmp_path, check=True, state="finished").changed
    assert api.writes == []


def test_updated_and_finished(api: FakeApi, tmp_path: pathlib.Path) -> None:
    run(api, tmp_path, state="begun", options={"a": 1})
    assert run(api, tmp_path, state="updated", phase="broker", options={"b": 2}).changed
    assert (kept(api).phase, kept(api).options) == ("broker", {"a": 1, "b": 2})
    assert not run(api, tmp_path, state="updated", phase="broker").changed
    assert run(api, tmp_path, state="read")["record"]["phase"] == "broker"
    assert run(api, tmp_path, state="finished").changed
    assert not run(api, tmp_path, state="finished").changed
    assert "submariner-lifecycle" not in [o["metadata"]["name"] for o in api.cluster.objects(("", "namespaces"))]


def test_an_update_without_a_record_is_refused(api: FakeApi, tmp_path: pathlib.Path) -> None:
    assert "state=begun" in run(api, tmp_path, state="updated", phase="x").msg


def test_a_lost_race_is_no_lost_update(api: FakeApi, tmp_path: pathlib.Path) -> None:
    run(api, tmp_path, state="begun")
    api.fault(409, verb="update", path="secrets", times=2)
    assert run(api, tmp_path, state="updated", phase="joins").changed
    assert kept(api).phase == "joins"


def test_a_damaged_record_is_an_error_with_the_way_out(api: FakeApi, tmp_path: pathlib.Path) -> None:
    secret = to_secret(Record(run_id="one", started="then"))
    secret["data"]["gateway-nodes"] = b64(b"{")
    api.cluster.load([secret])
    outcome = run(api, tmp_path, state="read")
    assert outcome.failed
    assert "gateway-nodes" in outcome.msg
    assert "Delete the Secret" in outcome.msg


def test_no_answer_is_not_no_record(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.fault(403, path="submariner-lifecycle-run")
    assert run(api, tmp_path, state="read").failed
    assert run(api, tmp_path, state="finished").failed


def test_a_record_is_written_and_read_whole() -> None:
    record = Record(
        run_id="one",
        started="then",
        taken_by="two",
        verb="reinstall",
        phase="joins",
        options={"globalnet": True},
        gateway_nodes={"east": ["a", "b"]},
        globalnet={"globalnetEnabled": "true"},
        clusterset_ip={"clusterinfo": "[]"},
        psk_rotated=True,
        psk=bytes(range(48)),
        broker_info="abc",
    )
    assert from_secret(to_secret(record)) == record
    assert "abc" not in repr(record)


@pytest.mark.parametrize(
    ("members", "broker", "chosen", "differing"),
    [
        ({"a": b"1", "b": b"1", "c": b"2"}, b"2", b"1", ["c"]),
        ({"a": b"1", "b": b"2"}, b"2", b"2", ["a"]),
        ({"a": b"1", "b": b""}, b"", b"1", []),
        ({}, b"3", b"3", []),
        ({"a": b""}, b"", b"", []),
    ],
)
def test_the_choice_of_the_psk(members: dict[str, bytes], broker: bytes, chosen: bytes, differing: list[str]) -> None:
    assert choose_psk(members, broker)[0] == chosen
    assert choose_psk(members, broker)[2] == differing
