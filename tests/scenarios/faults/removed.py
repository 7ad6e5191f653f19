# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an installation to none, step by step: nothing of it is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios.faults import objects as obj
from tests.scenarios.faults.fault import BROKER_NAMESPACE, MEMBER, fault, kubectl
from tests.scenarios.fleet import BROKER
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import Stage

_HOLDER = "held-by-a-scenario"


@contextmanager
def _resource_going(stage: Stage) -> Iterator[None]:
    """No operator takes its finalizer away."""
    kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "delete", "deployment", "submariner-operator")
    kubectl(stage, MEMBER, "delete", *obj.SUBMARINER, "--wait=false")
    yield


@contextmanager
def _resource_gone(stage: Stage) -> Iterator[None]:
    release = json.dumps({"metadata": {"finalizers": None}})
    kubectl(stage, MEMBER, "patch", *obj.SUBMARINER, "--type=merge", "-p", release)
    yield


@contextmanager
def _export_left(stage: Stage) -> Iterator[None]:
    kubectl(stage, MEMBER, "create", "-f", "-", stdin=json.dumps(obj.EXPORT))
    try:
        yield
    finally:
        kubectl(stage, MEMBER, "delete", "-f", "-", stdin=json.dumps(obj.EXPORT))


def _held(namespace: str) -> str:
    metadata = {"name": _HOLDER, "namespace": namespace, "finalizers": ["scenarios.example/never"]}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


@contextmanager
def _broker_going(stage: Stage) -> Iterator[None]:
    """Something in its namespace has a finalizer that nobody serves."""
    kubectl(stage, BROKER, "create", "-f", "-", stdin=_held(BROKER_NAMESPACE))
    kubectl(stage, BROKER, "delete", "namespace", BROKER_NAMESPACE, "--wait=false")
    try:
        yield
    finally:
        release = json.dumps({"metadata": {"finalizers": None}})
        kubectl(stage, BROKER, "-n", BROKER_NAMESPACE, "patch", "configmap", _HOLDER, "--type=merge", "-p", release)


@contextmanager
def _broker_gone(stage: Stage) -> Iterator[None]:
    kubectl(stage, BROKER, "wait", f"namespace/{BROKER_NAMESPACE}", "--for=delete", "--timeout=50s")
    yield


# From the first step on west's connections and records are as a removal leaves them.
_LEAVING = frozenset(
    {
        "broker.unmanaged", "connection.ghost", "endpoint.ghost", "cluster.ghost", "connection.missing",
        "connection.not-connected", "endpoint.missing", "cluster.missing", "endpoint.stale-copy", "routeagent.error",
    }
)  # fmt: skip

REMOVALS = {
    "its resource is going": fault(_resource_going, "submariner.going", "operator.none", may=_LEAVING),
    "its resource is gone": fault(_resource_gone, "submariner.not-installed", may=_LEAVING),
    "what it left": fault(
        _export_left, "residue.left", "residue.shared-definitions", "residue.exports", "submariner.not-installed",
        may=_LEAVING, submariner_verify_residue=True,
    ),
    "the broker is going": fault(_broker_going, "namespace.terminating", "submariner.not-installed", may=_LEAVING),
    "the broker is gone": fault(_broker_gone, "broker.none", "submariner.not-installed", may=_LEAVING),
}  # fmt: skip
