# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_check as an action: it takes what the hosts registered, and judges as the module does."""

from __future__ import annotations

import typing as t
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.submariner.lifecycle.plugins.action.fleet_check import ActionModule
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.fake_api import recording


class HostVars:
    """As much of Ansible's hostvars as is asked for."""

    def __init__(self, state: str, **more: t.Any) -> None:
        self.hosts: Json = {
            c: {"info": {"digest": digest(snapshot_of(recording(state, c)), c), **more}} for c in ("east", "west")
        }

    def raw_get(self, host: str) -> Json:
        found: Json = self.hosts.get(host, {})
        return found


def act(hostvars: HostVars, play_hosts: t.Sequence[str] = ("east", "west"), **args: t.Any) -> Json:
    task = mock.Mock(args={"broker": "east", **args}, async_val=0, check_mode=False, diff=False, delegate_to=None)
    action = ActionModule(task, mock.Mock(), mock.Mock(check_mode=False), mock.Mock(), mock.Mock(), mock.Mock())
    result: Json = action.run(task_vars={"hostvars": hostvars, "ansible_play_hosts": list(play_hosts)})
    return result


def test_what_the_hosts_of_the_play_registered_is_judged() -> None:
    result = act(HostVars("healthy-two-nodes"), registered="info")
    assert (result["verdict"], result["changed"], result.get("failed")) == ("pass", False, None)


def test_a_fault_fails_the_task_unless_it_is_to_report_only() -> None:
    found = HostVars("joined-as-second-id")
    result = act(found, registered="info")
    assert result["failed"]
    assert "cluster.two-ids" in result["msg"]
    assert not act(found, registered="info", report_only=True).get("failed")


def test_rights_come_with_it() -> None:
    result = act(HostVars("healthy-two-nodes", denied=["delete namespaces"]), registered="info")
    assert {f["subject"] for f in result["findings"] if f["id"] == "rights.missing"} == {"east", "west"}


def test_a_host_that_registered_nothing_is_unknown() -> None:
    result = act(HostVars("healthy-two-nodes"), ("east", "west", "north"), registered="info")
    assert result["verdict"] == "unknown"
    assert act(HostVars("healthy-two-nodes"), registered="inof")["verdict"] == "unknown"


def test_hosts_can_be_named() -> None:
    result = act(HostVars("healthy-two-nodes"), registered="info", hosts=["east"])
    assert {f["id"] for f in result["findings"]} >= {"broker.unmanaged"}


def test_something_to_judge_is_needed() -> None:
    with pytest.raises(AnsibleActionFail, match="registered, digests") as refusal:
        act(HostVars("healthy-two-nodes"))
    assert refusal.value.result["verdict"] == "unknown"


def test_digests_can_be_given() -> None:
    digests = {h: v["info"]["digest"] for h, v in HostVars("healthy-two-nodes").hosts.items()}
    assert act(HostVars("installed"), digests=digests)["verdict"] == "pass"
