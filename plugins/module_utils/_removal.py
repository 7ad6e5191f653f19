# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan -> apply -> prove, for one cluster. Private to this collection, may change at any time.

A level-triggered loop: look, plan, ask everything of the current stage to go, look again when something is different. It
ends when a fresh reading plans nothing more (the proof) and it stayed like that, or at the deadline, with what is left and
what holds it. A run that was interrupted is continued by the next one, since nothing but the cluster's state decides what
is to be done.
"""

from __future__ import annotations

import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils import _operator_death as death
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._blockers import why_stuck
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import EDIT, RESOURCES
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    CLEANUP_FINALIZER,
    ERROR,
    WARNING,
    Finding,
    Json,
    Owned,
    Snapshot,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import PARALLEL
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan, inverse
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._scene import Scene
from ansible_collections.submariner.lifecycle.plugins.module_utils._words import some

LOOK = 2.0
"""Seconds after which it is looked again, and asked again what was refused, although nothing is different."""
PROOF = 30.0
"""Seconds beyond the deadline in which the last reading has to be answered."""


@dataclass
class Outcome:
    """What became of a plan."""

    removed: list[Owned] = field(default_factory=list)
    remaining: list[Owned] = field(default_factory=list)
    kept: list[Owned] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    touched: bool = False
    """Whether anything was asked to go, also what is still there."""

    @property
    def clean(self) -> bool:
        return not self.remaining and not any(f.severity in ("error", "unknown") for f in self.findings)


@dataclass
class Removal:
    """Carries out what C(planner) finds in C(scene), until it finds nothing for C(settle) seconds."""

    api: Api
    scene: Scene
    planner: t.Callable[[Snapshot], Plan]
    timeout: float
    settle: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    _asked: dict[str, Owned] = field(default_factory=dict)
    _refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    """HTTP status and words of what the API server refused last, by path."""
    _awaited: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What CRs of the operator wait for and what to do about it, by path."""
    _planned_before: dict[str, Owned] = field(default_factory=dict)
    """All that was planned, by path: also what goes by the operator, or with its owner or namespace, without being asked."""
    _edited: dict[str, Owned] = field(default_factory=dict)
    """Edits as they were first done, by path: what is planned after a half done one has half of what was there."""
    _watch: death.OperatorWatch = field(default_factory=death.OperatorWatch)
    _seen: Snapshot = field(default_factory=Snapshot)
    """The reading behind the last plan."""
    _left_to_operator: set[str] = field(default_factory=set)
    """Paths of CRs that its operator is to finish."""

    def run(self) -> Outcome:
        start = time.monotonic()
        with self.scene, self.api.bounded(self.timeout + self.settle + PROOF):
            plan = self._carry_out(start, Progress(self.timeout))
        self._conclude(plan)
        self.outcome.seconds = time.monotonic() - start
        return self.outcome

    def _carry_out(self, start: float, progress: Progress) -> Plan:
        """The plan that a fresh reading gives at the end: nothing, or what is left."""
        clean_since: float | None = None
        snapshot, fresh = self.scene.read(), True
        while True:
            plan = self._planned(snapshot, fresh)
            now = time.monotonic()
            refused = any(f.severity == ERROR for f in plan.findings)
            if not plan.unread:
                self._compare(plan)
            if plan.unread or plan.owned or refused:
                clean_since = None
            done = refused and not plan.owned and not plan.unread
            rest = LOOK
            if plan.unread:  # what was not answered may forbid what was planned without it
                progress.say(f"nothing is touched, since {plan.unread[0].subject} is {plan.unread[0].observed}")
            elif plan.owned:
                progress.say(self._words(plan))
                self._act(plan, snapshot)
            elif not refused:
                clean_since = now if clean_since is None else clean_since
                rest = clean_since + self.settle - now
                done = rest <= 0
                if not done:
                    progress.say("proven clean; watching that it stays so")
            # What is clean at the deadline has the time to show that it stays so.
            end = start + self.timeout + (self.settle if clean_since is not None else 0.0)
            if done or now >= end:
                if fresh:
                    if clean_since is not None and not done:
                        plan.findings.append(self._not_settled(now - clean_since))
                    return plan
                snapshot, fresh = self.scene.read(), True
            else:
                left = end - time.monotonic()
                snapshot, fresh = self.scene.rest(max(0.01, min(rest, left))), False

    def _planned(self, snapshot: Snapshot, fresh: bool) -> Plan:
        """What goes by this reading. Into a namespace it is looked when it is its turn, and when the plan may be the last."""
        self._seen = snapshot
        plan = self.planner(snapshot)
        turn = {o.name for o in plan.stage if o.kind == "Namespace"}
        unseen = [n for n in plan.unseen if fresh or n in turn]
        if unseen:
            self.scene.look_into(snapshot, unseen)
            plan = self.planner(snapshot)
        return plan

    def _compare(self, plan: Plan) -> None:
        """What a reading that was answered in full proves of what was to go."""
        there = {o.path for o in plan.going} | {o.path for o in plan.kept if o.path not in self._asked}
        gone = {**self._planned_before, **self._asked}
        seen = self._seen.by_uid
        # A plan that is refused names nothing, and what changed its owner meanwhile is in none: both may well be there.
        self.outcome.removed = [
            o for path, o in gone.items() if path not in there and not stands(o, seen.get(o.uid, {}))
        ]
        self._planned_before = {**{o.path: o for o in plan.going}, **self._planned_before}
        for owned in self.outcome.removed:
            if owned.path in self._left_to_operator and owned.kind == "Submariner" and self._watch.gave_up:
                self.outcome.findings.append(_given_up(owned))
            self._left_to_operator.discard(owned.path)

    def _conclude(self, plan: Plan) -> None:
        """What is left. After a last plan that does not name all that is also what was asked to go and is not proven gone."""
        removed = {o.path for o in self.outcome.removed}
        pending = self._asked if plan.unread or any(f.severity == ERROR for f in plan.findings) else {}
        left = {path: o for path, o in pending.items() if path not in removed} | {o.path: o for o in plan.going}
        self.outcome.remaining = list(left.values())
        self.outcome.kept = plan.kept
        self.outcome.findings += plan.findings
        if not plan.unread:
            # Of later stages nothing was tried: what is to be told is what they wait for.
            self.outcome.findings += [self._stuck(o, plan) for o in plan.stage]

    def _words(self, plan: Plan) -> str:
        return f"removing {some([o.label for o in plan.stage], 3)}; {len(plan.owned)} left"

    # -- acting -------------------------------------------------------------------------------------------------

    def _act(self, plan: Plan, snapshot: Snapshot) -> None:
        deletes: list[tuple[Owned, Json]] = []
        for owned in plan.stage:
            obj = plan.objects[owned.path]
            if owned.stage == RESOURCES and CLEANUP_FINALIZER in sequence(
                mapping(obj.get("metadata")).get("finalizers")
            ):
                self._act_on_resource(owned, obj, snapshot, plan.without_operator)
            elif owned.action == EDIT:
                self._edit(owned, obj)
            else:
                deletes.append((owned, obj))
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            answers = list(pool.map(lambda pair: self._delete(*pair), deletes))
        for (owned, _obj), answer in zip(deletes, answers):
            if answer is None:
                self._refused.pop(owned.path, None)
                self._asked.setdefault(owned.path, owned)
            else:
                self._note(owned, answer)

    def _delete(self, owned: Owned, obj: Json) -> Answer | None:
        """Ask once; a pod that is on its way out is asked again when it would take its time (measured.md: 42 s)."""
        meta = mapping(obj.get("metadata"))
        going = bool(meta.get("deletionTimestamp"))
        slow = owned.grace is not None and (meta.get("deletionGracePeriodSeconds") or 0) > owned.grace
        if owned.finalizer in sequence(meta.get("finalizers")):
            released = self.api.patch(owned.path, without_finalizer(owned.finalizer, obj))
            if released.unknown:
                return released
        if going and not slow:
            return None
        answer = self.api.delete(owned.path, uid=owned.uid, grace=owned.grace)
        self.outcome.touched |= answer.present
        return answer

    def _act_on_resource(self, owned: Owned, obj: Json, snapshot: Snapshot, unwanted: str) -> None:
        """Delete a CR with the operator's finalizer, leave its operator the time, release it when that is dead.

        An C(unwanted) operator is stopped before.
        """
        meta = mapping(obj.get("metadata"))
        self._awaited.pop(owned.path, None)
        if not meta.get("deletionTimestamp"):
            if unwanted and not self._stopped(owned, self._watch.judge(snapshot, "", unwanted)):
                return
            owner_going = owned.kind == "ServiceDiscovery" and bool(snapshot.objects("submariners"))
            if not owner_going:  # the operator removes the ServiceDiscovery of a Submariner itself
                answer = self.api.delete(owned.path, uid=owned.uid)
                self.outcome.touched |= answer.present
                self._note(owned, answer)
            else:
                self._awaited[owned.path] = (
                    "the operator takes it away with the Submariner resource",
                    "see what holds that",
                )
            return
        self._asked.setdefault(owned.path, owned)
        operator = self._watch.judge(snapshot, text(meta.get("deletionTimestamp")), unwanted)
        if operator.alive:
            self._left_to_operator.add(owned.path)
            self._awaited[owned.path] = operator.awaited
            return
        self._left_to_operator.discard(owned.path)
        if not self._stopped(owned, operator):
            return
        answer = self.api.patch(owned.path, without_finalizer(CLEANUP_FINALIZER, obj))
        self._note(owned, answer)
        if answer.present:
            self.outcome.findings.append(
                Finding(
                    "operator.cleanup-abandoned",
                    WARNING,
                    owned.label,
                    f"its finalizer was released by us: {operator.why}",
                    "the operator's own uninstall",
                    cause=operator.why,
                    hint="what the operator left is removed by the catalogue; nodes are cleaned next",
                )
            )

    def _stopped(self, owned: Owned, operator: death.Operator) -> bool:
        """Whether it is proven that it does not run, for C(owned) to go on; it is asked to end where it may."""
        self._refused.pop(owned.path, None)
        if operator.must_stop:
            answer = self.api.patch(operator.path + "/scale", {"spec": {"replicas": 0}})
            self.outcome.touched |= answer.present
            if answer.unknown:
                self._refused[owned.path] = answer.status, f"to scale the operator to 0: {answer.reason}"
        if operator.alive or operator.must_stop or operator.pods:
            self._awaited[owned.path] = operator.awaited
            return False
        return True

    def _edit(self, owned: Owned, obj: Json) -> None:
        """Take our part out, as planned from exactly this version of the object; a later one is planned anew."""
        version = text(mapping(obj.get("metadata")).get("resourceVersion"))
        answer = self.api.patch(owned.path, guarded(owned, version))
        first = self._edited.setdefault(owned.path, owned) if answer.present else owned
        if answer.present and "status" in owned.patch:
            # Where the status is a resource of its own, the server has ignored it; where it is none, it says so.
            rest = guarded(owned, answer.resource_version, ("status",))
            status = self.api.patch(owned.path + "/status", rest)
            answer = answer if status.absent else status
        self._note(first, answer)

    def _note(self, owned: Owned, answer: Answer) -> None:
        if answer.unknown:
            self._refused[owned.path] = answer.status, answer.reason
        else:
            self._refused.pop(owned.path, None)
            self._asked.setdefault(owned.path, owned)

    # -- explaining ---------------------------------------------------------------------------------------------

    def _not_settled(self, seconds: float) -> Finding:
        back = some([o.label for o in self._asked.values()], 3)
        return Finding(
            "cleanup.not-settled",
            ERROR,
            "the cluster",
            f"after {self.timeout + self.settle:.0f} s it is clean for {seconds:.0f} s only",
            f"clean for {self.settle:.0f} s without a break",
            cause=f"something came back; removed were {back}" if back else "",
            hint="find out who makes it anew, and run again",
        )

    def _stuck(self, owned: Owned, plan: Plan) -> Finding:
        refused, awaited = self._refused.get(owned.path, (0, "")), self._awaited.get(owned.path, ("", ""))
        cause, hint = why_stuck(owned, plan.objects[owned.path], self._seen, refused, awaited)
        edit = owned.action == EDIT
        return Finding(
            "cleanup.remaining",
            ERROR,
            owned.label,
            f"{'still as Submariner left it' if edit else 'still there'} after {self.timeout:.0f} s",
            "without what Submariner set in it" if edit else "gone",
            cause=cause,
            hint=hint,
            evidence={"residue": owned.residue, "uid": owned.uid},
        )


def guarded(owned: Owned, version: str, fields: t.Collection[str] | None = None) -> Json:
    """The patch of an edit, or just some C(fields) of it, which the server refuses for any other object or version."""
    body = {k: v for k, v in owned.patch.items() if fields is None or k in fields}
    meta = {**mapping(body.get("metadata")), "uid": owned.uid, "resourceVersion": version}
    return {**body, "metadata": meta}


def stands(owned: Owned, obj: Json) -> bool:
    """Whether C(obj), what is there now with the UID of C(owned), still has what was to go."""
    return bool(obj) and (owned.action != EDIT or inverse(obj, owned.patch) == owned.backup)


def without_finalizer(finalizer: str, obj: Json) -> Json:
    """The patch that takes one finalizer away from this version of an object."""
    meta = mapping(obj.get("metadata"))
    rest = [f for f in sequence(meta.get("finalizers")) if f != finalizer]
    guard = {"uid": text(meta.get("uid")), "resourceVersion": text(meta.get("resourceVersion"))}
    return {"metadata": {**guard, "finalizers": rest}}


def _given_up(owned: Owned) -> Finding:
    return Finding(
        "operator.gave-up",
        WARNING,
        owned.label,
        f"its operator let it go after {death.OWN_LIMIT:.0f} s without having finished",
        "the operator's own uninstall",
        cause="it gives up silently when a component's uninstall does not become ready in that time",
        hint="what it left is removed by the catalogue; nodes are cleaned next",
    )
