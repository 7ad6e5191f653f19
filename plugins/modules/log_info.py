#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_info
short_description: Say what the logs of Submariner's pods mean
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Reads the logs of one cluster's Submariner pods and compares them with a table of known lines, which says what a line
    means and what to do about it.
  - Error lines that the table does not have are counted, and each kind of them is shown once.
  - A log tells what was. Therefore no line is worse than a warning here; whether Submariner works now is said by the
    modules that read its state. A log that could not be read makes the verdict V(unknown).
  - Tokens, keys, passwords and certificates are hidden in what is shown.
options:
  components:
    description: Whose logs to read, with those of the pods that uninstall them.
    type: list
    elements: str
    choices: [operator, gateway, routeagent, globalnet, lighthouse-agent, lighthouse-coredns, metrics-proxy]
    default: [operator, gateway, routeagent, globalnet, lighthouse-agent, lighthouse-coredns, metrics-proxy]
  since:
    description: How far back to read, in seconds by the clock of each pod's node.
    type: int
    default: 3600
  previous:
    description: Whether to read, too, what a container wrote before its last restart.
    type: bool
    default: true
  limit_bytes:
    description: Bytes to read of each container's log at most, from its end; between 1024 and 16777216.
    type: int
    default: 262144
  max_pods:
    description:
      - Number of pods to read the logs of at most.
      - Pods that are not ready or were restarted come first, then one of each component, the active gateway before others.
    type: int
    default: 40
  timeout:
    description: Seconds after which reading ends; what was not read by then is in RV(unknown).
    type: int
    default: 60
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.operator
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.info_module
  - submariner.lifecycle._attributes.actiongroup
seealso:
  - module: submariner.lifecycle.cluster_info
  - module: submariner.lifecycle.second_opinion
"""

EXAMPLES = r"""
- name: What do the logs of west say
  submariner.lifecycle.log_info:
    kubeconfig: ~/.kube/config
    context: west
  register: west

- name: Only the operator and the gateways, of the last ten minutes
  submariner.lifecycle.log_info:
    kubeconfig: ~/.kube/config
    context: west
    components: [operator, gateway]
    since: 600
"""

RETURN = r"""
findings:
  description: What the known lines mean, and what could not be read.
  returned: success
  type: list
  elements: dict
  sample:
    - id: log.unknown-annotation
      severity: warning
      subject: Pod submariner-operator/submariner-gateway-m76tl
      observed: "A gateway node has an annotation that the gateway does not know; it does not start (4 times)"
      expected: ''
      cause: 'unknown config annotation "gateway.submariner.io/udp" on node "west-worker"'
      hint: take the annotation or label that the line names off the node
      evidence: {}
verdict:
  description: V(pass) when no known line is a warning and all was read, V(degraded), or V(unknown).
  returned: always
  type: str
  sample: degraded
lines:
  description:
    - The known lines, each once, with C(id), C(severity), C(meaning), C(hint), C(component), C(count), C(first) and C(last)
      (times in UTC), the newest one as C(example), its C(pod) and C(container), the C(pods) (20 at most) and
      their number (C(pod_count)), and whether all of them are
      from before a restart (C(before_restart)).
  returned: success
  type: list
  elements: dict
unknown_lines:
  description:
    - Error lines that are in no table, at most 50, each kind once, with C(level) (V(error), or V(fatal) when the component
      ended with it), and the same fields from C(component) on.
  returned: success
  type: list
  elements: dict
read:
  description:
    - What was read, with C(component), C(pod), C(container), C(previous), C(bytes), whether all of the asked time is there
      (C(whole)), and a C(note).
  returned: success
  type: list
  elements: dict
left_out:
  description: Number of pods that were left out by component, because of O(max_pods).
  returned: success
  type: dict
  sample:
    routeagent: 160
unknown:
  description: What was not answered, with the reason.
  returned: success
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import COMPONENTS, INFO
from ansible_collections.submariner.lifecycle.plugins.module_utils._log_reading import Choice, Piece, choose, read
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import Tally, unread
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    OPERATOR_NAMESPACE,
    UNKNOWN,
    Finding,
    Json,
    Snapshot,
    mapping,
    text,
    verdict,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe

LIMITS = {"since": (1, 10**9), "limit_bytes": (1024, 1 << 24), "max_pods": (1, 10**6), "timeout": (1, 86400)}
SECRETS = ("brokerK8sApiServerToken", "brokerK8sCA", "ceIPSecPSK")


def run(module: AnsibleModule) -> Json:
    params = module.params
    for name, (least, most) in LIMITS.items():
        if not least <= params[name] <= most:
            raise ApiFailure(f"{name} is {params[name]}; it has to be between {least} and {most}.")
    api = connect(module)
    namespace = params["operator_namespace"]
    snapshot = observe(api, (), namespace, keys=("pods", "submariners"))
    unknown = dict(snapshot.unanswered)
    choice = choose(snapshot.objects("pods"), params["components"], params["previous"], params["max_pods"])
    tally, pieces, more = read_all(api, snapshot, choice, params)
    unknown.update(more)
    findings = tally.findings(namespace) + unread(namespace, unknown) + bounds(namespace, snapshot, choice)
    return {
        "changed": False,
        "findings": [f.as_dict() for f in findings],
        "verdict": verdict(findings),
        "lines": tally.lines(),
        "unknown_lines": tally.unknown_lines(),
        "read": pieces,
        "left_out": choice.left_out,
        "unknown": unknown,
    }


def read_all(api: Api, snapshot: Snapshot, choice: Choice, params: Json) -> tuple[Tally, list[Json], dict[str, str]]:
    """What the logs say, what was read, and what could not be read."""
    spec = mapping(snapshot.submariner.get("spec"))
    tally = Tally(text(spec.get("brokerK8sApiServer")), [text(spec.get(key)) for key in SECRETS])
    pieces: list[Json] = []

    def take(piece: Piece) -> None:
        tally.add(piece.source, piece.text)
        pieces.append(piece.as_dict())

    since, limit, timeout = params["since"], params["limit_bytes"], params["timeout"]
    more = read(api, snapshot.operator_namespace, choice.sources, since, limit, timeout, take)
    return tally, sorted(pieces, key=lambda p: (p["pod"], p["container"], p["previous"])), more


def bounds(namespace: str, snapshot: Snapshot, choice: Choice) -> list[Finding]:
    """What was not looked at: nothing is said about it."""
    where = f"logs in namespace {namespace}"
    if snapshot.known("pods") and not choice.sources:
        return [Finding("log.no-pods", UNKNOWN, where, "there is no pod of the asked components that ever started")]
    if not choice.left_out:
        return []
    words = ", ".join(f"{number} of {component}" for component, number in choice.left_out.items())
    finding = Finding("log.left-out", INFO, where, f"left out, none of them in trouble: {words}", hint="raise max_pods")
    if choice.troubled_left_out:
        finding.severity = UNKNOWN
        finding.observed = f"left out, {choice.troubled_left_out} of them in trouble: {words}"
    return [finding]


def main() -> None:
    spec: Json = auth_spec()
    spec.update(
        components={"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": list(COMPONENTS)},
        since={"type": "int", "default": 3600},
        previous={"type": "bool", "default": True},
        limit_bytes={"type": "int", "default": 262144},
        max_pods={"type": "int", "default": 40},
        timeout={"type": "int", "default": 60},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
