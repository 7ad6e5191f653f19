#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gather
short_description: Write down all of one cluster that tells why Submariner is as it is
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Writes objects, logs, dumps of nodes, what C(subctl) says, and what this collection finds, as files into a folder of its own
    on the machine that it runs on. Those of objects, logs and nodes have the names that C(subctl gather) gives to the same.
    What that gathers itself is in the folder C(subctl-gather) as it left it.
  - The file C(gather.json) says what there is, what could not be had and why, and what is not there in full.
  - Nothing secret is written. Of Secrets only metadata and the names of their keys are; their values, where they may be read,
    and whatever looks like a token, key, certificate or password, are hidden in all the rest.
  - A cluster that does not answer, or cannot be asked with these options, is no failure. It has a C(gather.json) that says so.
options:
  dest:
    description: Folder in which a folder of the name of O(cluster) is made for the files. That one must be empty if it is there.
    type: path
    required: true
  cluster:
    description: What this cluster, and the folder for its files, is called.
    type: str
    required: true
  cluster_id:
    description: ID under which the cluster is, or shall be, joined.
    type: str
    default: ''
  parts:
    description:
      - What to gather. Objects are read, and judged, in any case.
      - V(objects) are Submariner's resources, workloads, definitions and roles, nodes, namespaces, events, and the cluster's DNS.
      - V(logs) are those of Submariner's pods and of the cluster's DNS, of this and of the container before.
      - V(nodes) are links, routes, rules and packet filters, read by a privileged pod that goes again.
      - V(subctl) is what C(subctl) shows, diagnoses and gathers. Its checks start pods.
    type: list
    elements: str
    choices: [objects, logs, nodes, subctl]
    default: [objects, logs, nodes, subctl]
  timeout:
    description:
      - Seconds after which nothing new is begun. What was begun ends by a limit of its own, a command or a log within a minute
        and a half, a pod whose image is still being pulled within two minutes.
    type: int
    default: 300
  limit_bytes:
    description: Bytes of all files together at most; between 1048576 and 1073741824.
    type: int
    default: 67108864
  log_bytes:
    description: Bytes of each log, or output of a command, at most, from its end; between 1024 and 16777216.
    type: int
    default: 1048576
  log_since:
    description: How far back logs are read, in seconds by the clock of each pod's node.
    type: int
    default: 86400
  max_pods:
    description: Number of pods whose logs are read at most, those in trouble first.
    type: int
    default: 60
  max_nodes:
    description: Number of nodes that are looked at at most, gateways first, then those that are not ready.
    type: int
    default: 10
  subctl:
    description: The C(subctl) program, a path or a name to be found in E(PATH).
    type: str
    default: subctl
  subctl_timeout:
    description: Seconds after which each command of C(subctl) is ended.
    type: int
    default: 90
  image:
    description:
      - Image of the pods that look at nodes; anything with a shell will do.
      - When empty, the one of the running route agents.
    type: str
    default: ''
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    description: Reads objects and says which files there would be. Writes none, and starts neither pods nor C(subctl).
    support: full
  diff_mode:
    support: none
  idempotent:
    description: Each call writes what there is then.
    support: none
seealso:
  - module: submariner.lifecycle.gather_archive
  - module: submariner.lifecycle.cluster_info
  - module: submariner.lifecycle.log_info
"""

EXAMPLES = r"""
- name: All that tells why west is as it is
  submariner.lifecycle.gather:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    dest: /tmp/bundle

- name: Without pods of ours and of subctl
  submariner.lifecycle.gather:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    dest: /tmp/bundle
    parts: [objects, logs]
"""

RETURN = r"""
folder:
  description: The folder with the files.
  returned: success
  type: str
  sample: /tmp/bundle/west
reached:
  description: Whether the API server answered.
  returned: success
  type: bool
  sample: true
verdict:
  description: What this cluster shows by itself, as for M(submariner.lifecycle.fleet_check).
  returned: always
  type: str
  sample: degraded
digest:
  description: What was read in short, as of M(submariner.lifecycle.cluster_info).
  returned: when the API server answered
  type: dict
files:
  description:
    - Names of the files beside C(gather.json), with their folder where they are in one. In check mode of those that there would be,
      without what C(subctl gather) would write itself.
  returned: success
  type: list
  elements: str
  sample: [endpoints_submariner-operator_west-submariner-cable-west-172-18-0-5.yaml, submariner-gateway-m76tl.log]
bytes:
  description: Size of all files together.
  returned: success
  type: int
  sample: 812345
unknown:
  description: What could not be had, with the reason.
  returned: success
  type: dict
  sample:
    log of submariner-gateway-m76tl/submariner-gateway: not read within 60 s
truncated:
  description: What is not there in full, with the reason.
  returned: success
  type: dict
  sample: {}
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._bundle import Bundle, BundleTrouble, safe_name
from ansible_collections.submariner.lifecycle.plugins.module_utils._gather import (
    PARTS,
    Gathering,
    Limits,
    gather,
    head,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import OPERATOR_NAMESPACE, Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact_object

LIMITS = {
    "timeout": (10, 86400),
    "limit_bytes": (1 << 20, 1 << 30),
    "log_bytes": (1024, 1 << 24),
    "log_since": (1, 10**9),
    "max_pods": (0, 10**6),
    "max_nodes": (0, 10**6),
    "subctl_timeout": (1, 86400),
}


def run(module: AnsibleModule) -> Json:
    params = module.params
    for name, (least, most) in LIMITS.items():
        if not least <= params[name] <= most:
            raise ApiFailure(f"{name} is {params[name]}; it has to be between {least} and {most}.")
    began = time.time()
    folder = os.path.join(params["dest"], safe_name(params["cluster"]))
    bundle = Bundle(folder, params["limit_bytes"], dry=module.check_mode)
    gathering, why = None, ""
    try:
        limits = Limits(**{name: params[name] for name in LIMITS if name != "limit_bytes"})
        api = connect(module)
        gathering = Gathering(
            api, bundle, limits, params["operator_namespace"], params["cluster_id"], dry=module.check_mode
        )
        why = gathering.reached()
    except ApiFailure as error:
        why = str(error)
    if why:
        bundle.miss("the cluster", why)
    elif gathering is not None:
        gather(gathering, params["parts"], params["image"], params["subctl"])
    index = bundle.index(head(params["cluster"], gathering, began, why))
    result: Json = {
        "changed": True,
        "folder": folder,
        "reached": index["reached"],
        "verdict": index["verdict"],
        "files": [file["name"] for file in index["files"]],
        "bytes": sum(file["bytes"] for file in index["files"]),
        "unknown": index["unknown"],
        "truncated": index["truncated"],
    }
    if gathering is not None and gathering.digest:
        result["digest"] = redact_object(gathering.digest, bundle.secrets)
    return result


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        dest={"type": "path", "required": True},
        cluster={"type": "str", "required": True},
        cluster_id={"type": "str", "default": ""},
        parts={"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
        timeout={"type": "int", "default": 300},
        limit_bytes={"type": "int", "default": 64 << 20},
        log_bytes={"type": "int", "default": 1 << 20},
        log_since={"type": "int", "default": 86400},
        max_pods={"type": "int", "default": 60},
        max_nodes={"type": "int", "default": 10},
        subctl={"type": "str", "default": "subctl"},
        subctl_timeout={"type": "int", "default": 90},
        image={"type": "str", "default": ""},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except (ApiFailure, BundleTrouble) as error:
        module.fail_json(msg=str(error))
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended.")
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
