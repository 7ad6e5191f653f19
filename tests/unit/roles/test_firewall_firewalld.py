# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall with firewalld: rules of ours are found in whichever zone they were put."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

from tests.unit.roles import test_firewall_detect as detect

# The user's own rule stands in both zones; internal has ours of an earlier setting.
ZONES = """internal
  target: default
  rich rules:
\trule port port="4500" protocol="udp" accept
\trule priority="4490" family="ipv4" source address="192.0.2.0/24" port port="4500" protocol="udp" accept
\trule priority="4490" protocol value="esp" accept

public
  target: default
  rich rules:
\trule port port="4500" protocol="udp" accept
"""
FIREWALL_CMD = """#!/bin/sh
case "$*" in
    --state) echo running ;;
    --get-default-zone) echo public ;;
    '--permanent --list-all-zones') cat {permanent} ;;
    --list-all-zones) cat {zones} ;;
    '--permanent --zone=internal --list-rich-rules') sed -n '/^internal/,/^$/s/^\\t//p' {zones} ;;
    *--list-rich-rules) echo 'rule port port="4500" protocol="udp" accept' ;;
esac
"""
FIREWALL_OFFLINE_CMD = """#!/bin/sh
case "$*" in
    --get-default-zone) echo public ;;
    --list-all-zones) cat {zones} ;;
esac
"""
# Stands for that of ansible.posix, which talks to firewalld itself.
MODULE = """#!/usr/bin/python
import json
from ansible.module_utils.basic import AnsibleModule
names = ("zone", "rich_rule", "state", "permanent", "immediate", "offline")
module = AnsibleModule({{name: {{"type": "raw"}} for name in names}}, supports_check_mode=True)
with open({said!r}, "a") as said:
    print(json.dumps([module.params[name] for name in ("zone", "state", "rich_rule")]), file=said)
if {stopped} and not module.params["offline"]:
    module.fail_json("firewalld service must be running, or try with offline=true")
module.exit_json(changed=True)
"""


def play(
    folder: pathlib.Path, stopped: bool = False, permanent: str = ZONES, **variables: t.Any
) -> tuple[subprocess.CompletedProcess[str], set[tuple[str, ...]]]:
    """The run, and what was asked of firewalld: zone, state and rule."""
    said, zones, kept = folder / "said", folder / "zones", folder / "kept"
    kept.write_text(permanent)
    said.write_text("")
    zones.write_text(ZONES)
    module = (
        folder / "collections" / "ansible_collections" / "ansible" / "posix" / "plugins" / "modules" / "firewalld.py"
    )
    module.parent.mkdir(parents=True)
    module.write_text(MODULE.format(said=str(said), stopped=stopped))
    says = {"firewall-offline-cmd": FIREWALL_OFFLINE_CMD.format(zones=zones)}
    if not stopped:
        says["firewall-cmd"] = FIREWALL_CMD.format(zones=zones, permanent=kept)
    values = {"submariner_firewall_without": ["ah", "vxlan", "metrics", "nat-discovery"], **variables}
    done = detect.play(folder, sys.executable, says=says, **values)
    return done, {tuple(json.loads(line)) for line in said.read_text().splitlines()}


GONE = {
    (
        "internal",
        "disabled",
        'rule priority="4490" family="ipv4" source address="192.0.2.0/24" port port="4500" protocol="udp" accept',
    ),
    ("internal", "disabled", 'rule priority="4490" protocol value="esp" accept'),
}


def test_absent_takes_ours_out_of_every_zone(tmp_path: pathlib.Path) -> None:
    done, said = play(tmp_path, submariner_firewall_state="absent")
    assert done.returncode == 0, done.stdout
    assert said == GONE


def test_absent_takes_ours_out_where_firewalld_does_not_run_by_now(tmp_path: pathlib.Path) -> None:
    """It would open the ports when it is started again."""
    done, said = play(tmp_path, stopped=True, submariner_firewall_state="absent")
    assert done.returncode == 0, done.stdout
    assert said == GONE


def test_absent_takes_what_is_open_though_it_is_not_kept(tmp_path: pathlib.Path) -> None:
    """As where the files of firewalld were replaced, and it was not loaded again since."""
    permanent = "".join(line for line in ZONES.splitlines(keepends=True) if "4490" not in line)
    done, said = play(tmp_path, permanent=permanent, submariner_firewall_state="absent")
    assert done.returncode == 0, done.stdout
    assert said == GONE


def test_another_zone_takes_them_along(tmp_path: pathlib.Path) -> None:
    done, said = play(tmp_path)
    assert done.returncode == 0, done.stdout
    assert said == GONE | {
        ("public", "enabled", 'rule priority="4490" port port="4500" protocol="udp" accept'),
        ("public", "enabled", 'rule priority="4490" protocol value="esp" accept'),
    }


def test_a_zone_that_is_not_there_is_named_before_anything_is_changed(tmp_path: pathlib.Path) -> None:
    done, said = play(tmp_path, submariner_firewall_zone="nowhere")
    assert done.returncode == 2, done.stdout
    assert "does not have; it has internal, public" in " ".join(done.stdout.split())
    assert said == set()
