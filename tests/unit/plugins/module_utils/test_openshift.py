# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User and password against a made-up OpenShift: a token for the time of a process, and one line when there is none."""

from __future__ import annotations

import builtins
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _openshift
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import secrets_of, single_context
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi
from tests.unit.fake_openshift import FakeOpenShift, object_name
from tests.unit.fake_proxy import FakeProxy

Json = dict[str, t.Any]
ROOT = pathlib.Path(__file__).parents[4]
VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def sessions(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield
    _openshift.end_sessions()


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def cluster(authority: Authority) -> t.Iterator[FakeApi]:
    with FakeApi(tls=authority.server()) as server:
        yield server


@pytest.fixture
def openshift(cluster: FakeApi, authority: Authority) -> t.Iterator[FakeOpenShift]:
    with FakeOpenShift(cluster, authority.server()) as server:
        yield server


@pytest.fixture
def options(cluster: FakeApi, openshift: FakeOpenShift, authority: Authority) -> Json:
    username, password = openshift.login
    return {"host": cluster.url, "username": username, "password": password, "ca_cert": authority.ca}


def log_in(options: Json) -> Api:
    return connect(t.cast("t.Any", None), options)


def refusal(options: Json) -> str:
    with pytest.raises(ApiFailure) as caught:
        log_in(options)
    words = str(caught.value)
    assert "\n" not in words
    assert options["password"] not in words
    return words


def test_a_token_that_serves_and_is_deleted_at_the_end(
    cluster: FakeApi, openshift: FakeOpenShift, options: Json
) -> None:
    client = log_in(options)
    assert client.get("/version").present
    assert openshift.asked == ["/oauth/authorize", "/oauth/token"]
    token = openshift.tokens[0]
    assert cluster.requests[-1].authorization == f"Bearer {token}"
    assert [r.authorization for r in cluster.asked(path="well-known")] == [""]
    _openshift.end_sessions()
    assert openshift.tokens == []
    assert cluster.requests[-1].path.endswith(object_name(token))
    assert not any(token in r.path for r in cluster.requests), "the token itself stands in no address"
    _openshift.end_sessions()
    assert len(cluster.asked("delete")) == 1


def test_subctl_gets_the_token_and_not_the_password(openshift: FakeOpenShift, options: Json) -> None:
    document = single_context(log_in(options))
    assert document["users"][0]["user"] == {"token": openshift.tokens[0]}
    assert secrets_of(document) == [openshift.tokens[0]]


def test_a_token_that_is_given_needs_no_login(openshift: FakeOpenShift, options: Json) -> None:
    log_in({**options, "api_key": "sha256~mine"})
    assert openshift.asked == []


def test_impersonation_is_not_for_the_login(cluster: FakeApi, openshift: FakeOpenShift, options: Json) -> None:
    client = log_in({**options, "impersonate_user": "reader"})
    assert client.get("/version").present
    assert cluster.requests[-1].acting_as == ["reader"]
    _openshift.end_sessions()
    assert openshift.tokens == []


def test_a_wrong_password(openshift: FakeOpenShift, options: Json) -> None:
    words = refusal({**options, "password": "wrong-word"})
    assert words.startswith(f"The login server {openshift.address} refuses user developer with this password.")
    assert "submariner_password" in words


@pytest.mark.parametrize(("status", "words"), [(500, "it answered HTTP 500"), (403, "it answered HTTP 403")])
def test_a_login_server_that_gives_no_code(openshift: FakeOpenShift, options: Json, status: int, words: str) -> None:
    openshift.status = status
    assert words in refusal(options)


def test_a_login_server_that_cannot_be_reached(cluster: FakeApi, openshift: FakeOpenShift, options: Json) -> None:
    nowhere = dict.fromkeys(("authorization_endpoint", "token_endpoint"), "https://127.0.0.1:1/oauth")
    cluster.answers[r"^/\.well-known/oauth-authorization-server$"] = lambda _request: nowhere
    words = refusal(options)
    assert words.startswith("The login server 127.0.0.1:1 cannot be asked: connection refused.")


def test_a_login_server_that_is_silent(
    openshift: FakeOpenShift, options: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_openshift, "PATIENCE", 1.0)
    openshift.silent = 3.0
    begin = time.monotonic()
    assert f"The login server {openshift.address} does not answer within 1 s." in refusal(options)
    assert time.monotonic() - begin < 2.5


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://127.0.0.1:1/oauth", "127.0.0.1:1 cannot be asked: (insecure_transport)"),
        ("nonsense", "nonsense cannot be asked: (insecure_transport)"),
    ],
)
def test_endpoints_that_are_not_for_https_get_no_password(
    cluster: FakeApi, options: Json, endpoint: str, words: str
) -> None:
    found = dict.fromkeys(("authorization_endpoint", "token_endpoint"), endpoint)
    cluster.answers[r"^/\.well-known/oauth-authorization-server$"] = lambda _request: found
    assert f"The login server {words}" in refusal(options)


def test_a_login_server_of_another_authority(cluster: FakeApi, options: Json, tmp_path: pathlib.Path) -> None:
    (tmp_path / "other").mkdir()
    with FakeOpenShift(cluster, Authority(tmp_path / "other").server()) as other:
        words = refusal(options)
        assert words.startswith(f"The login server {other.address} cannot be asked: the server's certificate is not")
        assert "submariner_ca_cert must hold the authorities of both" in words
        assert other.asked == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_certificates_are_not_verified_when_that_was_asked_for(options: Json, openshift: FakeOpenShift) -> None:
    del options["ca_cert"]
    log_in({**options, "validate_certs": False})
    assert len(openshift.tokens) == 1


def test_an_api_server_that_does_not_say_whether_it_is_openshift(cluster: FakeApi, options: Json) -> None:
    cluster.fault(503, path="/.well-known/")
    assert refusal(options).startswith(f"{cluster.url} does not answer: fault asked for by the test.")
    assert "127.0.0.1:1 does not answer: connection refused" in refusal({**options, "host": "https://127.0.0.1:1"})


@pytest.mark.parametrize("status", [401, 403, 404])
def test_another_kubernetes_gets_user_and_password(
    cluster: FakeApi, openshift: FakeOpenShift, options: Json, status: int
) -> None:
    cluster.admits = lambda _request: True
    cluster.fault(status, path="/.well-known/")
    log_in(options).get("/version")
    assert cluster.requests[-1].authorization.startswith("Basic ")
    assert openshift.asked == []


def test_the_login_takes_the_proxy_too(cluster: FakeApi, openshift: FakeOpenShift, options: Json) -> None:
    with FakeProxy("me:pass:word") as proxy:
        log_in({**options, "proxy": proxy.url, "proxy_headers": {"proxy_basic_auth": "me:pass:word"}})
        assert openshift.address in proxy.passed
        assert {name: os.environ.get(name) for name in VARIABLES} == dict.fromkeys(VARIABLES)
        before = len(proxy.passed)
        log_in({**options, "proxy": proxy.url, "no_proxy": "127.0.0.1"})
        assert len(proxy.passed) == before


@pytest.mark.parametrize(
    ("missing", "package"),
    [
        ("openshift", "openshift"),
        ("openshift.helper.userpassauth", "openshift"),
        ("requests_oauthlib", "requests-oauthlib"),
        ("requests", "requests"),
    ],
)
def test_a_missing_package_is_named(options: Json, monkeypatch: pytest.MonkeyPatch, missing: str, package: str) -> None:
    for name in [n for n in sys.modules if n == missing or n.startswith(("openshift", f"{missing}."))]:
        monkeypatch.delitem(sys.modules, name)
    whole = builtins.__import__

    def without(name: str, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if name == missing or name.startswith(f"{missing}."):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return whole(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert f"needs the Python package {package} beside ansible-playbook" in refusal(options)


MODULE = """
import json, sys
sys.path[:0] = [{root!r}, {collections!r}]
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info
from tests.unit.run_module import run_module
print(json.dumps(run_module(cluster_info.main, json.loads(sys.argv[1])).result))
"""


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_the_process_of_a_module_logs_out(cluster: FakeApi, openshift: FakeOpenShift, options: Json, ends: str) -> None:
    if ends == "badly":
        cluster.fault(403, path=r"^/(version|api/|apis/(?!oauth))")
    code = MODULE.format(root=str(ROOT), collections=str(ROOT / "playbooks" / "collections"))
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(options)], capture_output=True, text=True, check=False
    )
    result = json.loads(done.stdout)
    assert bool(result.get("failed")) == (ends == "badly"), result
    assert done.stderr == ""
    assert len(openshift.given) == 1
    assert openshift.tokens == []
    for word in (openshift.given[0], options["password"]):
        assert word not in done.stdout


def test_a_fork_does_not_log_out_for_its_parent(openshift: FakeOpenShift, options: Json) -> None:
    log_in(options)
    child = os.fork()
    if child == 0:
        _openshift.end_sessions()
        os._exit(0)
    os.waitpid(child, 0)
    assert len(openshift.tokens) == 1
