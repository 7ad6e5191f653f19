# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock: who gets it, who has to wait, and what happens to one whose holder is gone."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _lock
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._lock import (
    LEASE,
    Claim,
    LockHeld,
    LockLost,
    Observer,
    Party,
    acquire,
    boot_identity,
    judge,
    renew,
    withdraw,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._processes import look_up
from tests.unit.fake_api import FakeApi

LEASES = ("coordination.k8s.io", "leases")
NAMESPACES = ("", "namespaces")
PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{LEASE}"


def here(pid: int = 0, start: str = "") -> Party:
    me = look_up(pid or os.getpid())
    return Party(host="a", boot=boot_identity(), pid=pid or os.getpid(), start=start or (me.start if me else "1"))


def elsewhere(pid: int = 1) -> Party:
    return Party(host="b", boot="another machine", pid=pid, start="1")


def claim(run_id: str, party: Party) -> Claim:
    return Claim(run_id=run_id, holder=f"ops@{party.host}, run {run_id}", party=party)


@pytest.fixture
def client(api: FakeApi, tmp_path: pathlib.Path) -> Api:
    return connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(tmp_path)})


def lease(api: FakeApi) -> dict[str, t.Any]:
    return api.cluster.get(LEASES, NAMESPACE, LEASE)


def test_a_free_lock_is_taken_and_given_back_with_its_namespace(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    assert acquire(client, mine, 0.0).changed
    held = lease(api)["spec"]
    assert held["holderIdentity"] == mine.holder
    assert held["leaseDurationSeconds"] == 45
    assert withdraw(client, mine)
    assert NAMESPACE not in [o["metadata"]["name"] for o in api.cluster.objects(NAMESPACES)]


def test_taking_it_again_changes_nothing(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    before = lease(api)
    assert not acquire(client, mine, 0.0).changed
    assert lease(api) == before


def test_a_second_run_is_refused_and_told_by_whom_and_since_when(api: FakeApi, client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    since = lease(api)["spec"]["acquireTime"].split(".")[0]
    with pytest.raises(LockHeld, match=f"ops@b, run one, since {since}"):
        acquire(client, claim("two", here()), 0.0)


def test_a_second_run_waits_until_the_first_lets_go(api: FakeApi, client: Api) -> None:
    first = claim("one", elsewhere())
    acquire(client, first, 0.0)
    api.after(0.5, lambda: api.cluster.delete(LEASES, NAMESPACE, LEASE))
    got = acquire(client, claim("two", here()), 30.0)
    assert got.changed
    assert got.taken_from == ""


def test_slices_of_one_run_share_it_and_the_last_one_gives_it_back(api: FakeApi, client: Api) -> None:
    one, two = claim("one", elsewhere(1)), claim("one", here())
    acquire(client, one, 0.0)
    assert acquire(client, two, 0.0).changed
    assert len(_lock.parties_of(lease(api))) == 2
    assert withdraw(client, one)
    assert len(_lock.parties_of(lease(api))) == 1
    assert withdraw(client, two)
    assert api.cluster.objects(LEASES) == []


def test_a_holder_of_this_machine_that_is_gone_is_replaced_at_once(client: Api) -> None:
    dead = claim("one", here(os.getpid(), start="0"))
    acquire(client, dead, 0.0)
    got = acquire(client, claim("two", here()), 0.0)
    assert got.taken_from == dead.holder
    assert "gone" in got.why


def test_a_holder_of_this_machine_that_lives_is_not_replaced_though_it_does_not_renew(client: Api) -> None:
    acquire(client, claim("one", here()), 0.0)
    answer = _lock.read(client)
    assert judge(answer, claim("two", elsewhere()), still_for=1000.0) == _lock.HELD


def test_a_holder_elsewhere_is_replaced_when_its_lease_did_not_move_for_its_time(client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    answer = _lock.read(client)
    mine = claim("two", here())
    assert judge(answer, mine, still_for=44.0) == _lock.HELD
    assert judge(answer, mine, still_for=46.0) == _lock.EXPIRED


def test_the_age_is_taken_from_the_servers_clock_alone(client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    answer = _lock.read(client)
    answer.date = 1_800_000_000.0
    answer.body["metadata"]["managedFields"] = [{"time": "2027-01-15T07:59:00Z"}]
    assert _lock.server_age(answer) == 60.0
    assert judge(answer, claim("two", here()), 0.0) == _lock.EXPIRED
    answer.body["metadata"]["managedFields"] = [{"time": "2027-01-15T07:59:50Z"}]
    assert judge(answer, claim("two", here()), 0.0) == _lock.HELD


def test_an_observer_counts_only_while_nothing_moves() -> None:
    now = [100.0]
    observer = Observer(lambda: now[0])
    assert observer.still_for("1") == 0.0
    now[0] = 130.0
    assert observer.still_for("1") == 30.0
    assert observer.still_for("2") == 0.0


def test_an_expired_lease_is_taken_over_visibly(api: FakeApi, client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    now = [0.0]

    def pause(_seconds: float) -> None:
        now[0] += 50.0

    got = acquire(client, claim("two", here()), 3600.0, Observer(lambda: now[0]), pause)
    assert got.taken_from == "ops@b, run one"
    assert lease(api)["spec"]["leaseTransitions"] == 2


def test_renewing_keeps_holder_and_start(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    before = lease(api)["spec"]
    assert renew(client, mine)
    after = lease(api)["spec"]
    assert after["renewTime"] > before["renewTime"]
    assert {**after, "renewTime": ""} == {**before, "renewTime": ""}


def test_a_lost_lock_is_noticed_when_renewing(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    api.cluster.delete(LEASES, NAMESPACE, LEASE)
    acquire(client, claim("two", elsewhere()), 0.0)
    with pytest.raises(LockLost, match="ops@b, run two"):
        renew(client, mine)


def test_a_lease_that_somebody_deleted_is_made_anew(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    api.cluster.delete(LEASES, NAMESPACE, LEASE)
    assert renew(client, mine)
    assert _lock.run_id_of(lease(api)) == "one"


def test_a_lost_race_is_no_lost_update(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    api.fault(409, verb="update", path="leases", times=2)
    assert renew(client, mine)


def test_no_answer_is_not_a_lost_lock(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    api.fault(503, path="leases")
    assert not renew(client, mine)
    with pytest.raises(ApiFailure, match="cannot be read"):
        acquire(client, mine, 0.0)


def test_missing_rights_are_named(api: FakeApi, client: Api) -> None:
    api.fault(403, verb="create", path="leases")
    with pytest.raises(ApiFailure, match="get, create, update and delete on leases"):
        acquire(client, claim("one", here()), 0.0)


def test_the_lock_of_another_run_is_not_given_back(api: FakeApi, client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    assert not withdraw(client, claim("two", here()))
    assert _lock.run_id_of(lease(api)) == "one"


def test_a_namespace_that_is_just_going_is_waited_for(api: FakeApi, client: Api) -> None:
    api.cluster.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
    api.cluster.create(("", "configmaps"), {"metadata": {"name": "x", "finalizers": ["a/b"]}}, NAMESPACE)
    api.cluster.delete(NAMESPACES, "", NAMESPACE)
    release = {"metadata": {"name": "x", "namespace": NAMESPACE}}
    api.after(0.5, lambda: api.cluster.replace(("", "configmaps"), release, NAMESPACE, "x"))
    assert acquire(client, claim("one", here()), 30.0).changed


def test_a_namespace_with_other_things_in_it_stays(api: FakeApi, client: Api) -> None:
    mine = claim("one", here())
    acquire(client, mine, 0.0)
    api.cluster.create(("", "secrets"), {"metadata": {"name": "submariner-lifecycle-run"}}, NAMESPACE)
    withdraw(client, mine)
    assert NAMESPACE in [o["metadata"]["name"] for o in api.cluster.objects(NAMESPACES)]


def test_a_damaged_lease_belongs_to_a_run_that_is_not_ours(api: FakeApi, client: Api) -> None:
    acquire(client, claim("one", elsewhere()), 0.0)
    body = lease(api)
    body["metadata"]["annotations"] = {"submariner.lifecycle/parties": "{"}
    body["spec"] = {}
    api.cluster.replace(LEASES, body, NAMESPACE, LEASE)
    with pytest.raises(LockHeld, match="an unnamed holder, since an unknown time"):
        acquire(client, claim("two", here()), 0.0)
