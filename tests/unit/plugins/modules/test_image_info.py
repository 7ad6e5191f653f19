# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""image_info: an image that a node cannot get is named with the cause, one that is not known is never good, no pod stays."""

from __future__ import annotations

import pathlib
import threading
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _image_pull
from ansible_collections.submariner.lifecycle.plugins.modules import image_info
from tests.unit.fake_api import FakeApi
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]
NAMESPACE, PODS = "submariner-lifecycle", ("", "pods")
GOOD, OTHER = "registry.example/gateway:1", "registry.example/route-agent:1"
DENIED = "failed to pull: unauthorized: authentication required"


def waiting(reason: str, message: str = "") -> Json:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


ENDED: Json = {"state": {"terminated": {"exitCode": 0}}, "imageID": "sha256:0"}


class Kubelet(threading.Thread):
    """Goes through C(steps): for each a status for the container of each image, the last one for good."""

    def __init__(self, api: FakeApi, steps: t.Sequence[dict[str, Json]]) -> None:
        super().__init__(daemon=True)
        self.api, self.steps = api, list(steps)
        self.seen: list[Json] = []

    def run(self) -> None:
        while not self.api.stopping.is_set():
            for pod in self.api.cluster.objects(PODS, NAMESPACE):
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                self.seen.append(pod)
                told = [
                    {"name": c["name"], **step[c["image"]]} for c in pod["spec"]["containers"] if c["image"] in step
                ]
                pod["status"] = {"phase": "Pending", "containerStatuses": told}
                self.api.cluster.replace(PODS, pod, NAMESPACE, pod["metadata"]["name"])
            time.sleep(0.05)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_image_pull, "POLL", 0.05)


def ask(api: FakeApi, folder: pathlib.Path, *steps: dict[str, Json], **options: t.Any) -> Outcome:
    api.cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "k"}}])
    Kubelet(api, steps).start()
    access = {"kubeconfig": api.kubeconfig(folder), "images": [GOOD, OTHER], "cluster": "west", "timeout": 20}
    outcome = run_module(image_info.main, {**access, **options})
    assert api.cluster.objects(PODS, NAMESPACE) == []
    assert NAMESPACE not in [o["metadata"]["name"] for o in api.cluster.objects(("", "namespaces"))]
    return outcome


@pytest.mark.parametrize(
    "there", [ENDED, waiting("RunContainerError", "no such file"), {"state": {"running": {}}, "imageID": ""}]
)
def test_an_image_is_there_whatever_becomes_of_its_container(api: FakeApi, tmp_path: pathlib.Path, there: Json) -> None:
    outcome = ask(api, tmp_path, {GOOD: waiting("ContainerCreating")}, {GOOD: ENDED, OTHER: there})
    assert (outcome.failed, outcome.changed, outcome["verdict"], outcome["findings"]) == (False, False, "pass", [])
    assert [(i["image"], i["pulled"]) for i in outcome["images"]] == [(GOOD, True), (OTHER, True)]


def test_the_cause_of_a_failed_pull_is_the_one_that_was_said_first(api: FakeApi, tmp_path: pathlib.Path) -> None:
    denied, later = waiting("ErrImagePull", DENIED), waiting("ImagePullBackOff", "Back-off pulling image")
    outcome = ask(
        api, tmp_path, {GOOD: ENDED, OTHER: denied}, {GOOD: ENDED, OTHER: denied}, {GOOD: ENDED, OTHER: later}
    )
    finding = outcome["findings"][0]
    assert (outcome["verdict"], finding["id"], finding["severity"]) == ("fail", "image.not-pulled", "error")
    assert (finding["subject"], finding["cause"]) == (f"west: image {OTHER}", DENIED)


def test_a_pull_that_succeeds_in_the_end_is_good(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = ask(api, tmp_path, {OTHER: waiting("ErrImagePull", DENIED)}, {GOOD: ENDED, OTHER: ENDED})
    assert outcome["verdict"] == "pass"


def test_what_is_not_known_in_time_is_said(api: FakeApi, tmp_path: pathlib.Path) -> None:
    outcome = ask(api, tmp_path, {GOOD: ENDED, OTHER: waiting("ContainerCreating")}, timeout=1)
    finding = outcome["findings"][0]
    assert (outcome["verdict"], finding["id"], finding["subject"]) == (
        "degraded",
        "preflight.not-inspected",
        f"west: image {OTHER}",
    )
    assert outcome["images"][1]["pulled"] is None


def test_a_pod_that_is_refused_is_no_answer(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.fault(403, verb="create", path="/pods$")
    outcome = ask(api, tmp_path, {})
    assert [f["id"] for f in outcome["findings"]] == ["preflight.not-inspected"]
    assert "the pod was not accepted" in outcome["findings"][0]["cause"]


@pytest.mark.parametrize("options", [{"images": []}, {"images": [" "]}, {"images": ["x"] * 21}, {"timeout": 0}])
def test_wrong_values_are_named(api: FakeApi, tmp_path: pathlib.Path, options: Json) -> None:
    outcome = ask(api, tmp_path, {}, **options)
    assert outcome.failed
    assert next(iter(options)) in outcome.msg
    assert api.writes == []
