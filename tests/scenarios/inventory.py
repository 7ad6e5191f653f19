# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventories and kubeconfigs as users write them, right and wrong ones."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Vars = dict[str, Any]


@dataclass
class Inventory:
    """The two clusters of the lab unless changed."""

    kubeconfig: Path
    subctl: Path
    version: str
    broker: tuple[str, ...] = ("east",)
    members: tuple[str, ...] = ("east", "west")
    common: Vars = field(default_factory=dict)
    hosts: dict[str, Vars] = field(default_factory=dict)
    nodes: dict[str, Vars] = field(default_factory=dict)
    """Machines of the clusters, for the playbook firewall."""

    def document(self) -> Vars:
        variables = {
            "submariner_kubeconfig": str(self.kubeconfig),
            "submariner_context": "{{ inventory_hostname }}",
            "submariner_subctl_path": str(self.subctl),
            "submariner_version": self.version,
            "submariner_cable_driver": "vxlan",
            "submariner_natt": False,
            "submariner_air_gapped": True,
            # Many runs are meant to fail, and what is read afterwards is to be theirs alone.
            "submariner_gather_on_failure": False,
            **self.common,
        }
        groups = {"submariner_broker": self.broker, "submariner_members": self.members}
        children = {
            group: {"hosts": {host: self.hosts.get(host, {}) for host in hosts}} for group, hosts in groups.items()
        }
        if self.nodes:
            children["submariner_nodes"] = {"hosts": self.nodes}
        return {"all": {"vars": variables, "children": children}}

    def write(self, folder: Path) -> Path:
        """JSON is YAML, too."""
        path = folder / "hosts.yml"
        path.write_text(json.dumps(self.document(), indent=1))
        return path


def kubeconfig_to(folder: Path, source: Path, *, server: str = "", token: str = "") -> Path:
    """A copy of a cluster's own kubeconfig that leads elsewhere, or comes with a token that nobody issued."""
    document = json.loads(source.read_text())
    changed = copy.deepcopy(document)
    if server:
        changed["clusters"][0]["cluster"]["server"] = server
    if token:
        changed["users"][0]["user"] = {"token": token}
    path = folder / f"changed.{source.name}"
    path.write_text(json.dumps(changed))
    path.chmod(0o600)
    return path
