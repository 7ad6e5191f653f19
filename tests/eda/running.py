# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-rulebook in the background: what it says, line by line, each with the moment."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import threading
import time
import typing as t

import yaml

from tests.eda.fleets import Fleet
from tests.run.paths import ROOT

COLLECTIONS = ROOT / "playbooks" / "collections"


def write_input(folder: pathlib.Path, fleet: Fleet, **variables: str) -> None:
    """The files of a rulebook's user: variables of the rulebook, and the inventory of the playbook."""
    hosts = {name: {"submariner_kubeconfig": path} for name, path in fleet.kubeconfigs.items()}
    inventory = {"submariner_broker": {"hosts": {"east": {}}}, "submariner_members": {"hosts": hosts}}
    # Recorded clusters run no pods, and in the lab the data path is no matter of this test.
    inventory["all"] = {"vars": {"submariner_verify_data_path": False}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    clusters = {name: {"kubeconfig": path} for name, path in fleet.kubeconfigs.items()}
    known = {"broker": "east", "clusters": clusters, "state_file": str(folder / "told.json"), **variables}
    (folder / "fleet.yml").write_text(yaml.safe_dump(known))


class Rulebook:
    """One run of a rulebook of this collection; a context manager."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path, name: str, *more: str) -> None:
        self.lines: list[tuple[float, str]] = []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "K8S_AUTH_", "PYTHON", "EDA_"))}
        env = {**kept, "PATH": f"{programs}:{kept['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
        env |= {"ANSIBLE_NOCOLOR": "1", "EDA_JOB_TEMPLATE_REFRESH_DELAY": "1"}
        command = [str(programs / "ansible-rulebook"), "--rulebook", f"submariner.lifecycle.{name}", "-v"]
        command += ["--inventory", "hosts.yml", "--vars", "fleet.yml", *more]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Rulebook:
        return self

    def __exit__(self, *_exception: object) -> None:
        for number in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self._reader.join(5)

    @property
    def said(self) -> str:
        return "\n".join(line for _at, line in list(self.lines))

    def wait_for(self, words: str, seconds: float = 60.0, after: float = 0.0) -> float:
        """When the first line with these words came, after a moment (both monotonic); fails when none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            at = next((at for at, line in list(self.lines) if at > after and words in line), None)
            if at is not None:
                return at
            time.sleep(0.05)
        raise AssertionError(f"{words!r} was not said within {seconds:.0f} s:\n{self.said}")

    def end(self, seconds: float = 60.0) -> int:
        """Its exit code, when it ends by itself."""
        return self._process.wait(seconds)

    def _read(self) -> None:
        for line in t.cast("t.IO[str]", self._process.stdout):
            self.lines.append((time.monotonic(), line.rstrip("\n")))
