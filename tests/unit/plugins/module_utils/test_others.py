# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig that many members share is read once, where that changes nothing."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._others import read_once

Json = dict[str, t.Any]


def config(**user: t.Any) -> Json:
    return {
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1", "certificate-authority": "/etc/ca"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": n, "context": {"cluster": "c", "user": "u"}} for n in ("east", "west")],
    }


def write(folder: pathlib.Path, document: t.Any) -> str:
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def test_a_shared_file_is_read_once(tmp_path: pathlib.Path) -> None:
    document = config(**{"client-key": "/etc/key"})
    path = write(tmp_path, document)
    own = tmp_path / "own"
    own.write_text(yaml.safe_dump(document))
    auths: list[Json] = [
        {"kubeconfig": path, "context": "east"},
        {"kubeconfig": path, "context": "west"},
        {"kubeconfig": str(own), "context": "east"},
        {"host": "https://192.0.2.2"},
        {"kubeconfig": {"clusters": []}},
    ]
    first, second, *rest = read_once(auths)
    assert first == {"kubeconfig": document, "context": "east"}
    assert second == {"kubeconfig": document, "context": "west"}
    assert first["kubeconfig"] is second["kubeconfig"]
    assert rest == auths[2:]
    assert auths[0]["kubeconfig"] == path


@pytest.mark.parametrize(
    "user", [{"exec": {"command": "./login"}}, {"client-key": "keys/key"}, {"tokenFile": "token"}], ids=str
)
def test_what_depends_on_where_the_file_lies_is_left_to_the_client(tmp_path: pathlib.Path, user: Json) -> None:
    auths = [{"kubeconfig": write(tmp_path, config(**user)), "context": c} for c in ("east", "west")]
    assert read_once(auths) == auths


@pytest.mark.parametrize("content", ["[", "text", "users: 7", "users: [{user: 3}, 4]", ""])
def test_what_is_no_kubeconfig_is_left_to_the_client_to_refuse(tmp_path: pathlib.Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    auths = [{"kubeconfig": str(path), "context": c} for c in ("east", "west")]
    assert [a["context"] for a in read_once(auths)] == ["east", "west"]


def test_a_file_that_is_not_there_is_left_to_the_client_to_refuse(tmp_path: pathlib.Path) -> None:
    auths = [{"kubeconfig": str(tmp_path / "none"), "context": c} for c in ("east", "west")]
    assert read_once(auths) == auths
