# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each of these tests is a run of ansible-playbook, some seconds of a core: C(--half SEED) draws every other one."""

from __future__ import annotations

import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--half", metavar="SEED", help="half of the roles' tests, as this seed draws them")


def drawn(seed: str, names: list[str]) -> set[str]:
    return {name for name in names if random.Random(f"{seed} {name}").random() < 0.5}  # noqa: S311  a sample, no secret


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--half", default=None)
    if seed is None:
        return
    taken = drawn(seed, [item.nodeid for item in items])
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in taken])
    items[:] = [item for item in items if item.nodeid in taken]
