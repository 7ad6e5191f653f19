# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gather and gather_archive against a fake API server: what is written, within which bounds, and that nothing secret is."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import tarfile
import time
import typing as t

import jsonschema
import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils import _gather, _gather_objects
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.modules import gather, gather_archive
from tests.unit import planted
from tests.unit.fake_api import FakeApi, recording
from tests.unit.plugins.modules import test_node_cleanup
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
fleet = test_node_cleanup.fleet
Fleet = test_node_cleanup.Fleet

OPERATORS, BROKER = "submariner-operator", "submariner-k8s-broker"
GATEWAY = "submariner-gateway-6ppt2"
READ = ["objects", "logs"]
SCHEMA = json.loads((pathlib.Path(__file__).parents[4] / "docs" / "gather-1.schema.json").read_text())


def run(api: FakeApi, folder: pathlib.Path, **more: t.Any) -> Outcome:
    check = more.pop("check", False)
    arguments = {"kubeconfig": api.kubeconfig(folder), "cluster": "east", "dest": str(folder / "out"), **more}
    return run_module(gather.main, {"parts": READ, **arguments}, check=check)


def files(folder: pathlib.Path) -> dict[str, str]:
    place = folder / "out" / "east"
    return {str(path.relative_to(place)): path.read_text() for path in sorted(place.rglob("*")) if path.is_file()}


def index(folder: pathlib.Path) -> Json:
    content: Json = json.loads(files(folder)["gather.json"])
    jsonschema.validate(content, SCHEMA)
    return content


@pytest.fixture
def east(api: FakeApi) -> FakeApi:
    """A recorded cluster that is a member and hosts the broker."""
    api.cluster.load(recording("healthy-two-nodes", "east"))
    return api


def test_objects_have_the_names_that_upstream_gives_them(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path)
    assert not outcome.failed, outcome.msg
    assert (outcome["reached"], outcome["verdict"], outcome["unknown"]) == (True, "pass", {})
    there = files(tmp_path)
    assert {*outcome["files"], "gather.json"} == set(there)
    assert index(tmp_path)["versions"] == {"kubernetes": "v1.36.3", "submariner": "0.19.0"}
    for plural, namespace, name, kind in (
        ("submariners", OPERATORS, "submariner", "Submariner"),
        ("endpoints", BROKER, "west-submariner-cable-west-172-31-2-4", "Endpoint"),
        ("pods", OPERATORS, GATEWAY, "Pod"),
        ("nodes", "", "east-worker", "Node"),
        ("namespaces", "", BROKER, "Namespace"),
        ("clusterroles", "", "submariner-gateway", "ClusterRole"),
        ("customresourcedefinitions", "", "endpoints.submariner.io", "CustomResourceDefinition"),
        ("configmaps", "kube-system", "coredns", "ConfigMap"),
    ):
        body = yaml.safe_load(there[f"{plural}_{namespace}_{name}.yaml"])
        assert (body["kind"], body["metadata"]["name"]) == (kind, name)
        assert body["apiVersion"]
        assert there[f"{plural}_{namespace}_{name}.yaml"].count(f"\nkind: {kind}\n") == 1
    assert yaml.safe_load(there["clusterroles__submariner-gateway.yaml"])["rules"], "not only the metadata"
    assert json.loads(there["snapshot.json"])["digest"] == outcome["digest"]
    assert json.loads(there["findings.json"])["verdict"] == "pass"
    assert east.writes == []


def test_only_its_owner_can_read_it(east: FakeApi, tmp_path: pathlib.Path) -> None:
    before = os.umask(0)
    try:
        run(east, tmp_path)
    finally:
        os.umask(before)
    folder = tmp_path / "out" / "east"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_of_secrets_only_the_names_of_keys_are_there(east: FakeApi, tmp_path: pathlib.Path) -> None:
    run(east, tmp_path)
    body = yaml.safe_load(files(tmp_path)[f"secrets_{OPERATORS}_submariner-broker-secret.yaml"])
    assert set(body["data"].values()) == {"<hidden>"}
    assert {"ca.crt", "token"} <= set(body["data"])


def test_logs_of_this_and_of_the_container_before(east: FakeApi, tmp_path: pathlib.Path) -> None:
    pod = east.cluster.get(("", "pods"), OPERATORS, GATEWAY)
    pod["status"]["containerStatuses"][0]["restartCount"] = 1
    east.cluster.replace(("", "pods"), pod, OPERATORS, GATEWAY)
    container = pod["spec"]["containers"][0]["name"]
    east.logs[OPERATORS, GATEWAY, container] = "now\n"
    east.previous_logs[OPERATORS, GATEWAY, container] = "2026-11-23T07:00:00Z panic: before\n"
    run(east, tmp_path)
    there = files(tmp_path)
    assert there[f"{GATEWAY}.log"] == "now\n"
    assert there[f"{GATEWAY}.log.prev"] == "2026-11-23T07:00:00Z panic: before\n"
    assert "panic: before" in there["log-findings.json"]


def test_the_logs_of_dns_are_there(east: FakeApi, tmp_path: pathlib.Path) -> None:
    status = {
        "containerStatuses": [{"name": "coredns", "state": {"running": {"startedAt": "then"}}, "image": "coredns:1"}]
    }
    labels = {"k8s-app": "kube-dns"}
    east.cluster.create(
        ("", "pods"), {"metadata": {"name": "coredns-1", "labels": labels}, "status": status}, "kube-system"
    )
    east.logs["kube-system", "coredns-1", "coredns"] = "loop detected\n"
    outcome = run(east, tmp_path)
    assert outcome["unknown"] == {}
    assert files(tmp_path)["coredns-1.log"] == "loop detected\n"
    assert "pods_kube-system_coredns-1.yaml" in files(tmp_path)


def test_events_are_one_file_in_their_order(east: FakeApi, tmp_path: pathlib.Path) -> None:
    for name, when in (("b", "2026-11-23T07:00:02Z"), ("a", "2026-11-23T07:00:01Z")):
        event = {"metadata": {"name": name}, "lastTimestamp": when, "message": name}
        east.cluster.create(("", "events"), event, OPERATORS)
    run(east, tmp_path)
    items = yaml.safe_load(files(tmp_path)[f"events_{OPERATORS}.yaml"])["items"]
    assert [item["message"] for item in items] == ["a", "b"]


# -- what could not be had --------------------------------------------------------------------------------------------


def test_a_cluster_that_does_not_answer_has_an_entry(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(503, message="away")
    outcome = run(east, tmp_path)
    assert not outcome.failed
    assert (outcome["reached"], outcome["verdict"], outcome["files"]) == (False, "unknown", [])
    assert outcome["unknown"] == {"the cluster": "away"} == index(tmp_path)["unknown"]
    assert "digest" not in outcome.result
    assert {request.path for request in east.requests} == {"/version"}, "nothing more is asked"


def test_a_cluster_that_cannot_be_asked_has_one_too(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, context="nowhere")
    assert not outcome.failed
    assert outcome["reached"] is False
    assert "nowhere" in index(tmp_path)["unknown"]["the cluster"]


def test_what_is_refused_is_unknown_and_the_rest_is_there(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.fault(403, path="/secrets$", message="no secrets for you")
    east.fault(403, path="/log$", message="no logs for you")
    outcome = run(east, tmp_path)
    assert outcome["unknown"][f"secrets in {OPERATORS}"] == "no secrets for you"
    assert outcome["unknown"][f"log of {GATEWAY}/submariner-gateway"] == "no logs for you"
    assert f"submariners_{OPERATORS}_submariner.yaml" in outcome["files"]


def test_an_answer_that_nobody_thought_of_costs_one_part_only(
    east: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_arguments: object) -> t.NoReturn:
        raise TypeError("unhashable")

    monkeypatch.setattr(_gather, "choose", odd)
    outcome = run(east, tmp_path)
    assert outcome["unknown"] == {"logs": "unhashable"}
    assert f"submariners_{OPERATORS}_submariner.yaml" in outcome["files"]


# -- bounds -----------------------------------------------------------------------------------------------------------


def test_a_long_log_is_there_with_its_end(east: FakeApi, tmp_path: pathlib.Path) -> None:
    east.logs[OPERATORS, GATEWAY, "submariner-gateway"] = "".join(f"line {number:06}\n" for number in range(5000))
    outcome = run(east, tmp_path, log_bytes=4096)
    log = files(tmp_path)[f"{GATEWAY}.log"]
    assert len(log) <= 4096
    assert log.endswith("line 004999\n")
    assert log.startswith("line ")
    assert "4096" in outcome["truncated"][f"{GATEWAY}.log"]


def test_all_files_together_are_bounded(east: FakeApi, tmp_path: pathlib.Path) -> None:
    for number in range(12):
        big = {"metadata": {"name": f"big-{number:02}"}, "data": {"x": "words and " * 20000}}
        east.cluster.create(("", "configmaps"), big, OPERATORS)
    outcome = run(east, tmp_path, limit_bytes=1 << 20)
    there = files(tmp_path)
    assert sum(len(text.encode()) for text in there.values()) <= 1 << 20
    assert any("limit for all files" in why for why in outcome["truncated"].values())
    for name, text in there.items():
        assert not name.endswith(".yaml") or yaml.safe_load(text), f"{name} is whole"


def test_many_objects_of_a_kind_are_bounded(
    east: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_gather_objects, "MOST_OBJECTS", 5)
    for number in range(9):
        east.cluster.create(("", "events"), {"metadata": {"name": f"e{number}"}, "message": str(number)}, OPERATORS)
        east.cluster.create(("", "configmaps"), {"metadata": {"name": f"c{number}"}}, OPERATORS)
    outcome = run(east, tmp_path)
    assert len([name for name in outcome["files"] if name.startswith("pods_")]) == 5
    assert "objects are left out" in outcome["truncated"]["pods"]
    assert "the oldest 4 of 9" in outcome["truncated"][f"events_{OPERATORS}.yaml"]


def test_a_log_that_does_not_come_is_noted_in_time(
    east: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    east.fault(path=f"{GATEWAY}/log$", delay=30.0)
    monkeypatch.setattr(_gather, "LONGEST_READING", 1.0)
    began = time.monotonic()
    outcome = run(east, tmp_path)
    assert time.monotonic() - began < 15.0
    assert "not read within" in outcome["unknown"][f"log of {GATEWAY}/submariner-gateway"]


def test_an_api_that_hangs_takes_no_longer_than_the_time_that_is_given(
    east: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    east.fault(path="/apis/", delay=30.0)
    monkeypatch.setitem(gather.LIMITS, "timeout", (1, 10))
    began = time.monotonic()
    outcome = run(east, tmp_path, timeout=3, parts=["objects"])
    assert time.monotonic() - began < 15.0
    assert not outcome.failed, outcome.msg
    assert "submariners" in outcome["unknown"]


@pytest.mark.parametrize(
    ("option", "value"), [("timeout", 1), ("limit_bytes", 10), ("log_bytes", 1 << 40), ("max_nodes", 1 << 20)]
)
def test_limits_are_sane(east: FakeApi, tmp_path: pathlib.Path, option: str, value: int) -> None:
    outcome = run(east, tmp_path, **{option: value})
    assert outcome.failed
    assert outcome.msg.startswith(f"{option} is {value}; it has to be between")
    assert not (tmp_path / "out").exists()


# -- hostile names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../../evil", "..", "/etc/evil", ".hidden", "a/b", "x" * 4000, "gather.json", "ü\n"]
)
def test_no_name_leads_out_of_the_folder(east: FakeApi, tmp_path: pathlib.Path, name: str) -> None:
    for namespace in (OPERATORS, BROKER):
        body = {"metadata": {"name": name, "namespace": namespace, "uid": "u"}, "data": {"x": "evil"}}
        east.cluster.load([{"apiVersion": "v1", "kind": "ConfigMap", **body}])
    outcome = run(east, tmp_path, cluster=name)
    assert not outcome.failed, outcome.msg
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.parent == tmp_path / "out"
    assert pathlib.Path(outcome["folder"]).parent == tmp_path / "out"
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert written == {"kubeconfig.east", "out"}
    assert (
        len([path for path in folder.iterdir() if path.name.startswith("configmaps_") and "evil" in path.read_text()])
        == 2
    )


def test_a_folder_with_something_in_it_is_refused(east: FakeApi, tmp_path: pathlib.Path) -> None:
    (tmp_path / "out" / "east").mkdir(parents=True)
    (tmp_path / "out" / "east" / "x").touch()
    outcome = run(east, tmp_path)
    assert outcome.failed
    assert "is not an empty folder" in outcome.msg


def test_a_link_is_no_folder(east: FakeApi, tmp_path: pathlib.Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "east").symlink_to(tmp_path / "elsewhere")
    assert run(east, tmp_path).failed
    assert list((tmp_path / "elsewhere").iterdir()) == []


# -- check mode, subctl, nodes ----------------------------------------------------------------------------------------


def test_check_mode_says_what_would_be_there(east: FakeApi, tmp_path: pathlib.Path) -> None:
    planned = run(east, tmp_path, check=True, parts=["objects", "logs", "nodes", "subctl"])
    assert planned.changed
    assert not (tmp_path / "out").exists()
    assert east.writes == []
    assert not [request for request in east.requests if request.path.endswith("/log")]
    assert {"subctl-show-all.log", "east-worker_ip-a.log", f"{GATEWAY}.log"} <= set(planned["files"])
    done = run(east, tmp_path)
    assert set(done["files"]) <= set(planned["files"])


def test_what_subctl_says_and_gathers(east: FakeApi, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "subctl"
    program.write_text(
        '#!/bin/sh\ncase "$1" in show) echo "panic: runtime error: x" >&2; exit 2;; diagnose) sleep 60;;\n'
        'gather) mkdir -p "$3/east"; echo "kind: X" > "$3/east/x_y_z.yaml"; echo done;; esac\n'
    )
    program.chmod(0o755)
    began = time.monotonic()
    outcome = run(east, tmp_path, parts=["subctl"], subctl=str(program), subctl_timeout=1)
    assert time.monotonic() - began < 20.0
    there = files(tmp_path)
    assert there["subctl-gather/east/x_y_z.yaml"] == "kind: X\n"
    assert there["subctl-gather.log"].startswith("subctl gather\ndone")
    assert "it broke down: panic: runtime error" in outcome["unknown"]["subctl show-all"]
    assert "did not end within 1 s" in outcome["unknown"]["subctl diagnose-all"]


def test_links_between_files_of_subctl_hold(east: FakeApi, tmp_path: pathlib.Path) -> None:
    """All stands where it stood, and nothing outside; names that would be one stay two."""
    program = tmp_path / "subctl"
    program.write_text(
        '#!/bin/sh\n[ "$1" = gather ] || exit 0\nmkdir -p "$3/east/deep/.er" "$3/EAST" "$3/-" && cd "$3"\n'
        "echo '<a href=\"a_b.log\">' > east/summary.html; echo a > east/a_b.log; echo b > EAST/a_b.log\n"
        "echo c > east/deep/.er/c.log; echo top > gather.json; ln -s /etc east/link; echo d > -/..d\n"
    )
    program.chmod(0o755)
    outcome = run(east, tmp_path, parts=["subctl"], subctl=str(program))
    names = {name for name in outcome["files"] if name.startswith("subctl-gather/")}
    assert names == {
        "subctl-gather/-/__d",
        "subctl-gather/EAST/a_b.log",
        "subctl-gather/east-2/a_b.log",
        "subctl-gather/east-2/deep_.er_c.log",
        "subctl-gather/east-2/summary.html",
        "subctl-gather/gather.json",
    }
    assert names < {file["name"] for file in index(tmp_path)["files"]} < set(files(tmp_path))
    assert archive(tmp_path)["clusters"]["east"]["files"] == len(outcome["files"])
    with tarfile.open(tmp_path / "submariner-1.tar.gz") as packed:
        assert {f"submariner-1/east/{name}" for name in names} < set(packed.getnames())


def test_without_subctl_or_submariner_it_is_said(east: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = run(east, tmp_path, parts=["subctl"], subctl=str(tmp_path / "nowhere"))
    assert "subctl is not at" in outcome["unknown"]["subctl"]
    with FakeApi() as empty:
        other = tmp_path / "other"
        other.mkdir()
        outcome = run(empty, other, parts=["subctl"])
    assert "Submariner is not installed" in outcome["unknown"]["subctl"]


UPSTREAM: dict[str, str] = {
    "ip-a": "ip -d a",
    "ip-l": "ip -d l",
    "ip-routes": "ip route show",
    "ip-routes-table100": "ip route show table 100",
    "ip-routes-table150": "ip route show table 150",
    "ip-rules": "ip rule list",
    "ip-rules-table150": "ip rule show table 150",
    "ip-xfrm-policy": "ip xfrm policy",
    "ip-xfrm-state": "ip xfrm state",
    "ipsec-status": "ipsec status",
    "ipsec-trafficstatus": "ipsec --trafficstatus",
    "ipset-list": "ipset list",
    "iptables": "iptables -L -n -v --line-numbers",
    "iptables-mangle": "iptables -L -n -v --line-numbers -t mangle",
    "iptables-nat": "iptables -L -n -v --line-numbers -t nat",
    "iptables-save": "iptables-save -c",
    "sysctl-a": "sysctl -a",
}
"""What C(subctl gather) asks on nodes and in gateways, by the name that it gives the answer."""
NOT_ON_NODES = {"ipsec-status", "ipsec-trafficstatus"}
"""Their program is in the gateway's image alone."""
OWN = {"ip-routes-all", "ip-neigh", "ip6tables-save", "nft", "udp"}
LONGER = {"ip -d address": "ip -d a", "ip -d link": "ip -d l", "ip xfrm state list nokeys": "ip xfrm state"}


def test_dumps_of_nodes_have_the_names_that_upstream_gives_them() -> None:
    asked = {name: " ".join(argv) for name, argv in {**_gather.DUMPS, **_gather.LISTINGS}.items()}
    same = {name: words.replace(" -w 10", "").removesuffix(" -t filter") for name, words in asked.items()}
    assert {name: LONGER.get(words, words) for name, words in same.items() if name not in OWN} == {
        name: words for name, words in UPSTREAM.items() if name not in NOT_ON_NODES
    }
    assert set(asked) > OWN


def test_tables_that_are_not_there_are_not_listed_and_no_gap(
    fleet: Fleet, api: FakeApi, tmp_path: pathlib.Path
) -> None:
    """To list a table may be what makes it."""
    fleet.add(
        "a",
        "healthy-two-nodes",
        "west-worker",
        iptables_save='printf "*nat\\n:KEPT - [0:0]\\nCOMMIT\\n"',
        iptables='echo "listed $*"',
        ip='case "$*" in *"table 1"*) echo "Error: ipv4: FIB table does not exist." >&2; exit 2;; *) echo there;; esac',
    )
    outcome = run(api, tmp_path, parts=["nodes"], image="registry.example/x:1")
    there = files(tmp_path)
    assert "listed -w 10 -L -n -v --line-numbers -t nat" in there["a_iptables-nat.log"]
    assert not {"a_iptables.log", "a_iptables-mangle.log", "a_ip-routes-table150.log"} & set(there)
    assert there["a_ip-routes.log"].startswith("ip route show\nthere")
    assert not [what for what in outcome["unknown"] if "-table" in what]


def test_nodes_are_read_by_pods_that_go(fleet: Fleet, api: FakeApi, tmp_path: pathlib.Path) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker")
    fleet.add("b", ready="Unknown")
    outcome = run(api, tmp_path, parts=["nodes"], image="registry.example/x:1")
    there = files(tmp_path)
    assert outcome["unknown"]["a_iptables-save"] == "not found on the node or in the image"
    assert there["a_ip-l.log"].startswith("ip -d link\n")
    assert "not ready since" in outcome["unknown"]["node b"]
    test_node_cleanup.no_traces(api)


def test_the_number_of_nodes_is_bounded(fleet: Fleet, api: FakeApi, tmp_path: pathlib.Path) -> None:
    for name in "abc":
        fleet.add(name, "healthy-two-nodes", "west-worker")
    outcome = run(api, tmp_path, parts=["nodes"], image="registry.example/x:1", max_nodes=1)
    assert {name.partition("_")[0] for name in outcome["files"] if "_ip" in name} == {"a"}
    assert outcome["truncated"]["nodes"] == "2 of 3 nodes are left out"


# -- nothing secret ---------------------------------------------------------------------------------------------------


def test_no_planted_secret_is_found(api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_pods, "POLL", 0.05)
    program = planted.plant(api, tmp_path)
    parts = ["objects", "logs", "nodes", "subctl"]
    outcome = run(api, tmp_path, parts=parts, subctl=program, max_nodes=1, image="registry.example/x:1")
    assert not outcome.failed, outcome.msg
    there = files(tmp_path)
    assert {
        "subctl-gather/east/daemonsets_x_y.yaml",
        "east-worker_iptables-nat.log",
        "east-worker_ip-xfrm-state.log",
        f"{GATEWAY}.log.prev",
    } <= set(there)
    assert "subctl-gather/east/link.yaml" not in there, "a link is not followed"
    whole = "\n".join(there.values())
    assert planted.found_in(whole) == []
    assert planted.found_in(json.dumps(outcome.result)) == []
    assert [words for words in planted.READABLE if words not in whole] == []


def test_the_search_finds_what_is_not_hidden(
    api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without hiding each of them is there: the test above can fail."""
    monkeypatch.setattr(own_pods, "POLL", 0.05)
    program = planted.plant(api, tmp_path)
    shown = [json.dumps(body) for kind in api.cluster.kinds() for body in api.cluster.objects(kind)]
    shown += [*api.logs.values(), *api.previous_logs.values(), pathlib.Path(program).read_text()]
    shown += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    whole = "\n".join(shown).replace("\\n", "\n")
    assert set(planted.PLANTED) - set(planted.found_in(whole)) <= {"our own token"}


# -- the archive ------------------------------------------------------------------------------------------------------


def archive(folder: pathlib.Path, name: str = "submariner-1.tar.gz", check: bool = False, **more: t.Any) -> Outcome:
    arguments = {"src": str(folder / "out"), "dest": str(folder / name), **more}
    return run_module(gather_archive.main, arguments, check=check)


def test_one_archive_of_all_clusters(east: FakeApi, tmp_path: pathlib.Path) -> None:
    run(east, tmp_path)
    run(east, tmp_path, cluster="west", context="nowhere")
    (tmp_path / "out" / "east" / "link").symlink_to("/etc/passwd")
    outcome = archive(tmp_path, documents={"failure.json": {"east": {"msg": "password=Hunter2-of-failure"}}})
    assert not outcome.failed, outcome.msg
    path = tmp_path / "submariner-1.tar.gz"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as packed:
        members = packed.getmembers()
        read = {m.name: packed.extractfile(m).read().decode() for m in members}  # type: ignore[union-attr]
    assert all(m.isreg() and m.mode == 0o600 and (m.uid, m.gid, m.uname) == (0, 0, "") for m in members)
    assert {name.split("/")[0] for name in read} == {"submariner-1"}
    assert {f"submariner-1/east/{name}" for name in files(tmp_path)} - {"submariner-1/east/link"} <= set(read)
    assert "submariner-1/east/link" not in read
    assert "Hunter2" not in read["submariner-1/failure.json"]
    whole = json.loads(read["submariner-1/gather.json"])
    assert {name: c["reached"] for name, c in whole["clusters"].items()} == {"east": True, "west": False}
    assert whole["clusters"] == outcome["clusters"]
    again = archive(
        tmp_path, "other/submariner-1.tar.gz", documents={"failure.json": {"east": {"msg": "password=Another-word"}}}
    )
    assert not again.failed
    assert path.read_bytes() == (tmp_path / "other" / "submariner-1.tar.gz").read_bytes()


def test_an_archive_is_never_replaced(tmp_path: pathlib.Path) -> None:
    (tmp_path / "out").mkdir()
    assert not archive(tmp_path).failed
    again = archive(tmp_path)
    assert again.failed
    assert "is there already" in again.msg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "submariner-1.tar.gz"]


def test_check_mode_packs_nothing(tmp_path: pathlib.Path) -> None:
    outcome = archive(tmp_path, check=True)
    assert (outcome.failed, outcome.changed) == (False, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.zip", ".tar.gz"])
def test_a_name_for_an_archive(tmp_path: pathlib.Path, name: str) -> None:
    assert "has to end in .tar.gz" in archive(tmp_path, name).msg


def test_without_a_folder_it_says_so(tmp_path: pathlib.Path) -> None:
    assert "which is no folder" in archive(tmp_path).msg
    (tmp_path / "out" / "east").mkdir(parents=True)
    (tmp_path / "out" / "east" / "gather.json").write_text("{")
    assert "cannot be packed" in archive(tmp_path).msg
