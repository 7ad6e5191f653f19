# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of a run in a terminal."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.run import picture

LOG = "\r\n".join(
    [
        "Script started on 2026-11-29",
        "installing packages",
        "== Two clusters",
        "lab: up",
        "",
        "== The reinstall",
        *(f"\x1b[0;32mok: [east] {number}\x1b[0m" for number in range(50)),
        "== Verdict",
        "ended with 0 & <no> complaint",
    ]
)


def test_it_begins_with_the_first_section_and_says_what_it_leaves_out() -> None:
    sections = list(picture.sections(LOG.split("\r\n")))
    assert [section[0] for section in sections] == ["== Two clusters", "== The reinstall", "== Verdict"]
    long = picture.shortened(sections[1])
    assert len(long) == picture.FIRST + 1 + picture.LAST
    assert f"... {51 - picture.FIRST - picture.LAST} lines ..." in long[picture.FIRST]
    assert picture.shortened(sections[0]) == ["== Two clusters", "lab: up"]


def test_it_is_an_svg_that_loads_nothing(tmp_path: Path) -> None:
    log, target = tmp_path / "log", tmp_path / "run.svg"
    log.write_text(LOG)
    assert picture.main([str(log), str(target)]) == 0
    text = target.read_text()
    ElementTree.fromstring(text)  # noqa: S314  our own
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "complaint" in text
    assert "installing" not in text


def test_a_missing_argument_is_said() -> None:
    assert picture.main([]) == 2
