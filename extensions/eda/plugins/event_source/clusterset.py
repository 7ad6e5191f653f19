# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source of ansible-rulebook: what is wrong with a fleet of Submariner, when it begins and when it is over."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Watches the clusters of a fleet and tells findings as events
description:
  - Watches the Endpoint, Cluster and Gateway records of all clusters of a fleet, and what tells which cluster each is, and
    judges them as the playbook verify does. It writes nothing to any cluster.
  - The type of an event is V(finding) or V(resolved), with the finding in C(event.finding), or V(unreachable) or V(reachable),
    with the cluster in C(event.cluster). All have C(fleet), C(verdict) (of the fleet by what was told until then) and C(time).
  - The ids of findings are those of C(docs/findings.md). Each is told once when it begins and once when it is over.
  - What cannot be read is never over. While a cluster is out of reach, what was found of it stands.
  - While a run of this collection holds the fleet's lock, no finding is told to begin. What is left after it is.
  - It needs ansible-core, the Python package kubernetes and the collection kubernetes.core beside ansible-rulebook.
options:
  clusters:
    description:
      - The clusters of the fleet by name. Each has any of the authentication options of the modules of kubernetes.core, and
        C(cluster_id) if the cluster must be joined under another ID than it is.
      - K8S_AUTH_* does not count for them, other than for proxies.
    type: dict
    required: true
  broker:
    description: Which of O(clusters) hosts the broker.
    type: str
    required: true
  fleet:
    description: What events call the fleet; O(broker) without it.
    type: str
  operator_namespace:
    description: Namespace of the operator.
    type: str
    default: submariner-operator
  settle:
    description:
      - Seconds for which something must be so, or be over, before it is told. What comes and goes within these is not told.
    type: float
    default: 2.0
  relist:
    description: Seconds after which everything is listed anew, as something on the way may hold a watch back without a word.
    type: float
    default: 60.0
  timeout:
    description: Seconds that an API server may take for an answer.
    type: float
    default: 10.0
  state_file:
    description:
      - File that keeps what was told, for the next start. Without it everything that is wrong by then is told again.
      - A file that is there has to be such a one, or empty.
      - It is readable by its owner only, and holds names and addresses, no credentials.
    type: path
"""

EXAMPLES = r"""
- name: Watch two clusters, of which east hosts the broker
  submariner.lifecycle.clusterset:
    broker: east
    clusters:
      east:
        kubeconfig: ~/.kube/config
        context: east
      west:
        kubeconfig: /etc/fleet/west.yaml
    state_file: /var/lib/submariner/told.json
"""

import asyncio
import importlib
import pathlib
import sys
import typing as t

OWN = "ansible_collections.submariner.lifecycle.plugins.plugin_utils._vigil"


def _collections() -> list[str]:
    """Where the collection that this file is part of lies: below a collections path, or in a clone with a link to itself."""
    root = pathlib.Path(__file__).resolve().parents[4]
    installed = root.parent.parent.name == "ansible_collections"
    return [str(root.parents[2] if installed else root / "playbooks" / "collections")]


def _vigil() -> t.Any:
    """The collection's own code. This file is loaded by its path, by a program that does not know Ansible's collections."""
    try:
        return importlib.import_module(OWN)
    except ImportError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "ansible_collections"]:
            del sys.modules[name]  # else the empty ones that Python made up would be taken
    try:
        from ansible.plugins.loader import init_plugin_loader
    except ImportError:
        raise ValueError(f"ansible-core is not installed beside {sys.executable}. Install it there.") from None
    init_plugin_loader(_collections())
    try:
        return importlib.import_module(OWN)
    except ImportError as error:
        raise ValueError(
            f"{error.name} is not there. Install it beside {sys.executable}, a collection below ANSIBLE_COLLECTIONS_PATH."
        ) from None


async def main(queue: t.Any, args: dict[str, t.Any]) -> None:
    """Put events into C(queue) until cancelled. C(args) that cannot be meant end it with one line."""
    own = _vigil()
    vigil = own.vigil_of(args)
    loop = asyncio.get_running_loop()

    def tell(event: dict[str, t.Any]) -> None:
        """From the thread that watches; returns when the queue has taken the event."""
        asyncio.run_coroutine_threadsafe(queue.put(event), loop).result()

    try:
        await asyncio.to_thread(vigil.watch, tell)
    finally:
        vigil.end()
