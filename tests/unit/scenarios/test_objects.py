# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Heartbeats are no change, everything else is."""

from __future__ import annotations

import copy

from tests.scenarios import objects
from tests.scenarios.judge import Objects
from tests.unit.fake_api import recording


def two() -> tuple[Objects, Objects]:
    before = recording("healthy-two-nodes", "east")
    return before, copy.deepcopy(before)


def test_heartbeats_are_no_change() -> None:
    before, after = two()
    for item in after:
        item["metadata"]["resourceVersion"] = "999999"
        item["metadata"]["generation"] = 99
        item["status"] = {"moved": True}
        if item["kind"] == "Gateway":
            item["metadata"]["annotations"]["update-timestamp"] = "1"
    event = {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "new", "namespace": "default"}}
    lease = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "l", "namespace": "d"}}
    assert objects.differences(before, [*after, event, lease]) == []


def test_what_comes_goes_and_changes_is_named() -> None:
    before, after = two()
    endpoint = next(item for item in after if item["kind"] == "Endpoint")
    endpoint["spec"]["cluster_id"] = "elsewhere"
    gone = next(item for item in after if item["kind"] == "DaemonSet")
    after.remove(gone)
    after.append({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "new"}})
    lines = objects.differences(before, after)
    assert f"removed: DaemonSet submariner-operator/{gone['metadata']['name']}" in lines
    assert "added: Namespace new" in lines
    assert any(line.startswith("changed: Endpoint") and "'elsewhere'" in line for line in lines)
    assert len(lines) == 3


def test_an_object_that_was_made_anew_is_a_change() -> None:
    before, after = two()
    after[0]["metadata"]["uid"] = "another"
    assert len(objects.differences(before, after)) == 1


def test_a_secret_is_not_printed() -> None:
    before, after = two()
    secret = next(item for item in after if item["kind"] == "Secret")
    secret["data"] = {"psk": "very-secret"}
    (line,) = objects.differences(before, after)
    assert "data" in line
    assert "very-secret" not in line
