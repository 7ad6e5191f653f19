# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.filter.ufw_closing import ufw_closing


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("ufw deny 4500/udp", "udp 4500 any"),
        ("ufw reject log 4500 comment 'mine'", "udp 4500 192.0.2.0/24"),
        ("ufw deny 4000:5000/udp", "udp 4500 any"),
        ("ufw deny 22,4490:4500/udp", "udp 4500 any"),
        ("ufw deny log-all from 192.0.0.0/16 to any port 4500 proto udp", "udp 4500 192.0.2.0/24"),
        ("ufw deny from 2001:db8::/32", "esp - 2001:db8::7/128"),
        ("ufw deny to any proto esp", "esp - any"),
        ("ufw deny to any", "esp - any"),
    ],
)
def test_what_closes(line: str, rule: str) -> None:
    assert ufw_closing(rule, [line, "ufw allow 4500/udp"]) == line
    assert ufw_closing(rule, ["ufw allow to any", line]) == "", "the first that holds decides"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("ufw deny 4501:5000/udp", "udp 4500 any"),
        ("ufw deny 4000:5000/tcp", "udp 4500 any"),
        ("ufw deny 4500", "esp - any"),
        ("ufw deny from 192.0.2.7", "udp 4500 any"),
        ("ufw deny from 192.0.2.7", "udp 4500 192.0.2.0/24"),
        ("ufw deny from 192.0.2.0/24", "udp 4500 2001:db8::/32"),
        ("ufw deny to 192.0.2.1 port 4500 proto udp", "udp 4500 any"),
        ("ufw deny from any port 4500", "udp 4500 any"),
        ("ufw deny out 4500/udp", "udp 4500 any"),
        ("ufw route deny to any port 4500 proto udp", "udp 4500 any"),
        ("ufw deny in on eth1", "udp 4500 any"),
        ("Added user rules (see 'ufw status' for running firewall):", "udp 4500 any"),
    ],
)
def test_what_closes_something_else_or_not_all_of_it(line: str, rule: str) -> None:
    assert ufw_closing(rule, [line]) == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ufw deny in on eth1", True),
        ("ufw reject in on eth1 log from any to any port 4000:4600 proto udp", True),
        ("ufw allow in on eth1", False),
        ("ufw deny in on eth1 to any port 22", False),
        ("ufw deny 4500/udp", False),
    ],
)
def test_what_closes_one_interface(line: str, found: bool) -> None:
    assert bool(ufw_closing("udp 4500 any", [line], interfaces=True)) is found


WORDS = [
    "ufw",
    "deny",
    "allow",
    "in",
    "on",
    "log",
    "from",
    "to",
    "any",
    "port",
    "proto",
    "udp",
    "4500",
    "1:65535",
    ",",
    "::/0",
    "/",
    "1.2.3.4/8",
]


@given(st.lists(st.lists(st.sampled_from(WORDS) | st.text(), max_size=9).map(" ".join)))
def test_any_text_is_read(lines: list[str]) -> None:
    assert ufw_closing("udp 4500 192.0.2.0/24", lines) in ["", *(line.strip() for line in lines)]
