# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks as users run them, by a real ansible-rulebook.

pytest tests/eda            on two recorded clusters
pytest tests/eda --lab      on the lab's clusters as well, which are reset and joined
"""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.eda import java
from tests.eda.fleets import Fleet, InTheLab, Recorded
from tests.lab import damage
from tests.lab.config import places
from tests.lab.lab import connect
from tests.run.environments import programs
from tests.unit.fake_api import FakeApi


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", action="store_true", help="try the rulebooks on the lab, too: they reset its clusters")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fleet" in metafunc.fixturenames:
        where = ["recorded", *(["lab"] if metafunc.config.getoption("--lab") else [])]
        metafunc.parametrize("fleet", where, indirect=True)


@pytest.fixture(scope="session")
def rulebook_programs() -> pathlib.Path:
    """The programs of the environment with ansible-rulebook."""
    assert not java.trouble(), java.trouble()
    return programs("rulebook", pathlib.Path(__file__).with_name("requirements.txt"))


@pytest.fixture(scope="session")
def joined_lab() -> InTheLab:
    """The lab's clusters, healthy."""
    damage.bring_about(places(), "healthy")
    clusters, _state = connect(places())
    return InTheLab(clusters)


@pytest.fixture
def fleet(request: pytest.FixtureRequest) -> t.Iterator[Fleet]:
    if request.param == "lab":
        in_the_lab: InTheLab = request.getfixturevalue("joined_lab")
        yield in_the_lab
        in_the_lab.clear()
        return
    recorded: Recorded = request.getfixturevalue("recorded")
    yield recorded


@pytest.fixture
def recorded(tmp_path: pathlib.Path) -> t.Iterator[Recorded]:
    with FakeApi() as east, FakeApi() as west:
        yield Recorded(east, west, tmp_path)
