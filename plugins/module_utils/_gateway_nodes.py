# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes of a cluster shall be gateways. Private, may change at any time.

Apart from what joins, since a reading asks it as well, of every cluster of a fleet, and should import little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Node, mapping, text


def selected_nodes(api: Api, selector: str | None) -> set[str] | None:
    """Names of the nodes that the selector names, None without one."""
    if not selector:
        return None
    answer = api.list("/api/v1/nodes", labelSelector=selector)
    if answer.unknown:
        raise ApiFailure(
            f"The nodes with {selector} cannot be read: {answer.reason}.", "Set submariner_gateway_selector."
        )
    return {text(mapping(node.get("metadata")).get("name")) for node in answer.items}


def choose_gateways(
    nodes: Iterable[Node],
    asked: Sequence[str],
    recorded: Sequence[str],
    count: int = 1,
    eligible: Collection[str] | None = None,
) -> tuple[list[str], str]:
    """The nodes that shall be gateways, and what stands against it.

    Those asked for. Else those that have the label, else those recorded before the label went, and as many more as
    `count` lacks: ready workers before ready control planes, only such as can run a gateway and are `eligible`.
    """
    known = {node.name: node for node in nodes}
    if asked:
        strangers = sorted(set(asked) - set(known))
        if strangers:
            return [], f"no node is called {', '.join(strangers)}; there are {', '.join(sorted(known))}"
        return list(asked), ""
    have = sorted(node.name for node in known.values() if node.gateway == "true")
    have = have or [name for name in recorded if name in known]
    fit = [n for n in known.values() if n.linux and (eligible is None or n.name in eligible) and n.name not in have]
    ready = sorted((node.control_plane, node.name) for node in fit if node.ready)
    chosen = have + [name for _control_plane, name in ready[: max(0, count - len(have))]]
    if len(chosen) >= max(1, count):
        return chosen, ""
    more = " more" if have else ""
    which = " that the selector names" if eligible is not None else ""
    return [], f"no{more} node{which} that runs Linux is ready" + (f", and {count} are wanted" if count > 1 else "")
