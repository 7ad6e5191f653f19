# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Globalnet: who gets which addresses, what stands for them, and what an uninstall leaves."""

from __future__ import annotations

import ipaddress
import json

import pytest

from tests.contract.bench import BROKER, Bench, Object
from tests.contract.traffic import fetch, start_clients
from tests.lab import web

RANGE = ipaddress.ip_network("242.0.0.0/8")
SIZE = 4096
FINALIZER = "submariner.io/globalnet-internal-service"
INGRESS = "globalingressips.submariner.io"
EXPORTED = "submariner.io/exportedServiceRef"


def allocations(bench: Bench) -> dict[str, str]:
    config = bench.find("east", "configmaps", "submariner-globalnet-info", BROKER)
    assert config is not None
    assert config["data"]["globalnetEnabled"] == "true"
    entries = json.loads(config["data"].get("clusterinfo", "[]"))
    return {entry["cluster_id"]: entry["global_cidr"][0] for entry in entries}


def internal_services(bench: Bench) -> list[Object]:
    services = bench.items("west", "services", web.NAMESPACE)
    return [item for item in services if item["metadata"].get("labels", {}).get(EXPORTED) == web.NAME]


def global_ip(bench: Bench) -> str:
    found = bench.find("west", INGRESS, web.NAME, web.NAMESPACE) or {}
    return str((found.get("status") or {}).get("allocatedIP", ""))


def chains(bench: Bench, node: str) -> set[str]:
    lines = bench.on_node(node, "iptables-save", "-t", "nat").splitlines()
    return {line[1:].split()[0] for line in lines if line[:1] == ":" and ("-GN-" in line)}


@pytest.fixture(scope="module")
def members(clean: Bench) -> Bench:
    """A broker with Globalnet on east, both clusters joined and connected."""
    assert clean.deploy_broker("--globalnet", "--globalnet-cluster-size", str(SIZE)).code == 0
    for cluster in ("east", "west"):
        clean.label_gateway(cluster)
        ran = clean.join(cluster)
        assert ran.code == 0, ran.err
    clean.await_connected({"east": {"west"}, "west": {"east"}})
    return clean


def test_each_member_has_a_part_of_the_range(members: Bench) -> None:
    parts = {cluster: ipaddress.ip_network(cidr) for cluster, cidr in allocations(members).items()}
    assert set(parts) == {"east", "west"}
    assert all(part.num_addresses == SIZE and part.subnet_of(RANGE) for part in parts.values())  # type: ignore[arg-type]
    assert not parts["east"].overlaps(parts["west"])


def test_the_records_tell_the_global_network_alone(members: Bench) -> None:
    for cluster, cidr in allocations(members).items():
        found = members.find("east", "clusters.submariner.io", cluster, BROKER)
        assert found is not None
        assert found["spec"]["global_cidr"] == [cidr]
        (endpoint,) = [
            e for e in members.items("east", "endpoints.submariner.io", BROKER) if e["spec"]["cluster_id"] == cluster
        ]
        assert endpoint["spec"]["subnets"] == [cidr]


def test_the_gateways_global_address_is_what_the_others_ping(members: Bench) -> None:
    for cluster, cidr in allocations(members).items():

        def same(cluster: str = cluster, cidr: str = cidr) -> bool:
            (gateway,) = members.items(cluster, "gateways.submariner.io")
            address = gateway["metadata"]["annotations"].get("submariner.io/globalIp", "")
            (endpoint,) = [
                e
                for e in members.items("east", "endpoints.submariner.io", BROKER)
                if e["spec"]["cluster_id"] == cluster
            ]
            told = endpoint["spec"]["healthCheckIP"]
            return bool(address) and told == address and ipaddress.ip_address(address) in ipaddress.ip_network(cidr)

        members.eventually(same, 60, f"the health check address of {cluster}")
    members.await_connected({"east": {"west"}, "west": {"east"}})


def test_outgoing_traffic_has_addresses(members: Bench) -> None:
    for cluster, cidr in allocations(members).items():
        (egress,) = members.items(cluster, "clusterglobalegressips.submariner.io", "")
        assert egress["metadata"]["name"] == "cluster-egress.submariner.io"
        addresses = egress["status"]["allocatedIPs"]
        assert len(addresses) == egress["spec"]["numGlobalIPs"]
        assert all(ipaddress.ip_address(address) in ipaddress.ip_network(cidr) for address in addresses)


def test_only_the_gateway_node_translates(members: Bench) -> None:
    gateway, other = members.nodes("west")[:2]
    assert {"SUBMARINER-GN-INGRESS", "SUBMARINER-GN-EGRESS", "SUBMARINER-GN-MARK", "SM-GN-EGRESS-CLUSTER"} <= chains(
        members, gateway
    )
    assert chains(members, other) == set()


def test_an_exported_service_gets_an_address_and_an_internal_service_that_cannot_be_deleted(members: Bench) -> None:
    for cluster in ("east", "west"):
        web.deploy(members.clusters, cluster)
        start_clients(members, cluster)
    ran = members.subctl("export", "service", web.NAME, "--namespace", web.NAMESPACE, "--context", "west")
    assert ran.code == 0, ran.err
    members.eventually(lambda: global_ip(members), 60, "the address of the Service")
    assert ipaddress.ip_address(global_ip(members)) in ipaddress.ip_network(allocations(members)["west"])
    (internal,) = internal_services(members)
    assert internal["metadata"]["finalizers"] == [FINALIZER]
    assert internal["spec"]["externalIPs"] == [global_ip(members)]


def test_the_other_cluster_is_told_the_global_address(members: Bench) -> None:
    web.await_exported(members.clusters, ("east", "west"))
    found = [
        item["endpoints"][0]["addresses"]
        for item in members.items("east", "endpointslices.discovery.k8s.io", web.NAMESPACE)
        if item["metadata"]["labels"].get("multicluster.kubernetes.io/source-cluster") == "west"
    ]
    assert found == [[global_ip(members)]]


@pytest.mark.parametrize("place", [0, 1], ids=["gateway", "other"])
def test_pods_reach_it_by_address_and_name(members: Bench, place: int) -> None:
    node = members.nodes("east")[place]
    pods = members.names("west", "pods", web.NAMESPACE)
    for host in (global_ip(members), f"{web.NAME}.{web.NAMESPACE}.svc.clusterset.local"):
        assert fetch(members, "east", node, f"http://{host}/hostname") in pods, host


def test_an_uninstall_takes_all_of_it(members: Bench) -> None:
    assert members.uninstall("west").code == 0
    members.await_gone("west")
    assert internal_services(members) == []
    assert chains(members, members.nodes("west")[0]) == set()
    members.eventually(lambda: not members.crds("west", ".submariner.io"), 60, "definitions gone")


def test_the_export_stays_and_so_does_the_part_of_the_range(members: Bench) -> None:
    assert members.find("west", "serviceexports.multicluster.x-k8s.io", web.NAME, web.NAMESPACE)
    assert set(allocations(members)) == {"east", "west"}


def test_the_next_join_gets_the_same_part(members: Bench) -> None:
    before = allocations(members)
    members.label_gateway("west")
    assert members.join("west").code == 0
    members.await_connected({"east": {"west"}, "west": {"east"}})
    assert allocations(members) == before
    members.eventually(lambda: global_ip(members), 60, "the address of the Service")
