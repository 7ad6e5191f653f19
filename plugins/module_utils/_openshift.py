# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User and password -> OpenShift token, taken back at the end. The only file that imports C(openshift).

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import os
import ssl
import threading
import typing as t
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from ansible_collections.submariner.lifecycle.plugins.module_utils import _auth
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._transport import in_words

METADATA = "/.well-known/oauth-authorization-server"
TOKENS = "/apis/oauth.openshift.io/v1/useroauthaccesstokens/"
TOKENS_BEFORE_4_6 = "/apis/oauth.openshift.io/v1/oauthaccesstokens/"
HASHED = "sha256~"

PATIENCE = 15.0
"""Seconds within which the login server must have answered."""

PACKAGES = {"requests_oauthlib": "requests-oauthlib", "kubernetes": "kubernetes", "requests": "requests"}
"""Module that is missing -> package that has it; any other one belongs to openshift."""


NOT_SO = "See if 'oc login' works there with user and password; else set submariner_api_key to a token."
REACH = "See if this machine reaches it, directly or by submariner_proxy; else set submariner_api_key to a token."
TRUST = "submariner_ca_cert must hold the authorities of both, the API server and the login server."

_sessions: list[tuple[int, t.Callable[[], object]]] = []
"""Process that logged in, and how it logs out."""


def log_in(api: Api, configuration: t.Any) -> str:
    """Exchange user and password in C(configuration) for a token, there as well; empty where no OpenShift answers.

    C(api) must not impersonate: the token is the user's own, and is deleted when the process ends.
    """
    username, password = configuration.username, configuration.password
    configuration.username = configuration.password = None
    endpoints = _endpoints(api.get(METADATA), api.server)
    if not endpoints:
        configuration.username, configuration.password = username, password
        return ""
    token = _token(configuration, endpoints, username, password)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    _sessions.append((os.getpid(), lambda: log_out(api, token)))
    return token


def log_out(api: Api, token: str) -> Answer:
    """Delete the token. Where that fails it expires by itself."""
    api.timeout = 5.0
    if not token.startswith(HASHED):
        return api.delete(TOKENS_BEFORE_4_6 + quote(token, safe=""))
    digest = hashlib.sha256(token[len(HASHED) :].encode()).digest()
    return api.delete(TOKENS + HASHED + base64.urlsafe_b64encode(digest).decode().rstrip("="))


@atexit.register
def end_sessions() -> None:
    """Log out of what this process, not one that it was forked from, logged in to."""
    while _sessions:
        process, leave = _sessions.pop()
        if process == os.getpid():
            leave()


def _endpoints(answer: Answer, server: str) -> tuple[str, ...]:
    """Where to log in and where to get the token, as an OpenShift API server says; none where it is another one."""
    if answer.present:
        found = tuple(str(answer.body.get(key) or "") for key in ("authorization_endpoint", "token_endpoint"))
        return found if all(found) else ()
    if answer.absent or answer.status in (401, 403):
        return ()
    raise ApiFailure(
        f"{server} does not answer: {answer.reason.rstrip('.')}.", "Check submariner_host, and that it is up."
    )


def _token(configuration: t.Any, endpoints: tuple[str, ...], username: str, password: str) -> str:
    try:
        from kubernetes.client import Configuration
        from openshift.helper.userpassauth import OCPLoginConfiguration, OCPLoginRequestException
    except ImportError as error:
        package = PACKAGES.get(str(error.name).partition(".")[0], "openshift")
        raise ApiFailure(
            f"A login to OpenShift with user and password needs the Python package {package} beside ansible-playbook.",
            "Install it, or set submariner_api_key to a token (oc whoami --show-token).",
        ) from error

    class Login(OCPLoginConfiguration):  # type: ignore[misc]
        """The helper, for endpoints that are known; its own constructor does not fit today's Kubernetes client."""

        def __init__(self) -> None:
            Configuration.__init__(self, host=configuration.host)
            self.ocp_username, self.ocp_password = username, password
            self.verify_ssl = configuration.verify_ssl
            # Without an authority of its own, trust what our other requests trust.
            self.ssl_ca_cert = configuration.ssl_ca_cert or ssl.get_default_verify_paths().cafile

        def discover(self) -> None:
            self.openshift_auth_endpoint, self.openshift_token_endpoint = endpoints

    login = Login()
    where = urlsplit(endpoints[0]).netloc or endpoints[0]
    trouble: list[BaseException] = []

    def ask() -> None:
        try:
            login.get_token()
        except BaseException as error:  # noqa: BLE001 the thread that waits judges it
            trouble.append(error)

    # The helper sets no time limit for its requests.
    thread = threading.Thread(target=ask, name="login", daemon=True)
    with _proxy_in_environment(configuration):
        thread.start()
        thread.join(PATIENCE)
    if thread.is_alive():
        raise ApiFailure(f"The login server {where} does not answer within {PATIENCE:.0f} s.", REACH)
    if not trouble:
        return str(login.token["access_token"])
    status = trouble[0].req_info.get("req_status_code") if isinstance(trouble[0], OCPLoginRequestException) else 0
    raise ApiFailure(*_refusal(trouble[0], status, where, username))


def _refusal(error: BaseException, status: int, where: str, username: str) -> tuple[str, str]:
    if status == 401:
        return (
            f"The login server {where} refuses user {username} with this password.",
            "Set submariner_username and submariner_password anew.",
        )
    if status:
        return f"The login server {where} gives no token: it answered HTTP {status}.", NOT_SO
    if isinstance(error, (KeyError, ValueError)):
        return f"The login server {where} gives no token: its answer is not OpenShift's.", NOT_SO
    words = in_words(error)
    return f"The login server {where} cannot be asked: {words.rstrip('.')}.", TRUST if "certificate" in words else REACH


@contextmanager
def _proxy_in_environment(configuration: t.Any) -> t.Iterator[None]:
    """The helper knows no option for a proxy, but takes the environment's."""
    wanted = {"no_proxy": configuration.no_proxy or ""}
    if configuration.proxy:
        proxy = _auth.proxy_url(configuration.proxy, configuration.proxy_headers)
        wanted.update(https_proxy=proxy, http_proxy=proxy)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
