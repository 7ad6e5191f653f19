#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Try whether a cluster can pull images
version_added: 0.1.0
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Has one pod with a container of each image, which ends at once, and tells which images the node could not get, and why.
  - The scheduler places the pod, which tolerates as little as Submariner's operator does. What it pulls stays on that node.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
options:
  cluster:
    description: What this cluster is called in messages.
    type: str
    default: ''
  images:
    description: Names of the images, at most 20.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds that all of them together may take, from 1 to 3600.
    type: int
    default: 180
seealso:
  - module: submariner.lifecycle.node_info
notes:
  - A pod runs for some seconds in the namespace C(submariner-lifecycle), also in check mode.
"""

EXAMPLES = r"""
- name: Can west pull what it needs
  submariner.lifecycle.image_info:
    kubeconfig: ~/.kube/config
    context: west
    images:
      - quay.io/submariner/submariner-operator:0.24.1
      - quay.io/submariner/submariner-gateway:0.24.1
"""

RETURN = r"""
images:
  description: Each O(images), whether it was C(pulled) (null when that is not known), and what the node C(said).
  returned: success
  type: list
  elements: dict
  sample:
    - image: quay.io/submariner/submariner-gateway:0.24.1
      pulled: true
      said: ""
findings:
  description: What cannot be pulled or was not seen, as for M(submariner.lifecycle.fleet_check).
  returned: success
  type: list
  elements: dict
verdict:
  description: As for M(submariner.lifecycle.fleet_check).
  returned: always
  type: str
  sample: pass
"""

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._image_pull import judge, try_images
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge

MOST = 20
LONGEST = 3600


def argument_spec() -> Json:
    return {
        **auth_spec(),
        "cluster": {"type": "str", "default": ""},
        "images": {"type": "list", "elements": "str", "required": True},
        "timeout": {"type": "int", "default": 180},
    }


def run(params: Json, api: Api) -> Json:
    images = list(dict.fromkeys(params["images"]))
    pulls, cause = try_images(api, images, float(params["timeout"]))
    findings = judge(params["cluster"], pulls, cause, float(params["timeout"]))
    return {
        "images": [pull.as_dict() for pull in pulls],
        "findings": [finding.as_dict() for finding in findings],
        "verdict": verdict(findings),
    }


def wrong(params: Json) -> str:
    """What of the options is out of its range."""
    if not 0 < len(params["images"]) <= MOST or not all(image.strip() for image in params["images"]):
        return f"images takes 1 to {MOST} names of images."
    if not 1 <= params["timeout"] <= LONGEST:
        return f"timeout is {params['timeout']}; it has to be between 1 and {LONGEST}."
    return ""


def main() -> None:
    module = Judge(argument_spec=argument_spec(), supports_check_mode=True)
    if wrong(module.params):
        module.fail_json(msg=wrong(module.params))
    try:
        result = run(module.params, connect(module))
    except ApiFailure as failure:
        module.fail_json(msg=str(failure))
    else:
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
