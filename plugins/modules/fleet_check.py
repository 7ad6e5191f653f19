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
    together, such as overlapping CIDRs or two hosts that are one cluster. Talks to no cluster.
options:
  digests:
    description: RV(submariner.lifecycle.cluster_info#module:snapshot) by inventory host.
    type: dict
    required: true
  denied:
    description: RV(submariner.lifecycle.cluster_info#module:denied) by inventory host.
    type: dict
    default: {}
  broker:
    description: Inventory host of the broker.
    type: str
    required: true
  globalnet:
    description: Whether Globalnet is wanted, so that CIDRs may overlap.
    type: bool
    default: false
extends_documentation_fragment:
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
"""

EXAMPLES = r"""
- name: Judge east and west together
  submariner.lifecycle.fleet_check:
    broker: east
    digests:
      east: "{{ hostvars.east.info.snapshot }}"
      west: "{{ hostvars.west.info.snapshot }}"
"""

RETURN = r"""
findings:
  description: What is wrong, with cause and hint.
  returned: always
  type: list
  elements: dict
verdict:
  description: V(pass), V(degraded), V(fail) or V(unknown).
  returned: always
  type: str
  sample: pass
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, mapping, verdict


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "digests": {"type": "dict", "required": True},
            "denied": {"type": "dict", "default": {}},
            "broker": {"type": "str", "required": True},
            "globalnet": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    digests = {
        str(host): {**mapping(digest), "denied": params["denied"].get(host)}
        for host, digest in params["digests"].items()
    }
    findings = check_fleet(digests, params["broker"], params["globalnet"])
    result: Json = {"changed": False, "findings": [f.as_dict() for f in findings], "verdict": verdict(findings)}
    if result["verdict"] in ("fail", "unknown"):
        module.fail_json(msg=_words(findings), **result)
    module.exit_json(**result)


def _words(findings: list[Finding]) -> str:
    return "; ".join(f.line() for f in findings if f.severity in ("error", "unknown"))


if __name__ == "__main__":
    main()
