#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: repair
short_description: Carry out steps of a repair on one cluster, each until it is proven
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Restarts pods of Submariner and removes records as M(submariner.lifecycle.repair_plan) planned it, and waits after each
    step for what proves that it healed. A step that is not proven in time fails the task with what is still wrong.
  - What is deleted is read again first. A record that is not the one that was judged any more is left alone, and the task
    fails. No gateway is restarted while the broker does not answer.
options:
  steps:
    description:
      - Steps for this cluster, as in RV(submariner.lifecycle.repair_plan#module:steps).
    type: list
    elements: dict
    required: true
  broker:
    required: true
  timeout:
    description: Seconds for each proof.
    type: int
    default: 120
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - A step that restarts a pod does so each time. Plan anew before each run; a healed clusterset has no steps.
seealso:
  - module: submariner.lifecycle.repair_plan
  - module: submariner.lifecycle.cleanup
"""

EXAMPLES = r"""
- name: Carry out what was planned for the east cluster
  submariner.lifecycle.repair:
    kubeconfig: ~/.kube/config
    context: east
    broker:
      kubeconfig: ~/.kube/config
      context: east
    steps: "{{ plan.steps | selectattr('host', 'eq', 'east') }}"
"""

RETURN = r"""
done:
  description: The steps that were carried out.
  returned: unless it could not begin
  type: list
  elements: dict
  contains:
    action:
      description: The step.
      type: str
      sample: restart-gateway
    heals:
      description: Ids of the findings.
      type: list
      elements: str
    touched:
      description: What was restarted or removed.
      type: list
      elements: str
      sample: [Pod submariner-gateway-x7k2p]
    left:
      description: What is still wrong, empty when the step is proven.
      type: list
      elements: str
    seconds:
      description: How long it took.
      type: float
removed:
  description: Records that were removed.
  returned: unless it could not begin
  type: list
  elements: str
  sample: [Endpoint west-submariner-cable-west-10-202-0-2, Cluster west]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    OPERATOR_NAMESPACE,
    Json,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._remedies import ACTIONS
from ansible_collections.submariner.lifecycle.plugins.module_utils._repair_steps import Done, Repair


def refuse_nonsense(module: AnsibleModule) -> None:
    for step in module.params["steps"]:
        if step.get("action") not in ACTIONS:
            known = ", ".join(sorted(ACTIONS))
            module.fail_json(
                msg=f"steps: action is one of {known}, not '{step.get('action')}'. Take them from repair_plan."
            )
        if not step.get("cluster_id"):
            module.fail_json(msg=f"steps: {step['action']} names no cluster_id. Take the steps from repair_plan.")


def result(module: AnsibleModule, done: list[Done]) -> Json:
    touched = [name for item in done for name in item.touched]
    answer: Json = {
        "changed": bool(module.params["steps"]) if module.check_mode else bool(touched),
        "done": [item.as_dict() for item in done],
        "removed": [name for name in touched if not name.startswith("Pod ")],
    }
    if module._diff:
        planned = [f"{s['action']}: {'; '.join(s.get('why') or [])}\n" for s in module.params["steps"]]
        left = [f"{item.action}: {'; '.join(item.left)}\n" for item in done if item.left]
        answer["diff"] = {
            "before": "".join(planned),
            "after": "".join(left),
            "before_header": "to be repaired",
            "after_header": "left",
        }
    return answer


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        steps={"type": "list", "elements": "dict", "required": True},
        broker=dict(broker_spec(), required=True),
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
        timeout={"type": "int", "default": 120},
    )
    module = Module(argument_spec=spec, supports_check_mode=True)
    params = module.params
    refuse_nonsense(module)
    try:
        here, broker = connect(module), connect(module, params["broker"])
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    work = Repair(here, broker, params["broker_namespace"], params["operator_namespace"], float(params["timeout"]))
    try:
        for step in [] if module.check_mode else params["steps"]:
            if not work.do(step):
                break
    except ApiFailure as error:
        module.fail_json(msg=str(error), **result(module, work.done))
    unproven = [f"{item.action}: {'; '.join(item.left)}" for item in work.done if item.left]
    if unproven:
        module.fail_json(
            msg=f"Not healed within {params['timeout']} s: {unproven[0]}. If it stays, run the playbook reinstall.",
            **result(module, work.done),
        )
    module.exit_json(**result(module, work.done))


if __name__ == "__main__":
    main()
