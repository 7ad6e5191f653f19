# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the role verify looks again for exported services: each time that it runs, not once in a play."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import yaml

TASKS = pathlib.Path(__file__).parents[3] / "roles" / "verify" / "tasks"
MISSING = {"findings": [{"id": "service.not-on-broker"}]}
JUDGE = [{"ansible.builtin.set_fact": {"judged": "{{ judged | int + 1 }}"}}]


def looking() -> list[dict[str, t.Any]]:
    """The end of the watch, from where it begins to look."""
    tasks: list[dict[str, t.Any]] = yaml.safe_load((TASKS / "watch.yml").read_text())
    judged = next(n for n, task in enumerate(tasks) if task.get("ansible.builtin.include_tasks") == "judge.yml")
    return tasks[judged + 1 :]


def test_a_second_verify_looks_as_often_as_the_first(tmp_path: pathlib.Path) -> None:
    text = (TASKS / "services.yml").read_text()
    assert "timeout: 5\n" in text
    (tmp_path / "services.yml").write_text(text.replace("timeout: 5\n", "timeout: 0\n"))
    (tmp_path / "judge.yml").write_text(json.dumps(JUDGE))
    shown = {"ansible.builtin.copy": {"content": "{{ judged }}", "dest": "judged", "mode": "0644"}}
    known = {"judged": 0, "__verify_fleet": MISSING, "submariner_verify_timeout": 12}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {**known, "ansible_python_interpreter": sys.executable},
        "tasks": [*looking(), *looking(), shown],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    command = [str(program), "-i", "localhost,", "play.yml"]
    done = subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "judged").read_text() == "6"
