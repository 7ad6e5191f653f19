# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeping clusters in view: what is seen is what is there, whatever becomes of the watches."""

from __future__ import annotations

import random
import threading
import time
import typing as t
from types import SimpleNamespace

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _watching as watching
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, WatchBroken, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import Read
from tests.unit.fake_api import FakeApi
from tests.unit.fake_cluster import Kind

OPERATOR = "submariner-operator"
PODS: Kind = ("", "pods")
PATH = f"/api/v1/namespaces/{OPERATOR}/pods"


@pytest.fixture
def client(api: FakeApi) -> Api:
    api.cluster.create(("", "namespaces"), {"metadata": {"name": OPERATOR}})
    return connect(SimpleNamespace(no_log_values=set(), params={"host": api.url, "api_key": "token-of-the-test"}))


def add(api: FakeApi, name: str) -> None:
    api.cluster.create(PODS, {"metadata": {"name": name}}, OPERATOR)


def names(snapshot: Snapshot) -> set[str]:
    return {o["metadata"]["name"] for o in snapshot.objects("pods")}


def eventually(true: t.Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


# -- the watch itself -----------------------------------------------------------------------------------------------


def test_a_watch_tells_what_happened_since_its_list(api: FakeApi, client: Api) -> None:
    version = client.list(PATH).resource_version
    add(api, "a")
    api.after(0.2, lambda: api.cluster.delete(PODS, OPERATOR, "a"))
    events = [(e["type"], e["object"]["metadata"]["name"]) for e in client.watch(PATH, version, 1.0)]
    assert events == [("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_can_be_closed_from_another_thread(client: Api) -> None:
    watch = client.watch(PATH, client.list(PATH).resource_version, 60.0)
    threading.Timer(0.3, watch.close).start()
    start = time.monotonic()
    with pytest.raises(WatchBroken):
        list(watch)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(("status", "refused"), [(403, True), (405, True), (410, False), (500, False)])
def test_a_watch_that_is_not_begun_says_if_it_is_refused(api: FakeApi, client: Api, status: int, refused: bool) -> None:
    api.fault(status, verb="watch")
    with pytest.raises(WatchBroken) as broken:
        client.watch(PATH, "1", 5.0)
    assert broken.value.refused is refused


def test_a_watch_whose_history_goes_is_broken(api: FakeApi, client: Api) -> None:
    watch = client.watch(PATH, client.list(PATH).resource_version, 20.0)

    def forget() -> None:
        with api.cluster.changed:
            add(api, "a")
            api.cluster.compact()

    api.after(0.2, forget)
    with pytest.raises(WatchBroken, match="compacted"):
        list(watch)


# -- clusters in view -----------------------------------------------------------------------------------------------


def test_the_first_snapshot_is_one_list(api: FakeApi, client: Api) -> None:
    add(api, "a")
    with watching.Watching() as view:
        cluster = view.cluster(client, ["pods"], OPERATOR)
        snapshot = cluster.snapshot()
    assert names(snapshot) == {"a"}
    assert snapshot.clock is not None
    assert [r.verb for r in api.requests] == ["list"]


def test_what_happens_between_list_and_watch_is_not_missed(api: FakeApi, client: Api) -> None:
    with watching.Watching() as view:
        cluster = view.cluster(client, ["pods"], OPERATOR)
        cluster.snapshot()
        add(api, "a")
        view.rest(20.0)
        assert eventually(lambda: names(cluster.snapshot()) == {"a"})
    assert len(api.asked("list")) == 1


def test_a_new_list_can_be_asked_for(api: FakeApi, client: Api) -> None:
    api.watch_stalls = True
    with watching.Watching() as view:
        cluster = view.cluster(client, ["pods"], OPERATOR)
        cluster.snapshot()
        view.rest(0.1)
        add(api, "a")
        assert names(cluster.snapshot()) == set()
        assert names(cluster.snapshot(view.list_now())) == {"a"}


def test_looks_are_not_more_often_than_news_can_be_judged(api: FakeApi, client: Api) -> None:
    over = threading.Event()

    def write() -> None:
        for number in range(500):
            if over.wait(0.01):
                return
            add(api, f"pod-{number}")

    with watching.Watching() as view:
        cluster = view.cluster(client, ["pods"], OPERATOR)
        cluster.snapshot()
        threading.Thread(target=write, daemon=True).start()
        start, looks = time.monotonic(), 0
        while time.monotonic() - start < 2.0:
            view.rest(1.0)
            looks += 1
        over.set()
    assert looks <= 2.0 / watching.GAP + 2
    assert len(api.asked("list")) == 1


def test_a_kind_that_is_not_served_is_absent_until_it_is(api: FakeApi, client: Api) -> None:
    crd = {
        "metadata": {"name": "gateways.submariner.io"},
        "spec": {
            "group": "submariner.io",
            "scope": "Namespaced",
            "names": {"kind": "Gateway", "plural": "gateways"},
            "versions": [{"name": "v1"}],
        },
    }
    with watching.Watching() as view:
        cluster = view.cluster(client, ["gateways"], OPERATOR)
        assert cluster.snapshot().reading("gateways").state == "absent"
        api.cluster.create(("apiextensions.k8s.io", "customresourcedefinitions"), crd)
        view.rest(0.1)
        assert eventually(lambda: cluster.snapshot().reading("gateways").state == "present")


def test_odd_answers_are_unknown_and_end_no_thread(api: FakeApi, client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(client, "list", lambda *_path: 1 / 0)
        with watching.Watching() as view:
            cluster = view.cluster(client, ["pods"], OPERATOR)
            reading = cluster.snapshot().reading("pods")
            assert (reading.state, reading.reason) == ("unknown", "could not be read: ZeroDivisionError")
            patch.undo()
            view.rest(0.1)
            assert eventually(lambda: cluster.snapshot().known("pods"))


def test_no_thread_is_left(client: Api) -> None:
    with watching.Watching() as view:
        view.cluster(client, ["pods", "deployments", "leases"], OPERATOR).snapshot()
        view.rest(0.3)
        assert len([t for t in threading.enumerate() if t.name.startswith("watch ")]) == 3
    assert [t for t in threading.enumerate() if t.name.startswith("watch ")] == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_becomes_of_the_watches_what_is_seen_is_what_is_there(
    api: FakeApi, client: Api, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Objects come and go at random while watches break in all ways; without a final list the view must agree."""
    monkeypatch.setattr(watching, "PAUSE", 0.05)
    chance = random.Random(seed)  # noqa: S311  no secret
    there: set[str] = set()
    with watching.Watching() as view:
        cluster = view.cluster(client, ["pods"], OPERATOR)
        cluster.snapshot()
        view.rest(0.0)
        for step in range(150):
            act = chance.choice(["add", "add", "delete", "compact", "end", "lose", "error", "quiet"])
            if act == "add":
                add(api, f"pod-{step}")
                there.add(f"pod-{step}")
            elif act == "delete" and there:
                gone = chance.choice(sorted(there))
                api.cluster.delete(PODS, OPERATOR, gone)
                there.discard(gone)
            elif act == "compact":
                api.cluster.compact()
            elif act == "end":
                api.watch_seconds = chance.choice([0.05, 0.2, 3600.0])
            elif act == "lose":
                api.fault(verb="watch", drop=True, times=1)
            elif act == "error":
                api.fault(chance.choice([410, 500, 503]), verb=chance.choice(["watch", "list"]), times=1)
            time.sleep(chance.choice([0.0, 0.0, 0.02]))
        api.clear_faults()
        assert eventually(lambda: names(cluster.snapshot()) == there)


# -- what is not a plain list ---------------------------------------------------------------------------------------------


def row(key: str, path: str, **more: t.Any) -> tuple[Read, str]:
    return Read(key, path, frozenset(), **more), path


def test_one_object_metadata_and_a_selection_are_watched_too(api: FakeApi, client: Api) -> None:
    config: Kind = ("", "configmaps")
    for name in ("coredns", "other"):
        api.cluster.create(config, {"metadata": {"name": name}, "data": {"Corefile": "1"}}, "kube-system")
    asked = [
        row("coredns", "/api/v1/namespaces/kube-system/configmaps/coredns", one=True),
        row("configmaps", "/api/v1/namespaces/kube-system/configmaps", metadata_only=True),
        row("transient-pods", "/api/v1/pods", selector="mine=true"),
        row("broker-pods", f"/api/v1/namespaces/{OPERATOR}/pods"),
        row("broker-pods", "/api/v1/namespaces/kube-system/pods"),
    ]
    with watching.Watching() as watch:
        view = watch.reads(client, asked, OPERATOR)
        first = view.snapshot()
        assert [o["data"] for o in first.objects("coredns")] == [{"Corefile": "1"}]
        assert all("data" not in o for o in first.objects("configmaps"))
        watch.rest(0.2)
        changed = api.cluster.get(config, "kube-system", "coredns")
        api.cluster.replace(config, {**changed, "data": {"Corefile": "2"}}, "kube-system", "coredns")
        for space in (OPERATOR, "kube-system"):
            api.cluster.create(PODS, {"metadata": {"name": f"in-{space}", "labels": {"mine": "true"}}}, space)
        add(api, "unmarked")

        def seen() -> bool:
            now = view.snapshot()
            return (
                [o["data"] for o in now.objects("coredns")] == [{"Corefile": "2"}]
                and {o["metadata"]["name"] for o in now.objects("transient-pods")}
                == {f"in-{OPERATOR}", "in-kube-system"}
                and {o["metadata"]["name"] for o in now.objects("broker-pods")}
                == {f"in-{OPERATOR}", "in-kube-system", "unmarked"}
            )

        assert eventually(seen)
        assert all("data" not in o for o in view.snapshot().objects("configmaps"))


def test_what_is_not_served_is_asked_again_after_its_patience(client: Api, api: FakeApi) -> None:
    asked = [row("gateways", "/apis/submariner.io/v1/gateways")]
    with watching.Watching() as watch:
        view = watch.reads(client, asked, OPERATOR, watching.Pace(absent=30.0))
        assert view.snapshot().reading("gateways").state == "absent"
        watch.rest(2.0)
        assert len(api.asked(path="/gateways")) == 1
        view.snapshot(watch.list_now())
        assert len(api.asked(path="/gateways")) == 2


def test_who_does_not_answer_is_asked_less_and_less(client: Api, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSE", 0.1)
    api.fault(403)
    with watching.Watching() as watch:
        view = watch.reads(client, [row("pods", PATH)], OPERATOR, watching.Pace(unanswered=30.0))
        watch.rest(0.1)
        assert eventually(lambda: len(api.asked("list")) == 4)  # 0.2, 0.4 and 0.8 s apart
        watch.rest(0.5)
        assert len(api.asked("list")) == 4
        api.clear_faults()
        add(api, "a")
        view.ask_again()
        assert eventually(lambda: names(view.snapshot()) == {"a"})
        assert eventually(lambda: bool(api.asked("watch")))
        assert view.asked_since(0.0)
        assert not view.asked_since(time.monotonic())


def test_a_watch_is_trusted_for_as_long_as_was_said(client: Api, api: FakeApi) -> None:
    api.watch_stalls = True
    with watching.Watching() as watch:
        view = watch.reads(client, [row("pods", PATH)], OPERATOR, watching.Pace(relist=1.0))
        view.snapshot()
        watch.rest(0.2)
        add(api, "a")
        assert eventually(lambda: names(view.snapshot()) == {"a"}, 5.0)


def test_another_client_can_take_over(client: Api, api: FakeApi) -> None:
    api.admits = lambda request: request.authorization == "Bearer new"
    new = connect(SimpleNamespace(no_log_values=set(), params={"host": api.url, "api_key": "new"}))
    with watching.Watching() as watch:
        view = watch.reads(client, [row("pods", PATH)], OPERATOR, watching.Pace(unanswered=60.0))
        assert view.snapshot().reading("pods").state == "unknown"
        view.ask_again(new)
        assert eventually(lambda: view.snapshot().known("pods"))
