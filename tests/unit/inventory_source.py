# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A source file of the inventory plugin, read by ansible-inventory as users do."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t
from dataclasses import dataclass

import yaml

ROOT = pathlib.Path(__file__).parents[2]
PLUGIN = "submariner.lifecycle.clusterset"

Json = dict[str, t.Any]


@dataclass
class Listing:
    """What came out."""

    code: int
    printed: str
    said: str

    @property
    def _document(self) -> Json:
        document: Json = json.loads(self.printed, object_hook=lambda o: o.get("__ansible_unsafe", o))
        return document

    @property
    def hosts(self) -> dict[str, Json]:
        """Variables by host."""
        found: dict[str, Json] = self._document["_meta"]["hostvars"]
        return found

    @property
    def groups(self) -> dict[str, list[str]]:
        """Hosts by group, without the empty ones."""
        found = {name: group.get("hosts", []) for name, group in self._document.items() if name != "_meta"}
        return {name: sorted(hosts) for name, hosts in found.items() if hosts}

    @property
    def words(self) -> str:
        """What was said, without the ends of its lines."""
        return " ".join(self.said.split())


def program(name: str) -> str:
    return str(pathlib.Path(sys.executable).parent / name)


class Source:
    """`config` is the file's content beside the plugin's name."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.path = folder / "clusterset.yml"

    def write(self, **config: t.Any) -> None:
        self.path.write_text(yaml.safe_dump({"plugin": PLUGIN, **config}))

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A program of Ansible on this source (ansible-doc: on none), with nothing of the user's."""
        on = [] if command[0] == "ansible-doc" else ["-i", str(self.path)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG"))}
        return subprocess.run(
            [program(command[0]), *on, *command[1:]],
            cwd=self.folder,
            env={
                **clean,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "HOME": str(self.folder),
                "COLUMNS": "400",
                **env,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def list(self, *options: str, **env: str) -> Listing:
        done = self.run("ansible-inventory", "--list", *options, **env)
        return Listing(done.returncode, done.stdout, done.stderr)

    def refused(self, **env: str) -> str:
        """Why it was not read at all."""
        done = self.list(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", **env)
        assert done.code != 0, done.printed
        assert "Traceback" not in done.said
        return done.words


def kubeconfig_of(servers: t.Mapping[str, str], **user: t.Any) -> Json:
    """A kubeconfig with a context for each server, and the same user for all."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": f"c-{n}", "cluster": {"server": url}} for n, url in servers.items()],
        "users": [{"name": "somebody", "user": user or {"token": "token-of-the-fake"}}],
        "contexts": [{"name": n, "context": {"cluster": f"c-{n}", "user": "somebody"}} for n in servers],
    }
