# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one cluster shows alone: a healthy recording with one thing changed gives the one finding about it."""

from __future__ import annotations

import base64
import copy
import datetime
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.submariner.lifecycle.plugins.module_utils._certificate import broker_access, expiry
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.access import host_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.cluster import CHECKS, judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.versions import tag_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Finding,
    Json,
    Reading,
    Snapshot,
    same_host,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording

Change = t.Callable[[Json], None]
NOW = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)
ALWAYS = {"version.self-reported"}


def read(
    change: Change | None = None, state: str = "healthy-two-nodes", cluster: str = "west", more: t.Iterable[Json] = ()
) -> Snapshot:
    """A recorded cluster; `change` gets every object first, and may mark it as gone with kind None."""
    objects = recording(state, cluster)
    for obj in objects:
        if change:
            change(obj)
    snapshot = snapshot_of([*(o for o in objects if o["kind"]), *more])
    snapshot.clock = NOW.timestamp()
    return snapshot


def findings(snapshot: Snapshot, cluster: str = "west") -> list[Finding]:
    found = judge(snapshot, cluster)
    assert set(found) == {c.name for c in CHECKS}, "everything is judged"
    return [f for some in found.values() for f in some if f.id not in ALWAYS]


def told(snapshot: Snapshot, cluster: str = "west") -> set[tuple[str, str, str]]:
    return {(f.id, f.severity, f.subject) for f in findings(snapshot, cluster)}


def of_kind(kind: str, name: str = "") -> t.Callable[[t.Callable[[Json], None]], Change]:
    """A change of the objects of one kind."""

    def decorate(change: t.Callable[[Json], None]) -> Change:
        def changed(obj: Json) -> None:
            if obj["kind"] == kind and name in ("", obj["metadata"]["name"]):
                change(obj)

        return changed

    return decorate


def without(kind: str, name: str = "") -> Change:
    return of_kind(kind, name)(lambda obj: obj.update(kind=None))


def spec(**fields: t.Any) -> Change:
    return of_kind("Submariner")(lambda obj: obj["spec"].update(fields))


def test_a_healthy_cluster_has_no_findings() -> None:
    assert told(read()) == set()


# -- workloads and operator ---------------------------------------------------------------------------------------


def test_a_workload_that_is_not_ready() -> None:
    change = of_kind("DaemonSet", "submariner-routeagent")(lambda obj: obj["status"].update(numberReady=1))
    assert told(read(change)) == {("workload.not-ready", "error", "submariner-routeagent of west")}


def test_with_globalnet_its_workload_is_needed() -> None:
    snapshot = read(without("DaemonSet", "submariner-globalnet"), state="globalnet")
    assert told(snapshot) == {("workload.not-ready", "error", "submariner-globalnet of west")}


def test_an_operator_that_made_nothing() -> None:
    """Seen after a join that said 'up and running': the broker was not reachable, or the discovery failed."""

    def change(obj: Json) -> None:
        if obj["kind"] in ("DaemonSet", "Gateway", "RouteAgent") or "submariner-gateway" in obj["metadata"]["name"]:
            obj["kind"] = None
        elif obj["kind"] == "Submariner":
            obj["status"] = {}
        elif obj["kind"] == "Endpoint":
            obj["kind"] = None

    found = {f.id: f for f in findings(read(change))}
    assert set(found) == {"operator.idle", "gateway.not-one-active", "endpoint.missing"}
    assert "names no network plugin" in found["operator.idle"].observed
    assert "log" in found["operator.idle"].hint


def test_a_namespace_that_goes_under_an_installation() -> None:
    def going(obj: Json) -> None:
        obj["metadata"]["deletionTimestamp"] = "2026-11-23T07:00:00Z"
        obj["status"]["conditions"] = [
            {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "submariners has 1 finalizer"},
            {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "all found"},
        ]

    found = findings(read(of_kind("Namespace", "submariner-operator")(going)))
    assert [(f.id, f.severity) for f in found] == [("namespace.terminating", "error")]
    assert found[0].cause == "submariners has 1 finalizer"


# -- gateways -----------------------------------------------------------------------------------------------------


def gateway_node(name: str, ready: str = "True") -> Json:
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"submariner.io/gateway": "true"}},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def passive(name: str) -> Json:
    return {
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "submariner-operator"},
        "status": {"haStatus": "passive", "localEndpoint": {"hostname": name, "cluster_id": "west"}, "connections": []},
    }


def test_several_passive_gateways_are_right() -> None:
    assert told(read(more=[gateway_node("g2"), passive("g2"), gateway_node("g3"), passive("g3")])) == set()


def test_a_gateway_node_that_does_not_stand_by() -> None:
    assert told(read(more=[gateway_node("g2")])) == {("gateway.no-record", "warning", "node g2 of west")}
    assert told(read(more=[gateway_node("g2", ready="False")])) == set()


def test_a_gateway_of_a_node_that_is_none() -> None:
    assert told(read(more=[passive("gone")])) == {("gateway.left-over", "warning", "Gateway gone of west")}


def test_two_active_gateways() -> None:
    second = passive("g2")
    second["status"]["haStatus"] = "active"
    assert {f.id for f in findings(read(more=[gateway_node("g2"), second]))} == {"gateway.not-one-active"}


def failed_over(count: int = 1, node: str = "dead") -> Snapshot:
    """A node that died after its gateway had been the active one: `count` pods are missing of each DaemonSet."""
    lost = []
    for kind in ("gateway", "routeagent"):
        pod = copy.deepcopy(next(p for p in read().objects("pods") if f"submariner-{kind}-" in p["metadata"]["name"]))
        pod["metadata"]["name"] = f"submariner-{kind}-{node}"
        pod["metadata"]["labels"]["gateway.submariner.io/status"] = "active" if kind == "gateway" else ""
        pod["spec"]["nodeName"] = node
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
        lost.append(pod)

    @of_kind("DaemonSet")
    def wants_more(obj: Json) -> None:
        if "metrics" not in obj["metadata"]["name"]:
            obj["status"]["desiredNumberScheduled"] += count

    return read(wants_more, more=[gateway_node(node, ready="Unknown"), *lost])


def test_a_dead_node_whose_gateway_another_one_replaced() -> None:
    """The dead pod keeps its mark, and its DaemonSets want it for as long as the node is there."""
    expected = {("workload.not-ready", "warning", f"submariner-{w} of west") for w in ("gateway", "routeagent")}
    assert told(failed_over()) == expected
    assert {f.cause for f in findings(failed_over())} == {"not Ready: node dead"}


def test_a_pod_that_is_missing_elsewhere_is_no_dead_nodes_matter() -> None:
    assert {f.severity for f in findings(failed_over(count=2))} == {"error"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-23T07:59:55Z", set()),
        ("2026-11-23T07:58:00Z", {"gateway.not-one-active", "gateway.stale"}),
        ("", {"gateway.not-one-active"}),
    ],
)
def test_the_only_gateway_is_on_a_node_that_is_not_ready(written: str, expected: set[str]) -> None:
    """It may have lost its kubelet alone."""
    snapshot = read(of_kind("Node", "west-worker")(lambda obj: obj["status"].update(conditions=[])))
    snapshot.objects("gateways")[0]["metadata"]["written"] = written
    assert {f.id for f in findings(snapshot)} == expected


def test_no_gateway_node() -> None:
    change = of_kind("Node")(lambda obj: obj["metadata"].update(labels={}))
    assert told(read(change)) == {("gateway.no-node", "error", "cluster west")}


def test_a_gateway_that_failed() -> None:
    change = of_kind("Gateway")(lambda obj: obj["status"].update(statusFailure="cable driver: no such device"))
    assert told(read(change)) == {("gateway.failure", "error", "Gateway west-worker of west")}


def test_load_balancer_mode() -> None:
    mode = spec(loadBalancerEnabled=True)
    service: Json = {"kind": "Service", "metadata": {"name": "submariner-gateway", "namespace": "submariner-operator"}}
    expected = {("gateway.no-load-balancer", "error", "cluster west")}
    found = findings(read(mode))
    assert {(f.id, f.severity, f.subject) for f in found} == expected
    assert "does not exist" in found[0].observed
    assert told(read(mode, more=[service])) == expected
    given = {**service, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    assert told(read(mode, more=[given])) == set()


def test_the_lease_is_held_elsewhere() -> None:
    change = of_kind("Lease", "submariner-gateway-lock")(
        lambda obj: obj["spec"].update(holderIdentity="west-worker2-submariner-gateway")
    )
    assert told(read(change)) == {("gateway.lease-elsewhere", "error", "cluster west")}


def test_a_dual_stack_gateway_with_plural_fields() -> None:
    def plural(obj: Json) -> None:
        obj["spec"]["privateIPs"] = [obj["spec"].pop("private_ip"), "fd00::4"]
        obj["spec"]["healthCheckIPs"] = [obj["spec"].pop("healthCheckIP"), "fd00:62::1"]

    snapshot = read(of_kind("Endpoint")(plural))
    assert told(snapshot) == set()
    own = next(e for e in snapshot.endpoints("submariner-operator") if not e.origin)
    assert (own.private_ip, own.private_ips, own.health_check_ip) == (
        "172.31.2.4",
        ("172.31.2.4", "fd00::4"),
        "10.62.1.1",
    )


@pytest.mark.parametrize(("second", "same"), [("fd00::4", True), ("fd00::5", False)])
def test_the_second_address_of_a_gateway(second: str, same: bool) -> None:
    def has_two(obj: Json) -> None:
        own = obj["spec"] if obj["kind"] == "Endpoint" else obj.get("status", {}).get("localEndpoint", {})
        if own.get("cluster_id") == "west":
            own["privateIPs"] = [own["private_ip"], second if obj["kind"] == "Gateway" else "fd00::4"]

    expected = set() if same else {("gateway.endpoint-differs", "error", "Gateway west-worker")}
    assert told(read(has_two)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("worker", "worker", True),
        ("Worker", "worker", True),
        ("ip-10-0-0-1", "ip-10-0-0-1.ec2.internal", True),
        ("worker", "worker2", False),
        ("worker.a.example", "worker.b.example", False),
        ("", "", True),
        ("", "worker", False),
    ],
)
def test_hosts_and_nodes(one: str, other: str, same: bool) -> None:
    for pair in ((one, other), (other, one)):
        assert same_host(*pair) is same


# -- route agents -------------------------------------------------------------------------------------------------


def lost(cable: str) -> Change:
    def change(obj: Json) -> None:
        for entry in obj["status"]["remoteEndpoints"]:
            entry.update(status="error", statusMessage="no ping")
            entry["spec"]["cable_name"] = cable

    return of_kind("RouteAgent", "west-control-plane")(change)


def test_a_node_without_a_way_to_the_other_cluster() -> None:
    expected = {("routeagent.error", "error", "node west-control-plane of west -> east")}
    assert told(read(lost("submariner-cable-east-172-31-2-2"))) == expected


def test_a_route_agent_that_failed() -> None:
    failed = of_kind("RouteAgent", "west-worker")(lambda obj: obj["status"].update(statusFailure="no route"))
    assert told(read(failed)) == {("routeagent.failure", "error", "node west-worker of west")}


def test_an_entry_of_an_endpoint_that_is_gone_is_an_old_claim() -> None:
    assert told(read(lost("submariner-cable-east-10-0-0-9"))) == set()


# -- versions -----------------------------------------------------------------------------------------------------


def image(tag: str) -> t.Callable[[Json], None]:
    def change(obj: Json) -> None:
        for container in obj["spec"]["template"]["spec"]["containers"]:
            container["image"] = container["image"].rpartition(":")[0] + tag

    return change


def test_one_image_of_another_version() -> None:
    found = findings(read(of_kind("DaemonSet", "submariner-gateway")(image(":0.18.2"))))
    assert [(f.id, f.severity, f.subject) for f in found] == [("version.mixed", "warning", "cluster west")]
    assert "0.18.2 (submariner-gateway)" in found[0].observed


@pytest.mark.parametrize("version", ["devel", "0.25.0-rc1", "release-0.24", "latest", "local", "0.24.0-m1"])
def test_what_is_no_stable_release(version: str) -> None:
    def change(obj: Json) -> None:
        if obj["kind"] == "Submariner":
            obj["spec"]["version"] = version
        elif obj["kind"] in ("DaemonSet", "Deployment"):
            image(":" + version)(obj)

    found = findings(read(change))
    assert [(f.id, f.severity) for f in found] == [("version.not-stable", "warning")]
    assert version in found[0].observed


def test_an_image_by_digest_is_of_no_version() -> None:
    assert told(read(of_kind("Deployment")(image("@sha256:" + "0" * 64)))) == set()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("quay.io/submariner/submariner-gateway:0.24.1", "0.24.1"),
        ("registry:5000/submariner-gateway", ""),
        ("registry:5000/a/submariner-gateway:v0.24.1", "v0.24.1"),
        ("quay.io/a@sha256:00", ""),
        ("quay.io/a:1@sha256:00", ""),
        ("", ""),
    ],
)
def test_tags(name: str, tag: str) -> None:
    assert tag_of(name) == tag


# -- DNS ----------------------------------------------------------------------------------------------------------


def corefile(before: str, after: str) -> Change:
    return of_kind("ConfigMap", "coredns")(
        lambda obj: obj["data"].update(Corefile=obj["data"]["Corefile"].replace(before, after))
    )


COREDNS = "ConfigMap kube-system/coredns of west"
openshift = of_kind("Node")(lambda obj: obj["metadata"]["labels"].update({"node.openshift.io/os_id": "rhel"}))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (corefile("lighthouse-", "moon-"), "dns.missing-block"),
        (corefile("#lighthouse-end\n", ""), "dns.unbalanced-markers"),
        (corefile("forward . 10.92", "forward . 10.99"), "dns.wrong-address"),
        (corefile("forward . 10.92", "proxy . 10.92"), "dns.wrong-address"),
        (without("Service", "submariner-lighthouse-coredns"), "dns.wrong-address"),
    ],
)
def test_dns_of_service_discovery(change: Change, finding: str) -> None:
    assert told(read(change)) == {(finding, "error", COREDNS)}


def test_dns_that_stands_elsewhere_is_not_known() -> None:
    snapshot = read(without("ConfigMap", "coredns"))
    snapshot.readings["coredns"] = Reading("absent")
    assert told(snapshot) == {("dns.unseen", "unknown", "cluster west")}


def test_dns_of_a_microshift_is_not_known() -> None:
    """Its nodes are labelled as OpenShift's, and it has no DNS operator: the operator then edits openshift-dns/dns-default."""
    snapshot = read(openshift)
    snapshot.readings["dns-operator"] = Reading("absent")
    assert told(snapshot) == {("dns.unseen", "unknown", "cluster west")}
    assert "dns.operator.openshift.io" in next(f.observed for f in findings(snapshot) if f.id == "dns.unseen")


def test_without_service_discovery_dns_is_not_expected_to_know_it() -> None:
    def change(obj: Json) -> None:
        spec(serviceDiscoveryEnabled=False)(obj)
        corefile("lighthouse-", "moon-")(obj)

    assert told(read(change)) == set()


@pytest.mark.parametrize(
    ("address", "expected"), [("{}", set()), ("{}:5353", set()), ("10.99.9.9", {"dns.wrong-address"})]
)
def test_dns_in_a_config_map_of_the_users_choice(address: str, expected: set[str]) -> None:
    config = f"clusterset.local:53 {{\n    forward . {address.format(lighthouse())}\n}}\n"
    custom: Json = {
        "kind": "ConfigMap",
        "metadata": {"name": "coredns-custom", "namespace": "dns"},
        "data": {"lighthouse.server": config},
    }
    snapshot = read(spec(coreDNSCustomConfig={"configMapName": "coredns-custom", "namespace": "dns"}), more=[custom])
    assert {f.id for f in findings(snapshot)} == expected
    snapshot = read(spec(coreDNSCustomConfig={"configMapName": "coredns-custom", "namespace": "dns"}))
    assert told(snapshot) == {("dns.missing-block", "error", "ConfigMap dns/coredns-custom of west")}


@pytest.mark.parametrize(
    ("address", "expected"), [("{}", set()), ("{}:53", set()), ("10.99.9.9", {"dns.wrong-address"})]
)
def test_dns_of_openshift(address: str, expected: set[str]) -> None:
    server = {"name": "lighthouse", "forwardPlugin": {"upstreams": [address.format(lighthouse())]}}
    dns: Json = {"kind": "DNS", "metadata": {"name": "default"}, "spec": {"servers": [{"name": "other"}, server]}}
    snapshot = read(openshift, more=[dns])
    assert {f.id for f in findings(snapshot)} == expected
    dns["spec"]["servers"].pop()
    assert told(read(openshift, more=[dns])) == {("dns.missing-block", "error", "dns.operator default of west")}


def lighthouse() -> str:
    service = read().first("services", "submariner-operator", "submariner-lighthouse-coredns")
    return str(service["spec"]["clusterIP"])


# -- services and Globalnet ---------------------------------------------------------------------------------------


def test_an_export_that_is_not_valid() -> None:
    def invalid(obj: Json) -> None:
        obj["status"]["conditions"][0].update(status="False", reason="ServiceUnavailable", message="no such Service")

    found = findings(read(of_kind("ServiceExport")(invalid)))
    assert [(f.id, f.severity, f.subject) for f in found] == [
        ("service.not-exported", "warning", "ServiceExport default/web of west")
    ]
    assert "is not Valid: ServiceUnavailable no such Service" in found[0].observed


def test_an_export_that_nobody_answered() -> None:
    found = findings(read(of_kind("ServiceExport")(lambda obj: obj.pop("status"))))
    assert "was not answered" in found[0].observed


def test_a_status_from_before_the_installation() -> None:
    """Seen: an export outlives an uninstall, and is exported again though its Ready keeps the old date."""

    def old(obj: Json) -> None:
        for condition in obj["status"]["conditions"]:
            condition["lastTransitionTime"] = "2026-11-20T00:00:00Z"

    def old_and_unrecorded(obj: Json) -> None:
        of_kind("ServiceExport")(old)(obj)
        without("ServiceImport")(obj)

    assert told(read(of_kind("ServiceExport")(old))) == set()
    found = findings(read(old_and_unrecorded))
    assert [f.id for f in found] == ["service.not-exported"]
    assert "Ready since 2026-11-20T00:00:00Z, before this installation" in found[0].observed


@pytest.mark.parametrize("kind", ["ClusterGlobalEgressIP", "GlobalIngressIP"])
def test_globalnet_did_not_give_an_address(kind: str) -> None:
    def refused(obj: Json) -> None:
        obj["status"]["conditions"] = [{"type": "Allocated", "status": "False", "message": "no IPs available"}]

    found = findings(read(of_kind(kind)(refused), state="globalnet"))
    assert [f.id for f in found] == ["globalnet.not-allocated"]
    assert found[0].observed == "no IPs available"


# -- the way to the broker ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "server", ["127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443", "0.0.0.0:6443", ""]
)
def test_an_address_where_pods_find_nothing(server: str) -> None:
    assert told(read(spec(brokerK8sApiServer=server))) == {("broker.loopback-address", "error", "cluster west")}


@pytest.mark.parametrize(
    ("server", "host"),
    [
        ("172.18.0.2:6443", "172.18.0.2"),
        ("https://api.example:6443/", "api.example"),
        ("https://[fd00::1]:6443", "fd00::1"),
        ("fd00::1", "fd00::1"),
        ("", ""),
    ],
)
def test_hosts_in_addresses(server: str, host: str) -> None:
    assert host_of(server) == host


def authority(days: float) -> str:
    """A CA in PEM that expires so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - datetime.timedelta(days=400))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def encoded(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (365, set()),
        (12, {("broker.ca-expires", "warning", "cluster west")}),
        (-3, {("broker.ca-expired", "error", "cluster west")}),
    ],
)
def test_the_brokers_authority_in_the_resource_and_in_the_secret(days: float, expected: set[t.Any]) -> None:
    without_secret = read(spec(brokerK8sCA=encoded(authority(days))))
    del without_secret.readings["broker-secret"]  # the section V(access) is not read by default
    assert told(without_secret) == expected
    newest = of_kind("Secret", "submariner-broker-secret")(
        lambda obj: obj.update(data={"ca.crt": encoded(authority(days)), "token": encoded("t")})
    )
    assert told(read(newest)) == expected


def test_one_valid_authority_of_a_bundle_is_enough() -> None:
    snapshot = read(spec(brokerK8sCA=encoded(authority(-300) + authority(365))))
    del snapshot.readings["broker-secret"]
    assert told(snapshot) == set()


def test_a_member_without_its_token() -> None:
    expected = {("broker.no-credentials", "error", "cluster west")}
    assert told(read(without("Secret", "submariner-broker-secret"))) == expected
    empty = of_kind("Secret", "submariner-broker-secret")(lambda obj: obj.update(data={}))
    assert told(read(empty)) == expected


def test_what_of_a_secret_is_told() -> None:
    told_of = broker_access({"token": encoded("t"), "ca.crt": encoded(authority(10))})
    assert told_of == {"token": True, "ca": True, "expires": (NOW + datetime.timedelta(days=10)).timestamp()}
    assert broker_access({"ca.crt": "no base64"}) == {"token": False, "ca": False, "expires": None}


def test_no_certificate_has_no_expiry() -> None:
    assert expiry("") is None
    assert expiry("<certificate>") is None
    assert expiry("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") is None


# -- residue ------------------------------------------------------------------------------------------------------


def test_what_an_interrupted_uninstall_left() -> None:
    def gone(obj: Json) -> None:
        if obj["kind"] in ("Submariner", "ServiceDiscovery", "Namespace", "Pod", "DaemonSet", "Deployment"):
            obj["kind"] = None

    found = {f.id: f for f in findings(read(gone))}
    assert set(found) == {"residue.left", "residue.shared-definitions", "residue.exports"}
    left = found["residue.left"]
    assert left.severity == "warning"
    assert "7 ClusterRoles" in left.observed
    assert "ConfigMap kube-system/coredns" in left.evidence["objects"]


def test_the_operator_beside_a_broker_that_is_no_member_is_no_residue() -> None:
    def no_member(obj: Json) -> None:
        if obj["kind"] in ("Submariner", "ServiceDiscovery"):
            obj["kind"] = None

    found = {f.id for f in findings(read(no_member, cluster="east"), "east")}
    assert found == {"residue.shared-definitions"}
