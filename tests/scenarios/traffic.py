# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether pods reach pods: one on a gateway node and one on another node of each cluster, all across, both ways.

With Globalnet a pod is reached at the global IP that its exported Service was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.lab.process import parallel, wait_until
from tests.scenarios.fleet import Fleet

_NAMESPACE = "scenario-traffic"
_PORT = "18099"
_LABEL = "submariner.io/gateway"
_READY = "120s"
_GLOBAL_ADDRESS_LIMIT = 60.0
_TRIES = 5
# Answers with the pod's own name, so that a stranger's answer is none. Images have OpenBSD's program, or BusyBox's.
_LISTEN = (f"nc -N -l -p {_PORT}", f"nc -N -l {_PORT}", f"nc -l -p {_PORT}")
_SERVE = "while :; do " + "".join(f'echo "$NAME" | {listen} || ' for listen in _LISTEN) + "sleep 1; done"


@dataclass(frozen=True)
class Place:
    cluster: str
    node: str
    pod: str


@contextmanager
def _pods(fleet: Fleet, image: str) -> Iterator[list[Place]]:
    places = [place for cluster in fleet.members for place in _places(fleet, cluster)]
    parallel(lambda cluster: _namespace(fleet, cluster, "create"), fleet.members)
    try:
        parallel(lambda place: _start(fleet, place, image), places)
        yield places
    finally:
        parallel(lambda cluster: _namespace(fleet, cluster, "delete"), fleet.members)


def _namespace(fleet: Fleet, cluster: str, verb: str) -> None:
    options = ("--ignore-not-found", "--timeout=120s") if verb == "delete" else ()
    fleet.lab.kubectl(cluster, verb, "namespace", _NAMESPACE, *options, timeout=150)


def _places(fleet: Fleet, cluster: str) -> list[Place]:
    listing = json.loads(fleet.lab.kubectl(cluster, "get", "nodes", "-o", "json").out)["items"]
    gateway = [n["metadata"]["name"] for n in listing if n["metadata"]["labels"].get(_LABEL) == "true"]
    other = [n["metadata"]["name"] for n in listing if n["metadata"]["name"] not in gateway]
    chosen = {"gateway": gateway[:1], "other": other[:1]}
    return [Place(cluster, names[0], f"{cluster}-{role}") for role, names in chosen.items() if names]


def _start(fleet: Fleet, place: Place, image: str) -> None:
    container = {
        "name": "traffic", "image": image, "command": ["/bin/sh", "-c", _SERVE],
        "env": [{"name": "NAME", "value": place.pod}],
    }  # fmt: skip
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": place.pod, "namespace": _NAMESPACE, "labels": {"traffic": place.pod}},
        "spec": {"nodeName": place.node, "containers": [container], "terminationGracePeriodSeconds": 1},
    }  # fmt: skip
    fleet.lab.kubectl(place.cluster, "create", "-f", "-", stdin=json.dumps(pod))
    ready = ("wait", "--for=condition=Ready", f"pod/{place.pod}", f"--timeout={_READY}")
    fleet.lab.kubectl(place.cluster, "-n", _NAMESPACE, *ready, timeout=150)


def _address(fleet: Fleet, place: Place) -> str:
    query = ("get", "pod", place.pod, "-o", "jsonpath={.status.podIP}")
    return fleet.lab.kubectl(place.cluster, "-n", _NAMESPACE, *query).out.strip()


def _global_address(fleet: Fleet, place: Place) -> str:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": place.pod, "namespace": _NAMESPACE},
        "spec": {"selector": {"traffic": place.pod}, "ports": [{"port": int(_PORT)}]},
    }  # fmt: skip
    export = {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceExport",
        "metadata": {"name": place.pod, "namespace": _NAMESPACE},
    }  # fmt: skip
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": [service, export]})
    fleet.lab.kubectl(place.cluster, "create", "-f", "-", stdin=listing)
    query = ("get", "globalingressip", place.pod, "-o", "jsonpath={.status.allocatedIP}")
    found: list[str] = []

    def given() -> bool:
        found[:] = fleet.lab.kubectl(place.cluster, "-n", _NAMESPACE, *query, check=False).out.split()
        return bool(found)

    return found[0] if wait_until(given, _GLOBAL_ADDRESS_LIMIT, 1.0) else ""


def complaints(fleet: Fleet, image: str) -> list[str]:
    """A line for every direction in which nothing came through."""
    address = _global_address if fleet.globalnet().get("globalnetEnabled") == "true" else _address
    with _pods(fleet, image) as places:
        addresses = dict(zip(places, parallel(lambda place: address(fleet, place), places), strict=True))
        pairs = [(source, target) for source in places for target in places if source.cluster != target.cluster]
        lost = [] if pairs else ["no two clusters with pods to try"]
        return lost + [
            f"{source.pod} on {source.node} does not reach {target.pod} on {target.node}: {answer}"
            for source, target in pairs
            if (answer := _ask(fleet, source, target, addresses[target])) != target.pod
        ]


def _ask(fleet: Fleet, source: Place, target: Place, address: str) -> str:
    """What answered: the name of the target's pod, or the last complaint."""
    answer = "nobody was asked"
    fetch = ("exec", source.pod, "--", "/bin/sh", "-c", f"nc -w 3 {address} {_PORT} </dev/null")
    for _attempt in range(_TRIES):
        reply = fleet.lab.kubectl(source.cluster, "-n", _NAMESPACE, *fetch, check=False)
        answer = reply.out.strip() or reply.err.strip() or "silence"
        if answer == target.pod:
            break
    return answer
