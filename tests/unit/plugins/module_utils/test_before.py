# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What preflight says before a run: nothing is invented about recorded fleets, and what is planted is found."""

from __future__ import annotations

import copy
import functools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import BEFORE, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.target import minor_of, release_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Intent
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, Reading, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import RECORDINGS, recording

STATES = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())
INSTALLING = ("inputs", "owners", "nodes", "addressing", *BEFORE, "residue")
MCS = "serviceimports.multicluster.x-k8s.io"


@functools.cache
def _read(state: str) -> dict[str, Json]:
    return {c: digest(snapshot_of(recording(state, c)), c) for c in ("east", "west")}


def fleet_of(state: str = "healthy-two-nodes", version: str = "") -> dict[str, Json]:
    """Digests as the role would have them; on a Kubernetes of which something is known, if a `version` is."""
    digests = copy.deepcopy(_read(state))
    for name, one in digests.items():
        one["ahead"] = 0.0
        one["wanted"] = {"cluster_cidr": [], "service_cidr": [], "gateways": [f"{name}-worker"], "trouble": ""}
        if version:
            one["kubernetes"] = version
    return digests


def judge(digests: dict[str, Json], verb: str = "reinstall", *checks: str, **more: t.Any) -> list[Finding]:
    said = {
        k: more.pop(k)
        for k in ("version", "subctl", "allow_unstable", "globalnet_range", "globalnet_size", "clusterset_range")
        if k in more
    }
    intent = Intent(verb, **{"version": "0.19.0", "subctl": said.get("version", "0.19.0"), **said})
    more = {"globalnet": False, "planned": True, "members": list(digests), **more}
    return check_fleet(Fleet.of(digests, "east", intent=intent, **more), checks or INSTALLING)


def told(findings: list[Finding]) -> dict[str, str]:
    """Severity by id, but for what was left out."""
    return {f.id: f.severity for f in findings if f.id != "preflight.not-inspected"}


def skipped(findings: list[Finding]) -> set[str]:
    return {f.subject for f in findings if f.id == "preflight.not-inspected"}


# -- nothing is invented ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", ["reinstall", "uninstall"])
def test_no_recorded_state_stands_against_a_reinstallation_or_a_removal(state: str, verb: str) -> None:
    """Ghosts, leftovers, a second ID, an operator that was killed: that is what they are for (submariner#3411)."""
    globalnet = state.startswith("globalnet")
    ranges = {"globalnet_range": "242.0.0.0/8"} if globalnet else {}
    for wanted in dict.fromkeys((globalnet, False)):
        found = judge(fleet_of(state, "v1.36.3"), verb, globalnet=wanted, **ranges)
        assert verdict(found) in ("pass", "degraded"), [f.line() for f in found if f.severity in ("error", "unknown")]


def test_a_second_broker_and_its_namespace_stand_against_nothing() -> None:
    digests = fleet_of("joined-as-second-id")
    digests["west"]["brokers"] = copy.deepcopy(digests["east"]["brokers"])
    found = judge(digests)
    assert told(found)["broker.second"] == "warning"
    assert verdict(found) == "degraded"


def test_a_healthy_fleet_has_nothing_but_gateways_that_stand_alone() -> None:
    found = judge(fleet_of(version="v1.30.2"))
    assert told(found) == {"gateway.single": "info", "network.plugin-unknown": "info"}
    assert verdict(found) == "pass"


@pytest.mark.parametrize("check", BEFORE)
def test_a_fleet_with_which_nothing_is_about_to_be_done_is_not_judged(check: str) -> None:
    assert check_fleet(Fleet.of(fleet_of(), "east"), [check]) == []


# -- what is planted is found -----------------------------------------------------------------------------------


def test_eight_planted_faults_are_found_and_none_is_invented() -> None:
    digests = fleet_of(version="v1.30.2")
    east, west = digests["east"], digests["west"]
    west["cluster_cidrs"] = list(east["cluster_cidrs"])
    west["wanted"]["trouble"] = "no node is called nowhere; there are west-worker"
    west["site"]["proxy"] = "ipvs"
    west["site"]["plugins"] = ["cilium"]
    west["ahead"] = 95.0
    west["kubernetes"] = "v1.18.20"
    east["site"]["foreign_mcs"] = {MCS: "app.kubernetes.io/part-of=cilium"}
    found = judge(digests, version="0.24.0-rc1", denied={"west": ["delete namespaces"]})
    assert told(found) == {
        "addressing.overlap": "error",
        "clock.skew": "warning",
        "gateway.cannot-choose": "error",
        "gateway.single": "info",
        "network.plugin-unknown": "info",
        "network.plugin-unsupported": "warning",
        "network.proxy-mode": "warning",
        "owner.other-mcs": "warning",
        "rights.missing": "error",
        "version.kubernetes-too-old": "error",
        "version.target-unstable": "error",
    }
    assert {f.subject.split(":")[0] for f in found if f.id == "network.plugin-unknown"} == {"east"}
    assert all(f.hint and (f.cause or f.expected) for f in found if f.severity == "error")


# -- versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "severity"),
    [
        ("0.24.0-rc1", "error"),
        ("v0.24.0-rc1", "error"),
        ("0.24.0-m2", "error"),
        ("devel", "error"),
        ("latest", "error"),
        ("release-0.24", "error"),
        ("0.24.1-acme", "warning"),
        ("local", "warning"),
        ("0.24.1", ""),
        ("v0.24.1", ""),
    ],
)
def test_which_versions_are_refused(version: str, severity: str) -> None:
    found = told(judge(fleet_of(version="v1.30.0"), "install", "target", version=version))
    assert found.get("version.target-unstable", "") == severity
    allowed = told(judge(fleet_of(version="v1.30.0"), "install", "target", version=version, allow_unstable=True))
    assert allowed.get("version.target-unstable", "") == ("warning" if severity else "")


@pytest.mark.parametrize(
    ("submariner", "kubernetes", "known"),
    [
        ("0.19.0", "v1.31.4", True),
        ("0.19.0", "v1.36.3", False),
        ("0.20.1", "v1.32.0+k3s1", True),
        ("0.24.1", "v1.35.0-gke.100", True),
        ("0.24.1", "v1.37.0", False),
        ("0.18.4", "v1.30.0", False),
        ("0.25.0", "v1.35.0", False),
    ],
)
def test_pairs_of_which_nothing_is_known_are_a_warning(submariner: str, kubernetes: str, known: bool) -> None:
    found = told(judge(fleet_of(version=kubernetes), "reinstall", "target", version=submariner))
    assert found == ({} if known else {"version.pair-unknown": "warning"}) | (
        {"version.older-than-deployed": "warning"} if submariner == "0.18.4" else {}
    )


@pytest.mark.parametrize(
    ("deployed", "wanted", "said"),
    [
        ("devel", "0.19.0", True),
        ("0.19.0", "0.19.1-acme", True),
        ("devel", "devel", False),
        ("0.19.0", "0.19.1", False),
    ],
)
def test_versions_without_an_order_are_not_taken_for_older(deployed: str, wanted: str, said: bool) -> None:
    digests = fleet_of(version="v1.30.0")
    digests["west"]["submariner"]["version"] = deployed
    found = judge({"west": digests["west"]}, "reinstall", "target", version=wanted, allow_unstable=True)
    assert skipped(found) == ({f"west: version {deployed}"} if said else set())


def test_without_a_version_that_is_said() -> None:
    found = judge(fleet_of(), "install", "target", version="")
    assert (told(found), skipped(found)) == ({}, {"the version to install"})


@pytest.mark.parametrize(
    ("subctl", "found", "left_out"),
    [
        ("0.19.0", {}, set()),
        ("v0.19.0", {}, set()),
        ("0.20.0", {"version.subctl-differs": "warning"}, set()),
        ("", {}, {"subctl"}),
    ],
)
def test_subctl_is_of_the_version_to_install(subctl: str, found: dict[str, str], left_out: set[str]) -> None:
    seen = judge(fleet_of(version="v1.30.0"), "install", "target", subctl=subctl)
    assert (told(seen), skipped(seen)) == (found, left_out)


def test_openshift_with_ovn_kubernetes_needs_a_later_one() -> None:
    digests = fleet_of(version="v1.31.0")
    digests["west"]["site"].update(openshift="4.18.3", openshift_network="OVNKubernetes")
    assert told(judge(digests, "reinstall", "target")) == {"version.openshift-snat": "warning"}
    digests["west"]["site"].update(openshift="4.17.9")
    assert told(judge(digests, "reinstall", "target")) == {}


@given(st.text(max_size=20), st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)))
def test_any_version_is_read(word: str, numbers: tuple[int, int, int]) -> None:
    assert release_of("v{}.{}.{}".format(*numbers)) == numbers
    assert release_of(word) == () or word.count(".") == 2
    assert minor_of(f"v1.{numbers[1]}.3{word}") == numbers[1]
    minor_of(word)
    judge({"east": fleet_of()["east"]}, "install", "target", version=word)


# -- networks ---------------------------------------------------------------------------------------------------


def calico(*pools: Json, api: bool) -> dict[str, Json]:
    digests = fleet_of()
    digests["west"]["site"].update(plugins=["calico"], pools=list(pools), pool_api=api)
    return digests


def pool(cidr: str, vxlan: bool = True, **more: bool) -> Json:
    return {"cidr": cidr, "vxlan": vxlan, "disabled": False, "ours": False, **more}


def test_calico_is_told_the_other_clusters_addresses_by_its_own_server_or_by_hand() -> None:
    east = fleet_of()["east"]
    others = [*east["cluster_cidrs"], *east["service_cidrs"]]
    found = judge(calico(pool("10.62.0.0/16"), api=False), "reinstall", "network")
    lacking = next(f for f in found if f.id == "network.calico-pools")
    assert all(cidr in lacking.observed for cidr in others)
    assert lacking.severity == "warning"
    by_hand = [pool(cidr, vxlan=False, disabled=True) for cidr in others]
    for fine in (calico(pool("10.62.0.0/16"), api=True), calico(pool("10.62.0.0/16"), *by_hand, api=False)):
        assert "west" not in {
            f.subject for f in judge(fine, "reinstall", "network") if f.id.startswith("network.calico")
        }


@pytest.mark.parametrize("unknown", [{"calico-pools": "forbidden"}, {}])
def test_pools_that_were_not_read_are_not_said_to_be_missing(unknown: dict[str, str]) -> None:
    digests = calico(api=False)
    del digests["west"]["site"]["pools"]
    digests["west"]["unknown"] = unknown
    found = judge(digests, "reinstall", "network")
    assert "network.calico-pools" not in told(found)
    assert ("west: calico-pools" if unknown else "west: Calico's pools") in skipped(found)


def test_calico_without_vxlan_and_with_globalnets_default_range() -> None:
    digests = calico(pool("10.62.0.0/16", vxlan=False), api=True)
    found = told(judge(digests, "reinstall", "network", globalnet=True, globalnet_range="242.0.0.0/8"))
    assert found["network.calico-encapsulation"] == found["network.calico-range"] == "warning"
    found = told(judge(digests, "reinstall", "network", globalnet=True, globalnet_range="169.254.0.0/16"))
    assert "network.calico-range" not in found


@pytest.mark.parametrize(
    ("mode", "severity"), [("ipvs", "warning"), ("nftables", "info"), ("iptables", ""), ("", "skipped")]
)
def test_modes_of_kube_proxy(mode: str, severity: str) -> None:
    digests = fleet_of()
    digests["east"]["site"]["proxy"] = "iptables"
    digests["west"]["site"]["proxy"] = mode
    found = judge(digests, "reinstall", "network")
    assert told(found).get("network.proxy-mode", "") == severity.replace("skipped", "")
    assert ("west: kube-proxy" in skipped(found)) == (severity == "skipped")


def test_networks_that_were_not_read_or_do_not_show_are_said() -> None:
    digests = fleet_of()
    digests["east"]["site"] = {}
    digests["west"]["site"]["plugins"] = ["OVNKubernetes"]
    found = judge(digests, "reinstall", "network")
    assert {"east: network plugin and kube-proxy", "west: OVN's database"} <= skipped(found)
    assert verdict(found) == "degraded", "what was not read is not right"


def test_a_reading_that_is_not_allowed_keeps_nobody_from_anything() -> None:
    snapshot = snapshot_of(recording("healthy-two-nodes", "west"))
    snapshot.readings["kube-proxy"] = Reading("unknown", reason="forbidden")
    digests = {**fleet_of(), "west": digest(snapshot, "west")}
    found = judge(digests, "reinstall", "network")
    assert "west: kube-proxy" in skipped(found)
    assert verdict(found) == "degraded"


def test_residue_that_may_not_be_looked_for_keeps_nobody_from_an_installation() -> None:
    digests = fleet_of()
    digests["west"].update(unknown={"clusterroles": "forbidden"}, optional=["clusterroles"])
    del digests["west"]["findings"]["residue"]
    found = judge(digests, "install")
    assert "west: clusterroles" in skipped(found)
    assert verdict(found) == "degraded"
    assert verdict(check_fleet(Fleet.of(digests, "east"), ["residue"])) == "unknown", "for verify it is asked for"


def test_the_operator_may_not_find_the_service_cidr_where_no_pod_names_it() -> None:
    digests = fleet_of("west-uninstalled", "v1.36.3")
    found = judge(digests, "reinstall", "network")
    assert [(f.subject, f.severity) for f in found if f.id == "network.no-discovery"] == [("west", "warning")]
    digests["west"]["wanted"].update(cluster_cidr=["10.7.0.0/16"], service_cidr=["10.8.0.0/16"])
    assert "network.no-discovery" in told(judge(digests, "reinstall", "network")), (
        "measured: CIDRs that are given do not help"
    )
    assert "addressing.unseen" not in told(judge(digests, "reinstall", "addressing"))
    digests["west"]["kubernetes"] = "v1.35.0"
    assert "network.no-discovery" not in told(judge(digests, "reinstall", "network"))


# -- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cluster", "service"])
def test_cidrs_that_nobody_shows_are_said(kind: str) -> None:
    """A control plane in pods that is told of one kind only, as kubeadm without --pod-network-cidr has it."""
    digests = fleet_of()
    west = digests["west"]
    west["read"].append("control-plane")
    west[f"{kind}_cidrs"] = []
    west["identity"]["pod_cidrs"] = []
    found = judge(digests, "install", "addressing")
    assert [(f.id, f.severity, f.subject) for f in found] == [("addressing.unseen", "warning", "west")]
    assert f"submariner_{kind}_cidr" in found[0].hint
    west["wanted"][f"{kind}_cidr"] = ["10.200.0.0/16"]
    assert judge(digests, "install", "addressing") == []


def test_a_cidr_that_is_none_is_said() -> None:
    digests = fleet_of()
    digests["west"]["cluster_cidrs"] = ["10.62.0.0/16", "none"]
    for found in (judge(digests, "install", "addressing"), check_fleet(Fleet.of(digests, "east"), ["addressing"])):
        assert [(f.id, f.severity, f.subject) for f in found] == [("addressing.unseen", "warning", "west: none")]


def test_cidrs_that_a_join_is_given_count_instead_of_those_that_are_seen() -> None:
    digests = fleet_of()
    digests["west"]["wanted"]["cluster_cidr"] = list(digests["east"]["cluster_cidrs"])
    assert told(judge(digests, "reinstall", "addressing")) == {"addressing.overlap": "error"}
    digests["west"]["cluster_cidrs"] = list(digests["east"]["cluster_cidrs"])
    digests["west"]["wanted"]["cluster_cidr"] = ["10.99.0.0/16"]
    assert told(judge(digests, "reinstall", "addressing")) == {}


def test_addresses_of_nodes_and_pools_stand_for_cidrs_that_are_not_seen() -> None:
    digests = fleet_of()
    digests["west"]["cluster_cidrs"] = []
    digests["west"]["site"]["pools"] = [pool(digests["east"]["cluster_cidrs"][0])]
    assert told(judge(digests, "reinstall", "addressing")) == {"addressing.overlap": "warning"}


def test_a_node_within_another_clusters_addresses() -> None:
    digests = fleet_of()
    digests["west"]["identity"]["addresses"] = ["10.61.3.3"]
    assert told(judge(digests, "reinstall", "addressing")) == {"addressing.node-inside": "warning"}
    assert told(judge(digests, "uninstall", "addressing")) == {}


def test_ranges_of_a_new_broker() -> None:
    digests = fleet_of()
    found = judge(digests, "reinstall", "addressing", globalnet=True, globalnet_range="10.0.0.0/8")
    assert told(found) == {"globalnet.range-in-use": "error"}
    found = judge(digests, "reinstall", "addressing", clusterset_range="10.61.0.0/20")
    assert told(found) == {"clusterset-ip.range-in-use": "warning"}
    same = {"globalnet": True, "globalnet_range": "242.0.0.0/8", "clusterset_range": "242.128.0.0/9"}
    assert set(told(judge(digests, "reinstall", "addressing", **same)).values()) == {"warning"}
    apart = {"globalnet": True, "globalnet_range": "242.0.0.0/8", "clusterset_range": "243.0.0.0/8"}
    assert told(judge(digests, "reinstall", "addressing", **apart)) == {}


@pytest.mark.parametrize(("size", "small"), [(65536, True), (257, True), (256, False), (0, False)])
def test_a_global_range_that_does_not_hold_one_cluster_is_refused(size: int, small: bool) -> None:
    wanted = {"globalnet": True, "globalnet_range": "242.0.0.0/24", "globalnet_size": size}
    found = told(judge(fleet_of(), "install", "addressing", **wanted))
    assert found == ({"globalnet.range-too-small": "error"} if small else {})


# -- gateways, clocks ---------------------------------------------------------------------------------------------


def test_a_setting_that_gateways_do_not_know() -> None:
    digests = fleet_of()
    digests["west"]["gateway_nodes"][0]["settings"] = [
        "gateway.submariner.io/udp-port",
        "gateway.submariner.io/udpport",
    ]
    found = [f for f in judge(digests, "install", "nodes") if f.id == "gateway.unknown-setting"]
    assert [f.observed for f in found] == ["has gateway.submariner.io/udpport"]


@pytest.mark.parametrize(
    ("east", "west", "subject"),
    [
        (0.0, -1.9, ""),
        (20.0, -9.0, ""),
        (0.0, 40.0, "the clock of west"),
        (3600.0, 3601.0, "the clocks of all clusters"),
        (-300.0, -301.0, "the clocks of all clusters"),
        (0.0, None, ""),
    ],
)
def test_clocks(east: float, west: float | None, subject: str) -> None:
    digests = fleet_of()
    digests["east"]["ahead"], digests["west"]["ahead"] = east, west
    found = judge(digests, "uninstall", "clocks")
    assert [f.subject for f in found if f.id == "clock.skew"] == ([subject] if subject else [])
    assert skipped(found) == ({"west: clock"} if west is None else set())


# -- what an installation keeps -----------------------------------------------------------------------------------


def test_a_member_under_another_id_stands_against_an_installation_only() -> None:
    digests = fleet_of("joined-as-second-id")
    found = judge(digests, "install", "joining")
    assert told(found)["member.other-id"] == "error"
    assert told(judge(digests, "reinstall", "joining")) == {}


def test_a_record_under_the_wanted_id() -> None:
    digests = fleet_of("label-removed-first")
    assert told(judge(digests, "install", "joining"))["member.id-stale"] == "error"
    digests["west"]["identity"].update(nodes=["another"], addresses=["10.1.1.1"])
    found = [f for f in judge(digests, "install", "joining") if f.severity == "error"]
    assert [(f.id, f.subject) for f in found] == [("member.id-claimed", "cluster ID west")]
    digests["west"]["clusters"] = ["west"]
    assert told(judge(digests, "install", "joining")) == {}


def test_globalnet_of_a_broker_that_stays() -> None:
    digests = fleet_of("globalnet")
    assert told(judge(digests, "install", "joining", globalnet=False)) == {"globalnet.differs": "error"}
    assert told(judge(digests, "install", "joining", globalnet=True)) == {}
    assert told(judge(digests, "reinstall", "joining", globalnet=False)) == {}


def test_a_namespace_that_is_being_deleted_is_named_before_an_installation() -> None:
    """It would take with it what is installed into it; a reinstallation waits for it itself."""
    items = [
        o for o in recording("healthy-two-nodes", "west") if "submariner" not in str(o["metadata"].get("namespace"))
    ]
    namespace = next(o for o in items if o["metadata"]["name"] == "submariner-operator" and o["kind"] == "Namespace")
    namespace["metadata"]["deletionTimestamp"] = "2026-11-23T15:00:00Z"
    digests = fleet_of()
    digests["west"] = digest(snapshot_of(items), "west")
    found = [f for f in judge(digests, "install", "going") if f.id == "namespace.terminating"]
    assert [(f.severity, f.subject) for f in found] == [("warning", "namespace submariner-operator of west")]
    assert "namespace.terminating" not in told(judge(digests, "reinstall", "going"))


def test_access_to_a_broker_that_stays_is_a_warning() -> None:
    digests = fleet_of()
    expired = Finding("broker.ca-expired", "error", "cluster west", "the CA expired").as_dict()
    digests["west"]["findings"]["broker"] = [expired]
    digests["east"]["brokers"][0]["admin_token"] = False
    assert told(judge(digests, "install", "joining")) == {"broker.ca-expired": "warning", "broker.token": "warning"}


def test_a_broker_that_was_not_read_is_said() -> None:
    west = {"west": fleet_of()["west"]}
    assert "broker on east" in skipped(judge(west, "install", "joining"))


def test_what_may_be_needed_and_what_is_not_known_of_rights() -> None:
    digests = fleet_of()
    digests["east"]["perhaps_denied"] = ["escalate clusterroles"]
    digests["west"]["rights_unknown"] = "no answer"
    found = judge(digests, "install", "inputs")
    assert told(found) == {"rights.perhaps-missing": "warning"}
    assert skipped(found) == {"west: rights"}
