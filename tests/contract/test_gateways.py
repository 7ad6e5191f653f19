# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two gateway nodes: one works, the other waits, and takes over when the first one's node is lost."""

from __future__ import annotations

import time

from tests.contract.bench import BROKER, GATEWAY_LABEL, OPERATOR, Bench, Object

# Everything but the loopback: to the others the node is as good as dead.
CUT = "table inet contract {{\n{}\n}}".format(
    "\n".join(
        f"chain {hook} {{ type filter hook {hook} priority -300; {condition} drop; }}"
        for hook, condition in (("input", "iif != lo"), ("output", "oif != lo"), ("forward", ""))
    )
)


def gateways(bench: Bench) -> dict[str, str]:
    """Node -> active or passive."""
    return {
        str(g["metadata"]["name"]): str(g["status"]["haStatus"]) for g in bench.items("west", "gateways.submariner.io")
    }


def holder(bench: Bench) -> str:
    lease = bench.find("west", "leases.coordination.k8s.io", "submariner-gateway-lock")
    assert lease is not None
    return str(lease["spec"]["holderIdentity"]).removesuffix("-submariner-gateway")


def own_endpoint(bench: Bench) -> Object:
    (endpoint,) = [
        e for e in bench.items("east", "endpoints.submariner.io", BROKER) if e["spec"]["cluster_id"] == "west"
    ]
    return endpoint


def restarted_pod(bench: Bench, node: str) -> str:
    pods = [
        p
        for p in bench.items("west", "pods")
        if p["spec"].get("nodeName") == node and p["metadata"]["labels"].get("app") == "submariner-gateway"
    ]
    return str(pods[0]["metadata"]["uid"]) if pods else ""


def test_the_second_gateway_waits(joined: Bench) -> None:
    first, second = joined.nodes("west")[:2]
    joined.kubectl("west", "label", "node", second, f"{GATEWAY_LABEL}=true")
    joined.eventually(lambda: gateways(joined) == {first: "active", second: "passive"}, 90, "a passive gateway")
    assert holder(joined) == first
    (passive,) = [g for g in joined.items("west", "gateways.submariner.io") if g["metadata"]["name"] == second]
    assert passive["status"]["connections"] == []
    assert passive["status"]["localEndpoint"]["hostname"] == second


def test_there_is_one_endpoint_and_one_pod_called_active(joined: Bench) -> None:
    assert joined.endpoint_owners("east", BROKER) == ["east", "west"]
    assert joined.endpoint_owners("west") == ["east", "west"]
    labels = [p["metadata"]["labels"].get("gateway.submariner.io/status") for p in joined.items("west", "pods")]
    assert sorted(filter(None, labels)) == ["active", "passive"]


def test_show_endpoints_has_a_local_row_for_each_gateway(joined: Bench) -> None:
    rows = [line.split() for line in joined.subctl("show", "endpoints", "--context", "west").out.splitlines()]
    assert [row[-1] for row in rows if row and row[0] == "west"] == ["local", "local"]


def test_a_deleted_pod_is_no_failover(joined: Bench) -> None:
    node, before = holder(joined), own_endpoint(joined)
    pod = restarted_pod(joined, node)
    joined.kubectl(
        "west",
        "-n",
        OPERATOR,
        "delete",
        "pod",
        "--wait=false",
        "-l",
        "app=submariner-gateway,gateway.submariner.io/status=active",
    )
    joined.eventually(lambda: restarted_pod(joined, node) not in ("", pod), 60, "another pod on the node")
    joined.eventually(lambda: gateways(joined).get(node) == "active", 60, "the same node active again")
    assert holder(joined) == node
    after = own_endpoint(joined)
    assert (after["metadata"]["name"], after["metadata"]["uid"]) == (
        before["metadata"]["name"],
        before["metadata"]["uid"],
    )
    joined.await_connected({"east": {"west"}, "west": {"east"}})


def test_a_lost_node_is_noticed_and_another_takes_over(joined: Bench) -> None:
    first, second = joined.nodes("west")[:2]
    assert holder(joined) == first
    before = own_endpoint(joined)
    joined.on_node(first, "sh", "-c", f"echo '{CUT}' | nft -f -")
    start = time.monotonic()
    try:
        joined.eventually(lambda: joined.connections("east").get("west") == "error", 45, "the peer sees an error")
        joined.eventually(lambda: holder(joined) == second, 60, "the lease moves")
        joined.eventually(lambda: own_endpoint(joined)["spec"]["hostname"] == second, 30, "another Endpoint")
        after = own_endpoint(joined)
        assert after["metadata"]["name"] != before["metadata"]["name"]
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        joined.await_connected({"east": {"west"}})
        assert time.monotonic() - start < 90
    finally:
        joined.on_node(first, "nft", "delete table inet contract")


def test_the_lost_node_comes_back_as_the_one_that_waits(joined: Bench) -> None:
    first, second = joined.nodes("west")[:2]
    joined.eventually(lambda: gateways(joined) == {first: "passive", second: "active"}, 120, "both gateways back")
    assert own_endpoint(joined)["spec"]["hostname"] == second
    assert joined.endpoint_owners("west") == ["east", "west"]
    joined.await_connected({"east": {"west"}, "west": {"east"}})


def test_the_uninstall_cleans_both_nodes(joined: Bench) -> None:
    assert joined.uninstall("west").code == 0
    joined.await_gone("west")
    for node in joined.nodes("west"):
        links = joined.on_node(node, "ip", "-o", "link")
        assert "vx-submariner" not in links
        assert "vxlan-tunnel" not in links
    assert joined.gateway_labels("west") == []
    assert joined.endpoint_owners("east", BROKER) == ["east"]
