# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive subctl: one call, watched from outside, ended as soon as its end cannot be a good one.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import (
    secrets_of,
    single_context,
    write_kubeconfig,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import LONGEST_LINE, show
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import OPERATOR_NAMESPACE, Finding
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator import (
    OPERATOR,
    Seen,
    broker_namespace_blocker,
    is_available,
    operator_blocker,
    settled_cause,
    standing,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import (
    DEADLINE,
    EXITED,
    FLOODED,
    ORPHANED,
    STOPPED,
    run,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import controlling_ansible
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import hide, redact

INFO_FILE = "broker-info.subm"
_LOOK_SECONDS = 1.0
_CLEAR_SECONDS = 90.0
_VERSION = re.compile(r"subctl version:\s*v?(\S+)")
# Marks that subctl puts before each step line when its output is no terminal.
_STEP = re.compile(r"^\s*[•✓✗⚠]\s*")


class SubctlFailure(Exception):
    """A subctl call that did not end well; `finding` where the cause was seen on the cluster."""

    def __init__(self, msg: str, result: CallResult | None = None, finding: Finding | None = None) -> None:
        super().__init__(msg)
        self.msg = msg
        self.result = result
        self.finding = finding


@dataclass(frozen=True)
class CallResult:
    """What a call said and how long it took; output is bounded and free of the secrets that we know.

    What is shown of it (L(as_dict), L(last_words)) is free of what has the form of a secret, too.
    """

    command: str
    rc: int | None
    stdout: str
    stderr: str
    seconds: float

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "command": self.command,
            "rc": self.rc,
            "stdout_lines": redact(self.stdout).splitlines(),
            "stderr_lines": redact(self.stderr).splitlines(),
            "seconds": round(self.seconds, 1),
        }


@contextmanager
def private_folder() -> Iterator[str]:
    """A folder that only we can enter, gone at the end whatever happens."""
    folder = tempfile.mkdtemp(prefix="submariner-lifecycle-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_stuck_operator(api: Api) -> bool:
    """Take away an operator Deployment that does not run, so that its old trouble is not taken for the new call's.

    What subctl would leave as it is (a pod in back-off, a ReplicaSet that was refused) is so made anew at once.
    """
    path = f"/apis/apps/v1/namespaces/{OPERATOR_NAMESPACE}/deployments/{OPERATOR}"
    seen = api.get(path)
    if not seen.present or is_available(seen.body):
        return False
    asked = api.delete(path, uid=seen.uid, propagation="Foreground")
    if asked.unknown:
        raise ApiFailure(
            f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR} does not run and cannot be deleted: {asked.reason}."
        )
    progress = Progress(_CLEAR_SECONDS)
    while api.get(path).uid == seen.uid:
        if progress.elapsed > _CLEAR_SECONDS:
            raise ApiFailure(
                f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR} does not run, and is still there {_CLEAR_SECONDS:.0f} s after"
                " it was deleted.",
                "Run submariner.lifecycle.cleanup for this cluster: it says what holds it.",
            )
        progress.say(f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR} does not run, and is deleted to be made anew")
        time.sleep(0.3)
    return True


class Watch:
    """Looks at the operator once a second, beside the running call, until it is told to stop."""

    def __init__(self, api: Api, broker_namespace: str = "") -> None:
        self._api = api
        self._broker_namespace = broker_namespace
        self._seen = Seen()
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=6)
        self._thread = threading.Thread(target=self._look_on, name="operator watch", daemon=True)
        self.cause: Finding | None = None
        self.standing = ""

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2 * _LOOK_SECONDS)
        self._pool.shutdown(wait=False)

    def look(self) -> Finding | None:
        """One look; what cannot be read now counts neither for nor against."""
        base = "/api/v1/namespaces/" + OPERATOR_NAMESPACE
        apps = "/apis/apps/v1/namespaces/" + OPERATOR_NAMESPACE
        operators = "name=" + OPERATOR
        api = self._api
        questions: list[t.Callable[[], Answer]] = [
            lambda: api.get(base),
            lambda: api.get(apps + "/deployments/" + OPERATOR),
            lambda: api.list(apps + "/replicasets", labelSelector=operators),
            lambda: api.list(base + "/pods", labelSelector=operators),
            lambda: api.list(base + "/events"),
        ]
        if self._broker_namespace:
            questions.append(lambda: api.get("/api/v1/namespaces/" + self._broker_namespace))
        answers = list(self._pool.map(lambda ask: ask(), questions))
        namespace, deployment, replicasets, pods, events = answers[:5]
        found: Finding | None = None
        if self._broker_namespace and answers[5].present:
            found = broker_namespace_blocker(answers[5].body)
        home = namespace.body if namespace.present else None
        operator = deployment.body if deployment.present else None
        if found is None and not (namespace.unknown or deployment.unknown):
            found = operator_blocker(operator, replicasets.items, pods.items, events.items, home, self._seen)
        unread = next((answer.reason for answer in (namespace, deployment, pods) if answer.unknown), "")
        self.standing = (
            f"how the operator is cannot be read: {unread}" if unread else standing(home, operator, pods.items)
        )
        self._seen.deployment = self._seen.deployment or deployment.present
        return settled_cause(found, self._seen, time.monotonic())

    def _look_on(self) -> None:
        while not self._end.is_set():
            self.cause = self.look()
            if self.cause is not None:
                return
            self._end.wait(_LOOK_SECONDS)


class Subctl:
    """The subctl program at `path`, used on the cluster that `api` reaches."""

    def __init__(self, path: str, api: Api) -> None:
        found = shutil.which(os.path.expanduser(path))
        if found is None:
            raise SubctlFailure(
                f"subctl is not at '{path}': set submariner_subctl_path to the program, or put it into PATH."
            )
        self.path = os.path.abspath(found)
        self._api = api

    def kubeconfig(self) -> dict[str, t.Any]:
        """The kubeconfig document for this cluster."""
        try:
            return single_context(self._api)
        except OSError as error:
            raise SubctlFailure(f"The certificates for subctl cannot be read: {error}.") from error

    def call(
        self,
        arguments: Sequence[str],
        folder: str,
        deadline_seconds: float,
        watch: Watch | None = None,
        secrets: Sequence[str] = (),
        clusters: Mapping[str, t.Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> CallResult:
        """Run one command in `folder`; raises SubctlFailure unless it exits 0, which still proves nothing.

        `clusters` is the kubeconfig document for a command that needs more than this cluster; only the environment names
        it then, as the flag would make such a command take this cluster for a third one. `environment` comes on top of ours.
        """
        document = self.kubeconfig() if clusters is None else clusters
        kubeconfig = os.path.join(folder, "kubeconfig")
        write_kubeconfig(kubeconfig, document)
        hidden = [*secrets, *secrets_of(document)]
        env = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        env.update(environment or {}, TERM="dumb", KUBECONFIG=kubeconfig)
        argv = [self.path, *arguments, *(["--kubeconfig", kubeconfig] if clusters is None else [])]
        name = "subctl " + " ".join(arguments[:1])
        progress = Progress(deadline_seconds)

        def listen(stdout: str, stderr: str) -> None:
            said = f"{name}: {newest_words(stdout, stderr, hidden)}"
            progress.say(f"{said}; {watch.standing}" if watch is not None and watch.standing else said)

        try:
            outcome = run(
                argv,
                folder,
                env,
                deadline_seconds,
                stop=lambda: watch is not None and watch.cause is not None,
                master=controlling_ansible(),
                started=watch.start if watch is not None else lambda: None,
                listen=listen if progress.followed else None,
            )
        except OSError as error:
            raise SubctlFailure(f"{self.path} cannot be started: {error.strerror or error}.") from error
        finally:
            if watch is not None:
                watch.finish()
        result = CallResult(
            command=hide(name, hidden),
            rc=outcome.rc,
            stdout=hide(outcome.stdout, hidden),
            stderr=hide(outcome.stderr, hidden),
            seconds=outcome.seconds,
        )
        _judge(name, outcome.how, result, deadline_seconds, watch.cause if watch is not None else None)
        return result


def _judge(name: str, how: str, result: CallResult, deadline_seconds: float, cause: Finding | None) -> None:
    if how == STOPPED and cause is not None:
        raise SubctlFailure(
            f"{name} was ended after {result.seconds:.0f} s: {cause.line()}", result=result, finding=cause
        )
    if how == DEADLINE:
        raise SubctlFailure(
            f"{name} did not end within {deadline_seconds:.0f} s; its last words: {last_words(result)}",
            result=result,
        )
    if how == ORPHANED:
        raise SubctlFailure(f"{name} was ended because the ansible process that asked for it is gone.", result=result)
    if how == FLOODED:
        raise SubctlFailure(f"{name} was ended because it wrote without measure.", result=result)
    if how == EXITED and result.rc != 0:
        raise SubctlFailure(f"{name} failed (exit {result.rc}): {last_words(result)}", result=result)


def last_words(result: CallResult) -> str:
    """The last step that failed, else the last line said."""
    lines = [line.strip() for line in redact(result.stderr + "\n" + result.stdout).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("subctl version:")]
    failed = [line for line in said if line.startswith("✗")]
    return _STEP.sub("", (failed or said or ["nothing"])[-1])


def newest_words(stdout: str, stderr: str, hidden: Sequence[str]) -> str:
    """What a running command said last, fit to be shown; the steps stand in stderr.

    Whole lines alone count, as half a line may hold half a secret, and those before tell what is one.
    """
    whole = [hide(said[: said.rfind("\n") + 1], hidden) for said in (stdout, stderr)]
    near = [said if len(said) <= LONGEST_LINE else said[-LONGEST_LINE:].partition("\n")[2] for said in whole]
    lines = [line for said in near for line in redact(said, hidden).splitlines() if line.strip()]
    return show(_STEP.sub("", lines[-1]), hidden).removesuffix(" ...") if lines else "nothing said yet"


def version(path: str, folder: str) -> str:
    """The version of a subctl program without the leading v, empty when it does not say."""
    env = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    env.update(TERM="dumb")
    try:
        outcome = run([path, "version"], folder, env, deadline_seconds=20.0)
    except OSError as error:
        raise SubctlFailure(f"{path} cannot be started: {error.strerror or error}.") from error
    return parse_version(outcome.stdout) if outcome.rc == 0 else ""


def parse_version(said: str) -> str:
    match = _VERSION.search(said)
    return match.group(1) if match else ""
