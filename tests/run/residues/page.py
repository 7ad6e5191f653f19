# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about residues, made of the catalogue's entries and what _residues says of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import (
    BROKER_NS,
    EDIT,
    ENTRIES,
    OPERATOR,
    Entry,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import STAGES
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import KINDS
from ansible_collections.submariner.lifecycle.plugins.module_utils._residues import ON_NODES, RESIDUES, Residue

PAGE = Path(__file__).parents[3] / "docs" / "residues.md"

HEAD = """# Residues

What an installation of Submariner leaves behind when its removal is broken off, and partly also when it succeeds; how each is
known to be Submariner's, and what the role `cleanup` and the module
`submariner.lifecycle.cleanup` do about it. Whatever cannot be read is unknown: then nothing goes. Whatever is not proven to be
Submariner's stays, and is named in the result if it looks like it. `--check --diff` shows the plan; the journal in the result
says for each object why it was removed, and for each edit what was there before.

A stage begins when nothing of an earlier one is left:

{stages}

This page is generated from the catalogue (`plugins/module_utils/_catalogue.py`) and from `plugins/module_utils/_residues.py`.

"""
RESIDUE_HEAD = (
    "| | what | known by | what is done | stage | who else may have it | releases |\n|---|---|---|---|---|---|---|\n"
)
INSTALLED_HEAD = """
## Of a running installation

What has no number above, and goes, too.

| kind | known by | stage | releases |
|---|---|---|---|
"""
NODES_HEAD = """
## On the nodes (R24)

| layer | what | known by | releases |
|---|---|---|---|
"""
TAIL = """
## What cannot be proven

- A ConfigMap outside `kube-system` that a Submariner resource named for service discovery is found as long as that resource is
  there, and for the rest of that run. A later run does not know it any more.
- R26 and R27 are not on any API server or node.
"""


def page() -> str:
    """The whole page."""
    stages = "\n".join(f"{number}. {words}" for number, words in enumerate(STAGES.values(), 1))
    residues = "".join(_residue(number, residue) for number, residue in sorted(RESIDUES.items()))
    installed = "".join(_row(*group) for group in _grouped([e for e in ENTRIES if not e.residue]))
    nodes = "".join(_row(row.layer, _quoted(row.names), row.known, row.releases) for row in ON_NODES)
    head = HEAD.format(stages=stages)
    return head + RESIDUE_HEAD + residues + INSTALLED_HEAD + installed + NODES_HEAD + nodes + TAIL


def _residue(number: int, residue: Residue) -> str:
    entries = [e for e in ENTRIES if e.residue == f"R{number}"]
    known = [f"{kinds}: {known}" for kinds, known, *_rest in _grouped(entries)] or [residue.known]
    stages = sorted({_stage(e) for e in entries}) or [residue.order]
    others = [e.others for e in entries if e.others] or [residue.others]
    releases = [_releases(e) for e in entries if _releases(e)] or [residue.releases]
    cells = ("; ".join(dict.fromkeys(cell)) for cell in (known, [residue.done], stages, others, releases))
    return _row(f"R{number}", residue.what, *cells)


def _grouped(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """Kinds that are known by the same, with that, their stage and their releases."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        group = (_known(entry) + _place(entry), _stage(entry), _releases(entry))
        groups.setdefault(group, []).append(KINDS[entry.key])
    return [(" and ".join(dict.fromkeys(kinds)), *group) for group, kinds in groups.items()]


def _stage(entry: Entry) -> str:
    return str([*STAGES].index(entry.stage) + 1)


def _place(entry: Entry) -> str:
    return {OPERATOR: ", in the operator's namespace", BROKER_NS: ", in the broker's namespace"}.get(
        entry.namespace, ""
    )


def _known(entry: Entry) -> str:
    """The recognisers of an entry in words."""
    parts = [entry.words] if entry.words else []
    if entry.action != EDIT and not entry.words:
        parts += [_quoted(sorted(entry.names))] if entry.names else []
        parts += [f"named `{entry.pattern}`"] if entry.pattern and entry.pattern not in (OPERATOR, BROKER_NS) else []
        parts += [f"marked {_quoted(entry.marks, ' or ')}"] if entry.marks else []
        parts += [f"not marked {_quoted(entry.unless)}"] if entry.unless else []
    parts += [entry.sign] if entry.sign else []
    parts += [f"only with the option `{entry.option}`"] if entry.option else []
    return ", ".join(parts) or "all of them"


def _releases(entry: Entry) -> str:
    return " ".join(
        words for words in (entry.since and f"from {entry.since}", entry.until and f"up to {entry.until}") if words
    )


def _quoted(names: Iterable[str], separator: str = ", ") -> str:
    return separator.join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
