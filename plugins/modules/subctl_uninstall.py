#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subctl_uninstall
short_description: Let subctl uninstall Submariner from one cluster, unless that would take what is not Submariner's
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Runs C(subctl uninstall --yes). Before, it is told from the cluster's objects what this would delete, for C(subctl) goes by
    prefixes and suffixes of names, and takes the cluster role along that a binding points at. If anything of that is not
    Submariner's, or cannot be read, nothing is done.
  - That the command ends well proves nothing. M(submariner.lifecycle.cleanup) afterwards removes what it left, and proves.
  - M(submariner.lifecycle.cleanup) alone does the same by the API, and needs no C(subctl).
options:
  subctl:
    description: Path of the C(subctl) program, or its name in E(PATH).
    type: str
    default: subctl
  cluster_id:
    description: ID under which the cluster is joined.
    type: str
    required: true
  with_broker:
    description:
      - Whether a broker on this cluster may go, too, since all members of it are proven to be leaving. Without it the command
        is refused where C(subctl) would take the broker away from members that have no Endpoint.
    type: bool
    default: false
  timeout:
    description: Seconds for the command, which by itself gives the operator up to 300 seconds.
    type: int
    default: 330
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
requirements:
  - kubernetes
  - subctl
seealso:
  - module: submariner.lifecycle.cleanup
"""

EXAMPLES = r"""
- name: What subctl would take along
  submariner.lifecycle.subctl_uninstall:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
  check_mode: true

- name: Uninstall with subctl
  submariner.lifecycle.subctl_uninstall:
    kubeconfig: ~/.kube/config
    context: west
    cluster_id: west
"""

RETURN = r"""
findings:
  description: What is not Submariner's and would go (severity V(error)), what cannot be told, and what goes besides.
  returned: unless it could not begin
  type: list
  elements: dict
verdict:
  description:
    - V(pass) when nothing forbids the command, V(fail) when something does or C(subctl) itself failed, V(unknown) when that
      cannot be told.
  returned: always
  type: str
  sample: pass
subctl:
  description: The command, its exit status, its output without secrets and how long it took.
  returned: when subctl was run
  type: dict
"""

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._blast_radius import radius, taken
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import RBAC
from ansible_collections.submariner.lifecycle.plugins.module_utils._inside import look_into
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    OPERATOR_NAMESPACE,
    UNKNOWN,
    Finding,
    Json,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import Subctl, SubctlFailure, private_folder

SECTIONS = ("residue", "contents", "nodes")


class Refused(Exception):
    """The command would take what is not Submariner's, or that cannot be told."""

    def __init__(self, findings: t.Sequence[Finding]) -> None:
        super().__init__("; ".join(f.line() for f in findings if f.severity in (ERROR, UNKNOWN)))
        self.findings = findings


def run(module: Judge) -> Json:
    params = module.params
    api = connect(module)
    seen = observe(api, SECTIONS, params["operator_namespace"])
    look_into(api, seen, taken(seen))
    bindings = api.list(RBAC + "clusterrolebindings")
    if bindings.unknown:
        raise ApiFailure(f"The cluster role bindings cannot be read: {bindings.reason}.", "Nothing was touched.")
    there = bool(seen.namespace(seen.operator_namespace) or seen.broker_namespaces or seen.submariner)
    findings = radius(seen, bindings.items, params["cluster_id"], params["with_broker"])
    if not there and not seen.unanswered:
        return {"changed": False, "findings": [], "verdict": "pass"}
    result: Json = {
        "changed": True,
        "findings": [f.as_dict() for f in findings],
        "verdict": verdict(findings),
    }
    if any(f.severity in (ERROR, UNKNOWN) for f in findings):
        raise Refused(findings)
    module.knows(result)
    if not module.check_mode:
        subctl = Subctl(params["subctl"], api)
        arguments = ["uninstall", "--yes", "--namespace", params["operator_namespace"]]
        with private_folder() as folder:
            result["subctl"] = subctl.call(arguments, folder, params["timeout"]).as_dict()
    return result


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        subctl={"type": "str", "default": "subctl"},
        cluster_id={"type": "str", "required": True},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
        with_broker={"type": "bool", "default": False},
        timeout={"type": "int", "default": 330},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except Refused as refusal:
        module.fail_json(
            msg=f"Nothing was touched: {refusal}",
            findings=[f.as_dict() for f in refusal.findings],
            verdict=verdict(refusal.findings),
        )
    except SubctlFailure as error:
        module.fail_json(
            msg=f"{error.msg} The API tells what is left: run submariner.lifecycle.cleanup.",
            findings=[error.finding.as_dict()] if error.finding else [],
            subctl=error.result.as_dict() if error.result else {},
            verdict="fail" if error.result else "unknown",
        )
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended. Run again: what it left behind is taken up.")
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
