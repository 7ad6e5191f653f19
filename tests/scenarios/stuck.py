# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first symptom of submariner#3411: a deploy-broker that cannot end is stopped, and its cause is said."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.scenarios.fleet import BROKER
from tests.scenarios.inventory import Inventory
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import ScenarioFailed, Stage

_DEPLOY = "Deploy | broker"
_HOLDER = "held-by-a-scenario"


@contextmanager
def _image_missing(stage: Stage, inventory: Inventory) -> Iterator[str]:
    inventory.common["submariner_repository"] = "quay.io/nobody"
    # These are to be had, so that the run comes as far as the broker.
    for variable, image in {"node": "submariner-route-agent", "nettest": "nettest"}.items():
        inventory.common[f"submariner_{variable}_image"] = f"quay.io/submariner/{image}:{stage.fleet.state.version}"
    yield "quay.io/nobody"


@contextmanager
def _no_node(stage: Stage, _inventory: Inventory) -> Iterator[str]:
    names = [node.name for node in stage.fleet.lab.nodes() if node.cluster == BROKER]
    stage.fleet.lab.kubectl(BROKER, "cordon", *names)
    try:
        yield "unschedulable"
    finally:
        stage.fleet.lab.kubectl(BROKER, "uncordon", *names)


@contextmanager
def _namespace_going(stage: Stage, _inventory: Inventory) -> Iterator[str]:
    """Something in it has a finalizer that nobody serves."""
    holder = {
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": _HOLDER, "namespace": MEMBER_NAMESPACE, "finalizers": ["scenarios.example/never"]},
    }  # fmt: skip
    lab = stage.fleet.lab
    lab.kubectl(BROKER, "create", "namespace", MEMBER_NAMESPACE)
    lab.kubectl(BROKER, "create", "-f", "-", stdin=json.dumps(holder))
    lab.kubectl(BROKER, "delete", "namespace", MEMBER_NAMESPACE, "--wait=false")
    try:
        yield MEMBER_NAMESPACE
    finally:
        release = json.dumps({"metadata": {"finalizers": None}})
        lab.kubectl(BROKER, "-n", MEMBER_NAMESPACE, "patch", "configmap", _HOLDER, "--type=merge", "-p", release)


@contextmanager
def _not_admitted(stage: Stage, _inventory: Inventory) -> Iterator[str]:
    """A quota refuses the operator's pod, so that none is ever there to look at."""
    lab = stage.fleet.lab
    lab.kubectl(BROKER, "create", "namespace", MEMBER_NAMESPACE)
    lab.kubectl(BROKER, "-n", MEMBER_NAMESPACE, "create", "quota", "none", "--hard=pods=0")
    try:
        yield "exceeded quota"
    finally:
        lab.kubectl(BROKER, "-n", MEMBER_NAMESPACE, "delete", "quota", "none")


CAUSES = {
    "image-missing": _image_missing,
    "no-node": _no_node,
    "namespace-going": _namespace_going,
    "not-admitted": _not_admitted,
}


def by(cause: str) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.damage("clean")
        inventory = stage.inventory()
        with CAUSES[cause](stage, inventory) as word, stage.playbook("install", inventory=inventory) as running:
            reached = running.wait_for(_DEPLOY)
            begun = time.monotonic()
            ended = running.finish()
            stage.notes.append(f"stopped after {time.monotonic() - begun:.0f} s")
        said = [failure.message for failure in ended.failures]
        if not reached:
            raise ScenarioFailed(f"the run ended before deploy-broker: {'; '.join(said)}")
        stage.require([] if ended.code else ["it ended with 0"], "the installation fails")
        stage.require([] if any(word in text for text in said) else said or ["no message"], f"the cause names {word}")
        stage.require([text for text in said if "\n" in text.strip()], "the cause is one line")

    return act
