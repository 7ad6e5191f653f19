# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From nothing to two connected clusters, and what a second call of each command does."""

from __future__ import annotations

import base64
import json
import stat
import typing as t

from tests.contract.bench import (
    BROKER,
    BROKER_INFO,
    CLUSTER_ID_LABEL,
    FINALIZER,
    OPERATOR,
    Bench,
)


def broker_info(bench: Bench) -> dict[str, t.Any]:
    body = json.loads(base64.urlsafe_b64decode((bench.folder / BROKER_INFO).read_text()))
    return {key.lower(): value for key, value in body.items()}


def psk(bench: Bench) -> str:
    return str(broker_info(bench)["ipsecpsk"]["data"]["psk"])


def test_deploy_broker_succeeds(clean: Bench) -> None:
    ran = clean.deploy_broker()
    assert ran.code == 0, ran.err
    assert " ✓ Deploying the broker" in ran.err


def test_the_broker_stands(clean: Bench) -> None:
    assert clean.find("east", "brokers.submariner.io", "submariner-broker", BROKER)
    assert "submariner-k8s-broker-admin" in clean.names("east", "serviceaccounts", BROKER)
    assert {"submariner-k8s-broker-admin", "submariner-k8s-broker-cluster"} <= clean.names("east", "roles", BROKER)
    assert {"submariner-globalnet-info", "submariner-clustersetip-info"} <= clean.names("east", "configmaps", BROKER)
    assert len(clean.crds("east", ".submariner.io")) >= 3
    assert "submariner-operator" in clean.names("east", "deployments")


def test_the_broker_info_is_private_and_complete(clean: Bench) -> None:
    mode = (clean.folder / BROKER_INFO).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    info = broker_info(clean)
    assert info["brokerurl"].startswith("https://")
    assert {"ca.crt", "namespace", "token"} <= set(info["clienttoken"]["data"])
    assert len(base64.b64decode(psk(clean))) == 48


def test_a_second_deploy_broker_makes_another_psk_and_keeps_the_old_file(clean: Bench) -> None:
    before = psk(clean)
    assert clean.deploy_broker().code == 0
    assert psk(clean) != before
    assert len(list(clean.folder.glob(f"{BROKER_INFO}.20*"))) == 1


def test_the_psk_of_a_file_is_kept(clean: Bench) -> None:
    before = psk(clean)
    assert clean.deploy_broker("--ipsec-psk-from", BROKER_INFO).code == 0
    assert psk(clean) == before


def test_join_without_a_labelled_node_and_terminal_fails_at_once(clean: Bench) -> None:
    ran = clean.join("west")
    assert ran.code == 1
    assert "Error getting gateway node: EOF" in ran.err
    assert ran.seconds < 10
    assert OPERATOR not in clean.names("west", "namespaces", "")


def test_join_returns_before_anything_runs(clean: Bench) -> None:
    for cluster in ("east", "west"):
        clean.label_gateway(cluster)
        ran = clean.join(cluster)
        assert ran.code == 0, ran.err
        assert "Submariner is up and running" in ran.err
        assert clean.find(cluster, "submariners.submariner.io", "submariner")
    assert "connected" not in clean.connections("west").values()


def test_both_become_connected(clean: Bench) -> None:
    clean.await_connected({"east": {"west"}, "west": {"east"}})


def test_the_broker_has_each_members_records_and_account(clean: Bench) -> None:
    assert clean.endpoint_owners("east", BROKER) == ["east", "west"]
    assert clean.cluster_names("east", BROKER) == {"east", "west"}
    for member in ("east", "west"):
        assert f"cluster-{member}" in clean.names("east", "serviceaccounts", BROKER)
        assert f"cluster-{member}-submariner-k8s-broker-cluster" in clean.names("east", "rolebindings", BROKER)
        assert any(name.startswith(f"cluster-{member}-token-") for name in clean.names("east", "secrets", BROKER))


def test_own_records_have_no_label_and_copies_have_their_origins(clean: Bench) -> None:
    for cluster, other in (("east", "west"), ("west", "east")):
        labels = {
            endpoint["spec"]["cluster_id"]: (endpoint["metadata"].get("labels") or {}).get(CLUSTER_ID_LABEL)
            for endpoint in clean.items(cluster, "endpoints.submariner.io")
        }
        assert labels == {cluster: None, other: other}


def test_an_endpoint_is_named_after_its_cluster_and_address(clean: Bench) -> None:
    for endpoint in clean.items("east", "endpoints.submariner.io", BROKER):
        spec = endpoint["spec"]
        cable = f"submariner-cable-{spec['cluster_id']}-{spec['private_ip'].replace('.', '-')}"
        assert spec["cable_name"] == cable
        assert endpoint["metadata"]["name"] == f"{spec['cluster_id']}-{cable}"
        assert endpoint["metadata"]["labels"][CLUSTER_ID_LABEL] == spec["cluster_id"]


def test_the_resources_wait_for_their_finalizer(clean: Bench) -> None:
    for kind, name in (
        ("submariners.submariner.io", "submariner"),
        ("servicediscoveries.submariner.io", "service-discovery"),
    ):
        found = clean.find("west", kind, name)
        assert found is not None
        assert FINALIZER in found["metadata"]["finalizers"]


def test_one_gateway_pod_is_active_and_beats(clean: Bench) -> None:
    pods = clean.items("west", "pods")
    active = [p for p in pods if p["metadata"].get("labels", {}).get("gateway.submariner.io/status") == "active"]
    assert len(active) == 1

    def beat() -> str:
        (gateway,) = clean.items("west", "gateways.submariner.io")
        return str(gateway["metadata"]["annotations"]["update-timestamp"])

    before = beat()
    clean.eventually(lambda: beat() != before, 30, "another heartbeat of the Gateway")


def test_tables_go_to_stdout_and_progress_to_stderr(clean: Bench) -> None:
    ran = clean.subctl("show", "endpoints", "--context", "west")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines() if line.strip()]
    assert rows[0][0] == "CLUSTER"
    assert {(row[0], row[-1]) for row in rows[1:]} == {("west", "local"), ("east", "remote")}
    assert "Showing Endpoints" in ran.err


def test_uninstall_without_yes_and_terminal_does_nothing_and_succeeds(clean: Bench) -> None:
    before = clean.find("west", "submariners.submariner.io", "submariner")
    ran = clean.subctl("uninstall", "--context", "west")
    assert ran.code == 0
    after = clean.find("west", "submariners.submariner.io", "submariner")
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "deletionTimestamp" not in after["metadata"]


def test_even_the_same_join_makes_it_anew(clean: Bench) -> None:
    """It is meant to where something differs; its comparison takes absent labels for a difference."""
    before = clean.find("west", "submariners.submariner.io", "submariner")
    assert clean.join("west").code == 0
    after = clean.find("west", "submariners.submariner.io", "submariner")
    assert before is not None
    assert after is not None
    assert after["spec"]["clusterID"] == before["spec"]["clusterID"] == "west"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    clean.await_connected({"east": {"west"}, "west": {"east"}})


def test_another_join_deletes_and_makes_it_anew(clean: Bench) -> None:
    before = clean.find("west", "submariners.submariner.io", "submariner")
    assert clean.join("west", "west", "--health-check-interval", "2").code == 0
    after = clean.find("west", "submariners.submariner.io", "submariner")
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    clean.await_connected({"east": {"west"}, "west": {"east"}})
