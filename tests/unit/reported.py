# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs write into their folder: of recorded clusters, and of clustersets of any size made from a recording."""

from __future__ import annotations

import functools
import json
import random
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_fleet, default_checks
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._opinions import annotate, parse, parse_junit
from tests.benchmarks import fleet as made
from tests.unit.fake_api import RECORDINGS, recording

Json = dict[str, t.Any]

BEGAN = 1_790_000_000.0
HEAD: Json = {
    "schema": 1,
    "run": "0f3c2a91",
    "verb": "reinstall",
    "began": "2026-09-21T13:33:20Z",
    "epoch": BEGAN,
    "check": False,
}
TOWNS = ("frankfurt", "dublin", "oslo", "madrid", "turin", "lyon", "gdansk", "porto", "graz", "ghent")
MARK = "submariner-cable"
LATER = 5400.0
"""Seconds until a run is taken up again."""


def document(digests: Json, broker: str, watched: Json | None = None, data_path: list[Json] | None = None) -> Json:
    """The verdict on clusters, as the role verify writes it."""
    fleet = Fleet.of(digests, broker)
    checks = default_checks(fleet)
    findings = check_fleet(fleet, checks)
    return {
        "schema": 1,
        "verdict": verdict(findings),
        "findings": [f.as_dict() for f in findings],
        "unjudged": [],
        "checks": checks,
        "clusters": digests,
        "watched": watched or {},
        "data_path": data_path or [],
        "opinions": {},
        "fleet": {"broker": broker, "members": sorted(digests), "ghosts": []},
        "run": {"id": HEAD["run"], "verb": HEAD["verb"]},
    }


def recorded(state: str) -> Json:
    """Of a recorded pair."""
    return document({c: digest(snapshot_of(recording(state, c)), c) for c in ("east", "west")}, "east")


def second_opinions(document: Json) -> Json:
    """The same with what subctl said of the recorded pair; its diagnosis of the last cluster was ended on the way."""
    diagnosed = (RECORDINGS / "healthy-two-nodes" / "subctl-diagnose-all.txt").read_text()
    refusal = "Expected to reach 10.129.0.14:8080 from pod e2e-tests-dataplane-conn-nd-x7k2p/tcp-check-pod: no answer"
    report = f"""<testsuite>
      <testcase name="[dataplane] Basic TCP connectivity between a gateway and a non-gateway node"/>
      <testcase name="[dataplane] Basic TCP connectivity between two nodes that are none">
        <failure message="{refusal}">curl ended after 30 s: {"x" * 120}</failure>
      </testcase>
    </testsuite>"""
    names = list(document["clusters"])
    of_east = [*parse("diagnose", diagnosed), *parse_junit("verify", report)]
    ended = [*diagnosed.splitlines()[:-5], " \u2022 Checking gateway connections  ..."]
    of_others = parse("diagnose", "\n".join(ended))
    said = {name: of_east if name == names[0] else of_others for name in names}
    return document | {"opinions": {name: [o.as_dict() for o in annotate(found)] for name, found in said.items()}}


def taken_up(earlier: bool) -> Json:
    """The head of a journal that was taken up again after an hour and a half, with or without what was before that."""
    times = ["2026-09-21T13:41:02Z", "2026-09-21T15:03:20Z"] if earlier else ["2026-09-21T15:03:20Z"]
    now = BEGAN + LATER
    epoch = BEGAN if earlier else now
    return HEAD | {"record": "a51f", "resumed": times, "resumed_epoch": now, "epoch": epoch, "earlier": earlier}


def later(found: list[Json]) -> list[Json]:
    """These steps after the run was taken up again."""
    return [step | {"began": step["began"] + LATER} for step in found]


@functools.cache
def _digests(size: int) -> str:
    fleet = made.Fleet(size)
    names = TOWNS[:size] if size <= len(TOWNS) else fleet.names
    found = {
        name: digest(snapshot_of([json.loads(_renamed(item.text, names)) for item in fleet.items(number)]), name)
        for number, name in enumerate(names, 1)
    }
    for one in found.values():
        # The broker's writing to the gateways, of which a recording has none.
        one["findings"] = {check: [] for check in one["findings"]}
    return json.dumps(found)


def _renamed(words: str, names: t.Sequence[str]) -> str:
    for number, name in enumerate(names if tuple(names[:1]) == TOWNS[:1] else (), 1):
        words = words.replace(made.name_of(number), name)
    return words


def of_size(size: int, *, damaged: int = 0, ghost: bool = False, seed: int = 1) -> Json:
    """Of `size` clusters; `damaged` connections are lost, and a `ghost` stands on the broker if there is to be one."""
    draw = random.Random(seed)  # noqa: S311  no secret
    digests: Json = json.loads(_digests(size))
    names = list(digests)
    watched = {name: _watched(name, names, draw) for name in names}
    data_path = [_direction(names[i], names[(i + 1) % size]) for i in range(size)]
    for _number in range(damaged):
        source, target = draw.sample(names, 2)
        _say(digests, source, target, "error", "Failed to successfully ping the remote endpoint IP")
        if draw.random() < 0.7:
            _say(digests, target, source, "connecting", "")
        data_path = [d | {"verdict": "silent"} if d["from_cluster"] == source else d for d in data_path]
    if ghost:
        _ghost(digests, names)
    return document(digests, names[0], watched, data_path)


def _say(digests: Json, source: str, target: str, status: str, doubt: str) -> None:
    for gateway in digests[source]["gateways"]:
        gateway["connections"] = [
            f"{target} {status} {line.split(' ')[2]} {doubt}".strip() if line.startswith(f"{target} ") else line
            for line in gateway["connections"]
        ]


def _ghost(digests: Json, names: list[str]) -> None:
    """The last cluster was joined under another ID before, and its old records were left (submariner#3411)."""
    old = names[-1] + "-old"
    broker = digests[names[0]]["brokers"][0]
    for endpoint in [e for e in broker["endpoints"] if e["cluster_id"] == names[-1]]:
        broker["endpoints"].append(json.loads(json.dumps(endpoint).replace(names[-1], old)))
    for record in [c for c in broker["clusters"] if c["cluster_id"] == names[-1]]:
        broker["clusters"].append({**record, "name": old, "cluster_id": old})
    for name in names[:-1]:
        for gateway in digests[name]["gateways"]:
            gateway["connections"] += [
                line.replace(names[-1], old) for line in gateway["connections"] if line.startswith(f"{names[-1]} ")
            ]


def _watched(name: str, names: list[str], draw: random.Random) -> Json:
    connections = [
        {
            "to": other,
            "status": "connected",
            "message": "",
            "latency": f"{draw.lognormvariate(2.2, 0.6):.2f}ms",
            "remote": f"{other}-worker",
            "cable": f"{MARK}-{other}",
            "proven": True,
        }
        for other in names
        if other != name
    ]
    return {"stability": "stable", "events": [], "connections": connections, "seconds": 15.2}


def _direction(source: str, target: str) -> Json:
    return {
        "from_cluster": source,
        "from_node": f"{source}-worker",
        "from_role": "other",
        "to_node": f"{target}-worker",
        "to_role": "gateway",
        "to_cluster": target,
        "by": "pod-address",
        "address": "10.0.0.1",
        "verdict": "works",
        "said": "",
        "mtu": {},
    }


def steps(clusters: list[str], *, failing: str = "", seed: int = 1) -> list[Json]:
    """The journal of a reinstallation of `clusters`, the first of which has the broker; it may end at `failing`."""
    draw = random.Random(seed)  # noqa: S311  no secret
    found: list[Json] = []
    now = 6.0

    def all_at_once(step: str, variant: str, length: float, **more: t.Any) -> None:
        nonlocal now
        longest = 0.0
        for cluster in clusters:
            took = length * draw.uniform(0.7, 1.4)
            longest = max(longest, took)
            found.append(_step(step, variant, cluster, now + draw.uniform(0, 0.4), took, **_each(more, cluster)))
        now += longest + 1.2

    def _each(more: Json, cluster: str) -> Json:
        return {k: v(cluster) if callable(v) else v for k, v in more.items()}

    all_at_once("cleanup", "member", 22.0, removed=_objects)
    all_at_once("node_cleanup", "apply", 6.0, removed=_settings)
    if failing:
        found[-1] |= {
            "failed": True,
            "message": f"{failing}: 1 node could not be inspected, {failing}-worker2 is not Ready",
            "remaining": [
                {"kind": "chain", "name": "SUBMARINER-FORWARD", "node": f"{failing}-worker2", "cause": "not Ready"}
            ],
        }
        return found
    all_at_once("cleanup", "member+broker", 15.5)
    found.append(_step("broker", "", clusters[0], now, 11.0))
    now += 12.0
    for cluster in clusters:
        found.append(_step("member", "", cluster, now, 14.0 * draw.uniform(0.8, 1.3)))
        now += found[-1]["seconds"] + 0.8
        found.append(_step("wait_for_single_endpoint", "", cluster, now, 5.2))
        now += 6.0
    all_at_once("wait_for_connections", "", 18.0)
    for variant, length in (("serve", 5.0), ("probe", 3.0), ("absent", 1.5)):
        all_at_once("data_path", variant, length)
    return found


def _step(step: str, variant: str, cluster: str, at: float, took: float, **more: t.Any) -> Json:
    return {
        "step": step,
        "variant": variant,
        "host": cluster,
        "cluster": cluster,
        "began": round(BEGAN + at, 2),
        "seconds": round(took, 2),
        "check": False,
        "changed": True,
        "failed": False,
        "tolerated": False,
        "verdict": "pass",
        "findings": [],
        "removed": [],
        "remaining": [],
        **more,
    }


def _objects(cluster: str) -> list[Json]:
    kinds = {
        "ClusterRole": [f"submariner-{n}" for n in ("diagnose", "gateway", "globalnet", "operator", "routeagent")],
        "CustomResourceDefinition": [
            f"{n}.submariner.io" for n in ("brokers", "clusters", "endpoints", "gateways", "submariners")
        ],
        "Deployment": ["submariner-operator"],
        "Namespace": ["submariner-operator"],
    }
    found = [
        {"kind": k, "name": n, "why": "made by Submariner's operator"} for k, names in kinds.items() for n in names
    ]
    return [
        *found,
        {"kind": "Endpoint", "namespace": "submariner-operator", "name": f"{cluster}-{MARK}", "why": "a record"},
    ]


def _settings(cluster: str) -> list[Json]:
    names = {"link": ["vx-submariner", "vxlan-tunnel"], "rule": ["100", "150"], "chain": ["SUBMARINER-FORWARD"]}
    return [
        {"kind": kind, "name": name, "node": f"{cluster}-worker", "why": "the name is Submariner's own"}
        for kind, of_kind in names.items()
        for name in of_kind
    ]
