# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lighthouse is told about its cluster, and what it has seen of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulator import crds
from tests.simulator.kube import Follower, Handler, Kube, Object, custom, path
from tests.simulator.lighthouse import records
from tests.simulator.lighthouse.store import Store


class Site(NamedTuple):
    """The environment."""

    cluster_id: str
    namespace: str
    broker_namespace: str
    globalnet: bool

    @classmethod
    def from_environment(cls) -> Site:
        return cls(
            os.environ["SUBMARINER_CLUSTERID"],
            os.environ["SUBMARINER_NAMESPACE"],
            os.environ["BROKER_K8S_REMOTENAMESPACE"],
            os.environ.get("SUBMARINER_GLOBALNET_ENABLED") == "true",
        )

    @property
    def broker_slices(self) -> str:
        return path(records.SLICES, "endpointslices", self.broker_namespace)

    def own_import(self, namespace: str, service: str) -> str:
        """Where this cluster notes that it exports a Service."""
        return custom(crds.SERVICE_IMPORTS, self.namespace, records.import_name(service, namespace, self.cluster_id))

    def aggregated_import(self, namespace: str, service: str) -> str:
        """Where all exporters of a Service add themselves."""
        return custom(crds.SERVICE_IMPORTS, self.broker_namespace, records.aggregated_name(service, namespace))

    def is_copy(self, item: Object) -> bool:
        """Whether a slice in this cluster came from the broker."""
        elsewhere = item["metadata"]["namespace"] != self.broker_namespace
        return records.is_ours(item) and elsewhere and records.source(item) != self.cluster_id

    def is_own(self, item: Object) -> bool:
        """Whether a slice in this cluster was made here."""
        elsewhere = item["metadata"]["namespace"] != self.broker_namespace
        return records.is_ours(item) and elsewhere and records.source(item) == self.cluster_id


@dataclass(frozen=True)
class Seen:
    """Collections that are followed."""

    exports: Follower
    services: Follower
    slices: Follower
    imports: Follower
    namespaces: Follower
    addresses: Follower | None  # with Globalnet only
    broker_slices: Follower
    broker_imports: Follower

    @classmethod
    def of(cls, local: Kube, broker: Kube, site: Site, handlers: dict[str, Handler]) -> Seen:
        def follow(kube: Kube, what: str, url: str) -> Follower:
            return Follower(kube, url, handlers[what])

        addresses = custom(crds.GLOBAL_INGRESS_IPS)
        return cls(
            follow(local, "exports", custom(crds.SERVICE_EXPORTS)),
            follow(local, "services", path("v1", "services")),
            follow(local, "slices", path(records.SLICES, "endpointslices")),
            follow(local, "imports", custom(crds.SERVICE_IMPORTS)),
            follow(local, "namespaces", path("v1", "namespaces")),
            follow(local, "addresses", addresses) if site.globalnet else None,
            follow(broker, "broker_slices", site.broker_slices),
            follow(broker, "broker_imports", custom(crds.SERVICE_IMPORTS, site.broker_namespace)),
        )

    @property
    def followers(self) -> list[Follower]:
        return [follower for follower in vars(self).values() if follower is not None]


@dataclass(frozen=True)
class Sides:
    """This cluster and the broker."""

    here: Store
    there: Store
