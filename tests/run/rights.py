# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/verify-clusterrole.yml and docs/verify-rights.md from what verify asks: `python -m tests.run.rights`."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.fleet import CHECKS, check_fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._digest import digest
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import ERROR, WARNING, Reading, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import READS, snapshot_of
from tests.unit.fake_api import RECORDINGS, Request, recording
from tests.unit.rbac import Right, right
from tests.unit.verifying import HOSTS, PARTS, SCENARIOS, Verified, clusters, verify

Json = dict[str, t.Any]

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "docs" / "verify-clusterrole.yml"
PAGE = ROOT / "docs" / "verify-rights.md"

SUBJECT = "clusterset-verifiers"
STATES = sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())
BROKER, OURS = "submariner-k8s-broker", "submariner-lifecycle"
GUARDED = ("configmaps", "secrets", "pods/log")
"""May hold secrets: allowed in the namespaces that are read, by Roles, and nowhere else."""
NAMED = ("configmaps", "secrets", "namespaces", "dnses")
"""A GET of these is for one object, which is named."""

ABOUT = {
    "verify": "What verify needs on every member and on the broker's cluster.",
    "residue": "For what is left of removed installations (section residue of cluster_info), and the accesses to the broker.",
    "access": "For the expiry of the broker's CA (section access of cluster_info): the Secret with the token for the broker.",
    "logs": "For log_info.",
    "data-path": "For the data path: pods of our own, in a namespace of our own, and what they are asked.",
}
DATA_PATH = (
    Right("list", "", "nodes", "", ""),
    Right("list", "submariner.io", "gateways", "", ""),
    Right("create", "", "namespaces", "", ""),
    Right("get", "", "namespaces", OURS, OURS),
    Right("patch", "", "namespaces", OURS, OURS),
    Right("delete", "", "namespaces", OURS, OURS),
    *(Right(verb, "", "pods", OURS, "") for verb in ("get", "list", "create", "delete")),
    # A WebSocket is opened with GET; newer API servers want the right to create, too.
    *(Right(verb, "", "pods/exec", OURS, "") for verb in ("get", "create")),
    *(Right("list", group, kind, OURS, "") for group, kind in (("", "events"), ("", "secrets"), ("", "configmaps"))),
    Right("list", "apps", "daemonsets", OURS, ""),
    Right("list", "coordination.k8s.io", "leases", OURS, ""),
)

HEAD = f"""\
# The rights that verify needs, and no others. Generated from what it asks: python -m tests.run.rights
#
# Apply it on each cluster and put whoever runs verify into the group {SUBJECT}, or name another subject:
#   kubectl apply -f docs/verify-clusterrole.yml
#
# Every document after the part "verify" may be left out; docs/verify-rights.md says what is unknown then.
# Roles stand in namespaces of Submariner and go with them: apply the file again after an installation. That of the broker's
# namespace, and the part "data-path" (which needs the namespace {OURS} first), can be applied where these are.
# The names do not begin with "submariner-": subctl uninstall deletes such roles, whoever made them.
"""


@dataclass
class Needs:
    """Rights by part, and for each the scenario in which it was used first."""

    rights: dict[str, dict[Right, str]] = field(default_factory=dict)

    def add(self, part: str, scenario: str, requests: t.Iterable[Request]) -> None:
        for request in requests:
            self.rights.setdefault(part, {}).setdefault(_general(right(request)), scenario)

    def own(self, part: str) -> dict[Right, str]:
        """Those that the part "verify" does not have."""
        base = self.rights["verify"] if part != "verify" else {}
        return {r: scenario for r, scenario in self.rights[part].items() if r not in base}


def _general(wanted: Right) -> Right:
    """Without the name of the object, where all of them are read."""
    return wanted if wanted.resource in NAMED and wanted.verb == "get" else wanted._replace(name="")


def needs() -> Needs:
    """Watch verify work in every scenario."""
    found = Needs()
    for scenario, (state, change) in SCENARIOS.items():
        with clusters(state, change) as fleet:
            for part in PARTS:
                found.add(part, scenario, verify(fleet, part, waiting=1.0 if scenario == "healthy" else 0.0).requests)
    found.rights["data-path"] = dict.fromkeys(DATA_PATH, "")
    return found


# -- roles ---------------------------------------------------------------------------------------------------------


def roles(found: Needs) -> list[Json]:
    """ClusterRoles and Roles, part by part."""
    return [document for part in ABOUT for document in _of_part(part, found.own(part))]


def _of_part(part: str, rights: t.Iterable[Right]) -> list[Json]:
    by_place: dict[tuple[str, str], list[Right]] = {}
    for wanted in sorted(rights):
        guarded = wanted.resource in GUARDED or wanted.namespace == "kube-system"
        in_role = (guarded or wanted.namespace == OURS) and wanted.resource != "namespaces"
        by_place.setdefault(("Role", wanted.namespace) if in_role else ("ClusterRole", ""), []).append(wanted)
    documents = []
    for (kind, namespace), wanted_here in sorted(by_place.items()):
        meta = {"name": f"clusterset-{part}", **({"namespace": namespace} if namespace else {})}
        documents.append({"kind": kind, "metadata": meta, "rules": _rules(wanted_here), "part": part})
    return documents


def _rules(rights: t.Sequence[Right]) -> list[Json]:
    """As few rules as say it."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for wanted in rights:
        verbs.setdefault((wanted.group, wanted.resource, wanted.name), []).append(wanted.verb)
    grouped: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), allowed in verbs.items():
        grouped.setdefault((group, name, tuple(sorted(set(allowed)))), []).append(resource)
    rules: list[Json] = []
    for (group, name, allowed_verbs), resources in sorted(grouped.items()):
        rule: Json = {"nonResourceURLs": resources} if group == "-" else {"apiGroups": [group], "resources": resources}
        if name:
            rule["resourceNames"] = [name]
        rules.append({**rule, "verbs": list(allowed_verbs)})
    return rules


def text(documents: t.Sequence[Json]) -> str:
    """The file: each role with its binding."""
    pieces, part = [HEAD], ""
    for document in documents:
        about = f"# {document['part']}: {ABOUT[document['part']]}\n" if document["part"] != part else ""
        part = document["part"]
        pieces.append(f"---\n{about}{_role(document)}---\n{_binding(document)}")
    return "".join(pieces)


def _head(kind: str, meta: Json) -> str:
    namespace = f"  namespace: {meta['namespace']}\n" if "namespace" in meta else ""
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {meta['name']}\n{namespace}"


def _role(document: Json) -> str:
    lines = []
    for rule in document["rules"]:
        entries = [f"{key}: [{', '.join(_word(word) for word in words)}]" for key, words in rule.items()]
        lines.append("  - " + "\n    ".join(entries) + "\n")
    return _head(document["kind"], document["metadata"]) + "rules:\n" + "".join(lines)


def _word(word: str) -> str:
    return f'"{word}"' if not word or word.startswith("/") else word


def _binding(document: Json) -> str:
    return (
        _head(f"{document['kind']}Binding", document["metadata"])
        + f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {document['kind']}, name: {document['metadata']['name']}}}\n"
        + f"subjects:\n  - {{apiGroup: rbac.authorization.k8s.io, kind: Group, name: {SUBJECT}}}\n"
    )


def load(part: str = "") -> list[Json]:
    """The roles in the file; of one part with what it builds on."""
    documents = [d for d in yaml.safe_load_all(ROLES.read_text()) if d and d["kind"] in ("ClusterRole", "Role")]
    names = [f"clusterset-{p}" for p in (("verify", part) if part else ABOUT)]
    return [d for d in documents if d["metadata"]["name"] in names]


# -- what is unknown without a right ---------------------------------------------------------------------------------


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
`verify` asks: `python -m tests.run.rights`.

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


def main() -> None:
    found = needs()
    ROLES.write_text(text(roles(found)))
    PAGE.write_text(page(list(missing(found))))


if __name__ == "__main__":
    main()
