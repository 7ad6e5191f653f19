# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the playbook awx_setup against a small AWX, and the tables of the role awx as they come out of its templates."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

from tests.unit.fake_awx import TOKEN, FakeAwx

ROOT = pathlib.Path(__file__).parents[2]
PLAYBOOKS = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob("playbooks/**/*.yml") if "collections" not in path.parts
)
KUBECONFIG = "apiVersion: v1\nkind: Config\nusers: [{name: hub, user: {token: s3cr3t-of-the-hub}}]\n"
VARIABLES: dict[str, t.Any] = {
    "submariner_awx_project_url": "https://git.example.com/fleet.git",
    "submariner_awx_image": "registry.example.com/ee:1",
    "submariner_awx_broker": "hub",
    "submariner_awx_notifications": [
        {
            "name": "ops",
            "events": ["error", "approvals"],
            "type": "webhook",
            "configuration": {"url": "https://example.com", "headers": {}, "http_method": "POST"},
        }
    ],
}
TABLES = (
    "job_templates",
    "workflow_nodes",
    "workflow_survey",
    "credential_types",
    "schedules",
    "documents",
    "inventory_variables",
)
RENDER = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_vars:
        file: {role}/defaults/main.yml
    - ansible.builtin.include_vars:
        dir: {role}/vars/main
    - ansible.builtin.copy:
        content: "{{{{ {{{tables}}} | to_json }}}}"
        dest: "{folder}/tables.json"
        mode: "0600"
"""


def environment(folder: pathlib.Path) -> dict[str, str]:
    installed = [path for path in sys.path if path.endswith("site-packages")]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CONTROLLER_", "TOWER_"))},
        "ANSIBLE_COLLECTIONS_PATH": ":".join([str(ROOT / "playbooks" / "collections"), *installed]),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "true",
    }


def play(folder: pathlib.Path, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    return subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env={**environment(folder), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def tables(folder: pathlib.Path, **variables: t.Any) -> dict[str, t.Any]:
    """The tables of the role, with all templates filled in but those that are AWX's."""
    words = ", ".join(f"'{name}': __awx_{name}" for name in TABLES)
    book = folder / "render.yml"
    book.write_text(RENDER.format(role=ROOT / "roles" / "awx", tables=words, folder=folder))
    done = play(folder, {}, str(book), "-e", json.dumps(variables))
    assert done.returncode == 0, done.stdout
    return json.loads((folder / "tables.json").read_text())  # type: ignore[no-any-return]


class Setup:
    """Runs of the playbook for one AWX."""

    def __init__(self, awx: FakeAwx, folder: pathlib.Path, **variables: t.Any) -> None:
        self.awx, self.folder = awx, folder
        self.env = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(KUBECONFIG)
        self.variables = {**VARIABLES, **variables, "submariner_awx_kubeconfig_file": str(kubeconfig)}

    def run(self, *options: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """Whatever it says, it says no secret."""
        given = json.dumps({**self.variables, **variables})
        done = play(self.folder, self.env, str(ROOT / "playbooks" / "awx_setup.yml"), "-e", given, *options)
        assert "Traceback" not in done.stdout, done.stdout
        assert "s3cr3t-of-the-hub" not in done.stdout, done.stdout
        assert TOKEN not in done.stdout, done.stdout
        return done


def changed(done: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"^localhost .*changed=(\d+) ", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout
    assert found, done.stdout
    return int(found[1])


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The output without the breaks that it gets where it is shown."""
    return " ".join(done.stdout.replace("\\n", " ").split())
