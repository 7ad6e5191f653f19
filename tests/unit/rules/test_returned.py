# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module's RETURN section calls always returned is in its failures, too."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest

from tests.unit.fake_api import FakeApi
from tests.unit.plugins.modules.test_authentication import argument_spec, arguments, foreign
from tests.unit.rules.test_modules import MODULES, constant
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
BY_ITS_ACTION = ("report",)
"""The module itself only refuses."""
CALLS: dict[str, Json] = {"port_probe": {"state": "serve", "run": "x"}}
"""What ends at once."""

module = pytest.mark.parametrize(
    "path", [path for path in MODULES if path.stem not in BY_ITS_ACTION], ids=lambda p: p.stem
)


def always(path: pathlib.Path) -> set[str]:
    return {key for key, about in constant(path, "RETURN").items() if about["returned"] == "always"}


def run(path: pathlib.Path, folder: pathlib.Path, auth: Json | None) -> Outcome:
    """The module with all options that it needs and C(auth) for every cluster; without C(auth) with none at all."""
    name = path.stem
    main = importlib.import_module(f"ansible_collections.submariner.lifecycle.plugins.modules.{name}")
    spec = argument_spec(main)
    if auth is None:
        return run_module(main.main, {})
    own = {**(auth if "kubeconfig" in spec else {}), **({"dest": str(folder / "dest")} if "dest" in spec else {})}
    return run_module(main.main, {**arguments(name, spec, own), **foreign(spec, auth), **CALLS.get(name, {})})


@module
def test_a_verdict_is_always_given(path: pathlib.Path) -> None:
    assert "verdict" not in constant(path, "RETURN") or "verdict" in always(path)


@module
def test_what_is_always_returned_is_in_the_answer_to_options_that_cannot_be_used(
    path: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    none = run(path, tmp_path, None)
    unusable = run(path, tmp_path, {"kubeconfig": str(tmp_path / "none"), "context": "none"})
    for outcome in (none, unusable):
        assert sorted(always(path) - set(outcome.result)) == [], outcome.msg
        assert outcome.failed or outcome["verdict"] == "unknown", outcome.result


@module
def test_and_in_what_is_said_of_a_cluster_that_refuses_everything(
    path: pathlib.Path, api: FakeApi, tmp_path: pathlib.Path
) -> None:
    api.fault(403)
    outcome = run(path, tmp_path, {"kubeconfig": api.kubeconfig(tmp_path)})
    assert sorted(always(path) - set(outcome.result)) == [], outcome.msg
