#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evict
short_description: Remove what dead clusters have on their broker, and prove that it is gone
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Removes the records of clusters that M(submariner.lifecycle.evict_check) has proven dead from the broker's cluster, and their
    access to it (ServiceAccount, RoleBinding, token). Shows the plan (check mode, diff) and ends with a fresh reading that
    finds nothing more. The clusters themselves are not touched.
  - Only what stands under their IDs goes, and only as long as it is what was judged. When a record changes, or comes back after
    it was removed, somebody lives; then nothing more is removed and the task fails.
options:
  clusters:
    description:
      - The clusters, as in RV(submariner.lifecycle.evict_check#module:cases).
      - In check mode C(cluster_id) alone is enough, to see what there is.
    type: list
    elements: dict
    required: true
    suboptions:
      cluster_id:
        description: ID of the cluster.
        type: str
        required: true
      proven:
        description: Whether it is proven dead. One that is not is refused outside of check mode.
        type: bool
        default: false
      why:
        description: The proof in words.
        type: str
        default: ''
      signs:
        description: Not used.
        type: list
        elements: dict
      records:
        description: Its records on the broker as they were judged.
        type: list
        elements: dict
  timeout:
    description: Seconds for the removal.
    type: int
    default: 120
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: submariner.lifecycle.evict_check
  - module: submariner.lifecycle.wait_for_eviction
"""

EXAMPLES = r"""
- name: What west has on the broker
  submariner.lifecycle.evict:
    kubeconfig: ~/.kube/config
    context: east
    clusters:
      - cluster_id: west
  check_mode: true
  register: there

- name: Evict what is proven dead
  submariner.lifecycle.evict:
    kubeconfig: ~/.kube/config
    context: east
    clusters: "{{ judged.cases }}"
"""

RETURN = r"""
plan:
  description: What goes. Each entry has C(kind), C(namespace), C(name), C(uid), C(action), C(why) and C(residue).
  returned: unless it could not begin
  type: list
  elements: dict
present:
  description: IDs of those clusters that had anything on the broker.
  returned: unless it could not begin
  type: list
  elements: str
  sample: [west]
registered:
  description: IDs of all clusters that had a record on the broker.
  returned: unless it could not begin
  type: list
  elements: str
  sample: [east, west]
removed:
  description: Journal of what was removed, proven by a fresh reading.
  returned: unless it could not begin
  type: list
  elements: dict
remaining:
  description: What is still there.
  returned: unless it could not begin
  type: list
  elements: dict
unknown:
  description: Kinds that were not answered, so that nothing can be said of them.
  returned: unless it could not begin
  type: list
  elements: str
findings:
  description: What is in the way, with cause and hint.
  returned: unless it could not begin
  type: list
  elements: dict
verdict:
  description: V(pass) when it is proven gone (in check mode when nothing stands in the way).
  returned: always
  type: str
  sample: pass
seconds:
  description: Time from the first deletion to the proof.
  returned: unless it could not begin
  type: float
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._evict import Eviction
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    OPERATOR_NAMESPACE,
    Finding,
    Json,
    Snapshot,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._removal import Outcome, Removal
from ansible_collections.submariner.lifecycle.plugins.module_utils._scene import Scene
from ansible_collections.submariner.lifecycle.plugins.module_utils._shown import diff_of

SECTIONS = ("broker", "offers")


def run(module: AnsibleModule) -> Json:
    params = module.params
    api = connect(module)
    eviction = Eviction(params["broker_namespace"], params["clusters"])

    before = observe(api, SECTIONS, params["operator_namespace"])
    wanted = eviction.plan(before)
    outcome = Outcome(remaining=wanted.owned, findings=wanted.findings)
    if wanted.owned and not wanted.unread and not module.check_mode:
        scene = Scene(api, SECTIONS, params["operator_namespace"])
        outcome = Removal(api, scene, eviction.plan, params["timeout"]).run()
        if not outcome.clean:  # what there is now, since a plan that is refused shows nothing
            outcome.remaining = eviction.all(observe(api, SECTIONS, params["operator_namespace"])).owned
            there = {o.uid for o in outcome.remaining}
            outcome.removed = [o for o in outcome.removed if o.uid not in there]
    result: Json = {
        "changed": bool(wanted.owned) if module.check_mode else bool(outcome.removed) or outcome.touched,
        "plan": [o.as_dict() for o in wanted.owned],
        "present": eviction.present(before),
        "registered": registered(before, params["broker_namespace"]),
        "removed": [o.as_dict() for o in outcome.removed],
        "remaining": [o.as_dict() for o in outcome.remaining],
        "unknown": [f.subject for f in outcome.findings if f.severity == "unknown"],
        "findings": [f.as_dict() for f in outcome.findings],
        "verdict": verdict(outcome.findings),
        "seconds": round(outcome.seconds, 1),
    }
    if module._diff:
        left = () if module.check_mode else outcome.remaining
        result["diff"] = diff_of(wanted.owned, left, "on the broker of evicted clusters")
    return result


def registered(broker: Snapshot, namespace: str) -> list[str]:
    """IDs of all clusters that have a record on the broker."""
    return sorted(
        {e.cluster_id for e in broker.endpoints(namespace)} | {c.cluster_id for c in broker.clusters(namespace)}
    )


def main() -> None:
    spec: Json = auth_spec()
    cluster: Json = {
        "cluster_id": {"type": "str", "required": True},
        "proven": {"type": "bool", "default": False},
        "why": {"type": "str", "default": ""},
        "signs": {"type": "list", "elements": "dict"},
        "records": {"type": "list", "elements": "dict"},
    }
    spec.update(
        clusters={"type": "list", "elements": "dict", "required": True, "options": cluster},
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
        timeout={"type": "int", "default": 120},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    unproven = [c["cluster_id"] for c in module.params["clusters"] if not c["proven"] or c["records"] is None]
    if unproven and not module.check_mode:
        module.fail_json(
            msg=f"clusters: {', '.join(unproven)} is not judged, or not proven dead. Take the clusters from evict_check."
        )
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if result["verdict"] in ("fail", "unknown"):
            said = "; ".join(Finding.of(f).line() for f in result["findings"] if f["severity"] in ("error", "unknown"))
            what = "Not proven gone from the broker" if result["changed"] else "Nothing was removed"
            module.fail_json(msg=f"{what}: {said}", **result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
