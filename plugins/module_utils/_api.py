# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file that talks to Kubernetes. Private to this collection, may change at any time.

Every question has one of three answers (L(Answer)): present, absent, unknown. A request never raises for
what the server or the network did; it answers C(unknown) with the reason in words. Only wrong input
(kubeconfig, context, credentials file) raises :class:`ApiFailure`, before anything is sent.
"""

from __future__ import annotations

import contextlib
import copy
import email.utils
import json
import math
import socket
import time
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_MAP, AUTH_ARG_SPEC

from ansible_collections.submariner.lifecycle.plugins.module_utils import _auth
from ansible_collections.submariner.lifecycle.plugins.module_utils._transport import TIMED_OUT, in_words, within

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Json = dict[str, t.Any]

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"

JSON = "application/json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA_OF_ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

PAGE = 1000
"""Objects asked for in one page of a LIST."""

FIELD_MANAGER = "submariner.lifecycle"
"""Name under which the API server notes who set a field."""

POOL = 96
"""Connections kept: a watch has one to itself as long as it runs."""

LEAST_WAIT = 0.1
"""Seconds that an answer is waited for when the time of C(Api.bounded) is over."""

ALWAYS_SERVED = ("/api/v1/nodes", "/api/v1/namespaces")
NOT_FOUND = b"404 page not found"
"""What an API server says of a path that it does not serve; of an object that is not there it says a Status."""

NOT_KUBERNETES = "the server does not answer as a Kubernetes API does"

WHOLE = 6.0
"""Times the timeout of a request within which an answer has to be complete: the timeout counts from one byte to the next."""

TRIES = 3
"""Attempts for a request that met 429, 5xx or a lost connection."""

CONTENT_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiFailure(Exception):
    """Input or a conversation that cannot be used: C(msg) names it, C(hint) the way out."""

    def __init__(self, msg: str, hint: str = "") -> None:
        msg = f"{msg.rstrip('.')}." if msg.endswith("..") else msg  # what a server said may end with one of its own
        super().__init__(msg)
        self.msg = msg
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.msg} {self.hint}" if self.hint else self.msg


class WatchBroken(Exception):
    """The watch cannot go on from its resource version: list again. C(refused) when watching is not allowed."""

    def __init__(self, reason: str, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass
class Answer:
    """What the API server said.

    C(state) is V(present), V(absent) (the server answered that it is not there) or V(unknown) (no answer, or not
    allowed). C(status) is the HTTP status, 0 without an answer. C(date) is the server's clock in epoch seconds.
    """

    state: str
    body: Json = field(default_factory=dict)
    status: int = 0
    reason: str = ""
    date: float | None = None

    @property
    def present(self) -> bool:
        return self.state == PRESENT

    @property
    def absent(self) -> bool:
        return self.state == ABSENT

    @property
    def unknown(self) -> bool:
        return self.state == UNKNOWN

    @property
    def items(self) -> list[Json]:
        items = self.body.get("items")
        return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else []

    @property
    def metadata(self) -> Json:
        metadata = self.body.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid") or "")

    @property
    def resource_version(self) -> str:
        return str(self.metadata.get("resourceVersion") or "")


class Watch:
    """The events of one watch, to be read once; L(close) may be called from another thread."""

    def __init__(self, response: t.Any) -> None:
        self._response = response

    def __iter__(self) -> t.Iterator[Json]:
        try:
            rest = b""
            for chunk in self._response.stream(amt=2**16, decode_content=True):
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in filter(bytes.strip, lines):
                    event = json.loads(line)
                    if event.get("type") == "ERROR":
                        words = (event.get("object") or {}).get("message")
                        raise WatchBroken(str(words or "the watch ended in an error"))
                    yield event
        except WatchBroken:
            raise
        except Exception as error:
            raise WatchBroken(in_words(error)) from error
        finally:
            self.finish()

    def close(self) -> None:
        """End it: whoever reads gets WatchBroken. Only the socket is touched, the rest is the reader's."""
        with contextlib.suppress(Exception):  # it may end by itself at this moment
            self._response.connection.sock.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Give the connection back; for the thread that reads."""
        self._response.close()
        self._response.release_conn()


@dataclass
class ExecResult:
    """Outcome of a command in a container."""

    rc: int
    stdout: str
    stderr: str


def auth_spec() -> Json:
    """Argument spec of the authentication options of kubernetes.core."""
    return copy.deepcopy(AUTH_ARG_SPEC)


def broker_spec() -> Json:
    """Argument spec of the option O(broker): how a member reaches the broker's cluster."""
    return {"type": "dict", "options": auth_spec()}


def load_client() -> tuple[t.Any, t.Any]:
    """kubernetes.core's client and the library below it, which takes half a second; raises ImportError without it."""
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core
    from kubernetes import client as kube

    return core, kube


def connect(module: AnsibleModule | None, params: Json | None = None, timeout: float = 10.0) -> Api:
    """Client for the cluster that C(params) (default: the module's own options) name.

    Nothing is sent, except where an OpenShift user and password have to be exchanged for a token first. Raises ApiFailure
    for options that cannot be used, and ends the module when the C(kubernetes) library is missing. Plugins, which are no
    module, give C(params) and see to it that there is the library (L(load_client)).
    """
    try:
        core, kube = load_client()
    except ImportError as error:
        if module is None:
            raise
        from ansible.module_utils.basic import missing_required_lib

        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(error))
        raise AssertionError("fail_json ends the module") from error
    own = params is None
    chosen: Json = params or {} if module is None or params is not None else module.params
    try:
        given = _auth.given_options(chosen, AUTH_ARG_SPEC)
        if module is not None:
            module.no_log_values -= _auth.plain_values(module.params, given)
        options, headers = core._create_auth_spec(**given), core._create_headers(**given)
        if not own:
            options = {k: v for k, v in options.items() if _auth.counts_for_another(AUTH_ARG_MAP[k], given)}
            headers = {k: v for k, v in headers.items() if _auth.counts_for_another(_auth.IMPERSONATION[k], given)}
        if isinstance(options.get("kubeconfig"), str) and not options.get("persist_config"):
            options["kubeconfig"] = _auth.document_at(options["kubeconfig"]) or options["kubeconfig"]
        # A loaded kubeconfig becomes the process's default: else the next client would inherit its certificates.
        kube.Configuration.set_default(None)
        configuration = core._create_configuration(dict(options))
        _auth.keep_options(configuration, options)
        files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
        _auth.check_certificates(dict(zip(_auth.CERTIFICATES, files)), given)
    except _auth.Unusable as error:
        raise ApiFailure(error.msg, error.hint) from error
    except Exception as error:  # the loaders raise whatever their parsers raise
        raise ApiFailure(*_auth.trouble(given, error)) from error
    api = Api(kube.ApiClient, configuration, headers, timeout, options)
    if options.get("host") and configuration.username and configuration.password and not configuration.api_key:
        from ansible_collections.submariner.lifecycle.plugins.module_utils import _openshift

        plain: t.Any = Api(kube.ApiClient, configuration, {}, timeout)  # without impersonation
        token = _openshift.log_in(plain, configuration)
        if token and module is not None:
            module.no_log_values.add(token)
    return api


class Api:
    """Requests on literal REST paths over one connection pool; safe to use from several threads."""

    def __init__(
        self,
        factory: t.Callable[[t.Any], t.Any],
        configuration: t.Any,
        headers: dict[str, t.Any],
        timeout: float,
        options: Json | None = None,
    ) -> None:
        configuration.retries = False
        configuration.connection_pool_maxsize = POOL
        self._configuration, self._factory = configuration, factory
        try:
            self._pool = factory(configuration).rest_client.pool_manager
        except Exception as error:  # a proxy that is no URL surfaces here
            raise ApiFailure(
                "The connection cannot be made: {}.".format(" ".join(str(error).split()).rstrip(".")),
                "Check host and proxy: both are URLs.",
            ) from error
        self.impersonation = [
            (k, v) for k, value in headers.items() for v in (value if isinstance(value, list) else [value])
        ]
        self.options: Json = options or {}
        self.timeout = timeout
        self._end = math.inf
        self.server: str = str(configuration.host).rstrip("/")

    @contextlib.contextmanager
    def bounded(self, seconds: float) -> t.Iterator[None]:
        """Within, no answer is waited for beyond C(seconds) from now, however many are asked for."""
        self._end = time.monotonic() + seconds
        try:
            yield
        finally:
            self._end = math.inf

    @property
    def configuration(self) -> t.Any:
        """The kubernetes client's Configuration (host, certificates, token): secret, never returned to the user."""
        return self._configuration

    @property
    def proxied(self) -> bool:
        """Whether requests go through the proxy of the configuration."""
        return self._pool.proxy is not None or hasattr(self._pool, "proxy_url")  # HTTP, SOCKS

    def authorization(self) -> dict[str, str]:
        """The header that says who we are: secret. Empty with a client certificate."""
        # Asked for each request: a short-lived token is renewed here. The client's own way in differs by its version.
        bearer = self._configuration.auth_settings().get("BearerToken")
        if bearer and bearer["value"]:
            return {"authorization": str(bearer["value"])}
        if self._configuration.username and self._configuration.password:
            return {"authorization": str(self._configuration.get_basic_auth_token())}
        return {}

    def bearing(self, token: str) -> Api:
        """A client for the same server that shows this token, and nothing of its own."""
        other = copy.copy(self._configuration)
        other.cert_file = other.key_file = other.username = other.password = other.refresh_api_key_hook = None
        other.api_key, other.api_key_prefix = {"authorization": f"Bearer {token}"}, {}
        return Api(self._factory, other, {}, self.timeout)

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: t.Any) -> Answer:
        """GET one object (or any other path that answers JSON)."""
        return self._ask("GET", path, query)

    def list(self, path: str, metadata_only: bool = False, **query: t.Any) -> Answer:
        """LIST, page by page, into one answer; a kind that is not served is V(absent).

        With C(metadata_only) the server leaves out all but the metadata (and with it the data of Secrets).
        """
        accept = METADATA_ONLY if metadata_only else JSON
        query.setdefault("limit", PAGE)
        whole = self._page(path, query, accept)
        page, tokens = whole, set()
        while page.present and page.metadata.get("continue"):
            token = str(page.metadata["continue"])
            if token in tokens:
                return Answer(UNKNOWN, {}, page.status, "the pages of the list never end", page.date)
            tokens.add(token)
            page = self._page(path, {**query, "continue": token}, accept)
            if page.status == 410:
                return self._page(path, {k: v for k, v in query.items() if k != "limit"}, accept)
            if not page.present:
                return Answer(UNKNOWN, {}, page.status, page.reason or "the list ended early", page.date)
            whole.body["items"] = whole.items + page.items
        return whole

    def _page(self, path: str, query: Json, accept: str) -> Answer:
        """One LIST. What has no items is none, and some kinds are served by every Kubernetes."""
        answer = self._ask("GET", path, query, accept=accept)
        listed = "items" in answer.body and isinstance(answer.body["items"], (list, type(None)))
        if (answer.present and not listed) or (answer.absent and path in ALWAYS_SERVED):
            return Answer(UNKNOWN, {}, answer.status, NOT_KUBERNETES, answer.date)
        return answer

    def watch(
        self, path: str, resource_version: str, timeout: float, metadata_only: bool = False, **query: t.Any
    ) -> Watch:
        """Events after C(resource_version) until C(timeout) seconds passed, the server ends the watch, or it is closed.

        C(metadata_only) and C(query) as for the list that the resource version is of.
        Raises WatchBroken when it cannot be begun, or while it is read when it cannot be continued (410, connection lost).
        """
        query.update(
            watch="true",
            resourceVersion=resource_version,
            timeoutSeconds=max(1, int(timeout)),
            allowWatchBookmarks="true",
        )
        try:
            headers = {"Accept": METADATA_OF_ONE if metadata_only else JSON}
            response = self._send("GET", path, query, None, headers, read_timeout=timeout + 5, stream=True)
        except Exception as error:
            raise WatchBroken(in_words(error)) from error
        watch = Watch(response)
        if response.status >= 400:
            watch.finish()
            raise WatchBroken(
                f"the server answered {response.status} to the watch", refused=response.status in (401, 403, 405, 501)
            )
        return watch

    def log(
        self,
        namespace: str,
        pod: str,
        container: str = "",
        tail: int | None = None,
        limit_bytes: int = 1 << 20,
        previous: bool = False,
        since: int | None = None,
        timestamps: bool = False,
    ) -> Answer:
        """Log of a container as C(body['text']), of the last C(since) seconds by its node's clock.

        Bounded to its last C(tail) lines, and then to the first C(limit_bytes) of them.
        """
        query: Json = {"limitBytes": limit_bytes, "previous": str(previous).lower()}
        if since is not None:
            query["sinceSeconds"] = since
        if timestamps:
            query["timestamps"] = "true"
        if container:
            query["container"] = container
        if tail is not None:
            query["tailLines"] = tail
        return self._ask("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query, text=True)

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, path: str, body: Json, dry_run: bool = False) -> Answer:
        """POST to a collection path. A refusal is V(unknown) with its status (409: it is there already) and reason."""
        return self._ask("POST", path, _writing(dry_run), body)

    def replace(self, path: str, body: Json, dry_run: bool = False) -> Answer:
        """PUT; a resource version in C(body) guards against a lost update (409)."""
        return self._ask("PUT", path, _writing(dry_run), body)

    def patch(self, path: str, body: t.Any, kind: str = "merge", dry_run: bool = False) -> Answer:
        """PATCH of a kind in CONTENT_TYPES; V(apply) names this collection as field manager."""
        query = _writing(dry_run)
        if kind == "apply":
            query["force"] = "true"
        return self._ask("PATCH", path, query, body, content_type=CONTENT_TYPES[kind])

    def delete(
        self,
        path: str,
        uid: str | None = None,
        grace: int | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> Answer:
        """DELETE one object: V(present) it was there and is asked to go, V(absent) it is not there (any more).

        With C(uid) another object of the same name is left alone and counts as V(absent).
        """
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if dry_run:
            options["dryRun"] = ["All"]
        answer = self._ask("DELETE", path, {}, options)
        if answer.status == 409 and uid and self.get(path).uid != uid:
            return Answer(ABSENT, {}, answer.status, "replaced by another object", answer.date)
        return answer

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        argv: t.Sequence[str],
        stdin: str | None = None,
        timeout: float = 60.0,
    ) -> ExecResult:
        """Run C(argv) in a container; raises ApiFailure when it cannot be run or does not end within C(timeout).

        C(stdin) is never closed: the command must know by itself where it ends.
        """
        from ansible_collections.submariner.lifecycle.plugins.module_utils import _exec

        query = [
            ("container", container),
            ("stdout", "true"),
            ("stderr", "true"),
            *(("command", word) for word in argv),
        ]
        if stdin is not None:
            query.append(("stdin", "true"))
        url = f"{self.server}/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)}"
        headers = [*self.authorization().items(), *self.impersonation]
        try:
            rc, stdout, stderr = _exec.run(self._configuration, self._pool, url, headers, stdin, self.timeout, timeout)
        except _exec.Unfinished as error:
            raise ApiFailure(f"A command in pod {namespace}/{pod} did not end within {timeout:.0f} s.") from error
        except Exception as error:  # whatever the transport raises
            raise ApiFailure(f"Cannot run a command in pod {namespace}/{pod}: {in_words(error)}.") from error
        return ExecResult(rc, stdout, stderr)

    # -- one request --------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        query: Json,
        body: t.Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        text: bool = False,
    ) -> Answer:
        payload = None if body is None else json.dumps(body)
        headers = {"Accept": accept, "Content-Type": content_type} if payload else {"Accept": accept}
        answer = Answer(UNKNOWN, reason="not asked")
        for attempt in range(TRIES):
            if attempt:
                time.sleep(0.2 * 2**attempt)
            left = max(LEAST_WAIT, min(WHOLE * self.timeout, self._end - time.monotonic()))
            try:
                response = within(left, lambda: self._send(method, path, query, payload, headers))
            except Exception as error:  # noqa: BLE001 (whatever the transport raises means: not answered)
                answer = Answer(UNKNOWN, reason=in_words(error))
                if answer.reason == TIMED_OUT or method != "GET":
                    return answer
                continue
            answer = _answer(response.status, response.data, response.headers.get("Date"), text)
            if not (answer.status == 429 or (answer.status >= 500 and method == "GET")):
                return answer
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Json,
        payload: str | None,
        headers: dict[str, str],
        read_timeout: float | None = None,
        stream: bool = False,
    ) -> t.Any:
        import urllib3

        left = max(LEAST_WAIT, self._end - time.monotonic())
        combined = urllib3.HTTPHeaderDict({**headers, **self.authorization()})
        for name, value in self.impersonation:
            combined.add(name, value)
        return self._pool.request(
            method,
            self.server + path + ("?" + urlencode(query) if query else ""),
            body=payload,
            headers=combined,
            timeout=urllib3.Timeout(connect=min(5.0, self.timeout, left), read=min(read_timeout or self.timeout, left)),
            retries=False,
            preload_content=not stream,
        )


def _writing(dry_run: bool) -> Json:
    query: Json = {"fieldManager": FIELD_MANAGER}
    if dry_run:
        query["dryRun"] = "All"
    return query


def _answer(status: int, data: bytes, date: str | None, text: bool) -> Answer:
    try:
        clock = email.utils.parsedate_to_datetime(date).timestamp() if date else None
    except (TypeError, ValueError):
        clock = None
    if text and status == 200:
        return Answer(PRESENT, {"text": data.decode("utf-8", "replace")}, status, "", clock)
    try:
        body = json.loads(data) if data else {}
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    if 200 <= status < 300:
        if body:
            return Answer(PRESENT, body, status, "", clock)
        return Answer(UNKNOWN, {}, status, "the server's answer is not JSON", clock)
    reason = str(body.get("message") or f"the server answered HTTP {status}")
    if status != 404:
        return Answer(UNKNOWN, {}, status, reason, clock)
    if body.get("kind") == "Status" or data.strip() == NOT_FOUND:
        return Answer(ABSENT, {}, status, reason, clock)
    return Answer(UNKNOWN, {}, status, f"{NOT_KUBERNETES}: HTTP {status}", clock)
