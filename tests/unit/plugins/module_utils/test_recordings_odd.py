# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects and digests with missing or odd fields: never a traceback, and nothing passes on them."""

from __future__ import annotations

import copy
import json
import random
import typing as t

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_alone, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import SCHEMA, Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import KINDS, snapshot_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._structured import structured
from tests.unit.fake_api import recording

NAMESPACES = ("submariner-operator", "submariner-k8s-broker", "default")
NAMES = ("submariner", "coredns", "submariner-globalnet-info", "submariner-lighthouse-coredns", "cluster-x", "east")
FIELDS = (
    "spec", "status", "name", "namespace", "labels", "annotations", "conditions", "type", "connections", "endpoint",
    "subnets", "cluster_id", "private_ip", "hostname", "clusterID", "globalCIDR", "data", "clusterinfo", "Corefile",
    "containers", "image", "template", "containerStatuses", "state", "waiting", "remoteEndpoints", "deletionTimestamp",
    "connectionHealthCheck", "enabled", "brokerK8sCA", "coreDNSCustomConfig", "serviceDiscoveryEnabled", "version",
    "loadBalancerEnabled", "clusters", "replicas", "creationTimestamp", "finalizers", "brokerK8sApiServer",
)  # fmt: skip
scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(NAMES)
odd = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=14,
)


@st.composite
def objects(draw: st.DrawFn) -> list[Json]:
    """Objects of every kind, some with a name and a namespace that is looked for, all else odd."""
    found = []
    for kind in draw(st.lists(st.sampled_from(sorted(set(KINDS.values()))), max_size=12)):
        obj: Json = {"kind": kind}
        for part in draw(st.sets(st.sampled_from(["spec", "status", "data"]))):
            obj[part] = draw(odd)
        meta = draw(st.dictionaries(st.sampled_from(["labels", "annotations", "finalizers", "uid"]), odd))
        meta["name"] = draw(st.sampled_from(NAMES) | scalar)
        meta["namespace"] = draw(st.sampled_from(NAMESPACES) | scalar)
        obj["metadata"] = draw(st.just(meta) | odd)
        found.append(obj)
    return found


WORDLESS = {"CustomResourceDefinition", "EndpointSlice", "Endpoints", "Role", "ClusterRole", "ClusterRoleBinding"}
"""Large kinds of which nothing but names is read."""
RECORDED = {c: [o for o in recording("globalnet", c) if o["kind"] not in WORDLESS] for c in ("east", "west")}
HEALTHY = {c: digest(snapshot_of(items), c) for c, items in RECORDED.items()}


def judge(digests: t.Mapping[str, t.Any]) -> str:
    return verdict(check_fleet(Fleet.of(digests, "east", ["east", "west"]), tuple(CHECKS)))


@settings(max_examples=80)
@given(objects(), objects())
def test_odd_objects_never_end_in_a_traceback_or_a_pass(east: list[Json], west: list[Json]) -> None:
    snapshots = {"east": snapshot_of(east), "west": snapshot_of(west)}
    digests = {name: digest(snapshot, name) for name, snapshot in snapshots.items()}
    assert judge(json.loads(json.dumps(digests))) in ("fail", "unknown")
    for name, snapshot in snapshots.items():
        json.dumps(structured(snapshot))
        check_alone(name, digests[name])


def places(value: t.Any) -> list[tuple[t.Any, t.Any]]:
    """Every container in a JSON value with every key or index in it."""
    found: list[tuple[t.Any, t.Any]] = []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        found += [(value, key), *places(child)]
    return found


@settings(max_examples=40)
@given(st.randoms(), st.lists(odd, min_size=1, max_size=4))
def test_a_recording_with_odd_values_never_ends_in_a_traceback(chance: random.Random, values: list[t.Any]) -> None:
    digests: Json = {}
    for cluster in ("east", "west"):
        items = copy.deepcopy(RECORDED[cluster])
        for value in values:
            container, key = chance.choice(places(chance.choice(items)))
            container[key] = value
        snapshot = snapshot_of(items)
        digests[cluster] = digest(snapshot, cluster)
        json.dumps(structured(snapshot))
    assert judge(json.loads(json.dumps(digests))) in ("pass", "degraded", "fail", "unknown")


def test_a_healthy_recording_without_one_of_its_objects_of_weight_never_passes() -> None:
    kinds = ("Submariner", "Gateway", "Endpoint", "Cluster", "DaemonSet", "Service", "Node")
    for kind in kinds:
        digests = {c: digest(snapshot_of(o for o in recording("healthy-two-nodes", c) if o["kind"] != kind), c)
                   for c in ("east", "west")}  # fmt: skip
        assert judge(digests) == "fail", kind


KEYS = sorted(digest(snapshot_of(recording("healthy-two-nodes", "east")), "east"))


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["east", "west"]), st.dictionaries(st.sampled_from(KEYS), odd, max_size=12), max_size=2
    )
)
def test_odd_digests_never_end_in_a_traceback_or_a_pass(digests: dict[str, Json]) -> None:
    assert judge(digests) in ("fail", "unknown")
    valid = {host: {**d, "schema": SCHEMA, "read": sorted(KINDS)} for host, d in digests.items()}
    assert judge(valid) in ("fail", "unknown")


@settings(max_examples=80)
@given(st.randoms(), st.lists(odd, min_size=1, max_size=4))
def test_a_digest_with_odd_values_never_ends_in_a_traceback(chance: random.Random, values: list[t.Any]) -> None:
    digests = copy.deepcopy(HEALTHY)
    for value in values:
        container, key = chance.choice(places(digests))
        container[key] = value
    judge(digests)
