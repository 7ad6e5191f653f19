# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must survive a run that is interrupted: one Secret on the broker's cluster, from before the first deletion.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import PSK_SECRET
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    GATEWAY_LABEL,
    OPERATOR_NAMESPACE,
    Json,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    LABELS,
    NAMESPACE,
    drop_namespace_if_empty,
    ensure_namespace,
)

SECRET = "submariner-lifecycle-run"  # noqa: S105 the name of a Secret, not a secret
_PATH = f"/api/v1/namespaces/{NAMESPACE}/secrets"


@dataclass(frozen=True)
class Record:
    """The record; `psk` and `broker_info` are secrets and leave it only towards subctl."""

    run_id: str
    started: str
    taken_by: str = ""
    """The ID of the run that went on with it last."""
    verb: str = ""
    phase: str = ""
    options: Json = field(default_factory=dict)
    gateway_nodes: dict[str, list[str]] = field(default_factory=dict)
    cluster_ids: dict[str, str] = field(default_factory=dict)
    """By inventory host, as they were when the run began."""
    installed_ids: dict[str, list[str]] = field(default_factory=dict)
    dns_maps: dict[str, str] = field(default_factory=dict)
    """V(namespace/name) of the ConfigMap that a cluster's resources named for lighthouse: nothing else tells of it."""
    globalnet: Json = field(default_factory=dict)
    clusterset_ip: Json = field(default_factory=dict)
    psk_rotated: bool = False
    """Whether the PSK was made by this run on purpose, in place of the one that the clusterset had."""
    psk: bytes = field(default=b"", repr=False)
    broker_info: str = field(default="", repr=False)

    def public(self) -> Json:
        """All but the secrets, of which only the presence is told."""
        return {
            "run_id": self.run_id,
            "started": self.started,
            "taken_by": self.taken_by or self.run_id,
            "verb": self.verb,
            "phase": self.phase,
            "options": self.options,
            "gateway_nodes": self.gateway_nodes,
            "cluster_ids": self.cluster_ids,
            "installed_ids": self.installed_ids,
            "dns_maps": self.dns_maps,
            "globalnet": self.globalnet,
            "clusterset_ip": self.clusterset_ip,
            "psk_rotated": self.psk_rotated,
            "has_psk": bool(self.psk),
            "has_broker_info": bool(self.broker_info),
        }


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _b64(words: str) -> str:
    return base64.b64encode(words.encode()).decode("ascii")


def to_secret(record: Record) -> Json:
    data = {
        "run-id": record.run_id,
        "started": record.started,
        "taken-by": record.taken_by,
        "verb": record.verb,
        "phase": record.phase,
        "options": json.dumps(record.options, sort_keys=True),
        "gateway-nodes": json.dumps(record.gateway_nodes, sort_keys=True),
        "cluster-ids": json.dumps(record.cluster_ids, sort_keys=True),
        "installed-ids": json.dumps(record.installed_ids, sort_keys=True),
        "dns-maps": json.dumps(record.dns_maps, sort_keys=True),
        "globalnet": json.dumps(record.globalnet, sort_keys=True),
        "clusterset-ip": json.dumps(record.clusterset_ip, sort_keys=True),
        "psk-rotated": json.dumps(record.psk_rotated),
        "broker-info": record.broker_info,
    }
    encoded = {key: _b64(value) for key, value in data.items()}
    encoded["psk"] = base64.b64encode(record.psk).decode("ascii")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": SECRET, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "data": encoded,
    }


def from_secret(secret: Json) -> Record:
    data = mapping(secret.get("data"))

    def raw(key: str) -> bytes:
        try:
            return base64.b64decode(text(data.get(key)))
        except (binascii.Error, ValueError) as error:
            raise _damaged(key) from error

    def words(key: str) -> str:
        return raw(key).decode("utf-8", "replace")

    def table(key: str) -> Json:
        try:
            return mapping(json.loads(words(key) or "{}"))
        except ValueError as error:
            raise _damaged(key) from error

    return Record(
        run_id=words("run-id"),
        started=words("started"),
        taken_by=words("taken-by"),
        verb=words("verb"),
        phase=words("phase"),
        options=table("options"),
        gateway_nodes=table("gateway-nodes"),
        cluster_ids=table("cluster-ids"),
        installed_ids=table("installed-ids"),
        dns_maps=table("dns-maps"),
        globalnet=table("globalnet"),
        clusterset_ip=table("clusterset-ip"),
        psk_rotated=words("psk-rotated") == "true",
        psk=raw("psk"),
        broker_info=words("broker-info"),
    )


def _damaged(key: str) -> ApiFailure:
    return ApiFailure(
        f"The record of the interrupted run (Secret {NAMESPACE}/{SECRET}) is damaged: its key {key} cannot be read.",
        "Delete the Secret to start afresh: the members then have to be joined anew, with a new PSK.",
    )


def read(api: Api) -> Record | None:
    """The record, None when the API answered that there is none."""
    answer = api.get(f"{_PATH}/{SECRET}")
    if answer.unknown:
        raise _refused("read", answer)
    return from_secret(answer.body) if answer.present else None


def _refused(what: str, answer: Answer) -> ApiFailure:
    return ApiFailure(f"The record of the run (Secret {NAMESPACE}/{SECRET}) cannot be {what}: {answer.reason}.")


def create(api: Api, record: Record) -> None:
    ensure_namespace(api)
    made = api.create(_PATH, to_secret(record))
    if not made.present:
        raise _refused("written", made)


def update(api: Api, change: Callable[[Record], Record]) -> Record | None:
    """Apply `change` to the record as it is now; None when there is no record."""
    for _attempt in range(5):
        answer = api.get(f"{_PATH}/{SECRET}")
        if answer.unknown:
            raise _refused("read", answer)
        if answer.absent:
            return None
        before = from_secret(answer.body)
        after = change(before)
        if after == before:
            return after
        secret = to_secret(after)
        secret["metadata"]["resourceVersion"] = answer.resource_version
        made = api.replace(f"{_PATH}/{SECRET}", secret)
        if made.present:
            return after
        if made.status != 409:
            raise _refused("written", made)
    raise ApiFailure(f"The record of the run (Secret {NAMESPACE}/{SECRET}) is written by somebody else all the time.")


def merged(record: Record, changes: Mapping[str, Any]) -> Record:
    """The record with the given fields; gateway nodes, IDs and options are added to, the rest is replaced."""
    known = {key: value for key, value in changes.items() if value is not None}
    for key in ("gateway_nodes", "cluster_ids", "installed_ids", "dns_maps", "options"):
        if key in known:
            known[key] = {**getattr(record, key), **known[key]}
    return replace(record, **known)


def delete(api: Api) -> bool:
    """Remove the record, and the namespace when nothing else is in it; True when there was one."""
    answer = api.delete(f"{_PATH}/{SECRET}")
    if answer.unknown:
        raise _refused("deleted", answer)
    if answer.present:
        drop_namespace_if_empty(api)
    return answer.present


def psk_of(api: Api) -> tuple[bytes, str]:
    """The PSK that a cluster's installation uses, and why it could not be read where it could not."""
    base = f"/apis/submariner.io/v1alpha1/namespaces/{OPERATOR_NAMESPACE}/submariners/submariner"
    submariner = api.get(base)
    secret = api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/secrets/{PSK_SECRET}")
    for encoded in (
        mapping(submariner.body.get("spec")).get("ceIPSecPSK"),
        mapping(secret.body.get("data")).get("psk"),
    ):
        try:
            psk = base64.b64decode(text(encoded), validate=True)
        except (binascii.Error, ValueError):
            continue
        if psk:
            return psk, ""
    unanswered = next((answer.reason for answer in (submariner, secret) if answer.unknown), "")
    return b"", unanswered


def choose_psk(members: Mapping[str, bytes], broker: bytes) -> tuple[bytes, str, list[str]]:
    """The PSK to go on with, where it comes from, and the clusters that use another one.

    Most members decide; when they are even, the broker's cluster does. Nothing when nobody has one.
    """
    found = {name: psk for name, psk in members.items() if psk}
    if not found:
        return broker, "the broker's cluster" if broker else "", []
    counted = Counter(found.values())
    most = max(counted.values())
    leading = [psk for psk, votes in counted.items() if votes == most]
    chosen = broker if broker in leading else leading[0]
    agreeing = sorted(name for name, psk in found.items() if psk == chosen)
    return chosen, ", ".join(agreeing), sorted(name for name, psk in found.items() if psk != chosen)


def allocations(api: Api, namespace: str, name: str) -> Json:
    """The data of one of the broker's two allocation tables, empty when there is none."""
    answer = api.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    if answer.unknown:
        raise ApiFailure(f"ConfigMap {namespace}/{name} cannot be read: {answer.reason}.")
    return mapping(answer.body.get("data"))


def installed_id_of(api: Api) -> str:
    """The ID under which a cluster is joined, which need not be the one that it should have.

    Empty when it is not joined, or does not say: an ID that is not known here keeps the broker, so that does no harm.
    """
    answer = api.get(f"/apis/submariner.io/v1alpha1/namespaces/{OPERATOR_NAMESPACE}/submariners/submariner")
    return text(mapping(answer.body.get("spec")).get("clusterID"))


def dns_map_of(api: Api) -> str:
    """The ConfigMap that an installation's resources name for lighthouse; empty when they name none."""
    seen = observe(api, (), keys=("submariners", "servicediscoveries"))
    unread = [f"{key}: {reason}" for key, reason in sorted(seen.unanswered.items())]
    if unread and not all(seen.dns_map):
        raise ApiFailure(f"What names the ConfigMap of the cluster's DNS cannot be read ({'; '.join(unread)}).")
    return "/".join(seen.dns_map) if all(seen.dns_map) else ""


KEPT = "settings of {}"
"""Key in the options of a record: what an installation was made with, for a cluster that is to be joined as it was."""


def kept_settings(record: Record | None, cluster_id: str) -> Json:
    """The options of a join that the record wants to be as they were."""
    return mapping(record.options.get(KEPT.format(cluster_id))) if record else {}


def both(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The lists of two tables."""
    return {key: sorted({*one.get(key, []), *other.get(key, [])}) for key in sorted({*one, *other})}


def gateway_nodes_of(api: Api) -> list[str]:
    """The nodes that carry the gateway label."""
    answer = api.list("/api/v1/nodes", labelSelector=f"{GATEWAY_LABEL}=true")
    if answer.unknown:
        raise ApiFailure(f"The nodes cannot be read: {answer.reason}.")
    return sorted(text(mapping(node.get("metadata")).get("name")) for node in answer.items)
