# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks on clusters that are reached in other ways than by a kubeconfig file, from the inventory to the request."""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

import pytest

from tests.packaging.test_oldest_core import Fleet
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi
from tests.unit.fake_openshift import FakeOpenShift
from tests.unit.fake_proxy import FakeProxy

Json = dict[str, t.Any]
EAST_TOKEN, WEST_TOKEN = "token-of-the-east", "token-of-the-west"


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def east(authority: Authority) -> t.Iterator[FakeApi]:
    with FakeApi(tls=authority.server()) as server:
        yield server


@pytest.fixture
def west(authority: Authority) -> t.Iterator[FakeApi]:
    with FakeApi(tls=authority.server()) as server:
        yield server


def passes(fleet: Fleet, playbooks: tuple[str, ...], secrets: tuple[str, ...]) -> None:
    for playbook in playbooks:
        done = fleet.run(pathlib.Path("ansible-playbook"), playbook, "-vvv")
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr
        shown = [secret for secret in secrets if secret in done.stdout + done.stderr]
        assert shown == [], f"{playbook} shows secrets"
    assert fleet.verdict()["verdict"] == "pass"
    for api in fleet.apis:
        assert api.requests
        assert [request.path for request in api.requests if request.status == 401] == []


def test_openshift_login_and_client_certificate(
    tmp_path: pathlib.Path, authority: Authority, east: FakeApi, west: FakeApi
) -> None:
    with FakeOpenShift(east, authority.server(), ("developer", "word:of-the-developer")) as openshift:
        openshift.tokens.append(EAST_TOKEN)
        west.admits = lambda request: request.client == "operator"
        certificate, key = authority.issue("operator")
        ways = {
            "east": {
                "submariner_host": east.url,
                "submariner_username": openshift.login[0],
                "submariner_password": openshift.login[1],
                "submariner_ca_cert": authority.ca,
            },
            "west": {
                "submariner_host": west.url,
                "submariner_client_cert": certificate,
                "submariner_client_key": key,
                "submariner_ca_cert": authority.ca,
                # Its own way to the broker's cluster: a token, no login.
                "submariner_broker_host": east.url,
                "submariner_broker_api_key": EAST_TOKEN,
                "submariner_broker_ca_cert": authority.ca,
            },
        }
        passes(Fleet(tmp_path, "healthy-two-nodes", east, west, ways), ("verify",), (openshift.login[1], EAST_TOKEN))
        assert openshift.given
        assert openshift.tokens == [EAST_TOKEN], "every module deletes the token that it got"


def test_kubeconfig_content_impersonation_and_proxy(
    tmp_path: pathlib.Path, authority: Authority, east: FakeApi, west: FakeApi
) -> None:
    def content(api: FakeApi, name: str, token: str) -> Json:
        ca = base64.b64encode(pathlib.Path(authority.ca).read_bytes()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": api.url, "certificate-authority-data": ca}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }

    def admit(api: FakeApi, token: str, *acting_as: str) -> None:
        api.admits = lambda r: r.authorization == f"Bearer {token}" and r.acting_as == [*acting_as]

    admit(east, EAST_TOKEN)
    admit(west, WEST_TOKEN, "reader", "auditors", "readers")
    with FakeProxy("me:word-of-the-proxy") as proxy:
        ways: dict[str, Json] = {
            "east": {"submariner_kubeconfig": content(east, "east", EAST_TOKEN)},
            "west": {
                "submariner_kubeconfig": json.dumps(content(west, "west", WEST_TOKEN)),
                "submariner_impersonate_user": "reader",
                "submariner_impersonate_groups": ["auditors", "readers"],
                "submariner_proxy": proxy.url,
                "submariner_proxy_headers": {"proxy_basic_auth": "me:word-of-the-proxy"},
            },
        }
        fleet = Fleet(tmp_path, "healthy-two-nodes", east, west, ways)
        passes(fleet, ("preflight", "verify"), (EAST_TOKEN, WEST_TOKEN, "word-of-the-proxy"))
        assert set(proxy.passed) == {west.url.partition("://")[2]}, "the broker is asked without the member's proxy"
