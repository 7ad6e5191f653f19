# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""submariner#3411: the gateway label goes first, and a ghost stays."""

from __future__ import annotations

from tests.contract.bench import BROKER, Bench


def test_uninstall_without_a_gateway_node_still_succeeds(joined: Bench) -> None:
    joined.label_gateway("west", present=False)
    ran = joined.uninstall("west")
    assert ran.code == 0, ran.err
    joined.await_gone("west")


def test_the_records_stay_on_the_broker_and_the_peer(joined: Bench) -> None:
    assert joined.endpoint_owners("east", BROKER) == ["east", "west"]
    assert joined.cluster_names("east", BROKER) == {"east", "west"}
    assert joined.endpoint_owners("east") == ["east", "west"]


def test_the_gateways_residue_stays_on_the_node(joined: Bench) -> None:
    gateway = joined.nodes("west")[0]
    assert "vxlan-tunnel" in joined.on_node(gateway, "ip", "-o", "link")
    assert any(line.startswith("100:") for line in joined.on_node(gateway, "ip", "rule").splitlines())


def test_the_ghosts_id_is_refused_at_once(joined: Bench) -> None:
    joined.label_gateway("west")
    ran = joined.join("west")
    assert ran.code == 1
    assert 'Detected an existing joined cluster with the same ID "west"' in ran.err
    assert ran.seconds < 10


def test_a_second_id_is_accepted(joined: Bench) -> None:
    ran = joined.join("west", "west2")
    assert ran.code == 0, ran.err


def test_every_connection_is_connected_the_ghosts_too(joined: Bench) -> None:
    joined.await_connected({"east": {"west", "west2"}, "west": {"east"}})


def test_there_are_three_endpoints_in_east_and_two_in_west(joined: Bench) -> None:
    assert joined.endpoint_owners("east", BROKER) == ["east", "west", "west2"]
    assert joined.endpoint_owners("east") == ["east", "west", "west2"]
    assert joined.endpoint_owners("west") == ["east", "west2"]
    assert joined.cluster_names("east") == {"east", "west", "west2"}
    assert joined.cluster_names("west") == {"east", "west", "west2"}


def test_diagnose_names_the_overlap(joined: Bench) -> None:
    ran = joined.subctl("diagnose", "deployment", "--context", "east", patience=120)
    assert ran.code == 1
    assert 'overlaps with cluster "west"' in ran.err


def test_the_ghost_keeps_the_broker(joined: Bench) -> None:
    assert joined.uninstall("west").code == 0
    ran = joined.uninstall("east")
    assert ran.code == 0, ran.err
    assert "appears to be in use by other clusters (" in ran.err
    assert "keeping the broker components" in ran.err
    assert {BROKER, "submariner-operator"} <= joined.names("east", "namespaces", "")
    assert joined.endpoint_owners("east", BROKER) == ["west"]
    assert joined.gateway_labels("east") == []
