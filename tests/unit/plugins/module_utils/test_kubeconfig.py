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

Json = dict[str, t.Any]
SERVER = "https://10.0.0.1:6443"


def b64(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


def two_contexts(folder: pathlib.Path) -> Json:
    (folder / "ca.crt").write_text("authority of west")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "east",
        "clusters": [
            {"name": "kind-east", "cluster": {"server": SERVER, "certificate-authority-data": b64("authority")}},
            {
                "name": "api-west:6443",
                "cluster": {"server": "https://10.0.0.2:6443", "certificate-authority": str(folder / "ca.crt")},
            },
        ],
        "users": [
            {
                "name": "admin-east",
                "user": {"client-certificate-data": b64("certificate"), "client-key-data": b64("key")},
            },
            {"name": "admin-west", "user": {"token": "token-of-west"}},
        ],
        "contexts": [
            {"name": "east", "context": {"cluster": "kind-east", "user": "admin-east"}},
            {"name": "west", "context": {"cluster": "api-west:6443", "user": "admin-west"}},
        ],
    }


def document(params: Json) -> Json:
    # Only the configuration is looked at: the certificates of these tests are none.
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client as core
    from kubernetes import client as kube

    kube.Configuration.set_default(None)
    auth = core._create_auth_spec(**{k: v for k, v in params.items() if v is not None})
    return single_context(core._create_configuration(auth), params)


def write(folder: pathlib.Path) -> str:
    path = folder / "config"
    path.write_text(json.dumps(two_contexts(folder)))
    return str(path)


def test_the_current_context_with_certificates(tmp_path: pathlib.Path) -> None:
    made = document({"kubeconfig": write(tmp_path), "context": None})
    assert made["current-context"] == "kind-east"
    assert made["clusters"] == [
        {"name": "kind-east", "cluster": {"server": SERVER, "certificate-authority-data": b64("authority")}}
    ]
    assert made["users"][0]["user"] == {
        "client-certificate-data": b64("certificate"),
        "client-key-data": b64("key"),
    }


def test_a_chosen_context_keeps_the_clusters_name_and_embeds_files(tmp_path: pathlib.Path) -> None:
    made = document({"kubeconfig": write(tmp_path), "context": "west"})
    assert made["clusters"] == [
        {
            "name": "api-west:6443",
            "cluster": {
                "server": "https://10.0.0.2:6443",
                "certificate-authority-data": b64("authority of west"),
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
    made = document(
        {
            "kubeconfig": write(tmp_path),
            "context": "west",
            "proxy": "http://proxy:3128",
            "impersonate_user": "ops",
            "impersonate_groups": ["a", "b"],
        }
    )
    assert made["clusters"][0]["cluster"]["proxy-url"] == "http://proxy:3128"
    assert made["users"][0]["user"]["as"] == "ops"
    assert made["users"][0]["user"]["as-groups"] == ["a", "b"]


def test_the_environment_leads_to_the_name_too(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", write(tmp_path))
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "west")
    assert cluster_name({}, SERVER) == "api-west:6443"


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
