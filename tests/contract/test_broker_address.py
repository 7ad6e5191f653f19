# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker's address in the broker information is one that only the controller can reach, as kind writes it."""

from __future__ import annotations

from tests.contract.bench import OPERATOR, Bench


def test_deploy_broker_takes_the_address_of_the_kubeconfig(clean: Bench) -> None:
    ran = clean.subctl("deploy-broker", "--context", "east")
    assert ran.code == 0, ran.err


def test_join_claims_success(clean: Bench) -> None:
    clean.label_gateway("west")
    ran = clean.join("west")
    assert ran.code == 0, ran.err
    assert "indicates broker is at https://127.0.0.1:" in ran.err
    assert "Submariner is up and running" in ran.err


def test_the_cause_stands_in_the_operators_log_only(clean: Bench) -> None:
    def log() -> str:
        return clean.kubectl("west", "-n", OPERATOR, "logs", "deployment/submariner-operator")

    clean.eventually(lambda: "connection refused" in log(), 120, "the cause in the operator's log")


def test_only_the_operator_runs(clean: Bench) -> None:
    pods = {str(pod["metadata"]["labels"].get("name")) for pod in clean.items("west", "pods")}
    assert pods == {"submariner-operator"}
    assert clean.connections("west") == {}


def test_a_join_with_the_right_address_repairs_it(clean: Bench) -> None:
    url = f"https://{clean.clusters.control_plane_address('east')}:6443"
    clean.label_gateway("east")
    assert clean.join("east", "east", "--broker-url", url).code == 0
    assert clean.join("west", "west", "--broker-url", url).code == 0
    clean.await_connected({"east": {"west"}, "west": {"east"}})
