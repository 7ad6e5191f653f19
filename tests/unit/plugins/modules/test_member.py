# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module member, driven end to end against two fake API servers and a fake subctl."""

from __future__ import annotations

import base64
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _join
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, decode, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._member import SETTINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from ansible_collections.submariner.lifecycle.plugins.modules import member
from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_subctl import FakeSubctl
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
BROKER = "submariner-k8s-broker"
OPERATOR = "submariner-operator"
PSK = b"psk-of-the-record-48"
URL = "https://10.201.0.2:6443"
NODES = ("", "nodes")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def broker_side(records: bool = False) -> list[Json]:
    """The broker on east as recorded, with a token in place of the blanked one."""
    wanted = []
    for item in recording("installed", "east"):
        meta = item["metadata"]
        if item["kind"] == "CustomResourceDefinition":
            item["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        elif (meta.get("namespace") != BROKER and item["kind"] != "Namespace") or (
            item["kind"] in ("Cluster", "Endpoint") and (not records or "west" not in meta["name"])
        ):
            continue
        if meta["name"].startswith("submariner-k8s-broker-admin-token"):
            item["data"] = {"token": b64(b"admin-token"), "ca.crt": b64(b"ca"), "namespace": b64(BROKER.encode())}
        wanted.append(item)
    return wanted


def bare(cluster: str = "west") -> list[Json]:
    """A cluster without Submariner: its nodes, without label."""
    nodes = [o for o in recording("installed", cluster) if o["kind"] == "Node"]
    for node in nodes:
        node["metadata"]["labels"].pop("submariner.io/gateway", None)
    return nodes


def installed(cluster: str = "west", **spec: t.Any) -> list[Json]:
    """The installation on west as recorded, joined with the PSK and the authority of these tests."""
    items = [o for o in recording("installed", cluster) if o["metadata"].get("namespace") != BROKER]
    for item in items:
        if item["kind"] == "Submariner":
            item["spec"].update(ceIPSecPSK=b64(PSK), brokerK8sCA=b64(b"ca"), **spec)
    return items


def record(**more: t.Any) -> Json:
    info = encode(BrokerInfo(url=URL, psk=PSK))
    return to_secret(Record(run_id="one", started="2026-11-23T15:00:00Z", psk=PSK, broker_info=info, **more))


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_join, "_GOING_SECONDS", 2.0)
    monkeypatch.setattr(_join, "_LOG_PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(_join, "_CRASH_PATIENCE_SECONDS", 1.0)


@pytest.fixture
def broker_api(other_api: FakeApi) -> FakeApi:
    other_api.cluster.load([*broker_side(), record()])
    return other_api


def run(
    api: FakeApi, broker: FakeApi, folder: pathlib.Path, subctl: FakeSubctl | None = None, **more: t.Any
) -> Outcome:
    check, diff = more.pop("check", False), more.pop("diff", False)
    arguments = {
        "kubeconfig": api.kubeconfig(folder, "west"),
        "broker": {"kubeconfig": broker.kubeconfig(folder, "east")},
        "subctl": str(subctl.path) if subctl else "/nonexistent",
        "cluster_id": "west",
        "ready_timeout": 2,
        **more,
    }
    return run_module(member.main, arguments, check=check, diff=diff)


def test_joined_with_a_label_before_and_a_proof_after(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(bare())
    labelled: list[str] = []

    def join() -> None:
        node = api.cluster.get(NODES, "", "b-node")
        labelled.append(node["metadata"]["labels"]["submariner.io/gateway"])
        api.cluster.load(installed())

    with FakeSubctl(tmp_path, join) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, cable_driver="vxlan", natt=False)
    assert not outcome.failed, outcome.msg
    assert outcome.changed
    assert labelled == ["true"]
    assert outcome["labelled"] == ["b-node"]
    assert subctl.arguments[2:6] == ["--clusterid", "west", "--label-gateway=false", "--cable-driver=vxlan"]
    info = decode(subctl.given)
    assert (info.url, info.token, info.psk, info.namespace) == (URL, b"admin-token", PSK, BROKER)
    assert b64(PSK) not in str(outcome.result)


def test_a_cluster_joined_as_wanted_is_left_as_it_is(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(installed())
    outcome = run(api, broker_api, tmp_path, cable_driver="vxlan", natt=False, air_gapped=True, version="0.19.0")
    assert not outcome.failed, outcome.msg
    assert not outcome.changed
    assert api.writes == []
    assert outcome["gateway_nodes"] == ["b-node"]


def test_check_mode_tells_and_writes_nothing(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(bare())
    outcome = run(api, broker_api, tmp_path, check=True, diff=True)
    assert outcome.changed
    assert "cluster west: joined" in outcome["diff"]["after"]
    assert "node b-node: gateway" in outcome["diff"]["after"]
    assert api.writes == []


def test_check_mode_before_there_is_a_broker(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(bare())
    outcome = run(api, other_api, tmp_path, check=True)
    assert outcome.changed
    assert api.writes == other_api.writes == []


def test_without_a_broker_there_is_nothing_to_join(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(bare())
    outcome = run(api, other_api, tmp_path)
    assert outcome.failed
    assert outcome["findings"][0]["id"] == "broker.none"
    assert api.writes == []


@pytest.mark.parametrize(
    ("spec", "setting", "have"),
    [
        ({"cableDriver": "libreswan"}, "cable_driver", "libreswan"),
        ({"brokerK8sApiServer": "127.0.0.1:43881"}, "broker address", "127.0.0.1:43881"),
        ({"ceIPSecPSK": b64(b"another")}, "PSK", "another one"),
    ],
)
def test_an_installation_that_differs_is_joined_anew(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, spec: Json, setting: str, have: str
) -> None:
    items = installed()
    next(o for o in items if o["kind"] == "Submariner")["spec"].update(spec)
    api.cluster.load(items)
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, cable_driver="vxlan")
    assert outcome.changed
    assert [(d["setting"], d["have"]) for d in outcome["differences"]] == [(setting, have)]
    assert outcome["rejoins"] is True
    assert "makes its operator uninstall it first" in str(outcome["warnings"])
    assert b64(b"another") not in str(outcome.result)


@pytest.mark.parametrize(
    ("spec", "options", "differing"),
    [
        ({"coreDNSCustomConfig": {"configMapName": "dns"}}, {"coredns_custom_configmap": "kube-system/dns"}, []),
        (
            {"coreDNSCustomConfig": {"namespace": "kube-system", "configMapName": "dns"}},
            {"coredns_custom_configmap": "dns"},
            [],
        ),
        (
            {"coreDNSCustomConfig": {"namespace": "site", "configMapName": "dns"}},
            {"coredns_custom_configmap": "dns"},
            [("coredns_custom_configmap", "site/dns", "kube-system/dns")],
        ),
        ({}, {"coredns_custom_configmap": "site/dns"}, [("coredns_custom_configmap", "", "site/dns")]),
        ({"coreDNSCustomConfig": {"configMapName": "dns"}}, {}, []),
    ],
)
def test_the_map_for_dns_is_compared_in_any_form(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, spec: Json, options: Json, differing: list[t.Any]
) -> None:
    api.cluster.load(installed(**spec))
    outcome = run(api, broker_api, tmp_path, check=True, **options)
    assert [(d["setting"], d["have"], d["want"]) for d in outcome["differences"]] == differing


@pytest.mark.parametrize("spec", [{"brokerK8sInsecure": True}, {"brokerK8sInsecure": False}, {}])
@pytest.mark.parametrize("check", [True, False])
def test_whether_the_brokers_certificate_is_checked_is_compared(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, spec: Json, check: bool
) -> None:
    """The resource says the opposite, and nothing where it is checked."""
    api.cluster.load(installed(**spec))
    outcome = run(api, broker_api, tmp_path, check=True, check_broker_certificate=check)
    as_wanted = check is not spec.get("brokerK8sInsecure", False)
    expected = [] if as_wanted else [{"setting": "check_broker_certificate", "have": not check, "want": check}]
    assert outcome["differences"] == expected


def test_the_record_of_another_cluster_with_this_id_refuses_the_join(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load([*broker_side(records=True), record()])
    api.cluster.load(bare("east"))
    outcome = run(api, other_api, tmp_path)
    assert outcome.failed
    assert outcome["findings"][0]["id"] == "member.id-claimed"
    assert "b-node (10.202.0.2)" in outcome.msg
    assert api.writes == []


def test_this_clusters_own_ghost_refuses_the_join_with_the_way_out(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load([*broker_side(records=True), record()])
    api.cluster.load(bare())
    outcome = run(api, other_api, tmp_path)
    assert outcome["findings"][0]["id"] == "member.id-stale"
    assert "cleanup" in outcome.msg
    assert api.writes == []


def test_an_installation_under_another_id_is_not_joined_over(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(installed(clusterID="west2"))
    outcome = run(api, broker_api, tmp_path)
    assert outcome["findings"][0]["id"] == "member.other-id"
    assert "west2" in outcome.msg


def test_an_installation_of_another_broker_is_not_joined_over(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    items = installed()
    next(o for o in items if o["kind"] == "Submariner")["spec"]["brokerK8sCA"] = b64(b"another authority")
    api.cluster.load(items)
    assert run(api, broker_api, tmp_path)["findings"][0]["id"] == "member.other-broker"


def test_a_failure_says_how_far_it_came(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(bare())
    api.fault(403, verb="patch", path="/nodes/")
    assert run(api, broker_api, tmp_path)["stage"] == "labelling"
    api.cluster.load([o for o in installed() if o["kind"] == "Node"])
    with FakeSubctl(tmp_path, lambda: None, rc=1, says=" ✗ no") as subctl:
        outcome = run(api, broker_api, tmp_path, subctl)
    assert (outcome["stage"], outcome["subctl"]["rc"], outcome["cluster_id"]) == ("joining", 1, "west")


def test_up_and_running_with_only_an_operator_is_recognised(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(bare())
    wanted = ("Submariner", "Deployment", "Pod", "Namespace", "CustomResourceDefinition")
    only = [
        o
        for o in installed()
        if o["kind"] in wanted and (o["kind"] not in ("Deployment", "Pod") or "operator" in o["metadata"]["name"])
    ]
    pod = next(o["metadata"]["name"] for o in only if o["kind"] == "Pod")
    api.logs[(OPERATOR, pod, "")] = f'E1123 Get "{URL}/apis": dial tcp 10.201.0.2:6443: connect: connection refused\n'
    with FakeSubctl(tmp_path, lambda: api.cluster.load(only), says=" ✓ Submariner is up and running") as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, ready_timeout=30)
    assert outcome.failed
    assert outcome["findings"][0]["id"] == "operator.broker-unreachable"
    assert "submariner_broker_url" in outcome.msg


def test_an_installation_that_does_not_become_ready_is_named(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    items = installed()
    gateway = next(o for o in items if o["kind"] == "DaemonSet" and o["metadata"]["name"] == "submariner-gateway")
    gateway["status"]["numberReady"] = 0
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(items)) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl)
    assert outcome.failed
    assert outcome["stage"] == "joined"
    assert "submariner-gateway" in outcome.msg
    assert "0 of 1 pods ready" in outcome.msg


@pytest.mark.parametrize(
    "state",
    [{"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"exitCode": 255}}],
    ids=lambda s: next(iter(s)),
)
def test_a_gateway_that_keeps_ending_is_named_with_its_own_words(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, state: Json
) -> None:
    items = [o for o in installed() if o["kind"] != "Gateway"]
    for item in items:
        if item["kind"] == "DaemonSet" and item["metadata"]["name"] == "submariner-gateway":
            item["status"]["numberReady"] = 0
        if item["kind"] == "Pod" and item["metadata"]["labels"].get("app") == "submariner-gateway":
            container = item["status"]["containerStatuses"][0]
            container.update(ready=False, restartCount=3, state=state)
            place = (OPERATOR, item["metadata"]["name"], container["name"])
            api.logs[place] = 'FTL main.go:1 error="could not determine public IP"\nINF done\n'
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(items)) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, ready_timeout=60)
    assert outcome.failed
    assert "what was installed does not run" in outcome.msg
    assert "is not ready after" not in outcome.msg, "it waited for the whole time"
    assert outcome["findings"][0]["subject"] == "submariner-gateway of west"
    assert "could not determine public IP" in outcome["findings"][0]["cause"]
    assert "submariner_air_gapped" in outcome.msg


def test_a_gateway_that_runs_in_between_is_named_with_what_it_said_before(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_join, "_CRASH_PATIENCE_SECONDS", 60.0)
    items = [o for o in installed() if o["kind"] != "Gateway"]
    (pod,) = [o for o in items if o["kind"] == "Pod" and o["metadata"]["labels"].get("app") == "submariner-gateway"]
    container = pod["status"]["containerStatuses"][0]
    running = dict(container)
    container.update(ready=False, restartCount=3, state={"terminated": {"exitCode": 255}})
    api.logs[(OPERATOR, pod["metadata"]["name"], container["name"])] = (
        'FTL main.go:1 error="could not determine public IP"\n'
    )
    api.cluster.load(bare())

    def again() -> None:
        found = api.cluster.get(("", "pods"), OPERATOR, pod["metadata"]["name"])
        found["status"]["containerStatuses"][0] = running
        api.cluster.replace(("", "pods"), found, OPERATOR, pod["metadata"]["name"])

    def joined() -> None:
        api.cluster.load(items)
        api.after(1.5, again)

    with FakeSubctl(tmp_path, joined) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, ready_timeout=5)
    assert "is not ready after" in outcome.msg
    assert "could not determine public IP" in outcome.msg


def test_a_gateway_that_does_not_become_active_is_named_with_what_it_says(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    items = installed()
    for item in items:
        if item["kind"] == "Gateway":
            item["status"].update(haStatus="passive", statusFailure="no route to the broker")
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(items)) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl)
    assert outcome.failed
    assert [f["id"] for f in outcome["findings"]] == ["gateway.none-active"]
    assert "no route to the broker" in outcome.msg


def test_a_load_balancer_without_an_address_is_named_first(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    items = [o for o in installed(loadBalancerEnabled=True) if o["kind"] != "Gateway"]
    service = {"name": "submariner-gateway", "namespace": OPERATOR}
    items.append({"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": {"type": "LoadBalancer"}})
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(items)) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, load_balancer=True)
    assert outcome.failed
    assert "--load-balancer=true" in subctl.arguments
    assert [f["id"] for f in outcome["findings"]] == ["gateway.no-load-balancer"]
    assert "Service submariner-gateway has no address" in outcome.msg
    assert "no gateway is active" in outcome.msg


def test_gateways_of_before_the_uninstall_are_labelled_again(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load([*broker_side(), record(gateway_nodes={"west": ["west-worker"]})])
    nodes = [o for o in recording("healthy-two-nodes", "west") if o["kind"] == "Node"]
    for node in nodes:
        node["metadata"]["labels"].pop("submariner.io/gateway", None)
    api.cluster.load(nodes)
    outcome = run(api, other_api, tmp_path, check=True)
    assert outcome["labelled"] == ["west-worker"]


def test_what_the_record_keeps_is_asked_for_unless_it_is_set(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    kept = {"settings of west": {"cable_driver": "wireguard", "repository": "mirror/sub", "custom_domains": ["a.b"]}}
    other_api.cluster.load([*broker_side(), record(options=kept)])
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(installed())) as subctl:
        run(api, other_api, tmp_path, subctl, repository="another/sub", custom_domains=[])
    flags = [word for word in subctl.arguments if word.startswith(("--cable", "--repo", "--custom"))]
    assert flags == ["--cable-driver=wireguard", "--custom-domains=a.b", "--repository=another/sub"]


def test_a_gateway_node_that_does_not_exist(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(bare())
    outcome = run(api, broker_api, tmp_path, gateway_nodes=["none"])
    assert outcome.failed
    assert "no node is called none" in outcome.msg
    assert api.writes == []


@pytest.mark.parametrize("cluster_id", ["West", "a_b", "-a", "a" * 64, ""])
def test_what_cannot_be_an_id(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, cluster_id: str) -> None:
    outcome = run(api, broker_api, tmp_path, cluster_id=cluster_id)
    assert outcome.failed
    assert "submariner_cluster_id" in outcome.msg


def given(**more: t.Any) -> str:
    return encode(
        BrokerInfo(**{"url": "https://192.0.2.9:6443", "token": b"given", "psk": b"the psk of the file", **more})
    )


def accepting(broker: FakeApi, accepted: bool) -> None:
    broker.answers[r"/tokenreviews$"] = lambda _request: {"kind": "TokenReview", "status": {"authenticated": accepted}}


def test_a_broker_info_that_is_given(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its PSK and address, with the token that the broker has now."""
    monkeypatch.setattr(_join, "choose_url", lambda _module, _api, url: (url, "option"))
    other_api.cluster.load(broker_side())
    accepting(other_api, True)
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(installed())) as subctl:
        outcome = run(api, other_api, tmp_path, subctl, broker_info=given())
    info = decode(subctl.given)
    assert (info.url, info.psk, info.token) == ("https://192.0.2.9:6443", b"the psk of the file", b"admin-token")
    assert "the psk of the file" not in str(outcome.result)
    assert given() not in str(outcome.result)


@pytest.mark.parametrize(
    ("info", "accepted", "said"),
    [
        ("nonsense", True, "cannot be used"),
        (given(namespace="elsewhere"), True, "in namespace elsewhere"),
        (given(), False, "does not accept"),
        (given(token=b""), True, "does not accept"),
        (given(psk=b"another"), True, "another PSK than the clusterset"),
    ],
    ids=["unreadable", "another namespace", "another broker", "no token", "another PSK"],
)
def test_a_broker_info_that_is_not_this_brokers_is_refused(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path, info: str, accepted: bool, said: str
) -> None:
    accepting(broker_api, accepted)
    api.cluster.load(bare())
    outcome = run(api, broker_api, tmp_path, broker_info=info)
    assert outcome.failed
    assert said in outcome.msg
    assert api.writes == []


def test_no_psk_anywhere_is_refused(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    info = encode(BrokerInfo(url=URL))
    other_api.cluster.load([*broker_side(), to_secret(Record(run_id="one", started="", broker_info=info))])
    api.cluster.load(bare())
    outcome = run(api, other_api, tmp_path)
    assert outcome.failed
    assert "run_record" in outcome.msg


def allocations(*pairs: tuple[str, str]) -> Json:
    table = ",".join(f'{{"cluster_id": "{owner}", "global_cidr": ["{cidr}"]}}' for owner, cidr in pairs)
    return {"clusterinfo": f"[{table}]", "clustersetIPCidrRange": '"243.0.0.0/8"'}


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        (allocations(), "243.0.16.0/20"),
        (allocations(("west", "243.0.16.0/20")), "243.0.16.0/20"),
        (allocations(("north", "243.0.16.0/20")), ""),
        ({"clustersetIPCidrRange": '"250.0.0.0/8"'}, ""),
        ({}, ""),
    ],
)
def test_a_range_is_asked_for_again_if_it_is_free(table: Json, asked: str) -> None:
    before = allocations(("east", "243.0.0.0/20"), ("west", "243.0.16.0/20"))
    assert _join.still_free(before, table, "clustersetIPCidrRange", "west") == asked


def test_every_setting_is_an_option_of_the_module() -> None:
    assert set(SETTINGS) <= set(member.argument_spec())


GLOBALNET = {"globalnetEnabled": "true", "globalnetCidrRange": '"242.0.0.0/8"', "globalnetClusterSize": "65536"}


def with_globalnet(**more: str) -> list[Json]:
    items = broker_side()
    for item in items:
        if item["metadata"]["name"] == "submariner-globalnet-info":
            item["data"].update(GLOBALNET, **more)
    return items


def of_west(cidr: str) -> str:
    return f'[{{"cluster_id": "west", "global_cidr": ["{cidr}"]}}]'


@pytest.mark.parametrize(
    ("size", "flags"),
    [
        (None, ["--globalnet-cidr=242.0.4.0/22"]),
        (1024, ["--globalnet-cidr=242.0.4.0/22"]),
        (1000, ["--globalnet-cidr=242.0.4.0/22"]),
        (2048, ["--globalnet-cluster-size=2048"]),
    ],
)
def test_a_range_of_before_and_a_size_are_not_both_asked_for(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, size: int | None, flags: list[str]
) -> None:
    before = record(globalnet={**GLOBALNET, "clusterinfo": of_west("242.0.4.0/22")})
    other_api.cluster.load([*with_globalnet(), before])
    api.cluster.load(bare())
    with FakeSubctl(tmp_path, lambda: api.cluster.load(installed())) as subctl:
        run(api, other_api, tmp_path, subctl, globalnet_cluster_size=size)
    assert [word for word in subctl.arguments if word.startswith("--globalnet")] == flags


def test_a_range_that_subctl_would_not_take_is_no_difference(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    other_api.cluster.load([*with_globalnet(clusterinfo=of_west("242.1.0.0/16")), record()])
    api.cluster.load(installed(globalCIDR="242.1.0.0/16"))
    outcome = run(api, other_api, tmp_path, check=True, globalnet_cidr="242.9.0.0/16")
    assert not outcome.changed
    assert "has given 242.1.0.0/16 to west" in str(outcome.result["warnings"])


def test_a_global_range_without_globalnet_is_no_difference(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.cluster.load(installed())
    outcome = run(api, broker_api, tmp_path, check=True, globalnet_cidr="242.9.0.0/16")
    assert not outcome.changed
    assert "no Globalnet for west" in str(outcome.result["warnings"])


def test_what_the_broker_was_deployed_anew_with_reaches_its_members(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    items = broker_side()
    for item in items:
        if item["kind"] == "Broker":
            item["spec"].update(components=["connectivity"], defaultCustomDomains=["example.org"])
    other_api.cluster.load([*items, record()])
    api.cluster.load(installed())
    outcome = run(api, other_api, tmp_path, check=True)
    assert outcome["differences"] == [
        {"setting": "service discovery", "have": True, "want": False},
        {"setting": "the broker's custom domains", "have": [], "want": ["example.org"]},
    ]
    assert outcome["rejoins"]
    own = run(api, other_api, tmp_path, check=True, custom_domains=["example.net"])
    assert [d["setting"] for d in own["differences"]] == ["service discovery", "custom_domains"]
