# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: ansible-runner's transmit, worker and process, each a process of its own with a folder of its own."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.filter.awx_survey import awx_survey
from tests.unit.awx_jobs import Injected, answered, inject
from tests.unit.awx_setup import ROOT

Json = dict[str, t.Any]

PROJECT = ("docs", "meta", "playbooks", "plugins", "roles", "galaxy.yml", "requirements.txt")
"""What of the clone a job needs."""


@dataclass
class Ended:
    """A job that ended: what it printed, its events, and what it hands on to the next node."""

    code: int
    status: str
    """As AWX names it: successful, failed, canceled."""
    output: str
    events: list[Json]

    @property
    def artifacts(self) -> Json:
        found: Json = {}
        for event in self.events:
            if event["event"] == "playbook_on_stats":
                found = event["event_data"].get("artifact_data", {})
        return found

    @property
    def hosts(self) -> set[str]:
        return {host for event in self.events if (host := event.get("event_data", {}).get("host"))}


class Controller:
    """Launches jobs of the rows of the role's tables, each with all `credentials`: inputs by the name of their type."""

    def __init__(self, folder: pathlib.Path, tables: Json, specs: list[Json], kubeconfig: str) -> None:
        self.folder, self.tables, self.specs = folder, tables, specs
        self.credentials: dict[str, Json] = {"kubeconfig": {"kubeconfig": kubeconfig}}
        self.project = folder / "project"
        self.project.mkdir()
        for name in PROJECT:
            source = ROOT / name
            if source.is_dir():
                left_out = shutil.ignore_patterns("__pycache__", ".ansible")
                shutil.copytree(source, self.project / name, symlinks=True, ignore=left_out)
            else:
                shutil.copy(source, self.project / name)
        self._jobs = 0

    def row(self, name: str) -> Json:
        return t.cast(Json, next(row for row in self.tables["job_templates"] if row["name"] == f"Submariner {name}"))

    def launch(self, name: str, fleet: Json, answers: Json | None = None, **handed_on: t.Any) -> Launched:
        """Begin a job: `answers` to the survey of its template, and what earlier nodes, or the workflow, handed on."""
        self._jobs += 1
        row, job = self.row(name), self.folder / f"job-{self._jobs}"
        private, worker = job / "private", job / "worker"
        for folder in ("env", "inventory"):
            (private / folder).mkdir(parents=True)
        shutil.copytree(self.project, private / "project", symlinks=True)
        injected = self._inject(str(worker / "env"))
        for file, content in injected.files.items():
            self._write(private / "env" / file, content)
        survey = awx_survey(row.get("survey", []), self.specs)
        variables = {**answered(survey, answers or {}), **handed_on, **injected.variables}
        variables |= {"awx_job_id": self._jobs, "awx_job_template_name": row["name"]}
        self._write(private / "env" / "extravars", json.dumps(variables))
        self._write(private / "env" / "envvars", json.dumps({**injected.env}))
        hosts = private / "inventory" / "hosts"
        self._write(hosts, f"#!{sys.executable}\nprint({json.dumps(fleet)!r})\n")
        hosts.chmod(0o700)
        return Launched(job, f"playbooks/{row['playbook']}")

    def _inject(self, folder: str) -> Injected:
        """What all credentials add."""
        kinds = {kind["name"]: kind for kind in self.tables["credential_types"]}
        added = Injected()
        for name, inputs in self.credentials.items():
            one = inject(kinds[f"Submariner {name}"], inputs, folder)
            added.files |= one.files
            added.env |= one.env
            added.variables |= one.variables
        return added

    @staticmethod
    def _write(path: pathlib.Path, content: str) -> None:
        path.touch(mode=0o600)
        path.write_text(content)


class Launched:
    """A job that runs: transmit and worker are connected by a pipe, and nothing else."""

    def __init__(self, job: pathlib.Path, playbook: str) -> None:
        self.job = job
        self._program = shutil.which(
            "ansible-runner", path=f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        )
        assert self._program, "ansible-runner is not installed"
        programs = pathlib.Path(sys.executable).parent
        installed = next(path for path in sys.path if path.endswith("site-packages"))
        self._env = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG"))
            },
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(job),
            "ANSIBLE_COLLECTIONS_PATH": installed,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
        }
        transmit = self._start("transmit", str(job / "private"), "-p", playbook, out=subprocess.PIPE)
        (job / "worker").mkdir()
        self._stream = (job / "stream").open("w+b")
        self._worker = self._start(
            "worker", "--private-data-dir", str(job / "worker"), given=transmit.stdout, out=self._stream
        )
        self._transmit = transmit

    def _start(self, *arguments: str, given: t.Any = subprocess.DEVNULL, out: t.Any) -> subprocess.Popen[bytes]:
        assert self._program
        return subprocess.Popen(
            [self._program, *arguments], stdin=given, stdout=out, stderr=subprocess.STDOUT, env=self._env
        )

    def cancel(self) -> None:
        """As AWX cancels a job: by a signal to its worker, which ends the playbook."""
        self._worker.terminate()

    def end(self) -> Ended:
        """Wait for the job, and process what the worker sent."""
        self._worker.wait()
        self._transmit.wait()
        self._stream.seek(0)
        results = self.job / "results"
        results.mkdir()
        done = self._start("process", str(results), given=self._stream, out=subprocess.PIPE)
        done.communicate()
        self._stream.close()
        artifacts = results / "artifacts"
        events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
        output = (artifacts / "stdout").read_text()
        status = (artifacts / "status").read_text().strip()
        code = int((artifacts / "rc").read_text())
        return Ended(code, status, output, sorted(events, key=lambda event: event["counter"]))
