# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that are started, timed and weighed; the clusters that they are started for."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import urllib.request
from dataclasses import dataclass

from tests.benchmarks.server import COUNT
from tests.scenarios.playbook import environment

ROOT = pathlib.Path(__file__).parents[2]
MIB = 1024  # ru_maxrss and VmHWM are in KiB


class Failed(Exception):
    """What was to be measured did not do what it should: its time says nothing."""


@dataclass(frozen=True)
class Measured:
    """One program that ended well: wall time, CPU time of it and its children, its own peak of memory in MiB."""

    seconds: float
    cpu: float
    peak: float
    output: str


def measure(
    command: t.Sequence[str], cwd: pathlib.Path, env: t.Mapping[str, str], ends: t.Sequence[int] = (0,)
) -> Measured:
    """Run it once; an exit code other than those in `ends` raises Failed."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        peak = Peak(process.pid)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if process.returncode not in ends:
        raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak.end() / MIB, text)


class Peak:
    """Follows the peak of one process's memory, without its children's."""

    def __init__(self, pid: int) -> None:
        self._path = pathlib.Path(f"/proc/{pid}/status")
        self._seen = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._done.wait(0.05):
            with contextlib.suppress(OSError, ValueError, StopIteration):
                lines = self._path.read_text().splitlines()
                self._seen = int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))

    def end(self) -> int:
        self._done.set()
        self._thread.join()
        return self._seen


def spread(figures: t.Sequence[float]) -> tuple[int, float, float, float]:
    """How many there are, the least, the median and the greatest."""
    return len(figures), min(figures), statistics.median(figures), max(figures)


def medians(rows: t.Mapping[str, t.Callable[[], Measured]], repeat: int) -> dict[str, Measured]:
    """Of each row the run with the median time; the rows take turns, so that noise of the machine meets them all."""
    runs: dict[str, list[Measured]] = {name: [] for name in rows}
    for _time in range(repeat):
        for name, run in rows.items():
            runs[name].append(run())
    return {name: sorted(found, key=lambda m: m.seconds)[(repeat - 1) // 2] for name, found in runs.items()}


@dataclass(frozen=True)
class Clusters:
    """What is measured on: contexts of a kubeconfig, the first one's cluster has the broker."""

    kubeconfig: pathlib.Path
    names: tuple[str, ...]
    recorded: bool

    def hosts(self, **variables: t.Any) -> dict[str, t.Any]:
        everywhere = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "submariner_kubeconfig": str(self.kubeconfig),
            "submariner_context": "{{ inventory_hostname }}",
            **variables,
        }
        members: dict[str, t.Any] = {name: {} for name in self.names}
        groups = {"submariner_broker": {"hosts": {self.names[0]: {}}}, "submariner_members": {"hosts": members}}
        return {"all": {"vars": everywhere, "children": groups}}

    def requests(self, name: str) -> int:
        """How many requests this cluster's server answered since this was asked last."""
        document = json.loads(self.kubeconfig.read_text())
        cluster = next(entry["cluster"] for entry in document["clusters"] if entry["name"] == name)
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        with urllib.request.urlopen(cluster["server"] + COUNT, context=context) as answer:  # noqa: S310  https, ours
            return int(answer.read())


@contextlib.contextmanager
def recorded(size: int) -> t.Iterator[Clusters]:
    """Servers with recorded answers for `size` clusters, in a process of their own."""
    with tempfile.TemporaryDirectory(prefix="submariner-benchmark-") as name:
        command = [sys.executable, "-m", "tests.benchmarks.server", name, str(size)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            if not server.stdout.readline():
                raise Failed("The server with recorded answers did not start.")
            path = pathlib.Path(name) / "kubeconfig"
            contexts = json.loads(path.read_text())["contexts"]
            yield Clusters(path, tuple(context["name"] for context in contexts), recorded=True)
        finally:
            server.terminate()
            server.wait()


class Play:
    """A folder with an inventory, in which plays are run as a user runs them."""

    def __init__(self, clusters: Clusters, folder: pathlib.Path, **variables: t.Any) -> None:
        self.clusters, self.folder = clusters, folder
        (folder / "hosts.yml").write_text(json.dumps(clusters.hosts(**variables)))

    def tasks(self, *tasks: dict[str, t.Any], forks: int = 5) -> Measured:
        play = {"hosts": "submariner_members", "gather_facts": False, "tasks": list(tasks)}
        path = self.folder / "play.yml"
        path.write_text(json.dumps([play]))
        return self.playbook(path, "--forks", str(forks))

    def playbook(self, path: pathlib.Path, *options: str) -> Measured:
        command = [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            "hosts.yml",
            str(path),
            *options,
        ]
        env = {**environment(os.environ), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")}
        return measure(command, self.folder, env)
