# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module upgrade_plan on recorded clusters whose versions a test may change."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._checks import upgrade
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.upgrade import Fleet, Runs
from ansible_collections.submariner.lifecycle.plugins.modules import upgrade_plan
from tests.unit.clusterset import DAEMON_SETS, SUBMARINERS, Clusterset
from tests.unit.fake_api import FakeApi
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
DEPLOYMENTS = ("apps", "deployments")
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")


class Versions(Clusterset):
    """East and west as recorded, of 0.19.0."""

    def arguments(self, **options: t.Any) -> Json:
        sources = [{"cluster_id": c, "auth": self.access(a)} for c, a in (("east", self.east), ("west", self.west))]
        return {**self.access(self.east), "broker_id": "east", "sources": sources, "version": "0.20.0", **options}

    def plan(self, *, check: bool = False, diff: bool = False, **options: t.Any) -> Outcome:
        return run_module(upgrade_plan.main, self.arguments(**options), check=check, diff=diff)

    def images(self, api: FakeApi, version: str, **metadata: str) -> None:
        def retag(body: Json) -> None:
            for container in body["spec"]["template"]["spec"]["containers"]:
                container["image"] = container["image"].rpartition(":")[0] + f":{version}"

        for kind in (DAEMON_SETS, DEPLOYMENTS):
            self.change(api, kind, retag, **metadata)

    def upgraded(self, api: FakeApi, version: str = "0.20.0") -> None:
        self.images(api, version)
        self.change(api, SUBMARINERS, lambda body: body["spec"].update(version=version))


@pytest.fixture
def versions(api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path) -> Versions:
    return Versions(api, other_api, tmp_path)


def ids(outcome: Outcome) -> list[str]:
    return [finding["id"] for finding in outcome["findings"]]


def test_the_broker_goes_first_and_then_every_member(versions: Versions) -> None:
    outcome = versions.plan()
    assert (outcome["verdict"], outcome["findings"]) == ("pass", [])
    assert [(s["what"], s["cluster_id"], s["from"]) for s in outcome["steps"]] == [
        ("broker", "east", ["0.19.0"]),
        ("member", "east", ["0.19.0"]),
        ("member", "west", ["0.19.0"]),
    ]
    assert not outcome.changed
    assert versions.east.writes == versions.west.writes == []


def test_check_mode_tells_of_the_change(versions: Versions) -> None:
    outcome = versions.plan(check=True, diff=True)
    assert outcome.changed
    assert "member west: 0.19.0" in outcome["diff"]["before"]
    assert "member west: 0.20.0" in outcome["diff"]["after"]


def test_nothing_to_do(versions: Versions) -> None:
    outcome = versions.plan(version="0.19.0", check=True, diff=True)
    assert (outcome["steps"], outcome.changed) == ([], False)
    assert outcome["lines"] == ["nothing to upgrade: all of it is 0.19.0"]
    assert outcome["diff"] == {"before": "", "after": ""}


def test_what_was_left_half_done_is_gone_on_with(versions: Versions) -> None:
    versions.images(versions.east, "0.20.0", name="submariner-operator")
    versions.upgraded(versions.west)
    outcome = versions.plan()
    assert [(s["what"], s["cluster_id"]) for s in outcome["steps"]] == [("member", "east")]


def test_a_member_that_the_interrupted_run_took_down(versions: Versions) -> None:
    versions.images(versions.east, "0.20.0", name="submariner-operator")
    west = versions.west.cluster
    west.delete(SUBMARINERS, "submariner-operator", "submariner")
    assert ids(versions.plan()) == ["upgrade.not-installed"]
    outcome = versions.plan(continued=True)
    assert (outcome["verdict"], "west" in outcome["settings"]) == ("pass", False)
    assert outcome["steps"][-1]["cluster_id"] == "west"


def test_a_member_beside_the_broker_that_the_interrupted_run_took_down(versions: Versions) -> None:
    """Its operator was the broker's, too: which version that was nobody can say, so it is deployed again."""
    east = versions.east.cluster
    versions.change(versions.east, SUBMARINERS, lambda body: body["metadata"].pop("finalizers", None))
    east.delete(SUBMARINERS, "submariner-operator", "submariner")
    east.delete(DEPLOYMENTS, "submariner-operator", "submariner-operator")
    assert ids(versions.plan()) == ["upgrade.version-unknown", "upgrade.not-installed"]
    outcome = versions.plan(continued=True)
    assert (outcome["verdict"], outcome["findings"]) == ("pass", [])
    assert [(s["what"], s["cluster_id"]) for s in outcome["steps"]] == [
        ("broker", "east"),
        ("member", "east"),
        ("member", "west"),
    ]
    assert "broker east: no operator -> 0.20.0" in outcome["lines"][0]
    alone = versions.plan(continued=True, with_broker=False, members=["west"])
    assert ids(alone) == ["upgrade.broker-first"]
    assert "without its operator" in alone["findings"][0]["observed"]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("0.18.4", "upgrade.downgrade"),
        ("0.21.0", "upgrade.skips-release"),
        ("1.0.0", "upgrade.skips-release"),
        ("0.20.0-rc0", "upgrade.target"),
        ("", "upgrade.target"),
    ],
)
def test_no_way_there(versions: Versions, target: str, found: str) -> None:
    outcome = versions.plan(version=target)
    assert set(ids(outcome)) == {found}
    assert outcome["verdict"] == "fail"
    assert all(finding["hint"] for finding in outcome["findings"])


def test_what_is_no_release_needs_to_be_allowed(versions: Versions) -> None:
    versions.upgraded(versions.west, "devel")
    assert ids(versions.plan()) == ["upgrade.version-unknown"]
    assert versions.plan(allow_unstable=True)["verdict"] == "pass"
    assert versions.plan(version="0.20.0-rc0", allow_unstable=True)["verdict"] == "pass"


def test_a_member_out_of_the_run_counts_for_the_skew(versions: Versions) -> None:
    versions.upgraded(versions.west, "0.18.2")
    outcome = versions.plan(members=["east"])
    assert ids(outcome) == ["upgrade.skips-release"]
    assert outcome["findings"][0]["subject"] == "cluster west"


def test_no_answer_is_no_version(versions: Versions) -> None:
    versions.west.fault(403, path="/daemonsets")
    outcome = versions.plan(members=["east"])
    assert (ids(outcome), outcome["verdict"], outcome["steps"]) == (["upgrade.unread"], "unknown", [])


def test_a_slice_without_the_broker_waits_for_it(versions: Versions) -> None:
    assert ids(versions.plan(members=["west"], with_broker=False)) == ["upgrade.broker-first"]
    versions.images(versions.east, "0.20.0", name="submariner-operator")
    outcome = versions.plan(members=["west"], with_broker=False)
    assert [s["cluster_id"] for s in outcome["steps"]] == ["west"]
    assert outcome["verdict"] == "pass"


def test_images_of_its_own_have_to_be_said_anew(versions: Versions) -> None:
    own = {"submariner-gateway": "registry/gateway:mine"}
    versions.change(versions.west, SUBMARINERS, lambda body: body["spec"].update(imageOverrides=own))
    versions.images(versions.west, "mine", name="submariner-gateway")
    assert ids(versions.plan()) == ["upgrade.overrides"]
    outcome = versions.plan(image_overrides={"west": own})
    assert (ids(outcome), outcome["verdict"]) == (["upgrade.overrides"], "degraded")
    outcome = versions.plan(image_overrides={"west": {"submariner-gateway": "registry/gateway:newer"}})
    assert (ids(outcome), outcome["steps"][-1]["from"]) == ([], ["0.19.0"])


def test_what_a_join_leaves_open_is_remembered(versions: Versions) -> None:
    def custom(body: Json) -> None:
        body["spec"].update(coreDNSCustomConfig={"configMapName": "dns", "namespace": "site"}, repository="mirror/sub")

    versions.change(versions.west, SUBMARINERS, custom)
    settings = versions.plan()["settings"]["west"]
    assert settings == {"cable_driver": "vxlan", "coredns_custom_configmap": "site/dns", "repository": "mirror/sub"}


def test_the_proof_wants_every_part_at_the_version(versions: Versions) -> None:
    for api in (versions.east, versions.west):
        versions.upgraded(api)
    assert versions.plan(state="reached")["verdict"] == "pass"
    versions.images(versions.west, "0.19.0", name="submariner-lighthouse-agent")
    outcome = versions.plan(state="reached")
    assert ids(outcome) == ["upgrade.not-reached"]
    assert "submariner-lighthouse-agent 0.19.0" in outcome["findings"][0]["observed"]
    assert versions.plan(state="reached", members=["east"])["verdict"] == "pass"


def test_a_member_is_not_judged_by_one_that_comes_later(versions: Versions) -> None:
    """Where the operator's image was chosen, the broker's version is that of the member beside it."""
    chosen = {"submariner-operator": "registry.example/operator@sha256:" + "0" * 64}
    versions.change(versions.east, SUBMARINERS, lambda body: body["spec"].update(imageOverrides=chosen))
    versions.upgraded(versions.west)
    assert versions.plan(state="reached", members=["west"])["verdict"] == "pass"
    assert "upgrade.not-reached" in ids(versions.plan(state="reached"))


def test_the_proof_wants_the_same_definitions_everywhere(versions: Versions) -> None:
    for api in (versions.east, versions.west):
        versions.upgraded(api)

    def older(body: Json) -> None:
        body["spec"]["versions"] = [{"name": "v1", "served": True, "storage": True, "schema": {"of": "before"}}]

    versions.change(versions.east, CRDS, older, name="endpoints.submariner.io")
    outcome = versions.plan(state="reached")
    assert ids(outcome) == ["upgrade.definition-differs"]
    assert outcome["findings"][0]["subject"].endswith("endpoints.submariner.io")


def test_definitions_that_cannot_be_read_prove_nothing(versions: Versions) -> None:
    for api in (versions.east, versions.west):
        versions.upgraded(api)
    versions.west.fault(403, path="/customresourcedefinitions/")
    assert versions.plan(state="reached")["verdict"] == "unknown"


@pytest.mark.parametrize("target", ["0.15.5", "0.16.0"])
def test_no_way_leads_from_or_to_what_is_too_old(target: str) -> None:
    fleet = Fleet(
        Runs("b", versions={upgrade.OPERATOR: "0.15.4"}), [Runs("m", True, {upgrade.RESOURCE: "0.15.4"})], ["m"]
    )
    found = upgrade.judge(fleet, target)
    assert {(f.id, f.severity) for f in found} == {("upgrade.too-old", "error")}
    assert all(f.observed == f"would go from 0.15.4 to {target}" and f.hint for f in found)


RELEASES = st.tuples(st.integers(0, 1), st.integers(14, 26), st.integers(0, 9))


def words(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


@given(st.lists(RELEASES, min_size=1, max_size=4), RELEASES, RELEASES)
def test_a_way_leads_upwards_by_one_minor_release(
    members: list[upgrade.Version], broker: upgrade.Version, target: upgrade.Version
) -> None:
    fleet = Fleet(
        Runs("b", versions={upgrade.OPERATOR: words(broker)}),
        [Runs(f"m{n}", True, {upgrade.RESOURCE: words(v)}) for n, v in enumerate(members)],
        [f"m{n}" for n in range(len(members))],
    )
    have = [broker, *members]
    there = all(upgrade.OLDEST <= v <= target and v[0] == target[0] and target[1] - v[1] <= 1 for v in have)
    assert (upgrade.judge(fleet, words(target)) == []) == there
    plan = upgrade.steps(fleet, words(target))
    assert (plan == []) == (set(have) == {target})
    if plan and broker != target:
        assert plan[0]["what"] == "broker"
