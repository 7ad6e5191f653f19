# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source against two API servers: what it tells, and what it does not tell."""

from __future__ import annotations

import asyncio
import json
import pathlib
import stat
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._findings import FINDINGS
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _vigil
from tests.unit.clusterset import BROKER, ENDPOINTS, LEASES, Clusterset
from tests.unit.eda.conftest import Json, arguments, settled, source, watched
from tests.unit.fake_cluster import NAMESPACES

NAMESPACE = "submariner-lifecycle"


def remove_second(fleet: Clusterset) -> None:
    fleet.east.cluster.delete(ENDPOINTS, BROKER, "west-submariner-cable-west-172-31-2-9")


async def kept(path: pathlib.Path, number: int) -> None:
    """So many facts are kept for the next start."""
    while not path.exists() or not path.stat().st_size or len(json.loads(path.read_text())["told"]) != number:
        await asyncio.sleep(0.05)


def run(story: t.Callable[[], t.Coroutine[t.Any, t.Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 120))


def test_a_duplicate_is_told_when_it_begins_and_when_it_is_over(fleet: Clusterset) -> None:
    async def story() -> None:
        async with watched(arguments(fleet, fleet="blue")) as rulebook:
            await settled(fleet, rulebook)
            start = time.monotonic()
            fleet.second_endpoint(fleet.east)
            begun = await rulebook.next()
            assert time.monotonic() - start < 5
            assert begun["type"] == "finding"
            assert begun["finding"]["id"] == "endpoint.duplicate"
            assert begun["finding"]["id"] in FINDINGS
            assert (begun["fleet"], begun["verdict"]) == ("blue", "fail")
            await rulebook.quiet(1.0)
            remove_second(fleet)
            over = await rulebook.next()
            assert (over["type"], over["verdict"]) == ("resolved", "pass")
            assert over["finding"] == begun["finding"]
            assert fleet.east.writes == fleet.west.writes == []

    run(story)


def test_what_comes_and_goes_within_a_moment_is_not_told(fleet: Clusterset) -> None:
    async def story() -> None:
        async with watched(arguments(fleet, settle=4.0)) as rulebook:
            await settled(fleet, rulebook)
            fleet.second_endpoint(fleet.east)
            await rulebook.quiet(0.5)
            remove_second(fleet)
            await rulebook.quiet(5.0)

    run(story)


def test_a_restart_tells_only_what_is_new(fleet: Clusterset, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "told.json"
    path.touch()

    async def story() -> None:
        fleet.second_endpoint(fleet.east)
        async with watched(arguments(fleet, state_file=str(path))) as rulebook:
            assert (await rulebook.next())["type"] == "finding"
            await kept(path, 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "token-of-the-fake" not in path.read_text()
        async with watched(arguments(fleet, state_file=str(path))) as rulebook:
            await settled(fleet, rulebook)
        remove_second(fleet)
        async with watched(arguments(fleet, state_file=str(path))) as rulebook:
            assert (await rulebook.next())["type"] == "resolved"
            await kept(path, 0)

    run(story)


def test_a_cluster_out_of_reach_is_told_and_what_was_found_of_it_stands(
    fleet: Clusterset, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_vigil, "SLOWEST", 1.0)

    async def story() -> None:
        options = arguments(fleet, state_file=str(tmp_path / "told.json"), relist=1.0)
        async with watched(options) as rulebook:
            await settled(fleet, rulebook)
            fleet.second_endpoint(fleet.east)
            assert (await rulebook.next())["finding"]["id"] == "endpoint.duplicate"
            fleet.east.fault(503)
            lost = await rulebook.next()
            assert (lost["type"], lost.get("cluster", lost), lost["verdict"]) == ("unreachable", "east", "fail")
            assert lost["reason"] == "fault asked for by the test"
            await rulebook.quiet(1.0)
        async with watched(options) as rulebook:  # and a restart does not forget it
            await rulebook.quiet(3.0)
            fleet.east.clear_faults()
            back = await rulebook.next()
            assert (back["type"], back["cluster"], back["verdict"]) == ("reachable", "east", "fail")
            assert "reason" not in back
            remove_second(fleet)
            assert (await rulebook.next())["type"] == "resolved"

    run(story)


def test_a_watch_that_may_not_go_on_is_begun_anew(fleet: Clusterset) -> None:
    """410: the history is gone, and with it what happened meanwhile; the new list has it."""

    async def story() -> None:
        async with watched(arguments(fleet)) as rulebook:
            await settled(fleet, rulebook)
            with fleet.east.cluster.changed:
                fleet.second_endpoint(fleet.east)
                fleet.east.cluster.compact()
            assert (await rulebook.next())["finding"]["id"] == "endpoint.duplicate"
            assert len(fleet.east.asked("list", "/endpoints$")) > 1

    run(story)


def test_where_nothing_may_be_watched_lists_tell(fleet: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_vigil, "ANSWER_SOON", 0.5)

    async def story() -> None:
        fleet.east.fault(403, verb="watch")
        async with watched(arguments(fleet)) as rulebook:
            await settled(fleet, rulebook)
            fleet.second_endpoint(fleet.east)
            assert (await rulebook.next())["finding"]["id"] == "endpoint.duplicate"

    run(story)


def test_a_kind_that_may_not_be_read_is_a_finding(fleet: Clusterset) -> None:
    async def story() -> None:
        fleet.west.fault(403, path="/nodes$")
        async with watched(arguments(fleet)) as rulebook:
            told = await rulebook.next()
            assert (told["finding"]["id"], told["finding"]["severity"]) == ("cluster.unread", "unknown")
            assert told["verdict"] == "unknown"
            fleet.second_endpoint(fleet.east)
            assert (await rulebook.next())["finding"]["id"] == "endpoint.duplicate"
            remove_second(fleet)
            assert (await rulebook.next())["type"] == "resolved"

    run(story)


def test_a_gateway_that_falls_silent_is_found_by_the_next_list(fleet: Clusterset) -> None:
    """Nothing changes then: that the server's clock goes on is all that tells it."""

    async def story() -> None:
        async with watched(arguments(fleet, relist=1.0)) as rulebook:
            await settled(fleet, rulebook)
            fleet.die()
            fleet.west.clock_offset = 30.0
            assert (await rulebook.next())["finding"]["id"] == "gateway.stale"

    run(story)


def test_a_run_of_the_collection_is_not_disturbed(fleet: Clusterset) -> None:
    """What it leaves is told when its lock is gone."""

    async def story() -> None:
        async with watched(arguments(fleet)) as rulebook:
            await settled(fleet, rulebook)
            spec = {"holderIdentity": "somebody", "renewTime": "now", "leaseDurationSeconds": 45}
            fleet.east.cluster.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
            fleet.east.cluster.create(LEASES, {"metadata": {"name": NAMESPACE}, "spec": spec}, NAMESPACE)
            fleet.second_endpoint(fleet.east)
            await rulebook.quiet(2.0)
            fleet.east.cluster.delete(LEASES, NAMESPACE, NAMESPACE)
            assert (await rulebook.next())["finding"]["id"] == "endpoint.duplicate"

    run(story)


def test_new_credentials_are_taken_up(fleet: Clusterset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that refuses the old ones is out of reach until its kubeconfig has others."""
    monkeypatch.setattr(_vigil, "RENEW", 1.0)
    monkeypatch.setattr(_vigil, "SLOWEST", 1.0)
    right = ["Bearer token-of-the-fake"]

    async def story() -> None:
        fleet.west.admits = lambda request: request.authorization in right
        async with watched(arguments(fleet, relist=1.0)) as rulebook:
            await settled(fleet, rulebook)
            right[:] = ["Bearer another-token"]
            lost = await rulebook.next()
            assert lost["type"] == "unreachable", lost
            path = pathlib.Path(fleet.access(fleet.west)["kubeconfig"])
            path.write_text(path.read_text().replace("token-of-the-fake", "another-token"))
            assert (await rulebook.next())["type"] == "reachable"

    run(story)


WRONG: tuple[tuple[Json, str], ...] = (
    ({"broker": "north"}, "broker is north, which is none of the clusters east, west"),
    ({"clusters": {}}, "clusters is empty"),
    ({"clusters": {"east": "kubeconfig"}}, "clusters.east is no dictionary"),
    ({"clusters": {"east": {"kubeconfig": "/nowhere"}}}, "clusters.east: Kubeconfig /nowhere cannot be used"),
    ({"clusters": {"east": {"kubeconfg": "x"}}}, "clusters.east: there is no option kubeconfg. The options are"),
    ({"clusters": {"east": {"kubeconfig": "/nowhere"}}}, "Set kubeconfig to a readable file and context to one of"),
    ({"settle": -1}, "settle is -1"),
    ({"relist": 0}, "relist is 0"),
    ({"settle": "soon"}, "settle"),
    ({"settle": "inf"}, "settle is inf"),
    ({"timeout": "inf"}, "timeout is inf"),
    ({"relist": "nan"}, "relist is nan"),
    ({"state_file": "/nowhere/told.json"}, "The folder of state_file"),
    ({"operator_namespace": "Submariner_Operator"}, "operator_namespace is 'Submariner_Operator'. It is made of"),
    ({"operator_namespace": ""}, "operator_namespace is ''"),
    ({"operator_namespace": "a/../b"}, "operator_namespace is 'a/../b'"),
    ({"surprise": 1}, "there is no option surprise. The options are broker"),
)


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[said for _wrong, said in WRONG])
def test_wrong_input_ends_in_one_line(fleet: Clusterset, wrong: Json, said: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 (what it says is looked at)
        asyncio.run(asyncio.wait_for(source()(asyncio.Queue(), arguments(fleet, **wrong)), 5))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_id_that_no_cluster_can_have(fleet: Clusterset) -> None:
    given = arguments(fleet)
    given["clusters"]["west"]["cluster_id"] = "West.1"
    with pytest.raises(ValueError, match=r"^clusters\.west: cluster_id is 'West\.1'\. It is made of [^\n]+$"):
        asyncio.run(asyncio.wait_for(source()(asyncio.Queue(), given), 5))


@pytest.mark.parametrize(
    "content", ['{"schema": 1, "verdict": "pass"}', "[]", "7", "null", '{"told": {}}', "[" * 100000]
)
def test_a_file_of_others_is_not_written_over(fleet: Clusterset, tmp_path: pathlib.Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"^state_file \S+ (is not of this source|cannot be read)[^\n]+$"):
        asyncio.run(asyncio.wait_for(source()(asyncio.Queue(), arguments(fleet, state_file=str(path))), 5))
    assert path.read_text() == content
