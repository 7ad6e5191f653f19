# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module runner passes arguments in, results out, and lets a traceback be one."""

from __future__ import annotations

import importlib

import pytest
from ansible.module_utils.basic import AnsibleModule

from tests.unit.run_module import run_module


def main() -> None:
    spec = {"word": {"type": "str", "required": True}, "secret": {"type": "str", "no_log": True}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    if module.params["word"] == "bad":
        module.fail_json(msg="a bad word")
    if module.params["word"] == "warn":
        module.warn("a warning")
    if module.params["word"] == "worse":
        raise ValueError("a traceback")
    if module.params["word"] != "forgotten":
        secret = module.params["secret"]
        module.exit_json(changed=not module.check_mode, said=f"{module.params['word']} {secret}", diffing=module._diff)


def test_result() -> None:
    outcome = run_module(main, {"word": "good", "secret": "hidden-value"})
    assert (outcome.failed, outcome.changed, outcome.code) == (False, True, 0)
    assert outcome["said"] == "good ********"


def test_check_and_diff_mode() -> None:
    outcome = run_module(main, {"word": "good"}, check=True, diff=True)
    assert not outcome.changed
    assert outcome["diffing"] is True


def test_failure() -> None:
    outcome = run_module(main, {"word": "bad"})
    assert outcome.failed
    assert outcome.msg == "a bad word"


def test_wrong_arguments() -> None:
    assert "missing required arguments: word" in run_module(main, {}).msg
    assert "wrod" in run_module(main, {"word": "x", "wrod": "x"}).msg


def test_a_traceback_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="a traceback"):
        run_module(main, {"word": "worse"})


def test_a_module_that_says_nothing_is_an_error() -> None:
    with pytest.raises(AssertionError, match="returned without"):
        run_module(main, {"word": "forgotten"})


def test_warnings_are_those_of_this_run() -> None:
    assert "a warning" in str(run_module(main, {"word": "warn"})["warnings"])
    assert "warnings" not in run_module(main, {"word": "good"}).result


def test_warnings_stay_in_the_result_when_the_controller_is_loaded() -> None:
    importlib.import_module("ansible.utils.display")
    assert "a warning" in str(run_module(main, {"word": "warn"})["warnings"])
