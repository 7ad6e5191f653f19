# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a container, over a WebSocket. Private to this collection, may change at any time.

The Kubernetes client can do this too, but sends nothing of impersonation with it (the command would run with more
rights than were asked for), and waits without end for a server that accepts the connection and is silent.
"""

from __future__ import annotations

import json
import ssl
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils import _auth

PROTOCOL = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, STATUS = 0, 1, 2, 3
PIECE = 1 << 15
"""Bytes of input in one message; a server may refuse longer ones."""


class Unfinished(Exception):
    """The command did not end in time."""


def run(
    configuration: t.Any,
    pool: t.Any,
    url: str,
    headers: t.Sequence[tuple[str, str]],
    stdin: str | None,
    connect_timeout: float,
    timeout: float,
) -> tuple[int, str, str]:
    """Exit code, output and error output; raises Unfinished, or what the transport raises.

    C(configuration) is the Kubernetes client's, C(pool) the connection pool that was made of it. The end of C(stdin) cannot
    be told: the command has to know it.
    """
    import websocket

    end = time.monotonic() + timeout
    socket: t.Any = websocket.WebSocket(sslopt=_tls(configuration), skip_utf8_validation=True)
    channels: dict[int, bytes] = {}
    try:
        socket.connect(
            url.replace("http", "ws", 1),
            header=[f"{name}: {value}" for name, value in headers],
            subprotocols=[PROTOCOL],
            timeout=min(connect_timeout, timeout),
            **_proxy(pool, url),
        )
        given = (stdin or "").encode()
        for start in range(0, len(given), PIECE):
            socket.send(bytes([STDIN]) + given[start : start + PIECE], opcode=websocket.ABNF.OPCODE_BINARY)
        while socket.connected:
            socket.settimeout(max(0.01, end - time.monotonic()))
            code, frame = socket.recv_data_frame(control_frame=True)
            if code == websocket.ABNF.OPCODE_CLOSE:
                break
            if code in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT) and frame.data:
                channels[frame.data[0]] = channels.get(frame.data[0], b"") + frame.data[1:]
    except websocket.WebSocketBadStatusException as error:
        raise ConnectionError(_refusal(error)) from error
    except websocket.WebSocketTimeoutException as error:
        if time.monotonic() < end:
            raise
        raise Unfinished from error
    except websocket.WebSocketConnectionClosedException:
        # Not every server says goodbye; whether the command ended well is told by its status.
        pass
    finally:
        socket.shutdown()
    return (
        _exit_code(channels.get(STATUS, b"")),
        channels.get(STDOUT, b"").decode("utf-8", "replace"),
        channels.get(STDERR, b"").decode("utf-8", "replace"),
    )


def _tls(configuration: t.Any) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {"cert_reqs": ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE}
    if not configuration.verify_ssl:
        options["check_hostname"] = False
    elif configuration.ssl_ca_cert:
        options["ca_certs"] = configuration.ssl_ca_cert
    if configuration.cert_file:
        options.update(certfile=configuration.cert_file, keyfile=configuration.key_file)
    if getattr(configuration, "tls_server_name", None):
        options["server_hostname"] = configuration.tls_server_name
    return options


def _proxy(pool: t.Any, url: str) -> dict[str, t.Any]:
    """The way that the pool's own requests take; without one, not the environment's either."""
    if pool.proxy is None:
        return {"http_no_proxy": [urlsplit(url).hostname]}
    options: dict[str, t.Any] = {"http_proxy_host": pool.proxy.host, "http_proxy_port": pool.proxy.port}
    login = _auth.basic_login((pool.proxy_headers or {}).get("proxy-authorization", ""))
    if login:
        options["http_proxy_auth"] = login
    return options


def _refusal(error: t.Any) -> str:
    try:
        said = json.loads(error.resp_body or b"{}").get("message")
    except (ValueError, AttributeError):
        said = None
    return str(said or f"the server answered HTTP {error.status_code}")


def _exit_code(status: bytes) -> int:
    """What the server says at the end: Success, or a Failure with the exit code among its causes."""
    try:
        said = json.loads(status)
    except ValueError:
        raise ConnectionError("the connection ended before the command did") from None
    if said.get("status") == "Success":
        return 0
    for cause in (said.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ConnectionError(str(said.get("message") or "the server gave no exit code"))
