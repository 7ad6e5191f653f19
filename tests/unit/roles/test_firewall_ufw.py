# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall with ufw, which holds one rule for each port and source: adding ours over the user's replaces that."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from tests.unit.roles import test_firewall_detect as detect

UFW = """#!/bin/sh
case "$*" in
    status*) echo 'Status: {status}' ;;
    'show added') printf '%s\\n' 'Added user rules (see ufw status for running firewall):' '{rule}' ;;
    --version) echo 'ufw 0.36.2' ;;
    *) echo "$*" >> {said} ;;
esac
"""


def play(
    folder: pathlib.Path, rule: str = "", status: str = "active", **variables: t.Any
) -> tuple[subprocess.CompletedProcess[str], str]:
    """The run, and what ufw, which has one rule of the user's, was told to do."""
    said = folder / "said"
    said.write_text("")
    says = {"ufw": UFW.format(rule=rule, said=said, status=status), "grep": "#!/bin/sh\n"}
    values = {"submariner_firewall_without": ["esp", "ah"], **variables}
    return detect.play(folder, sys.executable, says=says, **values), said.read_text()


@pytest.mark.parametrize("rule", ["ufw allow 4500/udp", "ufw limit 4500/udp", "ufw allow log 4500/udp comment mine"])
def test_a_rule_of_the_users_that_opens_the_port_is_left(tmp_path: pathlib.Path, rule: str) -> None:
    done, said = play(tmp_path, rule)
    assert done.returncode == 0, done.stdout
    assert "4490" in said
    assert "4500" not in said
    assert re.search(r": is open in ufw: udp 4500 any, udp 4490 any", done.stdout)


@pytest.mark.parametrize("rule", ["ufw deny 4500/udp", "ufw reject log 4500/udp"])
def test_a_rule_of_the_users_that_closes_the_port_is_not_replaced(tmp_path: pathlib.Path, rule: str) -> None:
    done, said = play(tmp_path, rule)
    assert done.returncode == 2, done.stdout
    assert rule in " ".join(done.stdout.split())
    assert said == ""


@pytest.mark.parametrize(
    ("rule", "sources"),
    [
        ("ufw deny 32780", []),
        ("ufw reject log 22,32780/tcp", ["192.0.2.7/32"]),
        ("ufw deny from 192.0.2.7 to any port 32780", ["192.0.2.7/32"]),
        ("ufw deny from 192.0.2.7", ["192.0.2.7/32"]),
        ("ufw deny 32000:33000/tcp", []),
        ("ufw deny from 192.0.2.0/24 to any port 22,32000:33000 proto tcp", ["192.0.2.7/32"]),
    ],
)
def test_a_rule_that_closes_more_than_the_port_is_refused_as_well(
    tmp_path: pathlib.Path, rule: str, sources: list[str]
) -> None:
    """It comes before ours, which would then open nothing."""
    done, said = play(tmp_path, rule, submariner_firewall_internal_sources=sources)
    assert done.returncode == 2, done.stdout
    assert rule in " ".join(done.stdout.split())
    assert said == ""


def test_a_rule_that_closes_something_else_stands_in_nobodys_way(tmp_path: pathlib.Path) -> None:
    rules = ("ufw deny 32780/udp", "ufw deny 3278", "ufw deny from 192.0.2.9 to any port 4500", "ufw deny 22,45000/udp")
    done, said = play(tmp_path, "\n".join(rules))
    assert done.returncode == 0, done.stdout
    assert "32780" in said
    assert "4500" in said


def test_a_rule_that_closes_what_an_earlier_one_opens_is_left(tmp_path: pathlib.Path) -> None:
    """Ours would take its place."""
    done, said = play(tmp_path, "ufw allow 4500\nufw deny 4500/udp")
    assert done.returncode == 0, done.stdout
    assert "4490" in said
    assert "4500" not in said


def test_a_rule_that_closes_one_interface_is_left_and_named(tmp_path: pathlib.Path) -> None:
    """It may be one that no traffic of Submariner's comes in by."""
    rule = "ufw deny in on eth1 to any port 4500"
    done, said = play(tmp_path, rule)
    assert done.returncode == 0, done.stdout
    assert f"'{rule}' closes" in " ".join(done.stdout.split())
    assert "4500" in said


def test_lists_on_the_command_line_are_parted_by_commas(tmp_path: pathlib.Path) -> None:
    done, said = play(
        tmp_path,
        submariner_firewall_sources="192.0.2.0/24, 198.51.100.0/24",
        submariner_firewall_without="esp,ah",
    )
    assert done.returncode == 0, done.stdout
    assert {"192.0.2.0/24", "198.51.100.0/24"} <= set(said.split())
    assert "esp" not in said.split()


def test_ours_go_also_where_ufw_is_not_active_by_now(tmp_path: pathlib.Path) -> None:
    """It keeps its rules, and would open the port when it is enabled again."""
    rule = "ufw allow 4500/udp comment '\\''submariner.lifecycle'\\''"
    done, said = play(tmp_path, rule, status="inactive", submariner_firewall_state="absent")
    assert done.returncode == 0, done.stdout
    assert "delete" in said
    assert "4500" in said
    assert ": is without the rules of this role in ufw" in done.stdout
