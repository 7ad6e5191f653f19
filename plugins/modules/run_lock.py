#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_lock
short_description: Lock a fleet of Submariner clusters for one run
version_added: 0.1.0
description:
  - Holds one Lease in the namespace C(submariner-lifecycle) of the broker's cluster, so that two runs never work on
    the same fleet at once.
  - The Lease expires after 45 seconds. A small process beside C(ansible-playbook) renews it every 10 seconds, and gives
    it back as soon as C(ansible-playbook) is gone, however it ended.
  - A holder whose process on this machine is gone is replaced at once, one that stopped to renew when its time is up;
    both are said in a warning.
options:
  state:
    description:
      - V(acquired) gets the lock, waiting for another run up to O(timeout) seconds, and starts the process that renews
        it.
      - V(held) fails unless this run still holds the lock, and starts that process again when it is gone.
      - V(released) gives it back; a lock of another run is left alone.
    type: str
    choices: [acquired, held, released]
    default: acquired
  run_id:
    description:
      - What makes this run one with other processes that use the same value, as the slices of one workflow do.
      - The default follows from the C(ansible-playbook) process, so that every task of one run has the same value.
    type: str
  purpose:
    description: What the run does, for the one who finds the lock taken, for example V(reinstall).
    type: str
    default: ""
  timeout:
    description: How many seconds to wait for another run to let go.
    type: int
    default: 60
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - submariner.lifecycle._attributes
  - submariner.lifecycle._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written and nothing is waited for; a lock of another run is a warning.
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
- name: Keep other runs out
  submariner.lifecycle.run_lock:
    kubeconfig: ~/.kube/config
    context: east
    purpose: reinstall

- name: Go on only while this run holds the lock
  submariner.lifecycle.run_lock:
    kubeconfig: ~/.kube/config
    context: east
    state: held

- name: Let others in again
  submariner.lifecycle.run_lock:
    kubeconfig: ~/.kube/config
    context: east
    state: released
"""

RETURN = r"""
run_id:
  description: The ID of this run.
  returned: success
  type: str
  sample: controller-4711-93824
holder:
  description: Who holds the lock after this task, empty when nobody does.
  returned: success
  type: str
  sample: ops@controller, process 4711, reinstall, run controller-4711-93824
taken_from:
  description: The holder that was replaced because it was gone.
  returned: when one was replaced
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils import _keeper, _lock
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, auth_spec, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import (
    Process,
    controlling_ansible,
    look_up,
)

Result = dict[str, t.Any]


def argument_spec() -> dict[str, t.Any]:
    spec = auth_spec()
    spec.update(
        state={"type": "str", "choices": ["acquired", "held", "released"], "default": "acquired"},
        run_id={"type": "str"},
        purpose={"type": "str", "default": ""},
        timeout={"type": "int", "default": 60},
    )
    return spec


def master_process() -> Process:
    """The process whose end frees the lock."""
    found = controlling_ansible() or look_up(os.getppid())
    if found is None:
        raise ApiFailure("The process that runs the playbook cannot be found, so the lock could not follow its end.")
    return found


def ensure_kept(module: AnsibleModule, api: Api, claim: _lock.Claim, master: Process) -> bool:
    """Start the process that renews the Lease unless it runs; True when it was started."""
    parties = _lock.parties_of(_lock.read(api).body)
    if any(party.same_as(claim.party) and party.kept() for party in parties):
        return False
    _keeper.start(lambda: connect(module), claim, master)
    return True


def acquired(module: AnsibleModule, api: Api, claim: _lock.Claim, master: Process) -> Result:
    if module.check_mode:
        answer = _lock.read(api)
        state = _lock.judge(answer, claim, 0.0)
        if state == _lock.HELD:
            module.warn(
                f"Another run holds the lock of this fleet: {_lock.holder_of(answer.body)}, since"
                f" {_lock.since(answer.body)}. What this check sees may change under it."
            )
        return {"changed": state != _lock.OURS, "holder": claim.holder}
    got = _lock.acquire(api, claim, float(module.params["timeout"]))
    started = ensure_kept(module, api, claim, master)
    result: Result = {"changed": got.changed or started, "holder": claim.holder}
    if got.taken_from:
        module.warn(f"Took the lock of this fleet over from {got.taken_from}: {got.why}.")
        result["taken_from"] = got.taken_from
    return result


def held(module: AnsibleModule, api: Api, claim: _lock.Claim, master: Process) -> Result:
    answer = _lock.read(api)
    if _lock.judge(answer, claim, 0.0) != _lock.OURS:
        if module.check_mode:
            # In check mode nothing was acquired.
            return {"changed": False, "holder": _lock.holder_of(answer.body) if answer.present else ""}
        raise _lock.LockLost(_lock.lost_words(answer))
    restarted = False if module.check_mode else ensure_kept(module, api, claim, master)
    return {"changed": restarted, "holder": _lock.holder_of(answer.body)}


def released(module: AnsibleModule, api: Api, claim: _lock.Claim) -> Result:
    answer = _lock.read(api)
    if not answer.present:
        return {"changed": False, "holder": ""}
    if _lock.run_id_of(answer.body) != claim.run_id:
        return {"changed": False, "holder": _lock.holder_of(answer.body)}
    if not module.check_mode:
        for party in _lock.parties_of(answer.body):
            if party.same_as(claim.party):
                _keeper.stop(party)
        _lock.withdraw(api, claim)
    return {"changed": True, "holder": ""}


def run(module: AnsibleModule) -> Result:
    master = master_process()
    claim = _lock.claim_of(master, module.params["purpose"], module.params["run_id"] or "")
    api = connect(module)
    state = module.params["state"]
    if state == "acquired":
        result = acquired(module, api, claim, master)
    elif state == "held":
        result = held(module, api, claim, master)
    else:
        result = released(module, api, claim)
    return {**result, "run_id": claim.run_id}


def main() -> None:
    module = Module(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except (ApiFailure, _lock.LockHeld, _lock.LockLost) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
