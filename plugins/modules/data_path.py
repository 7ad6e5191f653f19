#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: data_path
short_description: Test from pods whether traffic really passes between clusters, or to a broker
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Starts unprivileged pods on the active gateway node and on one other node of a cluster, which answer on a TCP port
    with a word of this run, and asks such pods of other clusters from them.
  - Gateways can call themselves connected while pods on other nodes have no traffic at all; only such a test sees it.
  - The pods live in the namespace C(submariner-lifecycle), end by themselves after O(lifetime) seconds and are
    removed with O(state=absent).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - The test needs its pods, also in check mode. They do not count as a change.
  diff_mode:
    support: none
    details:
      - The pods are no part of the cluster's state.
  idempotent:
    support: full
options:
  state:
    description:
      - V(serve) starts the pods that answer and returns where they are.
      - V(probe) asks O(targets) from the pods of this cluster, which are started when they do not run yet.
      - V(reach) tells whether a pod of this cluster reaches O(url).
      - V(absent) removes the pods.
    type: str
    choices: [serve, probe, reach, absent]
    required: true
  run:
    description:
      - Word that ties the calls of one test together, lower case letters and digits. V(absent) without it removes the
        pods of all runs.
    type: str
    default: ''
  targets:
    description: What to ask with O(state=probe), as returned in RV(servers) for other clusters.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address of the pod.
        type: str
        required: true
      nonce:
        description: Word that its answer carries.
        type: str
        required: true
      port:
        description: Port of the pod.
        type: int
        default: 18080
      node:
        description: Node of the pod, for messages.
        type: str
        default: ''
      role:
        description: Whether that node is the active gateway of its cluster.
        type: str
        choices: [gateway, other]
        default: other
      cluster:
        description: Cluster of the pod, for messages.
        type: str
        default: ''
  url:
    description: What to reach with O(state=reach), for example C(https://192.0.2.1:6443).
    type: str
    default: ''
  nodes:
    description: Nodes to use; the active gateway and one other node when empty.
    type: list
    elements: str
    default: []
  image:
    description:
      - Image of the pods. It needs a shell and, to answer, one of C(python3), C(socat), C(nc), C(ncat) or C(busybox).
      - When empty, the C(nettest) image of the deployed version is used.
    type: str
    default: ''
  port:
    description: Port on which the pods answer.
    type: int
    default: 18080
  timeout:
    description: Seconds for which what does not answer is asked again.
    type: int
    default: 30
  lifetime:
    description: Seconds after which the pods end by themselves.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Let pods of the east cluster answer
  submariner.lifecycle.data_path:
    context: east
    state: serve
    run: a1
  register: east

- name: Ask them from the west cluster
  submariner.lifecycle.data_path:
    context: west
    state: probe
    run: a1
    targets: "{{ east.servers }}"
  register: traffic

- name: See whether the broker can be reached from the pods of the west cluster
  submariner.lifecycle.data_path:
    context: west
    state: reach
    run: a1
    url: https://192.0.2.10:6443

- name: Remove the pods
  submariner.lifecycle.data_path:
    context: "{{ item }}"
    state: absent
    run: a1
  loop: [east, west]
"""

RETURN = r"""
run:
  description: The run's word.
  returned: always
  type: str
servers:
  description: The pods of this cluster that answer, in the form that O(targets) takes.
  returned: with O(state=serve) and O(state=probe)
  type: list
  elements: dict
  sample:
    - address: 10.62.1.7
      port: 18080
      nonce: 6f1d2a
      node: west-worker
      role: gateway
      cluster: ''
results:
  description: Every direction that was asked, with V(works), V(silent), V(cut), V(stranger) or V(untried).
  returned: with O(state=probe)
  type: list
  elements: dict
reached:
  description: V(tls) when an encrypted connection was made, V(tcp) when only a connection was, V(no), or V(unknown).
  returned: with O(state=reach)
  type: str
findings:
  description: What does not work or could not be tested, with cause and hint.
  returned: always
  type: list
  elements: dict
verdict:
  description: V(pass), V(fail) or V(unknown).
  returned: always
  type: str
removed:
  description: Names of the pods that went.
  returned: with O(state=absent)
  type: list
  elements: str
"""

import re
import secrets
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath as datapath
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_pods as datapath_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, UNKNOWN, Finding, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image

Json = dict[str, t.Any]


def argument_spec() -> Json:
    target = {
        "address": {"type": "str", "required": True},
        "nonce": {"type": "str", "required": True},
        "port": {"type": "int", "default": datapath.PORT},
        "node": {"type": "str", "default": ""},
        "role": {"type": "str", "choices": ["gateway", "other"], "default": "other"},
        "cluster": {"type": "str", "default": ""},
    }
    return {
        **auth_spec(),
        "state": {"type": "str", "choices": ["serve", "probe", "reach", "absent"], "required": True},
        "run": {"type": "str", "default": ""},
        "targets": {"type": "list", "elements": "dict", "default": [], "options": target},
        "url": {"type": "str", "default": ""},
        "nodes": {"type": "list", "elements": "str", "default": []},
        "image": {"type": "str", "default": ""},
        "port": {"type": "int", "default": datapath.PORT},
        "timeout": {"type": "int", "default": 30},
        "lifetime": {"type": "int", "default": 600},
    }


def not_started(causes: dict[str, str]) -> list[Finding]:
    return [
        Finding(
            id="datapath.not-tested",
            severity=UNKNOWN,
            subject=f"node {node}",
            observed="no pod of the test runs there",
            expected="a pod on the gateway node and on another node",
            cause=cause,
            hint="set image (variable submariner_node_image) to one that the nodes can pull",
        )
        for node, cause in sorted(causes.items())
    ]


def reach(path: datapath_pods.DataPath, url: str) -> Json:
    level, tool, said = path.reach(url)
    found = []
    if level in ("no", "unknown"):
        found.append(
            Finding(
                id="broker.unreachable-from-pods" if level == "no" else "broker.reach-not-tested",
                severity=ERROR if level == "no" else UNKNOWN,
                subject=url,
                observed="a pod of this cluster does not reach it" if level == "no" else "not tested",
                expected="the pods of every member reach the broker's API server",
                cause=said,
                hint="set submariner_broker_url to an address that the members' pods reach, and open the way to it",
                evidence={"tool": tool},
            )
        )
    return {"reached": level, "said": said, "tool": tool, "found": found}


def run(params: Json, api: Api) -> Json:
    word = params["run"] or secrets.token_hex(4)
    if params["state"] == "absent":
        removed, left = datapath_pods.remove(api, params["run"])
        if left:
            raise ApiFailure(f"Pods of the test are still there: {', '.join(left)}.", "They end by themselves.")
        return {"run": params["run"], "removed": removed, "found": []}
    image = params["image"] or deployed_image(api, "nettest", "submariner-metrics-proxy")
    path = datapath_pods.DataPath(api, word, image, params["port"], params["lifetime"])
    path.serve(secrets.token_hex(6), params["nodes"], answering=params["state"] != "reach")
    result: Json = {"run": word, "servers": [vars(server) for server in path.pods.values()]}
    found = not_started(path.causes)
    if params["state"] == "probe":
        targets = [datapath.Server.of(target) for target in params["targets"]]
        results = path.probe(targets, float(params["timeout"]))
        result["results"] = [item.as_dict() for item in results]
        found += datapath.findings(results)
    elif params["state"] == "reach":
        result.update(reach(path, params["url"]))
        # One pod is enough to tell; where none runs the answer itself is unknown and says why.
        found = result["found"]
    return {**result, "found": found}


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    for state, option in (("probe", "targets"), ("reach", "url")):
        if module.params["state"] == state and not module.params[option]:
            module.fail_json(msg=f"{option}: needed with state={state}; nothing asked is nothing shown.")
    if not re.fullmatch(r"[a-z0-9]{0,20}", module.params["run"]):
        module.fail_json(
            msg="run: use at most 20 lower case letters and digits, not '{}'.".format(module.params["run"])
        )
    try:
        result = run(module.params, connect(module))
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    found = result.pop("found")
    module.exit_json(changed=False, findings=[finding.as_dict() for finding in found], verdict=verdict(found), **result)


if __name__ == "__main__":
    main()
