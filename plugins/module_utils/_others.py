# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Endpoints of members beside the one that is waited for. Private to this collection, may change at any time.

Watching all of them would cost a thread each; they are asked once, again as long as they are wrong, and for the proof.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._auth import document_at
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import Members, check_member
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Finding,
    Json,
    Snapshot,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PARALLEL = 16
"""Members asked at the same time."""


class Others:
    """What each of them has, judged against the broker."""

    def __init__(self, module: AnsibleModule, others: t.Sequence[Json], operator_namespace: str) -> None:
        self._apis: dict[str, Api] = {}
        for other, auth in zip(others, read_once([o["auth"] for o in others])):
            try:
                self._apis[other["cluster_id"]] = connect(module, auth)
            except ApiFailure as error:
                raise ApiFailure(f"Cluster {other['cluster_id']}: {error.msg}", error.hint) from error
        self._operator_namespace = operator_namespace
        self._findings: dict[str, list[Finding]] = {}
        self._against: list[tuple[str, str]] = []

    @property
    def pending(self) -> bool:
        """Whether some of them have to be asked again."""
        return any(self._findings.values())

    def check(self, broker: Snapshot, namespace: str, members: Members, fresh: bool) -> list[Finding]:
        """Findings of all; those that are right by what the broker has now are asked again only for a C(fresh) answer."""

        def judge(cluster_id: str) -> list[Finding]:
            # What was read is not kept: with hundreds of members that would be hundreds of lists of hundreds.
            member = observe(self._apis[cluster_id], (), self._operator_namespace, keys=("endpoints",))
            return check_member(member, broker, namespace, cluster_id, members, records_only=True)

        originals = [(e.name, e.uid) for e in broker.endpoints(namespace)]
        if fresh or originals != self._against:
            self._findings.clear()
        self._against = originals
        asked = [i for i in self._apis if self._findings.get(i) != []]
        if asked:
            with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
                self._findings.update(zip(asked, pool.map(judge, asked)))
        return [finding for findings in self._findings.values() for finding in findings]


def read_once(auths: t.Sequence[Json]) -> list[Json]:
    """The same options; a kubeconfig that several of them name is read here: one of 200 contexts takes 0.3 s each time."""
    named = Counter(a["kubeconfig"] for a in auths if isinstance(a.get("kubeconfig"), str))
    documents = {path: document_at(path) for path, times in named.items() if times > 1}
    found = []
    for auth in auths:
        path = auth.get("kubeconfig")
        document = documents.get(path) if isinstance(path, str) else None
        found.append({**auth, "kubeconfig": document} if document else dict(auth))
    return found
