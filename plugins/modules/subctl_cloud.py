#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subctl_cloud
short_description: Let subctl prepare a public cloud for Submariner, or undo that
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Runs C(subctl cloud prepare) or C(subctl cloud cleanup) for an OpenShift cluster on installer-provisioned infrastructure.
    C(prepare) opens the ports of Submariner in the cloud (security groups, firewall rules) and makes machines for gateways;
    C(cleanup) takes both away again, and with them every gateway label but on AWS.
  - Afterwards the cluster itself is asked. C(prepare) is done once the gateway nodes are there and ready, C(cleanup) once no
    machine set for gateways is left. What stands in the cloud beside the cluster, only C(subctl) and the cloud know.
  - C(cleanup) is refused while Submariner is installed. Its removal runs on the gateway nodes, and without these the cluster's
    records would stay on the broker.
  - Not tried on a cloud by the makers of this collection.
options:
  state:
    description: Whether the cloud shall be V(prepared) for Submariner, or V(cleaned) after its removal.
    type: str
    choices: [prepared, cleaned]
    default: prepared
  provider:
    description: The cloud. V(rhos) is OpenStack.
    type: str
    choices: [aws, azure, gcp, rhos]
    required: true
  subctl:
    description: The C(subctl) program, a path or a name to be found in E(PATH).
    type: str
    default: subctl
  ocp_metadata:
    description:
      - The C(metadata.json) of OpenShift's installer, or the folder with it. It tells O(infra_id), O(region) (not on V(rhos)) and
        O(project_id), and goes before these.
    type: path
  infra_id:
    description: Infrastructure ID of the cluster. Needed without O(ocp_metadata).
    type: str
  region:
    description: Region of the cluster. Needed without O(ocp_metadata), and always on V(rhos).
    type: str
  project_id:
    description: Project of the cluster, on V(gcp) and V(rhos). Needed without O(ocp_metadata).
    type: str
  credentials:
    description:
      - File with the credentials, which are never put on a command line; the credentials file of V(aws), the service account of
        V(gcp), the authorization file of V(azure) (needed there), the C(clouds.yaml) of V(rhos).
      - When unset, C(subctl) looks where the cloud's own tools do.
    type: path
  profile:
    description: Profile in O(credentials), on V(aws). When unset, V(default).
    type: str
  cloud_entry:
    description: Entry of the C(clouds.yaml), on V(rhos). When unset, V(openstack).
    type: str
  control_plane_security_group:
    description: Name of the control plane's security group, on V(aws), where it is not the installer's.
    type: str
  worker_security_group:
    description: Name of the workers' security group, on V(aws), where it is not the installer's.
    type: str
  vpc_name:
    description: Name of the VPC, on V(aws), where it is not the installer's.
    type: str
  subnet_names:
    description: Names of the public subnets, on V(aws), where they are not the installer's.
    type: list
    elements: str
    default: []
  gateways:
    description:
      - How many gateway nodes there shall be. More can be had later, not fewer.
      - On V(aws) V(0) makes none, for O(load_balancer).
    type: int
    default: 1
  gateway_instance:
    description: Type of the gateways' machines. When unset, C(subctl)'s for the cloud.
    type: str
  nattport:
    description: UDP port of the tunnels.
    type: int
    default: 4500
  nat_discovery_port:
    description: UDP port of NAT discovery.
    type: int
    default: 4490
  vxlan_port:
    description: UDP port between the nodes of the cluster.
    type: int
    default: 4800
  load_balancer:
    description:
      - Whether the gateways will stand behind a load balancer.
      - In the release that was read (0.19) the commands of the clouds do not know this flag, and C(subctl) refuses it.
    type: bool
    default: false
  air_gapped:
    description: Whether the cluster has no way to the internet, on V(azure).
    type: bool
    default: false
  operator_namespace:
    description: Namespace in which Submariner must not be any more when O(state=cleaned).
    type: str
    default: submariner-operator
  timeout:
    description: Seconds for the command.
    type: int
    default: 900
  ready_timeout:
    description:
      - Seconds for the gateway nodes to become ready after O(state=prepared). A join before that would make gateways of others.
      - At V(0) that is not waited for.
    type: int
    default: 900
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Says which command it would run; the rest is judged as without check mode.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Always counts as a change, for what the cloud holds is not to be seen from the cluster. Nothing is made twice by C(subctl).
requirements:
  - kubernetes
  - subctl
"""

EXAMPLES = r"""
- name: What would be run
  submariner.lifecycle.subctl_cloud:
    kubeconfig: ~/.kube/config
    context: east
    provider: aws
    ocp_metadata: ~/clusters/east/metadata.json
  check_mode: true

- name: Open the ports and make two gateway nodes
  submariner.lifecycle.subctl_cloud:
    kubeconfig: ~/.kube/config
    context: east
    provider: aws
    ocp_metadata: ~/clusters/east/metadata.json
    credentials: ~/.aws/credentials
    profile: clusters
    gateways: 2

- name: Take both away after an uninstallation
  submariner.lifecycle.subctl_cloud:
    kubeconfig: ~/.kube/config
    context: west
    provider: gcp
    infra_id: west-x7k2p
    region: europe-west3
    project_id: fleet
    state: cleaned
"""

RETURN = r"""
command:
  description: The command, without the kubeconfig that it is given by file.
  returned: unless it could not begin
  type: list
  elements: str
  sample: [subctl, cloud, prepare, aws, --infra-id=east-x7k2p, --region=eu-central-1]
gateways:
  description: Nodes with the gateway label; outside of check mode as they are afterwards.
  returned: unless it could not begin
  type: list
  elements: str
machine_sets:
  description: Machine sets whose machines are gateways; outside of check mode as they are afterwards.
  returned: unless it could not begin
  type: list
  elements: str
findings:
  description: What the cluster lacks, or still has, afterwards.
  returned: unless it could not begin
  type: list
  elements: dict
subctl:
  description: The command's exit status, its output without secrets and how long it took.
  returned: when subctl was run
  type: dict
"""

import os
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils import _cloud
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    Answer,
    Api,
    ApiFailure,
    auth_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._cloud import CLEANED, PREPARED
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    GATEWAY_LABEL,
    OPERATOR_NAMESPACE,
    Finding,
    Json,
    Node,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import Subctl, SubctlFailure, private_folder
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold

MACHINES = "/apis/machine.openshift.io/v1beta1/"
OPTIONS: dict[str, dict[str, t.Any]] = {
    "ocp_metadata": {"type": "path"},
    "infra_id": {"type": "str"},
    "region": {"type": "str"},
    "project_id": {"type": "str"},
    "credentials": {"type": "path"},
    "profile": {"type": "str"},
    "cloud_entry": {"type": "str"},
    "control_plane_security_group": {"type": "str"},
    "worker_security_group": {"type": "str"},
    "vpc_name": {"type": "str"},
    "subnet_names": {"type": "list", "elements": "str", "default": []},
    "gateways": {"type": "int", "default": 1},
    "gateway_instance": {"type": "str"},
    "nattport": {"type": "int", "default": 4500},
    "nat_discovery_port": {"type": "int", "default": 4490},
    "vxlan_port": {"type": "int", "default": 4800},
    "load_balancer": {"type": "bool", "default": False},
    "air_gapped": {"type": "bool", "default": False},
}


class Unfinished(Exception):
    """The command ended well, and the cluster is not as it should be then."""

    def __init__(self, result: Json, findings: t.Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.line() for finding in findings))
        self.result = result


def given(answer: Answer, what: str) -> list[Json]:
    if answer.unknown:
        raise ApiFailure(f"The {what} cannot be read: {answer.reason}.", "Nothing was touched.")
    return answer.items


def file_options(params: Json) -> Json:
    """The options that name files, as paths that hold in any folder; refuses what is not there."""
    found: Json = {}
    for name in _cloud.FILES:
        if params[name]:
            found[name] = os.path.abspath(params[name])
            if not os.access(found[name], os.R_OK):
                raise ApiFailure(f"{name} is {found[name]}, and there is no such file that can be read.")
    return found


def secrets_of(options: Json) -> list[str]:
    """What of the credentials could show up in what subctl says."""
    if not options.get("credentials"):
        return []
    with open(options["credentials"], encoding="utf-8", errors="replace") as stream:
        return _cloud.secrets_in(stream.read(1 << 20))


class Cluster:
    """What is asked of the cluster, before and after."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def refuse(self, state: str, namespace: str) -> None:
        """Where subctl could not work, or would do harm."""
        if self.api.list(MACHINES + "machinesets").absent:
            raise ApiFailure(
                "This cluster has no machine API (machine.openshift.io): subctl prepares the cloud of OpenShift clusters on"
                " installer-provisioned infrastructure only.",
                "Open the ports by the cloud's own means; the role firewall's README lists them.",
            )
        submariners = self.api.list(f"/apis/submariner.io/v1alpha1/namespaces/{namespace}/submariners")
        if state == CLEANED and given(submariners, "Submariner resource"):
            raise ApiFailure(
                "Submariner is still installed here, and its removal needs the gateway nodes that this takes away.",
                "Run submariner.lifecycle.uninstall for this cluster first.",
            )

    def nodes(self) -> list[Node]:
        return [Node.of(item) for item in given(self.api.list("/api/v1/nodes", labelSelector=GATEWAY_LABEL), "nodes")]

    def machine_sets(self) -> list[str]:
        return _cloud.machine_sets(given(self.api.list(MACHINES + "machinesets"), "machine sets"))

    def shown(self) -> Json:
        gateways = sorted(node.name for node in self.nodes() if node.gateway == "true")
        return {"gateways": gateways, "machine_sets": self.machine_sets()}

    def lacking(self, wanted: int) -> list[Finding]:
        nodes = self.nodes()
        found = _cloud.lacking(nodes, wanted, [])
        if found:
            machines = self.api.list(MACHINES + "machines")
            found = _cloud.lacking(nodes, wanted, _cloud.machines(machines.items, self.machine_sets()))
        return found


def afterwards(cluster: Cluster, params: Json) -> list[Finding]:
    """What the cluster lacks, or still has; waits for gateways as long as may be."""
    if params["state"] == CLEANED:
        return _cloud.left(cluster.machine_sets())
    if not (params["gateways"] and params["ready_timeout"]):
        return []
    return hold(lambda: cluster.lacking(params["gateways"]), params["ready_timeout"]).findings


def run(module: Module) -> Json:
    params = module.params
    state, provider = params["state"], params["provider"]
    options = {name: params[name] for name in OPTIONS}
    wrong = _cloud.problems(state, provider, options)
    if wrong:
        raise ApiFailure("; ".join(wrong) + ".")
    options.update(file_options(params))
    api = connect(module)
    cluster = Cluster(api)
    cluster.refuse(state, params["operator_namespace"])
    arguments = _cloud.arguments(state, provider, options)
    result: Json = {
        "changed": True,
        "command": [os.path.basename(params["subctl"]), *arguments],
        "findings": [],
        **cluster.shown(),
    }
    module.knows(result)
    if module.check_mode:
        return result
    subctl = Subctl(params["subctl"], api)
    with private_folder() as folder:
        said = subctl.call(
            arguments,
            folder,
            params["timeout"],
            secrets=secrets_of(options),
            environment=_cloud.environment(provider, options),
        )
    findings = afterwards(cluster, params)
    result.update(subctl=said.as_dict(), findings=[finding.as_dict() for finding in findings], **cluster.shown())
    if findings:
        raise Unfinished(result, findings)
    return result


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(OPTIONS)
    spec.update(
        state={"type": "str", "choices": [PREPARED, CLEANED], "default": PREPARED},
        provider={"type": "str", "choices": sorted(_cloud.PROVIDERS), "required": True},
        subctl={"type": "str", "default": "subctl"},
        operator_namespace={"type": "str", "default": OPERATOR_NAMESPACE},
        timeout={"type": "int", "default": 900},
        ready_timeout={"type": "int", "default": 900},
    )
    return spec


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except Unfinished as error:
        module.fail_json(msg=f"subctl exited 0, yet: {error}", **error.result)
    except SubctlFailure as error:
        module.fail_json(msg=error.msg, subctl=error.result.as_dict() if error.result else {})
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended. Run again: what it left behind is taken up.")
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
