# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(subctl uninstall) would take beyond what is Submariner's, from what is there; pure.

It goes by prefixes and suffixes (submariner.md 3.2; measured.md, "Read again in the source"): cluster role bindings named
C(submariner-*) and the roles they point at, definitions named C(*.submariner.io), two whole namespaces, every gateway label.
Private to this collection, may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils import _catalogue as catalogue
from ansible_collections.submariner.lifecycle.plugins.module_utils._imports import named, of_others
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    GATEWAY_LABEL,
    INFO,
    UNKNOWN,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Wish, needed, signs_of_members
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import foreign, inside

PREFIX, SUFFIX = "submariner-", ".submariner.io"
HINT = "remove by the API, which takes only what is Submariner's: submariner_uninstall_method: api"


def radius(snapshot: Snapshot, bindings: t.Sequence[Json], cluster_id: str, with_broker: bool) -> list[Finding]:
    """Errors for what is not Submariner's and would go; C(bindings) are all cluster role bindings, whole.

    C(with_broker): it is known that the broker on this cluster may go.
    """
    keys = needed(snapshot, Wish(frozenset((catalogue.MEMBER, catalogue.BROKER)))) | set(map(inside, taken(snapshot)))
    found = [
        Finding(
            "subctl.unread",
            UNKNOWN,
            key,
            f"not answered: {snapshot.unanswered[key]}",
            cause="what subctl would delete cannot be told without it",
            hint=HINT,
        )
        for key in sorted(keys & set(snapshot.unanswered))
    ]
    found += [_would_delete(what, why) for what, why in _foreign_hits(snapshot, bindings)]
    found += [] if with_broker else _broker(snapshot, cluster_id)
    labelled = [n.name for n in snapshot.nodes if n.gateway == "true"]
    if labelled:
        found.append(
            Finding(
                "subctl.takes-labels",
                INFO,
                f"node{'' if len(labelled) == 1 else 's'} {', '.join(labelled)}",
                f"subctl takes the label {GATEWAY_LABEL} off, whoever set it",
            )
        )
    return found


def taken(snapshot: Snapshot) -> list[str]:
    """The namespaces that go as a whole, with all that stands in them."""
    return [n for n in (snapshot.operator_namespace, *snapshot.broker_namespaces) if snapshot.namespace(n)]


def _foreign_hits(snapshot: Snapshot, bindings: t.Sequence[Json]) -> t.Iterator[tuple[str, str]]:
    """What would go and is not Submariner's, and why it would."""
    for binding in bindings:
        name = text(mapping(binding.get("metadata")).get("name"))
        if not name.startswith(PREFIX):
            continue
        if name not in catalogue.ROLES:
            yield f"ClusterRoleBinding {name}", f"its name begins with {PREFIX}"
        role = mapping(binding.get("roleRef"))
        if role.get("kind") == "ClusterRole" and role.get("name") not in catalogue.ROLES:
            yield f"ClusterRole {role.get('name')}", f"ClusterRoleBinding {name} points at it"
    for definition in snapshot.objects("crds"):
        name = text(mapping(definition.get("metadata")).get("name"))
        if name.endswith(SUFFIX) and name not in catalogue.CRDS:
            yield f"CustomResourceDefinition {name}", f"its name ends in {SUFFIX}"
    for name in named(of_others(snapshot)):
        yield f"ServiceImport {name}", "Submariner's own uninstall deletes every ServiceImport"
    for scope, namespaces in (
        (catalogue.MEMBER, [snapshot.operator_namespace]),
        (catalogue.BROKER, snapshot.broker_namespaces),
    ):
        for namespace in namespaces:
            for what in foreign(snapshot, scope, namespace):
                yield f"{what} in {namespace}", "the whole namespace goes"


def _would_delete(what: str, why: str) -> Finding:
    return Finding(
        "subctl.would-delete",
        ERROR,
        what,
        f"is not Submariner's, and 'subctl uninstall' would delete it: {why}",
        "nothing of others in its way",
        hint=HINT,
    )


def _broker(snapshot: Snapshot, cluster_id: str) -> list[Finding]:
    """A broker goes unless another cluster's Endpoint is on it: members without a gateway do not count for subctl."""
    found = []
    for namespace in snapshot.broker_namespaces:
        endpoints = {e.cluster_id for e in snapshot.endpoints(namespace)} - {cluster_id}
        registered = {c.cluster_id for c in snapshot.clusters(namespace)} | set(signs_of_members(snapshot, namespace))
        others = registered - {cluster_id}
        if others and not endpoints:
            found.append(
                _would_delete(
                    f"broker namespace {namespace}",
                    f"{', '.join(sorted(others))} joined it, and no Endpoint of another cluster is there to keep it",
                )
            )
    return found
