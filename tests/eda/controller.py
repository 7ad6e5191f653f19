# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of AWX as ansible-rulebook asks for when it launches a workflow: one template, whose jobs succeed at once."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Json = dict[str, t.Any]

TEMPLATES, JOBS = "/api/v2/unified_job_templates/", "/api/v2/workflow_jobs/"
LAUNCH = "/api/v2/workflow_job_templates/7/launch/"


class Controller:
    """A context manager; C(launched) has the moment and the body of each launch."""

    def __init__(self, organization: str, workflow: str) -> None:
        self.launched: list[tuple[float, Json]] = []
        self._answers: dict[str, Json] = {
            "/api/v2/config/": {"version": "24.6.1"},
            TEMPLATES: {
                "count": 1,
                "next": None,
                "results": [
                    {
                        "id": 7,
                        "type": "workflow_job_template",
                        "name": workflow,
                        "summary_fields": {"organization": {"name": organization}},
                        "related": {"launch": LAUNCH},
                        "ask_limit_on_launch": False,
                        "ask_labels_on_launch": False,
                        "ask_inventory_on_launch": False,
                        "ask_variables_on_launch": False,
                    }
                ],
            },
            JOBS: {"count": 1, "next": None, "results": [{"id": 9, "status": "successful", "created": "now"}]},
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Controller:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answers, launched = self._answers, self.launched

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
                """Say nothing."""

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                self._send(answers.get(path, {}), 200 if path in answers else 404)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
                known = urlsplit(self.path).path == LAUNCH
                if known and body.get("extra_vars"):
                    self._send(
                        {"extra_vars": [f"Variables {', '.join(body['extra_vars'])} are not allowed on launch."]}, 400
                    )
                    return
                if known:
                    launched.append((time.monotonic(), body))
                self._send({"id": 9, "url": f"{JOBS}9/"} if known else {}, 201 if known else 404)

            def _send(self, body: Json, status: int) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
