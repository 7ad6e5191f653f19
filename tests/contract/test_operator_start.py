# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running operator overlooks, and a start of it puts back."""

from __future__ import annotations

import json
import re
import time

from tests.contract.bench import OPERATOR, Bench

GATEWAYS = "gateways.submariner.io"
OVERLOOKED = 15.0


def corefile(bench: Bench) -> str:
    config = bench.find("east", "configmaps", "coredns", "kube-system")
    assert config is not None
    return str(config["data"]["Corefile"])


def restarts(bench: Bench) -> list[int]:
    pods = [p for p in bench.items("west", "pods") if p["metadata"].get("labels", {}).get("name") == OPERATOR]
    return [status["restartCount"] for pod in pods for status in pod["status"]["containerStatuses"]]


def start_operator(bench: Bench, cluster: str) -> None:
    bench.kubectl(cluster, "-n", OPERATOR, "delete", "pod", "-l", f"name={OPERATOR}")


def test_an_edit_of_the_clusters_dns(joined: Bench) -> None:
    without = re.sub(r"#lighthouse-start.*?#lighthouse-end[^\n]*\n?", "", corefile(joined), flags=re.DOTALL)
    patch = json.dumps({"data": {"Corefile": without}})
    joined.kubectl("east", "-n", "kube-system", "patch", "configmap", "coredns", "--type=merge", "-p", patch)
    time.sleep(OVERLOOKED)
    assert "lighthouse" not in corefile(joined)
    start_operator(joined, "east")
    joined.eventually(lambda: "lighthouse-start" in corefile(joined), 60, "the block in the Corefile")


def test_a_definition_that_is_gone(joined: Bench) -> None:
    before = restarts(joined)
    joined.kubectl("west", "delete", "customresourcedefinition", GATEWAYS)
    time.sleep(OVERLOOKED)
    assert GATEWAYS not in joined.crds("west", ".submariner.io")
    assert restarts(joined) == before
    start_operator(joined, "west")
    joined.eventually(lambda: GATEWAYS in joined.crds("west", ".submariner.io"), 60, "the definition")
    joined.await_connected({"east": {"west"}, "west": {"east"}})
