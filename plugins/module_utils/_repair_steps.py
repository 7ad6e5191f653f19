# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out steps of a repair on one cluster, each until it is proven. Private, may change at any time.

Whatever is deleted is read again first, is what was judged, and carries its UID. A step that is not proven at its deadline
says what is still wrong.
"""

from __future__ import annotations

import functools
import time
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.submariner.lifecycle.plugins.module_utils import _remedies as remedies
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import CORE, V1
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.cluster import judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import Members, check_member
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import STATUS_LABEL, active_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.services import exported, imported_service
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import pod_trouble, pods_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    UNKNOWN,
    ClusterRecord,
    Endpoint,
    Json,
    Snapshot,
    mapping,
    overlap,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_pods import ready
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import Progress
from ansible_collections.submariner.lifecycle.plugins.module_utils._repair import cluster_mark

PAUSE = 1.0
"""Seconds between two looks at whether a step is proven."""
PASSES = 15.0
"""Seconds for records to come right by themselves: the sync needs a moment after the broker, or another member, changed."""
TUNNELS = 20.0
"""Seconds for a started gateway to have a connection, of whatever state, to each cluster of which it has a copy."""
UNCHANGED = 7.0
"""Seconds for which a Gateway must not be updated to be taken for left: a living one is every 5 s."""

GATEWAY, ROUTE_AGENT = "submariner-gateway", "submariner-routeagent"
OPERATOR, AGENT = "submariner-operator", "submariner-lighthouse-agent"
MEMBER_KEYS = ("submariners", "endpoints", "clusters", "gateways", "pods", "leases", "nodes", "daemonsets")
NOT_AWAITED = {"connection.stale", "endpoint.duplicate", "gateway.stale"}
"""What a restart of the gateway heals and records that come right do not: with a second copy routes and a tunnel go."""
PLURALS = {"Endpoint": "endpoints", "Cluster": "clusters"}


@dataclass
class Done:
    """A step that was carried out: what it touched, and what is still wrong, nothing when it is proven."""

    action: str
    heals: list[str]
    touched: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> Json:
        return asdict(self)


class Repair:
    """Works on one cluster; C(broker) is where the truth about the records of all clusters is."""

    def __init__(self, api: Api, broker: Api, broker_namespace: str, operator_namespace: str, timeout: float) -> None:
        self._api, self._broker = api, broker
        self._broker_namespace, self._namespace = broker_namespace, operator_namespace
        self._timeout = timeout
        self.done: list[Done] = []
        self._work: dict[str, t.Callable[[Json, Done], None]] = {
            remedies.RESTART_OPERATOR: self._restart_operator,
            remedies.REMOVE_RECORDS: self._remove_records,
            remedies.RESTART_ROUTES: self._restart_routes,
            remedies.RESTART_GATEWAY: self._restart_gateway,
            remedies.DELETE_COPIES: self._delete_copies,
            remedies.DELETE_GATEWAYS: self._delete_gateways,
            remedies.RESTART_AGENT: self._restart_agent,
        }

    def do(self, step: Json) -> bool:
        """Carry out one step of a plan (_repair.Step.as_dict); whether it is proven. Raises ApiFailure when it cannot be."""
        done = Done(step["action"], [text(i) for i in sequence(step.get("heals"))])
        self.done.append(done)
        start = time.monotonic()
        try:
            self._work[done.action](step, done)
        except ApiFailure as error:
            done.left = [error.msg]
            raise
        finally:
            done.seconds = round(time.monotonic() - start, 1)
        return not done.left

    # -- restarting ---------------------------------------------------------------------------------------------

    def _restart_operator(self, step: Json, done: Done) -> None:
        checks = {i.partition(".")[0] for i in done.heals}
        old = self._restart(OPERATOR, done)

        def look() -> list[str]:
            seen = observe(self._api, ("identity", "state"), self._namespace)
            judged = judge(seen, text(step["cluster_id"]))
            unread = [f"{check} could not be judged" for check in sorted(checks - set(judged))]
            wrong = [f"{f.subject} {f.observed}" for c in checks for f in judged.get(c, []) if f.id in done.heals]
            return self._not_renewed(seen, OPERATOR, old) + unread + wrong

        done.left = self._until(done, look)

    def _restart_gateway(self, step: Json, done: Done) -> None:
        """Unless the records come right meanwhile: no restart is the smallest step."""
        cluster_id = text(step["cluster_id"])
        if not NOT_AWAITED & set(done.heals) and not self._until(
            done, lambda: self._gateway_trouble(cluster_id, ()), PASSES
        ):
            return
        self._start_gateway(cluster_id, done)
        # The copy that went had the subnets of the one that stays: its routes on other nodes went with it.
        if "endpoint.duplicate" in done.heals and not done.left:
            self._restart_route_agents(done)

    def _start_gateway(self, cluster_id: str, done: Done) -> None:
        """Twice when a second copy went: its going, as the gateway starts, may take the only tunnel to its cluster with it."""
        for _turn in ("first", "again"):
            self._demand_broker()
            old = self._restart(GATEWAY, done)
            done.left = self._until(done, functools.partial(self._gateway_trouble, cluster_id, old))
            if done.left or "endpoint.duplicate" not in done.heals:
                return
            done.left = self._until(done, self._without_tunnel, TUNNELS)
            if not done.left:
                return

    def _without_tunnel(self) -> list[str]:
        seen = observe(self._api, (), self._namespace, keys=("endpoints", "gateways"))
        reached = {c.cluster_id for g in seen.gateways if g.ha_status == "active" for c in g.connections}
        copied = {e.cluster_id for e in seen.endpoints(self._namespace) if e.origin}
        return _unread(seen, "endpoints", "gateways") + [f"no tunnel to {i}" for i in sorted(copied - reached)]

    def _demand_broker(self) -> None:
        """A gateway that starts while the broker is away loses all its tunnels (submariner.md 4.3)."""
        there = observe(self._broker, (), self._namespace, keys=("namespaces", "endpoints"))
        found = there.namespace(self._broker_namespace)
        trouble = _unread(there, "namespaces", "endpoints")
        if not trouble and (not found or mapping(found.get("metadata")).get("deletionTimestamp")):
            trouble = [f"namespace {self._broker_namespace} is not there"]
        if trouble:
            raise ApiFailure(
                f"The broker cannot be used: {trouble[0]}.",
                "Nothing was restarted: a gateway that starts without it loses all its tunnels.",
            )

    def _restart_routes(self, step: Json, done: Done) -> None:
        """Once the copies are gone, so that their going takes no routes of the restarted agents."""
        ids = {text(mapping(t).get("cluster_id")) for t in sequence(step.get("targets"))}
        done.left = self._until(done, lambda: self._copies_left(ids))
        if done.left:
            return
        self._start_gateway(text(step["cluster_id"]), done)
        if not done.left:
            self._restart_route_agents(done)

    def _restart_route_agents(self, done: Done) -> None:
        old = self._restart(ROUTE_AGENT, done)
        done.left = self._until(done, lambda: self._not_renewed(self._workloads(), ROUTE_AGENT, old))

    def _restart_agent(self, step: Json, done: Done) -> None:
        old = self._restart(AGENT, done)
        cluster_id = text(step["cluster_id"])

        def look() -> list[str]:
            here = observe(self._api, (), self._namespace, keys=("serviceexports",))
            there = observe(self._broker, (), self._namespace, keys=("serviceimports",))
            unread = _unread(here, "serviceexports") + _unread(there, "serviceimports")
            offered = {
                imported_service(o)
                for o in there.objects("serviceimports", self._broker_namespace)
                if cluster_id in [mapping(c).get("cluster") for c in sequence(mapping(o.get("status")).get("clusters"))]
            }
            missing = [name for name in exported(here) if name not in offered]
            return self._not_renewed(self._workloads(), AGENT, old) + (
                unread or [f"service {name} is not offered by the broker" for name in missing]
            )

        done.left = self._until(done, look)

    def _restart(self, workload: str, done: Done) -> set[str]:
        """Delete the pods of C(workload), of the gateway the active one alone; answers the UIDs of those that go."""
        seen = self._workloads()
        unread = _unread(seen, "pods")
        if unread:
            raise ApiFailure(f"The pods of {workload} cannot be listed: {unread[0]}.", "Nothing was restarted.")
        pods = pods_of(seen, workload)
        marked = [p for p in pods if mapping(mapping(p.get("metadata")).get("labels")).get(STATUS_LABEL) == "active"]
        active = active_pods(seen) or marked
        chosen = active if workload == GATEWAY and active else pods
        for pod in chosen:
            meta = mapping(pod.get("metadata"))
            self._delete(CORE + "pods/{name}", self._namespace, text(meta.get("name")), text(meta.get("uid")))
            done.touched.append(f"Pod {meta.get('name')}")
        return {text(mapping(p.get("metadata")).get("uid")) for p in chosen}

    def _workloads(self) -> Snapshot:
        return observe(self._api, ("workloads", "nodes"), self._namespace)

    @staticmethod
    def _not_renewed(seen: Snapshot, workload: str, old: t.Collection[str]) -> list[str]:
        """What keeps the new pods of C(workload) from being ready."""
        unread = _unread(seen, "pods", "deployments", "daemonsets")
        if unread:
            return unread
        wanted = next((w.desired for w in seen.workloads if w.name == workload), 0)
        if wanted < 1:
            return [f"{workload} wants no pod"]
        pods = pods_of(seen, workload)
        staying = [p for p in pods if text(mapping(p.get("metadata")).get("uid")) in old]
        if staying:
            return [f"pod {mapping(p.get('metadata')).get('name')} has not ended yet" for p in staying]
        new = sum(ready(p) for p in pods)
        if new >= wanted:
            return []
        cause = pod_trouble(seen, workload)
        return [f"{new} of {wanted} pods of {workload} are ready" + (f": {cause}" if cause else "")]

    def _gateway_trouble(self, cluster_id: str, old: t.Collection[str]) -> list[str]:
        """Invariants 1 to 4 of submariner.md 4.5, as far as they are this member's to keep."""
        here = observe(self._api, (), self._namespace, keys=MEMBER_KEYS)
        there = observe(self._broker, (), self._namespace, keys=("endpoints", "clusters"))
        unread = _unread(here, "pods", "clusters") + _unread(there, "endpoints", "clusters")
        if unread:
            return unread
        staying = [p for p in pods_of(here, GATEWAY) if text(mapping(p.get("metadata")).get("uid")) in old]
        if staying:
            return [f"pod {mapping(p.get('metadata')).get('name')} has not ended yet" for p in staying]
        records, local = there.endpoints(self._broker_namespace), here.endpoints(self._namespace)
        own = [e for e in local if not e.origin]
        copied = {e.cluster_id for e in local if e.origin}
        left_out = {
            r.cluster_id
            for r in records
            if r.cluster_id not in copied and any(overlap(a, b) for a in r.subnets for o in own for b in o.subnets)
        }
        registered = frozenset(e.cluster_id for e in records)
        members = Members((registered - left_out) | {cluster_id}, registered | {cluster_id})
        found = check_member(here, there, self._broker_namespace, cluster_id, members)
        wrong = [f"{f.subject} {f.observed}" for f in found if f.severity in (ERROR, UNKNOWN)]
        counts = {
            "Endpoints": sum(e.cluster_id == cluster_id for e in records),
            "Clusters": sum(c.cluster_id == cluster_id for c in there.clusters(self._broker_namespace)),
        }
        return wrong + [f"the broker has {n} {kind} of {cluster_id}" for kind, n in counts.items() if n != 1]

    # -- deleting -----------------------------------------------------------------------------------------------

    def _remove_records(self, step: Json, done: Done) -> None:
        """The Endpoint first: the Cluster is what keeps a second installation from joining under the ID."""
        targets = [mapping(target) for target in sequence(step.get("targets"))]
        for kind in ("Endpoint", "Cluster"):
            judged = [target for target in targets if target.get("kind") == kind]
            if not judged:
                continue
            place = (kind, text(judged[0].get("namespace")), text(judged[0].get("cluster_id")))
            for record in self._records(*place):
                if (record.name, mark(record)) not in [(j.get("name"), j.get("mark")) for j in judged]:
                    raise ApiFailure(
                        f"{kind} {record.name} on the broker is not what was judged: it changed meanwhile.",
                        "Nothing more was removed. Run the playbook repair again.",
                    )
                self._delete(V1 + PLURALS[kind] + "/{name}", record.namespace, record.name, record.uid)
                done.touched.append(f"{kind} {record.name}")
            done.left = self._until(done, functools.partial(self._records_left, *place))
            if done.left:
                return

    def _records(self, kind: str, namespace: str, cluster_id: str) -> list[t.Any]:
        """Records of one ID in a namespace of this cluster."""
        seen = observe(self._api, (), self._namespace, keys=(PLURALS[kind],))
        unread = _unread(seen, PLURALS[kind])
        if unread:
            raise ApiFailure(f"The records cannot be read: {unread[0]}.")
        found: t.Sequence[t.Any] = seen.endpoints(namespace) if kind == "Endpoint" else seen.clusters(namespace)
        return [record for record in found if record.cluster_id == cluster_id]

    def _records_left(self, kind: str, namespace: str, cluster_id: str) -> list[str]:
        return [f"{kind} {r.name} is still on the broker" for r in self._records(kind, namespace, cluster_id)]

    def _delete_copies(self, step: Json, done: Done) -> None:
        """Copies, and the Cluster records with them, of IDs that the broker, asked again, does not have."""
        targets = [mapping(target) for target in sequence(step.get("targets"))]
        ids, marks = ({text(target.get(key)) for target in targets} for key in ("cluster_id", "mark"))
        there = observe(self._broker, (), self._namespace, keys=("endpoints",))
        unread = _unread(there, "endpoints")
        if unread:
            raise ApiFailure(f"The broker cannot be read: {unread[0]}.", "Nothing was deleted.")
        ids -= {e.cluster_id for e in there.endpoints(self._broker_namespace)}
        for kind in ("Endpoint", "Cluster"):
            for cluster_id in sorted(ids):
                for record in self._records(kind, self._namespace, cluster_id):
                    if record.origin == cluster_id and (kind == "Cluster" or record.mark in marks):
                        self._delete(V1 + PLURALS[kind] + "/{name}", record.namespace, record.name, record.uid)
                        done.touched.append(f"{kind} {record.name}")
        done.left = self._until(done, lambda: self._copies_left(ids))

    def _copies_left(self, ids: t.Collection[str]) -> list[str]:
        seen = observe(self._api, (), self._namespace, keys=("endpoints",))
        return _unread(seen, "endpoints") + [
            f"the copy {e.name} is still there"
            for e in seen.endpoints(self._namespace)
            if e.origin and e.cluster_id in ids
        ]

    def _delete_gateways(self, step: Json, done: Done) -> None:
        """Gateways that nobody updated between two readings; what moves is alive, and stays."""
        names = {text(mapping(target).get("name")) for target in sequence(step.get("targets"))}
        before = self._gateways(names)
        end = time.monotonic() + UNCHANGED
        while before and time.monotonic() < end:
            time.sleep(min(PAUSE, UNCHANGED))
            now = self._gateways(names)
            before = {uid: gateway for uid, gateway in before.items() if now.get(uid) == gateway}
        for uid, (name, _updated) in before.items():
            self._delete(V1 + "gateways/{name}", self._namespace, name, uid)
            done.touched.append(f"Gateway {name}")
        gone = set(before)
        done.left = self._until(
            done,
            lambda: [
                f"Gateway {name} is still there" for uid, (name, _u) in self._gateways(names).items() if uid in gone
            ],
        )

    def _gateways(self, names: t.Collection[str]) -> dict[str, tuple[str, str]]:
        seen = observe(self._api, (), self._namespace, keys=("gateways",))
        unread = _unread(seen, "gateways")
        if unread:
            raise ApiFailure(f"The Gateways cannot be read: {unread[0]}.")
        return {g.uid: (g.name, g.updated) for g in seen.gateways if g.name in names}

    def _delete(self, path: str, namespace: str, name: str, uid: str) -> None:
        answer = self._api.delete(path.format(namespace=namespace, name=name), uid=uid)
        if answer.unknown:
            raise ApiFailure(f"{name} cannot be deleted: {answer.reason}.", "Allow it for these credentials.")

    def _until(self, done: Done, look: t.Callable[[], list[str]], limit: float | None = None) -> list[str]:
        """Look until nothing is wrong, or the time is over; answers what is."""
        seconds = self._timeout if limit is None else limit
        progress = Progress(seconds)
        while True:
            wrong = look()
            if not wrong or progress.elapsed >= seconds:
                return wrong
            progress.say(f"{done.action}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))
            time.sleep(PAUSE)


def mark(record: Endpoint | ClusterRecord) -> str:
    """What tells a record from another one under the same name."""
    return record.mark if isinstance(record, Endpoint) else cluster_mark(record)


def _unread(snapshot: Snapshot, *keys: str) -> list[str]:
    return [f"{k} not answered: {snapshot.reading(k).reason}" for k in keys if not snapshot.known(k)]
