# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a fleet: one Lease on the broker's cluster, held by a run as long as that run lives.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import datetime
import getpass
import json
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Callable

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    LABELS,
    NAMESPACE,
    drop_namespace_if_empty,
    ensure_namespace,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import Process, look_up
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress

LEASE = "submariner-lifecycle"
DURATION_SECONDS = 45
RENEW_SECONDS = 10.0
_PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
_RUN_ID = "submariner.lifecycle/run-id"
_PARTIES = "submariner.lifecycle/parties"

FREE = "free"
OURS = "ours"
HELD = "held"
DEAD = "dead"
EXPIRED = "expired"


class LockLost(Exception):
    """The Lease is another run's, or nobody's; the message names whose."""


class LockHeld(Exception):
    """Another run holds the lock and did not let go in time; the message names it."""


@dataclass(frozen=True)
class Party:
    """One ansible process that takes part in the run, and the process that renews the Lease for it."""

    host: str
    boot: str
    pid: int
    start: str
    keeper_pid: int = 0
    keeper_start: str = ""

    def same_as(self, other: Party) -> bool:
        return (self.boot, self.pid, self.start) == (other.boot, other.pid, other.start)

    def on_this_machine(self) -> bool:
        return self.boot == boot_identity()

    def gone(self) -> bool:
        """Proven to have ended; a process of another machine never is."""
        return self.on_this_machine() and not _alive(self.pid, self.start)

    def kept(self) -> bool:
        return self.on_this_machine() and bool(self.keeper_pid) and _alive(self.keeper_pid, self.keeper_start)


@dataclass(frozen=True)
class Claim:
    """What a run says of itself."""

    run_id: str
    holder: str
    party: Party


@dataclass(frozen=True)
class Acquired:
    """How the lock was got: `changed` when the Lease was written, `taken_from` names a holder that was gone."""

    changed: bool
    taken_from: str = ""
    why: str = ""


def boot_identity() -> str:
    """The set of processes that a process number belongs to: this boot of this machine, this container."""
    parts = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id",):
        try:
            with open(path, encoding="ascii") as stream:
                parts.append(stream.read().strip())
        except OSError:
            continue
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return " ".join(parts)


def _alive(pid: int, start: str) -> bool:
    now = look_up(pid)
    return now is not None and now.start == start


def claim_of(master: Process, purpose: str, run_id: str = "") -> Claim:
    """The claim of the run that the ansible process `master` is; its ID follows from the process unless given."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = str(os.getuid())
    host = platform.node()
    started = master.start.replace(" ", "-")
    chosen = run_id or f"{host}-{master.pid}-{started}"
    words = f"{user}@{host}, process {master.pid}" + (f", {purpose}" if purpose else "") + f", run {chosen}"
    party = Party(host=host, boot=boot_identity(), pid=master.pid, start=master.start)
    return Claim(run_id=chosen, holder=words, party=party)


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def run_id_of(lease: Json) -> str:
    return text(mapping(mapping(lease.get("metadata")).get("annotations")).get(_RUN_ID))


def holder_of(lease: Json) -> str:
    return text(mapping(lease.get("spec")).get("holderIdentity")) or "an unnamed holder"


def since(lease: Json) -> str:
    return text(mapping(lease.get("spec")).get("acquireTime")).partition(".")[0] or "an unknown time"


def parties_of(lease: Json) -> list[Party]:
    notes = mapping(mapping(lease.get("metadata")).get("annotations"))
    try:
        entries = json.loads(text(notes.get(_PARTIES)) or "[]")
    except ValueError:
        return []
    found = []
    for entry in map(mapping, sequence(entries)):
        try:
            found.append(Party(**entry))
        except TypeError:
            continue
    return found


def _lease(claim: Claim, parties: Iterable[Party], old: Json | None = None) -> Json:
    """The Lease as this claim has it; `old` is kept where it stays the same run's, and guards against a lost update."""
    stamp = _now()
    continued = old is not None and run_id_of(old) == claim.run_id
    before = mapping((old or {}).get("spec"))
    transitions = before.get("leaseTransitions")
    metadata: Json = {
        "name": LEASE,
        "namespace": NAMESPACE,
        "labels": dict(LABELS),
        "annotations": {
            _RUN_ID: claim.run_id,
            _PARTIES: json.dumps([asdict(party) for party in parties]),
        },
    }
    if old is not None:
        metadata["resourceVersion"] = mapping(old.get("metadata")).get("resourceVersion")
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": holder_of(old) if continued and old is not None else claim.holder,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": before.get("acquireTime") if continued else stamp,
            "renewTime": stamp,
            "leaseTransitions": (transitions if isinstance(transitions, int) else 0) + (0 if continued else 1),
        },
    }


def _with(parties: Iterable[Party], mine: Party) -> list[Party]:
    return [party for party in parties if not party.same_as(mine)] + [mine]


def server_age(answer: Answer) -> float | None:
    """Seconds since the Lease was last written, all by the API server's clock; None when it does not say."""
    stamps = []
    for entry in map(mapping, sequence(mapping(answer.body.get("metadata")).get("managedFields"))):
        try:
            moment = datetime.datetime.strptime(text(entry.get("time")), "%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            continue
        stamps.append(moment.replace(tzinfo=datetime.timezone.utc).timestamp())
    if answer.date is None or not stamps:
        return None
    return answer.date - max(stamps)


class Observer:
    """Remembers since when a Lease has not moved, by our own clock alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._version = ""
        self._first = 0.0

    def still_for(self, version: str) -> float:
        if version != self._version:
            self._version, self._first = version, self._clock()
        return self._clock() - self._first


def judge(answer: Answer, claim: Claim, still_for: float) -> str:
    """Whose the lock is, as seen by `claim`."""
    if answer.absent:
        return FREE
    lease = answer.body
    if run_id_of(lease) == claim.run_id:
        return OURS
    parties = parties_of(lease)
    if parties and all(party.gone() for party in parties):
        return DEAD
    if any(party.on_this_machine() and not party.gone() for party in parties):
        # Its renewals may have stopped, but the run itself is still there to be seen.
        return HELD
    stated = mapping(lease.get("spec")).get("leaseDurationSeconds")
    duration = stated if isinstance(stated, int) else DURATION_SECONDS
    age = server_age(answer)
    if still_for > duration or (age is not None and age > duration + 2):
        return EXPIRED
    return HELD


def read(api: Api) -> Answer:
    answer = api.get(f"{_PATH}/{LEASE}")
    if answer.unknown:
        raise ApiFailure(
            f"The lock (Lease {NAMESPACE}/{LEASE}) cannot be read: {answer.reason}.",
            "The run needs get, create, update and delete on leases in that namespace of the broker's cluster.",
        )
    return answer


def _write(api: Api, claim: Claim, answer: Answer, fresh: bool) -> bool:
    """Make the Lease ours; False when somebody else was faster."""
    if answer.absent:
        # A run that ended a moment ago takes the namespace with it.
        ensure_namespace(api)
        made = api.create(_PATH, _lease(claim, [claim.party]))
        if made.absent or (made.status == 403 and "being terminated" in made.reason):
            return False
    else:
        parties = [claim.party] if fresh else _with(parties_of(answer.body), claim.party)
        made = api.replace(f"{_PATH}/{LEASE}", _lease(claim, parties, answer.body))
    if made.unknown and made.status != 409:
        raise ApiFailure(
            f"The lock (Lease {NAMESPACE}/{LEASE}) cannot be written: {made.reason}.",
            "The run needs get, create, update and delete on leases in that namespace of the broker's cluster.",
        )
    return made.present


def acquire(
    api: Api,
    claim: Claim,
    timeout: float,
    observer: Observer | None = None,
    pause: Callable[[float], Any] = time.sleep,
) -> Acquired:
    """Get the lock, waiting up to `timeout` seconds for another run to let go; raises LockHeld naming it."""
    seen = observer or Observer()
    progress = Progress(timeout)
    while True:
        answer = read(api)
        state = judge(answer, claim, seen.still_for(answer.resource_version))
        if state == OURS and any(p.same_as(claim.party) for p in parties_of(answer.body)):
            return Acquired(changed=False)
        if state != HELD and _write(api, claim, answer, fresh=state != OURS):
            why = {DEAD: "its process is gone", EXPIRED: "it did not renew the lock in time"}.get(state, "")
            return Acquired(changed=True, taken_from=holder_of(answer.body) if why else "", why=why)
        if state == HELD:
            held = f"Another run holds the lock of this fleet: {holder_of(answer.body)}, since {since(answer.body)}"
            if progress.elapsed >= timeout:
                raise LockHeld(
                    f"{held}. Waited {timeout:.0f} s."
                    f" Let it end, or end it; {DURATION_SECONDS} s after its end the lock is free."
                )
            progress.say(held)
        pause(1.0 if state == HELD else 0.1)


def renew(api: Api, claim: Claim) -> bool:
    """Renew the Lease once; False when the API did not answer. Raises LockLost when it is no longer ours."""
    for _attempt in range(5):
        answer = api.get(f"{_PATH}/{LEASE}")
        if answer.unknown:
            return False
        if answer.present and run_id_of(answer.body) != claim.run_id:
            raise LockLost(lost_words(answer))
        # An absent Lease is made anew: only somebody who deletes it leaves a living run without one.
        if _write(api, claim, answer, fresh=False):
            return True
    return False


def lost_words(answer: Answer) -> str:
    if answer.absent:
        return "The lock of this fleet is gone: its Lease was deleted while this run held it."
    return (
        f"This run has lost the lock of this fleet to {holder_of(answer.body)}, since {since(answer.body)}."
        " Two runs would undo each other's work: this one stops. Run again when the other has ended."
    )


def withdraw(api: Api, claim: Claim) -> bool:
    """Leave the lock; the last party of the run deletes the Lease and, when it is empty, the namespace.

    True when something was written. A Lease of another run is left alone.
    """
    for _attempt in range(5):
        answer = api.get(f"{_PATH}/{LEASE}")
        if not answer.present or run_id_of(answer.body) != claim.run_id:
            break
        parties = parties_of(answer.body)
        others = [party for party in parties if not party.same_as(claim.party) and not party.gone()]
        if others:
            if len(others) == len(parties):
                return False
            if api.replace(f"{_PATH}/{LEASE}", _lease(claim, others, answer.body)).present:
                return True
            continue
        if not api.delete(f"{_PATH}/{LEASE}", uid=answer.uid).unknown:
            drop_namespace_if_empty(api)
            return True
    return False


def with_keeper(claim: Claim, keeper: Process) -> Claim:
    return replace(claim, party=replace(claim.party, keeper_pid=keeper.pid, keeper_start=keeper.start))
