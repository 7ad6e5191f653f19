# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP proxy on 127.0.0.1 that notes what passes: CONNECT for https, whole URLs for http."""

from __future__ import annotations

import base64
import select
import socket
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class FakeProxy:
    """A context manager; `passed` holds the servers that were asked for, `refused` how often the login was wrong."""

    def __init__(self, login: str = "") -> None:
        self.passed: list[str] = []
        self.refused = 0
        self.expected = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> FakeProxy:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: FakeProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Keep the test output quiet."""

    def _admitted(self) -> bool:
        if self.headers.get("Proxy-Authorization", "") == self.server.proxy.expected:
            return True
        self.server.proxy.refused += 1
        self.send_error(407)
        self.close_connection = True
        return False

    def do_CONNECT(self) -> None:
        if not self._admitted():
            return
        self.server.proxy.passed.append(self.path)
        host, _colon, port = self.path.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as other:
            self.send_response(200)
            self.end_headers()
            self._relay(other)

    def do_GET(self) -> None:
        if not self._admitted():
            return
        parts = urlsplit(self.path)
        self.server.proxy.passed.append(parts.netloc)
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10) as other:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ("proxy-authorization", "connection")}
            lines = [f"{self.command} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in kept.items()), "Connection: close"]
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            other.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            self._relay(other)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _relay(self, other: socket.socket) -> None:
        ends: dict[t.Any, socket.socket] = {self.connection: other, other: self.connection}
        while True:
            ready, _none, _nothing = select.select(list(ends), [], [], 10)
            for end in ready:
                data = end.recv(65536)
                if not data:
                    self.close_connection = True
                    return
                ends[end].sendall(data)
            if not ready:
                self.close_connection = True
                return
