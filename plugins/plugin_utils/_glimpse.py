# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster -> what an inventory needs to know of it, without secrets. Private, may change at any time."""

from __future__ import annotations

import contextlib
import logging
import typing as t
from collections import Counter

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import NOT_KUBERNETES, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable, secret_values
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Node,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._contexts import Context, documents_of, shown

KEYS = ("version", "namespaces", "nodes", "submariners", "brokers", "clusters", "endpoints")
"""What is read: seven requests for each cluster."""

KEPT = (
    "schema",
    "read",
    "unknown",
    "uid",
    "kubernetes",
    "cluster_id",
    "wanted_id",
    "installed",
    "going",
    "identity",
    "submariner",
    "own_endpoints",
    "brokers",
)
"""Fields of the digest that say who a cluster is."""

LONGEST_REASON = 300

HASTE = 0.8
"""The part of a cluster's time that one request may take: the rest is for the way in, and for saying so."""


def glimpse(context: Context, timeout: float, operator_namespace: str, cluster_id: str) -> Json:
    """L(unseen) with the reason, or V(reached) with V(digest) and V(nodes). C(cluster_id) is the one it is to have."""
    with _listening() as heard:
        try:
            api = connect(None, {"kubeconfig": context.kubeconfig, "context": context.name}, timeout * HASTE)
            snapshot = observe(api, operator_namespace=operator_namespace, keys=KEYS)
        except ApiFailure as failure:
            return unseen(_clean(failure.msg, context))
        except Exception as error:  # noqa: BLE001 (what programs for tokens and their parsers raise is without bounds)
            return unseen(_clean(f"it cannot be read: {type(error).__name__} {error}", context))
    if snapshot.reading("namespaces").reason.startswith(NOT_KUBERNETES):
        return unseen("what answers there is no Kubernetes API server")
    reasons = {key: _clean(reason, context) for key, reason in snapshot.unanswered.items()}
    if len(reasons) == len(snapshot.readings):
        common = Counter(reasons.values()).most_common(1)[0][0]
        return unseen("; ".join([common, *(_clean(words, context) for words in heard[:1])]))
    return seen(snapshot, cluster_id, reasons)


@contextlib.contextmanager
def _listening() -> t.Iterator[list[str]]:
    """What the client logs as errors: it goes on without credentials when a program for a token fails."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(listener)


def unseen(why: str) -> Json:
    """What is known of a cluster that did not answer."""
    return {"reached": False, "why": why}


def seen(snapshot: Snapshot, cluster_id: str, unread: t.Mapping[str, str]) -> Json:
    """What is kept of a cluster that answered; C(unread) has the kinds that it did not tell, with the reasons."""
    whole = digest(snapshot, cluster_id)
    kept = {key: whole[key] for key in KEPT} | {"unknown": dict(unread)}
    kept["submariner"] = {k: shown(v) if k.endswith("Server") else v for k, v in whole["submariner"].items()}
    return {"reached": True, "digest": kept, "nodes": [_node(o) for o in snapshot.objects("nodes")]}


def _node(obj: Json) -> Json:
    node = Node.of(obj)
    addresses: dict[str, list[str]] = {}
    for entry in map(mapping, sequence(mapping(obj.get("status")).get("addresses"))):
        addresses.setdefault(text(entry.get("type")), []).append(text(entry.get("address")))
    return {
        "name": node.name,
        "gateway": node.gateway == "true",
        "ready": node.ready,
        "linux": node.linux,
        "addresses": addresses,
    }


def _clean(reason: str, context: Context) -> str:
    """A reason without anything of the kubeconfig's credentials, and of a length that can be read."""
    try:
        secrets = secret_values(documents_of(context.kubeconfig))
    except Unusable:  # it was readable a moment ago; what is secret in the words cannot be told any more
        return "the kubeconfig changed while it was read"
    words = redact(" ".join(reason.split()), secrets).rstrip(".")
    return words if len(words) <= LONGEST_REASON else f"{words[:LONGEST_REASON]} ..."
