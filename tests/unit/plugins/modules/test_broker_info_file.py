# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module broker_info_file: a lost broker-info.subm is written anew, and what it holds is shown nowhere else."""

from __future__ import annotations

import base64
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import BrokerInfo, decode, encode
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from ansible_collections.submariner.lifecycle.plugins.modules import broker_info_file
from tests.simulator.subctl import brokerinfo as of_subctl
from tests.unit.fake_api import FakeApi, recording
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
BROKER = "submariner-k8s-broker"
URL = "https://192.0.2.1:6443"


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def with_psk(cluster: str, psk: bytes) -> list[Json]:
    """A recorded cluster with the secrets that were blanked."""
    items = recording("installed", cluster)
    for item in items:
        if item["kind"] == "Submariner":
            item["spec"]["ceIPSecPSK"] = b64(psk)
        if item["metadata"]["name"].startswith("submariner-k8s-broker-admin-token"):
            item["data"] = {"token": b64(b"admin-token"), "ca.crt": b64(b"ca"), "namespace": b64(BROKER.encode())}
    return items


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_info_file, "choose_url", lambda _module, _api, given: (given or URL, "cluster"))


def run(api: FakeApi, folder: pathlib.Path, *others: FakeApi, check: bool = False, **more: t.Any) -> Outcome:
    sources = [
        {"cluster_id": f"m{n}", "auth": {"kubeconfig": o.kubeconfig(folder, f"m{n}")}} for n, o in enumerate(others)
    ]
    arguments = {"kubeconfig": api.kubeconfig(folder), "path": str(folder / "info.subm"), "sources": sources, **more}
    return run_module(broker_info_file.main, arguments, check=check)


def test_written_as_subctl_reads_it_and_only_for_its_owner(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_psk("east", b"the-psk"))
    assert run(api, tmp_path, check=True).changed
    path = tmp_path / "info.subm"
    assert not path.exists()
    outcome = run(api, tmp_path)
    assert not outcome.failed, outcome.msg
    assert (outcome.changed, outcome["broker_url"]) == (True, URL)
    read = of_subctl.read(str(path))
    assert (read.url, read.psk, read.token_part("token")) == (URL, b"the-psk", b"admin-token")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() not in str(outcome.result)
    assert "the-psk" not in str(outcome.result)
    assert not run(api, tmp_path).changed
    assert list(tmp_path.glob("info.subm.*")) == []
    assert api.writes == []


def test_a_file_of_before_is_replaced_and_closed_to_others(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_psk("east", b"the-psk"))
    path = tmp_path / "info.subm"
    path.write_text(encode(BrokerInfo(url=URL, token=b"old", psk=b"the-psk")))
    path.chmod(0o644)
    assert run(api, tmp_path).changed
    assert decode(path.read_text()).token == b"admin-token"
    assert path.stat().st_mode & 0o777 == 0o600


def test_closing_a_file_to_others_is_a_change(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_psk("east", b"the-psk"))
    run(api, tmp_path)
    path = tmp_path / "info.subm"
    path.chmod(0o644)
    assert run(api, tmp_path, check=True).changed
    assert path.stat().st_mode & 0o777 == 0o644
    assert run(api, tmp_path).changed
    assert path.stat().st_mode & 0o777 == 0o600
    assert not run(api, tmp_path).changed


def test_a_broker_info_in_the_record_that_is_none_is_said(api: FakeApi, tmp_path: pathlib.Path) -> None:
    record = Record("one", "2026-11-23T15:00:00Z", psk=b"of-the-record", broker_info="torn")
    api.cluster.load([*with_psk("east", b"the-psk"), to_secret(record)])
    outcome = run(api, tmp_path)
    assert outcome.failed
    assert "The broker info in the record of the run cannot be used" in outcome.msg


def test_the_psk_of_the_record_then_of_the_members(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([o for o in with_psk("east", b"") if o["kind"] != "Submariner"])
    other_api.cluster.load(with_psk("west", b"of-the-member"))
    outcome = run(api, tmp_path)
    assert "not to be found" in outcome.msg
    assert run(api, tmp_path, other_api)["psk_source"] == "m0"
    api.cluster.load([to_secret(Record("one", "2026-11-23T15:00:00Z", psk=b"of-the-record"))])
    assert run(api, tmp_path, other_api)["psk_source"] == "record"
    assert decode((tmp_path / "info.subm").read_text()).psk == b"of-the-record"


def test_members_that_disagree_have_no_psk(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_psk("east", b"one"))
    other_api.cluster.load(with_psk("west", b"two"))
    assert "do not use one PSK" in run(api, tmp_path, api, other_api).msg


def test_without_a_broker_there_is_no_file(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([o for o in with_psk("east", b"the-psk") if o["kind"] != "Broker"])
    assert run(api, tmp_path).failed
    assert not (tmp_path / "info.subm").exists()


def test_a_place_that_is_none(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(with_psk("east", b"the-psk"))
    outcome = run(api, tmp_path, path=str(tmp_path / "none" / "info.subm"))
    assert "cannot be written" in outcome.msg
