# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of rights: it covers what is read and removed, is asked in few requests, and tells lacking from unknown."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import BROKER as OF_BROKER
from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import ENTRIES
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import EDIT, Entry
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import READS, Read
from ansible_collections.submariner.lifecycle.plugins.module_utils._rights import (
    NEEDED,
    VERBS,
    Question,
    denied,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._site import SITE_KEYS
from tests.rights import needed
from tests.unit.fake_api import Request
from tests.unit.rbac import Right, right

OPERATOR, BROKER = "submariner-operator", "submariner-k8s-broker"
PLACES = {"operator": OPERATOR, "broker": BROKER, "secret": "x", "dns_namespace": "kube-system", "dns_name": "x"}
ELSEWHERE = {"dns-microshift", "dns-of-microshift", "broker-secret", "gatewayroutes", "nongatewayroutes"}
"""Read on few platforms, or by verify alone."""


class Server:
    """Answers reviews by a rule; None for no answer."""

    def __init__(self, allows: t.Callable[[Json], bool | None]) -> None:
        self.asked: list[Json] = []
        self._allows = allows

    def create(self, _path: str, body: Json) -> Answer:
        attributes = body["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        allowed = self._allows(attributes)
        if allowed is None:
            return Answer("unknown", reason="no answer")
        return Answer("present", {"status": {"allowed": allowed}})


def ask(allows: t.Callable[[Json], bool | None], verb: str = "reinstall") -> tuple[t.Any, list[Json]]:
    server = Server(allows)
    return denied(t.cast(Api, server), verb), server.asked


def not_everything(attributes: Json) -> bool:
    return bool(attributes["verb"] != "*")


def covered(wanted: Right, verb: str) -> bool:
    questions = {q for need in NEEDED if verb in need.runs for q in need.questions(OPERATOR, BROKER)}
    place = "" if wanted.resource == "namespaces" else wanted.namespace
    return bool({Question(*wanted[:3], place), Question(*wanted[:3], "")} & questions)


@pytest.mark.parametrize("read", [r for r in READS if r.key not in SITE_KEYS | ELSEWHERE], ids=lambda r: r.key)
def test_what_a_removal_reads_is_asked_for(read: Read) -> None:
    path = read.path.format(**PLACES)
    wanted = right(Request("get" if read.one else "list", path, {}, {}, None))
    if wanted.group == "-":  # /version is open to all
        return
    if read.key == "kube-system":  # only where namespaces cannot be listed
        wanted = wanted._replace(verb="list", namespace="", name="")
    assert covered(wanted, "uninstall"), wanted
    if read.sections & {"identity", "state", "broker"} and read.key not in ("dns-operator", "clusterglobalegressips"):
        assert covered(wanted, "install"), wanted


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.residue}-{e.key}-{e.scope}")
def test_what_a_removal_takes_away_is_asked_for(entry: Entry) -> None:
    if entry.option or re.search("e2e|custom|microshift|elsewhere", entry.key):
        return
    namespace = BROKER if entry.scope == OF_BROKER else OPERATOR
    verb = "patch" if entry.action == EDIT else "delete"
    where = {"{operator}": OPERATOR, "{broker}": BROKER}.get(entry.namespace, entry.namespace) or namespace
    where = "kube-system" if entry.key in ("coredns", "dns-maps") else where
    wanted = right(Request(verb, entry.path.format(namespace=where, name="x"), {}, {}, None))
    assert covered(wanted._replace(name=""), "uninstall"), wanted


def test_an_administrator_is_asked_once() -> None:
    found, asked = ask(lambda _attributes: True)
    assert (found.needed, found.perhaps, found.unknown) == ([], [], "")
    assert len(asked) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_others_are_asked_for_each_right_once(verb: str) -> None:
    found, asked = ask(not_everything, verb)
    assert found == ([], [], "")
    assert len(asked) == len({tuple(sorted(a.items())) for a in asked}) <= 160


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("run", ["install", "reinstall"])
def test_what_subctl_makes_and_replaces_is_asked_for(run: str, verb: str) -> None:
    """It replaces what is there: a join makes again what deploy-broker made on the same cluster."""
    rbac = "rbac.authorization.k8s.io"
    made = [
        ("apiextensions.k8s.io", "customresourcedefinitions", ""),
        (rbac, "clusterroles", ""),
        (rbac, "clusterrolebindings", ""),
        ("apps", "deployments", OPERATOR),
        ("submariner.io", "servicediscoveries", OPERATOR),
        *(
            (group, kind, where)
            for where in (OPERATOR, BROKER)
            for group, kind in (("", "serviceaccounts"), (rbac, "roles"), (rbac, "rolebindings"))
        ),
    ]
    assert [place for place in made if not covered(Right(verb, *place, ""), run)] == []


def test_a_right_that_is_lacking_is_named_with_its_place() -> None:
    found, _asked = ask(lambda a: a["verb"] != "*" and (a["verb"], a["resource"]) != ("delete", "secrets"))
    assert found.needed == [
        "delete secrets in submariner-lifecycle",
        "delete secrets in submariner-k8s-broker",
    ]
    assert found.perhaps == ["delete secrets in submariner-operator"]


def test_what_may_be_needed_is_told_apart() -> None:
    found, _asked = ask(lambda a: a["verb"] not in ("*", "escalate") and a.get("subresource") != "scale")
    assert found.needed == []
    assert set(found.perhaps) == {
        "patch deployments/scale.apps in submariner-operator",
        "escalate roles.rbac.authorization.k8s.io",
        "escalate clusterroles.rbac.authorization.k8s.io",
    }


def test_no_answer_is_not_a_refusal() -> None:
    found, _asked = ask(lambda a: None if a["resource"] == "nodes" else a["verb"] != "*")
    assert (found.needed, found.unknown) == ([], "no answer")


def test_a_removal_asks_for_no_right_to_deploy_and_the_other_way_round() -> None:
    _found, removing = ask(not_everything, "uninstall")
    _found, deploying = ask(not_everything, "install")
    made = {("create", "customresourcedefinitions"), ("create", "deployments"), ("escalate", "clusterroles")}
    gone = {("delete", "customresourcedefinitions"), ("delete", "deployments"), ("delete", "endpoints")}
    assert not made & {(a["verb"], a["resource"]) for a in removing}
    assert made <= {(a["verb"], a["resource"]) for a in deploying}
    assert gone <= {(a["verb"], a["resource"]) for a in removing}
    assert not gone & {(a["verb"], a["resource"]) for a in deploying}


def test_a_cluster_without_a_broker_is_not_asked_for_the_brokers_rights() -> None:
    server = Server(not_everything)
    denied(t.cast(Api, server), "reinstall", brokers=())
    assert BROKER not in {a.get("namespace") for a in server.asked}
    assert ("leases", "submariner-lifecycle", "create") not in {
        (a["resource"], a.get("namespace"), a["verb"]) for a in server.asked
    }


def test_every_right_says_what_for() -> None:
    assert [need for need in NEEDED if not need.what or not need.runs] == []


def test_the_page_is_the_table() -> None:
    assert needed.page() == needed.PAGE.read_text(), "run python -m tests.rights"
