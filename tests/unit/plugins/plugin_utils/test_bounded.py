# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work in processes: the order of the answers, the number at once, and the end of those that take too long."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.plugin_utils._bounded import DIED, LATE, each

Json = dict[str, t.Any]


def alive(pid: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_answers_are_in_the_order_of_the_items() -> None:
    found = each(lambda n: {"square": n * n, "long": "x" * 200_000}, range(7), parallel=3, limit=30)
    assert [o.value["square"] for o in found if o.value] == [0, 1, 4, 9, 16, 25, 36]
    assert each(lambda n: {}, [], parallel=3, limit=1) == []


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: pathlib.Path) -> None:
    def hang(n: int) -> Json:
        if n == 1:
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            (tmp_path / "pid").write_text(str(child.pid))
            child.wait()
        return {"n": n}

    start = time.monotonic()
    found = each(hang, [0, 1, 2], parallel=1, limit=2.0)
    assert [(o.value, o.why) for o in found] == [({"n": 0}, ""), (None, LATE), ({"n": 2}, "")]
    assert time.monotonic() - start < 20
    end = time.monotonic() + 5
    while alive(int((tmp_path / "pid").read_text())) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(int((tmp_path / "pid").read_text()))


def test_what_ends_without_an_answer_is_said_to() -> None:
    def die(n: int) -> Json:
        if n == 0:
            os._exit(3)
        raise ValueError("nobody reads this")

    assert [o.why for o in each(die, [0, 1], parallel=2, limit=30)] == [DIED, DIED]


def test_nothing_is_left_of_temporary_files(tmp_path: pathlib.Path) -> None:
    def leave(_item: int) -> Json:
        handle, path = tempfile.mkstemp()
        os.write(handle, b"a client's key")
        return {"path": path}

    (found,) = each(leave, [1], parallel=1, limit=30)
    assert found.value
    assert not os.path.exists(os.path.dirname(found.value["path"]))


def test_nothing_that_is_printed_gets_out(capfd: t.Any) -> None:
    def shout(_item: int) -> Json:
        print("from Python", flush=True)
        subprocess.run(["sh", "-c", "echo from a program; echo and an error >&2"], check=True)
        return {}

    each(shout, [1], parallel=1, limit=30)
    assert capfd.readouterr() == ("", "")


def test_an_interruption_ends_all(tmp_path: pathlib.Path) -> None:
    code = f"""
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts behind itself
sys.path[:0] = {[p for p in sys.path if "collections" in p]!r}
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._bounded import each
def hang(n):
    import os
    open("{tmp_path}/" + str(n), "w").write(str(os.getpid()))
    time.sleep(60)
each(hang, [1, 2], 2, 60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    files = [tmp_path / "1", tmp_path / "2"]
    end = time.monotonic() + 20
    while not all(f.exists() and f.read_text() for f in files) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(2)
    process.wait(10)
    assert not any(alive(int(f.read_text())) for f in files)
