# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verify asks two clusters, module by module, and what it concludes; with all rights, or with those of a role."""

from __future__ import annotations

import contextlib
import json
import pathlib
import tempfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.modules import (
    cluster_info,
    fleet_check,
    log_info,
    wait_for_connections,
    wait_for_single_endpoint,
)
from tests.unit.clusterset import SUBMARINERS, Clusterset
from tests.unit.fake_api import FakeApi, Request
from tests.unit.fake_cluster import Kind
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
Change = t.Callable[[FakeApi], object]
Permits = t.Callable[[Request], bool]

NODES: Kind = ("", "nodes")
MAPS: Kind = ("", "configmaps")
HOSTS = ("east", "west")
BROKER = HOSTS[0]
PARTS: dict[str, tuple[str, ...]] = {
    "verify": ("cluster_info", "fleet_check", "wait_for_single_endpoint", "wait_for_connections"),
    "residue": ("cluster_info", "fleet_check"),
    "access": ("cluster_info", "fleet_check"),
    "logs": ("log_info",),
}
"""Part of verify -> modules that do it. All but the first are on request."""
SECTIONS = {
    "verify": ["identity", "state"],
    "residue": ["identity", "state", "residue"],
    "access": ["identity", "state", "access"],
}


@dataclass
class Verified:
    """What was said and asked."""

    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    """By module and host; fleet_check has no host."""
    requests: list[Request] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The worst of all modules."""
        return _worst(outcome.result.get("verdict", "pass") for outcome in self.outcomes.values())

    @property
    def judged(self) -> set[str]:
        """Checks that were made of every cluster."""
        digests = [
            o["digest"] for (module, _h), o in self.outcomes.items() if module == "cluster_info" and not o.failed
        ]
        return set.intersection(*(set(digest["findings"]) for digest in digests)) if digests else set()

    def said(self, module: str) -> str:
        """The verdict of one module, the worst of all hosts."""
        return _worst(o.result.get("verdict", "fail") for (name, _h), o in self.outcomes.items() if name == module)

    @property
    def words(self) -> str:
        return json.dumps([outcome.result for outcome in self.outcomes.values()])


def _worst(verdicts: t.Iterable[str]) -> str:
    found = set(verdicts)
    return next(verdict for verdict in ("fail", "unknown", "degraded", "pass") if verdict in found)


@contextlib.contextmanager
def clusters(state: str = "healthy-two-nodes", change: Change | None = None) -> t.Iterator[Clusterset]:
    """East and west as they were recorded, each changed; their gateways live."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        east, west = (stack.enter_context(FakeApi()) for _host in HOSTS)
        fleet = Clusterset(east, west, folder, state)
        if change is not None:
            change(east)
            change(west)
        yield fleet


def verify(fleet: Clusterset, part: str = "verify", permits: Permits | None = None, waiting: float = 0.0) -> Verified:
    """Run the part on both clusters, with the rights of `permits`; what waits waits for so many seconds."""
    verified = Verified()
    apis = dict(zip(HOSTS, (fleet.east, fleet.west), strict=True))
    for api in apis.values():
        api.requests.clear()
        api.permits = permits or (lambda _request: True)
    fleet.beat()
    for host, api in apis.items():
        own = fleet.access(api)
        wait = {
            **own,
            "broker": fleet.access(fleet.east),
            "cluster_id": host,
            "joined": [*HOSTS],
            "inventory": [*HOSTS],
        }
        wait.update(timeout=int(waiting), window=int(waiting))
        calls: dict[str, tuple[t.Callable[[], None], Json]] = {
            "cluster_info": (cluster_info.main, {**own, "cluster_id": host, "sections": SECTIONS.get(part, [])}),
            "wait_for_single_endpoint": (wait_for_single_endpoint.main, wait),
            "wait_for_connections": (wait_for_connections.main, wait),
            "log_info": (log_info.main, own),
        }
        for module in PARTS[part]:
            if module in calls:
                verified.outcomes[module, host] = run_module(*calls[module])
    if "fleet_check" in PARTS[part]:
        verified.outcomes["fleet_check", ""] = run_module(fleet_check.main, _fleet(verified))
    verified.requests = [request for api in apis.values() for request in api.requests]
    return verified


def _fleet(verified: Verified) -> Json:
    read = {host: verified.outcomes["cluster_info", host].result.get("digest") for host in HOSTS}
    digests = {host: digest for host, digest in read.items() if digest}
    return {"broker": BROKER, "members": [*HOSTS], "digests": digests}


def _each(kind: Kind, change: t.Callable[[Json], object]) -> Change:
    def change_all(api: FakeApi) -> None:
        for body in api.cluster.objects(kind):
            change(body)
            meta = body["metadata"]
            api.cluster.replace(kind, body, meta.get("namespace", ""), meta["name"])

    return change_all


SCENARIOS: dict[str, tuple[str, Change | None]] = {
    "healthy": ("healthy-two-nodes", None),
    "Globalnet": ("globalnet", None),
    "just joined": ("healthy-two-nodes", _each(SUBMARINERS, lambda body: body["status"].pop("clusterCIDR"))),
    "DNS in a ConfigMap of its own": (
        "healthy-two-nodes",
        _each(SUBMARINERS, lambda body: body["spec"].update(coreDNSCustomConfig={"configMapName": "coredns-custom"})),
    ),
    "a platform's own CoreDNS": ("healthy-two-nodes", lambda api: api.cluster.delete(MAPS, "kube-system", "coredns")),
    "OpenShift": (
        "healthy-two-nodes",
        _each(NODES, lambda body: body["metadata"]["labels"].update({"node.openshift.io/os_id": "rhcos"})),
    ),
}
"""Clustersets that make verify read all that it ever reads."""
