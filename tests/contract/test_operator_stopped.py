# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator is stopped in the middle of an uninstall."""

from __future__ import annotations

import threading

from tests.contract.bench import FINALIZER, Bench, Ran

OUT_OF_TIME = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"


def test_uninstall_ends_after_150_seconds_in_one_of_two_ways(joined: Bench) -> None:
    """A real one was seen to do either; which of them depends on how busy the machine is at that moment."""
    ran: list[Ran] = []
    command = threading.Thread(target=lambda: ran.append(joined.uninstall("west")))
    command.start()
    try:
        joined.eventually(
            lambda: any(name.endswith("-uninstall") for name in joined.names("west", "daemonsets")),
            60,
            "an uninstall DaemonSet",
        )
        joined.kubectl("west", "-n", "submariner-operator", "scale", "deployment/submariner-operator", "--replicas=0")
    finally:
        command.join()
    assert 140 < ran[0].seconds < 200
    assert ran[0].code in (0, 1)
    if ran[0].code:
        assert 'Error deleting Submariner resource "submariner"' in ran[0].err
        assert OUT_OF_TIME in ran[0].err
        waits_for_ever(joined)
    else:
        was_released(joined)


def waits_for_ever(west: Bench) -> None:
    """No cause is named, and nothing was given up."""
    assert {"submariner-gateway-uninstall", "submariner-routeagent-uninstall"} <= west.names("west", "daemonsets")
    running = [
        pod["metadata"]["name"]
        for pod in west.items("west", "pods")
        if "-uninstall-" in pod["metadata"]["name"] and pod["status"]["phase"] == "Running"
    ]
    assert len(running) >= 2
    found = west.find("west", "submariners.submariner.io", "submariner")
    assert found is not None
    assert "deletionTimestamp" in found["metadata"]
    assert FINALIZER in found["metadata"]["finalizers"]
    assert len(west.crds("west", ".submariner.io")) >= 12
    assert len([name for name in west.names("west", "clusterroles", "") if name.startswith("submariner-")]) == 7
    assert west.gateway_labels("west") == [west.nodes("west")[0]]


def was_released(west: Bench) -> None:
    """subctl saw no operator, took the finalizer away, and went on as if all were well."""
    west.eventually(lambda: not west.crds("west", ".submariner.io"), 60, "the definitions to go")
    assert west.gateway_labels("west") == []
    assert [name for name in west.names("west", "clusterroles", "") if name.startswith("submariner-")] == []
