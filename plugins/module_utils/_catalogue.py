# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Submariner owns on an API server, as data; pure. Private to this collection, may change at any time.

Sources: submariner.md sections 2 (objects), 3.1 (uninstall workloads), 3.4 (residues R1-R29), and measured.md. The
entries stand in _catalogue_member and _catalogue_broker; what the user reads of them is docs/residues.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_broker import BROKER_ENTRIES
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_member import MEMBER_ENTRIES
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import (
    CRDS,
    MCS_CRDS,
    ROLES,
    UNINSTALL_WORKLOADS,
    WORKLOADS,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import (
    BROKER,
    BROKER_NS,
    CORE,
    EDIT,
    LABEL,
    MEMBER,
    OPERATOR,
    RESOURCES,
    REST,
    V1,
    Entry,
    marked,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text

__all__ = [
    "BROKER",
    "BROKER_NS",
    "CORE",
    "CRDS",
    "EDIT",
    "LABEL",
    "MCS_CRDS",
    "MEMBER",
    "OPERATOR",
    "RESOURCES",
    "REST",
    "ROLES",
    "UNINSTALL_WORKLOADS",
    "V1",
    "WORKLOADS",
    "Entry",
]

ENTRIES: tuple[Entry, ...] = (*MEMBER_ENTRIES, *BROKER_ENTRIES)


def entry_of(residue: str, key: str, scope: str = MEMBER) -> Entry:
    """The entry of a residue for what is read under a key."""
    return next(e for e in ENTRIES if (e.residue, e.key, e.scope) == (residue, key, scope))


WORK = ("deployments", "daemonsets", "statefulsets", "jobs", "pods", "services", "persistentvolumeclaims")
CLUSTER_WIDE = ("serviceaccounts", "roles", "rolebindings")
"""Those of L(CONTENTS) that are read in all namespaces at once."""

CONTENTS = {
    MEMBER: (*WORK, "configmaps", "secrets", *CLUSTER_WIDE),
    BROKER: (*(f"broker-{k}" for k in (*WORK, "configmaps", "secrets")), *CLUSTER_WIDE),
}
"""Kinds that are looked through before a namespace is deleted: a foreign object in it keeps the namespace."""

DECISIVE = frozenset(["namespaces", "nodes", "brokers", "submariners", "servicediscoveries", "endpoints", "clusters"])
"""Readings without which nothing goes, whatever the scope: where the brokers are, whose the records are, what lives."""

SIGNS_OF_MEMBERS = ("serviceaccounts", "rolebindings", "serviceimports", "endpointslices")
"""By what the members of a broker are seen besides its records."""


@dataclass(frozen=True)
class OtherOwner:
    """Somebody who installed Submariner and would put it back: how to see it, and that owner's own way of removal."""

    id: str
    words: str
    removal: str
    marks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """API groups of owners (C(ownerReferences))."""
    managers: tuple[str, ...] = ()
    """Names under which it writes, as the API server notes them."""
    installers: tuple[str, ...] = ()
    """Its own objects in the operator's namespace that install Submariner, as V(plural.group)."""
    works_through: tuple[str, ...] = ()
    """Others whose marks its own installations have: their way of removal would not last."""


OTHER_OWNERS: tuple[OtherOwner, ...] = (
    OtherOwner(
        "acm",
        "an ACM add-on",
        "disable the submariner add-on of the ManagedCluster in ACM",
        marks=("addon.open-cluster-management.io/*", "open-cluster-management.io/*"),
        groups=("work.open-cluster-management.io",),
        works_through=("olm",),
    ),
    # With Argo CD's own label that is also Helm's and the operator's, app.kubernetes.io/instance, only the manager tells.
    OtherOwner(
        "argocd",
        "an Argo CD application",
        "delete the Application in Argo CD",
        marks=("argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id"),
        groups=("argoproj.io",),
        managers=("argocd-controller", "argocd-application-controller"),
        works_through=("olm", "helm"),
    ),
    OtherOwner(
        "olm",
        "an OLM Subscription",
        "delete its Subscription and ClusterServiceVersion",
        marks=("olm.owner", "operators.coreos.com/*", "olm.managed=true"),
        groups=("operators.coreos.com",),
        installers=("subscriptions.operators.coreos.com", "clusterserviceversions.operators.coreos.com"),
    ),
    OtherOwner(
        "helm",
        "a Helm release",
        "helm uninstall",
        marks=("app.kubernetes.io/managed-by=Helm", "meta.helm.sh/release-name"),
    ),
)
"""Those that work through others come first."""


def installer(obj: Json) -> OtherOwner | None:
    """Whose object C(obj) is, of those that a look into the operator's namespace found, if it installs Submariner from there."""
    meta = mapping(obj.get("metadata"))
    if "submariner" not in text(meta.get("name")) or marked(meta, "olm.copiedFrom"):  # a copy installs nothing
        return None
    return next((o for o in OTHER_OWNERS if obj.get("resource") in o.installers), None)


def other_owner(obj: Json) -> OtherOwner | None:
    """Who else manages C(obj), by what stands on it."""
    meta = mapping(obj.get("metadata"))
    groups = {text(mapping(o).get("apiVersion")).partition("/")[0] for o in sequence(meta.get("ownerReferences"))}
    managers = set(map(text, sequence(meta.get("managers"))))
    return next(
        (
            o
            for o in OTHER_OWNERS
            if any(marked(meta, m) for m in o.marks) or groups & set(o.groups) or managers & set(o.managers)
        ),
        None,
    )
