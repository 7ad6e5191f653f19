# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job that has a credential of each type of the role: the roles get what is in them, and nobody else does."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import from_secret
from tests.awx.fleets import SPECS, Json, inventory, one_kubeconfig
from tests.awx.mirror import Mirror
from tests.awx.runner import Controller
from tests.unit.fake_api import FakeApi

SECRETS = ("", "secrets")

URL = "https://192.0.2.1:6443"
VERSION = "0.19.7"
"""Of no subctl that this machine may have."""
LOGIN = "reader:w0rd-of-the-mirror"
BEGIN: Json = {
    "submariner_confirm": "reinstall",
    "submariner_broker_url": URL,
    "submariner_cleanup_nodes": False,
    "submariner_preflight_reach": False,
    "submariner_version": VERSION,
}


def test_each_credential_reaches_its_role(pair: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path) -> None:
    info = encode(BrokerInfo(url=URL, psk=b"psk-of-the-credential"))
    with Mirror(VERSION, LOGIN) as mirror:
        awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(pair))
        awx.credentials |= {"broker info": {"broker_info": info}, "subctl mirror": mirror.inputs}
        assert len(awx.credentials) == len(rows["credential_types"])
        done = awx.launch("reinstall, part 1: begin", inventory("east", "east", "west").slice(), **BEGIN).end()
    assert done.code == 0, done.output
    assert mirror.asked
    record = from_secret(pair["east"].cluster.objects(SECRETS, NAMESPACE)[0])
    assert (record.run_id, record.psk) == (done.artifacts["submariner_run_id"], b"psk-of-the-credential")
    said = json.dumps(done.events) + done.output
    assert [secret for secret in (info, LOGIN.partition(":")[2], "s3cr3t-token") if secret in said] == []
