# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for all unit tests. Import paths stand in pyproject.toml."""

from __future__ import annotations

import typing as t

import hypothesis
import pytest

from tests.unit.fake_api import FakeApi

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture
def api() -> t.Iterator[FakeApi]:
    """A running, empty API server."""
    with FakeApi() as server:
        yield server


@pytest.fixture
def other_api() -> t.Iterator[FakeApi]:
    """A second one, for what crosses clusters."""
    with FakeApi() as server:
        yield server
