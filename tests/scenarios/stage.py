# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario works with: the clusters, a folder, a log, and the few things that all scenarios do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO

from tests.lab.config import REPOSITORY
from tests.scenarios import traffic
from tests.scenarios.fleet import Fleet, Reading
from tests.scenarios.inventory import Inventory, Vars
from tests.scenarios.playbook import Playbook, Run

CONFIRM = ("-e", "submariner_confirm=reinstall")
_LAB_LIMIT = 1200.0


class ScenarioFailed(Exception):
    """What was expected and is not so, one line each."""


@dataclass
class Stage:
    fleet: Fleet
    folder: Path
    log: TextIO
    notes: list[str] = field(default_factory=list)
    """What goes into the scenario's one line, times above all."""
    newer: str | None = None
    """Where upgrades lead from the Submariner that the lab has; none: from one simulated version to the next."""

    def say(self, text: str) -> None:
        self.log.write(f"\n## {text}\n")
        self.log.flush()

    def require(self, complaints: list[str], what: str) -> None:
        self.say(f"{what}: {'; '.join(complaints) or 'yes'}")
        if complaints:
            raise ScenarioFailed("\n".join(f"{what}: {text}" for text in complaints))

    def inventory(self) -> Inventory:
        places = self.fleet.places
        return Inventory(places.kubeconfig, places.bin / "subctl", self.fleet.state.version)

    def machine(self, cluster: str) -> Vars:
        """A node of the cluster as a host of submariner_nodes, which is reached by its container."""
        engine = self.fleet.lab.engine
        return {
            "ansible_connection": "community.docker.docker",
            "ansible_docker_extra_args": f"-H {engine.host}" if engine.host else "",
            "ansible_become": False,
            "ansible_python_interpreter": "/usr/bin/python3",
            "submariner_cluster": cluster,
        }

    @contextmanager
    def playbook(self, verb: str, *options: str, inventory: Inventory | None = None) -> Iterator[Playbook]:
        """A run in the background; nothing of it is left when the block ends."""
        running = Playbook(verb, (inventory or self.inventory()).write(self.folder), self.folder, self.log, *options)
        try:
            yield running
        finally:
            running.stop()

    def play(self, verb: str, *options: str, inventory: Inventory | None = None, name: str = "") -> Run:
        """A run to its end, its time noted."""
        with self.playbook(verb, *options, inventory=inventory) as running:
            run = running.finish()
        self.notes.append(f"{name or verb} {run.seconds:.0f} s")
        return run

    def succeed(self, verb: str, *options: str, inventory: Inventory | None = None, name: str = "") -> Run:
        run = self.play(verb, *options, inventory=inventory, name=name)
        said = [f"{failure.host}: {failure.message}" for failure in run.failures]
        self.require([] if run.code == 0 else [f"exit code {run.code}", *said], f"{name or verb} succeeds")
        return run

    def damage(self, state: str) -> None:
        self.lab("damage", state)

    def bring(self, source: str) -> None:
        """Another Submariner at hand: its subctl and its images; what is installed stays."""
        self.lab("up", "--submariner", source)
        self.fleet = Fleet(self.fleet.places)

    def lab(self, *arguments: str) -> None:
        """By its own command line, as a user would."""
        self.say(f"lab {' '.join(arguments)}")
        command = [sys.executable, "-m", "tests.lab", *arguments]
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(_LAB_LIMIT)
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            raise
        if code:
            raise ScenarioFailed(f"lab {' '.join(arguments)} failed")

    def require_whole(self, since: datetime | None = None) -> None:
        """The judgement over everything that a reinstall promises."""
        self.require(self.fleet.complaints(since), "the fleet is whole")
        self.require(self._traffic(), "pods reach pods")

    def ensure_whole(self) -> None:
        """For scenarios that start from a fleet that works, however it came about."""
        if self.fleet.complaints() or self.fleet.globalnet().get("globalnetEnabled") == "true" or self._traffic():
            self.damage("healthy")
            self.require(self.fleet.complaints(), "the lab's healthy state is whole")

    def _traffic(self) -> list[str]:
        return traffic.complaints(self.fleet, f"quay.io/submariner/nettest:{self.fleet.state.version}")

    def require_unchanged(self, before: Reading, what: str) -> None:
        self.require(self.fleet.changes_since(before), what)
