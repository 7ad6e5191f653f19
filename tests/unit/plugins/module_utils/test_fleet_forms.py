# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets in other forms than the recorded ones: dual-stack, with other words for a version, and not wholly readable."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from tests.unit.plugins.module_utils.test_fleet import judge, recorded, told


def twin(address: str) -> t.Callable[[Json], None]:
    """Each connection once more, by another address."""

    def change(obj: Json) -> None:
        if obj["kind"] == "Gateway":
            connections = obj["status"]["connections"]
            connections += [{**copy.deepcopy(c), "usingIP": address} for c in connections]

    return change


def test_a_connection_of_each_family_is_right() -> None:
    assert told(judge(recorded(change=twin("fd00::7")))) == {}
    found = told(judge(recorded(change=twin("10.9.9.9"))))
    assert set(found) == {"connection.duplicate"}


def test_a_connection_of_one_family_that_fails_is_named() -> None:
    def broken(obj: Json) -> None:
        twin("fd00::7")(obj)
        if obj["kind"] == "Gateway":
            obj["status"]["connections"][-1]["status"] = "error"

    found = [f for f in judge(recorded(change=broken)) if f.id == "connection.not-connected"]
    assert found
    assert all("(IPv6)" in f.observed for f in found)


def test_a_leading_v_makes_no_other_version() -> None:
    fleet = recorded()
    fleet["west"]["submariner"]["version"] = "v" + fleet["west"]["submariner"]["version"]
    assert "version.skew" not in told(judge(fleet, "versions"))


def test_without_the_namespaces_the_records_are_judged_all_the_same() -> None:
    fleet = recorded("joined-as-second-id")
    fleet["east"]["unknown"] = {"namespaces": "forbidden"}
    found = told(judge(fleet))
    assert {"cluster.unread", "cluster.two-ids", "endpoint.ghost"} <= set(found)


def test_a_copy_with_another_public_address_differs() -> None:
    def moved(obj: Json) -> None:
        copied = obj["kind"] == "Endpoint" and obj["metadata"]["namespace"] == "submariner-operator"
        if copied and obj["spec"]["cluster_id"] == "west" and obj["metadata"].get("labels"):
            obj["spec"]["public_ip"] = "203.0.113.9"

    assert "endpoint.copy-differs" in told(judge(recorded(change=moved)))


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("nodes is forbidden: User x cannot list", "allow reading it"),
        ("timed out", "see that the API server answers in time"),
    ],
)
def test_what_to_do_about_an_answer_that_is_missing(reason: str, hint: str) -> None:
    fleet = recorded()
    fleet["west"]["unknown"] = {"nodes": reason}
    assert {f.hint for f in judge(fleet) if f.id == "cluster.unread"} == {hint}
