# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A planted duplicate sets the rulebooks off within seconds."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest

from tests.eda.controller import Controller
from tests.eda.fleets import Fleet, Recorded
from tests.eda.running import Rulebook, write_input

REACTION = 5.0
"""Seconds from the moment at which the duplicate is there to the event."""

TRIES = 3
"""How often it is planted before it counts as slow: a busy machine delays one event, and not each."""

BEFORE = 5.0
"""Seconds for which the rulebook watches a fleet in which nothing is wrong."""

AFTER = 20.0
"""Seconds in which no other workflow is opened: a verification that begins at once would have come to its end in them."""


def ready(rulebook: Rulebook) -> None:
    """It watches, and has nothing to tell."""
    rulebook.wait_for("Waiting for events", 90)
    time.sleep(BEFORE)
    assert "'type': 'finding'" not in rulebook.said


def test_without_awx_the_fleet_is_verified(
    fleet: Fleet,
    rulebook_programs: pathlib.Path,
    tmp_path: pathlib.Path,
    request: pytest.FixtureRequest,
    record_testsuite_property: t.Callable[[str, object], None],
) -> None:
    write_input(tmp_path, fleet)
    with Rulebook(rulebook_programs, tmp_path, "verify") as rulebook:
        ready(rulebook)
        begun = time.monotonic()
        told = [_planted(fleet, rulebook)]
        verified = rulebook.wait_for("PLAY [Prove that the clusterset is whole]") - begun
        rulebook.wait_for("Verdict: fail", 120)
        _cleared(fleet, rulebook)
        while min(told) >= REACTION and len(told) < TRIES:
            told.append(_planted(fleet, rulebook))
            _cleared(fleet, rulebook)
    assert min(told) < REACTION, f"it took {told} s"
    for what, seconds in (("event", min(told)), ("playbook", verified)):
        record_testsuite_property(f"{request.node.name}, seconds to the {what}", round(seconds, 2))


def _planted(fleet: Fleet, rulebook: Rulebook) -> float:
    """Seconds until the event of a duplicate."""
    start = time.monotonic()
    fleet.plant()
    return rulebook.wait_for("'id': 'endpoint.duplicate'", after=start) - start


def _cleared(fleet: Fleet, rulebook: Rulebook) -> None:
    start = time.monotonic()
    fleet.clear()
    rulebook.wait_for("'type': 'resolved'", 30, after=start)


def test_with_awx_the_workflow_is_opened(fleet: Fleet, rulebook_programs: pathlib.Path, tmp_path: pathlib.Path) -> None:
    write_input(tmp_path, fleet, organization="Default", workflow="Reinstall Submariner")
    with Controller("Default", "Reinstall Submariner") as awx:
        access = ("--controller-url", awx.url, "--controller-token", "of-the-test")
        with Rulebook(rulebook_programs, tmp_path, "heal", *access) as rulebook:
            ready(rulebook)
            fleet.plant()
            rulebook.wait_for("Verdict: fail", 120)
            end = time.monotonic() + 60
            while not awx.launched and time.monotonic() < end:
                time.sleep(0.1)
            assert awx.launched, rulebook.said
            time.sleep(AFTER)
            assert len(awx.launched) == 1, rulebook.said


def test_with_awx_no_workflow_is_opened_for_what_is_no_record_too_many(
    recorded: Recorded, rulebook_programs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """The duplicate has gone by the time of the verification, which finds that connections were lost."""
    write_input(tmp_path, recorded, organization="Default", workflow="Reinstall Submariner")
    with Controller("Default", "Reinstall Submariner") as awx:
        access = ("--controller-url", awx.url, "--controller-token", "of-the-test")
        with Rulebook(rulebook_programs, tmp_path, "heal", *access) as rulebook:
            ready(rulebook)
            recorded.plant()
            rulebook.wait_for("PLAY [Judge the inventory]")
            recorded.lose_connections()
            recorded.clear()
            rulebook.wait_for("Verdict: fail", 120)
            rulebook.wait_for("connection.not-connected", 5)
            time.sleep(AFTER)
            assert awx.launched == [], rulebook.said


def test_wrong_options_end_it_and_are_named(
    fleet: Fleet, rulebook_programs: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    write_input(tmp_path, fleet, broker="north")
    with Rulebook(rulebook_programs, tmp_path, "verify") as rulebook:
        assert rulebook.end(90) != 0
        rulebook.wait_for("broker is north, which is none of the clusters east, west", 5)
        assert "Traceback" not in rulebook.said
