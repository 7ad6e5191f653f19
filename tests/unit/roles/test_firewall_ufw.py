# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall with ufw, which holds one rule for each port and source: adding ours over the user's replaces that."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
UFW = """#!/bin/sh
case "$*" in
    status*) echo 'Status: active' ;;
    'show added') printf '%s\\n' 'Added user rules (see ufw status for running firewall):' '{rule}' ;;
    --version) echo 'ufw 0.36.2' ;;
    *) echo "$*" >> {said} ;;
esac
"""


def play(folder: pathlib.Path, rule: str) -> tuple[subprocess.CompletedProcess[str], str]:
    tools, said = folder / "bin", folder / "said"
    tools.mkdir()
    said.write_text("")
    programs = dict.fromkeys(("firewall-cmd", "nft", "iptables", "ip6tables", "systemctl"), "#!/bin/sh\nexit 1\n")
    programs |= {"ufw": UFW.format(rule=rule, said=said), "id": "#!/bin/sh\necho 0\n", "grep": "#!/bin/sh\nexit 0\n"}
    for name, text in programs.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    head = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    (folder / "play.yml").write_text(json.dumps([{**head, "roles": ["submariner.lifecycle.firewall"]}]))
    values = {"ansible_python_interpreter": sys.executable, "submariner_firewall_without": ["esp", "ah"]}
    done = subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            "localhost,",
            "-e",
            json.dumps(values),
            "play.yml",
        ],
        cwd=folder,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            "PATH": f"{tools}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done, said.read_text()


@pytest.mark.parametrize("rule", ["ufw allow 4500/udp", "ufw limit 4500/udp", "ufw allow log 4500/udp comment mine"])
def test_a_rule_of_the_users_that_opens_the_port_is_left(tmp_path: pathlib.Path, rule: str) -> None:
    done, said = play(tmp_path, rule)
    assert done.returncode == 0, done.stdout
    assert "4490" in said
    assert "4500" not in said


@pytest.mark.parametrize("rule", ["ufw deny 4500/udp", "ufw reject log 4500/udp"])
def test_a_rule_of_the_users_that_closes_the_port_is_not_replaced(tmp_path: pathlib.Path, rule: str) -> None:
    done, said = play(tmp_path, rule)
    assert done.returncode == 2, done.stdout
    assert rule in " ".join(done.stdout.split())
    assert said == ""
