# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module broker, driven end to end against a fake API server and a fake subctl."""

from __future__ import annotations

import base64
import os
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker, _brokerinfo, _run_record
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import decode
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from ansible_collections.submariner.lifecycle.plugins.modules import broker
from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_subctl import FakeSubctl
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
NAMESPACE = "submariner-k8s-broker"
SECRETS = ("", "secrets")
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def deployed(**config: str) -> list[Json]:
    """What a broker is made of, from a recording, with a token in place of the blanked one."""
    wanted = []
    for item in recording("installed", "east"):
        meta = item["metadata"]
        if item["kind"] in ("Cluster", "Endpoint") or meta["name"].startswith("cluster-"):
            continue
        operator = meta.get("namespace") == "submariner-operator" and item["kind"] in ("Deployment", "Pod")
        if meta.get("namespace") == NAMESPACE or item["kind"] in ("CustomResourceDefinition", "Namespace") or operator:
            wanted.append(item)
        if meta["name"].startswith("submariner-k8s-broker-admin-token"):
            item["data"] = {"token": b64(b"admin-token"), "ca.crt": b64(b"ca"), "namespace": b64(NAMESPACE.encode())}
        if meta["name"] == "submariner-globalnet-info":
            item["data"].update(config)
        if item["kind"] == "CustomResourceDefinition":
            item["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    return wanted


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "SETTLE_SECONDS", 2.0)
    # The address of the tests answers nobody; how it is tried is tested by itself.
    monkeypatch.setattr(
        broker, "choose_url", lambda _module, _api, given: (given or "https://192.0.2.1:6443", "cluster")
    )


def run(api: FakeApi, folder: pathlib.Path, subctl: FakeSubctl | None = None, **more: t.Any) -> Outcome:
    check, diff = more.pop("check", False), more.pop("diff", False)
    arguments = {"kubeconfig": api.kubeconfig(folder), "subctl": str(subctl.path) if subctl else "/nonexistent", **more}
    return run_module(broker.main, arguments, check=check, diff=diff)


def record(api: FakeApi, psk: bytes) -> None:
    secret = to_secret(Record(run_id="one", started="2026-11-23T15:00:00Z", psk=psk))
    api.cluster.load([secret])


def kept(api: FakeApi) -> Record:
    return _run_record.from_secret(api.cluster.get(SECRETS, "submariner-lifecycle", "submariner-lifecycle-run"))


def test_deployed_with_the_psk_of_the_record(api: FakeApi, tmp_path: pathlib.Path) -> None:
    record(api, b"psk-of-the-record-48")
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        outcome = run(api, tmp_path, subctl, version="0.19.0")
    assert not outcome.failed, outcome.msg
    assert outcome.changed
    assert outcome["psk_source"] == "record"
    assert decode(subctl.given).psk == b"psk-of-the-record-48"
    assert subctl.arguments[0] == "deploy-broker"
    assert "--version" in subctl.arguments
    info = decode(kept(api).broker_info)
    assert (info.url, info.token, info.psk) == ("https://192.0.2.1:6443", b"admin-token", b"psk-of-the-record-48")
    assert b64(b"psk-of-the-record-48") not in str(outcome.result)
    assert "admin-token" not in str(outcome.result).replace("submariner-k8s-broker-admin-token", "")


def test_a_new_psk_is_kept_until_the_members_have_joined(api: FakeApi, tmp_path: pathlib.Path) -> None:
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        outcome = run(api, tmp_path, subctl)
    assert outcome["psk_source"] == "new"
    assert len(kept(api).psk) == 48
    assert decode(subctl.given).psk == kept(api).psk


def test_a_broker_as_wanted_is_left_as_it_is(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    outcome = run(api, tmp_path, version="0.19.0", components=["connectivity", "service-discovery"])
    assert not outcome.failed, outcome.msg
    assert not outcome.changed
    assert [r for r in api.writes if "tokenreviews" not in r.path] == []


def test_check_mode_says_what_is_missing_and_writes_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(api, tmp_path, check=True, diff=True)
    assert outcome.changed
    assert f"Namespace {NAMESPACE} is not there" in outcome["diff"]["before"]
    assert api.writes == []


def test_an_exit_0_without_a_broker_is_a_failure(api: FakeApi, tmp_path: pathlib.Path) -> None:
    some = [o for o in deployed() if o["metadata"]["name"] != "clusters.submariner.io"]
    with FakeSubctl(tmp_path, lambda: api.cluster.load(some)) as subctl:
        outcome = run(api, tmp_path, subctl)
    assert outcome.failed
    assert "exited 0" in outcome.msg
    assert "clusters.submariner.io" in outcome.msg


def test_an_exit_0_over_an_operator_that_cannot_start_gives_its_cause(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())

    def stuck() -> None:
        body = api.cluster.get(("apps", "deployments"), "submariner-operator", "submariner-operator")
        body["status"].update(replicas=2, updatedReplicas=1)
        waiting = {"reason": "ErrImagePull", "message": "manifest unknown"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "submariner-operator-new",
                "namespace": "submariner-operator",
                "labels": {"name": "submariner-operator"},
            },
            "status": {"phase": "Pending", "containerStatuses": [{"image": "x:9", "state": {"waiting": waiting}}]},
        }
        api.cluster.load([body, pod])

    record(api, b"psk-of-the-record-48")
    with FakeSubctl(tmp_path, stuck) as subctl, pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "SETTLE_SECONDS", 30.0)
        outcome = run(api, tmp_path, subctl, version="9.9.9")
    assert outcome.failed
    assert outcome["findings"][0]["id"] == "operator.image-pull"
    assert "manifest unknown" in outcome.msg


def roll(api: FakeApi, image: str) -> None:
    """What deploy-broker does to the operator that is there: its Deployment stays Available all the time."""
    body = api.cluster.get(("apps", "deployments"), "submariner-operator", "submariner-operator")
    body["spec"]["template"]["spec"]["containers"][0]["image"] = image
    api.cluster.load([body])


def lock(api: FakeApi, image: str) -> None:
    """The operator's lock, in the hands of a pod with this image."""
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "operator-pod", "uid": "u"}
    meta = {"name": "submariner-operator-lock", "namespace": "submariner-operator", "ownerReferences": [owner]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "operator-pod", "namespace": "submariner-operator"},
        "spec": {"containers": [{"name": "submariner-operator", "image": image}]},
    }
    api.cluster.load([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}, pod])


def operator(version: str) -> str:
    return f"quay.io/submariner/submariner-operator:{version}"


@pytest.mark.parametrize(
    ("deployed_image", "leader", "replaced"),
    [("0.20.0", "0.20.0", True), ("0.19.0", "0.19.0", False), ("0.20.0", "0.19.0", False)],
)
def test_an_available_operator_is_not_yet_the_new_one(
    api: FakeApi, tmp_path: pathlib.Path, deployed_image: str, leader: str, replaced: bool
) -> None:
    api.cluster.load(deployed())
    record(api, b"psk-of-the-record-48")

    def effect() -> None:
        roll(api, operator(deployed_image))
        lock(api, operator(leader))

    with FakeSubctl(tmp_path, effect) as subctl:
        outcome = run(api, tmp_path, subctl, version="0.20.0")
    assert outcome.failed == (not replaced), outcome.msg
    if not replaced:
        assert outcome["findings"][0]["id"] == "operator.not-replaced"


def test_the_repository_of_the_operator_that_is_there_stays(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    roll(api, "mirror.example.com/sub/submariner-operator:0.19.0")
    record(api, b"psk-of-the-record-48")
    new = "mirror.example.com/sub/submariner-operator:0.20.0"
    with FakeSubctl(tmp_path, lambda: roll(api, new)) as subctl:
        outcome = run(api, tmp_path, subctl, version="0.20.0")
    assert not outcome.failed, outcome.msg
    assert "--repository mirror.example.com/sub --version 0.20.0" in flags(subctl)
    assert outcome["kept"]["repository"] == "mirror.example.com/sub"


def test_the_administrators_token_is_made_anew(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    record(api, b"psk-of-the-record-48")
    there = _brokerinfo.ADMIN + "-token"
    old = [s["metadata"] for s in api.cluster.objects(SECRETS, NAMESPACE) if s["metadata"]["name"].startswith(there)]
    check = run(api, tmp_path, check=True, diff=True, renew_token=True)
    assert check.changed
    assert "administrator's token: a new one" in check["diff"]["after"]
    left: list[str] = []

    def make() -> None:
        left.extend(s["metadata"]["name"] for s in api.cluster.objects(SECRETS, NAMESPACE))
        api.cluster.load([o for o in deployed() if o["metadata"]["name"].startswith(there)])

    with FakeSubctl(tmp_path, make) as subctl:
        outcome = run(api, tmp_path, subctl, renew_token=True)
    assert not outcome.failed, outcome.msg
    assert [name for name in left if name.startswith(there)] == []
    assert old
    deleted = [request for request in api.asked("delete") if "/secrets/" in request.path]
    assert [request.body["preconditions"]["uid"] for request in deleted] == [meta["uid"] for meta in old]


def test_a_failure_of_subctl_is_reported_with_its_words(api: FakeApi, tmp_path: pathlib.Path) -> None:
    with FakeSubctl(tmp_path, lambda: None, rc=1, says=" ✗ invalid components parameter") as subctl:
        outcome = run(api, tmp_path, subctl)
    assert outcome.failed
    assert "invalid components parameter" in outcome.msg
    assert (outcome["subctl"]["rc"], outcome["members"], outcome["findings"]) == (1, [], [])
    assert outcome["broker_url"]


def remember(api: FakeApi, globalnet: Json, clusterset_ip: Json) -> None:
    kept_tables = Record("one", "2026-11-23T15:00:00Z", globalnet=globalnet, clusterset_ip=clusterset_ip, psk=b"p" * 48)
    api.cluster.load([to_secret(kept_tables)])


def flags(subctl: FakeSubctl) -> str:
    return " ".join(subctl.arguments)


GLOBALNET_ON = {"globalnetEnabled": "true", "globalnetCidrRange": '"242.8.0.0/16"', "globalnetClusterSize": "4096"}
CLUSTERSET_IP_ON = {"clustersetIPEnabled": "true", "clustersetIPCidrRange": '"243.8.0.0/16"'}


def test_a_new_broker_is_as_the_one_that_the_run_removed(api: FakeApi, tmp_path: pathlib.Path) -> None:
    remember(api, GLOBALNET_ON, CLUSTERSET_IP_ON)
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed(**GLOBALNET_ON))) as subctl:
        outcome = run(api, tmp_path, subctl)
    assert not outcome.failed, outcome.msg
    assert outcome["kept"] == {
        "globalnet": True,
        "globalnet_cidr_range": "242.8.0.0/16",
        "globalnet_cluster_size": 4096,
        "enable_clusterset_ip": True,
        "clusterset_ip_cidr_range": "243.8.0.0/16",
    }
    assert "--globalnet=true --globalnet-cidr-range 242.8.0.0/16 --globalnet-cluster-size 4096" in flags(subctl)
    assert "--enable-clusterset-ip=true --clusterset-ip-cidr-range 243.8.0.0/16" in flags(subctl)


def test_what_is_asked_for_outranks_what_was(api: FakeApi, tmp_path: pathlib.Path) -> None:
    remember(api, GLOBALNET_ON, CLUSTERSET_IP_ON)
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        outcome = run(api, tmp_path, subctl, globalnet=False, clusterset_ip_cidr_range="243.9.0.0/16")
    assert not outcome.failed, outcome.msg
    assert "--globalnet=false" in flags(subctl)
    assert "--globalnet-cidr-range" not in flags(subctl)
    assert "--clusterset-ip-cidr-range 243.9.0.0/16" in flags(subctl)


def test_a_broker_with_globalnet_is_left_with_it(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed(**GLOBALNET_ON))
    outcome = run(api, tmp_path, version="0.19.0", components=["connectivity", "service-discovery"])
    assert not outcome.failed, outcome.msg
    assert not outcome.changed
    assert outcome["kept"]["globalnet"] is True


def test_the_broker_that_is_there_outranks_the_memory_of_another(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    remember(api, GLOBALNET_ON, {})
    assert run(api, tmp_path, check=True)["kept"]["globalnet"] is False


@pytest.mark.parametrize("setting", [{"globalnet": True}, {"clusterset_ip_cidr_range": "250.0.0.0/8"}])
def test_what_is_fixed_is_refused_with_the_way_out(api: FakeApi, tmp_path: pathlib.Path, setting: Json) -> None:
    api.cluster.load(deployed())
    outcome = run(api, tmp_path, **setting)
    assert outcome.failed
    assert next(iter(setting)) in outcome.msg
    assert "reinstall" in outcome.msg
    assert [r for r in api.writes if "tokenreviews" not in r.path] == []


def test_other_components_are_deployed_anew(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    record(api, b"psk-of-the-record-48")
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        outcome = run(api, tmp_path, subctl, components=["connectivity"])
    assert outcome.changed
    assert outcome["differences"] == [
        {"setting": "components", "have": ["connectivity", "service-discovery"], "want": ["connectivity"]}
    ]
    assert "connectivity" in subctl.arguments


@pytest.mark.parametrize("check", [False, True])
def test_a_broker_that_no_member_could_join_is_refused(api: FakeApi, tmp_path: pathlib.Path, check: bool) -> None:
    outcome = run(api, tmp_path, check=check, components=["service-discovery"])
    assert "Add connectivity to submariner_components" in outcome.msg
    assert api.requests == []


def test_a_new_psk_would_cut_off_members(api: FakeApi, tmp_path: pathlib.Path) -> None:
    items = [o for o in recording("installed", "east") if o["kind"] == "Cluster"]
    api.cluster.load([*deployed(), *items])
    outcome = run(api, tmp_path, components=["connectivity"])
    assert outcome.failed
    assert "east, west" in outcome.msg
    assert "run_record" in outcome.msg


def test_no_answer_is_not_no_broker(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(deployed())
    api.fault(403, path="/brokers/")
    outcome = run(api, tmp_path)
    assert outcome.failed
    assert "Broker" in outcome.msg


def test_what_does_not_answer_after_the_deployment_is_unknown(api: FakeApi, tmp_path: pathlib.Path) -> None:
    def deploy() -> None:
        api.cluster.load(deployed())
        api.fault(403, path="/brokers/")

    with FakeSubctl(tmp_path, deploy) as subctl:
        outcome = run(api, tmp_path, subctl)
    assert outcome.failed
    assert {(f["id"], f["severity"]) for f in outcome["findings"]} == {("broker.unknown", "unknown")}


@pytest.mark.parametrize(
    ("conditions", "observed"), [(None, "is not there"), ([{"type": "Established", "status": "False"}], "is not est")]
)
def test_a_definition_that_a_broker_needs(
    api: FakeApi, tmp_path: pathlib.Path, conditions: list[Json] | None, observed: str
) -> None:
    items = deployed()
    (needed,) = [o for o in items if o["metadata"]["name"] == "endpoints.submariner.io"]
    if conditions is None:
        items.remove(needed)
    else:
        needed["status"] = {"conditions": conditions}
    api.cluster.load(items)
    outcome = run(api, tmp_path, check=True)
    (found,) = outcome["findings"]
    assert (found["id"], found["severity"]) == ("broker.crd", "error")
    assert found["subject"] == "CustomResourceDefinition endpoints.submariner.io"
    assert found["observed"].startswith(observed)
    assert "restart its pod" in found["hint"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"submariner-globalnet-info"}, {"broker.table"}),
        ({"submariner-operator"}, {"broker.namespace", "operator.unavailable"}),
    ],
)
def test_what_else_a_broker_needs(api: FakeApi, tmp_path: pathlib.Path, names: set[str], found: set[str]) -> None:
    api.cluster.load([o for o in deployed() if not names & {o["metadata"]["name"], o["metadata"].get("namespace", "")}])
    outcome = run(api, tmp_path, check=True)
    assert outcome.changed
    assert {f["id"] for f in outcome["findings"] if f["severity"] == "error"} == found


def namespace(name: str, **more: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **more}}


@pytest.mark.parametrize("there", [[namespace(NAMESPACE)], []], ids=["with that of the broker", "alone"])
def test_a_namespace_that_is_going_is_waited_for(api: FakeApi, tmp_path: pathlib.Path, there: list[Json]) -> None:
    api.cluster.load([namespace("submariner-operator", deletionTimestamp="2026-11-23T15:00:00Z"), *there])
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        refused = run(api, tmp_path, subctl)
        assert "Namespace submariner-operator: is being deleted" in refused.msg
        assert "cleanup" in refused.msg
        assert not subctl.called
        api.after(1.0, lambda: api.cluster.delete(("", "namespaces"), "", "submariner-operator"))
        outcome = run(api, tmp_path, subctl)
    assert not outcome.failed, outcome.msg


def test_a_namespace_of_which_nothing_is_known_any_more_is_not_gone(
    api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_psk(*_asked: object) -> tuple[bytes, str]:
        api.fault(403, path="/namespaces/submariner-operator$")
        return b"p" * 48, "new"

    monkeypatch.setattr(broker, "find_psk", find_psk)
    api.cluster.load([namespace("submariner-operator", deletionTimestamp="2026-11-23T15:00:00Z")])
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        outcome = run(api, tmp_path, subctl)
        assert "cannot be read (operator's Namespace" in outcome.msg
        assert not subctl.called


def test_a_token_that_does_not_work_is_missing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    items = [o for o in deployed() if not o["metadata"]["name"].startswith("submariner-k8s-broker-admin-token")]
    api.cluster.load(items)
    outcome = run(api, tmp_path, check=True)
    assert outcome.changed
    assert [f["id"] for f in outcome["findings"]] == ["broker.token"]


def test_arguments_of_subctl() -> None:
    assert _broker.deploy_arguments(
        {
            "globalnet": True,
            "globalnet_cluster_size": 8192,
            "components": ["connectivity"],
            "custom_domains": [],
            "version": None,
            "broker_url": "https://a:6443",
            "operator_debug": False,
        }
    ) == [
        "deploy-broker",
        "--globalnet=true",
        "--globalnet-cluster-size",
        "8192",
        "--components",
        "connectivity",
        "--broker-url",
        "https://a:6443",
        "--operator-debug=false",
    ]


def test_the_program_sees_no_secret_on_its_command_line(api: FakeApi, tmp_path: pathlib.Path) -> None:
    record(api, os.urandom(48))
    with FakeSubctl(tmp_path, lambda: api.cluster.load(deployed())) as subctl:
        run(api, tmp_path, subctl)
    psk = kept(api).psk
    assert not any(b64(psk) in word or "token-of-the-fake" in word for word in subctl.arguments)


@pytest.mark.parametrize(("tag", "missing"), [("0.17.5", []), ("0.18.4", []), ("0.19.0", ["broker.table"])])
def test_a_release_before_clusterset_ips_has_no_table_of_them(
    api: FakeApi, tmp_path: pathlib.Path, tag: str, missing: list[str]
) -> None:
    items = [o for o in deployed() if o["metadata"]["name"] != "submariner-clustersetip-info"]
    for item in items:
        if item["kind"] in ("Deployment", "Pod"):
            for container in item["spec"].get("template", item)["spec"]["containers"]:
                container["image"] = f"quay.io/submariner/submariner-operator:{tag}"
    with FakeSubctl(tmp_path, lambda: api.cluster.load(items)) as subctl:
        outcome = run(api, tmp_path, subctl, version=tag)
    assert [f["id"] for f in outcome["findings"]] == missing, outcome.msg
    assert outcome.failed is bool(missing)
    again = run(api, tmp_path, version=tag, check=True)
    assert again.changed is bool(missing)


@pytest.mark.parametrize(("asked", "failed"), [(4096, False), (4000, False), (2049, False), (2048, True), (5000, True)])
def test_a_size_that_subctl_rounds_up_is_no_difference(
    api: FakeApi, tmp_path: pathlib.Path, asked: int, failed: bool
) -> None:
    api.cluster.load(deployed(**GLOBALNET_ON))
    outcome = run(api, tmp_path, globalnet=True, globalnet_cluster_size=asked)
    assert outcome.failed is failed, outcome.msg
    assert not outcome.changed
