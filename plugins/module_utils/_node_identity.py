# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a machine is the node that it is taken for. Private to this collection, may change at any time.

A node's kubelet reports the machine's own identifiers, from the same files that are read here. An inventory that names
another machine, or a connection that ends on the controller, is found out by them before anything is touched.
"""

from __future__ import annotations

import platform
import typing as t
from dataclasses import dataclass
from pathlib import Path

Json = dict[str, t.Any]

FILES: dict[str, tuple[str, ...]] = {
    "machine_id": ("/etc/machine-id", "/var/lib/dbus/machine-id"),
    "system_uuid": (
        "/sys/class/dmi/id/product_uuid",
        "/proc/device-tree/system-id",
        "/proc/device-tree/vm,uuid",
    ),
}
WORDS = {"machine_id": "machine ID", "system_uuid": "system UUID"}
NO_VALUE = ("uninitialized", "not settable", "not available", "none")
"""What stands there, in lower case, when nothing was ever set."""
ENOUGH = 2
"""Marks that have to agree: images of machines that were copied carry the same machine ID."""


@dataclass(frozen=True)
class Identity:
    name: str
    machine_id: str = ""
    system_uuid: str = ""

    @classmethod
    def of_node(cls, node: Json) -> Identity:
        """As the kubelet reported it."""
        info = (node.get("status") or {}).get("nodeInfo") or {}
        name = str((node.get("metadata") or {}).get("name") or "")
        return cls(name, plain(info.get("machineID")), plain(info.get("systemUUID")))

    @classmethod
    def of_params(cls, told: Json) -> Identity:
        return cls(told["name"], plain(told["machine_id"]), plain(told["system_uuid"]))

    @classmethod
    def of_this_machine(cls) -> Identity:
        return cls(platform.node(), *(_first(FILES[mark]) for mark in ("machine_id", "system_uuid")))

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "machine_id": self.machine_id, "system_uuid": self.system_uuid}

    def not_the_same(self, machine: Identity) -> str:
        """Why C(machine) is not proven to be this node; empty when it is."""
        agreeing = 0
        for mark, words in WORDS.items():
            wanted, found = getattr(self, mark), getattr(machine, mark)
            if wanted and found and wanted != found:
                return f"its {words} is {found}, the node's is {wanted}"
            agreeing += bool(wanted and found)
        if not agreeing:
            return "neither its machine ID nor its system UUID can be compared with the node's"
        agreeing += _short(self.name) == _short(machine.name)
        if agreeing < ENOUGH:
            return f"only one of its identifiers can be compared with the node's, and its name is {machine.name}"
        return ""


def plain(value: object) -> str:
    """An identifier as it is compared; nothing for one that was never set."""
    word = str(value or "").replace("\0", "").strip().lower()
    return "" if word in NO_VALUE or not word.strip("0-") else word


def _short(name: str) -> str:
    return name.partition(".")[0].lower()


def _first(paths: t.Sequence[str]) -> str:
    for path in paths:
        try:
            value = plain(Path(path).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if value:
            return value
    return ""
