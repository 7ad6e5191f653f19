# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewall, where a service restores the rules of iptables: what was opened is opened at its next start, and goes for good."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import subprocess
import sys
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
MARK = "submariner.lifecycle"
OWN = "-p udp --dport 4500 -j ACCEPT"

# Keeps the rules of INPUT in a file, as the words that they were given in.
IPTABLES = """#!{python}
import os, shlex, sys
path = {rules!r}
words = sys.argv[1:]
if words[:1] == ["--version"]:
    sys.exit(print("iptables v1.8.9 (nf_tables)"))
for option in ("-w", "-t"):
    while option in words:
        del words[words.index(option) : words.index(option) + 2]
words = ["--dport" if word == "--destination-port" else word for word in words]
rules = open(path).read().splitlines() if os.path.exists(path) else []
act, chain, rule = words[0], words[1], words[2:]
parts = sorted(zip(rule[::2], rule[1::2]))
def same(line):
    have = shlex.split(line)
    return sorted(zip(have[::2], have[1::2])) == parts
if act == "-S":
    print({first!r})
    for line in rules:
        have = dict(zip(*[iter(shlex.split(line))] * 2))
        source = " -s " + have["-s"] if "-s" in have else ""
        port = f" -m {{have['-p']}} --dport {{have['--dport']}}" if "--dport" in have else ""
        comment = " -m comment --comment " + have["--comment"] if "--comment" in have else ""
        print(f"-A INPUT{{source}} -p {{have['-p']}}{{port}}{{comment}} -j ACCEPT")
    print({last!r})
elif act == "-C":
    sys.exit(0 if any(map(same, rules)) else 1)
else:
    if act == "-I":
        rules.insert(0, shlex.join(rule))
    elif act == "-D":
        rules.remove(next(filter(same, rules)))
    open(path, "w").write("".join(line + "\\n" for line in rules))
"""
SERVICES = {"netfilter-persistent": "inactive active active", "iptables": "inactive active inactive", "": "inactive"}


class Host:
    """A machine of this one's files alone, with its own iptables."""

    def __init__(self, folder: pathlib.Path, active: str, first: str = "-P INPUT DROP", last: str = "") -> None:
        self.folder, self.units = folder, folder / "units"
        self.rules, self.script = folder / "rules", folder / "etc" / "start.sh"
        program = IPTABLES.format(python=sys.executable, rules=str(self.rules), first=first, last=last)
        self._program("iptables", program)
        self._program("ip6tables", "#!/bin/sh\nexit 1\n")
        said = "; ".join(f"echo {word}" for word in SERVICES[active].split())
        self._program("systemctl", f'#!/bin/sh\n[ "$1" = is-active ] || exit 0\n{said}\n')
        for absent in ("nft", "ufw", "firewall-cmd"):
            self._program(absent, "#!/bin/sh\nexit 1\n")
        self.rules.write_text(f"{OWN}\n")

    def _program(self, name: str, text: str) -> None:
        place = self.folder / "bin" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        place.chmod(place.stat().st_mode | stat.S_IXUSR)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def play(self, **variables: t.Any) -> str:
        told = {
            "__firewall_iptables_script": str(self.script),
            "__firewall_unit_folder": f"{self.units}/\\1.service.d",
            "submariner_firewall_backend": "iptables",
            # One rule with a port and one without say all there is to say.
            "submariner_firewall_without": ["natt", "ah", "vxlan", "metrics"],
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        role = {"role": "submariner.lifecycle.firewall"}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": [role]}
        (self.folder / "play.yml").write_text(json.dumps([play]))
        ansible = pathlib.Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [str(ansible), "-i", "localhost,", "-e", json.dumps(told), "play.yml"],
            cwd=self.folder,
            env={**self.environment, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self) -> list[str]:
        """What the service does: the host's own rules, then what the drop-in adds; the rules that there are then."""
        self.rules.write_text(f"{OWN}\n")
        return self.added()

    def added(self) -> list[str]:
        subprocess.run(["/bin/sh", str(self.script)], env=self.environment, check=True)
        return sorted(" ".join(sorted(line.split())) for line in self.rules.read_text().splitlines())

    @property
    def dropins(self) -> list[str]:
        return sorted(str(place.relative_to(self.units)) for place in self.units.rglob("*.conf"))


def test_what_was_opened_is_opened_at_every_start(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path, "netfilter-persistent")
    host.play(submariner_firewall_sources=["192.0.2.0/24"])
    opened = sorted(" ".join(sorted(line.split())) for line in host.rules.read_text().splitlines())
    assert len(opened) == 3
    assert host.dropins == ["netfilter-persistent.service.d/submariner-lifecycle.conf"]
    assert str(host.script) in (host.units / host.dropins[0]).read_text()
    assert host.start() == opened, "and the service's next start opens the same"
    assert host.added() == opened, "also where they were saved with the host's own rules"
    assert "changed=0" in host.play(submariner_firewall_sources=["192.0.2.0/24"])
    host.play(submariner_firewall_state="absent")
    assert (host.rules.read_text(), host.dropins, host.script.exists()) == (f"{OWN}\n", [], False)


def test_each_family_that_has_a_service_of_its_own_is_added_to(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path, "iptables")
    host.play()
    assert host.dropins == [f"{unit}.service.d/submariner-lifecycle.conf" for unit in ("ip6tables", "iptables")]
    lines = (host.units / host.dropins[0]).read_text().splitlines()
    ours = [line.partition("=")[::2] for line in lines if line.startswith("Exec")]
    assert [name for name, _command in ours] == ["ExecStartPost", "ExecReload"]
    assert all(command.startswith("-") for _name, command in ours), "the host's own service is not to fail with ours"


def test_where_nothing_restores_rules_it_is_said(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path, "")
    assert "stay until its next start" in host.play()
    assert (host.dropins, host.script.exists()) == ([], False)


@pytest.mark.parametrize("last", ["-A INPUT -j DROP", "-A INPUT -j REJECT --reject-with icmp-port-unreachable"])
def test_a_rule_that_drops_all_is_a_firewall_too(tmp_path: pathlib.Path, last: str) -> None:
    host = Host(tmp_path, "", first="-P INPUT ACCEPT", last=last)
    assert "Not applied" not in host.play(submariner_firewall_backend="auto")
    assert len(host.rules.read_text().splitlines()) == 3
    assert "changed=0" in host.play(submariner_firewall_backend="auto")
    host.play(submariner_firewall_backend="auto", submariner_firewall_state="absent")
    assert host.rules.read_text() == f"{OWN}\n"


def test_what_is_for_the_next_start_goes_also_without_rules_and_service(tmp_path: pathlib.Path) -> None:
    """Another manager, or nothing, has the host by now; the service would bring ours back."""
    Host(tmp_path, "netfilter-persistent").play()
    host = Host(tmp_path, "", first="-P INPUT ACCEPT")
    host.play(submariner_firewall_backend="auto", submariner_firewall_state="absent")
    assert (host.rules.read_text(), host.dropins, host.script.exists()) == (f"{OWN}\n", [], False)
