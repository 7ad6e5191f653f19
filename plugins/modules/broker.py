#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: broker
short_description: Deploy Submariner's broker on a cluster
version_added: 0.1.0
description:
  - Runs C(subctl deploy-broker) unless the wanted broker is already there, and then proves on the API server that
    namespace, Broker, resource definitions, the administrator's token and the operator are as they should be.
  - While C(subctl) runs, the operator is watched. What cannot end well (an image that cannot be pulled, a pod that no
    node takes, a refused security context, a namespace that is being deleted) ends the call within 30 seconds with its
    cause. What C(subctl) said last and how far the operator is are shown meanwhile, unless C(submariner_quiet) is set.
  - An operator Deployment that does not run when the task begins is deleted first, so that it is made anew at once.
  - The PSK comes from the record of the run (M(submariner.lifecycle.run_record)), else from the installation on this
    cluster, else it is new. It is handed over in a file that only the user can read, and never returned.
  - The broker info is kept in the record of the run, where M(submariner.lifecycle.member) finds it. Without a record
    one is begun; M(submariner.lifecycle.run_record) removes it when all members have joined.
options:
  state:
    description: A broker is removed by M(submariner.lifecycle.cleanup).
    type: str
    choices: [present]
    default: present
  subctl:
    description: The C(subctl) program, a path or a name to be found in E(PATH).
    type: str
    default: subctl
  broker_url:
    description:
      - Address of this cluster's API server as the members reach it, for example V(https://api.east.example.com:6443).
      - The default is the address in the kubeconfig. Where that means the machine itself (V(127.0.0.1), V(localhost)),
        as kind writes it, the address that the API server states in the EndpointSlice of the Service
        C(default/kubernetes) is taken.
    type: str
  check_broker_certificate:
    description:
      - Whether an address whose certificate is not the cluster's is refused. C(subctl deploy-broker) has no such option; set it to
        V(false) where the members are joined with O(submariner.lifecycle.member#module:check_broker_certificate=false).
    type: bool
    default: true
  components:
    description:
      - What the members get.
      - Service discovery alone is refused, since M(submariner.lifecycle.member) only joins clusters that are to be connected.
    type: list
    elements: str
    choices: [service-discovery, connectivity]
  custom_domains:
    description: Domains for service discovery besides C(clusterset.local).
    type: list
    elements: str
  globalnet:
    description:
      - Whether clusters with overlapping CIDRs can be connected.
      - Fixed when the broker is first deployed; to change it, everything has to be uninstalled and installed anew.
      - Default is as the broker has it; without a broker as the record of the run says that it had it, else V(false).
    type: bool
  globalnet_cidr_range:
    description:
      - Range from which each cluster's global CIDR is allocated. Fixed as O(globalnet) is.
      - Default is as the broker has it, or had it, unless Globalnet was off; else that of C(subctl), V(242.0.0.0/8).
    type: str
  globalnet_cluster_size:
    description:
      - Number of global IPs per cluster. Fixed as O(globalnet) is.
      - Default is as for O(globalnet_cidr_range); that of C(subctl) is 65536.
    type: int
  enable_clusterset_ip:
    description:
      - Whether exported services get a clusterset IP by default. Fixed as O(globalnet) is, with the same default.
    type: bool
  clusterset_ip_cidr_range:
    description:
      - Range from which each cluster's clusterset IPs are allocated. Fixed as O(globalnet) is.
      - Default is as the broker has it, or had it; else that of C(subctl), V(243.0.0.0/8).
    type: str
  repository:
    description:
      - Repository of the images.
      - Default is as the operator has it that is there, else that of C(subctl), V(quay.io/submariner).
    type: str
  version:
    description: Version of the images.
    type: str
  operator_debug:
    description: Whether the operator logs in detail.
    type: bool
  http_proxy:
    description: Proxy of the operator for HTTP.
    type: str
  https_proxy:
    description: Proxy of the operator for HTTPS.
    type: str
  no_proxy_hosts:
    description: What the operator reaches without a proxy, as C(subctl) takes it with C(--no-proxy).
    type: str
  renew_token:
    description:
      - Whether the administrator's token is made anew, which voids every broker info that was handed out. Members have tokens of
        their own and stay connected.
      - Each task with it makes a new one.
    type: bool
    default: false
  timeout:
    description: Seconds after which C(subctl) is ended; its own limit is 10 minutes.
    type: int
    default: 660
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._namespaces.broker
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details: Except with O(renew_token).
requirements:
  - kubernetes
  - subctl
seealso:
  - module: submariner.lifecycle.member
  - module: submariner.lifecycle.run_record
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Deploy the broker on east
  submariner.lifecycle.broker:
    kubeconfig: ~/.kube/config
    context: east
    version: 0.19.0

- name: Deploy a broker for clusters with overlapping CIDRs
  submariner.lifecycle.broker:
    kubeconfig: ~/.kube/config
    context: east
    globalnet: true
    broker_url: https://api.east.example.com:6443
"""

RETURN = r"""
broker_url:
  description: The address that the members are given.
  returned: unless it could not begin
  type: str
  sample: https://172.18.0.3:6443
broker_url_source:
  description:
    - Where it comes from, V(option), V(kubeconfig) or V(cluster) (the kubeconfig's address means the machine itself).
  returned: unless it could not begin
  type: str
differences:
  description: The settings that were not as wanted.
  returned: unless it could not begin
  type: list
  elements: dict
kept:
  description:
    - What was not asked for and is fixed by the broker that is there, or was by the one that the record of the run remembers.
  returned: unless it could not begin
  type: dict
  sample: {globalnet: true, globalnet_cidr_range: 242.0.0.0/8, globalnet_cluster_size: 65536}
psk_source:
  description: Where the PSK comes from, V(record), V(installation) or V(new).
  returned: when deployed
  type: str
findings:
  description: What the broker lacks; why it was deployed, or why the task failed.
  returned: unless it could not begin
  type: list
  elements: dict
members:
  description: IDs of the clusters that have a record with the broker.
  returned: unless it could not begin
  type: list
  elements: str
subctl:
  description: The command, its exit status, its output without secrets and how long it took.
  returned: when subctl was run
  type: dict
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker, _brokerinfo, _run_record
from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import choose_url
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import write_private
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    Finding,
    Json,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import Interrupted
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import (
    Subctl,
    SubctlFailure,
    Watch,
    clear_stuck_operator,
    private_folder,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold

Result = dict[str, t.Any]

SETTINGS: dict[str, dict[str, t.Any]] = {
    "components": {"type": "list", "elements": "str", "choices": ["service-discovery", "connectivity"]},
    "custom_domains": {"type": "list", "elements": "str"},
    "globalnet": {"type": "bool"},
    "globalnet_cidr_range": {"type": "str"},
    "globalnet_cluster_size": {"type": "int"},
    "enable_clusterset_ip": {"type": "bool"},
    "clusterset_ip_cidr_range": {"type": "str"},
    "repository": {"type": "str"},
    "version": {"type": "str"},
    "operator_debug": {"type": "bool"},
    "http_proxy": {"type": "str"},
    "https_proxy": {"type": "str"},
}
SETTLE_SECONDS = 60.0


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(SETTINGS)
    spec.update(
        state={"type": "str", "choices": ["present"], "default": "present"},
        subctl={"type": "str", "default": "subctl"},
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        broker_url={"type": "str"},
        check_broker_certificate={"type": "bool", "default": True},
        no_proxy_hosts={"type": "str"},
        renew_token={"type": "bool", "default": False},
        timeout={"type": "int", "default": 660},
    )
    return spec


def find_psk(api: Api, record: _run_record.Record | None, members: list[str]) -> tuple[bytes, str]:
    if record is not None and record.psk:
        return record.psk, "record"
    psk, reason = _run_record.psk_of(api)
    if psk:
        return psk, "installation"
    if reason or members:
        who = f"clusters joined to this broker ({', '.join(members)})" if members else f"installation ({reason})"
        raise ApiFailure(
            f"The PSK of the {who} is not known here, and a new one would cut them off.",
            "Begin a record with submariner.lifecycle.run_record, naming the members as sources.",
        )
    return os.urandom(_brokerinfo.PSK_BYTES), "new"


def wait_for_namespaces(api: Api, namespace: str) -> None:
    """Until none is on its way out."""

    def check() -> list[Finding]:
        seen = _broker.observe(api, namespace)
        return _broker.unanswered(seen) or _broker.going(seen)

    held = hold(check, SETTLE_SECONDS)
    if not held.ok:
        raise ApiFailure(
            f"No broker can be deployed: {held.words()}.",
            "Run submariner.lifecycle.cleanup for this cluster: it says what holds the namespace.",
        )


def tables(seen: _broker.Broker, record: _run_record.Record | None) -> dict[str, Json]:
    """The tables of the broker that is there; without it those that the record of the run remembers."""
    remembered = {GLOBALNET_INFO: record.globalnet, CLUSTERSET_IP_INFO: record.clusterset_ip} if record else {}
    return {name: seen.table(name) or remembered.get(name, {}) for name in _broker.FIXED}


def refuse_unconnected(components: t.Sequence[str] | None) -> None:
    """What no member could be joined to is not deployed either."""
    if components and "connectivity" not in components:
        raise ApiFailure(
            f"With {', '.join(components)} alone no cluster could be joined to this broker.",
            "Add connectivity to submariner_components.",
        )


def refuse_fixed(found: list[_broker.Difference]) -> None:
    fixed = [f"{d.setting} is {d.have} and should be {d.want}" for d in found if d.fixed]
    if fixed:
        raise ApiFailure(
            f"The broker that exists cannot be changed so: {'; '.join(fixed)}.",
            "That is fixed when a broker is first deployed: submariner.lifecycle.reinstall replaces it and joins anew.",
        )


def deploy(module: AnsibleModule, api: Api, settings: Result, url: str, psk: bytes) -> Result:
    params = module.params
    options = dict(settings)
    options.update(no_proxy=params["no_proxy_hosts"], broker_url=url, namespace=params["broker_namespace"])
    carrier = _brokerinfo.BrokerInfo(url="", psk=psk)
    subctl = Subctl(params["subctl"], api)
    with private_folder() as folder:
        path = os.path.join(folder, "psk.subm")
        write_private(path, _brokerinfo.encode(carrier))
        arguments = [*_broker.deploy_arguments(options), "--ipsec-psk-from", path]
        watch = Watch(api, params["broker_namespace"])
        return subctl.call(arguments, folder, params["timeout"], watch, carrier.secrets()).as_dict()


def prove(api: Api, namespace: str, wanted: Result) -> list[Finding]:
    """Wait until the broker lacks nothing; raises SubctlFailure with the cause where the operator shows one."""
    watch = Watch(api, namespace)

    def check() -> list[Finding]:
        seen = _broker.observe(api, namespace)
        missing = _broker.lacks(seen) or _broker.not_replaced(seen, wanted, _broker.lock_holder(api))
        cause = watch.look() if missing else None
        if cause is not None:
            raise SubctlFailure("subctl deploy-broker exited 0, yet: " + cause.line(), finding=cause)
        return missing

    try:
        held = hold(check, SETTLE_SECONDS)
    finally:
        watch.finish()
    if not held.ok:
        raise SubctlFailure(
            "subctl deploy-broker exited 0, yet the broker is not complete: " + held.findings[0].line(),
            finding=held.findings[0],
        )
    return held.findings


def revoke_tokens(api: Api, namespace: str) -> None:
    """Take the administrator's tokens away: deploy-broker makes one where there is none."""
    for secret in _brokerinfo.admin_tokens(api, namespace):
        meta = mapping(secret.get("metadata"))
        answer = api.delete(f"/api/v1/namespaces/{namespace}/secrets/{meta['name']}", uid=text(meta.get("uid")))
        if answer.unknown:
            raise ApiFailure(f"Secret {namespace}/{meta['name']} cannot be deleted: {answer.reason}.")


def keep_info(api: Api, url: str, psk: bytes, namespace: str) -> None:
    """Put the broker info into the record of the run, where there is one."""
    info = _brokerinfo.encode(_brokerinfo.compose(api, url, psk, namespace))
    _run_record.update(api, lambda record: _run_record.merged(record, {"broker_info": info, "psk": psk}))


def run(module: Module) -> Result:
    namespace = module.params["broker_namespace"]
    refuse_unconnected(module.params["components"])
    api = connect(module)
    asked = {name: module.params[name] for name in SETTINGS}
    seen = _broker.observe(api, namespace)
    if seen.unknown():
        raise ApiFailure(f"The broker's cluster does not answer all questions: {'; '.join(seen.unknown())}.")
    record = _run_record.read(api)
    wanted = _broker.with_kept(asked, tables(seen, record))
    if not wanted["repository"] and seen.present("Broker"):
        wanted["repository"] = _broker.repository_of(seen) or None
    url, source = choose_url(module, api, module.params["broker_url"])
    differing = _broker.differences(seen, wanted)
    refuse_fixed(differing)
    if module.params["renew_token"] and seen.present("Namespace"):
        differing.append(_broker.Difference("administrator's token", "the present one", "a new one"))
    missing = _broker.lacks(seen)
    result: Result = {
        "changed": bool(differing or missing),
        "broker_url": url,
        "broker_url_source": source,
        "differences": [{"setting": d.setting, "have": d.have, "want": d.want} for d in differing],
        "findings": [finding.as_dict() for finding in missing],
        "kept": {name: value for name, value in wanted.items() if asked[name] is None and value is not None},
        "members": seen.members,
    }
    module.knows(result)
    if module._diff:
        result["diff"] = {
            "before": "".join(f"{d.setting}: {d.have}\n" for d in differing)
            + "".join(f"{finding.subject} {finding.observed}\n" for finding in missing),
            "after": "".join(f"{d.setting}: {d.want}\n" for d in differing)
            + "".join(f"{finding.subject}: {finding.expected}\n" for finding in missing),
        }
    if module.check_mode or not result["changed"]:
        if record is not None and record.psk and not result["changed"] and not module.check_mode:
            keep_info(api, url, record.psk, namespace)
        return result
    psk, result["psk_source"] = find_psk(api, record, seen.members)
    if record is None:
        # The PSK must not be lost between this task and the joins.
        _run_record.create(api, _run_record.Record(run_id="", started=_run_record.now(), verb="broker", psk=psk))
    wait_for_namespaces(api, namespace)
    clear_stuck_operator(api)
    if module.params["renew_token"]:
        revoke_tokens(api, namespace)
    result["subctl"] = deploy(module, api, wanted, url, psk)
    result["findings"] = [finding.as_dict() for finding in prove(api, namespace, wanted)]
    keep_info(api, url, psk, namespace)
    return result


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except SubctlFailure as error:
        module.fail_json(
            msg=error.msg,
            findings=[error.finding.as_dict()] if error.finding else [],
            subctl=error.result.as_dict() if error.result else {},
        )
    except Interrupted as error:
        module.fail_json(msg=f"Interrupted by {error}; subctl was ended. Run again: what it left behind is taken up.")
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
