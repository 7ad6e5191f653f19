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
    drop_namespace_if_empty,
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
