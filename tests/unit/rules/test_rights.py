# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented rights are those that verify uses; with them it says the same as with all, without one of them never pass."""

from __future__ import annotations

import functools
import pathlib
import re

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import READS
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import SECTIONS as ALL_SECTIONS
from tests.rights import page, roles
from tests.rights.page import Missing
from tests.rights.roles import Needs
from tests.rights.verifying import PARTS, SCENARIOS, SECTIONS, clusters, verify
from tests.unit.fake_api import Request
from tests.unit.rbac import allows, right

ROOT = pathlib.Path(__file__).parents[3]
MODULE = "submariner.lifecycle.cluster_info"
ELSEWHERE = {"data_path", "second_opinion"}
"""Modules of the role verify that start pods or programs: their rights are other ones."""


@pytest.fixture(scope="module")
def needs() -> Needs:
    return roles.needs()


@pytest.fixture(scope="module")
def missing(needs: Needs) -> list[Missing]:
    return list(page.missing(needs))


def test_every_module_of_the_role_is_watched() -> None:
    tasks = "".join(path.read_text() for path in (ROOT / "roles" / "verify" / "tasks").glob("*.yml"))
    used = set(re.findall(r"^ +submariner\.lifecycle\.(\w+):$", tasks, re.MULTILINE))
    assert {"wait_for_single_endpoint", "wait_for_connections"} <= used
    watched = {module for modules in PARTS.values() for module in modules}
    assert used - watched - ELSEWHERE == set()


def test_the_role_reads_the_sections_that_are_watched() -> None:
    tasks = yaml.safe_load((ROOT / "roles" / "verify" / "tasks" / "judge.yml").read_text())
    asked = [str(task[MODULE]["sections"]) for task in tasks if MODULE in task]
    named = {word for words in asked for word in re.findall(r"'([a-z]+)'", words)}
    known = {section for sections in SECTIONS.values() for section in sections}
    assert named & set(ALL_SECTIONS) == known - {"identity"}, "identity is always read"


def test_the_roles_are_what_verify_asks_for(needs: Needs) -> None:
    assert roles.text(roles.roles(needs)) == roles.ROLES.read_text(), "run python -m tests.rights"


@pytest.mark.parametrize("part", SECTIONS)
def test_the_scenarios_make_it_read_all_that_its_sections_hold(needs: Needs, part: str) -> None:
    asked = {(wanted.verb, wanted.group, wanted.resource) for wanted in needs.rights[part]}
    for read in READS:
        # The namespace kube-system is asked for where namespaces may not be listed.
        if read.sections & set(SECTIONS[part]) and read.key != "kube-system":
            path = re.sub(r"\{\w+\}", "x", read.path)
            wanted = right(Request("get" if read.one else "list", path, {}, {}, None))
            assert wanted[:3] in asked, f"{read.key} is not read in any scenario"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_with_these_rights_it_says_the_same(scenario: str) -> None:
    with clusters(*SCENARIOS[scenario]) as fleet:
        for part in PARTS:
            whole = verify(fleet, part)
            with_roles = verify(fleet, part, functools.partial(allows, roles.load(part)))
            assert [r.path for r in with_roles.requests if r.status == 403] == []
            assert with_roles.requests
            assert (with_roles.verdict, with_roles.judged) == (whole.verdict, whole.judged)


def test_without_any_right_everything_is_unknown() -> None:
    with clusters() as fleet:
        assert verify(fleet).verdict == "pass"
        assert verify(fleet, permits=lambda _request: False).verdict in ("unknown", "fail")


def test_without_one_kind_it_never_passes_and_names_the_kind(missing: list[Missing]) -> None:
    assert len(missing) > 25
    for row in missing:
        assert row.after.verdict == "unknown", row.kind
        key = row.kind.resource.strip("/").rpartition("/")[2]
        assert key in row.after.words, row.kind
        assert "Traceback" not in row.after.words


def test_without_one_kind_the_rest_is_judged(missing: list[Missing]) -> None:
    for row in missing:
        if row.kind.resource != "submariners":  # without it nothing is known of an installation
            assert len(row.after.judged) >= len(row.before.judged) - 5, row.kind
    assert {check for row in missing for check in row.not_judged} >= {"dns", "services", "gateways", "globalnet"}


def test_the_page_says_what_is_unknown_when(missing: list[Missing]) -> None:
    assert page.page(missing) == page.PAGE.read_text(), "run python -m tests.rights"


def test_the_file_is_what_it_says() -> None:
    documents = yaml.safe_load(roles.ROLES.read_text())["items"]
    names = {
        (d["kind"].removesuffix("Binding"), d["metadata"]["name"], d["metadata"].get("namespace")) for d in documents
    }
    assert len(documents) == 2 * len(names), "each role has a binding"
    for document in documents:
        assert not document["metadata"]["name"].startswith("submariner-"), "subctl uninstall deletes these"
        for rule in document.get("rules", []):
            assert "*" not in [word for words in rule.values() for word in words]
            guarded = set(rule.get("resources", [])) & {"secrets", "configmaps", "pods/log", "pods/exec"}
            assert not guarded or document["kind"] == "Role", "what may hold secrets is allowed in a namespace only"
    written = [document for document in documents if "create" in str(document.get("rules"))]
    assert {d["metadata"].get("namespace", "") for d in written} == {"", "submariner-lifecycle"}
    everywhere = [
        rule for d in written if d["kind"] == "ClusterRole" for rule in d["rules"] if "create" in rule["verbs"]
    ]
    assert everywhere == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]}]
