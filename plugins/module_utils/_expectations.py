# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users' own expectations: JMESPath over what was read; pure. Private to this collection, may change at any time.

JMESPath is imported when there is an expectation: L(compiled) raises ImportError without it.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.module_utils._fleet import Fleet, Host
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import UNKNOWN, Finding, Json, mapping
from ansible_collections.submariner.lifecycle.plugins.module_utils._structured import PARTS

CLUSTER, FLEET = "cluster", "fleet"
ID = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
SHOWN = 200
"""Characters of a value that a finding shows."""


class ExpectationError(ValueError):
    """An expectation that cannot be used; the words name it, the place and the way out."""


@dataclass(frozen=True)
class Expectation:
    """One expectation, ready to be asked. C(expect) is what the expression must give; None for anything true."""

    id: str
    expression: str
    severity: str
    text: str
    scope: str
    expect: t.Any
    search: t.Callable[[t.Any], t.Any]
    fields: frozenset[str]
    """All names of fields in the expression."""


def compiled(entries: t.Sequence[Json]) -> list[Expectation]:
    """The expectations of the module's option; raises ExpectationError for one that cannot be used."""
    found: list[Expectation] = []
    for number, entry in enumerate(entries):
        name, expression = str(entry["id"]), str(entry["expression"])
        where = f"expectations[{number}] ('{name}')"
        if not ID.fullmatch(name):
            raise ExpectationError(f"{where}: the id must be made of lower-case letters, digits, hyphens and dots.")
        if name in FINDINGS:
            raise ExpectationError(f"{where}: the id is one of this collection's findings. Take another one.")
        if name in {e.id for e in found}:
            raise ExpectationError(f"{where}: the id is given twice. Take another one.")
        search, parsed = _compile(expression, where)
        found.append(
            Expectation(
                id=name,
                expression=expression,
                severity=str(entry["severity"]),
                text=str(entry["text"] or ""),
                scope=str(entry["scope"]),
                expect=entry["expect"],
                search=search,
                fields=frozenset(_values(parsed, "field")),
            )
        )
    return found


def _compile(expression: str, where: str) -> tuple[t.Callable[[t.Any], t.Any], Json]:
    import jmespath
    from jmespath import exceptions, functions

    try:
        made = jmespath.compile(expression)
    except (exceptions.JMESPathError, RecursionError) as error:
        raise ExpectationError(f"{where}: {_trouble(expression, error)}") from error
    known = functions.Functions.FUNCTION_TABLE
    for name in _values(made.parsed, "function_expression"):
        if name not in known:
            place = _place(expression, expression.find(name))
            raise ExpectationError(
                f"{where}: there is no function {name}, {place}. Known are {', '.join(sorted(known))}."
            )
    return made.search, made.parsed


def _trouble(expression: str, error: BaseException) -> str:
    """Where an expression breaks, in one line."""
    if not expression.strip():
        return "the expression is empty. Write one, such as length(digest.clusters)."
    position = getattr(error, "lex_position", getattr(error, "lexer_position", None))
    place = _place(expression, position if isinstance(position, int) else len(expression))
    token = getattr(error, "token_value", None)
    what = f"'{token}' is not expected" if token else "it cannot be read"
    return f"the JMESPath expression is broken: {what}, {place}. See https://jmespath.org/specification.html."


def _place(expression: str, position: int) -> str:
    """A position in an expression: its number, and the expression with a mark there."""
    position = max(0, min(position, len(expression)))
    return f"at character {position + 1}: {expression[:position]} >>> {expression[position:] or 'end'}"


def _values(parsed: t.Any, kind: str) -> t.Iterator[str]:
    """The values of all nodes of one type in a parsed expression."""
    if isinstance(parsed, dict):
        if parsed.get("type") == kind:
            yield str(parsed.get("value"))
        for child in parsed.get("children", ()):
            yield from _values(child, kind)
    elif isinstance(parsed, list):
        for child in parsed:
            yield from _values(child, kind)


def check_expectations(
    expectations: t.Sequence[Expectation],
    fleet: Fleet,
    snapshots: t.Mapping[str, t.Any],
    findings: t.Sequence[Finding],
) -> list[Finding]:
    """Ask each expectation of every cluster, or of the fleet. What cannot be answered is unknown, and never met."""
    clusters = [{"host": h.name, "digest": h.digest, "snapshot": snapshots.get(h.name)} for h in fleet.hosts]
    whole = {"broker": fleet.broker_host, "clusters": clusters, "findings": [f.as_dict() for f in findings]}
    answers: list[Finding | None] = []
    for expectation in expectations:
        missing = {h.name: _missing(expectation, h, snapshots.get(h.name)) for h in fleet.hosts}
        if expectation.scope == CLUSTER:
            answers += [_ask(expectation, c, host, missing[host]) for host, c in zip(missing, clusters)]
        else:
            named = [
                f"{host}: {reason}" for host, reason in missing.items() if reason and CLUSTERS in expectation.fields
            ]
            answers.append(_ask(expectation, whole, "clusterset", "; ".join(named)))
    return [a for a in answers if a is not None]


CLUSTERS = "clusters"
MISSING = "it asks for a snapshot, and there is none in the option snapshots"
READINGS: dict[str, tuple[str, ...]] = {
    **{part: keys for part, (keys, _build) in PARTS.items()},
    "brokers": ("brokers", "namespaces", "endpoints", "clusters", "broker-configmaps"),
    "dns": ("coredns", "dns-custom", "dns-operator", "services"),
    "versions": ("submariners", "deployments", "daemonsets", "gateways", "routeagents"),
    "workloads": ("deployments", "daemonsets", "pods"),
    **dict.fromkeys(("cluster_id", "installed", "going", "health_check", "global_cidrs"), ("submariners",)),
    **dict.fromkeys(("endpoints", "own_endpoints", "copies"), ("endpoints",)),
    "gateway_nodes": ("nodes",),
    "operator": ("deployments",),
}
"""Field of a digest or a snapshot -> the readings without whose answer it says nothing."""


def _missing(expectation: Expectation, host: Host, snapshot: t.Any) -> str:
    """Why a cluster has no answer to an expectation: without one a list is empty, as if nothing were there."""
    fields = expectation.fields
    if not host.readings:
        return "the cluster was not read"
    if "snapshot" in fields and not snapshot:
        return MISSING
    absent = fields & set(PARTS) - set(mapping(snapshot)) if "snapshot" in fields else set()
    if absent:
        return f"{', '.join(sorted(absent))} was not among the sections that were read"
    keys = {key for field in fields for key in READINGS.get(field, ())}
    keys |= {CLUSTERS} & fields if expectation.scope == CLUSTER else set()
    silent = sorted(keys & set(mapping(host.digest.get("unknown"))))
    return f"not answered: {', '.join(silent)}" if silent else ""


def _ask(expectation: Expectation, data: Json, subject: str, missing: str) -> Finding | None:
    from jmespath import exceptions

    if missing:
        return _unanswered(expectation, subject, missing)
    try:
        value = expectation.search(data)
        shown = json.dumps(value, sort_keys=True)[:SHOWN]
    except exceptions.ArityError as error:
        raise ExpectationError(f"expectation '{expectation.id}': {error} in {expectation.expression}.") from error
    except (exceptions.JMESPathError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        return _unanswered(expectation, subject, " ".join(str(error).split()))
    if _is_met(value, expectation.expect):
        return None
    wanted = "" if expectation.expect is None else json.dumps(expectation.expect)[:SHOWN]
    instead = f", not {wanted}" if wanted else ""
    return Finding(
        expectation.id,
        expectation.severity,
        subject,
        f"{expectation.text or expectation.expression}: {shown}{instead}",
        wanted or "a true value",
        cause="an expectation of this inventory is not met",
        hint="correct what it is about, or the expectation",
        evidence={"expression": expectation.expression},
    )


def _unanswered(expectation: Expectation, subject: str, reason: str) -> Finding:
    return Finding(
        expectation.id,
        UNKNOWN,
        subject,
        f"could not be answered: {reason}",
        "an answer",
        hint=f"read what it asks for, or correct the expression {expectation.expression}",
    )


def _is_met(value: t.Any, expect: t.Any) -> bool:
    """Equal to what is expected, of which a template may have made a text; without it: true as JMESPath sees it."""
    if expect is None:
        return bool(value) or (value == 0 and not isinstance(value, bool))
    if isinstance(expect, str) and not isinstance(value, str):
        return json.dumps(value) in (expect.strip(), expect.strip().lower())
    if isinstance(value, bool) != isinstance(expect, bool):
        return False
    return bool(value == expect)
