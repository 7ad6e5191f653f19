# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one cluster shows where names, speed and places are not those of the recordings."""

from __future__ import annotations

import copy
import datetime

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Reading
from tests.unit.plugins.module_utils.test_checks_cluster import NOW, findings, openshift, read, told


def test_nodes_that_are_called_otherwise_than_their_hosts() -> None:
    """As kubelets with --hostname-override have it: Gateway, Endpoint and lease have the host's name."""
    address = "10.0.0.5"

    def rename(obj: Json) -> None:
        if obj["kind"] == "Node" and obj["metadata"]["name"] == "west-worker":
            obj["metadata"]["name"] = address
        elif obj["kind"] == "Pod" and obj["spec"].get("nodeName") == "west-worker":
            obj["spec"]["nodeName"] = address

    assert told(read(rename)) == set()


def test_a_slow_server_makes_no_gateway_stale() -> None:
    snapshot = read()
    (gateway,) = snapshot.objects("gateways")
    gateway["metadata"]["written"] = (NOW - datetime.timedelta(seconds=3)).isoformat()
    snapshot.clocks["gateways"] = NOW.timestamp()
    snapshot.clock = NOW.timestamp() + 40
    assert told(snapshot) == set()
    snapshot.clocks["gateways"] = snapshot.clock
    assert {f.id for f in findings(snapshot)} == {"gateway.stale"}


@pytest.mark.parametrize(
    ("key", "change", "usual"), [("dns-of-rke2", None, "coredns"), ("dns-of-microshift", "openshift", "dns-operator")]
)
def test_dns_where_a_platform_keeps_it(key: str, change: str | None, usual: str) -> None:
    healthy = read()
    snapshot = read(openshift if change else None)
    snapshot.readings[usual] = Reading("absent")
    snapshot.readings[key] = healthy.readings["coredns"]
    assert told(snapshot) == set()
    obj = copy.deepcopy(healthy.first_of("coredns"))
    obj["data"]["Corefile"] = ".:53 {\n}\n"
    snapshot.readings[key] = Reading("present", [obj])
    assert {(f.id, f.severity) for f in findings(snapshot)} == {("dns.missing-block", "error")}
