# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading what ansible-playbook prints."""

from __future__ import annotations

from tests.scenarios import inputs, playbook
from tests.scenarios.playbook import Failure, Run

OUTPUT = """
PLAY [Judge the clusters] ******************************************************

TASK [submariner.lifecycle.preflight : Clusters | read] ************************
ok: [east]
fatal: [west]: FAILED! => {"changed": false, "msg": "The context nowhere is not in the kubeconfig."}
failed: [west] (item=east) => {"changed": false, "msg": "an item"}

PLAY RECAP *********************************************************************
east                       : ok=38   changed=4    unreachable=0    failed=0    skipped=10   rescued=0    ignored=0
west                       : ok=2    changed=0    unreachable=0    failed=1    skipped=5    rescued=0    ignored=0
""".splitlines()


def test_failures_task_and_recap() -> None:
    assert playbook.failures(OUTPUT) == [
        Failure("west", "The context nowhere is not in the kubeconfig."), Failure("west", "an item"),
    ]  # fmt: skip

    assert playbook.recap(OUTPUT)["west"]["failed"] == 1
    assert playbook.recap(OUTPUT)["east"]["changed"] == 4


def test_where_a_run_is() -> None:
    assert playbook.current_task(OUTPUT[:2]) == "Judge the clusters"
    assert playbook.current_task(OUTPUT[:6]) == "Clusters | read"
    assert playbook.current_task([]) == ""


def test_nothing_of_the_developers_shell_reaches_the_run() -> None:
    outer = {"ANSIBLE_CONFIG": "x", "KUBECONFIG": "y", "HOME": "/home/u", "PATH": "/bin"}
    inner = playbook.environment(outer)
    assert "KUBECONFIG" not in inner
    assert "ANSIBLE_CONFIG" not in inner
    assert inner["HOME"] == "/home/u"
    assert inner["ANSIBLE_NOCOLOR"] == "1"


def run(code: int, *messages: str) -> Run:
    lines = [f'fatal: [h{n}]: FAILED! => {{"msg": "{text}"}}' for n, text in enumerate(messages)]
    return Run(code, 1.0, tuple(lines))


def test_one_line_that_names_the_input() -> None:
    words = ("nowhere",)
    assert inputs.refused(run(2, "no context nowhere", "no context nowhere"), words) == []
    assert inputs.refused(run(0), words) == ["it ended with 0"]
    assert inputs.refused(run(2), words) == ["0 different messages: "]
    assert inputs.refused(run(2, "no context"), words) == ["'nowhere' is not named: no context"]
    assert len(inputs.refused(run(2, "nowhere", "nowhere else"), words)) == 1
    assert inputs.refused(run(2, "nowhere\\nsecond line"), words)[0].startswith("more than one line")
