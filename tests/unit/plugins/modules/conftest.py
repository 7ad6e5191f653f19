# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of modules."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _removal, _watching
from tests.unit.cleaning import Cleaning
from tests.unit.clusterset import Clusterset
from tests.unit.fake_api import FakeApi


@pytest.fixture
def fleet(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> t.Iterator[Clusterset]:
    """East and west as recorded."""
    both = Clusterset(api, other_api, tmp_path)
    yield both
    both.die()


@pytest.fixture
def cleaning(api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Cleaning:
    """A cluster without anything of Submariner."""
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)
    return Cleaning(api, tmp_path)
