# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cluster_info against an API server: how much it asks, what it says, and what it cannot know."""

from __future__ import annotations

import base64
import copy
import json
import pathlib
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.cluster import CHECKS
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_fleet, default_checks
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import PLATFORM_DNS, READS, SECTIONS, choose
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

OPERATOR = "submariner-operator"
VERIFY = ["identity", "state"]
PLANTED = "planted-secret"


def read(api: FakeApi, folder: pathlib.Path, cluster: str = "east", **options: t.Any) -> Outcome:
    return run_module(
        cluster_info.main,
        {"kubeconfig": api.kubeconfig(folder), "cluster_id": cluster, "sections": VERIFY, **options},
    )


def prepared(api: FakeApi, state: str = "healthy-two-nodes", cluster: str = "east") -> None:
    api.cluster.load(recording(state, cluster))


# -- how much is asked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["installed", "healthy-two-nodes", "globalnet", "west-uninstalled"])
@pytest.mark.parametrize("cluster", ["east", "west"])
def test_what_verify_reads_is_at_most_20_requests(
    api: FakeApi, tmp_path: pathlib.Path, state: str, cluster: str
) -> None:
    prepared(api, state, cluster)
    outcome = read(api, tmp_path, cluster)
    assert not outcome.failed
    assert outcome["unknown"] == {}
    assert len(api.requests) <= 20
    assert len({r.path for r in api.requests}) == len(api.requests), "one LIST per kind"
    assert api.writes == []


@pytest.mark.parametrize("cluster", ["east", "west"])
def test_it_asks_for_no_more_unless_it_is_told_to(api: FakeApi, tmp_path: pathlib.Path, cluster: str) -> None:
    """The rights of verify are enough for it, too, which may neither list Secrets nor what is bound to whom."""
    prepared(api, "globalnet", cluster)
    read(api, tmp_path, cluster)
    asked = {r.path for r in api.requests}
    api.requests.clear()
    outcome = run_module(cluster_info.main, {"kubeconfig": api.kubeconfig(tmp_path), "cluster_id": cluster})
    assert not outcome.failed
    assert {r.path for r in api.requests} == asked
    assert len(api.requests) <= 20


def pods(number: int, namespace: str) -> list[Json]:
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"other-{n}", "namespace": namespace}, "status": {}}
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("sections", "namespace", "pages"), [(VERIFY, "default", 0), (SECTIONS, "default", 0), (VERIFY, OPERATOR, 10)]
)
def test_ten_thousand_pods_of_others_change_nothing(
    api: FakeApi, tmp_path: pathlib.Path, sections: list[str], namespace: str, pages: int
) -> None:
    """Those elsewhere are not even listed; among Submariner's own they come page by page."""
    prepared(api)
    alone = read(api, tmp_path, sections=list(sections))
    asked = len(api.requests)
    api.cluster.load(pods(10_000, namespace))
    api.requests.clear()
    among = read(api, tmp_path, sections=list(sections))
    assert not among.failed
    assert len(api.requests) == asked + pages
    for part in ("workloads", "residue", "unknown", "installed"):
        assert among["snapshot"].get(part) == alone["snapshot"].get(part)
    assert among["findings"] == alone["findings"]


@pytest.mark.parametrize("cluster", ["east", "west"])
def test_everything_is_at_most_55_requests(api: FakeApi, tmp_path: pathlib.Path, cluster: str) -> None:
    prepared(api, "globalnet", cluster)
    outcome = read(api, tmp_path, cluster, sections=list(SECTIONS))
    assert outcome["unknown"] == {}
    assert 30 < len(api.requests) <= 55


def test_every_section_is_documented_and_reads_something() -> None:
    documented = set(cluster_info.DOCUMENTATION.partition("choices:")[2].partition("default:")[0].split()) - {"-"}
    assert documented == set(SECTIONS)
    assert all(choose([section]) for section in SECTIONS)
    assert {s for r in READS for s in r.sections} == set(SECTIONS)


# -- what is said -----------------------------------------------------------------------------------------------


def test_the_snapshot_of_a_broker_that_is_a_member(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "globalnet")
    snapshot = read(api, tmp_path, sections=list(SECTIONS))["snapshot"]
    assert snapshot["schema"] == 1
    assert snapshot["uid"]
    assert snapshot["kubernetes"] == "v1.36.3"
    assert (snapshot["cluster_id"], snapshot["installed"]) == ("east", True)
    assert snapshot["submariner"]["spec"]["cableDriver"] == "vxlan"
    assert snapshot["submariner"]["status"]["networkPlugin"] == "generic"
    assert [r["namespace"] for r in snapshot["records"]] == ["submariner-k8s-broker", "submariner-operator"]
    assert [len(r["endpoints"]) for r in snapshot["records"]] == [2, 2]
    assert snapshot["brokers"][0]["globalnet"] == {
        "enabled": True,
        "range": "242.0.0.0/8",
        "given": {"east": ["242.0.0.0/16"], "west": ["242.1.0.0/16"]},
    }
    assert snapshot["versions"]["images"]["submariner-gateway"] == "0.19.0"
    assert snapshot["gateways"][0]["connections"][0]["status"] == "connected"
    lease = snapshot["leases"][0]
    assert (lease["holder"], lease["transitions"]) == ("east-worker-submariner-gateway", 0)
    assert {n["name"]: n["gateway"] for n in snapshot["nodes"]} == {"east-control-plane": "", "east-worker": "true"}
    assert snapshot["dns"] == {
        "place": "ConfigMap kube-system/coredns",
        "edited": True,
        "markers_paired": True,
        "forwards_to": ["10.91.131.168"],
        "lighthouse": ["10.91.131.168"],
    }
    assert snapshot["globalnet"][0]["addresses"][0] == "242.0.0.1"
    assert {d["served"] for d in snapshot["definitions"]} == {True}
    assert snapshot["residue"] == []


def test_exports_imports_and_ingress_addresses(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "globalnet", "west")
    snapshot = read(api, tmp_path, "west", sections=["services", "globalnet"])["snapshot"]
    assert [(e["namespace"], e["name"]) for e in snapshot["exports"]] == [("default", "web")]
    assert {c["type"]: c["status"] for c in snapshot["exports"][0]["conditions"]} == {"Valid": "True", "Ready": "True"}
    assert {i["service"] for i in snapshot["imports"]} == {"default/web"}
    assert [g["addresses"] for g in snapshot["globalnet"] if g["kind"] == "GlobalIngressIP"] == [["242.1.255.253"]]


def test_how_a_container_ended(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "installed")
    workloads = {w["name"]: w for w in read(api, tmp_path)["snapshot"]["workloads"]}
    proxy = workloads["submariner-metrics-proxy"]
    assert (proxy["desired"], proxy["ready"], proxy["restarts"]) == (1, 0, 4)
    assert proxy["last_termination"]["reason"] == "StartError"
    assert "no such file" in proxy["last_termination"]["message"]
    assert workloads["submariner-gateway"]["last_termination"] is None


def test_what_is_left_of_a_member(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "operator-killed-mid-uninstall", "west")
    snapshot = read(api, tmp_path, "west", sections=["residue"])["snapshot"]
    assert {r["object"].rpartition("/")[2] for r in snapshot["residue"]} == {
        "submariner-gateway-uninstall",
        "submariner-lighthouse-agent-uninstall",
        "submariner-routeagent-uninstall",
    }


def test_a_part_that_was_not_asked_for_is_not_there(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    outcome = read(api, tmp_path, sections=["identity"])
    assert "exports" not in outcome["snapshot"]
    assert "nodes" in outcome["snapshot"]
    assert set(outcome["digest"]["findings"]) == {"broker", "globalnet"}


def test_findings_of_one_cluster(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "operator-killed-mid-uninstall", "west")
    ids = {f["id"] for f in read(api, tmp_path, "west")["findings"]}
    assert ids == {"submariner.going", "operator.none", "workload.uninstall-left"}


def test_a_cluster_without_submariner(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api, "west-uninstalled", "west")
    outcome = read(api, tmp_path, "west")
    assert not outcome.failed
    assert outcome["unknown"] == {}
    assert (outcome["snapshot"]["installed"], outcome["snapshot"]["submariner"]) == (False, {})
    fleet = Fleet.of({"west": outcome["digest"]}, "east", ["west"])
    assert {(f.id, f.severity) for f in check_fleet(fleet, ["installation"])} == {("submariner.not-installed", "error")}


def test_only_the_digest(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    outcome = read(api, tmp_path, digest_only=True)
    assert "snapshot" not in outcome.result
    assert "findings" not in outcome.result
    assert outcome["digest"]["cluster_id"] == "east"


# -- secrets ----------------------------------------------------------------------------------------------------


def with_secrets(objects: list[Json]) -> list[Json]:
    """The recording with something in each place that holds a secret."""
    objects = copy.deepcopy(objects)
    for obj in objects:
        if obj["kind"] == "Secret":
            obj["data"] = {"token": encoded(PLANTED), "ca.crt": encoded(PLANTED), "psk": encoded(PLANTED)}
        if obj["kind"] in ("Submariner", "ServiceDiscovery"):
            for field in ("brokerK8sApiServerToken", "ceIPSecPSK", "brokerK8sCA"):
                obj["spec"][field] = encoded(PLANTED)
    return objects


def encoded(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


def test_no_secret_leaves(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_secrets(recording("globalnet", "east")))
    printed = json.dumps(read(api, tmp_path, sections=list(SECTIONS)).result)
    assert PLANTED not in printed
    assert encoded(PLANTED) not in printed


# -- what is not known ------------------------------------------------------------------------------------------

ELSEWHERE = {"dns-custom", "dns-operator", "control-plane", "kube-system", *PLATFORM_DNS}
READ_BY_VERIFY = [r for r in choose(VERIFY) if r.key not in ELSEWHERE]
NEEDED_HERE = {"coredns": {"dns"}, "clusterglobalegressips": {"globalnet"}}
"""Checks that need a reading on such a cluster only."""


@pytest.mark.parametrize("one", READ_BY_VERIFY, ids=[r.key for r in READ_BY_VERIFY])
def test_a_forbidden_kind_is_unknown_and_the_rest_is_judged(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, one: t.Any
) -> None:
    """403 on each kind in turn: never a pass, never an error that is not there, and all other checks are judged."""
    prepared(api, "globalnet", "east")
    prepared(other_api, "globalnet", "west")
    path = one.path.format(operator="submariner-operator", broker="submariner-k8s-broker")
    api.fault(403, path=f"^{path}$", message="is forbidden")
    digests = {"east": read(api, tmp_path)["digest"], "west": read(other_api, tmp_path, "west")["digest"]}
    fleet = Fleet.of(digests, "east")
    findings = check_fleet(fleet, default_checks(fleet))
    assert verdict(findings) == "unknown"
    unknown = [f for f in findings if f.severity == "unknown"]
    assert [f.subject for f in unknown] == [f"east: {one.key}"]
    assert "is forbidden" in unknown[0].observed
    assert {f.id for f in findings} - {"version.self-reported"} == {"cluster.unread"}
    needing = {c.name for c in CHECKS if one.key in c.needs} | NEEDED_HERE.get(one.key, set())
    assert set(digests["east"]["findings"]) == {c.name for c in CHECKS} - needing - {"residue"}


def test_forbidden_namespaces_do_not_hide_which_cluster_it_is(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(403, verb="list", path="/namespaces$")
    outcome = read(api, tmp_path)
    assert outcome["digest"]["uid"]
    assert set(outcome["unknown"]) == {"namespaces"}


def test_a_server_that_answers_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.fault(401, message="Unauthorized")
    outcome = read(api, tmp_path)
    assert outcome.failed
    assert "does not answer: Unauthorized. Check submariner_kubeconfig" in outcome.msg


def test_a_definition_that_vanished(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(404, path="/gateways$")
    findings = {f["id"]: f for f in read(api, tmp_path)["findings"]}
    assert "gateways.submariner.io" in findings["operator.definition-missing"]["observed"]


# -- gateways that are no longer updated --------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "stale"), [(3, False), (90, True)])
@pytest.mark.parametrize("clock_offset", [-120.0, 0.0, 120.0])
def test_staleness_is_judged_by_the_servers_clock(
    api: FakeApi, tmp_path: pathlib.Path, seconds: int, stale: bool, clock_offset: float
) -> None:
    api.clock_offset = clock_offset
    objects = recording("healthy-two-nodes", "east")
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + clock_offset - seconds))
    for obj in objects:
        if obj["kind"] == "Gateway":
            obj["metadata"]["managedFields"] = [{"manager": "submariner-gateway", "time": written}]
    api.cluster.load(objects)
    ids = {f["id"] for f in read(api, tmp_path)["findings"]}
    assert ("gateway.stale" in ids) == stale


# -- before a run -------------------------------------------------------------------------------------------------

PREFLIGHT = ["identity", "state", "broker", "site"]
LABELLED = {"manager": "kubectl-label", "fieldsV1": {"f:metadata": {"f:labels": {"f:submariner.io/gateway": {}}}}}


def made(api: FakeApi, group: str, plural: str, name: str, namespace: str = "", **body: t.Any) -> None:
    api.cluster.create((group, plural), {"metadata": {"name": name}, **body}, namespace)


def defined(api: FakeApi, group: str, plural: str, kind: str) -> None:
    spec = {"group": group, "names": {"plural": plural, "kind": kind}, "scope": "Cluster", "versions": [{"name": "v1"}]}
    made(api, "apiextensions.k8s.io", "customresourcedefinitions", f"{plural}.{group}", spec=spec)


def before(api: FakeApi, folder: pathlib.Path, **options: t.Any) -> Json:
    outcome = read(api, folder, sections=PREFLIGHT, digest_only=True, **options)
    assert not outcome.failed, outcome.msg
    found: Json = outcome["digest"]
    return found


def test_preflight_asks_little_more_than_verify(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    digest = before(api, tmp_path, rights=True, hosts_broker=True, wanted={})
    assert len(api.requests) <= 30
    assert api.writes == []
    assert digest["site"] == {"plugins": [], "proxy": "", "foreign_mcs": {}}
    assert -30 < digest["ahead"] < 30
    assert digest["wanted"] == {"cluster_cidr": [], "service_cidr": [], "gateways": ["east-worker"], "trouble": ""}


def test_what_a_cluster_is_made_of(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    made(api, "apps", "daemonsets", "calico-node", "kube-system")
    made(api, "", "configmaps", "kube-proxy", "kube-system", data={"config.conf": 'kind: X\nmode: "ipvs"\n'})
    defined(api, "crd.projectcalico.org", "ippools", "IPPool")
    made(api, "crd.projectcalico.org", "ippools", "default", spec={"cidr": "10.61.0.0/16", "vxlanMode": "Never"})
    site = before(api, tmp_path)["site"]
    assert site["plugins"] == ["calico"]
    assert site["proxy"] == "ipvs"
    assert site["pools"] == [{"cidr": "10.61.0.0/16", "vxlan": False, "disabled": False, "ours": False}]
    assert site["pool_api"] is False


@pytest.mark.parametrize("installed", [True, False])
def test_openshift_says_its_version_and_network(api: FakeApi, tmp_path: pathlib.Path, installed: bool) -> None:
    """Its CIDRs, too, where Submariner does not yet: it has no pods of the control plane in kube-system."""
    prepared(api, "healthy-two-nodes" if installed else "west-uninstalled", "east" if installed else "west")
    for node in api.cluster.objects(("", "nodes")):
        node["metadata"]["labels"]["node.openshift.io/os_id"] = "rhcos"
        node["metadata"]["managedFields"] = [LABELLED]
        api.cluster.replace(("", "nodes"), node, "", node["metadata"]["name"])
    group = "config.openshift.io"
    defined(api, group, "networks", "Network")
    defined(api, group, "clusterversions", "ClusterVersion")
    status: Json = {"networkType": "OVNKubernetes", "serviceNetwork": ["172.30.0.0/16"]}
    status["clusterNetwork"] = [{"cidr": "10.128.0.0/14", "hostPrefix": 23}, {"cidr": "fd01::/48", "hostPrefix": 64}]
    made(api, group, "networks", "cluster", status=status)
    made(api, group, "clusterversions", "version", status={"desired": {"version": "4.18.3"}})
    digest = before(api, tmp_path)
    assert (digest["site"]["openshift"], digest["site"]["openshift_network"]) == ("4.18.3", "OVNKubernetes")
    if installed:
        assert [(n["name"], n["by"]) for n in digest["gateway_nodes"]] == [("east-worker", "kubectl-label")]
        assert digest["cluster_cidrs"] == ["10.61.0.0/16"]
    else:
        assert digest["cluster_cidrs"] == ["10.128.0.0/14", "fd01::/48"]
        assert digest["service_cidrs"] == ["172.30.0.0/16"]


def test_what_may_not_be_read_of_it_is_missing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(403, verb="list", path=r"/apps/v1/daemonsets$")
    api.fault(403, verb="get", path=r"/configmaps/kube-proxy$")
    digest = before(api, tmp_path)
    assert set(digest["site"]) == {"foreign_mcs"}
    assert set(digest["unknown"]) == {"daemonsets-all", "kube-proxy"}


def test_what_a_run_can_do_without_is_told(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(403, verb="list", path=r"/clusterroles$")
    api.fault(403, verb="list", path=r"/endpoints$")
    digest = read(api, tmp_path, sections=[*PREFLIGHT, "residue"])["digest"]
    assert set(digest["unknown"]) == {"clusterroles", "endpoints"}
    assert digest["optional"] == ["clusterroles"]


def test_what_a_join_would_be_told(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    wanted = {"gateway_nodes": ["nowhere"], "cluster_cidr": "10.1.0.0/16, fd00::/64", "service_cidr": ""}
    found = before(api, tmp_path, wanted=wanted)["wanted"]
    assert found["cluster_cidr"] == ["10.1.0.0/16", "fd00::/64"]
    assert found["trouble"] == "no node is called nowhere; there are east-control-plane, east-worker"


def test_gateways_that_a_join_could_not_choose(api: FakeApi, tmp_path: pathlib.Path) -> None:
    """Else a reinstallation would find out when all has been removed."""
    prepared(api)
    several = before(api, tmp_path, wanted={"gateway_count": 5})["wanted"]
    assert several["trouble"] == "no more node that runs Linux is ready, and 5 are wanted"
    selected = {"gateway_count": 2, "gateway_selector": "zone=nowhere"}
    assert "that the selector names" in before(api, tmp_path, wanted=selected)["wanted"]["trouble"]
    begun = {**selected, "gateways_before": ["east-control-plane", "east-worker"]}
    for node in api.cluster.objects(("", "nodes")):
        node["metadata"]["labels"].pop("submariner.io/gateway", None)
        api.cluster.replace(("", "nodes"), node, "", node["metadata"]["name"])
    assert before(api, tmp_path, wanted=begun)["wanted"]["trouble"] == ""


def test_rights_are_those_of_the_run(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(403, verb="*")
    api.fault(403, verb="delete", path=r"/customresourcedefinitions$")
    api.fault(403, verb="escalate", path=r"/clusterroles$")
    said = {}
    for verb in ("install", "uninstall", "reinstall"):
        outcome = read(api, tmp_path, sections=PREFLIGHT, rights=True, rights_for=verb)
        said[verb] = (outcome["denied"], outcome["digest"]["perhaps_denied"])
    crds, escalate = (
        "delete customresourcedefinitions.apiextensions.k8s.io",
        "escalate clusterroles.rbac.authorization.k8s.io",
    )
    assert said == {
        "install": ([], [escalate]),
        "uninstall": ([crds], []),
        "reinstall": ([crds], [escalate]),
    }


def test_rights_to_the_broker_that_is_to_come(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([o for o in recording("healthy-two-nodes", "west") if o["kind"] in ("Namespace", "Node")])
    api.fault(403, verb="*")
    api.fault(403, path="/namespaces/our-broker/brokers")
    options: Json = {"sections": PREFLIGHT, "rights": True, "rights_for": "install", "hosts_broker": True}
    assert read(api, tmp_path, **options)["denied"] == []
    assert "our-broker" in " ".join(read(api, tmp_path, **options, broker_namespace="our-broker")["denied"])


def test_rights_of_which_nothing_is_known(api: FakeApi, tmp_path: pathlib.Path) -> None:
    prepared(api)
    api.fault(500, verb="create", path=r"selfsubjectaccessreviews$")
    outcome = read(api, tmp_path, sections=PREFLIGHT, rights=True)
    assert outcome["denied"] == []
    assert outcome["digest"]["rights_unknown"]
    assert "rights" in outcome["unknown"]


@pytest.mark.parametrize("options", [{"rights_for": "upgrade"}, {"wanted": {"nodes": []}}, {"hosts_broker": "perhaps"}])
def test_wrong_words_about_a_run(api: FakeApi, tmp_path: pathlib.Path, options: Json) -> None:
    prepared(api)
    assert read(api, tmp_path, **options).failed
    assert api.requests == []


def test_what_is_no_kubernetes_api_is_said_to_be_none(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.fault(404, message="default backend", path="")
    outcome = run_module(cluster_info.main, {"kubeconfig": api.kubeconfig(tmp_path), "cluster_id": "east"})
    assert outcome.failed
    assert "is no Kubernetes API server" in outcome.msg
