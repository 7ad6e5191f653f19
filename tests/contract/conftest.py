# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contract tests: what the collection relies on, seen from outside, with whatever Submariner the lab has.

    tests/lab/lab up --submariner simulated|release|DIR
    pytest tests/contract --lab

They reset the lab's clusters. Each file is a story: its tests stand on those before them.
"""

from __future__ import annotations

import typing as t

import pytest

from tests.contract.bench import Bench
from tests.lab import damage
from tests.lab.config import LabError, Places, places
from tests.lab.lab import connect

LAST_FAILURE = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", action="store_true", help="run the contract tests: they reset the clusters of the lab")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--lab") and not config.option.collectonly:
        raise pytest.UsageError("the contract tests reset the clusters of the lab: say --lab if that is wanted")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> t.Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and item.parent is not None:
        item.parent.stash[LAST_FAILURE] = item.name
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    failed = item.parent.stash.get(LAST_FAILURE, "") if item.parent is not None else ""
    if failed:
        pytest.fail(f"the story stopped at {failed}", pytrace=False)


@pytest.fixture(scope="session")
def lab() -> Places:
    """The lab of the environment; without it there is nothing to test."""
    where = places()
    try:
        _clusters, state = connect(where)
    except LabError as exc:
        pytest.exit(f"no lab is up: {exc}", returncode=1)
    if not {"east", "west"} <= set(state.clusters):
        pytest.exit("the contract tests need the clusters east and west: tests/lab/lab up --clusters 2", returncode=1)
    return where


@pytest.fixture(scope="module")
def clean(lab: Places, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Clusters without Submariner."""
    damage.bring_about(lab, "clean")
    clusters, _state = connect(lab)
    return Bench(clusters, tmp_path_factory.mktemp("subctl"))


@pytest.fixture(scope="module")
def joined(clean: Bench) -> Bench:
    """A broker on east, both clusters joined and connected."""
    assert clean.deploy_broker().code == 0
    for cluster in ("east", "west"):
        clean.label_gateway(cluster)
        ran = clean.join(cluster)
        assert ran.code == 0, ran.err
    clean.await_connected({"east": {"west"}, "west": {"east"}})
    return clean
