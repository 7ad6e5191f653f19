# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that nobody reaches any more is evicted; alive it is refused; when it is back, a reinstall takes it in again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.process import parallel, wait_until
from tests.scenarios import judge
from tests.scenarios.company import without_west
from tests.scenarios.fleet import BROKER, within
from tests.scenarios.judge import Objects
from tests.scenarios.objects import differences
from tests.scenarios.stage import CONFIRM, ScenarioFailed, Stage

_DEAD = "west"
_EVICT = ("-e", f"submariner_evict={_DEAD}", "-e", "submariner_verify_window=5")
_CONFIRM = ("-e", "submariner_confirm=evict")
_DECLARED = ("-e", json.dumps({"submariner_ghosts": [_DEAD]}))
# A node keeps its address and its processes; nothing of the network comes in any more.
_DEAF = (("INPUT", "-i", "eth0", "-j", "DROP"), ("FORWARD", "-i", "eth0", "-j", "DROP"))
_TABLES = ("submariner-globalnet-info", "submariner-clustersetip-info")
_NOTICED_WITHIN = 60.0
_SETTLED_WITHIN = 60.0
_BACK_WITHIN = 300.0


def evict(stage: Stage) -> None:
    stage.ensure_whole()
    _refused_alive(stage)
    with _cut_off(stage):
        _noticed(stage)
        before = stage.fleet.objects_of(BROKER)
        stage.succeed("evict", *_EVICT, "--check", "--diff", name="check")
        stage.require(differences(before, stage.fleet.objects_of(BROKER)), "check mode changes nothing")
        stage.succeed("evict", *_EVICT, *_CONFIRM)
        stage.require(left_of(stage.fleet.objects_of(BROKER), _DEAD), "nothing of it is left")
        stage.require(within(lambda: _changes(stage, before), _SETTLED_WITHIN), "the other's own objects are untouched")
        again = stage.succeed("evict", *_EVICT, name="again")
        changed = [f"{host} says changed={n['changed']}" for host, n in again.recap.items() if n["changed"]]
        stage.require(changed if again.recap else ["no recap"], "a second run says that it changed nothing")
    stage.succeed("reinstall", *CONFIRM)
    stage.require_whole()


def left_of(objects: Objects, cluster_id: str) -> list[str]:
    """What a cluster still has of the evicted one: records, copies, connections, access to the broker."""
    records = [r for kind in ("Endpoint", "Cluster") for r in judge.records(objects, kind)]
    found = [f"{judge.name_of(r)} is left" for r in records if r["spec"]["cluster_id"] == cluster_id]
    found += [
        f"{judge.name_of(item)} is left"
        for item in objects
        if item["metadata"].get("namespace") == judge.BROKER_NAMESPACE
        and f"{item['metadata']['name']}-".startswith(f"cluster-{cluster_id}-")
    ]
    return found + judge.connections(objects, [])


def _changes(stage: Stage, before: Objects) -> list[str]:
    """What changed on the cluster that stays, but for what is the evicted one's: its lines in the tables of addresses, too."""
    seen = [
        [item for item in without_west(items) if item["metadata"]["name"] not in _TABLES]
        for items in (before, stage.fleet.objects_of(BROKER))
    ]
    return differences(*seen)


def _refused_alive(stage: Stage) -> None:
    before = stage.fleet.steady_reading()
    for options in ((), _DECLARED):
        run = stage.play("evict", *_EVICT, *_CONFIRM, *options, name="refused")
        said = " ".join(failure.message for failure in run.failures)
        stage.require([] if run.code else ["it ended with 0"], "a living cluster is refused")
        stage.require([] if f"cluster {_DEAD} lives" in said else [said or "no message"], "because it lives")
    stage.require_unchanged(before, "a refusal changes nothing")


@contextmanager
def _cut_off(stage: Stage) -> Iterator[None]:
    lab = stage.fleet.lab
    nodes = sorted(node.name for node in lab.nodes() if node.cluster == _DEAD)

    def filter_rules(verb: str) -> None:
        parallel(lambda node: [lab.in_node(node, "iptables", "-w", verb, *rule) for rule in _DEAF], nodes)

    stage.say(f"{_DEAD} is cut off")
    filter_rules("-I")
    try:
        yield
    finally:
        filter_rules("-D")
        stage.say(f"{_DEAD} is back")
        if not wait_until(lambda: lab.answers(_DEAD), _BACK_WITHIN, 2.0):
            raise ScenarioFailed(f"{_DEAD} did not come back")
        ready = ("wait", "--for=condition=Ready", "node", "--all", f"--timeout={_BACK_WITHIN:.0f}s")
        lab.kubectl(_DEAD, *ready, timeout=_BACK_WITHIN + 20)


def _noticed(stage: Stage) -> None:
    """The other's health check fails within some 11 s (measured)."""
    begun = time.monotonic()
    while "error" not in _statuses(stage):
        if time.monotonic() - begun > _NOTICED_WITHIN:
            raise ScenarioFailed(f"{BROKER} does not notice that {_DEAD} is gone: {', '.join(_statuses(stage))}")
        time.sleep(1)
    stage.notes.append(f"noticed after {time.monotonic() - begun:.0f} s")


def _statuses(stage: Stage) -> list[str]:
    gateways = stage.fleet.lab.kubectl(
        BROKER, "-n", judge.MEMBER_NAMESPACE, "get", "gateways.submariner.io", "-o", "json"
    )
    return [
        str(connection.get("status"))
        for gateway in json.loads(gateways.out)["items"]
        for connection in gateway.get("status", {}).get("connections") or []
    ]
