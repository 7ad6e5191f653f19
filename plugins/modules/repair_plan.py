#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: repair_plan
short_description: Find the smallest step that heals each finding of a clusterset
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Takes what M(submariner.lifecycle.cluster_info) read of every cluster and plans for each finding the smallest step that
    heals it, such as the restart of one pod or the removal of one record. M(submariner.lifecycle.repair) carries it out.
    Talks to no cluster.
  - Findings that no such step heals are returned with the reason, and so are those whose step would do harm as things are,
    for example the restart of a gateway while the broker is away.
  - A record is removed only when it is proven to be of a cluster that does not run. It is when its host in the inventory has
    no installation; when two of gateway address, node and CIDRs are those of a cluster that runs under another ID; or when
    O(ghosts) says so.
options:
  digests:
    description: RV(submariner.lifecycle.cluster_info#module:digest) by inventory host.
    type: dict
    required: true
  unanswered:
    description: Why there is no digest of a host, by inventory host.
    type: dict
    default: {}
  broker:
    description: Inventory host of the broker.
    type: str
    required: true
  members:
    description: Inventory hosts that are to be joined; by default those of O(digests).
    type: list
    elements: str
  ghosts:
    description: IDs of clusters that the user declares dead.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
seealso:
  - module: submariner.lifecycle.repair
  - module: submariner.lifecycle.fleet_check
"""

EXAMPLES = r"""
- name: What would heal east and west
  submariner.lifecycle.repair_plan:
    broker: east
    digests:
      east: "{{ hostvars.east.info.digest }}"
      west: "{{ hostvars.west.info.digest }}"
  register: plan
"""

RETURN = r"""
steps:
  description: What is to be done, in this order.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Inventory host on whose cluster it is done.
      type: str
      sample: east
    cluster_id:
      description: ID of that cluster.
      type: str
    phase:
      description: V(operator), V(records), V(routes), V(gateways) or V(leftovers); what comes later may no longer be needed then.
      type: str
    action:
      description: What is done, by name.
      type: str
      sample: remove-records
    does:
      description: What is done, in words.
      type: str
    why:
      description: What is wrong, and for records by what they are known to be of no running cluster.
      type: list
      elements: str
    heals:
      description: Ids of the findings.
      type: list
      elements: str
      sample: [endpoint.ghost, cluster.ghost]
    proof:
      description: What proves that it healed.
      type: str
    deletes:
      description: Whether records are deleted.
      type: bool
    targets:
      description: The records that it may touch.
      type: list
      elements: dict
unhealed:
  description: Findings that no step heals, each with C(id), C(subject), C(observed), and the reason in C(why).
  returned: success
  type: list
  elements: dict
follows:
  description: Findings that should go with what the steps heal.
  returned: success
  type: list
  elements: dict
deletes:
  description: Whether any step deletes records.
  returned: success
  type: bool
lines:
  description: All of it for people.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._repair import Plan, plan


def words(found: Plan) -> list[str]:
    """The plan, a line for each thing."""
    lines = []
    for step in (s.as_dict() for s in found.steps):
        targets = [f"{target['kind']} {target['name']}" for target in step["targets"] if "name" in target]
        lines.append(f"{step['host']}: {step['does']}" + (f": {', '.join(targets)}" if targets else ""))
        lines.append(f"  because: {'; '.join(step['why'])}")
        lines.append(f"  heals {', '.join(step['heals'])}; proven when {step['proof']}")
    lines += [f"not healed: [{f.id}] {f.subject} {f.observed}: {why}" for f, why in found.unhealed]
    lines += [f"should follow: [{f.id}] {f.subject} {f.observed}" for f in found.follows]
    return lines or ["nothing to repair"]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "digests": {"type": "dict", "required": True},
            "unanswered": {"type": "dict", "default": {}},
            "broker": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str"},
            "ghosts": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["broker"] not in params["digests"]:
        module.fail_json(msg="broker: there is no digest of '{broker}'; read its cluster, too.".format(**params))
    dead = frozenset(params["ghosts"])
    fleet = Fleet.of(
        params["digests"],
        params["broker"],
        params["members"],
        declared_dead=dead,
        unanswered=params["unanswered"],
    )
    found = plan(fleet)
    result: Json = {
        "changed": False,
        "steps": [s.as_dict() for s in found.steps],
        "unhealed": [{**f.as_dict(), "why": why} for f, why in found.unhealed],
        "follows": [f.as_dict() for f in found.follows],
        "lines": words(found),
    }
    module.exit_json(deletes=any(s["deletes"] for s in result["steps"]), **result)


if __name__ == "__main__":
    main()
