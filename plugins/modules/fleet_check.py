#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_check
short_description: Judge the clusters of an inventory together
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Takes what M(submariner.lifecycle.cluster_info) read of every cluster, and finds what only shows when they are seen
    together, such as one cluster under two IDs, connections of which the ends do not agree, or overlapping CIDRs. To these it
    adds what each cluster showed alone. Talks to no cluster.
  - Whatever is not in the digests is unknown, and never right.
  - Runs on the controller, as an action plugin.
options:
  registered:
    description:
      - Name of the variable in which the O(hosts) have registered the result of M(submariner.lifecycle.cluster_info).
      - It is meant for large fleets, since nothing of it goes through a template, as it does with O(digests).
    type: str
  hosts:
    description: Inventory hosts whose O(registered) results are judged. Default are the hosts of the play that did not fail.
    type: list
    elements: str
  digests:
    description:
      - RV(submariner.lifecycle.cluster_info#module:digest) by inventory host, also of hosts beside those of O(registered).
      - This or O(registered) is needed.
    type: dict
  unanswered:
    description: Why there is no digest of a host, by inventory host. With O(registered) it is taken from there.
    type: dict
    default: {}
  denied:
    description: RV(submariner.lifecycle.cluster_info#module:denied) by inventory host. With O(registered) it is taken from there.
    type: dict
    default: {}
  broker:
    description: Inventory host of the broker.
    type: str
    required: true
  members:
    description:
      - Inventory hosts that are to be joined. One without an installation is a finding, and so is one without a digest.
      - Default are the hosts of O(digests), but for a broker that has no Submariner resource.
    type: list
    elements: str
  left_out:
    description:
      - Cluster IDs of members that are not among the hosts, as the run is limited to a part of the fleet. They are expected on
        the broker, and not judged.
    type: list
    elements: str
    default: []
  globalnet:
    description:
      - Whether Globalnet is wanted, so that CIDRs may overlap. A broker that was made otherwise is a finding.
      - Default is what the broker says.
    type: bool
  before:
    description:
      - What is about to be done, for the checks before a run. Only what surely stands against it is an error then.
    type: dict
    suboptions:
      verb:
        description: The run that is to begin. An installation keeps what there is, a reinstallation replaces it.
        type: str
        choices: [install, uninstall, reinstall]
        required: true
      version:
        description: Version of Submariner to be installed. When empty, it is not judged.
        type: str
        default: ''
      subctl:
        description: Version of the subctl that is to install it. When empty, it is not judged.
        type: str
        default: ''
      allow_unstable:
        description: Whether a version such as V(devel), V(release-0.24) or V(0.24.0-rc1) is no error.
        type: bool
        default: false
      ignore_requirements:
        description: Whether subctl is told to join clusters whose Kubernetes it takes for too old.
        type: bool
        default: false
      globalnet_range:
        description: Range of the global CIDRs. Empty without Globalnet.
        type: str
        default: ''
      globalnet_size:
        description: Global addresses that each cluster gets. 0 where that is not known.
        type: int
        default: 0
      clusterset_range:
        description: Range of the clusterset IPs. Empty without them.
        type: str
        default: ''
  ghosts:
    description: Cluster IDs that no longer run although no host of the inventory shows it. Their records are findings.
    type: list
    elements: str
    default: []
  checks:
    description:
      - What to judge. Default is all but those that only O(before) has a use for, V(residue) if it was read.
      - "Before an installation: V(inputs) (hosts that are one cluster, missing rights), V(owners) (Helm, OLM, Argo CD or ACM, or
        a second broker), V(nodes), V(addressing)."
      - "With O(before): V(target) (the version to be installed), V(network) (plugin, kube-proxy, Calico's pools), V(clocks),
        V(joining) (IDs and settings of a broker that an installation keeps), V(going) (namespaces on their way out)."
      - "Of an installation: V(broker) (there, one for all, one address, its CA), V(installation) (there, not going),
        V(operator), V(workloads), V(gateways), V(globalnet) (on for all or none, disjoint addresses), V(endpoints) (one per
        cluster, no ghosts), V(connections) (all directions), V(versions), V(dns), V(services), V(residue)."
      - With V(installation), clusters without one are left out of V(addressing).
    type: list
    elements: str
    choices:
      - inputs
      - owners
      - nodes
      - addressing
      - target
      - network
      - clocks
      - joining
      - going
      - broker
      - installation
      - operator
      - workloads
      - gateways
      - globalnet
      - endpoints
      - connections
      - versions
      - dns
      - services
      - residue
  expectations:
    description:
      - Expectations of your own, asked beside the built-in checks. One that is not met is a finding with its O(expectations[].id).
      - One that cannot be answered, as it asks for what was not read, is unknown. A broken expression fails the module, and the
        message shows the place. Needs the Python library C(jmespath).
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Id of the finding, in lower-case letters, digits, hyphens and dots, such as V(site.endpoints).
        type: str
        required: true
      expression:
        description:
          - JMESPath expression (U(https://jmespath.org/specification.html)).
          - In the scope V(cluster) it is asked of an object with C(host), C(digest) and C(snapshot) for each host.
          - In the scope V(fleet) it is asked of one with C(broker), C(clusters) (a list of these) and C(findings).
        type: str
        required: true
      scope:
        description: Whether it is about each cluster or about all of them together.
        type: str
        choices: [cluster, fleet]
        default: cluster
      expect:
        description: What the expression must give. Without it anything but false, null, and empty texts, lists or objects.
        type: raw
      severity:
        description: Severity of the finding.
        type: str
        choices: [error, warning, info]
        default: error
      text:
        description: What the finding says, followed by what the expression gave. Default is the expression.
        type: str
        default: ''
  snapshots:
    description:
      - RV(submariner.lifecycle.cluster_info#module:snapshot) by inventory host, for O(expectations) about them. With
        O(registered) it is taken from there.
    type: dict
    default: {}
  report_only:
    description: Whether to succeed whatever the verdict is.
    type: bool
    default: false
extends_documentation_fragment:
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
seealso:
  - module: submariner.lifecycle.cluster_info
"""

EXAMPLES = r"""
- name: Judge all hosts of the play
  submariner.lifecycle.fleet_check:
    broker: east
    registered: info
  run_once: true

- name: Judge east and west together
  submariner.lifecycle.fleet_check:
    broker: east
    digests:
      east: "{{ hostvars.east.info.digest }}"
      west: "{{ hostvars.west.info.digest }}"

- name: Can they be joined
  submariner.lifecycle.fleet_check:
    broker: east
    globalnet: false
    checks: [inputs, owners, nodes, addressing, target]
    before: {verb: install, version: 0.24.1}
    digests:
      east: "{{ hostvars.east.info.digest }}"
      west: "{{ hostvars.west.info.digest }}"

- name: Judge by expectations of this site, too
  submariner.lifecycle.fleet_check:
    broker: east
    digests:
      east: "{{ hostvars.east.info.digest }}"
      west: "{{ hostvars.west.info.digest }}"
    snapshots:
      east: "{{ hostvars.east.info.snapshot }}"
      west: "{{ hostvars.west.info.snapshot }}"
    expectations:
      - id: site.clusters
        scope: fleet
        expression: length(clusters[?digest.installed])
        expect: 2
        text: joined clusters
      - id: site.cable-driver
        expression: digest.submariner.cableDriver
        expect: libreswan
        severity: warning
      - id: site.restarts
        expression: sum(snapshot.workloads[].restarts) < `10`
        text: containers were started again too often
"""

RETURN = r"""
findings:
  description: What is wrong, with cause and hint. All ids are listed in docs/findings.md.
  returned: unless it could not begin
  type: list
  elements: dict
  contains:
    id:
      description: What sort of finding it is.
      type: str
      sample: endpoint.ghost
    severity:
      description: V(error), V(warning), V(unknown) or V(info).
      type: str
    subject:
      description: What it is about.
      type: str
      sample: Endpoint west-submariner-cable-west-10-202-0-2
    observed:
      description: What was seen.
      type: str
    expected:
      description: What should have been seen.
      type: str
    cause:
      description: Why, where that is known.
      type: str
    hint:
      description: What to do.
      type: str
    evidence:
      description: Details for programs.
      type: dict
verdict:
  description: V(pass), V(degraded) (a warning), V(unknown) (something was not answered) or V(fail) (an error).
  returned: always
  type: str
  sample: pass
checks:
  description: What was judged.
  returned: unless it could not begin
  type: list
  elements: str
  sample: [inputs, owners, nodes, addressing]
"""

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import (
    BEFORE as OF_A_RUN,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import (
    CHECKS,
    check_fleet,
    default_checks,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._expectations import (
    ExpectationError,
    check_expectations,
    compiled,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Intent
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import UNJUDGED, Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._rights import VERBS

EXPECTATION: Json = {
    "id": {"type": "str", "required": True},
    "expression": {"type": "str", "required": True},
    "scope": {"type": "str", "choices": ["cluster", "fleet"], "default": "cluster"},
    "expect": {"type": "raw"},
    "severity": {"type": "str", "choices": ["error", "warning", "info"], "default": "error"},
    "text": {"type": "str", "default": ""},
}


BEFORE: Json = {
    "verb": {"type": "str", "choices": list(VERBS), "required": True},
    "version": {"type": "str", "default": ""},
    "subctl": {"type": "str", "default": ""},
    "allow_unstable": {"type": "bool", "default": False},
    "ignore_requirements": {"type": "bool", "default": False},
    "globalnet_range": {"type": "str", "default": ""},
    "globalnet_size": {"type": "int", "default": 0},
    "clusterset_range": {"type": "str", "default": ""},
}

ARGUMENTS: Json = {
    "registered": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
    "digests": {"type": "dict"},
    "unanswered": {"type": "dict", "default": {}},
    "denied": {"type": "dict", "default": {}},
    "broker": {"type": "str", "required": True},
    "members": {"type": "list", "elements": "str"},
    "left_out": {"type": "list", "elements": "str", "default": []},
    "globalnet": {"type": "bool"},
    "before": {"type": "dict", "options": BEFORE},
    "ghosts": {"type": "list", "elements": "str", "default": []},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS)},
    "expectations": {"type": "list", "elements": "dict", "default": [], "options": EXPECTATION},
    "snapshots": {"type": "dict", "default": {}},
    "report_only": {"type": "bool", "default": False},
}
CONDITIONS: Json = {"required_one_of": [["registered", "digests"]]}


def run(params: Json) -> Json:
    chosen = params["checks"]
    fleet = Fleet.of(
        {str(host): digest for host, digest in params["digests"].items()},
        params["broker"],
        params["members"],
        globalnet=params["globalnet"],
        declared_dead=frozenset(params["ghosts"]),
        denied=params["denied"],
        unanswered=params["unanswered"],
        left_out=frozenset(params["left_out"]),
        planned=chosen is not None and "installation" not in chosen,
        intent=Intent(**params["before"]) if params["before"] else None,
    )
    checks = default_checks(fleet) if chosen is None else chosen
    expectations = compiled(params["expectations"])
    findings = check_fleet(fleet, checks)
    findings += check_expectations(expectations, fleet, params["snapshots"], findings)
    return {
        "changed": False,
        "findings": [f.as_dict() for f in findings],
        "verdict": verdict(findings),
        "checks": [name for name in CHECKS if name in checks],
    }


def refused(msg: str) -> Json:
    return {"failed": True, "msg": msg, **UNJUDGED}


def outcome(params: Json) -> Json:
    """The whole result; with C(failed) and C(msg) where it is no success. The action plugin of this name takes it, too."""
    if params["digests"] is None:  # registered is filled in by now; either of the two may be there, and empty
        return refused("digests or registered is needed, and neither has a value.")
    idle = sorted(set(OF_A_RUN) & set(params["checks"] or ())) if not params["before"] else []
    if idle:
        return refused(f"checks: {', '.join(idle)} judge what is about to be done: give before, too.")
    try:
        result = run(params)
    except ExpectationError as error:
        return refused(str(error))
    except ImportError:
        return refused(missing_required_lib("jmespath", reason="for the option expectations"))
    if result["verdict"] in ("fail", "unknown") and not params["report_only"]:
        return {**result, "failed": True, "msg": _words(result["findings"])}
    return result


def main() -> None:
    module = Judge(argument_spec=ARGUMENTS, supports_check_mode=True, **CONDITIONS)
    if module.params["registered"]:
        module.fail_json(msg="The option registered needs the action plugin of this collection. Give digests instead.")
    result = outcome(module.params)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def _words(findings: list[Json]) -> str:
    return "; ".join(Finding.of(f).line() for f in findings if f["severity"] in ("error", "unknown"))


if __name__ == "__main__":
    main()
