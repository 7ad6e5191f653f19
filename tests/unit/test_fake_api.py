# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake API server keeps the rules that the tests of the collection stand on."""

from __future__ import annotations

import http.client
import json
import threading
import time
import typing as t

import pytest

from tests.unit.fake_api import FakeApi, recording
from tests.unit.fake_cluster import CRDS, NAMESPACES

Answer = tuple[int, dict[str, t.Any]]
ENDPOINTS = "/apis/submariner.io/v1/namespaces/submariner-operator/endpoints"
PODS = ("", "pods")


def ask(api: FakeApi, verb: str, path: str, body: t.Any = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", int(api.url.rsplit(":", 1)[1]), timeout=10)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(verb, path, data, {key.replace("_", "-"): value for key, value in headers.items()})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def events(api: FakeApi, path: str) -> list[dict[str, t.Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", int(api.url.rsplit(":", 1)[1]), timeout=10)
    try:
        connection.request("GET", path)
        lines = connection.getresponse().read().splitlines()
    finally:
        connection.close()
    return [json.loads(line) for line in lines]


def pod(name: str, **metadata: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}}


@pytest.fixture
def east(api: FakeApi) -> FakeApi:
    api.cluster.load(recording("installed", "east"))
    return api


def test_recorded_objects_are_served_as_they_were(east: FakeApi) -> None:
    wanted = {
        o["metadata"]["name"]: o
        for o in recording("installed", "east")
        if o["kind"] == "Endpoint" and o["metadata"]["namespace"] == "submariner-operator"
    }
    status, answer = ask(east, "GET", ENDPOINTS)
    assert status == 200
    assert answer["kind"] == "EndpointList"
    assert {o["metadata"]["name"]: o["spec"] for o in answer["items"]} == {n: o["spec"] for n, o in wanted.items()}
    assert len(wanted) == 2


def test_a_kind_without_its_definition_is_not_served(api: FakeApi) -> None:
    assert ask(api, "GET", ENDPOINTS)[0] == 404


def test_list_in_pages(east: FakeApi) -> None:
    everything = ask(east, "GET", "/api/v1/secrets")[1]["items"]
    names: list[str] = []
    token = ""
    while True:
        page = ask(east, "GET", f"/api/v1/secrets?limit=2&continue={token}")[1]
        names += [o["metadata"]["name"] for o in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert names == [o["metadata"]["name"] for o in everything]
    assert len(names) > 2


def test_metadata_only_leaves_out_the_data(east: FakeApi) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    items = ask(east, "GET", "/api/v1/secrets", Accept=accept)[1]["items"]
    assert items
    assert all(set(item) == {"apiVersion", "kind", "metadata"} for item in items)


def test_selectors(api: FakeApi) -> None:
    api.cluster.create(PODS, pod("one", labels={"app": "a"}), "default")
    api.cluster.create(PODS, pod("two", labels={"app": "b", "extra": ""}), "default")

    def names(query: str) -> list[str]:
        return [o["metadata"]["name"] for o in ask(api, "GET", f"/api/v1/pods?{query}")[1]["items"]]

    assert names("labelSelector=app%3Da") == ["one"]
    assert names("labelSelector=app!%3Da") == ["two"]
    assert names("labelSelector=extra") == ["two"]
    assert names("labelSelector=!extra") == ["one"]
    assert names("fieldSelector=metadata.name%3Dtwo") == ["two"]
    assert names("labelSelector=app%3Da,extra") == []


def test_create_refuses_what_is_there_and_what_has_no_namespace(api: FakeApi) -> None:
    path = "/api/v1/namespaces/default/pods"
    assert ask(api, "POST", path, pod("p"))[0] == 201
    assert ask(api, "POST", path, pod("p"))[0] == 409
    assert ask(api, "POST", "/api/v1/namespaces/absent/pods", pod("p"))[0] == 404
    assert ask(api, "POST", "/api/v1/pods", pod("q"))[0] == 405
    status, made = ask(api, "POST", path, {"metadata": {"generateName": "g-"}})
    assert status == 201
    assert made["metadata"]["name"].startswith("g-")
    assert made["kind"] == "Pod"


def test_dry_run_changes_nothing(api: FakeApi) -> None:
    path = "/api/v1/namespaces/default/pods"
    assert ask(api, "POST", f"{path}?dryRun=All", pod("p"))[0] == 201
    assert ask(api, "GET", f"{path}/p")[0] == 404
    api.cluster.create(PODS, pod("p"), "default")
    assert ask(api, "DELETE", f"{path}/p", {"dryRun": ["All"]})[0] == 200
    assert ask(api, "GET", f"{path}/p")[0] == 200
    assert api.writes == []


def test_replace_guards_against_a_lost_update(api: FakeApi) -> None:
    path = "/api/v1/namespaces/default/pods/p"
    old = api.cluster.create(PODS, pod("p"), "default")
    assert ask(api, "PUT", path, {**old, "spec": {"a": 1}})[0] == 200
    assert ask(api, "PUT", path, {**old, "spec": {"a": 2}})[0] == 409
    assert ask(api, "GET", path)[1]["spec"] == {"a": 1}


@pytest.mark.parametrize(
    ("content_type", "patch", "spec"),
    [
        ("application/merge-patch+json", {"spec": {"a": None, "list": [{"name": "y"}]}}, {"list": [{"name": "y"}]}),
        (
            "application/strategic-merge-patch+json",
            {"spec": {"list": [{"name": "y"}]}},
            {"a": 1, "list": [{"name": "x", "v": 1}, {"name": "y"}]},
        ),
        ("application/json-patch+json", [{"op": "remove", "path": "/spec/list"}], {"a": 1}),
        ("application/apply-patch+yaml", {"spec": {"a": 2}}, {"a": 2, "list": [{"name": "x", "v": 1}]}),
    ],
)
def test_patch(api: FakeApi, content_type: str, patch: t.Any, spec: dict[str, t.Any]) -> None:
    api.cluster.create(PODS, {**pod("p"), "spec": {"a": 1, "list": [{"name": "x", "v": 1}]}}, "default")
    status, body = ask(api, "PATCH", "/api/v1/namespaces/default/pods/p", patch, Content_Type=content_type)
    assert status == 200
    assert body["spec"] == spec


def test_a_json_patch_whose_test_fails_is_refused(api: FakeApi) -> None:
    api.cluster.create(PODS, pod("p", finalizers=["a/b"]), "default")
    patch = [{"op": "test", "path": "/metadata/finalizers/0", "value": "other"}]
    content_type = "application/json-patch+json"
    assert ask(api, "PATCH", "/api/v1/namespaces/default/pods/p", patch, Content_Type=content_type)[0] == 422
    assert ask(api, "PATCH", "/api/v1/namespaces/default/pods/p", {}, Content_Type="text/plain")[0] == 415


def test_delete_with_the_uid_of_another_object_is_refused(api: FakeApi) -> None:
    path = "/api/v1/namespaces/default/pods/p"
    uid = api.cluster.create(PODS, pod("p"), "default")["metadata"]["uid"]
    assert ask(api, "DELETE", path, {"preconditions": {"uid": "other"}})[0] == 409
    assert ask(api, "DELETE", path, {"preconditions": {"uid": uid}})[0] == 200
    assert ask(api, "DELETE", path)[0] == 404


def test_a_finalizer_holds_an_object_until_it_is_taken_away(api: FakeApi) -> None:
    path = "/api/v1/namespaces/default/pods/p"
    api.cluster.create(PODS, pod("p", finalizers=["a/b"]), "default")
    assert ask(api, "DELETE", path)[1]["metadata"]["deletionTimestamp"]
    stamp = ask(api, "GET", path)[1]["metadata"]["deletionTimestamp"]
    ask(api, "DELETE", path)
    assert ask(api, "GET", path)[1]["metadata"]["deletionTimestamp"] == stamp
    merge = "application/merge-patch+json"
    assert ask(api, "PATCH", path, {"metadata": {"finalizers": None}}, Content_Type=merge)[0] == 200
    assert ask(api, "GET", path)[0] == 404


def test_a_namespace_goes_when_it_is_empty(api: FakeApi) -> None:
    api.cluster.create(NAMESPACES, {"metadata": {"name": "n"}})
    api.cluster.create(PODS, pod("free"), "n")
    held = api.cluster.create(PODS, pod("held", finalizers=["a/b"]), "n")
    assert ask(api, "DELETE", "/api/v1/namespaces/n")[0] == 200
    assert ask(api, "GET", "/api/v1/namespaces/n")[1]["status"]["phase"] == "Terminating"
    assert ask(api, "GET", "/api/v1/namespaces/n/pods/free")[0] == 404
    status, refusal = ask(api, "POST", "/api/v1/namespaces/n/pods", pod("late"))
    assert (status, refusal["reason"]) == (403, "Forbidden")
    assert "being terminated" in refusal["message"]
    fresh = api.cluster.get(PODS, "n", "held")
    api.cluster.replace(PODS, {**fresh, "metadata": {**fresh["metadata"], "finalizers": []}}, "n", "held")
    assert ask(api, "GET", "/api/v1/namespaces/n")[0] == 404
    assert held["metadata"]["uid"] == fresh["metadata"]["uid"]


def test_a_definition_takes_its_objects_with_it(east: FakeApi) -> None:
    assert (
        ask(east, "DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gateways.submariner.io")[0] == 200
    )
    assert ask(east, "GET", "/apis/submariner.io/v1/gateways")[0] == 404
    assert "gateways.submariner.io" not in [o["metadata"]["name"] for o in east.cluster.objects(CRDS)]


def test_a_definition_waits_for_an_object_with_a_finalizer(east: FakeApi) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/submariners.submariner.io"
    ask(east, "DELETE", path)
    assert ask(east, "GET", path)[1]["metadata"]["deletionTimestamp"]
    assert len(ask(east, "GET", "/apis/submariner.io/v1alpha1/submariners")[1]["items"]) == 1


def test_dependents_go_with_their_owner(api: FakeApi) -> None:
    owner = api.cluster.create(PODS, pod("owner"), "default")["metadata"]
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "owner", "uid": owner["uid"]}
    api.cluster.create(PODS, pod("child", ownerReferences=[reference]), "default")
    ask(api, "DELETE", "/api/v1/namespaces/default/pods/owner")
    assert api.cluster.objects(PODS) == []


def test_delete_collection(api: FakeApi) -> None:
    api.cluster.create(PODS, pod("a", labels={"app": "a"}), "default")
    api.cluster.create(PODS, pod("b"), "default")
    assert ask(api, "DELETE", "/api/v1/namespaces/default/pods?labelSelector=app")[0] == 200
    assert [o["metadata"]["name"] for o in api.cluster.objects(PODS)] == ["b"]


def test_watch_tells_what_happened_since(api: FakeApi) -> None:
    version = ask(api, "GET", "/api/v1/pods")[1]["metadata"]["resourceVersion"]
    api.cluster.create(PODS, pod("early"), "default")
    api.after(0.1, lambda: api.cluster.delete(PODS, "default", "early"))
    seen = events(api, f"/api/v1/pods?watch=true&resourceVersion={version}&timeoutSeconds=1")
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in seen] == [("ADDED", "early"), ("DELETED", "early")]


def test_watch_from_before_the_history_is_gone(api: FakeApi) -> None:
    version = ask(api, "GET", "/api/v1/pods")[1]["metadata"]["resourceVersion"]
    api.cluster.create(PODS, pod("p"), "default")
    api.cluster.compact()
    assert ask(api, "GET", f"/api/v1/pods?watch=true&resourceVersion={version}")[0] == 410


def test_watch_whose_history_goes_while_it_runs_ends_in_an_error(api: FakeApi) -> None:
    def compact() -> None:
        with api.cluster.changed:
            api.cluster.create(PODS, pod("p"), "default")
            api.cluster.compact()

    api.after(0.1, compact)
    seen = events(api, f"/api/v1/pods?watch=true&resourceVersion={api.cluster.version}&timeoutSeconds=5")
    assert [(e["type"], e["object"].get("code")) for e in seen] == [("ERROR", 410)]


def test_faults(api: FakeApi) -> None:
    api.fault(403, verb="list", path="/secrets$")
    api.fault(500, path="/pods$", times=1)
    assert ask(api, "GET", "/api/v1/secrets")[1]["reason"] == "Forbidden"
    assert ask(api, "GET", "/api/v1/configmaps")[0] == 200
    assert [ask(api, "GET", "/api/v1/pods")[0] for attempt in (1, 2)] == [500, 200]
    api.clear_faults()
    assert ask(api, "GET", "/api/v1/secrets")[0] == 200


def test_a_dropped_connection_and_a_slow_answer(api: FakeApi) -> None:
    api.fault(drop=True, path="/pods$", times=1)
    with pytest.raises(http.client.HTTPException):
        ask(api, "GET", "/api/v1/pods")
    api.fault(delay=0.3, path="/pods$", times=1)
    start = time.monotonic()
    assert ask(api, "GET", "/api/v1/pods")[0] == 200
    assert time.monotonic() - start >= 0.3


def test_an_access_review_agrees_with_the_faults(api: FakeApi) -> None:
    api.fault(403, verb="list", path="/secrets$")

    def allowed(resource: str) -> bool:
        review = {"spec": {"resourceAttributes": {"verb": "list", "resource": resource, "namespace": "default"}}}
        body = ask(api, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)[1]
        return bool(body["status"]["allowed"])

    assert not allowed("secrets")
    assert allowed("pods")


def test_logs(api: FakeApi) -> None:
    api.cluster.create(PODS, pod("p"), "default")
    api.logs["default", "p", "c"] = "one\ntwo\nthree\n"
    connection = http.client.HTTPConnection("127.0.0.1", int(api.url.rsplit(":", 1)[1]), timeout=10)
    connection.request("GET", "/api/v1/namespaces/default/pods/p/log?container=c&tailLines=2")
    assert connection.getresponse().read() == b"two\nthree\n"
    connection.close()


def test_requests_are_kept(api: FakeApi) -> None:
    ask(api, "GET", "/api/v1/pods?limit=5")
    ask(api, "POST", "/api/v1/namespaces/default/pods", pod("p"))
    assert [(r.verb, r.path, r.status) for r in api.requests] == [
        ("list", "/api/v1/pods", 200),
        ("create", "/api/v1/namespaces/default/pods", 201),
    ]
    assert api.asked("list", "pods")[0].query == {"limit": "5"}
    assert [r.verb for r in api.writes] == ["create"]


def test_the_clock_of_the_server_can_differ() -> None:
    with FakeApi(clock_offset=3600) as api:
        connection = http.client.HTTPConnection("127.0.0.1", int(api.url.rsplit(":", 1)[1]), timeout=10)
        connection.request("GET", "/version")
        date = connection.getresponse().headers["Date"]
        connection.close()
    ahead = time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(time.gmtime())
    assert 3590 < ahead < 3610


def test_a_stopped_server_leaves_no_thread() -> None:
    before = set(threading.enumerate())  # one of an earlier test may still be ending
    with FakeApi() as api:
        threading.Thread(target=events, args=(api, "/api/v1/pods?watch=true&timeoutSeconds=60")).start()
        while not api.asked("watch"):
            time.sleep(0.01)
    end = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.02)
    assert set(threading.enumerate()) - before == set()
