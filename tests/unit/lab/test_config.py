# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, places and keys of the lab."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tests.lab import config


def test_home_and_cache_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUBMARINER_LAB_HOME", str(tmp_path / "one"))
    monkeypatch.delenv("SUBMARINER_LAB_CACHE", raising=False)
    one = config.places()
    assert one.cache == tmp_path / "one" / "cache"
    monkeypatch.setenv("SUBMARINER_LAB_CACHE", str(tmp_path / "shared"))
    assert config.places().cache == tmp_path / "shared"
    monkeypatch.setenv("SUBMARINER_LAB_HOME", str(tmp_path / "two"))
    two = config.places()
    assert {one.name, one.bridge, str(one.run)}.isdisjoint({two.name, two.bridge, str(two.run)})


def test_a_network_link_has_at_most_fifteen_characters(tmp_path: Path) -> None:
    assert len(config.Places(tmp_path, tmp_path).bridge) <= 15


def test_every_possible_cluster_has_networks_of_its_own() -> None:
    subnets = [
        ipaddress.IPv4Network(subnet(index))
        for index in range(len(config.COMPASS))
        for subnet in (config.pod_subnet, config.service_subnet)
    ]
    assert len(set(config.COMPASS)) == len(config.COMPASS)
    assert not [(a, b) for a in subnets for b in subnets if a is not b and a.overlaps(b)]


def test_a_key_changes_with_every_part_and_with_their_borders(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("ab")
    keys = {config.digest_of("ab"), config.digest_of("a", "b"), config.digest_of("b", "a"), config.digest_of("", "ab")}
    assert len(keys) == 4
    assert config.digest_of(file) == config.digest_of(b"ab")
