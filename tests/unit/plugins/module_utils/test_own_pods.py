# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is awaited of several nodes or pods, and what became of each."""

from __future__ import annotations

import pathlib
import threading
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_pods import PARALLEL, at_once, wait_gone
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE
from tests.unit.cleaning import obj
from tests.unit.fake_api import FakeApi


@pytest.fixture
def said(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "said"))
    return tmp_path / "said"


def until_said(said: pathlib.Path, words: str) -> None:
    while not said.exists() or words not in said.read_text():
        threading.Event().wait(0.01)


def test_those_are_named_that_are_not_done(said: pathlib.Path) -> None:
    def fails() -> str:
        until_said(said, "to do: c (")
        raise ValueError("of c")

    def waits() -> str:
        until_said(said, "to do: a, b, c (")
        return "of b"

    done = at_once("to do", {"a": waits, "b": waits, "c": fails}, 60.0)
    assert (list(done), done["a"].result()) == (["a", "b", "c"], "of b")
    assert str(done["c"].exception()) == "of c"


def test_more_than_go_at_once_have_more_time(said: pathlib.Path) -> None:
    tasks = {f"n{number:02}": lambda: until_said(said, "to do") for number in range(PARALLEL + 1)}
    at_once("to do", tasks, 60.0)
    assert said.read_text().splitlines()[0] == "to do: n00, n01, n02, n03, n04 and 12 more (0 s of 120 s)"
    assert at_once("nothing to do", {}, 60.0) == {}


def test_pods_that_stay_are_named(api: FakeApi, tmp_path: pathlib.Path, said: pathlib.Path) -> None:
    api.cluster.load([obj("v1", "Pod", "held", "ours", labels={"run": "r1"})])
    client = connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(tmp_path)})
    assert wait_gone(client, "ours", "run=r1", 1.0) == ["held"]
    assert said.read_text().startswith("pods that are not gone yet: held (0 s of 1 s)")
