# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker's namespace goes under members that live."""

from __future__ import annotations

from tests.contract.bench import BROKER, Bench


def await_alone(bench: Bench, cluster: str) -> None:
    bench.eventually(lambda: bench.endpoint_owners(cluster) == [cluster], 45, f"only its own Endpoint in {cluster}")
    bench.eventually(lambda: bench.connections(cluster) == {}, 30, f"no connection in {cluster}")


def test_the_members_drop_each_other(joined: Bench) -> None:
    joined.kubectl("east", "delete", "namespace", BROKER, "--wait=false")
    for cluster in ("east", "west"):
        await_alone(joined, cluster)
    joined.await_gone("east", BROKER)


def test_everything_looks_well_all_the_same(joined: Bench) -> None:
    for cluster in ("east", "west"):
        (gateway,) = joined.items(cluster, "gateways.submariner.io")
        assert gateway["status"]["haStatus"] == "active"
        assert gateway["status"]["statusFailure"] == ""
        phases = {str(pod["status"]["phase"]) for pod in joined.items(cluster, "pods")}
        assert phases == {"Running"}


def test_uninstall_succeeds_after_two_minutes(joined: Bench) -> None:
    ran = joined.uninstall("west")
    assert ran.code == 0, ran.err
    assert 110 < ran.seconds < 150


def test_the_gateways_residue_stays_on_the_node(joined: Bench) -> None:
    joined.await_gone("west")
    gateway = joined.nodes("west")[0]
    assert "vxlan-tunnel" in joined.on_node(gateway, "ip", "-o", "link")
    assert any(line.startswith("100:") for line in joined.on_node(gateway, "ip", "rule").splitlines())
