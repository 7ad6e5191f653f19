# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator is stopped in the middle of an uninstall."""

from __future__ import annotations

import threading

from tests.contract.bench import FINALIZER, Bench, Ran

OUT_OF_TIME = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"


def test_uninstall_gives_up_after_150_seconds_and_names_no_cause(joined: Bench) -> None:
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
    assert ran[0].code == 1
    assert 'Error deleting Submariner resource "submariner"' in ran[0].err
    assert OUT_OF_TIME in ran[0].err
    assert 140 < ran[0].seconds < 180


def test_the_uninstall_workloads_run_on(joined: Bench) -> None:
    assert {"submariner-gateway-uninstall", "submariner-routeagent-uninstall"} <= joined.names("west", "daemonsets")
    running = [
        pod["metadata"]["name"]
        for pod in joined.items("west", "pods")
        if "-uninstall-" in pod["metadata"]["name"] and pod["status"]["phase"] == "Running"
    ]
    assert len(running) >= 2


def test_the_resource_waits_for_ever(joined: Bench) -> None:
    found = joined.find("west", "submariners.submariner.io", "submariner")
    assert found is not None
    assert "deletionTimestamp" in found["metadata"]
    assert FINALIZER in found["metadata"]["finalizers"]


def test_everything_else_is_still_there(joined: Bench) -> None:
    assert len(joined.crds("west", ".submariner.io")) >= 12
    assert len([name for name in joined.names("west", "clusterroles", "") if name.startswith("submariner-")]) == 7
    assert joined.gateway_labels("west") == [joined.nodes("west")[0]]
