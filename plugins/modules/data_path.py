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
  - Pods are asked by their addresses and, with O(dns), by the C(clusterset.local) name of a Service that is exported for
    the time of the test. Where Globalnet is on, pod addresses lead nowhere, and the global address of such a Service is
    used instead. RV(results) says how each direction was asked.
  - Everything lives in the namespace C(submariner-lifecycle) and is removed with O(state=absent), which also waits until
    no cluster and no broker knows the exported Services any more. What an interrupted run leaves ends by itself after
    O(lifetime) seconds.
  - The pods keep to the Pod Security Standard C(restricted). One request serves all targets of a pod, so that the number
    of requests grows with the number of clusters, not with that of the directions.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._pods
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
options:
  state:
    description:
      - V(serve) starts the pods that answer and returns where they are.
      - V(probe) asks O(targets) from the pods of this cluster, which are started when they do not run yet.
      - V(reach) tells whether a pod of this cluster reaches O(url).
      - V(absent) removes the pods and the exported Services.
    type: str
    choices: [serve, probe, reach, absent]
    required: true
  targets:
    description: What to ask with O(state=probe), as returned in RV(servers) for other clusters.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address or name under which the pod answers.
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
        description: Whether that node is the active gateway of its cluster; V(any) for a Service with several pods.
        type: str
        choices: [gateway, other, any]
        default: other
      cluster:
        description: Cluster of the pod, for messages.
        type: str
        default: ''
      by:
        description: What O(targets[].address) is.
        type: str
        choices: [pod-address, global-address, name]
        default: pod-address
      note:
        description: What is known to be wrong with it, for the cause when it does not answer.
        type: str
        default: ''
  cluster:
    description: What this cluster is called in messages.
    type: str
    default: ''
  dns:
    description:
      - Whether O(state=serve) exports a Service, so that other clusters ask by its name, too.
      - Where service discovery is off, this is said and nothing is exported.
    type: bool
    default: false
  mtu:
    description:
      - Whether O(state=probe) also finds out how large a packet reaches each pod in one piece, without fragmentation.
      - The image needs a C(ping) that knows C(-M do), or C(python3). Pods are asked by their addresses alone.
    type: bool
    default: false
  broker:
    description:
      - How to reach the broker's cluster; authentication options as for the module's own.
      - With it O(state=absent) proves that the broker, too, has nothing of the exported Services any more.
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
    description: Seconds after which pods and exported Services end by themselves.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Let pods of the east cluster answer
  submariner.lifecycle.data_path:
    context: east
    state: serve
    run: a1
    cluster: east
    dns: true
  register: east

- name: Ask them from the west cluster
  submariner.lifecycle.data_path:
    context: west
    state: probe
    run: a1
    targets: "{{ east.servers }}"
    mtu: true
  register: traffic

- name: See whether the broker can be reached from the pods of the west cluster
  submariner.lifecycle.data_path:
    context: west
    state: reach
    run: a1
    url: https://192.0.2.10:6443

- name: Remove everything, and see that the broker forgot it
  submariner.lifecycle.data_path:
    context: "{{ item }}"
    state: absent
    run: a1
    broker:
      context: east
  loop: [east, west]
"""

RETURN = r"""
run:
  description: The run's word.
  returned: success
  type: str
servers:
  description: Where the pods of this cluster answer, in the form that O(targets) takes.
  returned: with O(state=serve) and O(state=probe)
  type: list
  elements: dict
  sample:
    - address: 10.62.1.7
      port: 18080
      nonce: 6f1d2a
      node: west-worker
      role: gateway
      cluster: west
      by: pod-address
      note: ''
results:
  description:
    - Every direction that was asked, in C(verdict) with V(works), V(silent), V(cut), V(stranger) or V(untried), and in C(by)
      with V(pod-address), V(global-address) or V(name).
    - C(mtu) has the largest packet in bytes that arrives in one piece (C(packet)) of the largest that the pod sends (C(full)).
      Its C(state) is V(full), V(told) when the path says how much it takes, V(lost) when larger ones vanish without a word, or
      V(untried) with the reason in C(said).
  returned: with O(state=probe)
  type: list
  elements: dict
tests:
  description: Number of directions that were asked.
  returned: with O(state=probe)
  type: int
globalnet:
  description: Whether Globalnet is on, so that no pod was asked by its own address.
  returned: with O(state=serve)
  type: bool
reached:
  description: V(tls) when an encrypted connection was made, V(tcp) when only a connection was, V(no), or V(unknown).
  returned: with O(state=reach)
  type: str
findings:
  description: What does not work or could not be tested, with cause and hint.
  returned: success
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
removed:
  description: Names of the pods and exported Services that went.
  returned: with O(state=absent)
  type: list
  elements: str
remaining:
  description: What is still there.
  returned: with O(state=absent)
  type: list
  elements: str
"""

import re
import secrets
import typing as t
from dataclasses import replace

from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath as datapath
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_exports as datapath_exports
from ansible_collections.submariner.lifecycle.plugins.module_utils import _datapath_pods as datapath_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    Api,
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    ERROR,
    INFO,
    UNKNOWN,
    WARNING,
    Finding,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import drop_namespace_if_empty

Json = dict[str, t.Any]


def argument_spec() -> Json:
    target = {
        "address": {"type": "str", "required": True},
        "nonce": {"type": "str", "required": True},
        "port": {"type": "int", "default": datapath.PORT},
        "node": {"type": "str", "default": ""},
        "role": {"type": "str", "choices": list(datapath.ROLES), "default": "other"},
        "cluster": {"type": "str", "default": ""},
        "by": {"type": "str", "choices": list(datapath.WAYS), "default": datapath.BY_ADDRESS},
        "note": {"type": "str", "default": ""},
    }
    return {
        **auth_spec(),
        "state": {"type": "str", "choices": ["serve", "probe", "reach", "absent"], "required": True},
        "run": {"type": "str", "default": ""},
        "targets": {"type": "list", "elements": "dict", "default": [], "options": target},
        "cluster": {"type": "str", "default": ""},
        "dns": {"type": "bool", "default": False},
        "mtu": {"type": "bool", "default": False},
        "broker": broker_spec(),
        "broker_namespace": {"type": "str", "default": BROKER_NAMESPACE},
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
            hint="set image (variable submariner_nettest_image) to one that the nodes can pull",
        )
        for node, cause in sorted(causes.items())
    ]


def reach(path: datapath_pods.DataPath, url: str, cluster: str) -> Json:
    level, tool, said = path.reach(url)
    found = []
    if level in ("no", "unknown"):
        found.append(
            Finding(
                id="broker.unreachable-from-pods" if level == "no" else "broker.reach-not-tested",
                severity=ERROR if level == "no" else UNKNOWN,
                subject=f"{cluster} -> {url}" if cluster else url,
                observed="a pod of this cluster does not reach it" if level == "no" else "not tested",
                expected="the pods of every member reach the broker's API server",
                cause=said,
                hint="set submariner_broker_url to an address that the members' pods reach, and open the way to it",
                evidence={"tool": tool},
            )
        )
    return {"reached": level, "said": said, "tool": tool, "found": found}


def by_service(exports: datapath_exports.Exports, path: datapath_pods.DataPath, dns: bool) -> Json:
    """Where the pods answer: by their addresses, by exported Services, or both, as the installation has it."""
    installed = datapath_exports.Installed.on(path.api)
    servers = [] if installed.globalnet else list(path.pods.values())
    found = []
    if installed.unknown:
        found.append(_untested("Globalnet and service discovery", f"not answered: {installed.unknown}"))
    elif dns and not installed.discovery:
        found.append(_untested("names below clusterset.local", "service discovery is off", INFO))
    if path.pods and (installed.globalnet or (dns and installed.discovery)):
        try:
            named, lost = exports.servers(path.pods, replace(installed, discovery=dns and installed.discovery))
            servers += named
            found += unreachable(path.pods, lost)
        except ApiFailure as error:
            found.append(_untested("exported Services", str(error)))
    return {"servers": [vars(server) for server in servers], "globalnet": installed.globalnet, "found": found}


def unreachable(pods: t.Mapping[str, datapath.Server], lost: t.Mapping[str, str]) -> list[Finding]:
    """Pods that no other cluster can ask: what is not tried is not proven."""
    return [
        Finding(
            id="datapath.not-tested",
            severity=UNKNOWN,
            subject=f"{pods[pod].cluster} node {pods[pod].node}".strip(),
            observed="nothing leads to the pod of the test there",
            expected="an address that other clusters reach",
            cause=cause,
            hint="look at the logs of submariner-globalnet and submariner-lighthouse-agent of that cluster",
        )
        for pod, cause in sorted(lost.items())
    ]


def _untested(what: str, why: str, severity: str = UNKNOWN) -> Finding:
    return Finding(
        id="datapath.not-tested" if severity == UNKNOWN else "datapath.discovery-off",
        severity=severity,
        subject=what,
        observed=f"not tested: {why}",
    )


def probe(path: datapath_pods.DataPath, targets: list[datapath.Server], timeout: float, mtu: bool) -> Json:
    """Ask the targets, those by name only where this cluster can know names."""
    found = []
    if any(target.by == datapath.BY_NAME for target in targets):
        installed = datapath_exports.Installed.on(path.api)
        if not installed.discovery and not installed.unknown:
            targets = [target for target in targets if target.by != datapath.BY_NAME]
            found.append(_untested("names of other clusters", "service discovery is off here", INFO))
    results = path.probe(targets, timeout, mtu)
    return {
        "results": [{"from_cluster": path.cluster, **item.as_dict()} for item in results],
        "tests": len(results),
        "found": found + datapath.findings(results),
    }


def remove(api: Api, word: str, broker: Api | None, broker_namespace: str) -> Json:
    """Take everything away, and say what stays."""
    exported, left = datapath_exports.remove(api, word, broker, broker_namespace)
    pods, staying = datapath_pods.remove(api, word)
    remaining = left + [f"Pod {name}" for name in staying]
    if not left:
        drop_namespace_if_empty(api)
    found = [
        Finding(
            id="datapath.left-behind",
            severity=WARNING,
            subject="the data-path test",
            observed=f"still there: {', '.join(remaining)}",
            expected="nothing of the test",
            cause="lighthouse's agent has not withdrawn the export" if left else "the kubelet has not ended the pods",
            hint="it goes once submariner-lighthouse-agent runs" if left else "the pods end by themselves",
        )
    ]
    return {
        "run": word,
        "removed": pods + ([] if left else exported),
        "remaining": remaining,
        "found": found if remaining else [],
    }


def run(params: Json, api: Api, broker: Api | None) -> Json:
    if params["state"] == "absent":
        return remove(api, params["run"], broker, params["broker_namespace"])
    word = params["run"] or secrets.token_hex(4)
    image = params["image"] or deployed_image(api, "nettest", "submariner-metrics-proxy")
    port, lifetime = params["port"], params["lifetime"]
    path = datapath_pods.DataPath(api, word, image, port, lifetime, params["cluster"])
    path.serve(secrets.token_hex(6), params["nodes"], answering=params["state"] != "reach")
    found = not_started(path.causes)
    if params["state"] == "reach":
        # One pod is enough to tell; where none runs the answer itself is unknown and says why.
        return {"run": word, **reach(path, params["url"], params["cluster"])}
    if params["state"] == "probe":
        targets = [datapath.Server.of(target) for target in params["targets"]]
        result = probe(path, targets, float(params["timeout"]), params["mtu"])
        result["servers"] = [vars(server) for server in path.pods.values()]
    else:
        result = by_service(datapath_exports.Exports(api, word, port, lifetime), path, params["dns"])
    return {"run": word, **result, "found": found + result["found"]}


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    for state, option in (("probe", "targets"), ("reach", "url")):
        if module.params["state"] == state and not module.params[option]:
            module.fail_json(msg=f"{option}: needed with state={state}; nothing asked is nothing shown.")
    if not re.fullmatch(r"[a-z0-9]{0,20}", module.params["run"]):
        module.fail_json(
            msg="run: use at most 20 lower case letters and digits, not '{}'.".format(module.params["run"])
        )
    for target in module.params["targets"]:
        for option in ("address", "nonce"):
            if not re.fullmatch(r"\S+", target[option]):
                module.fail_json(msg=f"targets: {option} is one word, not '{target[option]}'.")
    try:
        broker = connect(module, module.params["broker"]) if module.params["broker"] else None
        result = run(module.params, connect(module), broker)
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    found = result.pop("found")
    module.exit_json(changed=False, findings=[finding.as_dict() for finding in found], verdict=verdict(found), **result)


if __name__ == "__main__":
    main()
