# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds an object that does not go: by whom, and what to do; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    CLEANUP_FINALIZER,
    Json,
    Owned,
    Snapshot,
    mapping,
    mappings,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

FINALIZERS: dict[str, str] = {
    CLEANUP_FINALIZER: "Submariner's operator",
    "submariner.io/globalnet-internal-service": "Submariner's Globalnet",
    "customresourcecleanup.apiextensions.k8s.io": "Kubernetes, until no object of the kind is left",
    "foregroundDeletion": "Kubernetes, until what it owns is gone",
}
"""Who takes a finalizer away, where that is known."""

REFUSALS: tuple[tuple[str, str], ...] = (
    (
        r"ValidatingAdmissionPolicy '(?P<name>[^']+)'",
        "have whoever made ValidatingAdmissionPolicy {name} allow it, or delete its binding; then run again",
    ),
    (
        r'failed calling webhook "(?P<name>[^"]+)"',
        "repair what serves the webhook {name}, or delete its webhook configuration if that is gone for good; then run again",
    ),
    (
        r'admission webhook "(?P<name>[^"]+)"',
        "have whoever runs the webhook {name} allow it; then run again",
    ),
)
"""By the API server's words, who refused and what to do."""
NO_RIGHT = "allow it for these credentials, then run again"
AGAIN = "mend what the API server names, then run again"

FREE = "whoever set the finalizer has to take it away; if that controller is gone for good, take it off by hand, then run again"
REVIVE = "bring the node back; if it is gone for good, delete the Node, and Kubernetes lets its pods go; then run again"
NAMES = 3
"""Objects that are named before they are just counted."""


def why_stuck(
    owned: Owned, obj: Json, snapshot: Snapshot, refused: tuple[int, str] = (0, ""), awaited: tuple[str, str] = ("", "")
) -> tuple[str, str]:
    """What holds C(obj), which is to go, and what to do about it.

    C(refused) is what the API server said last, with the HTTP status; C(awaited) whom it is left to, and what to do there.
    """
    status, said = refused
    if said:
        return f"the API server refused: {said}", _remedy(status, said)
    meta = mapping(obj.get("metadata"))
    if not meta.get("deletionTimestamp") and not awaited[0]:
        return "nobody asked it to go yet: something of an earlier stage is left", "see the other findings"
    parts = [f"going since {meta['deletionTimestamp']}"] if meta.get("deletionTimestamp") else []
    hints: list[str] = []
    finalizers = [text(f) for f in sequence(meta.get("finalizers"))]
    held = _held_in(owned, snapshot)
    if finalizers:
        parts.append(f"held by finalizer {', '.join(map(_whose, finalizers))}")
        hints.append("" if held else FREE)
    conditions = _conditions(obj)
    if conditions:
        parts.append("; ".join(conditions))
        hints.append("remove what the condition names, or repair the API service it names")
    if held:
        parts.append(f"waits for {some(held, NAMES)}")
        hints = [FREE]
    if awaited[0]:
        parts.append(awaited[0])
        hints = [awaited[1]]
    lost = _lost_nodes(snapshot) if _has_pods(owned, snapshot) else []
    if lost:
        parts.append(f"its pods on {', '.join(lost)} cannot end, since that node is not Ready")
        hints = [REVIVE]
    return ", ".join(parts), "; ".join(filter(None, hints)) or "look at its pods and events"


def _remedy(status: int, said: str) -> str:
    for pattern, hint in REFUSALS:
        match = re.search(pattern, said)
        if match:
            return hint.format(name=match["name"])
    return NO_RIGHT if status in (401, 403) else AGAIN


def _whose(finalizer: str) -> str:
    owner = FINALIZERS.get(finalizer)
    return f"{finalizer} (of {owner})" if owner else finalizer


def _conditions(obj: Json) -> list[str]:
    return [
        f"{c.get('type')}: {c.get('message')}"
        for c in mappings(mapping(obj.get("status")).get("conditions"))
        if c.get("status") == "True" and c.get("message")
    ]


def _held_in(owned: Owned, snapshot: Snapshot) -> list[str]:
    """What stands in a namespace, or is of a defined kind, and has a finalizer: the whole does not go before it."""
    keys: t.Collection[str] = snapshot.readings if owned.kind == "Namespace" else ()
    if owned.kind == "CustomResourceDefinition":
        keys = (owned.name.partition(".")[0],)
    found: dict[str, str] = {}
    for obj in (o for key in keys for o in snapshot.objects(key)):
        meta = mapping(obj.get("metadata"))
        inside = owned.kind != "Namespace" or meta.get("namespace") == owned.name
        finalizers = [text(f) for f in sequence(meta.get("finalizers"))]
        if inside and finalizers and meta.get("deletionTimestamp"):
            place = "/".join(text(meta.get(k)) for k in ("namespace", "name") if text(meta.get(k)))
            found[text(meta.get("uid")) or place] = (
                f"{obj.get('kind')} {place}, held by finalizer {', '.join(map(_whose, finalizers))}"
            )
    return sorted(found.values())


def _has_pods(owned: Owned, snapshot: Snapshot) -> bool:
    """Whether it goes only when pods in the operator's namespace went."""
    return snapshot.operator_namespace in (owned.namespace, owned.name)


def _lost_nodes(snapshot: Snapshot) -> list[str]:
    """Nodes that are not Ready, or not there, and still have pods in the operator's namespace: none of these ends."""
    if not snapshot.known("nodes"):
        return []
    ready = {n.name for n in snapshot.nodes if n.ready}
    placed = {
        text(mapping(p.get("spec")).get("nodeName")) for p in snapshot.objects("pods", snapshot.operator_namespace)
    }
    return sorted(f"node {name}" for name in placed - ready if name)
