# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker info, as subctl writes it and as it is put together from a running broker."""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import (
    BrokerInfo,
    BrokerInfoError,
    admin_token,
    compose,
    decode,
    encode,
    in_cluster_url,
    is_loopback,
)
from tests.unit.fake_api import FakeApi, recording

FULL = BrokerInfo(
    url="https://172.18.0.3:6443",
    token=b"token-of-the-admin",
    ca=b"-----BEGIN CERTIFICATE-----",
    namespace="submariner-k8s-broker",
    psk=bytes(range(48)),
    components=("connectivity", "service-discovery"),
    custom_domains=("a.example",),
)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def client(api: FakeApi, folder: pathlib.Path) -> Api:
    return connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(folder)})


def test_what_is_written_is_read_again() -> None:
    assert decode(encode(FULL)) == FULL


def test_the_file_is_url_safe_base64_with_subctls_key_names() -> None:
    document = json.loads(base64.urlsafe_b64decode(encode(FULL)))
    assert set(document) == {
        "brokerURL",
        "ClientToken",
        "IPSecPSK",
        "ServiceDiscovery",
        "Components",
        "CustomDomains",
    }
    assert document["ClientToken"]["data"]["token"] == b64(FULL.token)
    assert document["IPSecPSK"]["data"]["psk"] == b64(FULL.psk)


def test_key_names_count_without_their_case() -> None:
    document = {
        "BROKERurl": "https://a:6443",
        "clientToken": {"data": {"token": b64(b"t"), "ca.crt": b64(b"c"), "namespace": b64(b"n")}},
        "ipsecPSK": {"data": {"psk": b64(b"p")}},
        "servicediscovery": True,
    }
    info = decode(base64.urlsafe_b64encode(json.dumps(document).encode()) + b"\n")
    assert (info.url, info.token, info.namespace, info.psk) == ("https://a:6443", b"t", "n", b"p")
    assert info.components == ("service-discovery",)


def test_a_carrier_of_the_psk_alone() -> None:
    info = decode(encode(BrokerInfo(url="", psk=b"secret")))
    assert (info.psk, info.token) == (b"secret", b"")


@pytest.mark.parametrize(
    "content",
    ["", "%%%", "bm90IGpzb24=", base64.b64encode(b"[1]").decode(), "\u2713", b64(b'{"IPSecPSK":{"data":{"psk":"%"}}}')],
)
def test_a_file_that_is_none_is_an_error_in_words(content: str) -> None:
    with pytest.raises(BrokerInfoError):
        decode(content)


def test_secrets_are_neither_shown_nor_forgotten() -> None:
    assert "token-of-the-admin" not in repr(FULL)
    assert b64(FULL.psk) in FULL.secrets()
    assert "token-of-the-admin" in FULL.secrets()


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://127.0.0.1:43881", True),
        ("https://localhost:6443", True),
        ("https://[::1]:6443", True),
        ("https://0.0.0.0:6443", True),
        ("127.0.0.53:6443", True),
        ("https://172.18.0.3:6443", False),
        ("https://api.east.example.com:6443", False),
        ("https://localhost.example.com", False),
    ],
)
def test_addresses_that_mean_the_machine_itself(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def endpointslice(address: str) -> dict[str, t.Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "ports": [{"name": "https", "port": 6443}],
        "endpoints": [{"addresses": [address]}],
    }


@pytest.mark.parametrize(
    ("address", "url"), [("172.18.0.3", "https://172.18.0.3:6443"), ("fd00::3", "https://[fd00::3]:6443")]
)
def test_the_api_servers_own_address(api: FakeApi, tmp_path: pathlib.Path, address: str, url: str) -> None:
    api.cluster.load([endpointslice(address)])
    assert in_cluster_url(client(api, tmp_path)) == url


def test_no_address_names_the_option(api: FakeApi, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ApiFailure, match="submariner_broker_url"):
        in_cluster_url(client(api, tmp_path))


def broker_with_tokens() -> list[dict[str, t.Any]]:
    items = recording("installed", "east")
    for item in items:
        if item["kind"] == "Secret" and "token" in item.get("data", {}):
            name = item["metadata"]["name"]
            item["data"] = {
                "token": b64(name.encode()),
                "ca.crt": b64(b"ca"),
                "namespace": b64(b"submariner-k8s-broker"),
            }
    return items


def test_composed_from_a_running_broker(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(broker_with_tokens())
    info = compose(client(api, tmp_path), "https://172.18.0.3:6443", b"psk")
    assert info.token == b"submariner-k8s-broker-admin-token-9vrtp"
    assert info.components == ("connectivity", "service-discovery")
    assert info.psk == b"psk"


def test_a_token_without_content_yet_is_none(api: FakeApi, tmp_path: pathlib.Path) -> None:
    items = broker_with_tokens()
    for item in items:
        if item["metadata"]["name"].startswith("submariner-k8s-broker-admin-token"):
            item["data"] = {}
    api.cluster.load(items)
    assert admin_token(client(api, tmp_path), "submariner-k8s-broker") is None
    with pytest.raises(ApiFailure, match="Deploy the broker first"):
        compose(client(api, tmp_path), "https://172.18.0.3:6443", b"psk")


def test_a_broker_that_cannot_be_read_is_not_an_absent_one(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.fault(403, path="/secrets$")
    with pytest.raises(ApiFailure, match="cannot be read"):
        compose(client(api, tmp_path), "https://172.18.0.3:6443", b"psk")
