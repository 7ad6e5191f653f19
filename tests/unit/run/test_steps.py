# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test runner counts what was tested and never takes silence for success."""

from __future__ import annotations

import pathlib
import sys
import time

import pytest

from tests.run.sanity import outcomes
from tests.run.steps import Count, Counter, Step, closing_line, junit, lines, run

REPORT = '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>'


def step(name: str, program: str, folder: pathlib.Path, limit: float = 30.0, counter: Counter | None = None) -> Step:
    return Step(name, [sys.executable, "-c", program], folder, limit, counter=counter)


def test_a_command_is_one_test(tmp_path: pathlib.Path) -> None:
    steps = [step("good", "print('fine')", tmp_path), step("bad", "raise SystemExit('the reason')", tmp_path)]
    assert run([steps], tmp_path) == Count(1, 1, 0)
    assert "fine" in (tmp_path / "good.log").read_text()


def test_the_end_of_the_log_is_shown_when_it_failed(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run([[step("bad", "raise SystemExit('the reason')", tmp_path)]], tmp_path)
    said = capsys.readouterr().out
    assert "running bad\n" in said
    assert "failed bad in " in said
    assert "| the reason" in said


def test_junit(tmp_path: pathlib.Path) -> None:
    program = f"open('report.xml', 'w').write({REPORT!r}); raise SystemExit(1)"
    assert run([[step("unit", program, tmp_path, counter=junit("report.xml"))]], tmp_path) == Count(2, 2, 1)


@pytest.mark.parametrize(
    "report", ["", "<testsuite tests='0'/>", "<testsuite tests='3' skipped='3'/>", "<testsuite tests='x'/>", "<test"]
)
def test_no_result_is_a_failure(tmp_path: pathlib.Path, report: str) -> None:
    program = f"open('report.xml', 'w').write({report!r})" if report else "pass"
    assert run([[step("unit", program, tmp_path, counter=junit("report.xml"))]], tmp_path).failed == 1


def test_all_passed_but_the_exit_code_says_otherwise(tmp_path: pathlib.Path) -> None:
    program = "open('report.xml', 'w').write('<testsuite tests=\"2\"/>'); raise SystemExit(3)"
    assert run([[step("unit", program, tmp_path, counter=junit("report.xml"))]], tmp_path) == Count(2, 1, 0)


def test_closing_line(tmp_path: pathlib.Path) -> None:
    counter = closing_line(tmp_path / "told.log")
    assert run(
        [[step("told", "print('3 passed, 0 failed, 1 skipped')", tmp_path, counter=counter)]], tmp_path
    ) == Count(3, 0, 1)
    assert run([[step("told", "print('3 passed, and so on')", tmp_path, counter=counter)]], tmp_path).failed == 1


def test_lines(tmp_path: pathlib.Path) -> None:
    counter = lines(tmp_path / "told.log", passed="^ok ", failed="^no ")
    program = "print('ok a'); print('ok b'); print('no c')"
    assert run([[step("told", program, tmp_path, counter=counter)]], tmp_path) == Count(2, 1, 0)


def test_what_failed_is_named(tmp_path: pathlib.Path) -> None:
    report = (
        '<testsuite tests="3" failures="1" errors="1"><testcase classname="a.b" name="good"/>'
        '<testcase classname="a.b" name="bad"><failure/></testcase>'
        '<testcase classname="a.b" name="worse"><error/></testcase></testsuite>'
    )
    told = "print('passed one in 3 s'); print('failed two in 4 s (said)'); print('1 passed, 1 failed, 0 skipped')"
    steps = [
        step("plain", "raise SystemExit(1)", tmp_path),
        step("fine", "pass", tmp_path),
        step("unit", f"open('report.xml', 'w').write({report!r})", tmp_path, counter=junit("report.xml")),
        step("told", told, tmp_path, counter=closing_line(tmp_path / "told.log")),
        step(
            "lines", "print('ok a'); print('no c')", tmp_path, counter=lines(tmp_path / "lines.log", "^ok ", "^no .*")
        ),
    ]
    assert run([steps], tmp_path).failures == (
        "plain",
        "unit: a.b.bad",
        "unit: a.b.worse",
        "told: two",
        "lines: no c",
    )


def test_the_time_limit_ends_it_with_its_children(tmp_path: pathlib.Path) -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    begin = time.monotonic()
    assert run([[step("slow", program, tmp_path, limit=1.0)]], tmp_path) == Count(0, 1, 0)
    assert time.monotonic() - begin < 30


def test_lanes_run_beside_each_other_and_count_together(tmp_path: pathlib.Path) -> None:
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'flag')!r}).exists(): time.sleep(0.05)"
    flags = f"open({str(tmp_path / 'flag')!r}, 'w')"
    lanes = [
        [step("waits", waits, tmp_path), step("bad", "raise SystemExit(1)", tmp_path)],
        [step("good", "pass", tmp_path), step("flags", flags, tmp_path)],
    ]
    assert run(lanes, tmp_path) == Count(3, 1, 0)


def test_an_interruption_ends_what_runs_and_is_passed_on(tmp_path: pathlib.Path) -> None:
    def interrupted(_code: int, _logs: pathlib.Path) -> Count:
        raise KeyboardInterrupt

    begin = time.monotonic()
    beside = [step("beside", "import time; time.sleep(60)", tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        run(
            [[step("first", "pass", tmp_path, counter=interrupted), step("second", "pass", tmp_path)], beside], tmp_path
        )
    assert time.monotonic() - begin < 30
    assert not (tmp_path / "second.log").exists()


def test_outcomes_of_ansible_test() -> None:
    said = (
        'Running sanity test "compile" on Python 3.11\nRunning sanity test "import" on Python 3.11\n'
        'Running sanity test "pep8"\n'
        "FATAL: The 2 sanity test(s) listed below (out of 3) failed. See error output above for details.\n"
        "import --python 3.11\npep8\n"
    )
    assert outcomes(said) == {"compile": True, "import": False, "pep8": False}
    one = "Running sanity test 'pep8'\nFATAL: The 1 sanity test(s) listed below (out of 1) failed.\npep8\n"
    assert outcomes(one) == {"pep8": False}
