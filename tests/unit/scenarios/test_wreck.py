# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is torn out, and where."""

from __future__ import annotations

import pytest

from tests.scenarios import wreck

CLUSTERS = ("east", "west")


@pytest.mark.parametrize("seed", wreck.SEEDS)
def test_a_wreck_is_the_same_each_time_and_hits_the_broker_where_it_is(seed: int) -> None:
    blows = wreck.drawn(seed, CLUSTERS)
    assert blows == wreck.drawn(seed, CLUSTERS)
    assert len({blow.text for _cluster, blow in blows}) == wreck.BLOWS_EACH
    assert all(cluster == "east" for cluster, blow in blows if blow.broker)


def test_wrecks_differ_and_reach_both_clusters() -> None:
    drawn = [wreck.drawn(seed, CLUSTERS) for seed in wreck.SEEDS]
    assert len({str(blows) for blows in drawn}) == len(drawn)
    assert {cluster for blows in drawn for cluster, _blow in blows} == set(CLUSTERS)


def test_every_blow_does_something_and_is_known_by_its_text() -> None:
    assert len({blow.text for blow in wreck.BLOWS}) == len(wreck.BLOWS)
    assert all(bool(blow.kubectl) + bool(blow.node) + bool(blow.subctl) == 1 for blow in wreck.BLOWS)
