#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Look whether nodes are fit for an installation
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Reads, on each node, whether strict reverse-path filtering would drop answers, whether the kernel has the modules for the
    tunnels, and whether Submariner's UDP ports are free.
  - Nothing is changed on a node. A node that cannot be reached is a finding, and never fit.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
options:
  cluster:
    description: What this cluster is called in messages.
    type: str
    default: ''
  nodes:
    description: Names of the nodes; all Linux nodes of the cluster when empty, without those of a virtual kubelet.
    type: list
    elements: str
    default: []
  gateways:
    description: Nodes that are, or shall be, gateways. The ports of gateways are judged on these.
    type: list
    elements: str
    default: []
  cable_driver:
    description: Cable driver whose kernel modules are looked for. When empty, subctl's own, V(libreswan).
    type: str
    default: ''
  nattport:
    description: UDP port of the tunnels.
    type: int
    default: 4500
  nat_discovery_port:
    description: UDP port of NAT discovery.
    type: int
    default: 4490
  version:
    description: Version of Submariner, on which the ports of metrics depend. When empty, the newest.
    type: str
    default: ''
  globalnet:
    description: Whether Globalnet is wanted, whose metrics have a port, too.
    type: bool
    default: false
  installed:
    description: Whether Submariner is installed, so that its ports are its own.
    type: bool
    default: false
  image:
    description:
      - Image of the pods that look at the nodes; anything with a shell will do.
      - When empty, the one of the running route agents.
    type: str
    default: ''
  timeout:
    description: Seconds that one node may take.
    type: int
    default: 60
seealso:
  - module: submariner.lifecycle.node_cleanup
notes:
  - A privileged pod runs on each node for some seconds, in the namespace C(submariner-lifecycle), also in check mode.
"""

EXAMPLES = r"""
- name: Are the nodes of west fit
  submariner.lifecycle.node_info:
    kubeconfig: ~/.kube/config
    context: west
    gateways: [west-worker]
    cable_driver: wireguard
    image: quay.io/submariner/submariner-route-agent:0.24.1
"""

RETURN = r"""
nodes:
  description:
    - What was read, with C(node), C(rp_filter_strict), C(udp_ports) and C(tcp_ports) (in use) and C(modules) (whether each is
      there); null where it could not be read.
    - C(tools) says whether each of the tools by which M(submariner.lifecycle.node_cleanup) proves a node clean is there, on
      the node or in the image of the pod.
  returned: success
  type: list
  elements: dict
findings:
  description: What is wrong or was not seen, as for M(submariner.lifecycle.fleet_check).
  returned: success
  type: list
  elements: dict
verdict:
  description: As for M(submariner.lifecycle.fleet_check). Nodes alone never make it V(fail).
  returned: always
  type: str
  sample: pass
"""

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Unreadable
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import WARNING, Finding, Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import (
    NodeTrouble,
    Visit,
    find_nodes,
    visit_pods,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_site import (
    NodeSite,
    judge_nodes,
    script,
    site_of_node,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_pods import PodTrouble
from ansible_collections.submariner.lifecycle.plugins.module_utils._ports import DEFAULT_DRIVER, DRIVERS, Settings


def argument_spec() -> Json:
    return {
        **auth_spec(),
        "cluster": {"type": "str", "default": ""},
        "nodes": {"type": "list", "elements": "str", "default": []},
        "gateways": {"type": "list", "elements": "str", "default": []},
        "cable_driver": {"type": "str", "default": ""},
        "nattport": {"type": "int", "default": 4500},
        "nat_discovery_port": {"type": "int", "default": 4490},
        "version": {"type": "str", "default": ""},
        "globalnet": {"type": "bool", "default": False},
        "installed": {"type": "bool", "default": False},
        "image": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 60},
    }


def _settings(params: Json) -> Settings:
    """What decides which ports a node needs; of a driver that is not known here the ports are those of the others."""
    driver = params["cable_driver"]
    try:
        return Settings(
            cable_driver=driver if driver in DRIVERS else "",
            version=params["version"],
            globalnet=params["globalnet"],
            natt_port=params["nattport"],
            nat_discovery_port=params["nat_discovery_port"],
        )
    except ValueError as error:
        raise ApiFailure(f"{str(error).removeprefix('submariner_')}.") from error


def run(params: Json, api: Api) -> Json:
    settings = _settings(params)
    nodes = find_nodes(api, params["nodes"])
    image = params["image"] or deployed_image(api)
    body = script(params["cable_driver"] or DEFAULT_DRIVER)

    def work(visit: Visit) -> NodeSite:
        try:
            return site_of_node(visit.node, visit.sections(body))
        except Unreadable as error:
            raise NodeTrouble(str(error)) from error

    try:
        sites, failures = visit_pods(api, nodes.reachable, image, float(params["timeout"]), work)
    except PodTrouble as error:
        raise ApiFailure(str(error)) from error
    read = [sites[node] for node in sorted(sites)]
    findings = judge_nodes(read, params["gateways"], settings, params["installed"])
    findings += [
        Finding(
            "preflight.not-inspected",
            WARNING,
            f"node {node}",
            f"not inspected: {cause.rstrip('.')}",
            "a look at the node",
        )
        for node, cause in sorted({**nodes.refused, **failures}.items())
    ]
    for finding in findings:
        finding.subject = f"{params['cluster']}: {finding.subject}" if params["cluster"] else finding.subject
    return {
        "nodes": [site.as_dict() for site in read],
        "findings": [finding.as_dict() for finding in findings],
        "verdict": verdict(findings),
    }


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module.params, connect(module))
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    else:
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
