#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: second_opinion
short_description: Ask subctl what it thinks of a cluster
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Runs C(subctl diagnose all), C(subctl show all) and, on request, C(subctl verify) on one cluster, each within a time
    limit, and returns check by check what it said.
  - It stands beside the verdict that was made from the records and never makes it better. Where they disagree,
    RV(findings) has a warning; else all findings here are of severity C(info).
  - Breakdowns of C(subctl), complaints that are known to be no sign of trouble and successes that prove nothing are named as
    such. It is not asked where Submariner is not installed.
  - Pods with the label of C(subctl)'s checks that appeared during a call and are still there after it are removed. Do not
    run it beside another C(subctl) on the same cluster.
options:
  opinions:
    description:
      - What to ask.
      - V(diagnose) and V(verify) start pods of the image C(nettest) in the cluster. V(verify) runs Submariner's end-to-end
        tests, in namespaces of their own, and takes minutes; it needs O(to).
    type: list
    elements: str
    choices: [diagnose, show, verify]
    default: [diagnose, show]
  cluster_id:
    description: ID of the cluster, for messages.
    type: str
    required: true
  verdict:
    description: The verdict that was made of the cluster; without it nothing is compared.
    type: str
    choices: ['', pass, degraded, fail, unknown]
    default: ''
  subctl:
    description: The C(subctl) program, a path or a name to be found in E(PATH).
    type: str
    default: subctl
  timeout:
    description: Seconds after which each command is ended.
    type: int
    default: 150
  image_override:
    description: Images by component, for example C(submariner-nettest), where the cluster has no way to the usual ones.
    type: dict
    default: {}
  to:
    description: How to reach the other cluster of V(verify); authentication options as for this one.
    type: dict
  verify_only:
    description: The tests of V(verify); those that disturb the cluster cannot be chosen.
    type: list
    elements: str
    choices: [basic-connectivity, connectivity, service-discovery, compliance]
    default: [basic-connectivity]
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.to
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: partial
    details:
      - Only V(show) is asked, since the others start pods.
  diff_mode:
    support: none
    details:
      - The module changes nothing that lasts.
  idempotent:
    support: full
requirements:
  - kubernetes
  - subctl
seealso:
  - module: submariner.lifecycle.log_info
"""

EXAMPLES = r"""
- name: What subctl thinks of west, of which the verdict is known
  submariner.lifecycle.second_opinion:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    verdict: pass
  register: west

- name: Submariner's own tests of connectivity from west to east
  submariner.lifecycle.second_opinion:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
    opinions: [verify]
    timeout: 600
    to:
      kubeconfig: ~/.kube/config
      context: east
"""

RETURN = r"""
opinions:
  description:
    - Each check in the order of subctl, with C(command), C(check), C(said) (V(ok), V(warn), V(fail), or V(unfinished)),
      C(message), what is known of such a word (C(note)), and whether it is known to be no sign of trouble (C(doubtful)).
  returned: success
  type: list
  elements: dict
  sample:
    - command: show
      check: Showing Endpoints
      said: ok
      message: ''
      note: "made from Gateway objects: it cannot see two Endpoints of one cluster"
      doubtful: false
findings:
  description: What is to be told of it, never worse than a warning.
  returned: success
  type: list
  elements: dict
disagrees:
  description: Whether an opinion contradicts O(verdict).
  returned: success
  type: bool
  sample: false
calls:
  description: Each command, its exit status, its output without secrets and how long it took.
  returned: success
  type: list
  elements: dict
removed:
  description: Pods that subctl left and that were removed.
  returned: success
  type: list
  elements: str
unknown:
  description: What the API server did not answer, with the reason.
  returned: success
  type: dict
  sample: {}
"""

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._second_opinion import second_opinion
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import SubctlFailure


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        opinions={
            "type": "list",
            "elements": "str",
            "choices": ["diagnose", "show", "verify"],
            "default": ["diagnose", "show"],
        },
        cluster_id={"type": "str", "required": True},
        verdict={"type": "str", "choices": ["", "pass", "degraded", "fail", "unknown"], "default": ""},
        subctl={"type": "str", "default": "subctl"},
        timeout={"type": "int", "default": 150},
        image_override={"type": "dict", "default": {}},
        to={"type": "dict", "options": auth_spec()},
        verify_only={
            "type": "list",
            "elements": "str",
            "choices": ["basic-connectivity", "connectivity", "service-discovery", "compliance"],
            "default": ["basic-connectivity"],
        },
    )
    module = Module(argument_spec=spec, supports_check_mode=True)
    try:
        result = second_opinion(module)
    except SubctlFailure as error:
        module.fail_json(msg=error.msg)
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended.")
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
