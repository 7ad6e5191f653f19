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
        "Script started on some day",
        "installing packages",
        "== Two clusters",
        "lab: up",
        "== As the user found it",
        "3 Endpoints",
        "== The reinstall",
        "$ ansible-playbook /somewhere/playbooks/reinstall.yml -i /else/where/hosts -e submariner_confirm=reinstall",
        "\x1b[0;33mPLAY [Remove and prove] ***\x1b[0m",
        "TASK [remove] ***",
        *(f"\x1b[0;32mwest: {number} left\x1b[0m" for number in range(50, 0, -1)),
        "PLAY RECAP ***",
        "west : ok=7",
        "== Verdict",
        "ended with 0 & <no> complaint",
        "The demo took 5 minutes",
        "more",
    ]
)


def test_it_shows_what_was_there_the_progress_and_the_verdict() -> None:
    lines = list(picture.shown(LOG))
    assert lines[:3] == ["== As the user found it", "3 Endpoints", "== The reinstall"]
    assert lines[3] == "$ ansible-playbook playbooks/reinstall.yml -i hosts.yml -e submariner_confirm=reinstall"
    assert [line for line in lines if " left" in line] == [f"\x1b[0;32mwest: {n} left\x1b[0m" for n in (50, 49, 48)]
    assert lines[-3:] == ["west : ok=7", "== Verdict", "ended with 0 & <no> complaint"]
    assert not [line for line in lines if "TASK" in line or "installing" in line]


def test_it_is_an_svg_that_loads_nothing(tmp_path: Path) -> None:
    log, target = tmp_path / "log", tmp_path / "run.svg"
    log.write_text(LOG)
    assert picture.main([str(log), str(target)]) == 0
    text = target.read_text()
    ElementTree.fromstring(text)  # noqa: S314  our own
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "complaint" in text


def test_a_missing_argument_is_said() -> None:
    assert picture.main([]) == 2
