# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kubeconfig that programs are given: one context, the same cluster and identity as our own client's."""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import (
    cluster_name,
    secrets_of,
    single_context,
    write_kubeconfig,
)
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]
SERVER = "https://10.0.0.1:6443"


def b64(path: str) -> str:
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def two_contexts(folder: pathlib.Path) -> Json:
    east, west = Authority(folder, "east-authority"), Authority(folder, "west-authority")
    certificate, key = east.issue("admin-east")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "east",
        "clusters": [
            {"name": "kind-east", "cluster": {"server": SERVER, "certificate-authority-data": b64(east.ca)}},
            {
                "name": "api-west:6443",
                "cluster": {"server": "https://10.0.0.2:6443", "certificate-authority": west.ca},
            },
        ],
        "users": [
            {
                "name": "admin-east",
                "user": {"client-certificate-data": b64(certificate), "client-key-data": b64(key)},
            },
            {"name": "admin-west", "user": {"token": "token-of-west"}},
        ],
        "contexts": [
            {"name": "east", "context": {"cluster": "kind-east", "user": "admin-east"}},
            {"name": "west", "context": {"cluster": "api-west:6443", "user": "admin-west"}},
        ],
    }


def document(params: Json) -> Json:
    return single_context(connect(t.cast("t.Any", None), params))


def write(folder: pathlib.Path) -> str:
    path = folder / "config"
    path.write_text(json.dumps(two_contexts(folder)))
    return str(path)


def test_the_current_context_with_certificates(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path)
    made = document({"kubeconfig": path, "context": None})
    assert made["current-context"] == "kind-east"
    original = json.loads(pathlib.Path(path).read_text())
    assert made["clusters"] == original["clusters"][:1]
    assert made["users"][0]["user"] == original["users"][0]["user"]
    assert secrets_of(made) == [original["users"][0]["user"]["client-key-data"]]


def test_a_chosen_context_keeps_the_clusters_name_and_embeds_files(tmp_path: pathlib.Path) -> None:
    made = document({"kubeconfig": write(tmp_path), "context": "west"})
    assert made["clusters"] == [
        {
            "name": "api-west:6443",
            "cluster": {
                "server": "https://10.0.0.2:6443",
                "certificate-authority-data": b64(str(tmp_path / "west-authority.crt")),
            },
        }
    ]
    assert made["users"][0]["user"] == {"token": "token-of-west"}
    assert secrets_of(made) == ["token-of-west"]


def test_a_kubeconfig_as_content(tmp_path: pathlib.Path) -> None:
    made = document({"kubeconfig": two_contexts(tmp_path), "context": "west"})
    assert made["clusters"][0]["name"] == "api-west:6443"


def test_host_and_token(tmp_path: pathlib.Path) -> None:
    made = document({"host": SERVER, "api_key": "abc-token", "validate_certs": False})
    assert made["clusters"] == [
        {"name": "10.0.0.1-6443", "cluster": {"server": SERVER, "insecure-skip-tls-verify": True}}
    ]
    assert made["users"][0]["user"] == {"token": "abc-token"}


def test_impersonation_and_proxy(tmp_path: pathlib.Path) -> None:
    options = {
        "kubeconfig": write(tmp_path),
        "context": "west",
        "proxy": "http://proxy:3128",
        "proxy_headers": {"proxy_basic_auth": "user:pass:word"},
        "impersonate_user": "ops",
        "impersonate_groups": ["a", "b"],
    }
    made = document(options)
    assert made["clusters"][0]["cluster"]["proxy-url"] == "http://user:pass%3Aword@proxy:3128"
    assert made["users"][0]["user"] == {"token": "token-of-west", "as": "ops", "as-groups": ["a", "b"]}
    assert secrets_of(made) == ["token-of-west", "pass%3Aword", "pass:word"]
    assert "proxy-url" not in document({**options, "no_proxy": "10.0.0.0/8"})["clusters"][0]["cluster"]


def test_user_and_password(api: FakeApi) -> None:
    made = document({"host": api.url, "username": "ops", "password": "pass:word"})
    assert made["users"][0]["user"] == {"username": "ops", "password": "pass:word"}
    assert secrets_of(made) == ["pass:word"]
    assert document({"kubeconfig": made})["users"] == made["users"]


def test_the_environment_leads_to_the_same(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", write(tmp_path))
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "west")
    monkeypatch.setenv("K8S_AUTH_IMPERSONATE_USER", "ops")
    made = document({})
    assert made["current-context"] == "api-west:6443"
    assert made["users"][0]["user"] == {"token": "token-of-west", "as": "ops"}
    assert "as" not in document({"context": "west"})["users"][0]["user"], (
        "the environment's own user is not the broker's"
    )


def test_a_kubeconfig_that_says_nothing_is_no_traceback(tmp_path: pathlib.Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("contexts: [1, {name: east}]\ncurrent-context: east\n")
    assert cluster_name({"kubeconfig": str(broken)}, SERVER) == "10.0.0.1-6443"
    broken.write_text(": : :")
    assert cluster_name({"kubeconfig": str(broken)}, SERVER) == "10.0.0.1-6443"
    assert cluster_name({"kubeconfig": str(tmp_path / "none")}, SERVER) == "10.0.0.1-6443"


def test_the_file_is_private_from_the_start(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(str(path), document({"host": SERVER, "api_key": "abc-token"}))
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["kind"] == "Config"


def test_it_serves_our_own_client(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(str(path), document({"host": SERVER, "api_key": "abc-token"}))
    client = connect(t.cast("t.Any", None), {"kubeconfig": str(path)})
    assert client.server == SERVER
