#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evict_check
short_description: Judge whether clusters are dead, so that they may be evicted
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Takes what M(submariner.lifecycle.cluster_info) read of every cluster, and lists for each cluster that is to be evicted the
    signs of life and of death, with whom they come from. Talks to no cluster.
  - That an API server does not answer is no death. Proof is a cluster whose API answers and has no installation, or a failed
    health check that a peer's gateway reports while it is being updated, or the user's word in O(ghosts).
  - A sign of life refuses whatever else there is, such as a gateway that reports, or a peer whose health check passes. What
    cannot be told is no proof.
options:
  cluster_ids:
    description: IDs of the clusters that are to be evicted.
    type: list
    elements: str
    required: true
  digests:
    description:
      - RV(submariner.lifecycle.cluster_info#module:digest) by inventory host, for all of them. An empty one is of a cluster
        that could not be read.
    type: dict
    required: true
  unanswered:
    description: Why there is no digest of a host, by inventory host.
    type: dict
    default: {}
  ids:
    description: The cluster ID that the inventory gives to each host, also of hosts that could not be read.
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
  - module: submariner.lifecycle.evict
  - module: submariner.lifecycle.wait_for_eviction
"""

EXAMPLES = r"""
- name: Whether west, which does not answer, is dead
  submariner.lifecycle.evict_check:
    cluster_ids: [west]
    broker: east
    digests:
      east: "{{ hostvars.east.info.digest }}"
      west: {}
    unanswered:
      west: "{{ hostvars.west.info.msg }}"
    ids: {east: east, west: west}
  register: judged
"""

RETURN = r"""
cases:
  description: Each of the clusters.
  returned: success
  type: list
  elements: dict
  contains:
    cluster_id:
      description: Its ID.
      type: str
      sample: west
    proven:
      description: Whether it is proven dead.
      type: bool
    why:
      description: The proof in words, empty without one.
      type: str
      sample: "peer east gets no answer from it: error"
    signs:
      description:
        - Who (C(who)) says what (C(says)), and what was observed (C(observed)). C(says) is V(lives), V(unread), V(declared dead),
          V(gone), V(fails), V(not proven) or V(silent).
      type: list
      elements: dict
    records:
      description: Its records on the broker as they were judged.
      type: list
      elements: dict
proven:
  description: Whether all of them are proven dead.
  returned: success
  type: bool
findings:
  description: For each that is not, why, and the way out.
  returned: success
  type: list
  elements: dict
not_shown:
  description: Findings about peers of which it will not be known whether they lost these clusters, and no others.
  returned: success
  type: list
  elements: dict
connected:
  description: For each peer that was read, by inventory host, the IDs of the clusters to which its gateway is connected.
  returned: success
  type: dict
  sample: {east: [west]}
namespace:
  description: Namespace of the broker.
  returned: success
  type: str
  sample: submariner-k8s-broker
lines:
  description: The signs as a table for people.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._evict import Question, connected
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, text


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "cluster_ids": {"type": "list", "elements": "str", "required": True},
            "digests": {"type": "dict", "required": True},
            "unanswered": {"type": "dict", "default": {}},
            "ids": {"type": "dict", "default": {}},
            "broker": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str"},
            "ghosts": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    fleet = Fleet.of(
        {str(host): mapping(digest) for host, digest in params["digests"].items()},
        params["broker"],
        params["members"],
        declared_dead=frozenset(params["ghosts"]),
        unanswered=params["unanswered"],
    )
    if fleet.broker is None:
        why = text(params["unanswered"].get(params["broker"])) or "no broker is there, or it was not answered"
        module.fail_json(
            msg=f"The broker on {params['broker']} could not be read: {why.rstrip('.')}. A cluster is evicted from a broker that"
            " answers; where there is none any more, the playbook reinstall makes a new clusterset."
        )
        return
    question = Question.of(fleet, fleet.broker, params["cluster_ids"], params["ids"])
    cases = [question.case(i) for i in dict.fromkeys(params["cluster_ids"])]
    result: Json = {
        "changed": False,
        "cases": [c.as_dict() for c in cases],
        "proven": all(c.proven for c in cases),
        "findings": [f.as_dict() for c in cases for f in c.findings()],
        "not_shown": [f.as_dict() for f in question.not_shown()],
        "connected": {h.name: connected(h) for h in question.peers if h.knows("gateways", "endpoints")},
        "namespace": fleet.broker.namespace,
        "lines": [line for c in cases for line in c.lines()],
    }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
