# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as left of an evicted cluster."""

from __future__ import annotations

from tests.scenarios.eviction import left_of
from tests.unit.fake_api import recording

ACCESS = {
    "ServiceAccount submariner-k8s-broker/cluster-west",
    "RoleBinding submariner-k8s-broker/cluster-west-submariner-k8s-broker-cluster",
}


def test_all_that_a_member_has_elsewhere_is_seen() -> None:
    found = " ".join(left_of(recording("installed", "east"), "west"))
    for words in (*ACCESS, "Secret submariner-k8s-broker/cluster-west-token-", "Endpoint submariner-operator/west-"):
        assert words in found
    assert "Cluster submariner-k8s-broker/west is left" in found
    assert "connections west connected" in found
    assert "cluster-east" not in found


def test_an_access_is_enough() -> None:
    found = left_of(recording("west-uninstalled", "east"), "west")
    assert len(found) == 3
    assert {line.removesuffix(" is left") for line in found} > ACCESS


def test_of_a_stranger_nothing_is_left() -> None:
    assert left_of(recording("west-uninstalled", "east"), "north") == []
