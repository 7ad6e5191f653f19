#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_single_endpoint
short_description: Wait until there is exactly one Endpoint per cluster, on the broker and in one member
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Judges the Endpoint and Cluster records of the broker and of one member, counted per namespace, and the member's own
    Endpoint against its lease, its active gateway pod, its Gateway and its nodes.
  - Two IDs behind one gateway address, or with the same CIDRs, are one cluster twice, however connected they are.
  - Run it on every member that has joined so far; it fails with the names of the records that are wrong.
options:
  cluster_id:
    description: ID of the member.
    type: str
    required: true
  joined:
    description: IDs that must be there now, normally those of all members joined so far.
    type: list
    elements: str
    required: true
  inventory:
    description:
      - IDs of all members of the inventory. A record of one of these that is not in O(joined) is a ghost; a record of any
        other ID is a cluster that others manage, and is expected like the joined ones.
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
    default: 120
  window:
    description: Seconds for which everything must stay right without a break.
    type: int
    default: 5
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
seealso:
  - module: submariner.lifecycle.wait_for_connections
"""

EXAMPLES = r"""
- name: Exactly one Endpoint for east and west, as west sees it
  submariner.lifecycle.wait_for_single_endpoint:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    joined: [east, west]
    inventory: [east, west]
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
endpoints:
  description: The Endpoints of the last reading, by namespace (C(broker), C(member)).
  returned: always
  type: dict
seconds:
  description: How long it took.
  returned: always
  type: float
readings:
  description: How many times both clusters were read.
  returned: always
  type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import (
    Members,
    check_broker,
    check_member,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, Snapshot, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold

MEMBER_KEYS = ("endpoints", "gateways", "pods", "leases", "nodes")
BROKER_KEYS = ("endpoints", "clusters")


def run(module: AnsibleModule) -> Json:
    params = module.params
    member_api, broker_api = connect(module), connect(module, params["broker"])
    members = Members(frozenset(params["joined"]), frozenset(params["inventory"]) | frozenset(params["joined"]))
    namespace = params["broker_namespace"]
    seen: dict[str, Snapshot] = {}

    def check() -> list[Finding]:
        seen["member"] = observe(member_api, (), params["operator_namespace"], keys=MEMBER_KEYS)
        seen["broker"] = observe(broker_api, (), params["operator_namespace"], keys=BROKER_KEYS)
        return check_broker(seen["broker"], namespace, members) + check_member(
            seen["member"], seen["broker"], namespace, params["cluster_id"], members
        )

    held = hold(check, params["timeout"], params["window"])
    return {
        "changed": False,
        "findings": [f.as_dict() for f in held.findings],
        "verdict": verdict(held.findings) if held.ok or verdict(held.findings) != "pass" else "fail",
        "endpoints": {
            "broker": sorted(e.name for e in seen["broker"].endpoints(namespace)),
            "member": sorted(e.name for e in seen["member"].endpoints(params["operator_namespace"])),
        },
        "seconds": round(held.seconds, 1),
        "readings": held.readings,
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
        timeout={"type": "int", "default": 120},
        window={"type": "int", "default": 5},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if result["verdict"] in ("fail", "unknown"):
            wrong = "; ".join(Finding(**f).line() for f in result["findings"] if f["severity"] in ("error", "unknown"))
            module.fail_json(msg=f"Not exactly one Endpoint per cluster: {wrong}", **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
