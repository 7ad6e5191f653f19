#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: member
short_description: Join a cluster to Submariner's broker
version_added: 0.1.0
description:
  - Labels the gateway nodes, runs C(subctl join) unless the cluster is already joined as wanted, and then waits until
    the operator has really made the installation, with all pods ready and an active gateway. C(subctl join) itself ends
    well before any of that.
  - While C(subctl) runs, the operator is watched, as M(submariner.lifecycle.broker) does. An operator Deployment that
    does not run when the task begins is deleted first, so that it is made anew at once.
  - The broker info is put together from the broker's own objects and the PSK in the record of the run
    (M(submariner.lifecycle.run_record)); no file has to be carried around.
  - Joined as wanted is who has in its Submariner resource what the options say. Not compared, since that resource has no
    place for them, are O(globalnet), O(globalnet_cluster_size), O(ignore_requirements), O(operator_debug), O(http_proxy),
    O(https_proxy) and O(no_proxy_hosts). They take effect at the next join.
  - Refuses to join while the broker has records of this ID that are not this installation's, and over an installation
    of another ID or broker.
options:
  state:
    description: An installation is removed by M(submariner.lifecycle.cleanup).
    type: str
    choices: [present]
    default: present
  subctl:
    description: The C(subctl) program, a path or a name to be found in E(PATH).
    type: str
    default: subctl
  cluster_id:
    description: ID of the cluster in the clusterset, an RFC 1123 label.
    type: str
    required: true
  broker:
    required: true
  broker_url:
    description:
      - Address of the broker's API server as this cluster's pods reach it.
      - The default is the one that M(submariner.lifecycle.broker) put into the record of the run, else what it would.
    type: str
  broker_info:
    description:
      - The content of a C(broker-info.subm). Its address is taken unless it means the machine itself or O(broker_url) is set, and
        its PSK where neither the record nor an installation has one. Token and certificate are always the broker's present ones.
      - Refused when its token is not accepted by the broker, or its PSK is not the clusterset's.
    type: str
  gateway_nodes:
    description:
      - Nodes to be labelled as gateways.
      - The default is the nodes that have the label, else those in the record of the run, else the first ready worker,
        else a ready control plane.
    type: list
    elements: str
    default: []
  gateway_count:
    description:
      - How many gateways there are to be at least, where O(gateway_nodes) names none. Nodes that have the label keep it, and
        count; what is missing is chosen among the ready nodes, workers first.
    type: int
    default: 1
  gateway_selector:
    description: Label selector of the nodes among which is chosen. Nodes that have the label already are kept in any case.
    type: str
  timeout:
    description: Seconds after which C(subctl) is ended; its own limit is 10 minutes.
    type: int
    default: 660
  ready_timeout:
    description: Seconds to wait for the installation to become ready after C(subctl) has ended.
    type: int
    default: 300
  cable_driver:
    description: The cable driver.
    type: str
  nattport:
    description: UDP port of the tunnels.
    type: int
  natt:
    description: Whether NAT is traversed.
    type: bool
  preferred_server:
    description: Whether other clusters connect to this one, rather than it to them.
    type: bool
  force_udp_encaps:
    description: Whether IPsec is put into UDP even without NAT.
    type: bool
  load_balancer:
    description: Whether a load balancer stands in front of the gateways.
    type: bool
  air_gapped:
    description: Whether the cluster has no way to the internet; its public address is then not asked for.
    type: bool
  health_check:
    description: Whether gateways check their connections by ping.
    type: bool
  health_check_interval:
    description: Seconds between two pings.
    type: int
  health_check_max_packet_loss_count:
    description: Number of lost pings after which a connection counts as down.
    type: int
  globalnet:
    description: Whether this cluster takes part in the broker's Globalnet.
    type: bool
  globalnet_cidr:
    description: The cluster's global CIDR; the default is the one in the record of the run, else the next free one.
    type: str
  globalnet_cluster_size:
    description: Number of global IPs of this cluster.
    type: int
  enable_clusterset_ip:
    description:
      - Whether exported services get a clusterset IP by default. A broker that has it on outranks V(false).
      - Not used, as O(clusterset_ip_cidr), where the broker has no service discovery.
    type: bool
  clusterset_ip_cidr:
    description: The cluster's range of clusterset IPs; the default is as for O(globalnet_cidr).
    type: str
  cluster_cidr:
    description: The pods' CIDR, where it is not to be discovered.
    type: str
  service_cidr:
    description: The Services' CIDR, where it is not to be discovered.
    type: str
  custom_domains:
    description: Domains for service discovery besides C(clusterset.local); the default is the broker's.
    type: list
    elements: str
  coredns_custom_configmap:
    description:
      - ConfigMap for the DNS forwarding, V(namespace/name), where CoreDNS's own is not to be edited.
      - Without a namespace it is in C(kube-system).
    type: str
  repository:
    description: Repository of the images.
    type: str
  version:
    description: Version of the images.
    type: str
  image_override:
    description: Images by component, for example C(submariner-gateway).
    type: dict
  pod_debug:
    description: Whether Submariner's pods log in detail.
    type: bool
  ipsec_debug:
    description: Whether IPsec logs in detail.
    type: bool
  operator_debug:
    description: Whether the operator logs in detail.
    type: bool
  ignore_requirements:
    description: Whether to join although Kubernetes is too old.
    type: bool
  check_broker_certificate:
    description: Whether C(subctl) and the installation check the certificate of the broker's API server.
    type: bool
  http_proxy:
    description: Proxy of the operator for HTTP.
    type: str
  https_proxy:
    description: Proxy of the operator for HTTPS.
    type: str
  no_proxy_hosts:
    description: What the operator reaches without a proxy, as C(subctl) takes it with C(--no-proxy).
    type: str
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - kubernetes
  - subctl
seealso:
  - module: submariner.lifecycle.broker
  - module: submariner.lifecycle.wait_for_single_endpoint
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Join west
  submariner.lifecycle.member:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    version: 0.19.0
    broker:
      kubeconfig: ~/.kube/config
      context: east

- name: Join west with two chosen gateways and WireGuard
  submariner.lifecycle.member:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    gateway_nodes: [west-worker, west-worker2]
    cable_driver: wireguard
    broker:
      kubeconfig: ~/.kube/config
      context: east
"""

RETURN = r"""
cluster_id:
  description: ID of the cluster.
  returned: unless it could not begin
  type: str
  sample: west
gateway_nodes:
  description: The gateway nodes.
  returned: unless it could not begin
  type: list
  elements: str
labelled:
  description: Those of RV(gateway_nodes) that this task gave the label.
  returned: unless it could not begin
  type: list
  elements: str
differences:
  description: The settings that an existing installation had otherwise than wanted.
  returned: unless it could not begin
  type: list
  elements: dict
rejoins:
  description:
    - Whether the cluster is joined otherwise and so is joined anew, which makes its operator uninstall it first.
  returned: unless it could not begin
  type: bool
stage:
  description:
    - How far a join came that failed, V(labelling) gateway nodes, V(joining) by C(subctl), or V(joined) and not ready.
    - Run the task again once the cause is gone, and it goes on from there. Without it nothing was changed.
  returned: when it failed after something was changed
  type: str
  sample: joining
registered:
  description: IDs of the clusters that had a record on the broker before this join.
  returned: unless it could not begin
  type: list
  elements: str
findings:
  description: What is wrong, with its cause where it is known.
  returned: unless it could not begin
  type: list
  elements: dict
subctl:
  description: The command, its exit status, its output without secrets and how long it took.
  returned: when subctl was run
  type: dict
seconds:
  description: How long the installation took to become ready after C(subctl) had ended.
  returned: when subctl was run
  type: float
"""

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, broker_spec
from ansible_collections.submariner.lifecycle.plugins.module_utils._join import JoinFailed, JoinRefused, join
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import BROKER_NAMESPACE, Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import SubctlFailure

_STRINGS = (
    "broker_url",
    "cable_driver",
    "globalnet_cidr",
    "clusterset_ip_cidr",
    "cluster_cidr",
    "service_cidr",
    "coredns_custom_configmap",
    "repository",
    "version",
    "http_proxy",
    "https_proxy",
    "no_proxy_hosts",
)
_NUMBERS = ("nattport", "health_check_interval", "health_check_max_packet_loss_count", "globalnet_cluster_size")
_SWITCHES = (
    "natt",
    "preferred_server",
    "force_udp_encaps",
    "load_balancer",
    "air_gapped",
    "health_check",
    "globalnet",
    "enable_clusterset_ip",
    "pod_debug",
    "ipsec_debug",
    "operator_debug",
    "ignore_requirements",
    "check_broker_certificate",
)


def argument_spec() -> Json:
    spec = auth_spec()
    spec.update({name: {"type": "str"} for name in _STRINGS})
    spec.update({name: {"type": "int"} for name in _NUMBERS})
    spec.update({name: {"type": "bool"} for name in _SWITCHES})
    spec.update(
        state={"type": "str", "choices": ["present"], "default": "present"},
        subctl={"type": "str", "default": "subctl"},
        cluster_id={"type": "str", "required": True},
        broker=dict(broker_spec(), required=True),
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        gateway_nodes={"type": "list", "elements": "str", "default": []},
        gateway_count={"type": "int", "default": 1},
        gateway_selector={"type": "str"},
        custom_domains={"type": "list", "elements": "str"},
        image_override={"type": "dict"},
        broker_info={"type": "str", "no_log": True},
        timeout={"type": "int", "default": 660},
        ready_timeout={"type": "int", "default": 300},
    )
    return spec


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = join(module)
    except JoinRefused as error:
        module.fail_json(msg=str(error), findings=[finding.as_dict() for finding in error.findings])
    except JoinFailed as failed:
        cause = failed.error
        if isinstance(cause, SubctlFailure):
            module.fail_json(
                msg=cause.msg,
                stage=failed.stage,
                findings=[cause.finding.as_dict()] if cause.finding else [],
                subctl=cause.result.as_dict() if cause.result else {},
            )
        module.fail_json(msg=str(cause), stage=failed.stage)
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended. Run again: what it left behind is taken up.")
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
