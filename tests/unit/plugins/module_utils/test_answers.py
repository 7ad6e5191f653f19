# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as an answer of a Kubernetes API server, and how long one may take."""

from __future__ import annotations

import pathlib
import socket
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _api
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, connect
from tests.unit.fake_api import FakeApi

STATUS = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}'
ENDPOINTS = "/apis/submariner.io/v1/endpoints"


class Raw:
    """A server that says the same to everybody, in pieces with pauses."""

    def __init__(self, status: int, body: bytes, pause: float = 0.0) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self._pieces = [head.encode(), *(bytes([b]) for b in body)] if pause else [head.encode() + body]
        self._pause = pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            peer.recv(65536)
            for piece in self._pieces:
                try:
                    peer.sendall(piece)
                except OSError:
                    return
                time.sleep(self._pause)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Iterator[t.Callable[..., Api]]:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    servers = []

    def ask(status: int, body: bytes, pause: float = 0.0) -> Api:
        servers.append(Raw(status, body, pause))
        return connect(None, {"host": servers[-1].url, "api_key": "x", "validate_certs": False}, timeout=1.0)

    yield ask
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("path", "status", "body", "state"),
    [
        (ENDPOINTS, 404, STATUS, "absent"),
        (ENDPOINTS, 404, b"404 page not found\n", "absent"),
        (ENDPOINTS, 404, b"<html>nothing here</html>", "unknown"),
        (ENDPOINTS, 404, b'{"type":"error","status":404}', "unknown"),
        ("/api/v1/nodes", 404, b"404 page not found\n", "unknown"),
        (ENDPOINTS, 410, STATUS, "unknown"),
        (ENDPOINTS, 200, b'{"items":[]}', "present"),
        (ENDPOINTS, 200, b'{"items":null}', "present"),
        (ENDPOINTS, 200, b'{"items":[],"metadata":[1]}', "present"),
        (ENDPOINTS, 200, b'{"items":[],"metadata":{"continue":"on"}}', "unknown"),
        (ENDPOINTS, 200, b'{"items":[],"metadata":{"continue":["on"]}}', "unknown"),
        (ENDPOINTS, 200, b'{"error":"please log in"}', "unknown"),
        (ENDPOINTS, 200, b'{"kind":"Status","status":"Success"}', "unknown"),
        (ENDPOINTS, 200, b'{"items":{"a":1}}', "unknown"),
    ],
)
def test_only_a_kubernetes_api_proves_that_something_is_not_there(
    asking: t.Callable[..., Api], path: str, status: int, body: bytes, state: str
) -> None:
    answer = asking(status, body).list(path)
    assert answer.state == state, answer
    assert answer.state != "unknown" or answer.reason


def test_an_answer_that_comes_byte_by_byte_is_given_up(
    asking: t.Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_api, "WHOLE", 1.5)
    api = asking(200, b'{"items":[' + b" " * 100 + b"]}", 0.2)
    begin = time.monotonic()
    assert (api.list(ENDPOINTS).state, api.list(ENDPOINTS).reason) == ("unknown", "timed out")
    with api.bounded(0.5):
        assert api.list(ENDPOINTS).state == "unknown"
    assert time.monotonic() - begin < 10


def test_the_server_for_tests_answers_like_one() -> None:
    with FakeApi() as fake:
        api = connect(None, {"host": fake.url, "api_key": "x"})
        assert api.list("/apis/nobody.example/v1/things").state == "absent"
        assert api.get("/api/v1/namespaces/none").state == "absent"
