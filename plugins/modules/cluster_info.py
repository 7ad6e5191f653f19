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
  - One call reads one cluster, member or broker or both, with one LIST per kind.
  - What the API server did not answer, or did not allow, is in RV(unknown); nothing is concluded from it.
options:
  cluster_id:
    description: ID under which the cluster is, or shall be, joined.
    type: str
    default: ''
  sections:
    description: What to read. V(identity) is always read.
    type: list
    elements: str
    choices: [identity, state, residue, broker, records, workloads, nodes]
    default: [identity, state, broker]
  rights:
    description: Whether to ask, too, if the credentials allow what install, uninstall and cleanup do.
    type: bool
    default: false
  address:
    description: Whether to find out, too, at which address members would reach this cluster as their broker.
    type: bool
    default: false
  operator_namespace:
    description: Namespace of the operator.
    type: str
    default: submariner-operator
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
"""

EXAMPLES = r"""
- name: What is on west
  submariner.lifecycle.cluster_info:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
  register: west
"""

RETURN = r"""
snapshot:
  description:
    - Identity (C(uid), C(server), C(kubernetes), C(identity)), installation (C(cluster_id), C(installed), C(going),
      C(submariner)), C(nodes), C(endpoints), C(clusters), C(gateways) with connections, C(workloads),
      C(uninstall_workloads), C(brokers), C(namespaces), C(other_owners).
  returned: always
  type: dict
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
  returned: always
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import choose_url
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import SECTIONS, observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._rights import denied


def run(module: AnsibleModule) -> Json:
    api = connect(module)
    snapshot = observe(api, {"identity", *module.params["sections"]}, module.params["operator_namespace"])
    identity = snapshot.reading("kube-system")
    if identity.state == "unknown":
        raise ApiFailure(
            f"{api.server} does not answer: {identity.reason.rstrip('.')}.",
            "Check submariner_kubeconfig and submariner_context, and that the credentials are valid.",
        )
    result: Json = {
        "changed": False,
        "snapshot": digest(snapshot, module.params["cluster_id"]),
        "unknown": dict(snapshot.unanswered),
    }
    if module.params["rights"]:
        result["denied"], reason = denied(api)
        if reason:
            result["unknown"]["rights"] = reason
    if module.params["address"]:
        result["broker_url"] = choose_url(module, api, None)[0]
    return result


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        cluster_id={"type": "str", "default": ""},
        sections={
            "type": "list",
            "elements": "str",
            "choices": list(SECTIONS),
            "default": ["identity", "state", "broker"],
        },
        rights={"type": "bool", "default": False},
        address={"type": "bool", "default": False},
        operator_namespace={"type": "str", "default": "submariner-operator"},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
