# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of ServiceAccounts, and log-ins with them."""

from __future__ import annotations

import atexit
import base64
import os
import tempfile
import time

from .. import names
from .api import Api, Object, path
from .brokerinfo import BrokerInfo
from .ensure import create_anew
from .status import ApiError

TYPE = "kubernetes.io/service-account-token"
ACCOUNT = "kubernetes.io/service-account.name"
# Waits for the token to appear in a new Secret; about 5 s together.
TOKEN_WAITS = tuple(0.03 * 1.3**step for step in range(15))


def find(api: Api, namespace: str, account: str) -> Object | None:
    """The Secret that holds an account's token."""
    secrets = api.list(path("Secret", namespace), fieldSelector=f"type={TYPE}")
    return next((s for s in secrets if (s["metadata"].get("annotations") or {}).get(ACCOUNT) == account), None)


def ensure(api: Api, namespace: str, account: str) -> Object:
    """The Secret with the account's token; one that exists is used."""
    secret = find(api, namespace, account)
    if secret is None:
        annotations = {ACCOUNT: account, "kubernetes.io/created-by": "subctl"}
        metadata = {"generateName": f"{account}-token-", "namespace": namespace, "annotations": annotations}
        secret = create_anew(api, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": TYPE})
    name = secret["metadata"]["name"]
    for wait in TOKEN_WAITS:
        if (secret.get("data") or {}).get("token"):
            return secret
        time.sleep(wait)
        secret = api.get(path("Secret", namespace, name))
    raise ApiError(0, f'the token was not generated for secret "{name}"')


def login(url: str, token: str, ca: bytes, insecure: bool = False) -> Api:
    """An API client with a token; without a CA the system's trust counts."""
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = url if "://" in url else f"https://{url}"
    configuration.api_key = {"authorization": f"Bearer {token}"}
    configuration.verify_ssl = not insecure
    if ca and not insecure:
        descriptor, file = tempfile.mkstemp(suffix=".crt")
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(ca)
        atexit.register(os.unlink, file)
        configuration.ssl_ca_cert = file
    return Api(configuration)


def broker_admin(info: BrokerInfo, insecure: bool) -> Api:
    """The broker as the broker information opens it: proven by one request."""
    token, ca, namespace = (info.token_part(key).decode() for key in ("token", "ca.crt", "namespace"))
    return _proven(info.url, token, ca.encode(), namespace, insecure)


def broker_of(submariner: Object) -> tuple[Api, str]:
    """The broker as an installed cluster reaches it, and its namespace."""
    spec = submariner["spec"]
    namespace = str(spec["brokerK8sRemoteNamespace"])
    ca = base64.b64decode(spec.get("brokerK8sCA", ""))
    return _proven(spec["brokerK8sApiServer"], spec["brokerK8sApiServerToken"], ca, namespace, False), namespace


def _proven(url: str, token: str, ca: bytes, namespace: str, insecure: bool) -> Api:
    api = login(url, token, b"", insecure)
    location = path("Cluster", namespace or names.BROKER_NAMESPACE)
    try:
        api.list(location)
    except ApiError as exc:
        if not exc.untrusted:
            raise
        api = login(url, token, ca)
        api.list(location)
    return api
