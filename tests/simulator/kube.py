# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thin client of the Kubernetes API for the simulated components: plain dicts, no typed models."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.simulator import names
from tests.simulator.crds import Definition

Object = dict[str, Any]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
BROKER_SECRETS = Path("/run/secrets/submariner.io")
REQUEST_SECONDS = 15
WATCH_SECONDS = 300
BUSY_ATTEMPTS = 10

log = logging.getLogger("kube")


class ApiError(Exception):
    """The API server refused, or did not answer (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def path(api_version: str, plural: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The REST path of a collection, an object or a subresource."""
    base = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    scope = f"/namespaces/{namespace}" if namespace else ""
    return base + scope + f"/{plural}" + (f"/{name}" if name else "") + (f"/{subresource}" if subresource else "")


def custom(definition: Definition, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The REST path of a custom resource."""
    return path(definition.api_version, definition.plural, namespace, name, subresource)


def items_of(answer: Object) -> list[Object]:
    """The objects of a list. Those of Kubernetes' own kinds say only there what they are."""
    what = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
    return [what | item for item in answer.get("items") or []]


class Kube:
    """One API server. Objects that are absent are None; everything else that is no success raises ApiError."""

    def __init__(self, server: str, token: Callable[[], str], ca: str) -> None:
        self.server = server
        self._token = token
        self._tls = ssl.create_default_context(cadata=ca)
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def in_cluster(cls) -> Kube:
        """The cluster that this pod runs in."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        return cls(
            f"https://{host}:{port}",
            (SERVICE_ACCOUNT / "token").read_text,
            (SERVICE_ACCOUNT / "ca.crt").read_text(),
        )

    @classmethod
    def broker_from_environment(cls) -> Kube:
        """The broker, by the mounted Secret where there is one, else by the values in the environment."""
        server = f"https://{os.environ['BROKER_K8S_APISERVER']}"
        secret = BROKER_SECRETS / os.environ.get("BROKER_K8S_SECRET", "-")
        if secret.is_dir():
            return cls(server, (secret / "token").read_text, (secret / "ca.crt").read_text())
        token = os.environ["BROKER_K8S_APISERVERTOKEN"]
        return cls(server, lambda: token, base64.b64decode(os.environ["BROKER_K8S_CA"]).decode())

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        body: Object | None = None,
        content_type: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> Object:
        """One request; the answer's object. Comes again when the server asks for it (storage is initialising)."""
        for attempt in range(BUSY_ATTEMPTS):
            try:
                async with self._send(method, url, body, content_type, query or {}, REQUEST_SECONDS) as response:
                    text = await response.text()
                break
            except ApiError as error:
                if error.status != 429 or attempt == BUSY_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(1)
        answer: Object = json.loads(text)
        return answer

    def _send(
        self, method: str, url: str, body: Object | None, content_type: str, query: dict[str, str], seconds: float
    ) -> _Sending:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        request = self._session.request(
            method,
            self.server + url,
            data=None if body is None else json.dumps(body),
            params=query,
            headers={"Authorization": f"Bearer {self._token()}", "Content-Type": content_type},
            ssl=self._tls,
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=5),
        )
        return _Sending(request, f"{method} {self.server}{url}")

    async def get(self, url: str) -> Object | None:
        try:
            return await self.request("GET", url)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, url: str, label_selector: str = "") -> list[Object]:
        query = {"labelSelector": label_selector} if label_selector else {}
        return items_of(await self.request("GET", url, query=query))

    async def create(self, url: str, body: Object) -> Object:
        return await self.request("POST", url, body)

    async def replace(self, url: str, body: Object) -> Object:
        return await self.request("PUT", url, body)

    async def merge(self, url: str, body: Object) -> Object:
        return await self.request("PATCH", url, body, content_type="application/merge-patch+json")

    async def delete(self, url: str) -> bool:
        """True when the deletion was accepted, False when there was nothing to delete."""
        try:
            await self.request("DELETE", url)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def watch(self, url: str, resource_version: str) -> AsyncIterator[Object]:
        """Watch events until the server ends the stream."""
        query = {"watch": "true", "resourceVersion": resource_version, "timeoutSeconds": str(WATCH_SECONDS)}
        async with self._send("GET", url, None, "application/json", query, WATCH_SECONDS + 30) as response:
            async for line in response.content:
                event: Object = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 0), event["object"].get("message", "watch failed"))
                yield event


def transport_problem(error: BaseException) -> str:
    """A connection problem; a refusal in the words of Go, which the recorded components use."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return f"dial tcp {error.host}:{error.port}: connect: connection refused"
    return str(error) or type(error).__name__


class _Sending:
    """A request under way whose failures all are ApiError."""

    def __init__(self, request: Any, what: str) -> None:
        self._request = request
        self._what = what

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            response: aiohttp.ClientResponse = await self._request.__aenter__()
            if response.status < 400:
                return response
            text = await response.text()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ApiError(0, f"{self._what}: {transport_problem(error)}") from error
        try:
            message = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            message = text
        raise ApiError(response.status, f"{self._what}: {response.status} {message}")

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        await self._request.__aexit__(kind, error, trace)
        if isinstance(error, (TimeoutError, aiohttp.ClientError, OSError)):
            raise ApiError(0, f"{self._what}: {transport_problem(error)}") from error


Handler = Callable[[str, Object], Awaitable[None]]


def full_name(item: Object) -> str:
    """An object's name with its namespace, where it has one."""
    metadata = item["metadata"]
    return "/".join(filter(None, (metadata.get("namespace", ""), metadata["name"])))


class Follower:
    """Calls a handler with ADDED, MODIFIED and DELETED for a collection: list, watch, list again when it breaks.

    What is known is kept by name; in a collection of all namespaces by full name.
    """

    def __init__(self, kube: Kube, url: str, handler: Handler) -> None:
        self.kube = kube
        self.url = url
        self.handler = handler
        self.known: dict[str, Object] = {}
        self.listed = asyncio.Event()
        self._in_one_namespace = "/namespaces/" in url

    async def run(self) -> None:
        delay = 1.0
        while True:
            try:
                version = await self._list()
                delay = 1.0
                async for event in self.kube.watch(self.url, version):
                    await self._seen(event["type"], event["object"])
            except ApiError as error:
                if error.status != 410:
                    log.warning("following %s: %s", self.url, error)
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, 15.0)

    async def _list(self) -> str:
        answer = await self.kube.request("GET", self.url)
        found = {self._key(item): item for item in items_of(answer)}
        for gone in [name for name in self.known if name not in found]:
            await self._seen("DELETED", self.known[gone])
        for name, item in found.items():
            known = self.known.get(name)
            if known is None or known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                await self._seen("MODIFIED" if known else "ADDED", item)
        self.listed.set()
        version: str = answer["metadata"]["resourceVersion"]
        return version

    def _key(self, item: Object) -> str:
        return str(item["metadata"]["name"]) if self._in_one_namespace else full_name(item)

    async def _seen(self, kind: str, item: Object) -> None:
        name = self._key(item)
        if kind == "DELETED":
            self.known.pop(name, None)
        else:
            self.known[name] = item
        await self.handler(kind, item)


async def faults(kube: Kube) -> set[str]:
    """The faults that are switched on: the keys of the faults ConfigMap."""
    config = await kube.get(path("v1", "configmaps", names.OPERATOR_NAMESPACE, names.FAULTS))
    return set((config or {}).get("data") or {})
