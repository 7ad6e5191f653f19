#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: broker_info_file
short_description: Write the broker-info.subm of a broker that exists
version_added: 0.1.0
description:
  - Puts the broker info together from the broker's own objects and the PSK of the clusterset, and writes it to a file that
    only its owner can read, as C(subctl join) takes it. For clusters that are joined elsewhere, and where the file is lost.
  - Changes nothing on any cluster. The content is never returned.
options:
  path:
    description: The file. One with the same content is left as it is.
    type: path
    required: true
  broker_url:
    description:
      - Address of the broker's API server as the members reach it. The default is that in the record of a run, else the one
        that M(submariner.lifecycle.broker) would choose.
    type: str
  sources:
    description:
      - Members that are asked for the PSK, where neither a record of a run nor the broker's cluster has it.
      - Refused when they have different ones.
    type: list
    elements: dict
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
seealso:
  - module: submariner.lifecycle.broker
  - module: submariner.lifecycle.member
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Write the broker info of east anew
  submariner.lifecycle.broker_info_file:
    kubeconfig: ~/.kube/config
    context: east
    path: ~/broker-info.subm
    sources:
      - cluster_id: west
        auth: {kubeconfig: ~/.kube/config, context: west}
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
broker_url:
  description: The address in it.
  returned: success
  type: str
psk_source:
  description: Where the PSK comes from, V(record), or the names of clusters.
  returned: success
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _run_record
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import choose_url
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import (
    BrokerInfo,
    BrokerInfoError,
    compose,
    decode,
    encode,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import write_private
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import BROKER_NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(
        path={"type": "path", "required": True},
        broker_namespace={"type": "str", "default": BROKER_NAMESPACE},
        broker_url={"type": "str"},
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


def find_psk(module: AnsibleModule, api: Api, record: _run_record.Record | None) -> tuple[bytes, str]:
    """The PSK of the clusterset and who has it; members that disagree have no clusterset."""
    if record is not None and record.psk:
        return record.psk, "record"
    broker, reason = _run_record.psk_of(api)
    told = {
        source["cluster_id"]: _run_record.psk_of(connect(module, source["auth"])) for source in module.params["sources"]
    }
    psk, origin, differing = _run_record.choose_psk({name: found for name, (found, _why) in told.items()}, broker)
    if differing:
        raise ApiFailure(
            f"The members do not use one PSK: {', '.join(differing)} use another one than {origin}.",
            "Join those anew first (submariner.lifecycle.reinstall does).",
        )
    if not psk:
        why = [why for why in [reason, *(why for _found, why in told.values())] if why]
        raise ApiFailure(
            f"The PSK of the clusterset is not to be found{': ' + '; '.join(why) if why else ''}.",
            "Name a member that is joined as source.",
        )
    return psk, origin


def present(path: str) -> BrokerInfo | None:
    """What the file has now, None where it is not there or is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return decode(file.read())
    except (FileNotFoundError, BrokerInfoError):
        return None


def run(module: AnsibleModule) -> dict[str, t.Any]:
    path, namespace = module.params["path"], module.params["broker_namespace"]
    api = connect(module)
    record = _run_record.read(api)
    psk, origin = find_psk(module, api, record)
    url = module.params["broker_url"]
    if not url and record is not None and record.broker_info:
        try:
            url = decode(record.broker_info).url
        except BrokerInfoError as error:
            raise ApiFailure(f"The broker info in the record of the run cannot be used: {error}.") from error
    url, _source = choose_url(module, api, url or None)
    info = compose(api, url, psk, namespace)
    try:
        other = present(path) != info
        changed = other or os.stat(path).st_mode & 0o777 != 0o600
        if not module.check_mode:
            if other:
                fresh = f"{path}.{os.getpid()}"
                write_private(fresh, encode(info))
                os.replace(fresh, path)
            os.chmod(path, 0o600)
    except OSError as error:
        raise ApiFailure(f"The file {path} cannot be written: {error.strerror or error}.") from error
    return {"changed": changed, "path": path, "broker_url": url, "psk_source": origin}


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
