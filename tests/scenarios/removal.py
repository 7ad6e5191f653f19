# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uninstalls: with things of others beside, by the API and by subctl."""

from __future__ import annotations

from tests.scenarios import foreign
from tests.scenarios.leftovers import left
from tests.scenarios.stage import Stage

CONFIRM = ("-e", "submariner_confirm=uninstall")
WITH_SUBCTL = ("-e", "submariner_uninstall_method=subctl")


def by_api(stage: Stage) -> None:
    """All of Submariner's goes, and nothing else; a second run has nothing to do."""
    stage.damage("healthy")
    others = foreign.plant(stage.fleet)
    _checked(stage)
    stage.succeed("uninstall", *CONFIRM)
    _proven(stage, others)
    again = stage.succeed("uninstall", *CONFIRM, name="again")
    changed = [f"{host}: changed={counts['changed']}" for host, counts in again.recap.items() if counts["changed"]]
    stage.require(changed if again.recap else ["no recap"], "a second run changes nothing")
    others.take_back()


def by_subctl(stage: Stage) -> None:
    """Refused while it would take what belongs to others; then it begins, and what it leaves is removed."""
    stage.damage("healthy")
    others = foreign.plant(stage.fleet)
    before = stage.fleet.steady_reading()
    refused = stage.play("uninstall", *CONFIRM, *WITH_SUBCTL, name="refused")
    said = " ".join(failure.message for failure in refused.failures)
    stage.require([] if refused.code else ["it ended with 0"], "subctl is refused beside things of others")
    stage.require([] if "ClusterRole cluster-admin" in said else [said or "nothing"], "it names what would go")
    stage.require_unchanged(before, "the refusal changes nothing")
    others.take_back()
    stage.succeed("uninstall", *CONFIRM, *WITH_SUBCTL, name="with subctl")
    stage.require(left(stage.fleet), "nothing of Submariner is left")


def _checked(stage: Stage) -> None:
    before = stage.fleet.steady_reading()
    stage.succeed("uninstall", "--check", "--diff", name="check")
    stage.require_unchanged(before, "check mode changes nothing")


def _proven(stage: Stage, others: foreign.Foreign) -> None:
    stage.require(left(stage.fleet), "nothing of Submariner is left")
    stage.require(others.changes(), "what belongs to others is as it was")
