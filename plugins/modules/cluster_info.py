#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Read what one cluster has of Submariner
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - One call reads one cluster, member or broker or both, with one LIST per kind, and judges what it shows without the others.
  - What the API server did not answer, or did not allow, is in RV(unknown); nothing is concluded from it.
  - Secrets are in no result. Of the broker's Secret, which only the section V(access) reads, the expiry of the CA is told.
options:
  cluster_id:
    description: ID under which the cluster is, or shall be, joined.
    type: str
    default: ''
  sections:
    description:
      - What to read. V(identity) is always read.
      - V(identity) (UID, version, nodes, CIDRs) and V(state) are what the checks judge but for residue, at most 20 requests.
      - V(records) are Clusters, Endpoints, Gateways, RouteAgents, GatewayRoutes and NonGatewayRoutes.
      - V(workloads) are Deployments, DaemonSets and pods of the operator's namespace, V(nodes) the nodes.
      - V(dns) is what service discovery edited in the cluster's DNS (CoreDNS, a ConfigMap of the user's choice, or
        OpenShift's C(dns.operator)), with the Service that it points to. V(services) are ServiceExports and ServiceImports.
      - V(globalnet) are the addresses that Globalnet gave. V(definitions) are Submariner's custom resource definitions.
      - V(access) reads the Secret by which a member knows its broker, and needs the right to get it.
      - V(broker) are the broker's records, allocations and the accesses that it gave, V(offers) the services that members
        offer through it. V(site) is what its network and platform are. V(residue) is all that Submariner
        owns, V(contents) what else may stand in its namespaces, V(traces) what it changes in objects of others or makes in
        users' namespaces. All sections together are at most 55 requests.
    type: list
    elements: str
    choices:
      - identity
      - state
      - records
      - workloads
      - nodes
      - dns
      - services
      - globalnet
      - definitions
      - access
      - broker
      - offers
      - residue
      - contents
      - traces
      - site
    default: [identity, state]
  digest_only:
    description: Whether to leave RV(snapshot) and RV(findings) out, which keeps the results of large fleets small.
    type: bool
    default: false
  rights:
    description:
      - Whether to ask, too, if the credentials allow what O(rights_for) does. One request for an administrator, else one for
        each of at most 150 rights.
    type: bool
    default: false
  rights_for:
    description: The run whose rights O(rights) asks for.
    type: str
    choices: [install, uninstall, reinstall]
    default: reinstall
  hosts_broker:
    description:
      - Whether the cluster hosts the broker, or shall host it, which needs more rights.
      - Where it hosts none yet, they are asked for in O(broker_namespace).
    type: bool
    default: false
  wanted:
    description: What a join of this cluster would be told. RV(digest) has the gateway nodes that follow from it.
    type: dict
    suboptions:
      gateway_nodes:
        description: Nodes that shall be gateways. When empty, those with the label, else one that is Ready.
        type: list
        elements: str
        default: []
      gateway_count:
        description: How many gateways there are to be at least, where O(wanted.gateway_nodes) names none.
        type: int
        default: 1
      gateway_selector:
        description: Label selector of the nodes among which is chosen. When empty, all.
        type: str
        default: ''
      gateways_before:
        description: Nodes that were gateways before a run that was interrupted took their label away.
        type: list
        elements: str
        default: []
      cluster_cidr:
        description: Pod CIDRs, with commas between them. When empty, those that are seen.
        type: str
        default: ''
      service_cidr:
        description: Service CIDRs, with commas between them. When empty, those that are seen.
        type: str
        default: ''
  address:
    description: Whether to find out, too, at which address members would reach this cluster as their broker.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
seealso:
  - module: submariner.lifecycle.fleet_check
"""

EXAMPLES = r"""
- name: What is on west
  submariner.lifecycle.cluster_info:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
  register: west

- name: What would an uninstall of west leave to be cleaned
  submariner.lifecycle.cluster_info:
    kubeconfig: ~/.kube/config
    context: west
    sections: [state, residue]
  register: west

- name: Read a member of a large fleet for fleet_check
  submariner.lifecycle.cluster_info:
    kubeconfig: "{{ submariner_kubeconfig }}"
    context: "{{ submariner_context }}"
    cluster_id: "{{ submariner_cluster_id }}"
    sections: [state]
    digest_only: true
  register: info
"""

RETURN = r"""
snapshot:
  description: What was read, in parts. A part whose section was not asked for is not in there.
  returned: success, unless O(digest_only=true)
  type: dict
  contains:
    schema:
      description: Version of this document. It is raised when a field changes its meaning or goes, not when one is added.
      returned: always
      type: int
      sample: 1
    server:
      description: Address of the API server.
      returned: always
      type: str
    uid:
      description: UID of the namespace kube-system, which tells clusters apart. Empty when it could not be read.
      returned: always
      type: str
    clock:
      description: The API server's clock in epoch seconds.
      returned: always
      type: float
    kubernetes:
      description: Version of the API server.
      returned: always
      type: str
      sample: v1.33.1
    cluster_id:
      description: ID under which the cluster is joined, empty when it is not.
      returned: always
      type: str
    installed:
      description: Whether a Submariner resource is there that is not being deleted.
      returned: always
      type: bool
    submariner:
      description:
        - The Submariner resource with C(name), C(namespace), C(created), C(deleting) (since when, or empty), C(finalizers),
          and the fields of C(spec) and C(status) that are no secrets. Empty without one.
      returned: with V(identity)
      type: dict
    service_discovery:
      description: The ServiceDiscovery resource, as RV(snapshot.submariner).
      returned: with V(state), V(dns) or V(residue)
      type: dict
    brokers:
      description:
        - Brokers on this cluster with C(namespace), the Broker C(resource), and what its tables gave to which cluster ID,
          C(globalnet) (C(enabled), C(range), C(given)) and C(clusterset_ips).
      returned: with V(state), V(broker), V(globalnet) or V(residue)
      type: list
      elements: dict
    access:
      description: Whether the Secret for the broker has a C(token) and a C(ca), and when that CA C(expires) in epoch seconds.
      returned: with V(access), if the Submariner resource names a Secret
      type: dict
    versions:
      description: C(submariner) (as asked for), C(images) (tag by workload), C(reported) (what gateways and route agents say).
      returned: with V(state), V(workloads), V(records) or V(residue)
      type: dict
    records:
      description: Endpoints and Clusters by namespace, since copies of one record stand in several.
      returned: with V(state), V(records), V(broker) or V(residue)
      type: list
      elements: dict
      contains:
        namespace:
          description: Where they stand.
          type: str
        endpoints:
          description:
            - With C(name), C(uid), C(cluster_id), C(origin) (the cluster that made it, empty for a member's own), C(hostname),
              C(private_ip), C(private_ips), C(public_ip), C(subnets), C(cable_name), C(backend), C(health_check_ip).
          type: list
          elements: dict
        clusters:
          description:
            - With C(name), C(uid), C(cluster_id), C(origin), C(cluster_cidr), C(service_cidr), C(global_cidr).
          type: list
          elements: dict
    gateways:
      description:
        - Gateways with C(name), C(ha_status) (V(active) or V(passive)), C(failure), C(version), C(local) (their Endpoint),
          C(connections) (C(cluster_id), C(hostname), C(private_ip), C(cable_name), C(status), C(message), C(latency)),
          C(updated) (by the node's clock) and C(written) (by the API server's).
      returned: with V(state), V(records) or V(residue)
      type: list
      elements: dict
    route_agents:
      description: By node, with C(version) and C(remotes) (C(cluster_id), C(status), C(message), C(latency)).
      returned: with V(state) or V(records)
      type: list
      elements: dict
    gateway_routes:
      description: GatewayRoutes with C(namespace), C(name), C(next_hops), C(remote_cidrs). Only OVN-Kubernetes has them.
      returned: with V(records)
      type: list
      elements: dict
    non_gateway_routes:
      description: NonGatewayRoutes, as RV(snapshot.gateway_routes).
      returned: with V(records)
      type: list
      elements: dict
    leases:
      description: Who leads, with C(name), C(holder), C(transitions), C(acquired), C(renewed) (by the holder's clock).
      returned: with V(state)
      type: list
      elements: dict
    workloads:
      description:
        - Deployments and DaemonSets with C(kind), C(name), C(desired), C(ready), C(deleting), C(images), C(restarts), and
          C(last_termination) of one of their containers (C(pod), C(container), C(reason), C(exit_code), C(finished),
          C(message) where it is the runtime's own), null without one.
      returned: with V(state), V(workloads) or V(residue)
      type: list
      elements: dict
    nodes:
      description:
        - Nodes with C(name), C(ready), C(gateway) (value of the gateway label), C(control_plane), C(addresses), C(pod_cidrs),
          C(annotations) (keys of labels and annotations below submariner.io).
      returned: with V(identity)
      type: list
      elements: dict
    namespaces:
      description: The operator's and the broker's namespaces with C(name), C(deleting) (since when, or empty), C(conditions).
      returned: with V(state), V(broker) or V(residue)
      type: list
      elements: dict
    dns:
      description:
        - C(place) where the cluster's DNS is told about lighthouse, C(edited), C(markers_paired), C(forwards_to), and the
          addresses of C(lighthouse) that it should forward to.
      returned: with V(state), V(dns) or V(residue)
      type: dict
    exports:
      description: ServiceExports with C(namespace), C(name), C(conditions).
      returned: with V(state) or V(services)
      type: list
      elements: dict
    imports:
      description: ServiceImports with C(namespace), C(name), C(service) that they stand for, C(clusters) that offer it.
      returned: with V(state), V(services) or V(residue)
      type: list
      elements: dict
    globalnet:
      description:
        - ClusterGlobalEgressIPs, GlobalEgressIPs and GlobalIngressIPs with C(kind), C(namespace), C(name), C(addresses),
          C(conditions). Without V(globalnet) only the first ones, on clusters with Globalnet.
      returned: with V(globalnet), or with V(state) on clusters with Globalnet
      type: list
      elements: dict
    definitions:
      description:
        - Submariner's custom resource definitions with C(name), C(deleting), and C(served), whether the API server serves the
          kind, null when it was not asked.
      returned: with V(definitions) or V(residue)
      type: list
      elements: dict
    residue:
      description:
        - What is left of an installation and needed by nothing, with C(kind), C(object), C(why) it is Submariner's, and
          C(residue), the sort of it.
      returned: with V(residue)
      type: list
      elements: dict
    unknown:
      description: As RV(unknown).
      returned: always
      type: dict
digest:
  description:
    - The part of it that M(submariner.lifecycle.fleet_check) needs to judge clusters together. A few kilobytes, and some
      80 bytes more for each further member of the clusterset.
  returned: success
  type: dict
  contains:
    schema:
      description: Version of this digest.
      type: int
      sample: 1
    read:
      description: Names of the readings that it was made of.
      type: list
      elements: str
    unknown:
      description: Those that were not answered, with the reason.
      type: dict
    uid:
      description: As RV(snapshot.uid).
      type: str
    server:
      description: As RV(snapshot.server).
      type: str
    kubernetes:
      description: As RV(snapshot.kubernetes).
      type: str
    cluster_id:
      description: As RV(snapshot.cluster_id).
      type: str
    wanted_id:
      description: As O(cluster_id).
      type: str
    installed:
      description: As RV(snapshot.installed).
      type: bool
    going:
      description: Whether the Submariner resource is being deleted.
      type: bool
    identity:
      description: By what records of this cluster are recognised, C(ids), C(nodes), C(addresses), C(pod_cidrs).
      type: dict
    submariner:
      description: Some fields of the Submariner resource's spec.
      type: dict
    health_check:
      description: Whether gateways check their connections.
      type: bool
    cluster_cidrs:
      description: Pod CIDRs.
      type: list
      elements: str
    service_cidrs:
      description: Service CIDRs.
      type: list
      elements: str
    global_cidrs:
      description: CIDRs that Globalnet gave the cluster.
      type: list
      elements: str
    nodes:
      description: Numbers of nodes, C(total) and C(ready).
      type: dict
    gateway_nodes:
      description:
        - Nodes with the gateway label, C(name), C(ready), C(by) (who set it, as the API server noted it) and C(settings) (labels
          and annotations for gateways).
      type: list
      elements: dict
    own_endpoints:
      description: The cluster's own Endpoints.
      type: list
      elements: dict
    copies:
      description: Copies of other clusters' Endpoints by cluster ID, each as a mark that is equal for equal records.
      type: dict
    clusters:
      description: IDs of the Cluster records in the operator's namespace.
      type: list
      elements: str
    gateways:
      description:
        - Gateways with C(name), C(status), C(cable), C(age) (seconds since the API server last took an update, null when it
          does not say), and a line for each of C(connections), made of the ID, the status, the cable, and why a connected
          one is not proven.
      type: list
      elements: dict
    brokers:
      description:
        - Brokers with C(namespace), C(endpoints), C(clusters), C(resource), C(terminating), C(globalnet), and C(imports), the
          IDs that offer a service by its namespace and name.
      type: list
      elements: dict
    exports:
      description: Namespaces and names of the services that lighthouse exports; not of those that it refused or has not answered.
      type: list
      elements: str
    operator:
      description: Tag of the operator's image.
      type: str
    other_owners:
      description: Who else manages the installation.
      type: list
      elements: dict
    ahead:
      description: Seconds by which the API server's clock is ahead of the controller's, null when it was not told.
      type: float
    plugin:
      description: Network plugin as Submariner's operator found it.
      type: str
    site:
      description:
        - What the cluster is made of, as far as it could be read, C(plugins) (agents of network plugins), C(proxy) (kube-proxy's
          mode), C(pools) and C(pool_api) (Calico's), C(openshift), C(openshift_network), C(foreign_mcs).
      type: dict
    optional:
      description: Those of RV(digest.unknown) that a run which is about to begin can do without.
      type: list
      elements: str
    wanted:
      description: O(wanted), with the C(gateways) that would be chosen and the C(trouble) in it.
      type: dict
    rights_unknown:
      description: Why it is not known what the credentials allow; missing when it is.
      type: str
    perhaps_denied:
      description: What the credentials do not allow, of the rights that a run may come to need.
      type: list
      elements: str
    findings:
      description: Findings by check, for those checks of which all readings were answered.
      type: dict
findings:
  description: What the cluster shows to be wrong without the others, and what could not be read. See docs/findings.md.
  returned: success, unless O(digest_only=true)
  type: list
  elements: dict
denied:
  description: What the credentials do not allow, as verb and resource.
  returned: when O(rights=true)
  type: list
  elements: str
  sample: []
broker_url:
  description: Address that members would be given if this cluster hosted the broker, unless they are told another one.
  returned: when O(address=true)
  type: str
  sample: https://172.18.0.3:6443
unknown:
  description: What was not answered, with the reason.
  returned: success
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    NOT_KUBERNETES,
    Api,
    ApiFailure,
    auth_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_alone
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest, split_cidrs
from ansible_collections.submariner.lifecycle.plugins.module_utils._gateway_nodes import choose_gateways, selected_nodes
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    Json,
    Snapshot,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import OPTIONAL, SECTIONS, observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._rights import VERBS, denied
from ansible_collections.submariner.lifecycle.plugins.module_utils._structured import structured


def run(module: AnsibleModule) -> Json:
    params = module.params
    api = connect(module)
    snapshot = observe(api, {"identity", *params["sections"]}, params["operator_namespace"])
    refuse_silence(api.server, snapshot)
    brief = digest(snapshot, params["cluster_id"])
    result: Json = {"changed": False, "digest": brief, "unknown": dict(snapshot.unanswered)}
    if not params["digest_only"]:
        result["snapshot"] = structured(snapshot)
        result["findings"] = [f.as_dict() for f in check_alone(params["cluster_id"] or api.server, brief)]
    brief["optional"] = sorted(OPTIONAL & set(snapshot.unanswered))
    if params["wanted"] is not None:
        brief["wanted"] = _wanted(api, snapshot, params["wanted"])
    if params["rights"]:
        brokers = snapshot.broker_namespaces or ([params["broker_namespace"]] if params["hosts_broker"] else [])
        found = denied(api, params["rights_for"], params["operator_namespace"], brokers)
        result["denied"], brief["perhaps_denied"] = found.needed, found.perhaps
        if found.unknown:
            result["unknown"]["rights"] = brief["rights_unknown"] = found.unknown
    if params["address"]:
        from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import choose_url

        result["broker_url"] = choose_url(module, api, None)[0]
    return result


def _wanted(api: Api, snapshot: Snapshot, wanted: Json) -> Json:
    try:
        eligible = selected_nodes(api, wanted["gateway_selector"])
        asked, before, count = wanted["gateway_nodes"], wanted["gateways_before"], wanted["gateway_count"]
        gateways, trouble = choose_gateways(snapshot.nodes, asked, before, count, eligible)
    except ApiFailure as error:
        gateways, trouble = [], str(error)
    return {
        "cluster_cidr": split_cidrs(wanted["cluster_cidr"]),
        "service_cidr": split_cidrs(wanted["service_cidr"]),
        "gateways": gateways,
        "trouble": trouble if snapshot.known("nodes") else "",
    }


def refuse_silence(server: str, snapshot: Snapshot) -> None:
    """Fail when there is no API server, or it answered nothing at all: then the input is wrong, or the server is down."""
    hint = "Check submariner_kubeconfig and submariner_context, and that the credentials are valid."
    if snapshot.reading("nodes").reason.startswith(NOT_KUBERNETES):
        raise ApiFailure(f"{server} is no Kubernetes API server.", hint)
    if all(r.state == "unknown" for r in snapshot.readings.values()):
        raise ApiFailure(
            f"{server} does not answer: {snapshot.reading('nodes').reason.rstrip('.')}.",
            hint,
        )


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        cluster_id={"type": "str", "default": ""},
        sections={
            "type": "list",
            "elements": "str",
            "choices": list(SECTIONS),
            "default": ["identity", "state"],
        },
        digest_only={"type": "bool", "default": False},
        rights={"type": "bool", "default": False},
        rights_for={"type": "str", "choices": list(VERBS), "default": "reinstall"},
        hosts_broker={"type": "bool", "default": False},
        wanted={
            "type": "dict",
            "options": {
                "gateway_nodes": {"type": "list", "elements": "str", "default": []},
                "gateway_count": {"type": "int", "default": 1},
                "gateway_selector": {"type": "str", "default": ""},
                "gateways_before": {"type": "list", "elements": "str", "default": []},
                "cluster_cidr": {"type": "str", "default": ""},
                "service_cidr": {"type": "str", "default": ""},
            },
        },
        address={"type": "bool", "default": False},
        operator_namespace={"type": "str", "default": "submariner-operator"},
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
    )
    module = Module(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
