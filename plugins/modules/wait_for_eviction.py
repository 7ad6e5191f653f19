#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_eviction
short_description: Wait until a member has dropped evicted clusters, and see that it kept the others
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - A running gateway drops its copies of records that went from the broker, and its connections with them. This waits for that,
    and until the member is connected to all others to which it was connected before.
  - Where no gateway runs that would drop the copies, nothing is waited for, and that is a finding.
options:
  cluster_id:
    description: ID of the member.
    type: str
    required: true
  evicted:
    description: IDs of the clusters that went from the broker.
    type: list
    elements: str
    required: true
  connected:
    description:
      - IDs of the clusters to which it was connected before, as in RV(submariner.lifecycle.evict_check#module:connected).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait. At V(0) there is one reading.
    type: int
    default: 60
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
seealso:
  - module: submariner.lifecycle.evict
  - module: submariner.lifecycle.repair
"""

EXAMPLES = r"""
- name: East lost west, and nothing else
  submariner.lifecycle.wait_for_eviction:
    kubeconfig: ~/.kube/config
    context: east
    cluster_id: east
    evicted: [west]
    connected: "{{ judged.connected.east }}"
"""

RETURN = r"""
findings:
  description: What is wrong, with cause and hint; empty when it lost the evicted clusters alone.
  returned: unless it could not begin
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded) (no gateway runs that would drop the copies), V(fail) or V(unknown).
  returned: always
  type: str
  sample: pass
copies:
  description: Records of evicted clusters that it still has.
  returned: unless it could not begin
  type: list
  elements: str
  sample: []
connections:
  description: The status of its connections by cluster ID.
  returned: unless it could not begin
  type: dict
  sample: {north: connected}
seconds:
  description: How long it took.
  returned: unless it could not begin
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.eviction import (
    KEYS,
    check_eviction,
    connections,
    copies,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    OPERATOR_NAMESPACE,
    Finding,
    Json,
    Snapshot,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold


def run(module: AnsibleModule) -> tuple[Json, str]:
    """The result, and what to say if it is not what was waited for."""
    params = module.params
    api = connect(module)
    evicted, before = params["evicted"], params["connected"]
    member = Snapshot()

    def look() -> list[Finding]:
        nonlocal member
        member = observe(api, (), params["operator_namespace"], keys=KEYS)
        return check_eviction(member, params["cluster_id"], evicted, before)

    held = hold(look, params["timeout"])
    result: Json = {
        "changed": False,
        "findings": [f.as_dict() for f in held.findings],
        "verdict": verdict(held.findings),
        "copies": copies(member, evicted),
        "connections": connections(member),
        "seconds": round(held.seconds, 1),
    }
    return result, "" if held.ok else f"{params['cluster_id']} did not lose {', '.join(evicted)} alone: {held.words()}."


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        cluster_id={"type": "str", "required": True},
        evicted={"type": "list", "elements": "str", "required": True},
        connected={"type": "list", "elements": "str", "default": []},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
        timeout={"type": "int", "default": 60},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result, failure = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if failure:
            module.fail_json(msg=failure, **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
