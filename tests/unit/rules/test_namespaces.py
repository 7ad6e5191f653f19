# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option that names a namespace and is left empty stands for its default: elsewhere a living cluster would look clean."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._module import NAMESPACES, Module
from ansible_collections.submariner.lifecycle.plugins.modules import cleanup, cluster_info
from tests.unit.fake_api import FakeApi, recording
from tests.unit.plugins.modules.test_authentication import argument_spec
from tests.unit.rules.test_modules import MODULES
from tests.unit.run_module import run_module

EMPTY: list[dict[str, t.Any]] = [{"operator_namespace": "", "broker_namespace": ""}, {"operator_namespace": None}]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.stem)
def test_who_takes_a_namespace_takes_an_empty_one_for_the_default(path: pathlib.Path) -> None:
    main = importlib.import_module(f"ansible_collections.submariner.lifecycle.plugins.modules.{path.stem}")
    if NAMESPACES & set(argument_spec(main)):
        assert "= AnsibleModule(" not in path.read_text(), f"use {Module.__name__} or one of its kind"


@pytest.mark.parametrize("empty", EMPTY)
def test_a_living_cluster_is_found_and_would_be_removed_all_the_same(
    api: FakeApi, tmp_path: pathlib.Path, empty: dict[str, t.Any]
) -> None:
    api.cluster.load(recording("healthy-two-nodes", "west"))
    told = {"kubeconfig": api.kubeconfig(tmp_path), "cluster_id": "west"}
    seen = run_module(cluster_info.main, {**told, "sections": ["state"], "digest_only": True, **empty})
    assert seen["digest"]["installed"] is True
    whole, planned = (run_module(cleanup.main, {**told, **more}, check=True)["plan"] for more in ({}, empty))
    assert planned == whole
