#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_plan
short_description: Tell what of a clusterset is to be upgraded, and what stands against it
version_added: 0.1.0
description:
  - Reads from the broker's cluster and from all members which version they run, in the Submariner resource and in the
    images of all workloads, and judges whether there is a way to O(version).
  - Changes nothing. With RV(verdict) V(fail) or V(unknown) nothing should be begun.
options:
  version:
    description: The version that is wanted.
    type: str
    required: true
  state:
    description:
      - V(planned) judges the way there, before anything is touched.
      - V(reached) judges whether all clusters of the run are there, with the same resource definitions on all of them.
    type: str
    choices: [planned, reached]
    default: planned
  sources:
    description: All members of the clusterset, also those that are not in this run.
    type: list
    elements: dict
    required: true
  broker_id:
    description: What the broker's cluster is called; the cluster ID where it is a member.
    type: str
    required: true
  members:
    description: IDs of the members that are in this run. The default is all of O(sources).
    type: list
    elements: str
  with_broker:
    description: Whether the broker is in this run.
    type: bool
    default: true
  continued:
    description: Whether an interrupted run is gone on with, so that a member may be down.
    type: bool
    default: false
  image_overrides:
    description: ID of a member -> the images by component that its next join is given.
    type: dict
    default: {}
  allow_unstable:
    description: Whether versions that are no releases (V(devel), V(0.25.0-rc0)) are taken, whose order is not known.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.sources
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details: In check mode it tells with C(changed) whether there is something to upgrade. It never changes anything itself.
  diff_mode:
    support: full
  idempotent:
    support: full
requirements:
  - kubernetes
seealso:
  - module: submariner.lifecycle.broker
  - module: submariner.lifecycle.member
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Can east and west go to 0.20.0
  submariner.lifecycle.upgrade_plan:
    kubeconfig: ~/.kube/config
    context: east
    version: 0.20.0
    broker_id: east
    sources:
      - cluster_id: east
        auth: {kubeconfig: ~/.kube/config, context: east}
      - cluster_id: west
        auth: {kubeconfig: ~/.kube/config, context: west}
"""

RETURN = r"""
steps:
  description: What is to be upgraded, in order.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: V(broker) or V(member).
      type: str
    cluster_id:
      description: Whose.
      type: str
    from:
      description: The versions that run there now, none where it is not joined or has no operator.
      type: list
      elements: str
lines:
  description: The same for people.
  returned: success
  type: list
  elements: str
findings:
  description: What stands against it, with the way out.
  returned: success
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
  sample: pass
settings:
  description:
    - By ID, the options of each installation that a join leaves open unless they are set; no secrets.
    - Without an entry for a member that is not installed.
  returned: success
  type: dict
  sample: {west: {cable_driver: vxlan}}
"""

import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import CRDS
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.upgrade import (
    Fleet,
    Runs,
    judge,
    lines,
    reached,
    steps,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import OPERATOR_NAMESPACE, Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe

READS = ("submariners", "deployments", "daemonsets")
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(
        version={"type": "str", "required": True},
        state={"type": "str", "choices": ["planned", "reached"], "default": "planned"},
        sources={
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "cluster_id": {"type": "str", "required": True},
                "auth": {"type": "dict", "required": True, "options": auth_spec()},
            },
        },
        broker_id={"type": "str", "required": True},
        members={"type": "list", "elements": "str"},
        with_broker={"type": "bool", "default": True},
        continued={"type": "bool", "default": False},
        image_overrides={"type": "dict", "default": {}},
        allow_unstable={"type": "bool", "default": False},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
    )
    return spec


def read(api: Api, cluster_id: str, namespace: str, with_definitions: bool) -> Runs:
    """One cluster. Definitions are asked for one by one: a cluster may have hundreds of others."""
    snapshot = observe(api, (), namespace, keys=READS)
    answers = [api.get(DEFINITIONS + name) for name in sorted(CRDS)] if with_definitions else []
    untold = next((answer.reason for answer in answers if answer.unknown), "")
    if untold:
        return Runs(cluster_id, unread=f"resource definitions: {untold}")
    return Runs.of(snapshot, cluster_id, [answer.body for answer in answers if answer.present])


def fleet_of(module: AnsibleModule) -> Fleet:
    params = module.params
    proving, namespace = params["state"] == "reached", params["operator_namespace"]
    asked = [(params["broker_id"], connect(module))]
    asked += [(source["cluster_id"], connect(module, source["auth"])) for source in params["sources"]]
    with ThreadPoolExecutor(max_workers=min(16, len(asked))) as pool:
        found = list(pool.map(lambda one: read(one[1], one[0], namespace, proving), asked))
    members = [runs.cluster_id for runs in found[1:]] if params["members"] is None else params["members"]
    return Fleet(
        found[0], found[1:], members, params["with_broker"], params["continued"], overrides=params["image_overrides"]
    )


def run(module: AnsibleModule) -> Json:
    params = module.params
    target = params["version"]
    fleet = fleet_of(module)
    findings = (
        reached(fleet, target) if params["state"] == "reached" else judge(fleet, target, params["allow_unstable"])
    )
    plan = [] if any(runs.unread for runs in fleet.clusters) else steps(fleet, target)
    result: Json = {
        "changed": module.check_mode and params["state"] == "planned" and bool(plan),
        "steps": plan,
        "lines": lines(plan, target) if plan or not findings else [],
        "findings": [finding.as_dict() for finding in findings],
        "verdict": verdict(findings),
        "settings": {runs.cluster_id: runs.settings for runs in fleet.members if runs.installed},
    }
    if module._diff and params["state"] == "planned":
        result["diff"] = {
            "before": "".join(f"{s['what']} {s['cluster_id']}: {', '.join(s['from']) or 'none'}\n" for s in plan),
            "after": "".join(f"{s['what']} {s['cluster_id']}: {target}\n" for s in plan),
        }
    return result


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
