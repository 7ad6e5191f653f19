# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows when 200 clusters are seen together."""

from __future__ import annotations

import copy
import time

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from tests.unit.plugins.module_utils.test_fleet import recorded, told


def many(count: int) -> dict[str, Json]:
    """Digests of a fleet, all connected, made from the recorded ones."""
    model = recorded()["west"]
    model["findings"] = {check: [] for check in model["findings"]}
    broker = recorded()["east"]["brokers"][0]
    fleet: dict[str, Json] = {}
    ids = [f"c{n:03}" for n in range(count)]
    places = {i: (f"172.20.{n // 250}.{n % 250 + 1}", f"10.{n}.0.0/16") for n, i in enumerate(ids)}
    briefs = {
        i: {
            "namespace": "submariner-operator",
            "name": f"{i}-submariner-cable-{i}",
            "cluster_id": i,
            "origin": "",
            "hostname": f"{i}-worker",
            "private_ip": address,
            "public_ip": "",
            "cable_name": f"submariner-cable-{i}",
            "subnets": [cidr],
        }
        for i, (address, cidr) in places.items()
    }
    marks = {i: marked(b) for i, b in briefs.items()}
    for i in ids:
        others = [o for o in ids if o != i]
        fleet[i] = {
            **copy.deepcopy(model),
            "uid": i,
            "cluster_id": i,
            "wanted_id": i,
            "cluster_cidrs": [places[i][1]],
            "service_cidrs": [],
            "exports": [],
            "own_endpoints": [briefs[i]],
            "copies": {o: marks[o] for o in others},
            "clusters": ids,
            "identity": {"ids": [i], "nodes": [f"{i}-worker"], "addresses": [places[i][0]], "pod_cidrs": []},
            "gateways": [
                {
                    "name": f"{i}-worker",
                    "status": "active",
                    "cable": f"submariner-cable-{i}",
                    "connections": [f"{o} connected submariner-cable-{o}" for o in others],
                }
            ],
        }
    fleet["c000"]["brokers"] = [
        {
            **broker,
            "endpoints": [{**b, "origin": i, "namespace": "submariner-k8s-broker"} for i, b in briefs.items()],
            "clusters": [{"name": i, "cluster_id": i, "cluster_cidr": []} for i in ids],
            "imports": {},
        }
    ]
    return fleet


def marked(brief: Json) -> str:
    from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Endpoint

    return Endpoint.of_brief(brief).mark


def test_all_39800_directions_of_200_clusters_in_under_two_seconds() -> None:
    digests = many(200)
    begin = time.process_time()
    found = check_fleet(Fleet.of(digests, "c000"), tuple(CHECKS))
    seconds = time.process_time() - begin
    assert told(found) == {}
    assert seconds < 2


def test_one_dead_gateway_of_many_is_two_findings() -> None:
    digests = many(50)
    for host, one in digests.items():
        lines = one["gateways"][0]["connections"]
        for number, line in enumerate(lines):
            if host == "c007" or line.startswith("c007 "):
                lines[number] = line.replace("connected", "error")
    found = check_fleet(Fleet.of(digests, "c000"), ("connections",))
    assert [(f.id, f.subject) for f in found] == [
        ("connection.not-connected", "c007 -> all 49 others"),
        ("connection.not-connected", "all 49 others -> c007"),
    ]


def test_one_bad_direction_of_many_is_named() -> None:
    digests = many(50)
    digests["c007"]["gateways"][0]["connections"][3] = "c003 connecting submariner-cable-c003"
    found = check_fleet(Fleet.of(digests, "c000"), ("connections",))
    assert [f.subject for f in found] == ["c007 -> c003"]


def test_a_ghost_among_many_is_found_once_and_where_it_is_copied() -> None:
    digests = many(20)
    ghost = {**digests["c005"]["own_endpoints"][0], "cluster_id": "old", "origin": "old", "name": "old-cable"}
    digests["c000"]["brokers"][0]["endpoints"].append(ghost)
    for host in ("c001", "c002"):
        digests[host]["copies"]["old"] = marked(ghost)
    found = check_fleet(Fleet.of(digests, "c000"), ("endpoints",))
    assert told(found) == {"endpoint.ghost": "Endpoint old-cable", "cluster.two-ids": "clusters old and c005"}
    assert "c001, c002" in found[0].observed
