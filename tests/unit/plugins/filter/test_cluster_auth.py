# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication options out of a host's variables."""

from __future__ import annotations

import pathlib

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.submariner.lifecycle.plugins.filter.cluster_auth import OPTIONS, cluster_auth
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import auth_spec


def test_only_what_is_set_and_only_options() -> None:
    variables = {
        "submariner_context": "east",
        "submariner_version": "1",
        "submariner_proxy": None,
        "submariner_host": "",
        "context": "no",
    }
    assert cluster_auth(variables) == {"context": "east"}


def test_relative_paths_count_from_where_the_run_was_started(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    given = {
        "kubeconfig": "a.yaml:~/b.yaml::/c.yaml",
        "ca_cert": "ca:1.crt",
        "client_key": "/k",
        "host": "x",
        "proxy": "./p",
    }
    assert cluster_auth(given, prefix="") == {
        **given,
        "kubeconfig": f"{tmp_path}/a.yaml:/home/me/b.yaml::/c.yaml",
        "ca_cert": f"{tmp_path}/ca:1.crt",
    }


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({"KUBECONFIG": "a.yaml"}, {"context": "east"}, "{}/a.yaml"),
        ({"K8S_AUTH_KUBECONFIG": "b.yaml", "KUBECONFIG": "a.yaml"}, {}, "{}/b.yaml"),
        ({"K8S_AUTH_KUBECONFIG": "", "KUBECONFIG": "a.yaml:/c.yaml"}, {}, "{}/a.yaml:/c.yaml"),
        ({"KUBECONFIG": "/a.yaml"}, {}, None),
        ({"KUBECONFIG": ""}, {}, None),
        ({"KUBECONFIG": "a.yaml"}, {"host": "https://east"}, None),
        ({"KUBECONFIG": "a.yaml"}, {"kubeconfig": "/c.yaml"}, "/c.yaml"),
    ],
)
def test_a_relative_kubeconfig_of_the_environment(
    environment: dict[str, str],
    options: dict[str, str],
    expected: str | None,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = cluster_auth(options, prefix="", environment=True)
    assert found == options | ({"kubeconfig": expected.format(tmp_path)} if expected else {})
    assert cluster_auth(options, prefix="") == options


@pytest.mark.parametrize("content", ["kind: Config\nusers: []", ' {"kind": "Config"}', {"kind": "Config"}])
def test_the_content_of_a_kubeconfig_stays(content: object) -> None:
    assert cluster_auth({"submariner_kubeconfig": content}) == {"kubeconfig": content}


def test_every_option_of_kubernetes_core() -> None:
    assert set(OPTIONS) == set(auth_spec())


def test_anything_but_variables_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="not str"):
        cluster_auth("east")
