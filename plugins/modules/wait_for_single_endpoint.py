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
  - Run on every member it proves the whole fleet, each member against the broker; with O(others) one call looks at them too.
  - It fails with the names of the records that are wrong.
options:
  others:
    description:
      - Members that joined before. Their own Endpoint and their copies of the others are judged, too, all at the same time and
        with one request each.
    type: list
    elements: dict
    default: []
  timeout:
    default: 120
  window:
    default: 5
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._wait
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._auth.others
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._namespaces.operator
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

- name: The same, and east still has exactly one of each
  submariner.lifecycle.wait_for_single_endpoint:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    joined: [east, west]
    inventory: [east, west]
    broker:
      kubeconfig: ~/.kube/config
      context: east
    others:
      - cluster_id: east
        auth:
          kubeconfig: ~/.kube/config
          context: east
"""

RETURN = r"""
findings:
  description: What is wrong, with cause and hint; empty when all is well.
  returned: unless it could not begin
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
  sample: pass
stability:
  description:
    - V(stable) when nothing changed once all was right. V(degraded) when something did, and has been quiet for O(window) since.
      V(unstable) when there were no O(window) quiet seconds. V(unwatched) when O(window=0).
  returned: unless it could not begin
  type: str
  sample: stable
events:
  description: What changed while it was watched, the newest 100 changes.
  returned: unless it could not begin
  type: list
  elements: dict
  contains:
    kind:
      description: V(restart), V(pod), V(workload), V(endpoint), V(lease), V(gateway), V(connection) or V(finding).
      type: str
    subject:
      description: What changed.
      type: str
    observed:
      description: How it is now, and how it was.
      type: str
    at:
      description: Seconds since the wait began.
      type: float
    time:
      description: The same by the API server's clock; empty when the server does not tell it.
      type: str
  sample: []
endpoints:
  description: The Endpoints of the last reading, by namespace (C(broker), C(member)).
  returned: unless it could not begin
  type: dict
seconds:
  description: How long it took.
  returned: unless it could not begin
  type: float
readings:
  description: How many times both clusters were judged.
  returned: unless it could not begin
  type: int
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import broker_spec
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import check_broker, check_member
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._others import Others
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import Look
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait_module import Listed, Wait
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait_module import main as wait_main


class SingleEndpoint(Wait):
    """Exactly one Endpoint per cluster: on the broker, in the member, and in the others."""

    member_keys = ("endpoints", "gateways", "pods", "leases", "nodes")
    timeout, window = 120, 5
    failed = "Not exactly one Endpoint per cluster, seen from {}"
    options: t.ClassVar[Json] = {
        "others": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "cluster_id": {"type": "str", "required": True},
                "auth": dict(broker_spec(), required=True),
            },
        }
    }

    def __init__(self, module: AnsibleModule) -> None:
        super().__init__(module)
        self._others = Others(module, module.params["others"], self.operator_namespace)

    def judge(self, fresh: bool, listed: Listed) -> list[Finding]:
        findings = check_broker(self.broker, self.namespace, self.members)
        findings += check_member(self.member, self.broker, self.namespace, self.cluster_id, self.members)
        self.pending = False
        if not Look(findings).wrong:  # as long as the newcomer is not right, the others cannot be
            findings += self._others.check(self.broker, self.namespace, self.members, fresh)
            self.pending = self._others.pending
        return findings

    def result(self) -> Json:
        return {
            "endpoints": {
                "broker": sorted(e.name for e in self.broker.endpoints(self.namespace)),
                "member": sorted(e.name for e in self.member.endpoints(self.operator_namespace)),
            }
        }


def main() -> None:
    wait_main(SingleEndpoint)


if __name__ == "__main__":
    main()
