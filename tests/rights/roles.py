# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verify asks -> the rights for it -> roles."""

from __future__ import annotations

import textwrap
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.rights.verifying import PARTS, SCENARIOS, clusters, verify
from tests.unit.fake_api import Request
from tests.unit.rbac import Right, right

Json = dict[str, t.Any]

ROOT = Path(__file__).parents[2]
ROLES = ROOT / "docs" / "verify-clusterrole.yml"

SUBJECT = "clusterset-verifiers"
BROKER, OURS = "submariner-k8s-broker", "submariner-lifecycle"
GUARDED = ("configmaps", "secrets", "pods/log")
"""May hold secrets: allowed in the namespaces that are read, by Roles, and nowhere else."""
NAMED = ("configmaps", "secrets", "namespaces", "dnses")
"""A GET of these is for one object, which is named."""

ABOUT = {
    "verify": "What verify needs on every member and on the broker's cluster.",
    "residue": "For submariner_verify_residue: what is left of removed installations, and the accesses to the broker.",
    "access": "For submariner_verify_access: the Secret by which a member knows its broker.",
    "logs": "For submariner_verify_logs, and for the cause where something does not run.",
    "data-path": "For submariner_verify_data_path: pods and exports of our own, in a namespace of our own.",
}
MCS = "multicluster.x-k8s.io"
DATA_PATH = (
    Right("list", "", "nodes", "", ""),
    Right("list", "submariner.io", "gateways", "", ""),
    Right("list", "submariner.io", "submariners", "", ""),
    Right("list", "submariner.io", "servicediscoveries", "", ""),
    Right("create", "", "namespaces", "", ""),
    *(Right(verb, "", "namespaces", OURS, OURS) for verb in ("get", "patch", "delete")),
    *(Right(verb, "", "pods", OURS, "") for verb in ("get", "list", "create", "delete")),
    # A WebSocket is opened with GET; newer API servers want the right to create, too.
    *(Right(verb, "", "pods/exec", OURS, "") for verb in ("get", "create")),
    *(Right(verb, "", "services", OURS, "") for verb in ("list", "create", "delete")),
    *(Right(verb, "batch", "jobs", OURS, "") for verb in ("list", "create", "delete")),
    *(Right(verb, MCS, "serviceexports", OURS, "") for verb in ("get", "list", "create", "delete")),
    Right("list", MCS, "serviceimports", OURS, ""),
    Right("list", MCS, "serviceimports", BROKER, ""),
    Right("list", "discovery.k8s.io", "endpointslices", BROKER, ""),
    Right("list", "submariner.io", "globalingressips", OURS, ""),
    *(Right("list", "", kind, OURS, "") for kind in ("events", "secrets", "configmaps")),
    Right("list", "apps", "daemonsets", OURS, ""),
    Right("list", "coordination.k8s.io", "leases", OURS, ""),
)
"""The tests of data_path run with the role made of these."""

HEAD = f"""\
# The rights that verify needs, and no others. Generated from what it asks: python -m tests.rights
#
# Apply it on each cluster and put whoever runs verify into the group {SUBJECT}, or name another subject:
#   kubectl apply -f docs/verify-clusterrole.yml
#
# Every item after the part "verify" may be left out; docs/verify-rights.md says what is unknown then.
# Roles stand in namespaces of Submariner and go with them: apply the file again after an installation. Those of the broker's
# namespace and of openshift-dns (for MicroShift), and the part "data-path" (which needs the namespace {OURS} first),
# can be applied where these are.
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
        """Those that the part "verify" does not have, there or everywhere."""
        base = self.rights["verify"] if part != "verify" else {}
        wanted = self.rights[part].items()
        return {r: scenario for r, scenario in wanted if r not in base and r._replace(namespace="") not in base}


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
        in_role = wanted.namespace and (guarded or part == "data-path") and wanted.resource != "namespaces"
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
    pieces, part = [HEAD, "---\napiVersion: v1\nkind: List\nitems:\n"], ""
    for document in documents:
        about = f"  # {document['part']}: {ABOUT[document['part']]}\n" if document["part"] != part else ""
        part = document["part"]
        pieces += [about, _item(_role(document)), _item(_binding(document))]
    return "".join(pieces)


def _item(document: str) -> str:
    """As an entry of the List: linters take a file for one document."""
    return textwrap.indent(document, "    ").replace("    ", "  - ", 1)


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
    documents = [d for d in yaml.safe_load(ROLES.read_text())["items"] if d["kind"] in ("ClusterRole", "Role")]
    names = [f"clusterset-{p}" for p in (("verify", part) if part else ABOUT)]
    return [d for d in documents if d["metadata"]["name"] in names]
