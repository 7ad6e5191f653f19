# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of lighthouse in a Corefile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._dns import (
    forward_addresses,
    has_block,
    lighthouse_servers,
    without_block,
)

OTHERS = ".:53 {\n    errors\n    forward . /etc/resolv.conf\n}\n"
BLOCK = "#lighthouse-start AUTO-GENERATED\nclusterset.local:53 {\n    forward . 10.92.1.1\n}\n#lighthouse-end\n"


def test_the_block_goes_and_nothing_else() -> None:
    assert has_block(BLOCK + OTHERS)
    assert without_block(BLOCK + OTHERS) == OTHERS
    assert forward_addresses(BLOCK + OTHERS) == ["10.92.1.1"]


def test_unpaired_markers_are_refused() -> None:
    for corefile in ("#lighthouse-start\n" + OTHERS, OTHERS + "#lighthouse-end\n", "#lighthouse-start\n" + BLOCK):
        assert has_block(corefile)
        assert without_block(corefile) is None


@given(st.text(alphabet="abc #{}\n."), st.text(alphabet="abc #{}\n."))
def test_what_stands_around_the_block_stays_to_the_letter(before: str, after: str) -> None:
    before = before + "\n" if before and not before.endswith("\n") else before
    assert without_block(before + BLOCK + after) == before + after
    assert not has_block(before + after)
    assert forward_addresses(after) == []


def test_another_domain_is_lighthouses_if_it_goes_to_the_same_address() -> None:
    def server(zone: str, *addresses: str) -> dict[str, object]:
        return {"name": "lighthouse", "zones": [zone], "forwardPlugin": {"upstreams": list(addresses)}}

    ours, second = server("clusterset.local", "10.92.1.1"), server("supercluster.local", "10.92.1.1")
    foreign = [server("a.example", "10.0.0.53"), server("b.example"), {**ours, "name": "corp"}, {}]
    assert lighthouse_servers([ours, second, *foreign]) == [ours, second]
    assert lighthouse_servers([second, *foreign]) == []
