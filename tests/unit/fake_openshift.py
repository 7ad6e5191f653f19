# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a Kubernetes API an OpenShift one for a login: a second server that gives tokens for user and password.

Made from the protocol (RFC 8414, RFC 6749 with OpenShift's challenging client), not from a recording.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.unit.fake_api import FakeApi, Request
from tests.unit.fake_cluster import Json, Refused

CLIENT = "openshift-challenging-client"


def object_name(token: str) -> str:
    """The name under which the API lists a token."""
    digest = hashlib.sha256(token.removeprefix("sha256~").encode()).digest()
    return "sha256~" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


class FakeOpenShift:
    """Lets `api` say where to log in, admit only bearers of its tokens, and delete these; a context manager.

    `tokens` are those that count now, `given` all there ever were; `status` is answered to a right password instead of
    a code, `silent` makes the server accept connections and say nothing for so many seconds.
    """

    def __init__(self, api: FakeApi, tls: ssl.SSLContext, login: tuple[str, str] = ("developer", "pass:word")) -> None:
        self.login, self.status, self.silent = login, 0, 0.0
        self.tokens: list[str] = []
        self.given: list[str] = []
        self.codes: list[str] = []
        self.asked: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.openshift, self._server.tls = self, tls
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        api.answers[r"^/\.well-known/oauth-authorization-server$"] = lambda _request: self.metadata
        api.answers["/useroauthaccesstokens/"] = self._delete
        api.admits = lambda r: r.path.startswith("/.well-known/") or r.authorization[len("Bearer ") :] in self.tokens

    def __enter__(self) -> FakeOpenShift:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def metadata(self) -> Json:
        url = f"https://{self.address}"
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/oauth/authorize",
            "token_endpoint": f"{url}/oauth/token",
            "grant_types_supported": ["authorization_code", "implicit"],
        }

    def _delete(self, request: Request) -> Json:
        name = request.path.rpartition("/")[2]
        own = request.authorization[len("Bearer ") :]
        if request.verb != "delete" or name != object_name(own) or request.acting_as:
            raise Refused(404, "NotFound", "not a token of this user")
        self.tokens.remove(own)
        return {"kind": "Status", "status": "Success"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    openshift: FakeOpenShift
    tls: ssl.SSLContext

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that does not trust our certificate, or has waited enough, hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def setup(self) -> None:
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Keep the test output quiet."""

    def do_GET(self) -> None:
        openshift, parts = self.server.openshift, urlsplit(self.path)
        openshift.asked.append(parts.path)
        time.sleep(openshift.silent)
        query = parse_qs(parts.query)
        wanted = "Basic " + base64.b64encode(":".join(openshift.login).encode()).decode()
        if query.get("client_id") != [CLIENT] or not self.headers.get("X-CSRF-Token"):
            self._end(400)
        elif self.headers.get("Authorization") != wanted:
            self._end(401)
        elif openshift.status:
            self._end(openshift.status)
        else:
            openshift.codes.append(secrets.token_urlsafe(16))
            self._end(302, {"Location": f"https://{openshift.address}/oauth/token/implicit?code={openshift.codes[-1]}"})

    def do_POST(self) -> None:
        openshift = self.server.openshift
        openshift.asked.append(self.path)
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        known = base64.b64encode(f"{CLIENT}:".encode()).decode()
        code = (form.get("code") or [""])[0]
        if self.headers.get("Authorization") != f"Basic {known}" or code not in openshift.codes:
            self._end(400)
            return
        openshift.codes.remove(code)
        token = f"sha256~{secrets.token_urlsafe(24)}"
        openshift.tokens.append(token)
        openshift.given.append(token)
        answer = {"access_token": token, "expires_in": 86400, "scope": "user:full", "token_type": "Bearer"}
        self._end(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def _end(self, status: int, headers: t.Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
