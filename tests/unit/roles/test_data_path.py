# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data-path test of the role verify: a member that nobody asks is not proven."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "verify" / "tasks" / "data_path.yml"
NAME = "Data path | a member whose pods nobody can ask"
SERVED: dict[str, dict[str, t.Any]] = {
    "silent": {"servers": [], "findings": []},
    "merely-informed": {"servers": [], "findings": [{"id": "datapath.discovery-off", "severity": "info"}]},
    "served": {"servers": [{"address": "10.0.0.1"}], "findings": []},
    "explained": {"servers": [], "findings": [{"id": "datapath.not-tested", "severity": "unknown", "cause": "x"}]},
    "failed": {"msg": "no answer"},
}


def test_no_server_and_no_finding_is_unknown(tmp_path: pathlib.Path) -> None:
    task = next(
        task for group in yaml.safe_load(TASKS.read_text()) for task in group.get("block", []) if task["name"] == NAME
    )
    shown = {
        "ansible.builtin.copy": {
            "content": "{{ __verify_servers }}",
            "dest": "{{ inventory_hostname }}",
            "mode": "0644",
        }
    }
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [task, shown]}
    hosts = {n: {"__verify_servers": s, "submariner_cluster_id": n} for n, s in SERVED.items()}
    interpreter = {"ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": interpreter}}))
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(program), "-i", "hosts.yml", "play.yml"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {name: json.loads((tmp_path / name).read_text()) for name in SERVED}
    added = {n: [f["subject"] for f in found[n].get("findings", []) if f not in SERVED[n]["findings"]] for n in SERVED}
    assert added == {
        "silent": ["the pods of silent"],
        "merely-informed": ["the pods of merely-informed"],
        "served": [],
        "explained": [],
        "failed": [],
    }
    assert found["silent"]["findings"][0]["severity"] == "unknown"
