# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One API server: plain REST at the request rate of client-go."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from .status import ApiError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

Object = dict[str, Any]
Objects = list[Object]
T = TypeVar("T")
R = TypeVar("R")

PLURALS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Secret": ("/api/v1", "secrets"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Submariner": ("/apis/submariner.io/v1alpha1", "submariners"),
    "ServiceDiscovery": ("/apis/submariner.io/v1alpha1", "servicediscoveries"),
    "Broker": ("/apis/submariner.io/v1alpha1", "brokers"),
    "Cluster": ("/apis/submariner.io/v1", "clusters"),
    "Endpoint": ("/apis/submariner.io/v1", "endpoints"),
    "Gateway": ("/apis/submariner.io/v1", "gateways"),
    "RouteAgent": ("/apis/submariner.io/v1", "routeagents"),
    "ClusterGlobalEgressIP": ("/apis/submariner.io/v1", "clusterglobalegressips"),
    "ServiceExport": ("/apis/multicluster.x-k8s.io/v1alpha1", "serviceexports"),
    "ServiceImport": ("/apis/multicluster.x-k8s.io/v1alpha1", "serviceimports"),
}


def path(kind: str, namespace: str = "", name: str = "") -> str:
    """Where objects of a kind, or one of them, are found."""
    prefix, plural = PLURALS[kind]
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{middle}/{plural}" + (f"/{name}" if name else "")


class RateLimiter:
    """A bucket of requests, refilled at a steady rate: what makes the recorded subctl take its seconds.

    client-go refills five per second. Nine make up for what Python takes longer: a Deployment written right after an
    uninstall has to meet a namespace that still goes and whose pods are gone, 5 to 10 s after its deletion.
    """

    def __init__(self, rate: float = 9.0, burst: int = 10) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate) - 1
            self._last = now
            pause = -self._tokens / self._rate
        if pause > 0:
            time.sleep(pause)


def at_once(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results in order; several at a time, so that a slow API server does not change the pace."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, items))


class Api:
    """Requests to one API server. Refusals and broken connections raise ApiError."""

    def __init__(self, configuration: Configuration, timeout: float | None = None) -> None:
        from kubernetes.client.rest import RESTClientObject

        self.configuration = configuration
        self.host = str(configuration.host).rstrip("/")
        self._pool = RESTClientObject(configuration).pool_manager
        self._timeout = timeout
        self._limiters: dict[str, RateLimiter] = {}

    def request(
        self, method: str, location: str, body: Object | None = None, query: dict[str, str] | None = None
    ) -> bytes:
        import urllib3

        # Each API group has its own client, hence its own rate, in client-go.
        group = "/".join(location.split("/")[1:3])
        self._limiters.setdefault(group, RateLimiter()).wait()
        url = self.host + location + (f"?{urlencode(query)}" if query else "")
        merge = "merge-patch+" if method == "PATCH" else ""
        headers = {"Accept": "application/json", "Content-Type": f"application/{merge}json"}
        authorization = self.configuration.get_api_key_with_prefix("authorization")
        if authorization:
            headers["Authorization"] = authorization
        # client-go too comes again when the server asks for it (a definition that was just made: "(re)initializing")
        asked_to_wait = urllib3.Retry(
            10, connect=False, read=False, redirect=False, other=0, allowed_methods=None, raise_on_status=False
        )
        try:
            response = self._pool.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                retries=asked_to_wait,
                timeout=urllib3.Timeout(connect=30, read=self._timeout),
            )
        except urllib3.exceptions.HTTPError as exc:
            raise transport_error(method, url, exc) from exc
        if response.status >= 300:
            raise ApiError(response.status, refusal(response.status, response.data))
        return bytes(response.data)

    def get(self, location: str) -> Object:
        return _object(self.request("GET", location))

    def find(self, location: str) -> Object | None:
        """The object, or None where it or its kind does not exist."""
        try:
            return self.get(location)
        except ApiError as exc:
            if exc.status == 404:
                return None
            raise

    def list(self, location: str, **query: str) -> Objects:
        """All objects; none where the kind does not exist."""
        try:
            return self.list_known(location, **query)
        except ApiError as exc:
            if exc.status == 404:
                return []
            raise

    def list_known(self, location: str, **query: str) -> Objects:
        """All objects of a kind that must exist."""
        try:
            answer = _object(self.request("GET", location, query=query))
        except ApiError as exc:
            if exc.status != 404:
                raise
            group = "/".join(location.split("/")[2:4])
            raise ApiError(404, f'no matches for kind "{_kind(location)}" in version "{group}"') from exc
        return [item for item in answer.get("items", []) if isinstance(item, dict)]

    def create(self, location: str, body: Object) -> Object:
        return _object(self.request("POST", location, body))

    def replace(self, location: str, body: Object) -> Object:
        return _object(self.request("PUT", location, body))

    def patch(self, location: str, body: Object) -> Object:
        return _object(self.request("PATCH", location, body))

    def delete(self, location: str, propagation: str = "") -> bool:
        """Whether there was something to delete."""
        try:
            self.request("DELETE", location, {"propagationPolicy": propagation} if propagation else None)
        except ApiError as exc:
            if exc.status == 404:
                return False
            raise
        return True


def _object(data: bytes) -> Object:
    answer = json.loads(data)
    if not isinstance(answer, dict):
        raise ApiError(0, "the API server's answer is no object")
    return answer


def _kind(location: str) -> str:
    plural = location.rpartition("/")[2]
    return next((kind for kind, (_prefix, name) in PLURALS.items() if name == plural), plural)


def refusal(status: int, data: bytes) -> str:
    """The API server's own words."""
    try:
        message = json.loads(data).get("message")
    except (ValueError, AttributeError):
        message = None
    return str(message or data.decode(errors="replace").strip() or f"HTTP status {status}")


def transport_error(method: str, url: str, error: Exception) -> ApiError:
    """A connection problem in the words of Go's HTTP client."""
    import ssl

    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        reason = getattr(cause, "reason", None)
        cause = cause.__cause__ or cause.__context__ or (reason if isinstance(reason, BaseException) else None)
    host = urlsplit(url).netloc
    head = f'{method.capitalize()} "{url}": '
    if any(isinstance(item, ssl.SSLCertVerificationError) for item in causes):
        text = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        return ApiError(0, head + text, untrusted=True)
    if any(isinstance(item, ConnectionRefusedError) for item in causes):
        return ApiError(0, f"{head}dial tcp {host}: connect: connection refused")
    if any(isinstance(item, TimeoutError) for item in causes):
        return ApiError(0, f"{head}dial tcp {host}: i/o timeout")
    return ApiError(0, f"{head}{error}")
