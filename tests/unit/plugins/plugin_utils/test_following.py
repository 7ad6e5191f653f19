# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines about what is being waited for: one per host, and one for all where there are many hosts."""

from __future__ import annotations

import contextlib
import pathlib
import threading
import time

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE, Progress
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _following as following


class Screen:
    """Takes lines from all processes, here threads."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._lock = threading.Lock()

    def show(self, line: str) -> None:
        with self._lock:
            self.lines.append(line)

    def wait_for(self, text: str, seconds: float = 20.0) -> str:
        """The first line with this text; all lines when none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.lines):
                if text in line:
                    return line
            time.sleep(0.02)
        return "\n".join(self.lines)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "TICK", 0.02)
    monkeypatch.setattr(following, "INTERVAL", 0.5)


def write(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8") as out:
        out.write(text + "\n")


def test_what_a_module_says_is_shown_with_its_host(
    tmp_path: pathlib.Path, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with following.Following(str(tmp_path / "run"), "east", 2, screen.show) as path:
        monkeypatch.setenv(VARIABLE, path)
        Progress(90.0).say("west -> east: connecting")
        assert screen.wait_for("connecting") == "east: west -> east: connecting (0 s of 90 s)"


def test_lines_of_one_host_are_not_closer_than_the_interval(tmp_path: pathlib.Path, screen: Screen) -> None:
    with following.Following(str(tmp_path), "east", 2, screen.show) as path:
        start = time.monotonic()
        for number in range(60):
            write(path, f"line {number}")
            time.sleep(0.02)
        passed = time.monotonic() - start
    assert 2 <= len(screen.lines) <= passed / 0.5 + 1
    assert screen.lines[0].startswith("east: line ")


def test_the_same_line_is_not_said_twice(tmp_path: pathlib.Path, screen: Screen) -> None:
    with following.Following(str(tmp_path), "east", 2, screen.show) as path:
        write(path, "one thing")
        time.sleep(1.3)
    assert screen.lines == ["east: one thing"]


def test_many_hosts_speak_in_one_line(tmp_path: pathlib.Path, screen: Screen) -> None:
    with contextlib.ExitStack() as stack:
        start, paths = time.monotonic(), []
        for number in range(25):
            one = following.Following(str(tmp_path), f"c{number:02}", 30, screen.show)
            paths.append(stack.enter_context(one))
        with following.Following(str(tmp_path), "first", 30, screen.show):
            pass
        for path in paths:
            write(path, "no connection (3 s of 60 s)")
        assert screen.wait_for("no connection").startswith("1 of 30 hosts done, ")
        for path in paths:
            write(path, "one Endpoint too many (4 s of 60 s)")
        assert screen.wait_for("25 waiting: c00: one") == (
            "1 of 30 hosts done, 25 waiting: c00: one Endpoint too many (4 s of 60 s); "
            "c01: one Endpoint too many (4 s of 60 s); c02: one Endpoint too many (4 s of 60 s); and 22 more"
        )
        passed = time.monotonic() - start
    assert len(screen.lines) <= passed / 0.5 + 1


def test_what_does_not_change_is_said_again_now_and_then(tmp_path: pathlib.Path, screen: Screen) -> None:
    with contextlib.ExitStack() as stack:
        following_all = [following.Following(str(tmp_path), f"c{n}", 25, screen.show) for n in range(3)]
        paths = [stack.enter_context(one) for one in following_all]
        for path in paths:
            write(path, "no connection (3 s of 60 s)")
        time.sleep(0.5 * (following.REPEAT + 2))
    assert len(screen.lines) == 2


def test_a_host_that_dies_does_not_silence_the_others(tmp_path: pathlib.Path, screen: Screen) -> None:
    dead = following.Following(str(tmp_path), "dead", 25, screen.show)
    path = dead.__enter__()
    write(path, "about to die (1 s of 60 s)")
    assert "about to die" in screen.wait_for("die")
    dead._over.set()  # its thread ends as with its process, its file stays
    with following.Following(str(tmp_path), "other", 25, screen.show) as other:
        write(other, "still here (9 s of 60 s)")
        assert "other: still here" in screen.wait_for("still here")


def test_a_host_that_has_nothing_to_say_says_nothing(tmp_path: pathlib.Path, screen: Screen) -> None:
    for hosts in (2, 25):
        with following.Following(str(tmp_path), "east", hosts, screen.show):
            time.sleep(0.2)
    assert screen.lines == []


def test_a_round_of_a_loop_begins_anew(tmp_path: pathlib.Path, screen: Screen) -> None:
    for text in ("first", "second"):
        with following.Following(str(tmp_path), "odd/../name", 2, screen.show) as path:
            assert pathlib.Path(path).parent == tmp_path
            write(path, text)
            time.sleep(0.3)
    assert screen.lines == ["odd/../name: first", "odd/../name: second"]


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("a: b (12 s of 30 s)", "a: b"),
        ("x (and 3 more) (1 s of 2 s); y (3 s of 4 s); and 7 more", "x (and 3 more); y; and 7 more"),
        ("plain", "plain"),
    ],
)
def test_times_are_no_news(line: str, rest: str) -> None:
    assert following.without_times(line) == rest
