# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A broker on a cluster of its own, and members that are two others: installed, damaged, reinstalled, removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import damage
from tests.scenarios import judge
from tests.scenarios.fleet import BROKER, Fleet, now
from tests.scenarios.inventory import Inventory
from tests.scenarios.leftovers import left
from tests.scenarios.reinstall import check_first, require_same_psk, verify_last
from tests.scenarios.removal import CONFIRM as REMOVE
from tests.scenarios.stage import CONFIRM, Stage

MEMBERS = ("west", "north")


def broker_apart(stage: Stage) -> None:
    with _three_clusters(stage) as inventory:
        since = now()
        stage.succeed("install", inventory=inventory)
        stage.require_whole(since)
        verify_last(stage, inventory)
        _lose_north(stage)
        before = stage.fleet.steady_reading()
        check_first(stage, before, inventory)
        psks = set(stage.fleet.psks().values())
        since = now()
        stage.succeed("reinstall", *CONFIRM, inventory=inventory)
        stage.require_whole(since)
        require_same_psk(stage, psks)
        verify_last(stage, inventory)
        stage.succeed("uninstall", *REMOVE, inventory=inventory)
        stage.require(left(stage.fleet), "nothing of Submariner is left")


@contextmanager
def _three_clusters(stage: Stage) -> Iterator[Inventory]:
    """Afterwards the lab has as many as before, with nothing installed."""
    before = len(stage.fleet.names)
    try:
        stage.lab("up", "--clusters", "3")
        stage.damage("clean")
        stage.fleet = Fleet(stage.fleet.places, MEMBERS)
        inventory = stage.inventory()
        inventory.members = MEMBERS
        yield inventory
    finally:
        stage.lab("up", "--clusters", str(before))
        stage.fleet = Fleet(stage.fleet.places)
        stage.damage("clean")


def _lose_north(stage: Stage) -> None:
    """The mistake that leaves a ghost (measured.md): its gateway's label goes first, then all the rest."""
    lab = damage.Stage(stage.fleet.lab, ("north",), stage.folder)
    for step in (damage.unlabel_gateway("north"), damage.uninstall("north"), damage.gone("north")):
        stage.say(step.text)
        step.act(lab)
    found = judge.one_each(stage.fleet.objects_of(BROKER), "Endpoint", judge.BROKER_NAMESPACE, ["west"])
    stage.require([] if found else ["no Endpoint of north is left"], "the broker has a ghost")
