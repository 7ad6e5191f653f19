# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever comes into a bundle: names stay names of files in it, its size is bounded, and nothing is lost without a word."""

from __future__ import annotations

import os
import pathlib
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._bundle import (
    INDEX,
    LOG,
    LONGEST_NAME,
    Bundle,
    safe_name,
)

ANY = st.text(alphabet=st.characters(codec="utf-8"), max_size=300)


@given(st.one_of(ANY, st.text(alphabet="./\\\0\n~ab", max_size=300)))
def test_a_safe_name_is_a_plain_name(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= LONGEST_NAME
    assert safe == os.path.basename(safe)
    assert not safe.startswith(".")
    assert safe.isascii()
    assert safe.isprintable()


@given(st.text(alphabet="abc-", min_size=LONGEST_NAME, max_size=400), st.text(alphabet="abc-", min_size=1, max_size=9))
def test_names_that_are_cut_stay_different(name: str, more: str) -> None:
    assert safe_name(f"{name}{more}.yaml") != safe_name(f"{name}.yaml")
    assert safe_name(f"{name}.yaml").endswith(".yaml")


def test_names_of_kubernetes_stay_as_they_are() -> None:
    for name in (
        "endpoints_submariner-operator_west-cable.yaml",
        "submariner-gateway-m76tl.log.prev",
        "nodes__a.b.yaml",
    ):
        assert safe_name(name) == name
    assert safe_name("roles_x_system:node.yaml") == "roles_x_system_node.yaml"


@given(st.lists(st.tuples(ANY, st.text(max_size=4000)), max_size=12), st.integers(0, 70_000), st.integers(1, 5000))
def test_a_bundle_holds_no_more_than_it_may_and_says_what_is_missing(
    texts: list[tuple[str, str]], room: int, each: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "x"
        bundle = Bundle(str(place), room)
        for name, words in texts:
            bundle.text(LOG, name, words, each)
        written = {path.name: path.stat().st_size for path in place.iterdir()}
        assert [path.name for path in pathlib.Path(folder).iterdir()] == ["x"]
        assert sum(written.values()) <= room
        assert all(size <= each for size in written.values())
        assert written == {file.name: file.bytes for file in bundle.files}
        assert len(written) + len([name for name in bundle.truncated if name not in written]) == len(texts)
        assert {file.name for file in bundle.files if file.cut} <= set(bundle.truncated)
        assert INDEX not in written


def test_a_name_that_is_taken_gets_a_number(tmp_path: pathlib.Path) -> None:
    bundle = Bundle(str(tmp_path / "x"), 1 << 20)
    for name in ("a.log", "A.log", "a.log", INDEX):
        bundle.text(LOG, name, name)
    assert [file.name for file in bundle.files] == ["a.log", "A-2.log", "a-3.log", "gather-2.json"]


def test_a_secret_is_hidden_before_a_text_is_cut(tmp_path: pathlib.Path) -> None:
    """What is left of it might not look like one."""
    bundle = Bundle(str(tmp_path / "x"), 1 << 20)
    bundle.secrets = ["plain-words-that-are-secret"]
    bundle.text(LOG, "a.log", "begin plain-words-that-are-secret end", 14)
    assert (tmp_path / "x" / "a.log").read_text() == "n <hidden> end"
