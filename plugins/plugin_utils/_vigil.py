# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet watched for as long as it takes: options in, events out. Private to this collection, may change at any time."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import threading
import time
import typing as t
from dataclasses import dataclass, replace

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    Api,
    ApiFailure,
    auth_spec,
    connect,
    load_client,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import Unusable, secret_values
from ansible_collections.submariner.lifecycle.plugins.module_utils._lock import DURATION_SECONDS, LEASE
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import LABEL, Json, Snapshot, mapping, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import Read
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import LOOK
from ansible_collections.submariner.lifecycle.plugins.module_utils._watching import Pace, View, Watching
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._standing import Standing, is_ours, kept, known_from
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._verdicts import (
    FINDING,
    KEYS,
    Facts,
    Memory,
    Sight,
    facts,
    undecidable,
)

log = logging.getLogger("submariner.lifecycle.clusterset")

ARGUMENTS: Json = {
    "clusters": {"type": "dict", "required": True},
    "broker": {"type": "str", "required": True},
    "fleet": {"type": "str"},
    "operator_namespace": {"type": "str", "default": "submariner-operator"},
    "settle": {"type": "float", "default": 2.0},
    "relist": {"type": "float", "default": 60.0},
    "timeout": {"type": "float", "default": 10.0},
    "state_file": {"type": "path"},
}
"""The options of the event source."""

ANSWER_SOON = 5.0
"""Seconds between two lists of a kind that cannot be watched."""

SLOWEST = 30.0
"""The most seconds between two attempts to reach a cluster."""

RENEW = 60.0
"""Seconds after which a cluster that is out of reach is tried with its options read anew: a login may have ended."""

TICK = 1.0
"""Seconds within which the end of the watch, or of a run, is noticed."""

LOCK = Read("lock", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{LEASE}", frozenset(), one=True)
"""The lock that a run of this collection holds, on the broker's cluster."""


@dataclass(frozen=True)
class Cluster:
    """How one cluster is reached."""

    name: str
    auth: Json
    cluster_id: str = ""


@dataclass(frozen=True)
class Options:
    """What the user said, checked."""

    clusters: tuple[Cluster, ...]
    broker: str
    fleet: str
    operator_namespace: str
    settle: float
    relist: float
    timeout: float
    state_file: str


def options_of(arguments: t.Mapping[str, t.Any]) -> Options:
    """The arguments of an event source; raises Unusable for what cannot be meant."""
    given = _checked(ARGUMENTS, arguments, "")
    clusters = []
    for name, value in given["clusters"].items():
        if not isinstance(value, dict):
            raise Unusable(
                f"clusters.{name} is no dictionary.", "Give each cluster the options by which it is reached."
            )
        auth = _checked({**auth_spec(), "cluster_id": {"type": "str"}}, value, f"clusters.{name}: ")
        clusters.append(Cluster(str(name), auth, auth.pop("cluster_id") or ""))
    if not clusters:
        raise Unusable("clusters is empty.", "Name each cluster of the fleet with the options by which it is reached.")
    if given["broker"] not in [c.name for c in clusters]:
        raise Unusable(
            f"broker is {given['broker']}, which is none of the clusters {', '.join(c.name for c in clusters)}.",
            "Set it to the name, below clusters, of the cluster that hosts the broker.",
        )
    for option, least in (("settle", 0.0), ("relist", 1.0), ("timeout", 0.1)):
        if not least <= given[option] < math.inf:
            raise Unusable(f"{option} is {given[option]:g}.", f"Set it to a number of seconds, at least {least:g}.")
    for where, name in (("operator_namespace", given["operator_namespace"]), *_ids(clusters)):
        if not LABEL.fullmatch(name):
            raise Unusable(
                f"{where} is {name!r}.",
                "It is made of small letters, digits and hyphens, 63 at most, with no hyphen at the ends.",
            )
    folder = os.path.dirname(given["state_file"] or "") or "."
    if not os.access(folder, os.W_OK):
        raise Unusable(
            f"The folder of state_file, {folder}, is not there or not writable.", "Make it, or set another path."
        )
    return Options(
        clusters=tuple(clusters),
        fleet=given["fleet"] or given["broker"],
        state_file=given["state_file"] or "",
        **{k: given[k] for k in ("broker", "operator_namespace", "settle", "relist", "timeout")},
    )


def _ids(clusters: t.Iterable[Cluster]) -> list[tuple[str, str]]:
    """The IDs that are given, each with where."""
    return [(f"clusters.{c.name}: cluster_id", c.cluster_id) for c in clusters if c.cluster_id]


def _checked(spec: Json, given: t.Mapping[str, t.Any], where: str) -> Json:
    result = ArgumentSpecValidator(spec).validate(dict(given))
    if result.unsupported_parameters:
        unknown = ", ".join(sorted(map(str, result.unsupported_parameters)))
        raise Unusable(f"{where}there is no option {unknown}.", f"The options are {', '.join(sorted(spec))}.")
    if result.error_messages:
        hint = f"The options are {', '.join(sorted(spec))}."
        raise Unusable(f"{where}{'; '.join(result.error_messages).rstrip('.')}.", hint)
    found: Json = result.validated_parameters
    return found


def vigil_of(arguments: t.Mapping[str, t.Any]) -> Vigil:
    """The watch that the arguments of an event source ask for; raises ValueError, in one line, for wrong ones."""
    try:
        load_client()
        return Vigil(options_of(arguments))
    except ImportError as error:
        raise ValueError(missing_required_lib(error.name or "kubernetes")) from None
    except Unusable as unusable:
        raise ValueError(f"{unusable.msg} {unusable.hint}") from None


class Vigil:
    """The watch over one fleet: L(watch) runs in one thread until L(end) is called from another."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._over = threading.Event()
        self._connecting = threading.Lock()
        self._apis = {c.name: self._connect(c) for c in options.clusters}
        self._secrets = [s for c in options.clusters for s in secret_values(c.auth)]
        self._standing = Standing(options.settle, self._recalled())
        self._memory = Memory()
        self._lost_since: dict[str, float] = {}
        self._unsure = True
        self._unread: dict[str, tuple[frozenset[str], float]] = {}
        """What each cluster does not tell, and when that began or changed."""
        self._renewed = ("", 0.0)
        """When the lock was renewed, as it says and as it was seen."""

    def end(self) -> None:
        self._over.set()

    def watch(self, tell: t.Callable[[Json], None]) -> None:
        """Watch, and C(tell) each event."""
        pace = Pace(ANSWER_SOON, ANSWER_SOON, SLOWEST, self._options.relist)
        with Watching() as watching:
            views = {
                name: watching.cluster(api, KEYS, self._options.operator_namespace, pace)
                for name, api in self._apis.items()
            }
            lock = watching.reads(
                self._apis[self._options.broker], [(LOCK, LOCK.path)], self._options.operator_namespace, pace
            )
            look, running, looked = True, False, 0.0
            while not self._over.is_set():
                before, running = running, self._runs(lock)
                if look or running != before or time.monotonic() - looked >= LOOK:
                    self._look(views, running, tell)
                    looked = time.monotonic()
                waiting = self._standing.due_in(time.monotonic())
                rest = TICK if waiting is None else min(TICK, waiting)
                look = watching.rest(rest) or waiting is not None or self._unsure
                self._renew(views, lock)

    def _runs(self, lock: View) -> bool:
        """Whether a run of this collection is under way: its lock is there, and was renewed not long ago."""
        lease = lock.snapshot(-1.0).first_of(LOCK.key)
        renewed, now = text(mapping(lease.get("spec")).get("renewTime")), time.monotonic()
        if not lease or renewed != self._renewed[0]:
            self._renewed = renewed, now
        return bool(lease) and now - self._renewed[1] <= DURATION_SECONDS

    # -- one look -----------------------------------------------------------------------------------------------

    def _look(self, views: t.Mapping[str, View], running: bool, tell: t.Callable[[Json], None]) -> None:
        sights = {c.name: self._sight(c, views[c.name]) for c in self._options.clusters}
        self._unsure = not all(s.answered for s in sights.values())
        self._memory.see(sights)
        standing, broker = self._standing, self._options.broker
        now = time.monotonic()
        unproven = undecidable(sights, broker, self._memory, standing.told, standing.inherited)
        found = facts(sights, broker)
        if running:  # it makes what is in between, and says itself how it ended
            found = {k: f for k, f in found.items() if k in standing.told or f["type"] != FINDING}
        changes = standing.see(now, found, unproven)
        for change in changes:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            tell(change.event(self._options.fleet, standing.verdict, stamp))
        if changes:
            self._keep()
        self._lost_since = {n: self._lost_since.get(n, now) for n, s in sights.items() if s.lost}

    def _sight(self, cluster: Cluster, view: View) -> Sight:
        snapshot = view.snapshot(-1.0)
        # An old claim is told from a new one by the clock of the same answer.
        snapshot.clock = view.listed("gateways")[1]
        snapshot.readings = {
            k: replace(r, reason=redact(r.reason, self._secrets)) if r.reason else r
            for k, r in snapshot.readings.items()
        }
        return Sight(snapshot, cluster.cluster_id, self._is_sure(cluster.name, snapshot, view))

    def _is_sure(self, name: str, snapshot: Snapshot, view: View) -> bool:
        """Whether a cluster had the time to answer all, or to fail to.

        When it ceases to answer one question, or answers one again, the others are asked anew: how it is with them now is not
        what an old watch says.
        """
        if not view.asked_since(0.0):
            return False
        unread = frozenset(k for k in KEYS if not snapshot.known(k))
        before, since = self._unread.get(name, (frozenset(KEYS), 0.0))
        if unread != before and 0 < len(unread) < len(KEYS):
            since = time.monotonic()
            view.ask_again()
        self._unread[name] = unread, since
        return view.asked_since(since if 0 < len(unread) < len(KEYS) else 0.0)

    # -- clusters out of reach ----------------------------------------------------------------------------------

    def _renew(self, views: t.Mapping[str, View], lock: View) -> None:
        now = time.monotonic()
        for cluster in self._options.clusters:
            if now - self._lost_since.get(cluster.name, now) >= RENEW:
                self._lost_since[cluster.name] = now
                mine = [views[cluster.name], *([lock] if cluster.name == self._options.broker else [])]
                threading.Thread(target=self._reconnect, args=(cluster, mine), daemon=True).start()

    def _reconnect(self, cluster: Cluster, views: t.Sequence[View]) -> None:
        """In a thread of its own, since a login may take its time."""
        try:
            api = self._connect(cluster)
            for view in views:
                view.ask_again(api)
        except Unusable as unusable:
            log.warning("%s %s", unusable.msg, unusable.hint)

    def _connect(self, cluster: Cluster) -> Api:
        with self._connecting:
            try:
                return connect(None, cluster.auth, self._options.timeout)
            except ApiFailure as failure:
                # Here the options have no prefix, as they have as variables of an inventory.
                hint = failure.hint.replace("submariner_", "")
                raise Unusable(f"clusters.{cluster.name}: {failure.msg}", hint) from failure

    # -- what outlives the process ------------------------------------------------------------------------------

    def _recalled(self) -> Facts:
        path = self._options.state_file
        if not path or not os.path.exists(path):
            return {}
        try:
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            # Made by hand before the first start, or the power went before it was written out: nothing was told.
            document = json.loads(text) if text.strip() else {}
        except (OSError, ValueError, RecursionError) as error:
            raise Unusable(
                f"state_file {path} cannot be read: {error}.", "Remove it, or set state_file to another path."
            ) from error
        if document != {} and not is_ours(document):  # it would be written over
            raise Unusable(f"state_file {path} is not of this source.", "Remove it, or set state_file to another path.")
        return known_from(document)

    def _keep(self) -> None:
        """Write anew what was told, in one step: a process that is killed leaves the old file or the new one."""
        path = self._options.state_file
        if not path:
            return
        new = f"{path}.new"
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
                json.dump(kept(self._standing.told), stream)
            os.replace(new, path)
        except OSError as error:
            raise ValueError(
                f"state_file {path} cannot be written: {error.strerror}. Make room, or set it to another path."
            ) from error
