# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own namespace goes as soon as nothing of ours stays in it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import (
    LABELS,
    NAMESPACE,
    UNPRIVILEGED_USER,
    drop_namespace_if_empty,
    ensure_namespace,
    unprivileged_user,
)
from tests.unit.fake_api import FakeApi

GOING = {"deletionTimestamp": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize(("labels", "pod", "goes"), [(LABELS, GOING, True), (LABELS, {}, False), ({}, GOING, False)])
def test_it_waits_for_no_pod_that_is_ending(
    api: FakeApi, tmp_path: pathlib.Path, labels: dict[str, str], pod: dict[str, str], goes: bool
) -> None:
    api.cluster.load(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": NAMESPACE, **pod}},
        ]
    )
    assert drop_namespace_if_empty(client_of(api, tmp_path)) is goes


@pytest.mark.parametrize(
    ("name", "goes"), [("openshift-service-ca.crt", True), ("istio-ca-root-cert", True), ("mine", False)]
)
def test_it_waits_for_nothing_that_a_platform_puts_everywhere(
    api: FakeApi, tmp_path: pathlib.Path, name: str, goes: bool
) -> None:
    api.cluster.load(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": LABELS}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}},
        ]
    )
    assert drop_namespace_if_empty(client_of(api, tmp_path)) is goes


def client_of(api: FakeApi, folder: pathlib.Path) -> Api:
    return connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(folder)})


def test_the_user_of_pods_is_one_that_the_platform_admits() -> None:
    with FakeApi() as fake:
        api = connect(None, {"host": fake.url, "api_key": "x"})
        ensure_namespace(api)
        assert unprivileged_user(api) == UNPRIVILEGED_USER
        fake.answers[r"^/apis/security\.openshift\.io/v1$"] = lambda _request: {"kind": "APIResourceList"}
        assert unprivileged_user(api, timeout=0) == UNPRIVILEGED_USER, "OpenShift has not given it a range yet"
        ranged = {"metadata": {"annotations": {"openshift.io/sa.scc.uid-range": "1000680000/10000"}}}
        api.patch(f"/api/v1/namespaces/{NAMESPACE}", ranged)
        assert unprivileged_user(api) == 1000680000
