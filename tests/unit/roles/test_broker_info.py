# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker info as a playbook gives it, asks for it, and makes its PSK anew."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, decode, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import from_secret
from tests.unit.fake_api import FakeApi
from tests.unit.roles.test_upgrade import HEAD, Stage

Json = dict[str, t.Any]
LIFECYCLE = "submariner.lifecycle."
INFO = encode(BrokerInfo(url="https://192.0.2.1:6443", psk=b"psk-of-the-file"))


def include(role: str, tasks: str) -> Json:
    return {"ansible.builtin.include_role": {"name": LIFECYCLE + role, "tasks_from": tasks}}


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def test_a_lost_file_is_written_anew(stage: Stage) -> None:
    play = {**HEAD, "hosts": "submariner_broker", "tasks": [include("broker", "recover.yml")]}
    path = stage.folder / "lost.subm"
    done = stage.play(play, "0.19.0", submariner_broker_info_dest=str(path))
    assert done.returncode == 0, done.stdout
    assert decode(path.read_text()).psk == b"psk"
    assert path.read_text() not in done.stdout


@pytest.mark.parametrize("as_file", [True, False])
def test_a_given_broker_info_is_where_the_psk_comes_from(stage: Stage, as_file: bool) -> None:
    for api in stage.apis.values():
        stage.without_submariner(api)
        api.cluster.delete(("", "secrets"), "submariner-operator", "submariner-ipsec-psk")
    (stage.folder / "given.subm").write_text(INFO + "\n")
    given = {"submariner_broker_info_file": "given.subm"} if as_file else {"submariner_broker_info": INFO}
    done = stage.play({**HEAD, "tasks": [include("run", "begin.yml")]}, "0.19.0", "-vvv", **given)
    assert done.returncode == 0, done.stdout
    secret = stage.fleet.east.cluster.get(("", "secrets"), "submariner-lifecycle", "submariner-lifecycle-run")
    assert from_secret(secret).psk == b"psk-of-the-file"
    assert done.stdout.count(INFO) == 0


def test_a_new_psk_leaves_nobody_out(stage: Stage) -> None:
    play = {**HEAD, "tasks": [include("run", "begin.yml")]}
    done = stage.play(play, "0.19.0", "--limit", "west", submariner_psk_rotate=True)
    assert done.returncode == 2
    assert "submariner_psk_rotate gives all members a new PSK" in done.stdout
    assert stage.writes == []
