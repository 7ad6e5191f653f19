# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a member would trust the broker's API server: real handshakes."""

from __future__ import annotations

import base64
import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_authority import BrokerAuthority
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi

SECRET = "submariner-broker-secret"  # noqa: S105  a name


def encoded(path: str) -> str:
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def member(server: str, authority: str, **spec: t.Any) -> Snapshot:
    whole = {"brokerK8sApiServer": server, "brokerK8sCA": authority, "brokerK8sSecret": SECRET, **spec}
    metadata = {"name": "submariner", "namespace": "submariner-operator"}
    return snapshot_of([{"kind": "Submariner", "metadata": metadata, "spec": whole}])


@pytest.fixture
def right(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path, "right")


@pytest.fixture
def wrong(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path, "wrong")


@pytest.fixture
def broker(right: Authority) -> Iterator[FakeApi]:
    with FakeApi(tls=right.server()) as fake:
        yield fake


@pytest.fixture
def own() -> Iterator[FakeApi]:
    with FakeApi() as fake:
        yield fake


def to(fake: FakeApi) -> Api:
    return connect(None, {"host": fake.url, "api_key": "x", "validate_certs": False})


def secret(authority: str) -> Json:
    metadata = {"name": SECRET, "namespace": "submariner-operator"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"ca.crt": authority}}


def test_the_right_authority_is_trusted(broker: FakeApi, own: FakeApi, right: Authority) -> None:
    check = BrokerAuthority(to(own), to(broker))
    assert check.check(member(broker.url, encoded(right.ca)), "west") == []


def test_another_authority_is_named(broker: FakeApi, own: FakeApi, wrong: Authority) -> None:
    server = broker.url.partition("://")[2]
    (found,) = BrokerAuthority(to(own), to(broker)).check(member(server, encoded(wrong.ca)), "west")
    assert (found.id, found.severity) == ("broker.ca-refused", "error")
    (elsewhere,) = BrokerAuthority(to(own), to(broker)).check(member("broker.example:6443", encoded(wrong.ca)), "west")
    assert elsewhere.severity == "warning", "it was asked by another way"


def test_the_secrets_authority_outranks_the_resources(
    broker: FakeApi, own: FakeApi, right: Authority, wrong: Authority
) -> None:
    own.cluster.load([secret(encoded(right.ca))])
    assert BrokerAuthority(to(own), to(broker)).check(member(broker.url, encoded(wrong.ca)), "west") == []


@pytest.mark.parametrize("case", ["insecure", "plain", "away", "no certificate", "not installed"])
def test_what_cannot_be_judged_is_not(
    case: str, broker: FakeApi, own: FakeApi, wrong: Authority, tmp_path: pathlib.Path
) -> None:
    authority = encoded(wrong.ca) if case != "no certificate" else base64.b64encode(b"none").decode()
    api = to(own if case == "plain" else broker)
    if case == "away":
        api = connect(None, {"host": "https://127.0.0.1:1", "api_key": "x", "validate_certs": False})
    snapshot = member(api.server, authority, brokerK8sInsecure=case == "insecure")
    if case == "not installed":
        snapshot = Snapshot()
    assert BrokerAuthority(to(own), api).check(snapshot, "west") == []
