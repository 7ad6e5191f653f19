# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From each state to a whole fleet: check mode before, verify afterwards."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenarios import judge
from tests.scenarios.fleet import Reading, now
from tests.scenarios.inventory import Inventory
from tests.scenarios.playbook import Run
from tests.scenarios.stage import CONFIRM, ScenarioFailed, Stage


def from_state(state: str) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.damage(state)
        before = stage.fleet.steady_reading()
        check_first(stage, before)
        old_links = {(node, link) for node, dump in before.nodes.items() for link in dump.links}
        old_psks = set(stage.fleet.psks().values())
        globalnet = stage.fleet.globalnet()
        since = now()
        stage.succeed("reinstall", *CONFIRM)
        stage.require_whole(since)
        new_links = {(node, link) for node, dump in stage.fleet.nodes().items() for link in dump.links}
        stage.require(
            [f"{node}: {name}" for node, (name, _index) in sorted(old_links & new_links)], "no link is an old one"
        )
        require_same_psk(stage, old_psks)
        if globalnet:
            after = stage.fleet.globalnet()
            stage.require([] if after == globalnet else [f"{after}, it was {globalnet}"], "Globalnet is as it was")
        verify_last(stage)

    return act


def check_first(stage: Stage, before: Reading, inventory: Inventory | None = None) -> None:
    """Says what would go, and touches nothing."""
    run = stage.succeed("reinstall", "--check", "--diff", inventory=inventory, name="check")
    stage.require_unchanged(before, "check mode changes nothing")
    stage.require(unsaid(run, before), "check mode says what would go")


def unsaid(run: Run, before: Reading) -> list[str]:
    """What would go and is not named in the output of check mode."""
    going = [
        item
        for items in before.objects.values()
        for item in [
            *(record for kind in ("Endpoint", "Cluster", "Submariner") for record in judge.records(items, kind)),
            *(i for i in items if i["kind"] in ("Deployment", "DaemonSet") and judge.of_submariner(i)),
        ]
    ]
    words = ("{kind} {namespace}/{name}:", "{kind} {name}")
    return sorted(
        {
            f"{judge.name_of(item)} is not named"
            for item in going
            if not any(word.format(kind=item["kind"], **item["metadata"]) in run.output for word in words)
        }
    )


def require_same_psk(stage: Stage, before: set[str]) -> None:
    """Where there was a key before, all members have that one now."""
    after = stage.fleet.psks()
    missing = [f"{name} has none" for name in stage.fleet.members if name not in after]
    others = [f"{name} has another one" for name, key in after.items() if before and key not in before]
    stage.require(missing + others, "every member has the PSK from before")
    if len(set(after.values())) > 1:
        raise ScenarioFailed("the members' PSKs differ")


def verify_last(stage: Stage, inventory: Inventory | None = None) -> None:
    """Passes, changes nothing and says so."""
    before = stage.fleet.read()
    run = stage.succeed("verify", inventory=inventory)
    changed = [f"{host} says changed={counts['changed']}" for host, counts in run.recap.items() if counts["changed"]]
    stage.require(changed if run.recap else ["no recap"], "verify says that it changed nothing")
    stage.require_unchanged(before, "verify changes nothing")
