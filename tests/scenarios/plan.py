# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All scenarios by name, and which of them a pass has."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.lab.damage import STATES
from tests.scenarios import (
    apart,
    broken_fleet,
    company,
    eviction,
    firewall,
    inputs,
    interruption,
    kills,
    node_hosts,
    obstacles,
    paths,
    reinstall,
    removal,
    rights,
    stuck,
    upgrade,
    wreck,
)
from tests.scenarios.faults import alone, groups
from tests.scenarios.faults.known_lines import known_lines
from tests.scenarios.faults.spreading import FAULTS
from tests.scenarios.stage import Stage

Act = Callable[[Stage], None]

HARDEST = "3411"
_REINSTALLS = {
    f"reinstall-{state}": reinstall.from_state(state)
    for state in (HARDEST, *(state for state in STATES if state not in ("clean", HARDEST)))
}
_INPUTS = {
    **{f"input-{name}": inputs.wrong(name) for name in inputs.WRONG},
    "input-no-inventory": inputs.no_inventory,
    "input-overlapping-cidrs": inputs.overlapping,
}
_RIGHTS = {"verify-rights": rights.verify_rights}
_WRECKS = {f"wreck-{seed:02d}": wreck.by(seed) for seed in wreck.SEEDS}
_APART = {"broker-apart": apart.broker_apart}
_COMPANY = {"limit-west": company.limit_west, "lock": company.lock}
_EVICTION = {"evict": eviction.evict}
_INTERRUPTIONS = {
    f"interrupt-{point}-{signal}": interruption.at(point, signal)
    for point in interruption.POINTS
    for signal in interruption.SIGNALS
}
_FAULTS = {f"fault-{name}": alone.by(name) for name in FAULTS}
_FAULT_GROUPS = {
    **{f"faults-{name}": groups.of(name) for name in groups.GROUPS},
    "known-lines": known_lines,
}
_REMOVALS = {
    "uninstall": removal.by_api,
    "uninstall-with-subctl": removal.by_subctl,
    "uninstall-node-hosts": node_hosts.as_hosts,
}
_KILLS = {kills.name_of(number): kills.at(number) for number in range(len(kills.POINTS))}
_OBSTACLES = {f"obstacle-{name}": obstacles.by(name) for name in obstacles.OBSTACLES}
_FIREWALL = {"firewall-reinstall": firewall.reinstall}
_PATHS = {
    **{f"preflight-{name}": paths.by(name) for name in paths.OBSTACLES},
    "preflight-broken-fleet": broken_fleet.broken_fleet,
    "load-balancer": paths.load_balancer,
}
_UPGRADES = {
    "upgrade": upgrade.whole_fleet,
    "upgrade-in-parts": upgrade.in_parts,
    **{f"upgrade-killed-{point}": upgrade.cut_at(point) for point in upgrade.POINTS},
}
_STUCK = {f"stuck-{cause}": stuck.by(cause) for cause in stuck.CAUSES}

# In this order: those after the first use the fleet that it leaves whole.
SCENARIOS: dict[str, Act] = {
    **_REINSTALLS,
    **_INPUTS,
    **_FAULTS,
    **_FAULT_GROUPS,
    **_RIGHTS,
    **_COMPANY,
    **_EVICTION,
    **_INTERRUPTIONS,
    **_REMOVALS,
    **_KILLS,
    **_OBSTACLES,
    **_STUCK,
    **_FIREWALL,
    **_PATHS,
    **_UPGRADES,
    **_WRECKS,
    **_APART,
}


def campaign() -> list[str]:
    first = f"reinstall-{HARDEST}"
    return [
        first,
        *_INPUTS,
        *_FAULTS,
        *_FAULT_GROUPS,
        *_RIGHTS,
        *_COMPANY,
        *_EVICTION,
        *_STUCK,
        *_INTERRUPTIONS,
        *(name for name in _REINSTALLS if name != first),
        *_REMOVALS,
        *_KILLS,
        *_OBSTACLES,
        *_FIREWALL,
        *_PATHS,
        *_UPGRADES,
        *_WRECKS,
        *_APART,
    ]


# Only the campaign has these: each takes a third of a pass. A kubelet may take five minutes to start an API server again.
_LONG = frozenset({
    *_FIREWALL, *_UPGRADES, *_APART, "load-balancer", *(name for name in _KILLS if name.endswith("api-server")),
})  # fmt: skip
# How many of each kind a pass draws. Those in one row take as long as each other.
_DRAWN: tuple[tuple[int, tuple[str, ...]], ...] = (
    (6, tuple(_INPUTS)),
    (1, tuple(_FAULTS)),
    (1, tuple(_FAULT_GROUPS)),
    (1, (*_STUCK, *(name for name in _PATHS if name not in _LONG))),
    (
        1,
        tuple(
            n for n in (*_INTERRUPTIONS, *_KILLS, *_REINSTALLS, *_WRECKS) if n not in {*_LONG, f"reinstall-{HARDEST}"}
        ),
    ),
    (1, (*_COMPANY, *_REMOVALS, *_EVICTION, *_OBSTACLES)),
)


def ci(seed: int) -> list[str]:
    """What fits into half an hour: the hardest state, the least rights, and by the seed some of the other kinds."""
    draw = random.Random(seed)  # noqa: S311  a sample, no secret
    drawn = [name for count, names in _DRAWN for name in draw.sample(names, count)]
    return [f"reinstall-{HARDEST}", *_RIGHTS, *drawn]
