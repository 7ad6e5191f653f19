# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes API server on 127.0.0.1 for unit tests: real HTTP, objects in memory, faults on demand.

with FakeApi() as api:
    api.cluster.load(recording("installed", "east"))
    api.fault(403, verb="list", path=r"/secrets$")
    result = run_module(main, {"kubeconfig": api.kubeconfig(tmp_path)})
"""

from __future__ import annotations

import json
import pathlib
import re
import ssl
import sys
import threading
import time
import typing as t
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.unit import fake_exec
from tests.unit.fake_cluster import FakeCluster, Json, Kind, Refused
from tests.unit.fake_discovery import discovered
from tests.unit.patches import apply_patch
from tests.unit.selection import selected

RECORDINGS = pathlib.Path(__file__).parents[1] / "fixtures" / "recordings"
PATH = re.compile(
    r"^(?:/api/v1|/apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[^/]+))?)?$"
)
VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def recording(state: str, cluster: str) -> list[Json]:
    """The objects of one recorded cluster."""
    items: list[Json] = json.loads((RECORDINGS / state / f"{cluster}.json").read_text())["items"]
    return items


@dataclass
class Request:
    """One request that arrived."""

    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: t.Any
    status: int = 0
    client: str = ""
    """Name in the client's certificate."""
    acting_as: list[str] = field(default_factory=list)
    """The user that is impersonated, and the groups."""

    @property
    def authorization(self) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == "authorization"), "")


@dataclass
class Fault:
    """What happens to matching requests instead of, or before, an answer."""

    status: int
    verb: str
    path: re.Pattern[str]
    times: int
    delay: float
    drop: bool
    message: str
    headers: dict[str, str] = field(default_factory=dict)

    def takes(self, verb: str, path: str) -> bool:
        return self.times != 0 and self.verb in ("", verb) and self.path.search(path) is not None


@dataclass
class Target:
    """What a path names."""

    kind: Kind
    namespace: str
    name: str
    part: str


class FakeApi:
    """The server; a context manager. `cluster` holds the objects, `requests` what was asked, `logs` container logs.

    `admits` says whose requests are answered (else 401), `permits` which of these (else 403), `command` runs what is
    executed in containers, `answers` has what else is served: a function for each path that matches a pattern.
    """

    def __init__(self, clock_offset: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self.cluster = FakeCluster()
        self.clock_offset = clock_offset
        self.tls = tls
        self.admits: t.Callable[[Request], bool] = lambda _request: True
        self.permits: t.Callable[[Request], bool] = lambda _request: True
        self.command: fake_exec.Command = lambda _argv, _stdin: (0, "", "")
        self.answers: dict[str, t.Callable[[Request], Json]] = {}
        self.requests: list[Request] = []
        self.logs: dict[tuple[str, str, str], str] = {}
        self.previous_logs: dict[tuple[str, str, str], str] = {}
        self.watch_seconds = 3600.0
        """The longest that the server keeps a watch, whatever is asked for."""
        self.watch_stalls = False
        """Whether something on the way keeps watches open and lets nothing through."""
        self.stopping = threading.Event()
        self._faults: list[Fault] = []
        self._timers: list[threading.Timer] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> FakeApi:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stopping.set()
        for timer in self._timers:
            timer.cancel()
        with self.cluster.changed:
            self.cluster.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self, folder: pathlib.Path, context: str = "east") -> str:
        """Write a kubeconfig with one context for this server and return its path."""
        path = folder / f"kubeconfig.{context}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": {"server": self.url}}],
            "users": [{"name": context, "user": {"token": "token-of-the-fake"}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        }
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return str(path)

    def fault(
        self,
        status: int = 0,
        *,
        verb: str = "",
        path: str = "",
        times: int = -1,
        delay: float = 0.0,
        drop: bool = False,
        message: str = "fault asked for by the test",
        headers: dict[str, str] | None = None,
    ) -> Fault:
        """Answer matching requests with `status`, late, or by closing the connection; `times` -1 means always.

        `verb` is get, list, watch, create, update, patch or delete (any if empty), `path` a regular expression.
        """
        made = Fault(status, verb, re.compile(path), times, delay, drop, message, headers or {})
        self._faults.append(made)
        return made

    def clear_faults(self) -> None:
        self._faults.clear()

    def after(self, seconds: float, action: t.Callable[[], object]) -> None:
        """Let something happen later, as a controller would."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def asked(self, verb: str = "", path: str = "") -> list[Request]:
        """The requests that arrived so far, of one verb and matching a path."""
        return [r for r in list(self.requests) if verb in ("", r.verb) and re.search(path, r.path)]

    @property
    def writes(self) -> list[Request]:
        """Requests that could have changed something (dry runs and questions about rights are not among them)."""
        asking = [r for r in list(self.requests) if r.verb not in ("get", "list", "watch") and not _dry_run(r)]
        return [r for r in asking if not r.path.endswith("accessreviews")]

    def forbids(self, verb: str, path: str) -> bool:
        """Whether a fault that stands answers such requests with 403."""
        return any(fault.status == 403 and fault.takes(verb, path) for fault in self._faults)

    def next_fault(self, verb: str, path: str) -> Fault | None:
        for fault in self._faults:
            if fault.takes(verb, path):
                fault.times -= 1
                return fault
        return None

    def target(self, path: str) -> Target | None:
        """What a path names; None when nothing of the kind is served."""
        match = PATH.match(path)
        if not match:
            return None
        kind = (match["group"] or "", match["plural"])
        if not self.cluster.served(kind):
            return None
        return Target(kind, match["namespace"] or "", match["name"] or "", match["part"] or "")


def _dry_run(request: Request) -> bool:
    options = request.body if isinstance(request.body, dict) else {}
    return request.query.get("dryRun") == "All" or options.get("dryRun") == ["All"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    api: FakeApi

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that does not trust our certificate hangs up: no error of ours."""
        if not isinstance(sys.exc_info()[1], (ssl.SSLError, ConnectionError)):
            super().handle_error(request, client_address)


class _Dropped(Exception):
    """The connection is to be closed without an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        if self.server.api.tls is not None:
            self.request = self.server.api.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Keep the test output quiet; `FakeApi.requests` has it all."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = time.time() if timestamp is None else timestamp
        return formatdate(now + self.server.api.clock_offset, usegmt=True)

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _handle(self) -> None:
        api = self.server.api
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        target = api.target(parts.path)
        verb = VERBS[self.command]
        named = PATH.match(parts.path)
        if verb == "get" and named and not named["name"]:  # whether such a kind is served or not
            verb = "watch" if query.get("watch") in ("true", "1") else "list"
        body = json.loads(raw) if raw else None
        request = Request(verb, parts.path, query, dict(self.headers.items()), body)
        request.client = self._client()
        for header in ("Impersonate-User", "Impersonate-Group"):
            request.acting_as += self.headers.get_all(header, [])
        api.requests.append(request)
        try:
            if not api.admits(request):
                raise Refused(401, "Unauthorized", "Unauthorized")
            if not api.permits(request):
                raise Refused(403, "Forbidden", f"forbidden: cannot {request.verb} {request.path}")
            self._fault(api.next_fault(verb, parts.path))
            self._serve(request, target)
        except Refused as refusal:
            request.status = refusal.status
            self._send(refusal.status, _status(refusal))
        except (_Dropped, BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _client(self) -> str:
        if not isinstance(self.request, ssl.SSLSocket):
            return ""
        subject: t.Any = (self.request.getpeercert() or {}).get("subject", ())
        return str(next((value for part in subject for key, value in part if key == "commonName"), ""))

    def _fault(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.delay:
            self.server.api.stopping.wait(fault.delay)
        if fault.drop:
            raise _Dropped
        if fault.status:
            reasons = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired"}
            raise Refused(fault.status, reasons.get(fault.status, "InternalError"), fault.message)

    def _serve(self, request: Request, target: Target | None) -> None:
        api = self.server.api
        special = next((answer for pattern, answer in api.answers.items() if re.search(pattern, request.path)), None)
        if special is not None:
            self._answer(request, special(request))
        elif (kinds := discovered(api.cluster, request.path)) is not None:
            self._answer(request, kinds)
        elif request.path == "/version":
            self._answer(request, {"gitVersion": "v1.36.3", "major": "1", "minor": "36"})
        elif request.path.endswith("/selfsubjectaccessreviews"):
            self._answer(request, self._review(request), 201)
        elif target is None:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        elif request.verb == "watch":
            request.status = 200
            self._watch(request, target)
        elif request.verb == "list":
            self._answer(request, self._list(request, target))
        elif target.part == "log":
            self._log(request, target)
        elif target.part == "exec":
            self._exec(request)
        elif request.verb == "get":
            self._answer(request, api.cluster.get(target.kind, target.namespace, target.name))
        else:
            self._write(request, target)

    def _write(self, request: Request, target: Target) -> None:
        cluster = self.server.api.cluster
        place = (target.kind, target.namespace, target.name)
        dry_run = _dry_run(request)
        if request.verb == "create":
            if cluster.namespaced(target.kind) and not target.namespace:
                raise Refused(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
                )
            self._answer(request, cluster.create(target.kind, request.body, target.namespace, dry_run), 201)
        elif request.verb == "update":
            self._answer(request, cluster.replace(target.kind, request.body, target.namespace, target.name, dry_run))
        elif request.verb == "patch":
            with cluster.changed:
                self._patch(request, target, dry_run)
        elif target.name:
            uid = ((request.body or {}).get("preconditions") or {}).get("uid", "")
            self._answer(request, cluster.delete(*place, uid=uid, dry_run=dry_run))
        else:
            for body in self._select(request, target):
                meta = body["metadata"]
                cluster.delete(target.kind, meta.get("namespace", ""), meta["name"], dry_run=dry_run)
            self._answer(request, {"apiVersion": "v1", "kind": "Status", "status": "Success"})

    def _patch(self, request: Request, target: Target, dry_run: bool) -> None:
        cluster = self.server.api.cluster
        content_type = request.headers.get("Content-Type", "").split(";")[0]
        try:
            old = cluster.get(target.kind, target.namespace, target.name)
        except Refused:
            if content_type != "application/apply-patch+yaml":
                raise
            self._answer(request, cluster.create(target.kind, request.body, target.namespace, dry_run), 201)
            return
        new = apply_patch(content_type, old, request.body)
        if target.kind in cluster.status_apart:
            parts = {"status": new.get("status")} if target.part else {"status": old.get("status")}
            new = {**(old if target.part else new), "metadata": new["metadata"], **parts}
        self._answer(request, cluster.replace(target.kind, new, target.namespace, target.name, dry_run))

    def _review(self, request: Request) -> Json:
        """A SelfSubjectAccessReview: denied is what a standing 403 fault covers."""
        api = self.server.api
        asked = request.body["spec"].get("resourceAttributes", {})
        group, namespace = asked.get("group", ""), asked.get("namespace", "")
        path = f"/apis/{group}/v1" if group else "/api/v1"
        path += (f"/namespaces/{namespace}" if namespace else "") + f"/{asked.get('resource', '')}"
        denied = api.forbids(asked.get("verb", ""), path)
        return {**request.body, "status": {"allowed": not denied}}

    def _log(self, request: Request, target: Target) -> None:
        api = self.server.api
        api.cluster.get(target.kind, target.namespace, target.name)
        place = (target.namespace, target.name, request.query.get("container", ""))
        text = api.logs.get(place, "")
        if request.query.get("previous") == "true":
            if place not in api.previous_logs:
                raise Refused(400, "BadRequest", f"previous terminated container in pod {target.name} not found")
            text = api.previous_logs[place]
        if "tailLines" in request.query:
            text = "".join(text.splitlines(keepends=True)[-int(request.query["tailLines"]) :])
        request.status = 200
        self._send(200, text[: int(request.query.get("limitBytes", len(text) + 1))].encode(), "text/plain")

    def _exec(self, request: Request) -> None:
        request.status = 101
        self.send_response(101)
        for name, value in fake_exec.accept(self.headers["Sec-WebSocket-Key"]).items():
            self.send_header(name, value)
        self.end_headers()
        argv = [value for name, value in parse_qsl(urlsplit(self.path).query) if name == "command"]
        stdin = fake_exec.message(t.cast("t.BinaryIO", self.rfile)) if request.query.get("stdin") else ""
        for frame in fake_exec.frames(self.server.api.command, argv, stdin):
            self.wfile.write(frame)
        self.close_connection = True

    def _select(self, request: Request, target: Target) -> list[Json]:
        found = self.server.api.cluster.objects(target.kind, target.namespace)
        return [body for body in found if selected(body, request.query)]

    def _list(self, request: Request, target: Target) -> Json:
        cluster = self.server.api.cluster
        with cluster.changed:
            items = self._select(request, target)
            meta: Json = {"resourceVersion": str(cluster.version)}
        start = int(request.query.get("continue") or 0)
        limit = int(request.query.get("limit") or 0) or len(items)
        if start + limit < len(items):
            meta["continue"] = str(start + limit)
            meta["remainingItemCount"] = len(items) - start - limit
        items = items[start : start + limit]
        name = cluster.kind_name(target.kind)
        if "PartialObjectMetadataList" in request.headers.get("Accept", ""):
            name, items = "PartialObjectMetadata", [_metadata_only(body) for body in items]
        return {"apiVersion": "v1", "kind": f"{name}List", "metadata": meta, "items": items}

    def _watch(self, request: Request, target: Target) -> None:
        cluster = self.server.api.cluster
        seen = int(request.query.get("resourceVersion") or cluster.version)
        if seen < cluster.compacted:
            raise Refused(410, "Expired", f"too old resource version: {seen} ({cluster.compacted})")
        asked = float(request.query.get("timeoutSeconds") or 60)
        lean = "as=PartialObjectMetadata;" in request.headers.get("Accept", "")
        end = time.monotonic() + min(asked, self.server.api.watch_seconds)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.server.api.stopping.is_set():
            with cluster.changed:
                if seen < cluster.compacted:
                    self._event("ERROR", _status(Refused(410, "Expired", "the history was compacted")))
                    break
                stalled = self.server.api.watch_stalls
                news = [] if stalled else [change for change in cluster.history if change.version > seen]
                if not news:
                    left = end - time.monotonic()
                    if left <= 0:
                        break
                    cluster.changed.wait(left)
                    continue
            for change in news:
                seen = change.version
                inside = target.namespace in ("", change.body["metadata"].get("namespace", ""))
                if change.kind == target.kind and inside and selected(change.body, request.query):
                    self._event(change.event, _metadata_only(change.body) if lean else change.body)
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, event: str, body: Json) -> None:
        line = json.dumps({"type": event, "object": body}).encode() + b"\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()

    def _answer(self, request: Request, body: Json, status: int = 200) -> None:
        request.status = status
        self._send(status, body)

    def _send(self, status: int, body: Json | bytes, content_type: str = "application/json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _status(refusal: Refused) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": refusal.status,
        "reason": refusal.reason,
        "message": str(refusal),
    }


def _metadata_only(body: Json) -> Json:
    return {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": body["metadata"]}
