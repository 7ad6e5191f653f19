# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module subctl_uninstall against an API server and a program in subctl's place."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.modules import subctl_uninstall
from tests.unit.cleaning import definition, obj
from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_subctl import FakeSubctl
from tests.unit.run_module import Outcome, run_module

BINDINGS = ("rbac.authorization.k8s.io", "clusterrolebindings")


@pytest.fixture
def west(api: FakeApi) -> FakeApi:
    api.cluster.load(recording("healthy-two-nodes", "west"))
    return api


def run(api: FakeApi, folder: pathlib.Path, subctl: str = "/nowhere/subctl", **how: t.Any) -> Outcome:
    arguments = {"kubeconfig": api.kubeconfig(folder), "cluster_id": "west", "subctl": subctl}
    return run_module(subctl_uninstall.main, arguments, **how)


def test_the_command_is_run_where_nothing_of_others_goes(west: FakeApi, tmp_path: pathlib.Path) -> None:
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        done = run(west, tmp_path, str(subctl.path))
    assert not done.failed, done.msg
    assert done.changed
    assert subctl.arguments[:4] == ["uninstall", "--yes", "--namespace", "submariner-operator"]
    assert done["subctl"]["rc"] == 0
    assert west.writes == []


def test_check_mode_says_what_would_go_besides_and_needs_no_subctl(west: FakeApi, tmp_path: pathlib.Path) -> None:
    done = run(west, tmp_path, check=True)
    assert (done.failed, done.changed, done["verdict"]) == (False, True, "pass")
    assert [f["id"] for f in done["findings"]] == ["subctl.takes-labels"]


@pytest.mark.parametrize("check", [False, True])
def test_it_is_refused_when_cluster_admin_would_go(west: FakeApi, tmp_path: pathlib.Path, check: bool) -> None:
    role = {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": BINDINGS[0]}
    west.cluster.create(BINDINGS, {"metadata": {"name": "submariner-admins"}, "roleRef": role})
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        done = run(west, tmp_path, str(subctl.path), check=check)
        assert not subctl.called
    assert done.failed
    assert "Nothing was touched" in done.msg
    assert "ClusterRole cluster-admin" in done.msg
    assert "submariner_uninstall_method" in done.msg


def test_it_is_refused_when_a_custom_resource_of_a_user_would_go(west: FakeApi, tmp_path: pathlib.Path) -> None:
    mine = obj("example.com/v1", "Widget", "mine", "submariner-operator")
    west.cluster.load([definition("example.com", "Widget", "v1"), mine])
    done = run(west, tmp_path)
    assert done.failed
    assert "Widget.example.com mine in submariner-operator" in done.msg
    west.fault(503, path="/apis/example.com/v1$")
    silent = run(west, tmp_path)
    assert (silent.failed, silent["verdict"]) == (True, "unknown")
    assert "example.com/v1" in silent.msg


def test_it_is_refused_when_bindings_cannot_be_read(west: FakeApi, tmp_path: pathlib.Path) -> None:
    west.fault(403, verb="list", path="/clusterrolebindings")
    done = run(west, tmp_path)
    assert done.failed
    assert "cannot be read" in done.msg


def test_a_cluster_without_submariner_needs_nothing(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([o for o in recording("healthy-two-nodes", "west") if o["kind"] == "Node"])
    done = run(api, tmp_path)
    assert (done.failed, done.changed) == (False, False), done.msg


def test_a_command_that_fails_says_its_last_words(west: FakeApi, tmp_path: pathlib.Path) -> None:
    with FakeSubctl(tmp_path, lambda: None, rc=1, says=" ✗ Deleting the Submariner resource") as subctl:
        done = run(west, tmp_path, str(subctl.path))
    assert done.failed
    assert "Deleting the Submariner resource" in done.msg
    assert (done["subctl"]["rc"], done["verdict"]) == (1, "fail")
