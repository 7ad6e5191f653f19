# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each recorded state of two clusters gives exactly the findings that its description says, and no others.

The inventory names east (also the broker) and west. What the recorded programs say of themselves is always seen: they
were built without a version.
"""

from __future__ import annotations

import json

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_fleet, default_checks
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import RECORDINGS, recording

GHOST = "Endpoint west-submariner-cable-west-10-202-0-2"

EAST_ALONE = {
    ("submariner.not-installed", "error", "cluster west"),
    ("version.self-reported", "info", "cluster east"),
    ("residue.shared-definitions", "info", "cluster west"),
}
BOTH = {
    ("version.self-reported", "info", "cluster east"),
    ("version.self-reported", "info", "cluster west"),
}
EXPECTED: dict[str, tuple[str, set[tuple[str, str, str]]]] = {
    # the image of the metrics proxy had no such program when the first two states were recorded
    "installed": (
        "degraded",
        BOTH
        | {
            ("workload.not-ready", "warning", "submariner-metrics-proxy of east"),
            ("workload.not-ready", "warning", "submariner-metrics-proxy of west"),
        },
    ),
    "healthy-two-nodes": ("pass", BOTH),
    "globalnet": ("pass", BOTH),
    "west-uninstalled": (
        "fail",
        EAST_ALONE
        | {
            ("workload.not-ready", "warning", "submariner-metrics-proxy of east"),
            ("residue.broker-access", "warning", "cluster west"),
        },
    ),
    "label-removed-first": (
        "fail",
        EAST_ALONE
        | {
            ("endpoint.ghost", "error", GHOST),
            ("cluster.ghost", "error", "Cluster west"),
            ("connection.ghost", "error", "east -> west"),
            ("namespace.terminating", "warning", "namespace submariner-operator of west"),
        },
    ),
    "joined-as-second-id": (
        "fail",
        BOTH
        | {
            ("endpoint.ghost", "error", GHOST),
            ("cluster.ghost", "error", "Cluster west"),
            ("cluster.two-ids", "error", "clusters west and west2"),
            ("endpoint.wrong-id", "error", "Endpoint west2-submariner-cable-west2-10-202-0-2"),
            ("connection.ghost", "error", "east -> west"),
        },
    ),
    # west had been joined as west2 again: its records were gone from the broker, those of west were still there
    "operator-killed-mid-uninstall": (
        "fail",
        {
            ("version.self-reported", "info", "cluster east"),
            ("submariner.going", "error", "cluster west"),
            ("operator.none", "error", "cluster west"),
            ("workload.uninstall-left", "error", "submariner-gateway-uninstall of west"),
            ("workload.uninstall-left", "error", "submariner-routeagent-uninstall of west"),
            ("workload.uninstall-left", "error", "submariner-lighthouse-agent-uninstall of west"),
            ("endpoint.ghost", "error", GHOST),
            ("cluster.ghost", "error", "Cluster west"),
            ("connection.ghost", "error", "east -> west"),
            ("residue.broker-access", "warning", "cluster west2"),
        },
    ),
    "globalnet-west-uninstalled": (
        "fail",
        EAST_ALONE
        | {
            ("residue.broker-access", "warning", "cluster west"),
            ("residue.allocation", "info", "cluster west"),
            ("residue.exports", "info", "cluster west"),
            ("residue.test-pods", "info", "cluster east"),
        },
    ),
}


def judged(state: str) -> list[Finding]:
    digests = {c: digest(snapshot_of(recording(state, c)), c) for c in ("east", "west")}
    passed_on = json.loads(json.dumps(digests))  # as from one task to the next
    fleet = Fleet.of(passed_on, "east")
    return check_fleet(fleet, default_checks(fleet))


def found(state: str, name: str) -> Finding:
    return next(f for f in judged(state) if f.id == name)


def test_every_recorded_state_is_expected() -> None:
    assert {p.name for p in RECORDINGS.iterdir() if p.is_dir()} == set(EXPECTED)


@pytest.mark.parametrize("state", EXPECTED)
def test_a_recorded_state_gives_exactly_its_findings(state: str) -> None:
    findings = judged(state)
    assert {(f.id, f.severity, f.subject) for f in findings} == EXPECTED[state][1]
    assert len(findings) == len(EXPECTED[state][1])
    assert verdict(findings) == EXPECTED[state][0]


def test_the_numbers_of_submariner_3411_are_told() -> None:
    two_ids = found("joined-as-second-id", "cluster.two-ids")
    assert "3 Endpoints on the broker, 3 in east, 2 in west2, for 2 clusters" in two_ids.observed
    assert two_ids.evidence == {"endpoints": {"broker": 3, "east": 3, "west2": 2}}


def test_a_connection_to_a_ghost_is_found_though_it_is_connected() -> None:
    assert found("joined-as-second-id", "connection.ghost").observed.startswith("connected to")


def test_leftover_access_names_what_is_left() -> None:
    assert (
        "RoleBinding, Secret, ServiceAccount are on the broker"
        in found("west-uninstalled", "residue.broker-access").observed
    )


def test_every_error_says_what_to_do() -> None:
    silent = {f.id for state in EXPECTED for f in judged(state) if f.severity in ("error", "warning") and not f.hint}
    assert silent == set()


@pytest.mark.parametrize("state", EXPECTED)
@pytest.mark.parametrize("cluster", ["east", "west"])
def test_no_secret_is_in_a_digest(state: str, cluster: str) -> None:
    objects: list[Json] = json.loads(json.dumps(recording(state, cluster)).replace("<redacted", "SECRET<redacted"))
    assert "redacted" not in json.dumps(digest(snapshot_of(objects), cluster))
