# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the demo, on recorded clusters."""

from __future__ import annotations

from tests.demo import tables
from tests.unit.fake_api import recording


def test_three_endpoints_here_and_two_there() -> None:
    fleet = {name: recording("joined-as-second-id", name) for name in ("east", "west")}
    assert [row[:3] for row in tables.endpoints(fleet)] == [
        ("east", "submariner-k8s-broker", "3"),
        ("east", "submariner-operator", "3"),
        ("west", "submariner-operator", "2"),
    ]
    assert tables.connections(fleet)[0] == ("east", "a-node", "active", "west connected, west2 connected")


def test_uninstall_workloads_are_shown() -> None:
    fleet = {"west": recording("operator-killed-mid-uninstall", "west")}
    names = [row[2] for row in tables.workloads(fleet)]
    assert "submariner-gateway-uninstall" in names


def test_columns_are_aligned_and_nothing_is_called_none() -> None:
    assert tables.draw(("a", "bb"), [("ccc", "d")]) == ["a    bb", "---  --", "ccc  d"]
    assert tables.everything({"east": []}) == ["", "Endpoints: none", "", "Gateways: none", "", "Workloads: none"]
