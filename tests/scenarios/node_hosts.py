# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that no pod can look at are cleaned as hosts: over their own connection, and proven."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios import nodes
from tests.scenarios.judge import MEMBER_NAMESPACE, OWN_NAMESPACE
from tests.scenarios.leftovers import left
from tests.scenarios.stage import Stage

_CONFIRM = ("-e", "submariner_confirm=uninstall")
_NAME = "no-pods-of-a-scenario"


def as_hosts(stage: Stage) -> None:
    """Without hosts the run says which nodes it does not know; with them it cleans them."""
    stage.damage("healthy")
    lab = stage.fleet.lab
    machines = {node.name: stage.machine(node.cluster) for node in lab.nodes()}
    for cluster in stage.fleet.names:  # else the operator would clean the nodes itself
        lab.kubectl(cluster, "-n", MEMBER_NAMESPACE, "delete", "deployment", "submariner-operator")
    with _no_pods(stage):
        refused = stage.play("uninstall", *_CONFIRM, name="without hosts")
        said = " ".join(failure.message for failure in refused.failures)
        stage.require([] if refused.code else ["it ended with 0"], "nodes that were not looked at end the run")
        stage.require([node for node in machines if node not in said], "it names the nodes")
        dirty = [node for node, dump in stage.fleet.nodes().items() if nodes.of_submariner(dump)]
        stage.require([] if dirty else ["none"], "nodes still have something of Submariner")
        stage.notes.append(f"{len(dirty)} nodes to clean")
        inventory = stage.inventory()
        inventory.nodes = machines
        stage.succeed("uninstall", *_CONFIRM, inventory=inventory, name="with hosts")
    stage.require(left(stage.fleet), "nothing of Submariner is left")


@contextmanager
def _no_pods(stage: Stage) -> Iterator[None]:
    """No pod is admitted into the collection's namespace."""
    group = "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": OWN_NAMESPACE}}
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": _NAME},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
            "validations": [{"expression": "false", "message": "no pods here"}],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": _NAME},
        "spec": {"policyName": _NAME, "validationActions": ["Deny"]},
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [policy, binding]})
    lab = stage.fleet.lab
    try:
        for cluster in stage.fleet.names:
            lab.kubectl(cluster, "create", "-f", "-", stdin=text)
        yield
    finally:
        for cluster in stage.fleet.names:
            lab.kubectl(cluster, "delete", "-f", "-", "--ignore-not-found", stdin=text)
