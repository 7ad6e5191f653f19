# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role awx makes, and its jobs as AWX runs them.

pytest tests/awx            on a stand-in for AWX and on recorded clusters
pytest tests/awx --lab      the workflow on the lab's clusters as well, which are reset and joined
"""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.lab import damage
from tests.lab.config import places
from tests.scenarios.fleet import Fleet
from tests.unit.awx_setup import tables
from tests.unit.clusterset import Clusterset
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", action="store_true", help="run the workflow on the lab, too: it resets its clusters")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the lab its tests are no part of the run."""
    if not config.getoption("--lab"):
        in_the_lab = [item for item in items if "joined_lab" in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in in_the_lab]
        config.hook.pytest_deselected(items=in_the_lab)


@pytest.fixture
def joined_lab() -> Fleet:
    """The lab's clusters, healthy."""
    damage.bring_about(places(), "healthy")
    return Fleet(places())


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return tables(tmp_path_factory.mktemp("tables"), submariner_awx_broker="hub")


@pytest.fixture
def pair(tmp_path: pathlib.Path) -> t.Iterator[dict[str, FakeApi]]:
    with FakeApi() as east, FakeApi() as west:
        clusterset = Clusterset(east, west, tmp_path)
        clusterset.live()
        yield {"east": east, "west": west}
        clusterset.die()
