# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installations that somebody else manages, and would put back; pure. Private to this collection, may change at any time."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import (
    OTHER_OWNERS,
    installer,
    other_owner,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import inside

PLACES = ("submariners", "servicediscoveries", "brokers", "deployments", "namespaces")
"""Where another owner's marks are looked for; of the last two only in what the operator has."""


def other_owners(snapshot: Snapshot) -> list[Json]:
    """Who else manages the installation, with that owner's way of removal; not who was only sent by one of these."""
    subjects: dict[str, str] = {}
    accesses = [
        o
        for namespace in snapshot.broker_namespaces
        for key in ("serviceaccounts", "roles")
        for o in snapshot.objects(key, namespace)
        if text(mapping(o.get("metadata")).get("name")).startswith("submariner-k8s-broker-")
    ]
    for obj in (*(o for key in PLACES for o in snapshot.objects(key)), *accesses):
        meta = mapping(obj.get("metadata"))
        kind, name = text(obj.get("kind")), text(meta.get("name"))
        strange = {"Deployment": "submariner-operator", "Namespace": snapshot.operator_namespace}.get(
            kind, name
        ) != name
        # What goes already may be all that is left of it, once its owner is gone.
        owner = None if strange or meta.get("deletionTimestamp") else other_owner(obj)
        if owner:
            subjects.setdefault(owner.id, f"{kind} {name}")
    for obj in snapshot.objects(inside(snapshot.operator_namespace)):
        meta = mapping(obj.get("metadata"))
        owner = None if meta.get("deletionTimestamp") else installer(obj)
        if owner:
            subjects.setdefault(owner.id, f"{text(obj.get('kind'))} {text(meta.get('name'))}")
    found = [owner for owner in OTHER_OWNERS if owner.id in subjects]
    sent = {by for owner in found for by in owner.works_through}
    return [
        {"id": owner.id, "words": owner.words, "removal": owner.removal, "subject": subjects[owner.id]}
        for owner in found
        if owner.id not in sent
    ]


def finding_of(owner: Json, host: str = "") -> Finding:
    subject = text(owner.get("subject"))
    return Finding(
        "owner.other",
        ERROR,
        f"{host}: {subject}" if host else subject,
        f"is managed by {owner.get('words')}",
        "an installation made with subctl or this collection",
        hint=f"remove Submariner its own way there: {owner.get('removal')}; where it left nothing but its marks (labels, "
        "annotations, owners), take them off",
    )


def hold_back(plan: Plan, snapshot: Snapshot) -> Plan:
    """The plan, in which nothing goes that another owner would put back."""
    owners = other_owners(snapshot)
    if not owners:
        return plan
    words = " and ".join(text(owner["words"]) for owner in owners)
    stays = [replace(o, action="keep", why=f"{words} manages the installation here") for o in plan.going]
    return Plan(kept=[*plan.kept, *stays], findings=[*plan.findings, *map(finding_of, owners)])
