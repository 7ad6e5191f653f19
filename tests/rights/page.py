# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is unknown when one of the rights is missing."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, WARNING, Reading, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import READS, snapshot_of
from tests.rights.roles import ABOUT, BROKER, GUARDED, ROOT, Needs
from tests.rights.verifying import HOSTS, PARTS, SCENARIOS, Verified, clusters, verify
from tests.unit.fake_api import RECORDINGS, Request, recording
from tests.unit.rbac import Right, right

Json = dict[str, t.Any]

PAGE = ROOT / "docs" / "verify-rights.md"
STATES = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())


@dataclass(frozen=True)
class Missing:
    """What becomes of verify when one kind may not be read."""

    part: str
    kind: Kind
    before: Verified
    after: Verified

    @property
    def not_judged(self) -> list[str]:
        """Checks of one cluster that are not made."""
        return sorted(self.before.judged - self.after.judged)


class Kind(t.NamedTuple):
    """What a rule names; `namespace` where it is named in one only."""

    group: str
    resource: str
    namespace: str

    @staticmethod
    def of(wanted: Right) -> Kind:
        return Kind(wanted.group, wanted.resource, wanted.namespace if wanted.resource in GUARDED else "")

    def covers(self, wanted: Right) -> bool:
        return (self.group, self.resource) == wanted[1:3] and self.namespace in ("", wanted.namespace)

    def __str__(self) -> str:
        group = f".{self.group}" if self.group not in ("", "-") else ""
        return f"{self.resource}{group}" + (f" in {self.namespace}" if self.namespace else "")


def missing(found: Needs) -> t.Iterator[Missing]:
    """Take away one kind after the other, where it is used."""
    for part in PARTS:
        kinds: dict[Kind, str] = {}
        for wanted, scenario in found.own(part).items():
            kinds.setdefault(Kind.of(wanted), scenario)
        for scenario, (state, change) in SCENARIOS.items():
            here = sorted(kind for kind, first in kinds.items() if first == scenario)
            if not here:
                continue
            with clusters(state, change) as fleet:
                before = verify(fleet, part)
                for kind in here:
                    without = functools.partial(_lacks, kind)
                    yield Missing(part, kind, before, verify(fleet, part, without))


def _lacks(kind: Kind, request: Request) -> bool:
    return not kind.covers(right(request))


def lost(kind: Kind) -> list[str]:
    """Findings that the recordings show with all rights, and not when this kind may not be read."""
    keys = {read.key for read in READS if kind.covers(right(Request("list", _path(read.path), {}, {}, None)))}
    return sorted({name for state in STATES for name in _found(state, set()) - _found(state, keys)})


def _path(template: str) -> str:
    places = {"operator": "submariner-operator", "broker": BROKER, "secret": "x", "dns_namespace": "kube-system"}
    return template.format(**places, dns_name="x")


@functools.cache
def _snapshots(state: str) -> dict[str, Snapshot]:
    return {host: snapshot_of(recording(state, host)) for host in HOSTS}


def _found(state: str, unread: t.Collection[str]) -> set[str]:
    digests: Json = {}
    for host, whole in _snapshots(state).items():
        partly = Snapshot(operator_namespace=whole.operator_namespace)
        for key, reading in whole.readings.items():
            partly.readings[key] = Reading("unknown", [], "forbidden") if key in unread else reading
        digests[host] = digest(partly, host)
    fleet = Fleet.of(digests, HOSTS[0], HOSTS)
    return {finding.id for finding in check_fleet(fleet, list(CHECKS)) if finding.severity in (ERROR, WARNING)}


TITLE = """\
# Rights for verify

[verify-clusterrole.yml](verify-clusterrole.yml) has the rights that `verify` needs, and no others. This page is generated from what
`verify` asks: `python -m tests.rights`.

| part | for |
|---|---|
"""
TABLE = """
## What is unknown when a kind may not be read

The verdict is then `unknown` at best, a finding names the kind, and everything else is judged as before. Columns: the checks that
`fleet_check` does not make of such a cluster, the findings in recorded damages that are missed, and the verdicts of the waits and
of `log_info` on a healthy clusterset.

| part | not readable | not judged | missed | wait_for_single_endpoint | wait_for_connections | log_info |
|---|---|---|---|---|---|---|
"""


def page(rows: t.Iterable[Missing]) -> str:
    parts = "".join(f"| `clusterset-{part}` | {about} |\n" for part, about in ABOUT.items())
    lines = []
    for row in rows:
        modules = ("wait_for_single_endpoint", "wait_for_connections", "log_info")
        said = [row.after.said(module) if module in PARTS[row.part] else "" for module in modules]
        missed = ", ".join(f"`{name}`" for name in lost(row.kind))
        cells = [row.part, f"`{row.kind}`", ", ".join(row.not_judged) or "-", missed or "-", *said]
        lines.append("| " + " | ".join(cells) + " |\n")
    return TITLE + parts + TABLE + "".join(lines)
