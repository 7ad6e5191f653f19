# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains and their rules on the node, by the commands that the real components use too."""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass

log = logging.getLogger("iptables")


def run(*argv: str) -> bool:
    """Whether the command succeeded; what it says otherwise goes to the log."""
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode:
        log.debug("%s: %s", " ".join(argv), result.stderr.strip())
    return result.returncode == 0


def iptables(*argv: str) -> bool:
    return run("iptables", "-w", "5", *argv)


@dataclass(frozen=True)
class Chain:
    """A chain of ours and the jump that leads to it from a hook or another chain; without one, only the chain."""

    table: str
    hook: str
    name: str
    first: bool = True  # where in the hook the jump stands
    match: tuple[str, ...] = ()

    @property
    def jump(self) -> tuple[str, ...]:
        return (*self.match, "-j", self.name)

    def ensure(self) -> None:
        iptables("-t", self.table, "-N", self.name)
        if self.hook and not iptables("-t", self.table, "-C", self.hook, *self.jump):
            iptables("-t", self.table, "-I" if self.first else "-A", self.hook, *self.jump)

    def flush(self) -> None:
        iptables("-t", self.table, "-F", self.name)

    def remove(self) -> None:
        self.flush()
        if self.hook:
            iptables("-t", self.table, "-D", self.hook, *self.jump)
        iptables("-t", self.table, "-X", self.name)

    def add(self, *rule: str) -> None:
        if not iptables("-t", self.table, "-C", self.name, *rule):
            iptables("-t", self.table, "-A", self.name, *rule)

    def delete(self, *rule: str) -> None:
        iptables("-t", self.table, "-D", self.name, *rule)
