# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ConfigMap of a DNS elsewhere gets from the record of the run, or from the inventory, to every cleanup."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import yaml

ROLES = pathlib.Path(__file__).parents[3] / "roles"
FILES = (ROLES / "cleanup" / "tasks" / "api.yml", ROLES / "uninstall" / "tasks" / "plan.yml")
RECORD = {"record": {"dns_maps": {"west": "dns/own"}}}
HOSTS: dict[str, tuple[dict[str, t.Any], str]] = {
    "recorded": ({"__submariner_record": RECORD, "submariner_coredns_custom_configmap": "other/one"}, "dns/own"),
    "told": ({"__submariner_record": {"record": {}}, "submariner_coredns_custom_configmap": "dns/told"}, "dns/told"),
    "another": ({"__submariner_record": RECORD, "submariner_cluster_id": "east"}, ""),
    "alone": ({}, ""),
}


def expressions() -> set[str]:
    """What the tasks give to the option."""
    tasks = [task for path in FILES for task in yaml.safe_load(path.read_text())]
    tasks += [inner for task in tasks for inner in task.get("block", [])]
    calls = [task["submariner.lifecycle.cleanup"] for task in tasks if "submariner.lifecycle.cleanup" in task]
    assert len(calls) == len(FILES)
    return {call["dns_map"] for call in calls}


def test_the_record_decides_then_the_inventory(tmp_path: pathlib.Path) -> None:
    (expression,) = expressions()
    shown = {"ansible.builtin.copy": {"content": expression, "dest": "{{ inventory_hostname }}", "mode": "0644"}}
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [shown]}
    hosts = {name: {"submariner_cluster_id": "west", **variables} for name, (variables, _map) in HOSTS.items()}
    interpreter = {"ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": interpreter}}))
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    command = [str(program), "-i", "hosts.yml", "play.yml"]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (tmp_path / name).read_text() for name in HOSTS} == {
        name: found for name, (_v, found) in HOSTS.items()
    }
