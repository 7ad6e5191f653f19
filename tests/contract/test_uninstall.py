# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a successful `subctl uninstall` takes, what it takes by mistake, and what it leaves."""

from __future__ import annotations

from tests.contract.bench import BROKER, OPERATOR, Bench

VICTIM = "contract-victim"


def test_uninstall_succeeds_before_anything_is_gone(joined: Bench) -> None:
    joined.kubectl("west", "create", "clusterrole", VICTIM, "--verb=get", "--resource=pods")
    joined.kubectl(
        "west", "create", "clusterrolebinding", "submariner-contract", f"--clusterrole={VICTIM}", "--user=nobody"
    )
    ran = joined.uninstall("west")
    assert ran.code == 0, ran.err
    phase = joined.kubectl("west", "get", "namespace", OPERATOR, "-o", "jsonpath={.status.phase}")
    assert phase == "Terminating"


def test_it_took_the_role_of_a_binding_that_only_sounds_like_submariner(joined: Bench) -> None:
    assert "submariner-contract" not in joined.names("west", "clusterrolebindings", "")
    assert VICTIM not in joined.names("west", "clusterroles", "")


def test_it_took_the_labels_and_later_the_namespace_and_definitions(joined: Bench) -> None:
    assert joined.gateway_labels("west") == []
    joined.await_gone("west")
    joined.eventually(lambda: not joined.crds("west", ".submariner.io"), 60, "definitions gone")


def test_its_records_are_gone_from_the_broker_and_the_peer(joined: Bench) -> None:
    assert joined.endpoint_owners("east", BROKER) == ["east"]
    assert joined.cluster_names("east", BROKER) == {"east"}
    joined.eventually(lambda: joined.endpoint_owners("east") == ["east"], 30, "the peer's copy gone")
    joined.eventually(lambda: joined.connections("east") == {}, 30, "the peer's connection gone")


def test_its_account_stays_on_the_broker(joined: Bench) -> None:
    assert "cluster-west" in joined.names("east", "serviceaccounts", BROKER)
    assert "cluster-west-submariner-k8s-broker-cluster" in joined.names("east", "rolebindings", BROKER)
    assert any(name.startswith("cluster-west-token-") for name in joined.names("east", "secrets", BROKER))


def test_the_service_apis_stay(joined: Bench) -> None:
    assert joined.crds("west", ".multicluster.x-k8s.io") == {
        "serviceexports.multicluster.x-k8s.io",
        "serviceimports.multicluster.x-k8s.io",
    }


def test_a_chain_stays_on_the_nodes_and_everything_else_goes(joined: Bench) -> None:
    gateway = joined.nodes("west")[0]
    chains = {line.split()[0] for line in joined.on_node(gateway, "iptables-save").splitlines() if line[:1] == ":"}
    assert {chain for chain in chains if "SUBMARINER" in chain} == {":SUBMARINER-FORWARD"}
    links = joined.on_node(gateway, "ip", "-o", "link")
    assert "vx-submariner" not in links
    assert "vxlan-tunnel" not in links


def test_the_last_uninstall_removes_the_broker(joined: Bench) -> None:
    ran = joined.uninstall("east")
    assert ran.code == 0, ran.err
    assert f'Deleting the broker namespace "{BROKER}"' in ran.err
    joined.await_gone("east", BROKER)
    joined.await_gone("east")
