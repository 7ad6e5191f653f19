# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way of kubernetes.core to reach a cluster and to say who one is, against a server that checks it."""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_MAP, AUTH_ARG_SPEC
from cryptography.hazmat.primitives import serialization

from ansible_collections.submariner.lifecycle.plugins.module_utils import _auth
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.modules import cluster_info
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_proxy import FakeProxy
from tests.unit.run_module import run_module

Json = dict[str, t.Any]
TOKEN = "token-of-east"  # noqa: S105  of a server that lives as long as a test


class NoModule:
    """What connect needs of an AnsibleModule."""

    def __init__(self, **params: t.Any) -> None:
        self.params = params
        self.no_log_values: set[str] = set()


def own(**params: t.Any) -> Api:
    """The module's own cluster."""
    return connect(t.cast("t.Any", NoModule(**params)))


def another(**params: t.Any) -> Api:
    """Another cluster that the module needs, as the broker's."""
    return connect(t.cast("t.Any", NoModule()), params)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in ("KUBECONFIG", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def east(authority: Authority) -> t.Iterator[FakeApi]:
    """Over TLS; admits a token, or a client certificate."""
    with FakeApi(tls=authority.server()) as server:
        server.admits = lambda request: request.authorization == f"Bearer {TOKEN}" or bool(request.client)
        yield server


def b64(path: str) -> str:
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def kubeconfig(api: FakeApi, authority: Authority, user: Json, name: str = "east") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": api.url, "certificate-authority-data": b64(authority.ca)}},
        ],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def greeted(client: Api) -> None:
    answer = client.get("/version")
    assert answer.present, answer.reason


# -- kubeconfig, token, certificates -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["path", "dictionary", "json", "yaml"])
def test_a_kubeconfig_as_a_file_and_as_content(
    east: FakeApi, authority: Authority, tmp_path: pathlib.Path, form: str
) -> None:
    content = kubeconfig(east, authority, {"token": TOKEN})
    path = tmp_path / "config"
    path.write_text(json.dumps(content))
    forms = {"path": str(path), "dictionary": content, "json": json.dumps(content), "yaml": yaml.safe_dump(content)}
    greeted(own(kubeconfig=forms[form]))
    greeted(another(kubeconfig=forms[form], context="east"))


def test_a_kubeconfig_whose_files_lie_beside_it(east: FakeApi, authority: Authority, tmp_path: pathlib.Path) -> None:
    certificate, key = authority.issue("operator")
    content = kubeconfig(east, authority, {"client-certificate": pathlib.Path(certificate).name, "client-key": key})
    content["clusters"][0]["cluster"] = {"server": east.url, "certificate-authority": "authority.crt"}
    path = tmp_path / "config"
    path.write_text(json.dumps(content))
    greeted(own(kubeconfig=str(path)))


def test_a_kubeconfig_with_a_plugin_that_gives_the_token(
    east: FakeApi, authority: Authority, tmp_path: pathlib.Path
) -> None:
    plugin = tmp_path / "plugin"
    api_version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": api_version, "kind": "ExecCredential", "status": {"token": TOKEN}}
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o755)
    path = tmp_path / "config"
    path.write_text(
        json.dumps(kubeconfig(east, authority, {"exec": {"apiVersion": api_version, "command": "./plugin"}}))
    )
    greeted(own(kubeconfig=str(path)))


def test_several_kubeconfig_files(east: FakeApi, api: FakeApi, authority: Authority, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config"
    path.write_text(json.dumps(kubeconfig(east, authority, {"token": TOKEN})))
    both = f"{path}:{api.kubeconfig(tmp_path, 'west')}"
    assert own(kubeconfig=both, context="west").server == api.url
    greeted(own(kubeconfig=both, context="east"))


def test_what_a_kubeconfig_lacks_is_named_with_its_path(east: FakeApi, tmp_path: pathlib.Path) -> None:
    path = east.kubeconfig(tmp_path)
    with pytest.raises(ApiFailure, match=f"The context 'north' is not in kubeconfig {path}"):
        own(kubeconfig=path, context="north")
    with pytest.raises(ApiFailure, match="Kubeconfig /none cannot be used"):
        own(kubeconfig="/none")
    with pytest.raises(ApiFailure, match="The kubeconfig cannot be used") as caught:
        own(kubeconfig='{"users": [{"name": "east", "user": {"token": "very-secret"}}]}')
    assert "very-secret" not in str(caught.value)


def test_text_that_is_no_kubeconfig_is_refused_without_showing_it() -> None:
    with pytest.raises(ApiFailure, match="not a kubeconfig in YAML or JSON") as caught:
        own(kubeconfig="{token: very-secret")
    assert "very-secret" not in str(caught.value)


def test_host_and_token(east: FakeApi, authority: Authority) -> None:
    greeted(own(host=east.url, api_key=TOKEN, ca_cert=authority.ca))
    refused = own(host=east.url, api_key="another", ca_cert=authority.ca).get("/version")
    assert (refused.state, refused.status) == ("unknown", 401)


def test_a_token_option_outranks_that_of_the_kubeconfig(east: FakeApi, authority: Authority) -> None:
    client = own(kubeconfig=kubeconfig(east, authority, {"token": "old"}), api_key=TOKEN)
    greeted(client)
    greeted(client)


def test_options_outrank_the_kubeconfig_also_after_its_token_was_looked_at_again(
    east: FakeApi, authority: Authority
) -> None:
    content = kubeconfig(east, authority, {"token": TOKEN})
    content["clusters"][0]["cluster"].update({"server": "https://127.0.0.1:1", "proxy-url": "http://127.0.0.1:1"})
    with FakeProxy() as proxy:
        client = own(kubeconfig=content, host=east.url, proxy=proxy.url)
        greeted(client)
        assert (client.configuration.host, client.configuration.proxy) == (east.url, proxy.url)


def test_client_certificates(east: FakeApi, authority: Authority) -> None:
    certificate, key = authority.issue("operator")
    greeted(own(host=east.url, client_cert=certificate, client_key=key, ca_cert=authority.ca))
    user = {"client-certificate-data": b64(certificate), "client-key-data": b64(key)}
    greeted(own(kubeconfig=kubeconfig(east, authority, user)))
    assert [request.client for request in east.requests] == ["operator", "operator"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_servers_certificate_is_verified_unless_asked_otherwise(east: FakeApi, tmp_path: pathlib.Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    answer = own(host=east.url, api_key=TOKEN, ca_cert=stranger.ca).get("/version")
    assert (answer.state, answer.reason) == ("unknown", "the server's certificate is not trusted")
    greeted(own(host=east.url, api_key=TOKEN, validate_certs=False))


def test_certificates_that_cannot_be_loaded_are_named(
    east: FakeApi, authority: Authority, tmp_path: pathlib.Path
) -> None:
    certificate, key = authority.issue("operator")
    _other, foreign = authority.issue("someone")
    text = tmp_path / "text"
    text.write_text("no certificate")
    cases: dict[str, Json] = {
        r"ca_cert \(/none\) cannot be used: No such file": {"ca_cert": "/none", "api_key": TOKEN},
        r"ca_cert \(.*/text\) cannot be used: no certificate": {"ca_cert": str(text), "api_key": TOKEN},
        r"client_key \(.*\) cannot be used: key values mismatch": {"client_cert": certificate, "client_key": foreign},
        r"client_cert \(/none\) cannot be used: No such file": {"client_cert": "/none", "client_key": key},
    }
    for words, options in cases.items():
        with pytest.raises(ApiFailure, match=words):
            own(host=east.url, **options)
    user = {"client-certificate-data": b64(certificate), "client-key-data": b64(str(text))}
    with pytest.raises(ApiFailure, match="client-key of the kubeconfig cannot be used"):
        own(kubeconfig=kubeconfig(east, authority, user))
    assert east.requests == []


def test_a_key_with_a_pass_phrase_is_refused_without_asking_for_it(
    east: FakeApi, authority: Authority, tmp_path: pathlib.Path
) -> None:
    certificate, key = authority.issue("operator")
    plain = serialization.load_pem_private_key(pathlib.Path(key).read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"phrase"),
        )
    )
    with pytest.raises(ApiFailure, match="without a pass phrase"):
        own(host=east.url, client_cert=certificate, client_key=str(locked))


def test_user_and_password_are_sent_where_no_openshift_answers(east: FakeApi, authority: Authority) -> None:
    login = "Basic " + base64.b64encode(b"ops:pass:word").decode()
    east.admits = lambda request: request.authorization == login
    user = {"username": "ops", "password": "pass:word"}
    greeted(own(host=east.url, ca_cert=authority.ca, **user))
    assert [r.authorization for r in east.asked(path="well-known")] == [""], "the password went out before it had to"
    greeted(own(kubeconfig=kubeconfig(east, authority, user)))


# -- proxy ---------------------------------------------------------------------------------------------------------


def test_a_proxy_with_a_login(east: FakeApi, authority: Authority) -> None:
    east.command = lambda argv, _stdin: (0, " ".join(argv), "")
    with FakeProxy("user:pass:word") as proxy:
        options = {"host": east.url, "api_key": TOKEN, "ca_cert": authority.ca, "proxy": proxy.url}
        client = own(**options, proxy_headers={"proxy_basic_auth": "user:pass:word"})
        greeted(client)
        assert client.exec("ns", "pod", "container", ["echo", "hello"]).stdout == "echo hello"
        assert proxy.passed == [east.url.partition("://")[2]] * 2
        assert own(**options).get("/version").unknown
        assert proxy.refused
        greeted(own(**options, no_proxy="127.0.0.0/8"))
        assert len(proxy.passed) == 2


def test_a_proxy_for_a_server_without_tls(api: FakeApi) -> None:
    with FakeProxy() as proxy:
        greeted(own(host=api.url, api_key=TOKEN, proxy=proxy.url))
        assert proxy.passed == [api.url.partition("://")[2]]


def test_a_proxy_that_is_no_url_is_named(east: FakeApi) -> None:
    with pytest.raises(ApiFailure, match="Check host and proxy"):
        own(host=east.url, api_key=TOKEN, proxy="proxy:3128")


# -- impersonation -------------------------------------------------------------------------------------------------


def test_impersonation_in_every_kind_of_request(east: FakeApi, authority: Authority) -> None:
    client = own(
        host=east.url,
        api_key=TOKEN,
        ca_cert=authority.ca,
        impersonate_user="reader",
        impersonate_groups=["one", "two"],
    )
    client.list("/api/v1/pods")
    client.create("/api/v1/namespaces", {"metadata": {"name": "new"}})
    client.exec("ns", "pod", "container", ["true"])
    list(client.watch("/api/v1/pods", "0", 0.1))
    assert [request.acting_as for request in east.requests] == [["reader", "one", "two"]] * 4
    assert {request.authorization for request in east.requests} == {f"Bearer {TOKEN}"}


def test_groups_need_a_user(east: FakeApi) -> None:
    with pytest.raises(ApiFailure, match="impersonate_groups is set without impersonate_user"):
        own(host=east.url, api_key=TOKEN, impersonate_groups=["one"])


# -- environment ---------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    def set_all(**options: str) -> None:
        for name, value in options.items():
            monkeypatch.setenv(f"K8S_AUTH_{name.upper()}", value)

    return set_all


def test_the_environment_alone(east: FakeApi, authority: Authority, environment: t.Callable[..., None]) -> None:
    environment(
        host=east.url,
        api_key=TOKEN,
        ssl_ca_cert=authority.ca,
        impersonate_user="reader",
        impersonate_groups="one,two",
    )
    greeted(own())
    greeted(another())
    greeted(another(validate_certs=True))
    assert {tuple(request.acting_as) for request in east.requests} == {("reader", "one", "two")}


def test_what_it_says_of_one_cluster_does_not_reach_another(
    east: FakeApi,
    api: FakeApi,
    authority: Authority,
    environment: t.Callable[..., None],
    tmp_path: pathlib.Path,
) -> None:
    certificate, key = authority.issue("operator")
    environment(
        host=east.url,
        api_key=TOKEN,
        context="east",
        ssl_ca_cert=authority.ca,
        cert_file=certificate,
        key_file=key,
        username="ops",
        password=TOKEN,
        impersonate_user="reader",
        impersonate_groups="one",
    )
    greeted(another(kubeconfig=api.kubeconfig(tmp_path, "broker")))
    greeted(another(host=api.url, api_key="token-of-the-broker"))
    assert [r.authorization for r in api.requests] == ["Bearer token-of-the-fake", "Bearer token-of-the-broker"]
    assert [r.acting_as for r in api.requests] == [[], []]
    assert east.requests == []


def test_a_context_of_the_environments_kubeconfig(
    api: FakeApi, other_api: FakeApi, environment: t.Callable[..., None], tmp_path: pathlib.Path
) -> None:
    """As in AWX: one file with all clusters in the environment, a context for each host."""
    merged = json.loads(pathlib.Path(api.kubeconfig(tmp_path, "east")).read_text())
    for key, more in json.loads(pathlib.Path(other_api.kubeconfig(tmp_path, "west")).read_text()).items():
        if isinstance(more, list):
            merged[key] += more
    path = tmp_path / "merged"
    path.write_text(json.dumps(merged))
    environment(kubeconfig=str(path), context="east")
    assert own(context=None).server == api.url
    assert own(context="west").server == other_api.url
    assert another(context="west").server == other_api.url
    assert another().server == api.url


def test_the_proxy_of_the_environment_is_this_machines(
    east: FakeApi, authority: Authority, environment: t.Callable[..., None]
) -> None:
    with FakeProxy("user:word") as proxy:
        environment(proxy=proxy.url, proxy_headers_proxy_basic_auth="user:word")
        greeted(another(host=east.url, api_key=TOKEN, ca_cert=authority.ca))
        assert len(proxy.passed) == 1


def test_for_each_option_it_is_decided_whether_the_environment_counts() -> None:
    named: Json = {"kubeconfig": "config", "context": "east"}
    counting = {o for o in AUTH_ARG_MAP.values() if _auth.counts_for_another(o, named)}
    assert counting == {"kubeconfig", "context", "proxy", "no_proxy", "proxy_headers"}
    by_host = {o for o in AUTH_ARG_SPEC if _auth.counts_for_another(o, {"host": "https://api"})}
    assert by_host == {"host", "proxy", "no_proxy", "proxy_headers"}
    assert all(_auth.counts_for_another(o, {}) for o in AUTH_ARG_SPEC)


# -- what is secret ------------------------------------------------------------------------------------------------


def test_names_in_a_kubeconfig_are_shown_and_secrets_are_not(api: FakeApi) -> None:
    api.cluster.load(recording("installed", "east"))
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "east",
        "clusters": [
            {"name": "east", "cluster": {"server": api.url, "proxy-url": "http://me:word-of-proxy@127.0.0.1:1"}}
        ],
        "users": [{"name": "east", "user": {"token": "token-in-content"}}],
        "contexts": [{"name": "east", "context": {"cluster": "east", "user": "east"}}],
    }
    shown = run_module(cluster_info.main, {"kubeconfig": content, "no_proxy": "127.0.0.1", "cluster_id": "east"})
    assert shown["snapshot"]["cluster_id"] == "east"
    assert shown["snapshot"]["kubernetes"] == "v1.36.3"
    assert set(shown["digest"]["clusters"]) == {"east", "west"}
    printed = json.dumps(shown.result)
    assert shown["invocation"]["module_args"]["kubeconfig"]["current-context"] == "east"
    assert "token-in-content" not in printed
    assert "word-of-proxy" not in printed


def test_what_of_a_kubeconfig_is_no_secret() -> None:
    plugin = {
        "command": "login",
        "args": ["--cluster", "west", "--client-secret", "secret-of-args", "--oidc-token=secret-of-flag", "get-token"],
        "env": [{"name": "PROFILE", "value": "fleet"}, {"name": "THE_PASSWORD", "value": "secret-of-env"}],
    }
    provider = {"name": "oidc", "config": {"client-id": "us", "client-secret": "secret", "refresh-token": "secret-too"}}
    users = [{"name": "ops", "user": {"exec": plugin, "auth-provider": provider, "password": "east"}}]
    given: Json = {"kubeconfig": {"current-context": "east", "users": users}}
    plain = _auth.plain_values({"api_key": "fleet-key", **given}, given)
    names = {"ops", "login", "--cluster", "west", "get-token", "PROFILE", "fleet", "oidc", "us"}
    assert plain == names, "a name that is a password too stays hidden"
    assert _auth.plain_values({"password": "west"}, {"kubeconfig": "west"}) == set()
    assert _auth.plain_values({"password": "word"}, {"kubeconfig": "west"}) == {"west"}


def test_paths_of_files_are_no_secrets_of_a_kubeconfig() -> None:
    user = {"tokenFile": "/var/run/t", "client-key": "/etc/k.pem", "client-key-data": "a2V5", "token": "abc"}
    assert _auth.secret_values({"users": [{"name": "u", "user": user}]}) == ["a2V5", "abc"]
