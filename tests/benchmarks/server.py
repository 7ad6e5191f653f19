# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One process with the API of every cluster of a fleet, each on a port of its own, over TLS; it answers and never changes.

python -m tests.benchmarks.server FOLDER SIZE: writes FOLDER/kubeconfig and prints a line once it can be asked. Each
server counts: /benchmark/requests tells how many requests came since it was asked last.
"""

from __future__ import annotations

import asyncio
import json
import pathlib
import sys
import time
import typing as t
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

from tests.benchmarks.fleet import NOW, Fleet, Item
from tests.unit.certificates import Authority
from tests.unit.fake_api import PATH
from tests.unit.fake_cluster import CORE_KINDS

Json = dict[str, t.Any]

COUNT = "/benchmark/requests"
TOKEN = "token-of-the-benchmark"  # noqa: S105  the server lets everybody in
CORE_VERSIONS = dict.fromkeys({group for group, _plural in CORE_KINDS}, "v1")


class Resource(t.NamedTuple):
    """A kind as discovery tells it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def resources(items: t.Iterable[Item]) -> list[Resource]:
    found = [Resource(g, CORE_VERSIONS[g], plural, kind, ns) for (g, plural), (kind, ns) in CORE_KINDS.items()]
    for item in items:
        if item.kind == "CustomResourceDefinition":
            spec = json.loads(item.text)["spec"]
            names, scope = spec["names"], spec.get("scope") == "Namespaced"
            found += [
                Resource(spec["group"], v["name"], names["plural"], names["kind"], scope) for v in spec["versions"]
            ]
    return found


class Cluster:
    """What one API server says."""

    def __init__(self, items: list[Item]) -> None:
        self.requests = 0
        self._kinds = {(r.group, r.version, r.plural): r for r in resources(items)}
        self._items: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            self._items.setdefault((item.api_version, item.kind), []).append(item)

    def answer(self, path: str, query: dict[str, str], accept: str) -> tuple[int, str]:
        said = self._discovery(path)
        if said is not None:
            return 200, json.dumps(said)
        match = PATH.match(path)
        version = (match["version"] or "v1") if match else ""
        resource = self._kinds.get((match["group"] or "", version, match["plural"])) if match else None
        if match is None or resource is None or match["part"]:
            return 404, _status("the server could not find the requested resource")
        found = self._items.get((resource.api_version, resource.kind), [])
        found = [item for item in found if match["namespace"] in (None, item.namespace) and _labelled(item, query)]
        if match["name"]:
            named = [item.text for item in found if item.name == match["name"]]
            return (200, named[0]) if named else (404, _status(f"{match['plural']} {match['name']} not found"))
        short = "PartialObjectMetadataList" in accept
        kind, api_version = (
            ("PartialObjectMetadata", "meta.k8s.io/v1") if short else (resource.kind, resource.api_version)
        )
        texts = ", ".join(item.metadata if short else item.text for item in found)
        if resource.kind == "Gateway":
            texts = texts.replace(NOW, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        head = f'{{"apiVersion": "{api_version}", "kind": "{kind}List", "metadata": {{"resourceVersion": "5000"}}, "items": ['
        return 200, f"{head}{texts}]}}"

    def _discovery(self, path: str) -> Json | None:
        parts = path.strip("/").split("/")
        if path == "/version":
            return {"gitVersion": "v1.36.3", "major": "1", "minor": "36", "platform": "linux/amd64"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups: dict[str, list[str]] = {}
            for group, version, _plural in self._kinds:
                if group and version not in groups.setdefault(group, []):
                    groups[group].append(version)
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(g, v) for g, v in groups.items()]}
        if parts[0] == "api" and len(parts) == 2:
            return self._listed("", parts[1])
        if parts[0] == "apis" and len(parts) == 3:
            return self._listed(parts[1], parts[2])
        return None

    def _listed(self, group: str, version: str) -> Json | None:
        verbs = ["get", "list", "watch"]
        found = [
            {
                "name": r.plural,
                "singularName": r.kind.lower(),
                "namespaced": r.namespaced,
                "kind": r.kind,
                "verbs": verbs,
            }
            for r in self._kinds.values()
            if (r.group, r.version) == (group, version)
        ]
        name = f"{group}/{version}" if group else version
        return (
            {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found} if found else None
        )


def _group(name: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _status(message: str) -> str:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": 404})


def _labelled(item: Item, query: dict[str, str]) -> bool:
    for term in filter(None, query.get("labelSelector", "").split(",")):
        name, equals, value = term.partition("=")
        labels = dict(item.labels)
        if labels.get(name) != value if equals else name not in labels:
            return False
    return True


class Served:
    """The connections to one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ")
        headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        cluster = self.cluster
        if parts.path == COUNT:
            await _send(writer, 200, json.dumps(cluster.requests))
            cluster.requests = 0
            return True
        cluster.requests += 1
        if query.get("watch") in ("true", "1"):
            await _quiet(reader, writer, float(query.get("timeoutSeconds") or 60))
            return False
        if method == "POST" and parts.path.endswith("/selfsubjectaccessreviews"):
            await _send(writer, 201, json.dumps({**json.loads(body), "status": {"allowed": True}}))
        elif method == "GET":
            await _send(writer, *cluster.answer(parts.path, query, headers.get("accept", "")))
        else:
            await _send(writer, 405, _status("this server only answers questions"))
        return True


async def _send(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    data = text.encode()
    date = formatdate(time.time(), usegmt=True)
    lines = (
        f"HTTP/1.1 {status} said",
        f"Date: {date}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    )
    writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    await writer.drain()


async def _quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """A watch during which nothing happens."""
    writer.write(b"HTTP/1.1 200 said\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    await writer.drain()
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def serve(folder: pathlib.Path, size: int) -> None:
    fleet, authority = Fleet(size), Authority(folder)
    tls = authority.server()
    servers, ports = [], {}
    for number, name in enumerate(fleet.names, 1):
        served = Served(Cluster(fleet.items(number)))
        server = await asyncio.start_server(served.handle, "127.0.0.1", 0, ssl=tls, backlog=512)
        ports[name] = server.sockets[0].getsockname()[1]
        servers.append(server)
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig(ports, authority.ca)))
    print(f"{size} clusters", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def kubeconfig(ports: dict[str, int], authority: str) -> Json:
    """A context for each cluster, named like it."""
    clusters = [
        {"name": name, "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": authority}}
        for name, port in ports.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(ports)),
        "clusters": clusters,
        "users": [{"name": "benchmark", "user": {"token": TOKEN}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "benchmark"}} for name in ports],
    }


if __name__ == "__main__":
    asyncio.run(serve(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
