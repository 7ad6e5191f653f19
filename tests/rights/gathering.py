# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gather asks -> the table of its rights."""

from __future__ import annotations

import json
import pathlib
import tempfile
import typing as t

from ansible_collections.submariner.lifecycle.plugins.modules import gather
from tests.unit.fake_api import FakeApi, recording
from tests.unit.rbac import Right, right
from tests.unit.run_module import run_module

OURS = "submariner-lifecycle"
PLACES = {
    "": "everywhere",
    "submariner-operator": "the operator's namespace",
    "submariner-k8s-broker": "the broker's namespace",
}
STATES = ("healthy-two-nodes", "globalnet", "west-uninstalled")
"""Recordings that together make it ask for all that it may ask for."""

HEAD = """
## Rights for gather

What `gather` asks, on request and where another playbook fails. A run never ends for want of one: what may not be read is an entry
in `gather.json`, and all the rest is there. On OpenShift it reads `dnses.operator.openshift.io`, and the pods and logs of
`openshift-dns` instead of those of `kube-system`.

| part | verbs | resources | where |
|---|---|---|---|
"""
DNS_LOGS = Right("get", "", "pods/log", "kube-system", "")
PODS = (
    Right("get", "", "namespaces", "", ""),
    Right("create", "", "namespaces", "", ""),
    *(Right(verb, "", "pods", OURS, "") for verb in ("get", "list", "create", "delete")),
    Right("create", "", "pods/exec", OURS, ""),
)
TAIL = """| `subctl` | as `subctl show all`, `diagnose all` and `gather` | | |
"""


def asked(parts: t.Sequence[str]) -> set[Right]:
    """Watch it work on the recordings; kinds that one asks for everywhere are not named for a namespace again."""
    found: set[Right] = set()
    for state in STATES:
        for cluster in ("east", "west"):
            with FakeApi() as api, tempfile.TemporaryDirectory() as name:
                api.cluster.load(json.loads(json.dumps(recording(state, cluster))))
                folder = pathlib.Path(name)
                arguments = {"kubeconfig": api.kubeconfig(folder), "cluster": cluster, "dest": str(folder / "out")}
                run_module(gather.main, {**arguments, "parts": list(parts)})
                found |= {right(request)._replace(name="") for request in api.requests}
    # Services are those that users export, in namespaces of any name.
    found = {r._replace(namespace="") if r.resource in ("namespaces", "services") else r for r in found}
    return {r for r in found if not r.namespace or r._replace(namespace="") not in found}


def section() -> str:
    objects = asked(["objects"])
    rows = [("objects", objects), ("logs", {DNS_LOGS, *asked(["logs"])} - objects), ("nodes", set(PODS))]
    return HEAD + "".join(line for part, rights in rows for line in _lines(part, rights)) + TAIL


def _lines(part: str, rights: t.Iterable[Right]) -> t.Iterator[str]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for wanted in sorted(rights):
        if wanted.group != "-":
            name = wanted.resource + (f".{wanted.group}" if wanted.group else "")
            verbs.setdefault((wanted.namespace, name), []).append(wanted.verb)
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (namespace, name), allowed in verbs.items():
        rows.setdefault((namespace, tuple(allowed)), []).append(name)
    for (namespace, allowed_verbs), names in sorted(rows.items()):
        resources = ", ".join(f"`{name}`" for name in sorted(names))
        yield f"| {part} | {', '.join(allowed_verbs)} | {resources} | {PLACES.get(namespace, f'`{namespace}`')} |\n"
