# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module run_lock as a process of its own, as Ansible starts it: the keeper outlives it and follows the playbook."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _lock
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._lock import LEASE, Party, parties_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import look_up
from ansible_collections.submariner.lifecycle.plugins.modules import run_lock
from tests.unit.fake_api import FakeApi
from tests.unit.run_module import run_module

LEASES = ("coordination.k8s.io", "leases")
ROOT = pathlib.Path(__file__).parents[4]
# Stands for ansible-playbook: starts one module for each line it is given, and says what that said.
PLAYBOOK = f"""\
#!{sys.executable}
import os, subprocess, sys
code = '''
import os, sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "playbooks" / "collections")!r}]
from ansible.module_utils import basic
from ansible_collections.submariner.lifecycle.plugins.modules import run_lock
try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    basic._ANSIBLE_ARGS = ('{{"ANSIBLE_MODULE_ARGS": ' + sys.argv[1] + '}}').encode()
    run_lock.main()
else:
    import json
    with patch_module_args(json.loads(sys.argv[1])):
        run_lock.main()
'''
for line in sys.stdin:
    done = subprocess.run([sys.executable, "-c", code, line], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    sys.stdout.buffer.write(done.stdout.strip().splitlines()[-1] + b"\\n")
    sys.stdout.flush()
"""


class Playbook:
    """A process that looks like ansible-playbook and runs tasks of the module."""

    def __init__(self, folder: pathlib.Path, api: FakeApi) -> None:
        program = folder / "ansible-playbook"
        program.write_text(textwrap.dedent(PLAYBOOK))
        program.chmod(0o755)
        self._auth = {"kubeconfig": api.kubeconfig(folder)}
        self._process = subprocess.Popen(
            [str(program), "site.yml"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def task(self, **arguments: t.Any) -> dict[str, t.Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**self._auth, **arguments}).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, t.Any] = json.loads(self._process.stdout.readline())
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait()


@pytest.fixture
def playbook(api: FakeApi, tmp_path: pathlib.Path) -> t.Iterator[Playbook]:
    made = Playbook(tmp_path, api)
    yield made
    made.close()
    assert keeper_ends(api)


def party(api: FakeApi) -> Party:
    return parties_of(api.cluster.get(LEASES, NAMESPACE, LEASE))[0]


def keeper_ends(api: FakeApi) -> bool:
    return until(lambda: api.cluster.objects(LEASES) == [])


def until(true: t.Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_acquired_held_and_released(api: FakeApi, playbook: Playbook) -> None:
    acquired = playbook.task(state="acquired", purpose="reinstall")
    assert acquired["changed"], acquired
    assert f"process {playbook.pid}, reinstall" in acquired["holder"]
    keeper = party(api)
    assert keeper.pid == playbook.pid
    assert keeper.kept()
    assert not playbook.task(state="acquired")["changed"]
    assert not playbook.task(state="held")["changed"]
    released = playbook.task(state="released")
    assert released["changed"]
    assert released["holder"] == ""
    assert not keeper.kept()
    assert not playbook.task(state="released")["changed"]


def test_the_lock_is_free_soon_after_the_playbook_was_killed(api: FakeApi, playbook: Playbook) -> None:
    playbook.task(state="acquired")
    keeper = party(api)
    playbook.kill()
    assert until(lambda: api.cluster.objects(LEASES) == [])
    assert until(lambda: not keeper.kept())


def test_a_keeper_that_was_killed_is_started_again(api: FakeApi, playbook: Playbook) -> None:
    playbook.task(state="acquired")
    first = party(api)
    os.kill(first.keeper_pid, signal.SIGKILL)
    assert until(lambda: not first.kept())
    assert playbook.task(state="held")["changed"]
    assert party(api).kept()


@pytest.mark.parametrize(
    ("connecting", "said"),
    [
        ("raise ValueError('odd certificate')", "The lock cannot be kept: ValueError: odd certificate."),
        ("time.sleep(5)", "The lock cannot be kept: its Lease was not renewed in 1 s."),
        ("os._exit(1)", "The lock cannot be kept: the process that renews it ended at once."),
    ],
)
def test_why_there_is_no_keeper_is_told(connecting: str, said: str) -> None:
    code = f"""
        import os, sys, time
        sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "playbooks" / "collections")!r}]
        from ansible_collections.submariner.lifecycle.plugins.module_utils import _keeper, _lock
        from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure
        from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import look_up
        _keeper._START_SECONDS = 1.0
        def connecting(): {connecting}
        master = look_up(os.getppid())
        party = _lock.Party("here", _lock.boot_identity(), master.pid, master.start)
        try:
            _keeper.start(connecting, _lock.Claim("one", "me", party), master)
        except ApiFailure as failure:
            print(failure.msg)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == said


def test_the_keeper_keeps_no_pipe_and_has_a_session_of_its_own(api: FakeApi, playbook: Playbook) -> None:
    playbook.task(state="acquired")
    keeper = party(api).keeper_pid
    targets = {os.readlink(f"/proc/{keeper}/fd/{fd}") for fd in os.listdir(f"/proc/{keeper}/fd")}
    assert not any(target.startswith("pipe:") for target in targets)
    assert os.getsid(keeper) != os.getsid(playbook.pid)


def test_a_lock_that_was_lost_is_noticed(api: FakeApi, playbook: Playbook) -> None:
    playbook.task(state="acquired")
    body = api.cluster.get(LEASES, NAMESPACE, LEASE)
    body["metadata"]["annotations"]["submariner.lifecycle/run-id"] = "another"
    body["spec"]["holderIdentity"] = "ops@elsewhere"
    api.cluster.replace(LEASES, body, NAMESPACE, LEASE)
    lost = playbook.task(state="held")
    assert lost["failed"]
    assert "ops@elsewhere" in lost["msg"]
    api.cluster.delete(LEASES, NAMESPACE, LEASE)


def test_a_second_run_is_refused(api: FakeApi, playbook: Playbook, tmp_path: pathlib.Path) -> None:
    playbook.task(state="acquired", purpose="reinstall")
    arguments = {"kubeconfig": api.kubeconfig(tmp_path), "timeout": 0}
    outcome = run_module(run_lock.main, arguments)
    assert outcome.failed
    assert f"process {playbook.pid}, reinstall" in outcome.msg


def test_check_mode_warns_of_another_run_and_writes_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    arguments = {"kubeconfig": api.kubeconfig(tmp_path)}
    assert run_module(run_lock.main, arguments, check=True).changed
    assert api.writes == []
    me = look_up(os.getpid())
    assert me is not None
    client = connect(t.cast("t.Any", None), arguments)
    elsewhere = Party(host="b", boot="another machine", pid=1, start="1")
    _lock.acquire(client, _lock.Claim("other", "ops@b", elsewhere), 0.0)
    written = len(api.writes)
    outcome = run_module(run_lock.main, arguments, check=True)
    assert not outcome.failed
    assert "ops@b" in str(outcome.result.get("warnings"))
    assert len(api.writes) == written


def test_an_api_that_cannot_keep_the_lock_is_an_error(api: FakeApi, playbook: Playbook) -> None:
    api.fault(403, verb="create", path="leases", message="no rights here")
    refused = playbook.task(state="acquired")
    assert refused["failed"]
    assert "no rights here" in refused["msg"]
