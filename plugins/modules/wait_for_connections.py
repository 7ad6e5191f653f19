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
  - A connection to a cluster that is not expected is a finding even when it is connected, and one whose health check is off is
    not proven. A Gateway that is no longer updated is stale, whatever its status says; clocks of nodes are not relied on.
  - The broker is asked with the member's token, and greeted with the CA that the member trusts, since gateways stay connected
    without them while nothing new comes in or out.
  - The status says nothing about pods of non-gateway nodes; M(submariner.lifecycle.data_path) tries those.
options:
  timeout:
    default: 180
  window:
    default: 10
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._wait
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._namespaces.operator
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
connections:
  description:
    - The connections of the active gateway, each with C(to), C(status), C(message), C(latency), C(remote) (the far gateway
      node), C(cable) and C(proven) (whether a health check has measured it).
  returned: unless it could not begin
  type: list
  elements: dict
gateway:
  description: Name of the active gateway node, empty without one.
  returned: unless it could not begin
  type: str
health_check:
  description: Whether the member's gateways check their connections; empty when that is not known.
  returned: unless it could not begin
  type: bool
route_agents:
  description: What nodes say of their connections to other clusters, each with C(node), C(to), C(status), C(message).
  returned: unless it could not begin
  type: list
  elements: dict
seconds:
  description: How long it took.
  returned: unless it could not begin
  type: float
readings:
  description: How many times both clusters were judged.
  returned: unless it could not begin
  type: int
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_authority import BrokerAuthority
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_token import BrokerToken
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.connections import (
    check_connections,
    health_check,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import check_workloads
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Endpoint,
    Finding,
    Json,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._stability import Pulse
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait_module import Listed, Wait
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait_module import main as wait_main


class Connections(Wait):
    """Every direction from the member to the others, and the workloads that make them."""

    member_keys = (
        "submariners",
        "deployments",
        "daemonsets",
        "pods",
        "gateways",
        "routeagents",
        "endpoints",
        "leases",
        "nodes",
    )
    timeout, window = 180, 10
    failed = "{} is not connected to all others"

    def __init__(self, module: AnsibleModule) -> None:
        super().__init__(module)
        self._pulse = Pulse()
        self._token = BrokerToken(*self.apis, self.namespace)
        self._authority = BrokerAuthority(*self.apis)

    def judge(self, fresh: bool, listed: Listed) -> list[Finding]:
        expected = self.members.expected(self.broker, self.namespace)
        return (
            check_workloads(self.member, self.cluster_id)
            + check_connections(
                self.member, self.broker, self.namespace, self.cluster_id, expected, self.members.joined
            )
            + self._pulse.check(self.member, self.cluster_id, time.monotonic(), *listed("gateways"))
            + (self._token.check(self.member, self.cluster_id) if self.broker.known("endpoints") else [])
            + self._authority.check(self.member, self.cluster_id)
        )

    def result(self) -> Json:
        active = [g for g in self.member.gateways if g.ha_status == "active"]
        checked = health_check(self.member)
        return {
            "connections": [
                {
                    "to": c.cluster_id,
                    "status": c.status,
                    "message": c.message,
                    "latency": c.latency,
                    "remote": c.hostname,
                    "cable": c.cable_name,
                    "proven": c.status == "connected" and not c.message and bool(c.latency) and checked is not False,
                }
                for g in active
                for c in g.connections
            ],
            "gateway": active[0].name if len(active) == 1 else "",
            "health_check": checked,
            "route_agents": [
                {
                    "node": text(mapping(obj.get("metadata")).get("name")),
                    "to": Endpoint.of(far).cluster_id,
                    "status": text(far.get("status")),
                    "message": text(far.get("statusMessage")),
                }
                for obj in self.member.objects("routeagents", self.operator_namespace)
                for far in map(mapping, sequence(mapping(obj.get("status")).get("remoteEndpoints")))
            ],
        }


def main() -> None:
    wait_main(Connections)


if __name__ == "__main__":
    main()
