# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No module takes a number below zero: a deadline in the past would look like one that has just been reached."""

from __future__ import annotations

import importlib
import typing as t

import pytest

from tests.unit.plugins.modules.test_authentication import argument_spec, arguments
from tests.unit.rules.test_modules import MODULES
from tests.unit.run_module import run_module


def numbers() -> t.Iterator[tuple[str, str]]:
    for path in MODULES:
        main = importlib.import_module(f"ansible_collections.submariner.lifecycle.plugins.modules.{path.stem}")
        yield from (
            (path.stem, option)
            for option, about in argument_spec(main).items()
            if about.get("type") in ("int", "float")
        )


@pytest.mark.parametrize(("name", "option"), list(numbers()))
def test_a_number_below_zero_is_refused(name: str, option: str) -> None:
    main = importlib.import_module(f"ansible_collections.submariner.lifecycle.plugins.modules.{name}")
    spec = argument_spec(main)
    nothing: dict[str, t.Any] = {
        key: [] for key, about in spec.items() if about.get("required") and about.get("type") == "list"
    }
    outcome = run_module(main.main, arguments(name, spec, {**nothing, option: -1}))
    assert outcome.failed
    assert f"{option} is -1, and must be 0 or more" in outcome.msg
