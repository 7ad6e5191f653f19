# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One browser for all tests, and a folder for its pictures."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.browser.browser import Browser


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", help="folder for pages and pictures of them, to be looked at", default="")


@pytest.fixture(scope="session")
def browser() -> t.Iterator[Browser]:
    found = Browser()
    yield found
    found.close()


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where pages and pictures stand."""
    wanted = str(request.config.getoption("--pictures"))
    place = pathlib.Path(wanted).resolve() if wanted else tmp_path_factory.mktemp("report")
    place.mkdir(parents=True, exist_ok=True)
    return place
