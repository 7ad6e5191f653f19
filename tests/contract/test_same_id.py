# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster ID on two clusters: the gateway that starts last has it."""

from __future__ import annotations

from tests.contract.bench import BROKER, OPERATOR, Bench


def addresses(bench: Bench, cluster: str, namespace: str) -> list[str]:
    """Of the gateways that have an Endpoint with the ID east."""
    endpoints = bench.items(cluster, "endpoints.submariner.io", namespace)
    return sorted(str(e["spec"]["private_ip"]) for e in endpoints if e["spec"]["cluster_id"] == "east")


def own_address(bench: Bench, cluster: str) -> str:
    """Empty while its gateway is being replaced."""
    gateways = bench.items(cluster, "gateways.submariner.io")
    return str(gateways[0]["status"]["localEndpoint"]["private_ip"]) if gateways else ""


def restart_gateway(bench: Bench, cluster: str) -> None:
    bench.kubectl(cluster, "-n", OPERATOR, "delete", "pod", "-l", "app=submariner-gateway")


def test_without_the_clusters_record_the_id_is_accepted_again(clean: Bench) -> None:
    assert clean.deploy_broker().code == 0
    clean.label_gateway("east")
    assert clean.join("east").code == 0
    clean.eventually(lambda: addresses(clean, "east", BROKER), 120, "the first cluster's Endpoint")
    clean.kubectl("east", "-n", BROKER, "delete", "clusters.submariner.io", "east")
    clean.label_gateway("west")
    ran = clean.join("west", "east")
    assert ran.code == 0, ran.err


def test_the_newcomer_has_it_and_the_other_keeps_its_own_endpoint(clean: Bench) -> None:
    clean.eventually(lambda: clean.items("west", "gateways.submariner.io"), 120, "the newcomer's gateway")
    clean.eventually(
        lambda: addresses(clean, "east", BROKER) == [own_address(clean, "west")], 60, "the newcomer's Endpoint alone"
    )
    assert addresses(clean, "east", OPERATOR) == [own_address(clean, "east")]
    assert addresses(clean, "west", OPERATOR) == [own_address(clean, "west")]


def test_a_restart_of_the_other_gateway_takes_it_back(clean: Bench) -> None:
    restart_gateway(clean, "east")
    clean.eventually(
        lambda: addresses(clean, "east", BROKER) == [own_address(clean, "east")], 60, "the first one's Endpoint alone"
    )
    assert addresses(clean, "west", OPERATOR) == [own_address(clean, "west")]
