# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrong inputs: each is refused with one clear line that names it, and nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.scenarios.inventory import Inventory, kubeconfig_to
from tests.scenarios.playbook import Playbook, Run
from tests.scenarios.stage import CONFIRM, Stage
from tests.unit.fake_api import FakeApi, recording

_CLOSED_PORT = "https://127.0.0.1:9"
_NO_WRITE = "selfsubjectaccessreviews"


@dataclass(frozen=True)
class Wrong:
    """`spoil` makes the inventory wrong and returns the words that the refusal must have."""

    spoil: Callable[[Stage, Inventory], tuple[str, ...]]
    options: tuple[str, ...] = CONFIRM


def _kubeconfig_missing(stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    path = str(stage.folder / "nowhere.kubeconfig")
    inventory.common["submariner_kubeconfig"] = path
    return (path,)


def _context_unknown(_stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    inventory.hosts["west"] = {"submariner_context": "nowhere"}
    return ("nowhere",)


def _unreachable(stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    path = kubeconfig_to(stage.folder, stage.fleet.places.kubeconfig_of("west"), server=_CLOSED_PORT)
    inventory.hosts["west"] = {"submariner_kubeconfig": str(path)}
    return ("127.0.0.1:9",)


def _credentials_refused(stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    path = kubeconfig_to(stage.folder, stage.fleet.places.kubeconfig_of("west"), token="nobody-issued-this")  # noqa: S106
    inventory.hosts["west"] = {"submariner_kubeconfig": str(path)}
    return ("credentials",)


def _two_brokers(_stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    inventory.broker = ("east", "west")
    return ("submariner_broker", "east", "west")


def _no_member(_stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    inventory.members = ()
    return ("submariner_members",)


def _same_id(_stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    inventory.hosts["west"] = {"submariner_cluster_id": "east"}
    return ("submariner_cluster_id", "east", "west")


def _same_cluster(_stage: Stage, inventory: Inventory) -> tuple[str, ...]:
    inventory.hosts["west"] = {"submariner_context": "east"}
    return ("east", "west", "same cluster")


def _no_confirm(_stage: Stage, _inventory: Inventory) -> tuple[str, ...]:
    return ("submariner_confirm", "submariner_confirm=reinstall")


WRONG = {
    "kubeconfig-missing": Wrong(_kubeconfig_missing),
    "context-unknown": Wrong(_context_unknown),
    "api-unreachable": Wrong(_unreachable),
    "credentials-refused": Wrong(_credentials_refused),
    "two-brokers": Wrong(_two_brokers),
    "no-member": Wrong(_no_member),
    "same-id-twice": Wrong(_same_id),
    "same-cluster-twice": Wrong(_same_cluster),
    "confirm-missing": Wrong(_no_confirm, ()),
    "confirm-of-another-verb": Wrong(_no_confirm, ("-e", "submariner_confirm=uninstall")),
}


def wrong(name: str) -> Callable[[Stage], None]:
    case = WRONG[name]

    def act(stage: Stage) -> None:
        inventory = stage.inventory()
        words = case.spoil(stage, inventory)
        before = stage.fleet.steady_reading()
        run = stage.play("reinstall", *case.options, inventory=inventory, name="refused after")
        stage.require(refused(run, words), "refused in one line that names it")
        stage.require_unchanged(before, "nothing was touched")

    return act


def no_inventory(stage: Stage) -> None:
    """Ansible then knows only the implicit localhost, and must not report success for having done nothing."""
    before = stage.fleet.steady_reading()
    running = Playbook("reinstall", None, stage.folder, stage.log, *CONFIRM)
    try:
        run = running.finish()
    finally:
        running.stop()
    stage.require(refused(run, ("submariner_broker",)), "refused in one line that names it")
    stage.require_unchanged(before, "nothing was touched")


def overlapping(stage: Stage) -> None:
    """Two clusters with the same CIDRs; no lab has such, so recorded ones answer."""
    with ExitStack() as stack:
        east, west = (stack.enter_context(FakeApi()) for _turn in range(2))
        inventory = stage.inventory()
        inventory.common["submariner_broker_url"] = "https://192.0.2.1:6443"  # the recording does not have the address
        for name, api in {"east": east, "west": west}.items():
            api.cluster.load(_with_east_cidrs(name))
            inventory.hosts[name] = {"submariner_kubeconfig": api.kubeconfig(stage.folder, name)}
        run = stage.play("reinstall", *CONFIRM, inventory=inventory, name="refused after")
        stage.require(refused(run, ("CIDR", "east", "west")), "refused in one line that names it")
        writes = [f"{r.verb} {r.path}" for api in (east, west) for r in api.writes if not r.path.endswith(_NO_WRITE)]
        stage.require(writes, "nothing was touched")


def _with_east_cidrs(name: str) -> list[dict[str, object]]:
    """The recorded cluster; west's pods and services have addresses of east's ranges."""
    text = json.dumps(recording("healthy-two-nodes", name))
    for own, easts in {"10.92.": "10.91.", "10.62.": "10.61."}.items():
        text = text.replace(own, easts) if name == "west" else text
    items: list[dict[str, object]] = json.loads(text)
    system = {"name": "kube-system", "uid": f"uid-of-{name}", "creationTimestamp": "2026-11-23T07:00:00Z"}
    return [*items, {"apiVersion": "v1", "kind": "Namespace", "metadata": system}]


def refused(run: Run, words: tuple[str, ...]) -> list[str]:
    """The run failed, and everything that it says of it is one and the same line with these words."""
    if run.code == 0:
        return ["it ended with 0"]
    said = sorted({failure.message for failure in run.failures})
    found = [] if len(said) == 1 else [f"{len(said)} different messages: {' | '.join(said)}"]
    found += [f"more than one line: {text!r}" for text in said if "\n" in text.strip()]
    found += [f"{word!r} is not named: {text}" for text in said for word in words if word not in text]
    return found + [f"a traceback: {line}" for line in run.lines if line.startswith("Traceback")]
