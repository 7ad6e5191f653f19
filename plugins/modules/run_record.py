#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_record
short_description: Keep what must survive an interrupted run
version_added: 0.1.0
description:
  - Keeps one Secret, C(submariner-lifecycle-run), in the namespace C(submariner-lifecycle) of the broker's cluster.
    It holds the run's ID, start, verb, options and phase, the PSK, the broker info, the gateway nodes of each cluster,
    the ConfigMaps in which their lighthouse writes, and the allocations of Globalnet and clusterset IPs.
  - Written before a run deletes anything and removed after its last proof. A run that finds one continues that run.
  - Secrets stay in the Secret; results tell only whether they are there.
options:
  state:
    description:
      - V(begun) writes the record, or returns the one that an interrupted run left, with RV(continued) true.
      - V(updated) changes O(phase), O(options) and O(gateway_nodes) of the record.
      - V(finished) removes it.
      - V(read) only returns it.
    type: str
    choices: [begun, updated, finished, read]
    default: read
  run_id:
    description: The ID of the run, as RV(submariner.lifecycle.run_lock#module:run_id) has it.
    type: str
    default: ""
  verb:
    description: What the run does, for example V(reinstall).
    type: str
  phase:
    description: The phase that the run has come to.
    type: str
  options:
    description: What the run was asked to do; no secrets, results show it.
    type: dict
  gateway_nodes:
    description: Names of gateway nodes by cluster ID, in addition to those found on O(sources).
    type: dict
  cluster_ids:
    description:
      - The IDs of the members by inventory host, to be kept by O(state=begun). An inventory that learns them from the installations
        cannot tell them any more once these are removed.
    type: dict
    default: {}
  sources:
    description:
      - The members, as far as they are to be asked for their PSK, gateway nodes, IDs and DNS by O(state=begun).
      - The PSK comes from an existing record, else from what most members use, else from the broker's cluster, else from
        O(broker_info), else it is new.
      - It is not new while clusters that are not among these are registered with the broker, since that would cut them off.
    type: list
    elements: dict
    default: []
  broker_info:
    description:
      - The content of a C(broker-info.subm), for a clusterset none of whose installations can be asked for the PSK.
      - Refused when it has another PSK than the installations that can.
    type: str
  rotate_psk:
    description:
      - Whether a new record gets a new PSK although the clusterset has one. All members have to be joined anew by that run.
      - Refused while clusters that are not among O(sources) are registered with the broker.
      - Refused while the record of an interrupted run is there that keeps the PSK. One that made a new PSK is continued.
    type: bool
    default: false
  ghosts:
    description: IDs of clusters that are declared dead, and so cannot be cut off.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._auth.sources
  - submariner.lifecycle._namespaces.broker
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
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Save what must survive, before anything is deleted
  submariner.lifecycle.run_record:
    kubeconfig: ~/.kube/config
    context: east
    state: begun
    verb: reinstall
    sources:
      - cluster_id: east
        auth: {kubeconfig: ~/.kube/config, context: east}
      - cluster_id: west
        auth: {kubeconfig: ~/.kube/config, context: west}

- name: Note how far the run has come
  submariner.lifecycle.run_record:
    kubeconfig: ~/.kube/config
    context: east
    state: updated
    phase: broker

- name: The run has ended with its proof
  submariner.lifecycle.run_record:
    kubeconfig: ~/.kube/config
    context: east
    state: finished
"""

RETURN = r"""
record:
  description: The record without its secrets, empty when there is none.
  returned: success
  type: dict
  contains:
    run_id:
      description: The ID of the run that began it.
      type: str
    started:
      description: When it began.
      type: str
    taken_by:
      description: The ID of the run that went on with it last, which at first is the one that began it.
      type: str
    verb:
      description: What the run does.
      type: str
    phase:
      description: How far it came.
      type: str
    options:
      description: What it was asked to do.
      type: dict
    gateway_nodes:
      description: Names of gateway nodes by cluster ID.
      type: dict
    cluster_ids:
      description: IDs of the members by inventory host, as they were when the run began.
      type: dict
    installed_ids:
      description: IDs under which clusters were joined, by the cluster ID that the inventory gives them.
      type: dict
    dns_maps:
      description:
        - The ConfigMap, C(namespace/name), in which lighthouse was told to write, by cluster ID. Once a cluster's resources
          are gone nothing else tells it.
      type: dict
    globalnet:
      description: The broker's table of Globalnet allocations.
      type: dict
    clusterset_ip:
      description: The broker's table of clusterset IP allocations.
      type: dict
    psk_rotated:
      description: Whether that run gives the clusterset a new PSK on purpose.
      type: bool
    has_psk:
      description: Whether a PSK is kept.
      type: bool
    has_broker_info:
      description: Whether a broker info is kept.
      type: bool
continued:
  description: Whether the record is that of an interrupted run.
  returned: success
  type: bool
psk_source:
  description: Where the PSK of a new record comes from.
  returned: when a record was begun
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _run_record
from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import (
    PSK_BYTES,
    BrokerInfoError,
    decode,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import BROKER_NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record

Result = dict[str, t.Any]


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(
        state={"type": "str", "choices": ["begun", "updated", "finished", "read"], "default": "read"},
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        run_id={"type": "str", "default": ""},
        verb={"type": "str"},
        phase={"type": "str"},
        options={"type": "dict"},
        gateway_nodes={"type": "dict"},
        broker_info={"type": "str", "no_log": True},
        rotate_psk={"type": "bool", "default": False},
        cluster_ids={"type": "dict", "default": {}},
        ghosts={"type": "list", "elements": "str", "default": []},
        sources={
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "cluster_id": {"type": "str", "required": True},
                "auth": {"type": "dict", "required": True, "options": auth_spec()},
            },
        },
    )
    return spec


def result(record: Record | None, changed: bool, continued: bool = False) -> Result:
    return {"changed": changed, "continued": continued, "record": record.public() if record else {}}


def begun(module: AnsibleModule, api: Api) -> Result:
    params = module.params
    nodes: dict[str, list[str]] = {}
    psks: dict[str, bytes] = {}
    ids: dict[str, list[str]] = {}
    dns_maps: dict[str, str] = {}
    unanswered: list[str] = []
    for source in params["sources"]:
        member = connect(module, source["auth"])
        found = _run_record.gateway_nodes_of(member)
        if found:
            nodes[source["cluster_id"]] = found
        joined_as = _run_record.installed_id_of(member)
        if joined_as:
            ids[source["cluster_id"]] = [joined_as]
        dns_map = _run_record.dns_map_of(member)
        if dns_map:
            dns_maps[source["cluster_id"]] = dns_map
        psks[source["cluster_id"]], reason = _run_record.psk_of(member)
        if reason:
            unanswered.append(f"{source['cluster_id']}: {reason}")
    nodes.update(params["gateway_nodes"] or {})

    existing = _run_record.read(api)
    if existing is not None:
        return continue_run(module, api, existing, nodes, ids, dns_maps)

    installed = {name for names in ids.values() for name in names}
    psk, origin = find_psk(module, api, psks, unanswered, installed)
    record = Record(
        run_id=params["run_id"],
        started=_run_record.now(),
        verb=params["verb"] or "",
        phase=params["phase"] or "",
        options=params["options"] or {},
        gateway_nodes=nodes,
        cluster_ids=params["cluster_ids"],
        installed_ids=ids,
        dns_maps=dns_maps,
        globalnet=_run_record.allocations(api, params["broker_namespace"], GLOBALNET_INFO),
        clusterset_ip=_run_record.allocations(api, params["broker_namespace"], CLUSTERSET_IP_INFO),
        psk_rotated=params["rotate_psk"],
        psk=psk,
    )
    if not module.check_mode:
        _run_record.create(api, record)
    return {**result(record, changed=True), "psk_source": origin}


def continue_run(
    module: AnsibleModule,
    api: Api,
    existing: Record,
    nodes: dict[str, list[str]],
    ids: dict[str, list[str]],
    dns_maps: dict[str, str],
) -> Result:
    """Go on with the record of an interrupted run: what it holds outranks what the clusters say after deletions."""
    verb = module.params["verb"]
    if module.params["rotate_psk"] and not existing.psk_rotated:
        raise ApiFailure(
            f"A run of '{existing.verb}' begun {existing.started} did not end, and it keeps the PSK: members may have joined"
            " with that, so this run cannot give the clusterset a new one.",
            "Run that playbook again without submariner_psk_rotate until it ends, then run install or reinstall with it.",
        )
    if verb and existing.verb and verb != existing.verb:
        module.warn(
            f"A run of '{existing.verb}' begun {existing.started} did not end; this '{verb}' goes on with its record."
        )
    found = {
        "taken_by": module.params["run_id"] or None,
        "gateway_nodes": {**nodes, **existing.gateway_nodes},
        "cluster_ids": module.params["cluster_ids"],
        "installed_ids": _run_record.both(existing.installed_ids, ids),
        "dns_maps": {**dns_maps, **existing.dns_maps},
    }
    wanted = _run_record.merged(existing, found)
    changed = wanted != existing
    if changed and not module.check_mode:
        _run_record.update(api, lambda record: _run_record.merged(record, found))
    return result(wanted, changed=changed, continued=True)


def find_psk(
    module: AnsibleModule, api: Api, members: dict[str, bytes], unanswered: list[str], joined_as: set[str]
) -> tuple[bytes, str]:
    """The PSK for the run and where it comes from; a new one only when nobody is known to need another."""
    if module.params["rotate_psk"]:
        refuse_strangers(module, api, "A new PSK", joined_as)
        return os.urandom(PSK_BYTES), "rotated"
    broker, reason = _run_record.psk_of(api)
    psk, origin, differing = _run_record.choose_psk(members, broker)
    if differing:
        module.warn(
            f"The members do not use one PSK, so they cannot all be connected: {', '.join(differing)} use another one"
            f" than {origin}, whose PSK is taken."
        )
    given = psk_given(module)
    if psk and given and psk != given:
        raise ApiFailure(
            f"The broker info that is given has another PSK than {origin}.",
            "It is of another clusterset, or of before: give the present one or none.",
        )
    if psk or given:
        return (psk, origin) if psk else (given, "broker info")
    if reason:
        unanswered = [*unanswered, f"the broker's cluster: {reason}"]
    if unanswered:
        raise ApiFailure(
            f"The PSK of the installed clusters cannot be read ({'; '.join(unanswered)}).",
            "A new one would cut off members that keep theirs: give the run the right to read it.",
        )
    refuse_strangers(module, api, "The PSK of this clusterset is not known here, and a new one", joined_as)
    return os.urandom(PSK_BYTES), "new"


def psk_given(module: AnsibleModule) -> bytes:
    content = module.params["broker_info"]
    if not content:
        return b""
    try:
        psk = decode(content).psk
    except BrokerInfoError as error:
        raise ApiFailure(f"The broker info that is given cannot be used: {error}.") from error
    if not psk:
        raise ApiFailure("The broker info that is given has no PSK.", "Give the file that deploy-broker wrote.")
    return psk


def refuse_strangers(module: AnsibleModule, api: Api, what: str, joined_as: set[str]) -> None:
    """Clusters that have a record with the broker and are not asked here would be cut off."""
    answer = api.list(f"/apis/submariner.io/v1/namespaces/{module.params['broker_namespace']}/clusters")
    if answer.unknown:
        raise ApiFailure(f"The clusters that are registered with the broker cannot be read: {answer.reason}.")
    ours = {source["cluster_id"] for source in module.params["sources"]} | joined_as | set(module.params["ghosts"])
    ids = {str((item.get("spec") or {}).get("cluster_id") or item["metadata"]["name"]) for item in answer.items}
    strangers = sorted(ids - ours)
    if strangers and module.params["verb"] != "uninstall":
        raise ApiFailure(
            f"{what} would cut off clusters that are registered with the broker: {', '.join(strangers)}.",
            "Put them into the inventory, declare dead ones with submariner_ghosts, or give the PSK with submariner_broker_info.",
        )


def updated(module: AnsibleModule, api: Api) -> Result:
    changes = {key: module.params[key] for key in ("phase", "options", "gateway_nodes")}
    before = _run_record.read(api)
    if before is None:
        if module.check_mode:
            # In check mode no record was begun.
            return result(None, changed=True)
        raise ApiFailure("There is no record of a run to update.", "Begin one with state=begun.")
    after = _run_record.merged(before, changes)
    if not module.check_mode:
        after = _run_record.update(api, lambda record: _run_record.merged(record, changes)) or after
    return result(after, changed=after != before)


def finished(module: AnsibleModule, api: Api) -> Result:
    if module.check_mode:
        return result(None, changed=_run_record.read(api) is not None)
    return result(None, changed=_run_record.delete(api))


def run(module: AnsibleModule) -> Result:
    api = connect(module)
    state = module.params["state"]
    if state == "begun":
        return begun(module, api)
    if state == "updated":
        return updated(module, api)
    if state == "finished":
        return finished(module, api)
    record = _run_record.read(api)
    return result(record, changed=False, continued=record is not None)


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        outcome = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
