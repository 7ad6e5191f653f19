# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands in containers: what they said, how they ended, and why they could not be run."""

from __future__ import annotations

import json
import pathlib
import socket
import threading
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _exec
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, ExecResult, connect
from tests.unit.fake_api import FakeApi


@pytest.fixture
def client(api: FakeApi, tmp_path: pathlib.Path) -> Api:
    return connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(tmp_path)}, timeout=2.0)


def run(client: Api, *argv: str, timeout: float = 10.0) -> ExecResult:
    return client.exec("ours", "a-pod", "main", argv, timeout=timeout)


def test_output_in_many_frames_and_the_exit_code(api: FakeApi, client: Api) -> None:
    long = "".join(f"line {number} ä\n" for number in range(5000))
    api.command = lambda argv, _stdin: (int(argv[1]), long, " ".join(argv))
    done = run(client, "exit", "3", "a b&c=d")
    assert (done.rc, done.stdout, done.stderr) == (3, long, "exit 3 a b&c=d")
    assert run(client, "exit", "0").rc == 0
    request = api.requests[0]
    assert request.path == "/api/v1/namespaces/ours/pods/a-pod/exec"
    assert {k: v for k, v in request.query.items() if k != "command"} == {
        "container": "main",
        "stdout": "true",
        "stderr": "true",
    }


def test_input_for_a_command(api: FakeApi, client: Api) -> None:
    api.command = lambda _argv, stdin: (0, stdin, "")
    lines = "".join(f"{number} target\n" for number in range(1000))
    assert client.exec("ours", "a-pod", "main", ["cat"], stdin=lines).stdout == lines


def test_a_refusal_says_why(api: FakeApi, client: Api) -> None:
    api.fault(403, path="/exec$", message="pods/exec is forbidden")
    with pytest.raises(ApiFailure, match="pod ours/a-pod: pods/exec is forbidden"):
        run(client, "true")


def test_a_command_that_does_not_end(api: FakeApi, client: Api) -> None:
    api.command = lambda _argv, _stdin: (time.sleep(3), (0, "", ""))[1]  # type: ignore[func-returns-value]
    begin = time.monotonic()
    with pytest.raises(ApiFailure, match="did not end within 1 s"):
        run(client, "sleep", timeout=1.0)
    assert time.monotonic() - begin < 2.5


def test_a_server_that_is_silent_is_not_waited_for_as_long_as_a_command(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        accepted: list[object] = []
        threading.Thread(target=lambda: accepted.append(silent.accept()), daemon=True).start()
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = connect(t.cast("t.Any", None), {"host": host, "api_key": "x"}, timeout=0.5)
        begin = time.monotonic()
        with pytest.raises(ApiFailure, match="timed out"):
            run(client, "true", timeout=30.0)
        assert time.monotonic() - begin < 5


def test_no_server() -> None:
    client = connect(t.cast("t.Any", None), {"host": "http://127.0.0.1:1", "api_key": "x"})
    with pytest.raises(ApiFailure, match="connection refused"):
        run(client, "true")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (b"", "ended before the command did"),
        (b"not json", "ended before the command did"),
        (json.dumps({"status": "Failure", "message": "no such container"}).encode(), "no such container"),
        (b'{"status": "Failure"}', "no exit code"),
    ],
)
def test_an_end_without_an_exit_code_is_no_success(status: bytes, words: str) -> None:
    with pytest.raises(ConnectionError, match=words):
        _exec._exit_code(status)
