#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cleanup
short_description: Remove what Submariner owns on one cluster's API server, and prove that it is gone
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Plans from what is really there, shows the plan (check mode, diff), carries it out and ends with a fresh reading that
    finds nothing more, or fails with the names of what is left and what holds it.
  - The Submariner resource is deleted first, and a running operator is left the time to do its part. The finalizer of an
    operator that is shown dead is released after the operator was stopped.
  - Only objects that the catalogue proves to be Submariner's go, by exact names, labels and owners. ServiceExports and the
    definitions of the Multi-Cluster Services API stay unless O(mcs) asks for them.
  - Of somebody else's object, such as the configuration of the cluster's DNS, just the part goes that Submariner wrote. What
    was there before stands in C(backup), as the merge patch that puts it back.
  - Where Helm, OLM, Argo CD or ACM manages the installation, and would put it back, nothing goes. The finding C(owner.other)
    says who it is, and that owner's own way of removal.
  - An interrupted run is continued by the next one.
options:
  scope:
    description:
      - What of the cluster goes. V(member) is the cluster's own installation, V(broker) the broker that it hosts.
    type: list
    elements: str
    choices: [member, broker]
    default: [member]
  cluster_id:
    description: ID under which the cluster is, or was, joined.
    type: str
    required: true
  broker:
    description:
      - How to reach the cluster of the broker that holds this cluster's records; authentication options as for the cluster.
      - Needed with O(departure).
    type: dict
  broker_namespace:
    description: Namespace of the broker that holds this cluster's records.
    type: str
    default: submariner-k8s-broker
  departure:
    description:
      - What happens to this cluster's records on the broker once the cluster is proven clean.
      - V(none) leaves them, V(rejoin) removes Endpoints and Cluster records (also those of other IDs that name this cluster's
        nodes), the EndpointSlices of its services, and its part of the ServiceImports that others may offer, too.
      - V(retire) also removes its access (ServiceAccount, RoleBinding, token) and gives its addresses of Globalnet and of the
        clusterset back.
      - The broker is asked before anything is removed, also from the cluster; without its answer nothing is. Where the namespace
        O(broker_namespace) does not exist, the finding C(broker.none) warns that no records were found.
    type: str
    choices: [none, rejoin, retire]
    default: none
  fleet:
    description:
      - Identities (RV(identity)) of the inventory's clusters. A broker is only removed when every record on it was made by
        one of these that is proven clean.
    type: list
    elements: dict
    default: []
  ghosts:
    description: IDs of clusters that the user declares dead; their records do not keep a broker.
    type: list
    elements: str
    default: []
  taken:
    description: IDs of the other clusters of the inventory; their records and accesses never count as this cluster's.
    type: list
    elements: str
    default: []
  installed_ids:
    description:
      - IDs under which clusters were joined before, by their cluster ID, as RV(submariner.lifecycle.run_record#module:record)
        has them. What such an ID left on the broker is that cluster's, also when it is not installed any more.
    type: dict
    default: {}
  dns_map:
    description:
      - The ConfigMap, C(namespace/name), in which lighthouse writes, as RV(submariner.lifecycle.run_record#module:record) has it.
        Needed for one outside of C(kube-system), which nothing on the cluster tells any more once Submariner's resources are
        gone. As long as they are there they decide.
    type: str
    default: ""
  labels:
    description:
      - Whether the label C(submariner.io/gateway=true) is taken off the nodes. One that somebody else than C(subctl) or this
        collection set, by what the API server noted (C(managedFields)), stays in any case.
    type: bool
    default: false
  mcs:
    description:
      - Whether all ServiceExports and the two definitions of the Multi-Cluster Services API go, too. Users made the exports, and
        other implementations use the same definitions.
      - With a sign of anybody else (an owner or a finalizer on them, another tool's marks, ServiceImports that are not of
        Submariner's lighthouse) they stay, with a warning that names it.
    type: bool
    default: false
  timeout:
    description: Seconds for the whole removal; O(settle) may end later by as much, and what proves it may take up to 30 more.
    type: int
    default: 300
  settle:
    description:
      - Seconds for which the cluster must stay clean, without a break, before it counts as clean. One that does not is the
        finding C(cleanup.not-settled).
    type: int
    default: 0
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.broker
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
  - module: submariner.lifecycle.node_cleanup
"""

EXAMPLES = r"""
- name: Show what would go
  submariner.lifecycle.cleanup:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
  check_mode: true
  diff: true

- name: Remove the member and what it left on its broker
  submariner.lifecycle.cleanup:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    departure: retire
    broker:
      kubeconfig: ~/.kube/config
      context: east
"""

RETURN = r"""
plan:
  description:
    - What goes. Each entry has C(kind), C(namespace), C(name), C(uid), C(action), C(why) and C(residue). C(namespace) is empty
      for what stands in none, C(residue) for what is part of an installation and has no number as a residue.
    - What of Submariner is in a namespace that goes has entries, too. It goes with its namespace, after all else.
    - With the action V(edit) a part of the object goes, and C(backup) is the merge patch that puts it back.
  returned: unless it could not begin
  type: list
  elements: dict
kept:
  description: What stays, each with the reason in C(why).
  returned: unless it could not begin
  type: list
  elements: dict
removed:
  description:
    - Journal of what was removed, proven by a fresh reading; entries as in RV(plan). What the operator took away, or what went
      with its owner or its namespace, is among it.
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
  description: V(pass) when the scope is proven clean (in check mode when it is clean already).
  returned: always
  type: str
  sample: pass
identity:
  description: By what records of this cluster can be told, for O(fleet).
  returned: unless it could not begin
  type: dict
known_cidrs:
  description: CIDRs of all clusters that the records named before the removal, for the proof of ownership on nodes.
  returned: unless it could not begin
  type: list
  elements: str
images:
  description: Images of Submariner's workloads before the removal.
  returned: unless it could not begin
  type: list
  elements: str
seconds:
  description: Time from the first deletion to the proof.
  returned: unless it could not begin
  type: float
"""

import dataclasses
import itertools
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    Api,
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import MEMBER
from ansible_collections.submariner.lifecycle.plugins.module_utils._departure import plan_departure
from ansible_collections.submariner.lifecycle.plugins.module_utils._inside import look_into
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import UNKNOWN, Json, Owned, Snapshot, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._owners import hold_back, other_owners
from ansible_collections.submariner.lifecycle.plugins.module_utils._plan import Identity, Wish, plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._planned import Plan
from ansible_collections.submariner.lifecycle.plugins.module_utils._removal import PROOF, Outcome, Removal
from ansible_collections.submariner.lifecycle.plugins.module_utils._scene import Scene
from ansible_collections.submariner.lifecycle.plugins.module_utils._shown import diff_of

SECTIONS = ("residue", "contents", "traces", "nodes")
BROKER_SECTIONS = ("broker", "offers")
LOOKS = 3
"""Readings in check mode before what is not answered counts as unknown."""
PAUSE = 0.4
"""Seconds between two of them."""
TOLD = 10
"""Findings in the message of a failure; all of them are in the result."""
Planner = t.Callable[[Snapshot], Plan]


def run(module: AnsibleModule) -> Json:
    params = module.params
    api = connect(module)
    wish = Wish(
        scopes=frozenset(params["scope"]),
        fleet=tuple(Identity.from_dict(i).known_as(params["installed_ids"]) for i in params["fleet"]),
        ghosts=frozenset(params["ghosts"]),
        labels=params["labels"],
        mcs=params["mcs"],
    )

    def own_plan(snapshot: Snapshot) -> Plan:
        return hold_back(plan(snapshot, wish), snapshot)

    before, planned = _first_reading(module, api, own_plan)
    identity = Identity.of(before, params["cluster_id"]).known_as(params["installed_ids"])
    departing = None
    if params["departure"] != "none":
        if MEMBER not in wish.scopes:
            raise ApiFailure(
                "departure needs the scope member.", "A cluster departs once its own installation is proven clean."
            )
        if not params["broker"]:
            raise ApiFailure(
                "departure needs the option broker.", "Set it to the authentication options of the broker's cluster."
            )
        departing = connect(module, params["broker"])

    proven: dict[str, str] = {}

    def broker_plan(snapshot: Snapshot) -> Plan:
        return plan_departure(
            snapshot, params["broker_namespace"], identity, params["departure"] == "retire", params["taken"], proven
        )

    wanted = planned.going
    findings = list(planned.findings)
    if departing and not other_owners(before):
        # Before anything is touched: a cluster that is gone tells less of which records are its own.
        leaving = _broker_reading(module, departing, broker_plan)
        wanted += leaving.owned
        findings += leaving.findings
    outcome = Outcome(remaining=wanted, kept=planned.kept, findings=findings)
    if not module.check_mode and not any(f.severity == UNKNOWN for f in findings):
        outcome = Removal(
            api,
            Scene(api, sections(params), params["operator_namespace"], before.dns_map),
            own_plan,
            params["timeout"],
            params["settle"],
        ).run()
        if departing and outcome.clean:
            there = Scene(departing, BROKER_SECTIONS, params["operator_namespace"])
            left = Removal(departing, there, broker_plan, params["timeout"]).run()
            outcome.removed += left.removed
            outcome.touched |= left.touched
            outcome.remaining += left.remaining
            outcome.findings += left.findings
            outcome.seconds += left.seconds
    clean = outcome.clean and MEMBER in wish.scopes
    return _result(
        module,
        before,
        wanted,
        outcome,
        dataclasses.replace(identity, absent=clean),
    )


def sections(params: Json) -> tuple[str, ...]:
    """What is read of the cluster each time."""
    return (*SECTIONS, "services") if params["mcs"] else SECTIONS


def _first_reading(module: AnsibleModule, api: Api, own_plan: Planner) -> tuple[Snapshot, Plan]:
    """The cluster as it is before the first deletion, when its identity can be told."""
    namespace, _slash, name = module.params["dns_map"].rpartition("/")
    dns_map = (namespace or "kube-system", name) if name else ("", "")

    def look() -> tuple[Snapshot, Plan]:
        before = observe(
            api, (*sections(module.params), "identity"), module.params["operator_namespace"], dns_map=dns_map
        )
        if not before.known("kube-system"):
            raise ApiFailure(
                f"{api.server} does not answer: {before.reading('kube-system').reason}.",
                "Check submariner_kubeconfig, submariner_context and that the API server is up.",
            )
        planned = own_plan(before)
        if planned.unseen:
            look_into(api, before, planned.unseen)
            planned = own_plan(before)
        return before, planned

    return _answered(module, api, look)


def _broker_reading(module: AnsibleModule, api: Api, broker_plan: Planner) -> Plan:
    """What is on the broker before the first deletion."""

    def look() -> tuple[Snapshot, Plan]:
        seen = observe(api, BROKER_SECTIONS, module.params["operator_namespace"])
        return seen, broker_plan(seen)

    return _answered(module, api, look)[1]


def _answered(module: AnsibleModule, api: Api, look: t.Callable[[], tuple[Snapshot, Plan]]) -> tuple[Snapshot, Plan]:
    """What is seen and planned, looked at again until all is answered or the time is over."""
    start = time.monotonic()
    with api.bounded(module.params["timeout"] + PROOF):
        for looks in itertools.count(1):
            seen, planned = look()
            enough = looks >= LOOKS if module.check_mode else time.monotonic() - start >= module.params["timeout"]
            if not planned.unread or enough:
                break
            time.sleep(PAUSE)
    return seen, planned


def _result(
    module: AnsibleModule, before: Snapshot, wanted: t.Sequence[Owned], outcome: Outcome, identity: Identity
) -> Json:
    records = [
        c
        for o in before.objects("clusters")
        for c in (*before_cidrs(o, "cluster_cidr"), *before_cidrs(o, "service_cidr"))
    ]
    subnets = [c for o in before.objects("endpoints") for c in before_cidrs(o, "subnets")]
    result: Json = {
        "changed": bool(wanted) if module.check_mode else bool(outcome.removed) or outcome.touched,
        "plan": [o.as_dict() for o in wanted],
        "kept": [o.as_dict() for o in outcome.kept],
        "removed": [o.as_dict() for o in outcome.removed],
        "remaining": [o.as_dict() for o in outcome.remaining],
        "unknown": [f.subject for f in outcome.findings if f.severity == "unknown"],
        "findings": [f.as_dict() for f in outcome.findings],
        "verdict": verdict(outcome.findings),
        "identity": identity.as_dict(),
        "known_cidrs": sorted(set(records + subnets)),
        "images": sorted({i for w in before.workloads for i in w.images if i}),
        "seconds": round(outcome.seconds, 1),
    }
    if module._diff:
        result["diff"] = diff_of(wanted, () if module.check_mode else outcome.remaining)
    return result


def before_cidrs(obj: Json, key: str) -> list[str]:
    """The CIDRs of one field of a record."""
    spec = obj.get("spec")
    value = spec.get(key) if isinstance(spec, dict) else None
    return [c for c in value if isinstance(c, str)] if isinstance(value, list) else []


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        scope={"type": "list", "elements": "str", "choices": ["member", "broker"], "default": ["member"]},
        cluster_id={"type": "str", "required": True},
        operator_namespace={"type": "str", "default": "submariner-operator"},
        broker=broker_spec(),
        broker_namespace={"type": "str", "default": "submariner-k8s-broker"},
        departure={"type": "str", "choices": ["none", "rejoin", "retire"], "default": "none"},
        fleet={"type": "list", "elements": "dict", "default": []},
        ghosts={"type": "list", "elements": "str", "default": []},
        taken={"type": "list", "elements": "str", "default": []},
        installed_ids={"type": "dict", "default": {}},
        dns_map={"type": "str", "default": ""},
        labels={"type": "bool", "default": False},
        mcs={"type": "bool", "default": False},
        timeout={"type": "int", "default": 300},
        settle={"type": "int", "default": 0},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if result["verdict"] in ("fail", "unknown") and not module.check_mode:
            module.fail_json(msg=f"Not proven clean: {_words(result)}", **result)
        module.exit_json(**result)


def _words(result: Json) -> str:
    """What stands in the way, and how much waits for it."""
    serious = [f for f in result["findings"] if f["severity"] in ("error", "unknown")]
    lines = [_line(f) for f in serious[:TOLD]]
    if len(serious) > TOLD:
        lines.append(f"and {len(serious) - TOLD} more of this kind")
    waiting = len(result["remaining"]) - sum(f["id"] == "cleanup.remaining" for f in serious)
    if waiting > 0 and not result["unknown"]:
        lines.append(f"{waiting} other{'s wait' if waiting > 1 else ' waits'} for that, see remaining")
    return "; ".join(lines)


def _line(finding: Json) -> str:
    parts = [f"{finding['subject']} {finding['observed']}"]
    parts += [finding[k] for k in ("cause", "hint") if finding[k]]
    return ", ".join(parts)


if __name__ == "__main__":
    main()
