#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_cleanup
short_description: Find and take back what Submariner left on nodes
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Reads links, policy routing, packet filter, ipsets, nftables, IPsec policies and states (without keys) of nodes in one
    pass, plans what Submariner made and is still there, undoes it on request and proves the result by reading again.
  - On OVN-Kubernetes, policies and static routes in OVN's northbound database are among it, on the nodes that serve this
    database. It is asked by C(ovn-nbctl), the node's own or the one beside the database's server.
  - Only what is Submariner's by its content goes. A table number, a name that is merely similar or a policy between
    other subnets is kept and reported in RV(kept) with the reason.
  - What could not be read is reported in RV(unknown); such a node never counts as clean.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Reading a cluster's nodes needs a pod of this collection on each of them for some seconds, also in check mode.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(plan) says what would go.
      - V(apply) undoes it and fails when something is left that should have gone, or when it could not be seen whether
        something is left.
    type: str
    choices: [plan, apply]
    default: plan
  access:
    description:
      - V(pod) reaches the nodes of the cluster through a privileged pod each, in the namespace
        C(submariner-lifecycle), which is removed afterwards.
      - V(host) treats the machine that the module runs on, for example an inventory host reached by SSH. Nothing but
        a shell and the node's own network tools is used on a node reached by V(pod); V(host) needs Python as every
        module.
      - With V(host) and O(state=apply) the machine has to prove that it is the node of O(identity).
    type: str
    choices: [pod, host]
    default: pod
  nodes:
    description:
      - Names of the nodes; all Linux nodes of the cluster when empty, without those of a virtual kubelet. Not used with
        O(access=host).
    type: list
    elements: str
    default: []
  host_nodes:
    description:
      - Names of nodes that another task can reach with O(access=host). Where no pod can look at one of them, it is
        handed over in RV(for_hosts), and does not count as unknown. Not used with O(access=host).
    type: list
    elements: str
    default: []
  prefer_hosts:
    description: Hand all of O(host_nodes) over, without trying a pod there.
    type: bool
    default: false
  identity:
    description:
      - The node that this machine has to be, as an entry of RV(for_hosts) names it. Used with O(access=host).
      - Machine ID and system UUID must be the node's, as far as both sides have one. Where only one of them can be
        compared, the machine must have the node's name, too. Anything else is refused before the machine is read.
    type: dict
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      machine_id:
        description: C(status.nodeInfo.machineID) of the node.
        type: str
        default: ''
      system_uuid:
        description: C(status.nodeInfo.systemUUID) of the node.
        type: str
        default: ''
  image:
    description:
      - Image of the pods. Anything with a shell will do; the node's own tools are used first and the image's where
        the node has none.
      - When empty, the image of the running route agents is used, else one of theirs that the nodes still have from the
        time when they ran.
      - O(access=pod) needs this or O(fallback_image) when there is neither.
    type: str
    default: ''
  fallback_image:
    description: Image of the pods when O(image) is empty and none of the route agents' is found in the cluster.
    type: str
    default: ''
  known_cidrs:
    description:
      - Subnets that Submariner's records name (pod, service and global CIDRs of all clusters). They tell Submariner's
        routes in tables 149 and 150 and its IPsec policies and states from those of others.
    type: list
    elements: str
    default: []
  known_nodes:
    description:
      - Names of nodes that records name as having run Submariner. There a rule that points at the empty table 100,
        149 or 150, the one trace that proves nothing by itself, counts as Submariner's.
      - With O(access=host), any name stands for this machine.
    type: list
    elements: str
    default: []
  force:
    description: Undo things also on nodes where Submariner's agents run, which put them back.
    type: bool
    default: false
  allow_uninspected:
    description:
      - Whether O(state=apply) succeeds with a warning where a node, or a part of its settings, could not be inspected.
      - Such a node may still have what Submariner left.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that one pass of reading or undoing may take on a node.
      - An API server that does not answer when the nodes are listed is waited for as long, at most 30 seconds.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: See what Submariner left on the nodes
  submariner.lifecycle.node_cleanup:
    kubeconfig: /etc/fleet/kubeconfig
    context: west
    image: quay.io/submariner/submariner-route-agent:0.24.1
  register: residue

- name: Take it back
  submariner.lifecycle.node_cleanup:
    kubeconfig: /etc/fleet/kubeconfig
    context: west
    image: quay.io/submariner/submariner-route-agent:0.24.1
    known_cidrs: [10.12.0.0/16, 10.13.0.0/16]
    state: apply

- name: The same, with a node that can also be reached by SSH
  submariner.lifecycle.node_cleanup:
    kubeconfig: /etc/fleet/kubeconfig
    context: west
    host_nodes: [west-worker]
    state: apply
  register: by_pod

- name: Where no pod could look, on the machine itself
  submariner.lifecycle.node_cleanup:
    access: host
    identity: "{{ item.identity }}"
    state: apply
  loop: "{{ by_pod.for_hosts }}"
  delegate_to: "{{ item.identity.name }}"
  become: true
"""

RETURN = r"""
plan:
  description: Settings that Submariner made, with the proof and the commands that undo each.
  returned: unless it could not begin
  type: list
  elements: dict
  sample:
    - node: west-worker
      kind: chain
      name: iptables-nft filter/SUBMARINER-FORWARD
      why: one of the chains that Submariner makes, with 1 rule
      residue: R24
      commands:
        - iptables-nft -w 10 -t filter -F SUBMARINER-FORWARD
        - iptables-nft -w 10 -t filter -X SUBMARINER-FORWARD
kept:
  description: Settings that look like Submariner's and stay, with the reason.
  returned: unless it could not begin
  type: list
  elements: dict
removed:
  description: Entries of RV(plan) that are proven gone.
  returned: unless it could not begin
  type: list
  elements: dict
remaining:
  description: Entries of RV(plan) that are still there, with the cause when one is known.
  returned: unless it could not begin
  type: list
  elements: dict
unknown:
  description: What could not be inspected, as node, layer and cause.
  returned: unless it could not begin
  type: list
  elements: dict
for_hosts:
  description:
    - The nodes of O(host_nodes) that are left to a task with O(access=host), each with its identity and the cause.
  returned: unless it could not begin
  type: list
  elements: dict
  sample:
    - identity: {name: west-worker, machine_id: 0c2f6d1c3bb04c5f8f0a3c1a6f0a1b2c, system_uuid: 4c4c4544-0042-3510-8052-b4c04f4e4e32}
      cause: the node is not ready since 2026-01-01T00:00:00Z
nodes:
  description:
    - Every node with its state, V(clean), V(residue), V(unknown) or V(not inspected), the cause and the agents seen
      there.
  returned: unless it could not begin
  type: list
  elements: dict
verdict:
  description:
    - V(pass) when all nodes are proven clean, V(fail) when something is left, V(unknown) when something was not
      inspected. It leaves out the nodes of RV(for_hosts).
  returned: always
  type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import (
    HostVisit,
    NodeTrouble,
    find_nodes,
    visit_pods,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_cleanup import (
    Treated,
    agents_in_cluster,
    report,
    shown,
    treat,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_identity import Identity
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_image import deployed_image
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import Known

Json = dict[str, t.Any]

PATIENCE = 30
"""Seconds that an API server may be away, as when its pod starts anew: much was removed before the nodes' turn."""

WAY_OUT = (
    "Repair the nodes, or set image (variable submariner_node_image) to one that they can run, and run again; or set "
    "allow_uninspected (variable submariner_cleanup_allow_uninspected) to go on without the proof."
)


def argument_spec() -> Json:
    return {
        **auth_spec(),
        "state": {"type": "str", "choices": ["plan", "apply"], "default": "plan"},
        "access": {"type": "str", "choices": ["pod", "host"], "default": "pod"},
        "nodes": {"type": "list", "elements": "str", "default": []},
        "host_nodes": {"type": "list", "elements": "str", "default": []},
        "prefer_hosts": {"type": "bool", "default": False},
        "identity": {
            "type": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "machine_id": {"type": "str", "default": ""},
                "system_uuid": {"type": "str", "default": ""},
            },
        },
        "image": {"type": "str", "default": ""},
        "fallback_image": {"type": "str", "default": ""},
        "known_cidrs": {"type": "list", "elements": "str", "default": []},
        "known_nodes": {"type": "list", "elements": "str", "default": []},
        "force": {"type": "bool", "default": False},
        "allow_uninspected": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 60},
    }


def on_host(module: AnsibleModule, apply: bool) -> Json:
    params = module.params
    node = this_machine(module)
    known = Known.of(params["known_cidrs"], bool(params["known_nodes"]))
    try:
        treated = treat(HostVisit(module, node), known, apply, params["force"])
    except NodeTrouble as error:
        return report([], {node: str(error)})
    return refuse_agents(module, report([treated], {}), {node: list(treated.agents)} if treated.agents else {})


def this_machine(module: AnsibleModule) -> str:
    """The name of the node that this machine is proven to be, or, where nothing may be changed, its own."""
    told, machine = module.params["identity"], Identity.of_this_machine()
    if told:
        node = Identity.of_params(told)
        why = node.not_the_same(machine)
        if why:
            raise ApiFailure(
                f"This machine ({machine.name}) is not proven to be node {node.name}: {why}. Nothing was read or changed.",
                "Correct the host's submariner_node_name and its connection, and run as root.",
            )
        return node.name
    if module.params["state"] == "apply":
        raise ApiFailure(
            f"Whether this machine ({machine.name}) is a node of the cluster is not known.",
            "Set identity to what for_hosts says of the node; nothing is changed without it.",
        )
    return machine.name


def in_cluster(module: AnsibleModule, api: Api, apply: bool) -> Json:
    params = module.params
    nodes = find_nodes(api, params["nodes"], float(min(PATIENCE, params["timeout"])))
    hosts = set(params["host_nodes"])
    if params["prefer_hosts"]:
        chosen = hosts.intersection(nodes.reachable)
        nodes.refused.update(dict.fromkeys(chosen, "it is left to its host, as asked for"))
        nodes.reachable = [node for node in nodes.reachable if node not in chosen]
    image = params["image"]
    try:
        image = image or deployed_image(api, otherwise=params["fallback_image"])
    except ApiFailure as error:
        if not hosts.issuperset(nodes.reachable) or not hosts:
            raise
        nodes.refused.update(dict.fromkeys(nodes.reachable, str(error)))
        nodes.reachable = []
    agents, not_known = agents_in_cluster(api)
    if apply and not_known and not params["force"]:
        raise ApiFailure(f"Whether Submariner runs on the nodes is not known: {not_known}.", "Nothing was changed.")
    # Agents of a node that is not asked for do not put anything back on the others.
    agents = {node: names for node, names in agents.items() if node in nodes.reachable}
    cidrs = Known.of(params["known_cidrs"]).cidrs

    def work(visit: t.Any) -> Treated:
        known = Known(cidrs, visit.node in params["known_nodes"])
        return treat(visit, known, apply and (visit.node not in agents or params["force"]), params["force"])

    treated, failures = visit_pods(api, nodes.reachable, image, float(params["timeout"]), work)
    for item in treated.values():
        if item.agents:
            agents.setdefault(item.node, list(item.agents))
        else:
            item.agents = tuple(agents.get(item.node, ()))
    causes = {**nodes.refused, **failures}
    handed = {node: causes[node] for node in causes if node in hosts and node in nodes.identities}
    result = report([treated[node] for node in sorted(treated)], causes, handed)
    unasked = "" if causes else not_asked(treated.values())
    if unasked:
        module.warn(unasked)
    result["for_hosts"] = [
        {"identity": nodes.identities[node].as_dict(), "cause": cause} for node, cause in sorted(handed.items())
    ]
    return refuse_agents(module, result, agents)


def not_asked(treated: t.Iterable[Treated]) -> str:
    """Where OVN's database is served by no node, as with a hosted control plane; empty where it was asked or is not."""
    plans = [item.before for item in treated]
    elsewhere = sum(found.ovn_elsewhere for found in plans)
    if not elsewhere or any(found.ovn_here for found in plans):
        return ""
    return (
        f"{elsewhere} of the nodes run OVN-Kubernetes, and none of those looked at serves its northbound database: policies "
        "and static routes that Submariner left there were not looked for."
    )


def refuse_agents(module: AnsibleModule, result: Json, agents: dict[str, list[str]]) -> Json:
    if agents and module.params["state"] == "apply" and not module.params["force"]:
        node, names = sorted(agents.items())[0]
        result["refused"] = (
            f"Submariner runs on {len(agents)} of the nodes ({names[0]} on {node}) and would put everything back; "
            "uninstall it first, or set force."
        )
    return result


def still_there(remaining: list[Json]) -> str:
    if not remaining:
        return ""
    first = remaining[0]
    return (
        f"{len(remaining)} of Submariner's settings are still on the nodes, first {first['kind']} {first['name']} on "
        f"{first['node']}: {first['cause'].rstrip('.') or 'no cause given'}."
    )


def not_inspected(unknown: list[Json]) -> str:
    """The nodes by what kept them from being inspected, in one line; empty when all were."""
    nodes: dict[str, list[str]] = {}
    for entry in unknown:
        what = "" if entry["layer"] == "node" else f"{entry['layer']}: "
        nodes.setdefault(what + entry["cause"].rstrip("."), []).append(entry["node"])
    words = "; ".join(f"{', '.join(names)}: {cause}" for cause, names in nodes.items())
    return f"Whether the nodes are clean is not known. {words}." if words else ""


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = module.params["state"] == "apply"
    apply = wanted and not module.check_mode
    try:
        result = (
            on_host(module, apply) if module.params["access"] == "host" else in_cluster(module, connect(module), apply)
        )
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    refused = result.pop("refused", "")
    result.setdefault("for_hosts", [])
    result["changed"] = bool(result["removed"]) or bool(wanted and module.check_mode and not refused and result["plan"])
    gone = result["plan"] if wanted and module.check_mode else result["removed"]
    left = [entry for entry in result["plan"] if entry not in gone]
    result["diff"] = {"before": shown(result["plan"]), "after": shown(left)}
    if refused:
        module.fail_json(msg=refused, **result)
    left_words = still_there(result["remaining"]) if apply else ""
    unseen = not_inspected(result["unknown"]) if wanted else ""
    if unseen and module.params["allow_uninspected"]:
        module.warn(unseen)
    elif unseen:
        unseen += f" {WAY_OUT}"
    if left_words or (unseen and not module.params["allow_uninspected"]):
        module.fail_json(msg=" ".join(words for words in (left_words, unseen) if words), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
