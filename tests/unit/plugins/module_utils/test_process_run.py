# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs are run without a shell or terminal, within bounds, and never outlive the caller."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import (
    DEADLINE,
    EXITED,
    FLOODED,
    KEPT_BYTES,
    MOST_BYTES,
    ORPHANED,
    STOPPED,
    Interrupted,
    Outcome,
    run,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import (
    controlling_ansible,
    is_ansible,
    look_up,
)

ROOT = pathlib.Path(__file__).parents[4]
ENV = {"PATH": os.environ["PATH"]}


def shell(folder: pathlib.Path, script: str, deadline: float = 30.0, **more: object) -> Outcome:
    return run(["sh", "-c", script], str(folder), ENV, deadline, **more)  # type: ignore[arg-type]


def gone(pid: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if look_up(pid) is None:
            return True
        time.sleep(0.05)
    return False


def written(path: pathlib.Path, seconds: float = 20.0) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists() and path.read_text().endswith("\n"):
            return path.read_text().strip()
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def test_output_exit_status_and_folder(tmp_path: pathlib.Path) -> None:
    outcome = shell(tmp_path, "pwd; echo bad >&2; exit 3")
    assert (outcome.how, outcome.rc) == (EXITED, 3)
    assert outcome.stdout.strip() == str(tmp_path)
    assert outcome.stderr.strip() == "bad"


def test_standard_input_is_empty_and_no_terminal_is_there(tmp_path: pathlib.Path) -> None:
    outcome = shell(tmp_path, "cat; if (exec </dev/tty) 2>/dev/null; then echo terminal; else echo none; fi")
    assert outcome.stdout.strip() == "none"


def test_the_environment_is_the_given_one(tmp_path: pathlib.Path) -> None:
    outcome = run(["env"], str(tmp_path), {**ENV, "TERM": "dumb"}, 30.0)
    assert sorted(line.split("=")[0] for line in outcome.stdout.splitlines()) == ["PATH", "TERM"]


def test_the_deadline_ends_the_whole_group(tmp_path: pathlib.Path) -> None:
    outcome = shell(tmp_path, "sleep 300 & echo $! > child; wait", deadline=1.0)
    assert (outcome.how, outcome.rc) == (DEADLINE, None)
    assert gone(int((tmp_path / "child").read_text()))


def test_a_program_that_ignores_the_polite_request_is_killed(tmp_path: pathlib.Path) -> None:
    outcome = shell(tmp_path, "trap '' TERM; echo $$ > me; while :; do sleep 0.2; done", deadline=1.0)
    assert outcome.how == DEADLINE
    assert gone(int((tmp_path / "me").read_text()))


def test_children_that_the_program_left_behind_end_with_it(tmp_path: pathlib.Path) -> None:
    outcome = shell(tmp_path, "sleep 300 >/dev/null 2>&1 & echo $! > child; exit 0")
    assert outcome.rc == 0
    assert gone(int((tmp_path / "child").read_text()))


def test_a_reason_to_stop_ends_it(tmp_path: pathlib.Path) -> None:
    began = time.monotonic()
    outcome = shell(tmp_path, "sleep 300", stop=lambda: time.monotonic() - began > 0.5)
    assert outcome.how == STOPPED
    assert time.monotonic() - began < 20


def test_it_ends_with_the_process_it_works_for(tmp_path: pathlib.Path) -> None:
    with subprocess.Popen(["sleep", "1"]) as master:
        seen = look_up(master.pid)
        assert seen is not None
        outcome = shell(tmp_path, "sleep 300", master=seen)
    assert outcome.how == ORPHANED


def test_output_is_bounded(tmp_path: pathlib.Path) -> None:
    kept = shell(tmp_path, "head -c 200000 /dev/zero | tr '\\0' a; echo end")
    assert len(kept.stdout) == KEPT_BYTES
    assert kept.stdout.endswith("end\n")
    flood = shell(tmp_path, "yes")
    assert flood.how == FLOODED
    assert (tmp_path / "stdout").stat().st_size < 100 * MOST_BYTES


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_caller_ends_it(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), number))
    timer.start()
    with pytest.raises(Interrupted, match=number.name):
        shell(tmp_path, "echo $$ > me; sleep 300")
    timer.join()
    assert gone(int((tmp_path / "me").read_text()))
    assert signal.getsignal(number) == before


def test_it_dies_with_a_caller_that_is_killed(tmp_path: pathlib.Path) -> None:
    code = f"""
        import sys
        sys.path.insert(0, {str(ROOT / "playbooks" / "collections")!r})
        from ansible_collections.submariner.lifecycle.plugins.module_utils._process_run import run
        run(["sh", "-c", "echo $$ > me; exec sleep 300"], {str(tmp_path)!r}, {ENV!r}, 300.0)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) as caller:
        child = int(written(tmp_path / "me"))
        caller.kill()
    assert gone(child)


def test_a_program_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        run([str(tmp_path / "none")], str(tmp_path), ENV, 5.0)


@pytest.mark.parametrize(
    ("argv", "is_one"),
    [
        (("/usr/bin/python3", "/usr/bin/ansible-playbook", "site.yml"), True),
        (("/venv/bin/ansible", "-m", "ping"), True),
        (("python3", "-m", "ansible.cli.playbook", "site.yml"), True),
        (("python3", "-m", "ansible", "playbook", "site.yml"), True),
        (("python3", "/home/a/.ansible/tmp/x/AnsiballZ_run_lock.py"), False),
        (("/bin/sh", "-c", "python3 /home/a/.ansible/tmp/AnsiballZ_run_lock.py && sleep 0"), False),
        (("vim", "ansible.cfg"), False),
        ((), False),
    ],
)
def test_which_processes_are_ansible(argv: tuple[str, ...], is_one: bool) -> None:
    assert is_ansible(argv) is is_one


def test_the_controlling_process_is_the_eldest_ansible_in_a_row(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "ansible-playbook"
    program.write_text(
        textwrap.dedent(f"""\
        #!{sys.executable}
        import os, sys, time
        if os.fork() == 0:
            if os.fork() == 0:
                open({str(tmp_path / "worker")!r}, "w").write(str(os.getpid()) + "\\n")
            time.sleep(60)
            os._exit(0)
        time.sleep(60)
        """)
    )
    program.chmod(0o755)
    with subprocess.Popen([str(program), "site.yml"], start_new_session=True) as playbook:
        found = controlling_ansible(int(written(tmp_path / "worker")))
        os.killpg(playbook.pid, signal.SIGKILL)
    assert found is not None
    assert found.pid == playbook.pid
    assert not found.alive()


def test_a_zombie_counts_as_gone() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        assert gone(child)
    finally:
        os.waitpid(child, 0)


def test_a_process_is_known_by_its_start() -> None:
    me = look_up(os.getpid())
    assert me is not None
    assert me.alive()
    assert me.parent == os.getppid()
    assert not type(me)(me.pid, "0", me.parent, me.argv).alive()
