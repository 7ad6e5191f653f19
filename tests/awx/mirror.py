# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror of subctl's releases that asks for a user and a password."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def release(version: str) -> bytes:
    """An archive with a subctl that says this version and can do nothing."""
    program = f"#!/bin/sh\necho 'subctl version: v{version}'\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        entry = tarfile.TarInfo(f"subctl-v{version}/subctl")
        entry.size, entry.mode = len(program), 0o755
        tar.addfile(entry, io.BytesIO(program))
    return packed.getvalue()


class Mirror:
    """A context manager; C(asked) has the paths for which it gave the release."""

    def __init__(self, version: str, login: str) -> None:
        self.asked: list[str] = []
        self._login = login
        self._archive = release(version)
        system = f"{os.uname().sysname.lower()}-{ARCHITECTURES[os.uname().machine]}"
        self._path = f"/v{version}/subctl-v{version}-{system}.tar.xz"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Mirror:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def inputs(self) -> dict[str, t.Any]:
        """Of a credential that leads to it."""
        digits = hashlib.sha256(self._archive).hexdigest()
        return {
            "mirror": f"http://{self._login}@127.0.0.1:{self._server.server_address[1]}",
            "checksum": f"sha256:{digits}",
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        asked, archive, known = self.asked, self._archive, self._path
        wanted = "Basic " + base64.b64encode(self._login.encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
                """Say nothing."""

            def do_GET(self) -> None:
                status = 401 if self.headers.get("Authorization") != wanted else 200 if self.path == known else 404
                content = archive if status == 200 else b""
                if content:
                    asked.append(self.path)
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="releases"')
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
