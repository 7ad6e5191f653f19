# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is: what goes, what stays and why, what is unknown; pure. Private to this collection, may change at any time."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import EDIT, Entry
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    UNKNOWN,
    Finding,
    Json,
    Owned,
    mapping,
    text,
)


@dataclass
class Plan:
    """C(owned) goes, in stages; C(kept) stays, each with its reason; C(findings) refuse or could not be answered."""

    owned: list[Owned] = field(default_factory=list)
    kept: list[Owned] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    objects: dict[str, Json] = field(default_factory=dict)
    """The objects behind C(owned), by path."""
    contents: list[Owned] = field(default_factory=list)
    """What goes with a namespace in C(owned), and is not asked to go for itself."""
    without_operator: str = ""
    """Why the operator must not do its part: it is stopped first."""
    unseen: list[str] = field(default_factory=list)
    """Namespaces that may go and into which nobody has looked yet (see _inside)."""

    @property
    def stage(self) -> list[Owned]:
        """What can be acted on now: the earliest stage that is left."""
        first = min((o.stage for o in self.owned), default=0)
        return [o for o in self.owned if o.stage == first]

    @property
    def unread(self) -> list[Finding]:
        """What was not answered: with any of it the rest of the plan is half known, and nothing of it may be done."""
        return [f for f in self.findings if f.severity == UNKNOWN]

    @property
    def going(self) -> list[Owned]:
        """All of it."""
        return [*self.owned, *self.contents]

    def add(self, entry: Entry, obj: Json, why: str = "") -> None:
        """C(obj) goes."""
        self._take(owned_object(entry, obj, why), obj)

    def edit(self, entry: Entry, obj: Json, patch: Json, why: str = "") -> None:
        """A part of C(obj) goes, by a merge patch; what was there is kept as the patch that puts it back."""
        owned = owned_object(entry, obj, why, EDIT)
        owned.patch, owned.backup = patch, inverse(obj, patch)
        self._take(owned, obj)

    def hold(self, entry: Entry, obj: Json, namespace: str) -> None:
        """C(obj) goes with its C(namespace)."""
        self.contents.append(owned_object(entry, obj, f"{entry.why}, and goes with namespace {namespace}"))

    def keep(self, entry: Entry, obj: Json, why: str) -> None:
        """C(obj) stays, for a reason that the user is told."""
        kept = owned_object(entry, obj, why, "keep")
        if kept.path not in {k.path for k in self.kept}:
            self.kept.append(kept)

    def _take(self, owned: Owned, obj: Json) -> None:
        if owned.path not in self.objects:
            self.owned.append(owned)
            self.objects[owned.path] = obj


def owned_object(entry: Entry, obj: Json, why: str = "", action: str = "") -> Owned:
    meta = mapping(obj.get("metadata"))
    name, namespace = text(meta.get("name")), text(meta.get("namespace"))
    return Owned(
        kind=text(obj.get("kind")),
        namespace=namespace,
        name=name,
        path=entry.path.format(namespace=namespace, name=name),
        uid=text(meta.get("uid")),
        action=action or entry.action,
        why=why or entry.why,
        residue=entry.residue,
        stage=entry.stage,
        grace=entry.grace,
        finalizer=entry.finalizer,
    )


def inverse(obj: t.Any, patch: Json) -> Json:
    """The merge patch (RFC 7396) that undoes C(patch) on C(obj)."""
    there = mapping(obj)
    return {k: inverse(there.get(k), v) if isinstance(v, dict) else there.get(k) for k, v in patch.items()}
