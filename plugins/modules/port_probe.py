#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: port_probe
short_description: Test whether the ports that Submariner needs come through between nodes, before it is installed
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Starts pods in the network of the gateway nodes and of some other nodes of a cluster, which answer on Submariner's own
    ports with a word of this run, and asks such pods of other clusters from them, each direction by itself.
  - Which port is asked from where is said by the table in the README of the role firewall. The ports of tunnels and of NAT
    discovery and ESP are tried between gateway nodes of different clusters, UDP 4800 between the gateway nodes and other nodes
    of one cluster.
  - An answer, silence, a rejection, an answer of something else, a missing route and a port that is taken at the far end are
    told apart. With O(state=absent) and O(results) silence is, too; either the question did not arrive, or its answer did not
    come back.
  - Ports that a running Submariner holds are not tried. They are reported as V(in-use), which is no proof of anything.
  - Pods are removed with O(state=absent), the only state that needs no O(run). What an interrupted run leaves ends by itself
    after O(lifetime) seconds.
  - The pods use the node's network and see its processes, so the namespace C(submariner-lifecycle) has to admit the level
    C(privileged) of the Pod Security Standards. They are not privileged, mount nothing and change nothing of the node.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._pods
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
options:
  state:
    description:
      - V(serve) starts the pods that answer and returns where they are.
      - V(probe) asks O(targets) from the pods of this cluster, which V(serve) has started.
      - V(absent) removes the pods, and judges O(results) by what they heard.
    type: str
    choices: [serve, probe, absent]
    required: true
  cluster:
    description: What this cluster is called in messages; a name that no other cluster of the test has.
    type: str
    default: ''
  targets:
    description: What to ask with O(state=probe), as returned in RV(servers) for this and other clusters.
    type: list
    elements: dict
    default: []
  results:
    description:
      - With O(state=absent), RV(results) of this and of other clusters. Those to this cluster are judged, the others tell
        whether the opposite direction works.
    type: list
    elements: dict
    default: []
  ports:
    description: Names of what is tried, as in the table in the README of the role firewall.
    type: list
    elements: str
    choices: [natt, nat-discovery, esp, ah, vxlan, metrics, globalnet-metrics, old-metrics, old-globalnet-metrics]
    default: [natt, nat-discovery, esp, vxlan]
  cable_driver:
    description: The cable driver, V(libreswan), V(wireguard) or V(vxlan). When empty, subctl's own, C(libreswan).
    type: str
    default: ''
  force_udp_encaps:
    description: Whether IPsec is put into UDP even without NAT, so that ESP is not needed.
    type: bool
    default: false
  natt_port:
    description: UDP port of the tunnels; a node's own C(gateway.submariner.io/udp-port) goes before.
    type: int
    default: 4500
  nat_discovery_port:
    description: UDP port of NAT discovery; a node's own C(gateway.submariner.io/natt-discovery-port) goes before.
    type: int
    default: 4490
  gateways:
    description:
      - Nodes that are, or shall be, gateways. When empty, those with the label, else the one that an installation would choose.
    type: list
    elements: str
    default: []
  others:
    description: How many of the other nodes take part.
    type: int
    default: 1
  image:
    description:
      - Image of the pods. It needs a shell and C(python3), or C(bash) and C(ncat), C(socat) or C(nc); for ESP C(python3).
      - When empty, the C(nettest) image of the deployed version is used.
    type: str
    default: ''
  lifetime:
    description: Seconds after which the pods end by themselves.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Let nodes of the east cluster answer
  submariner.lifecycle.port_probe:
    context: east
    state: serve
    run: a1
    cluster: east
    image: quay.io/submariner/nettest:0.24.1
  register: east

- name: Let nodes of the west cluster answer
  submariner.lifecycle.port_probe:
    context: west
    state: serve
    run: a1
    cluster: west
    image: quay.io/submariner/nettest:0.24.1
  register: west

- name: Ask the east cluster, and the own nodes, from the west cluster
  submariner.lifecycle.port_probe:
    context: west
    state: probe
    run: a1
    cluster: west
    targets: "{{ east.servers + west.servers }}"
  register: asked

- name: Remove the pods of the east cluster, and see what became of the questions
  submariner.lifecycle.port_probe:
    context: east
    state: absent
    run: a1
    cluster: east
    results: "{{ asked.results }}"
"""

RETURN = r"""
run:
  description: The run's word.
  returned: success
  type: str
servers:
  description:
    - The nodes that answer, with their ports, in the form that O(targets) takes.
    - The C(state) of a port is V(open), V(taken) (by whom stands in C(said)), V(in-use) (by Submariner) or V(untried).
  returned: with O(state=serve)
  type: list
  elements: dict
  sample:
    - cluster: west
      node: west-worker
      role: gateway
      addresses: [192.0.2.7]
      nonce: 6f1d2a
      listeners:
        - {name: natt, protocol: udp, port: 4500, state: open, said: ''}
results:
  description:
    - Every direction of every port, in C(verdict) with V(answered), V(silent), V(refused), V(stranger), V(no-route),
      V(held-back), V(taken), V(in-use) or V(untried). Of several addresses of a node the best counts; all stand in C(tried).
  returned: with O(state=probe)
  type: list
  elements: dict
findings:
  description: What does not come through, or could not be tested, with cause and hint.
  returned: success
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
removed:
  description: Names of the pods that went.
  returned: with O(state=absent)
  type: list
  elements: str
remaining:
  description: Names of those still there. When they could not be listed, C(unknown) and the reason.
  returned: with O(state=absent)
  type: list
  elements: str
"""

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_pods as port_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils import _port_probe as port_probe
from ansible_collections.submariner.lifecycle.plugins.module_utils import _ports as ports
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import UNKNOWN, WARNING, Finding, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image

Json = dict[str, t.Any]

PROBED = ("natt", "nat-discovery", "esp", "vxlan")


def argument_spec() -> Json:
    return {
        **auth_spec(),
        "state": {"type": "str", "choices": ["serve", "probe", "absent"], "required": True},
        "run": {"type": "str", "default": ""},
        "cluster": {"type": "str", "default": ""},
        "targets": {"type": "list", "elements": "dict", "default": []},
        "results": {"type": "list", "elements": "dict", "default": []},
        "ports": {"type": "list", "elements": "str", "choices": list(ports.OPENED), "default": list(PROBED)},
        "cable_driver": {"type": "str", "default": ""},
        "force_udp_encaps": {"type": "bool", "default": False},
        "natt_port": {"type": "int", "default": 4500},
        "nat_discovery_port": {"type": "int", "default": 4490},
        "gateways": {"type": "list", "elements": "str", "default": []},
        "others": {"type": "int", "default": 1},
        "image": {"type": "str", "default": ""},
        "lifetime": {"type": "int", "default": 300},
    }


def wanted(params: Json) -> port_pods.Wanted:
    """Raises ValueError, with the option's name, for what cannot be."""
    try:
        ports.Settings(
            cable_driver=params["cable_driver"],
            natt_port=params["natt_port"],
            nat_discovery_port=params["nat_discovery_port"],
        )
    except ValueError as error:
        raise ValueError(str(error).replace("submariner_nattport", "natt_port").replace("submariner_", "")) from None
    return port_pods.Wanted(
        cluster=params["cluster"],
        names=params["ports"],
        cable_driver=params["cable_driver"],
        force_udp_encaps=params["force_udp_encaps"],
        natt_port=params["natt_port"],
        nat_discovery_port=params["nat_discovery_port"],
        gateways=params["gateways"],
        others=params["others"],
    )


def not_started(causes: t.Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            id="port.not-tested",
            severity=UNKNOWN,
            subject=f"node {node}",
            observed="no pod of the probe runs there",
            expected="a pod in the network of every gateway node",
            cause=cause,
            hint="set image (variable submariner_nettest_image) to one that the nodes can pull",
        )
        for node, cause in sorted(causes.items())
    ]


def nothing_asked(cluster: str) -> Finding:
    return Finding(
        id="port.not-tested",
        severity=UNKNOWN,
        subject=f"cluster {cluster}" if cluster else "this cluster",
        observed="nothing was asked",
        expected="questions to other nodes",
        cause="targets holds no port that is asked from here",
        hint="pass the servers of other clusters, too; which port is asked from where stands in the README of the role firewall",
    )


def serve(params: Json, api: Api) -> Json:
    image = params["image"] or deployed_image(api, "nettest", "submariner-metrics-proxy")
    pods = port_pods.PortPods(api, params["run"], image, params["lifetime"])
    pods.serve(wanted(params))
    here = list(pods.pods.values())
    busy = any(item.state == port_probe.IN_USE for responder in here for item in responder.listeners)
    evidence = port_pods.connections(api) if busy else ""
    found = [finding for responder in here for finding in port_probe.local_findings(responder, evidence)]
    return {"servers": [responder.as_dict() for responder in here], "found": not_started(pods.causes) + found}


def probe(params: Json, api: Api) -> Json:
    pods = port_pods.PortPods(api, params["run"], "", params["lifetime"])
    pods.find()
    if not pods.pods:
        raise ApiFailure(f"No pod of run {params['run']} is running here.", "Call it with state=serve first.")
    targets = [port_probe.Responder.of(target) for target in params["targets"]]
    own = {(here.cluster, here.nonce) for here in pods.pods.values()}
    for target in targets:
        if any(target.cluster == cluster and target.nonce != nonce for cluster, nonce in own):
            raise ApiFailure(
                f"targets: {target.label} is of another cluster that is called '{target.cluster}' as well, or of another run.",
                "Give each cluster a name of its own in cluster.",
            )
    results = pods.probe(targets)
    found = port_probe.findings(results) if results else [nothing_asked(params["cluster"])]
    return {"results": [result.as_dict() for result in results], "found": found}


def absent(params: Json, api: Api) -> Json:
    """Remove the pods; what they heard tells where a question was lost."""
    pods = port_pods.PortPods(api, params["run"], "", params["lifetime"])
    results = [port_probe.Result.of(item) for item in params["results"]]
    heard = None
    try:
        if results:
            pods.find()
            heard = pods.heard()
    except ApiFailure:
        heard = None  # the direction stays unknown; the pods have to go in any case
    finally:
        removed, remaining = pods.remove()
    unread = [word for word in remaining if word.startswith("unknown: ")]
    found = port_probe.findings(results, params["cluster"] or None, heard)
    if remaining:
        found.append(
            Finding(
                id="port.left-behind",
                severity=UNKNOWN if unread else WARNING,
                subject="the probe of ports",
                observed="whether its pods are gone is not known" if unread else f"still there: {', '.join(remaining)}",
                expected="nothing of the probe",
                cause=unread[0].removeprefix("unknown: ") if unread else "the kubelet has not ended the pods",
                hint="they end by themselves",
            )
        )
    return {"removed": removed, "remaining": remaining, "found": found}


STATES = {"serve": serve, "probe": probe, "absent": absent}


def wrong_input(params: Json) -> str:
    """What cannot be right about the options, in one line; empty when nothing is."""
    if not re.fullmatch(r"[a-z0-9]{0,20}", params["run"]):
        return f"run: use at most 20 lower case letters and digits, not '{params['run']}'."
    if not params["run"] and params["state"] != "absent":
        return f"run: needed with state={params['state']}; it ties the calls of one test together."
    if params["state"] == "probe" and not params["targets"]:
        return "targets: needed with state=probe; nothing asked is nothing shown."
    try:
        for target in params["targets"]:
            here = port_probe.Responder.of(target)
            for word in (here.node, here.nonce, *here.addresses, *(item.protocol for item in here.listeners)):
                if not re.fullmatch(r"\S+", word):
                    return f"targets: '{word}' is not one word; pass what state=serve returned."
    except (TypeError, ValueError, AttributeError):
        return "targets: pass what state=serve returned in servers."
    try:
        for result in params["results"]:
            port_probe.Result.of(result)
    except (TypeError, ValueError):
        return "results: pass what state=probe returned in results."
    try:
        wanted(params)
    except ValueError as error:
        return f"{error}."
    return ""


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    trouble = wrong_input(module.params)
    if trouble:
        module.fail_json(msg=trouble)
    try:
        result = STATES[module.params["state"]](module.params, connect(module))
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    found = result.pop("found")
    module.exit_json(
        changed=False,
        run=module.params["run"],
        findings=[finding.as_dict() for finding in found],
        verdict=verdict(found),
        **result,
    )


if __name__ == "__main__":
    main()
