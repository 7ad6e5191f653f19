#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_connections
short_description: Wait until one member is connected to all others and its workloads are ready
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Judges one member's direction to every other; run on all members it covers both directions of each pair.
  - A connection to a cluster that is not expected is a finding even when it is connected. A Gateway that is no longer
    updated is stale, whatever its status says.
  - The status says nothing about pods of non-gateway nodes; M(submariner.lifecycle.data_path) tries those.
options:
  cluster_id:
    description: ID of the member.
    type: str
    required: true
  joined:
    description: IDs of all members that must be connected. IDs on the broker outside of O(inventory) are expected too.
    type: list
    elements: str
    required: true
  inventory:
    description: IDs of all members of the inventory.
    type: list
    elements: str
    default: []
  broker:
    description: How to reach the broker's cluster; authentication options as for the member.
    type: dict
    required: true
  broker_namespace:
    description: Namespace of the broker.
    type: str
    default: submariner-k8s-broker
  operator_namespace:
    description: Namespace of the operator.
    type: str
    default: submariner-operator
  timeout:
    description: Seconds to wait.
    type: int
    default: 180
  window:
    description:
      - Seconds for which everything must stay right without a break. With less than 6 it is not seen whether the Gateway is
        still being updated, and the check for that is left out.
    type: int
    default: 10
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
seealso:
  - module: submariner.lifecycle.wait_for_single_endpoint
"""

EXAMPLES = r"""
- name: West is connected to east
  submariner.lifecycle.wait_for_connections:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    joined: [east, west]
    broker:
      kubeconfig: ~/.kube/config
      context: east
"""

RETURN = r"""
findings:
  description: What is wrong, with cause and hint; empty when all is well.
  returned: always
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
  sample: pass
connections:
  description: The connections of the active gateway, each with C(to), C(status), C(message), C(latency), C(remote).
  returned: always
  type: list
  elements: dict
gateway:
  description: Name of the active gateway node, empty without one.
  returned: always
  type: str
seconds:
  description: How long it took.
  returned: always
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.connections import (
    check_connections,
    stale_gateways,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import Members
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import check_workloads
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, Snapshot, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold

MEMBER_KEYS = ("submariners", "deployments", "daemonsets", "pods", "gateways", "routeagents", "endpoints")
BROKER_KEYS = ("endpoints", "clusters")

UPDATE = 6
"""Seconds within which a living Gateway is updated (every 5 s, submariner.md 4.2)."""


def run(module: AnsibleModule) -> Json:
    params = module.params
    member_api, broker_api = connect(module), connect(module, params["broker"])
    members = Members(frozenset(params["joined"]), frozenset(params["inventory"]) | frozenset(params["joined"]))
    namespace, cluster_id = params["broker_namespace"], params["cluster_id"]
    seen: dict[str, Snapshot] = {}

    def check() -> list[Finding]:
        seen["member"] = observe(member_api, (), params["operator_namespace"], keys=MEMBER_KEYS)
        broker = observe(broker_api, (), params["operator_namespace"], keys=BROKER_KEYS)
        expected = members.expected(broker, namespace)
        seen.setdefault("first", seen["member"])
        return check_workloads(seen["member"], cluster_id) + check_connections(
            seen["member"], broker, namespace, cluster_id, expected
        )

    held = hold(check, params["timeout"], params["window"])
    findings = held.findings
    if held.ok and held.held >= UPDATE:
        findings = findings + stale_gateways(seen["first"], seen["member"], cluster_id)
    active = [g for g in seen["member"].gateways if g.ha_status == "active"]
    return {
        "changed": False,
        "findings": [f.as_dict() for f in findings],
        "verdict": verdict(findings) if held.ok or verdict(findings) != "pass" else "fail",
        "connections": [
            {"to": c.cluster_id, "status": c.status, "message": c.message, "latency": c.latency, "remote": c.hostname}
            for g in active
            for c in g.connections
        ],
        "gateway": active[0].name if len(active) == 1 else "",
        "seconds": round(held.seconds, 1),
    }


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        cluster_id={"type": "str", "required": True},
        joined={"type": "list", "elements": "str", "required": True},
        inventory={"type": "list", "elements": "str", "default": []},
        broker=dict(broker_spec(), required=True),
        broker_namespace={"type": "str", "default": "submariner-k8s-broker"},
        operator_namespace={"type": "str", "default": "submariner-operator"},
        timeout={"type": "int", "default": 180},
        window={"type": "int", "default": 10},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if result["verdict"] in ("fail", "unknown"):
            wrong = "; ".join(Finding(**f).line() for f in result["findings"] if f["severity"] in ("error", "unknown"))
            module.fail_json(msg=f"{module.params['cluster_id']} is not connected to all others: {wrong}", **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
