# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Something that is not Submariner's stands in the way of an uninstall, which says what, whose it is and the way out.

Once it is out of the way the uninstall is run again: proven clean, and what belongs to others is as it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.lab.process import parallel
from tests.scenarios import foreign
from tests.scenarios.judge import MEMBER_NAMESPACE, Json
from tests.scenarios.leftovers import left
from tests.scenarios.playbook import Run
from tests.scenarios.removal import CONFIRM
from tests.scenarios.stage import ScenarioFailed, Stage

MEMBER = "west"
NAME = "obstacle-mine"
"""Of what is put in the way; a stranger takes it for nobody's but `foreign`'s."""
NEVER = "obstacle.mine/never"
"""A finalizer that nobody serves."""
_GROUP = "obstacle.mine.example"
_WEBHOOK = "refuses.obstacle.mine.example"
_NOBODY = {"namespace": "default", "name": "nobody"}
_REMOVING = "API | remove and prove"
_EFFECTIVE_WITHIN = 60.0
_READY_WITHIN = 180.0
_OVERHEAD = 180.0
"""Seconds of a run beside the time that it was given for the removal."""
IMPORTS = 5000
_CHUNK = 250

Bring = Callable[[Stage], AbstractContextManager[None]]


@dataclass(frozen=True)
class Obstacle:
    bring: Bring
    """Puts it in the way, and at the end takes it away."""
    says: tuple[str, ...]
    """What the run must say when it fails; none for a run that has to succeed."""
    timeout: int = 90
    """Seconds that the removal is given."""
    refused: bool = False
    """Whether the plan shows it already, so that nothing is touched."""
    begun: str = ""
    """The task at which it comes; without one it is there from the beginning."""


def _kubectl(stage: Stage, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 60) -> str:
    return stage.fleet.lab.kubectl(MEMBER, *arguments, stdin=stdin, check=check, timeout=timeout).out


def _create(stage: Stage, *items: Json, timeout: float = 60) -> None:
    document = {"apiVersion": "v1", "kind": "List", "items": items}
    _kubectl(stage, "create", "-f", "-", stdin=json.dumps(document), timeout=timeout)


def _until(true: Callable[[], bool], what: str, limit: float = _EFFECTIVE_WITHIN) -> None:
    deadline = time.monotonic() + limit
    while not true():
        if time.monotonic() > deadline:
            raise ScenarioFailed(f"{what} not within {limit:.0f} s")
        time.sleep(1.0)


def _patch(stage: Stage, kind: str, name: str, namespace: str, patch: Json, check: bool = True) -> None:
    place = ("-n", namespace) if namespace else ()
    _kubectl(stage, *place, "patch", kind, name, "--type=merge", "-p", json.dumps(patch), check=check)


# -- who refuses ----------------------------------------------------------------------------------------------------------


def _refusing(stage: Stage, items: tuple[Json, ...], target: tuple[str, str]) -> Iterator[None]:
    """C(items) refuse the deletion of C(target), which takes the API server a moment to know."""
    names = [f"{item['kind'].lower()}/{item['metadata']['name']}" for item in items]
    _create(stage, *items)
    try:
        dry = ("delete", *target, "--dry-run=server")
        _until(lambda: stage.fleet.lab.kubectl(MEMBER, *dry, check=False).rc != 0, f"deleting {target[1]} is refused")
        yield
    finally:
        _kubectl(stage, "delete", *names, "--ignore-not-found")


@contextmanager
def _policy(stage: Stage) -> Iterator[None]:
    group = "admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["v1"], "operations": ["DELETE"],
        "resources": ["clusterroles"], "resourceNames": ["submariner-gateway"],
    }  # fmt: skip
    policy = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": NAME},
        "spec": {
            "failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "false", "message": "kept by a scenario"}],
        },
    }  # fmt: skip
    binding = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": NAME},
        "spec": {"policyName": NAME, "validationActions": ["Deny"]},
    }  # fmt: skip
    yield from _refusing(stage, (policy, binding), ("clusterrole", "submariner-gateway"))


@contextmanager
def _webhook(stage: Stage) -> Iterator[None]:
    """It is asked whether one of the definitions may go, and nobody is there to answer."""
    definition = "gateways.submariner.io"
    rule = {
        "apiGroups": ["apiextensions.k8s.io"], "apiVersions": ["v1"], "operations": ["DELETE"],
        "resources": ["customresourcedefinitions"],
    }  # fmt: skip
    webhook = {
        "name": _WEBHOOK, "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2, "clientConfig": {"service": _NOBODY}, "rules": [rule],
        "matchConditions": [{"name": "one", "expression": f"request.name == '{definition}'"}],
    }  # fmt: skip
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME}, "webhooks": [webhook],
    }  # fmt: skip
    yield from _refusing(stage, (configuration,), ("customresourcedefinition", definition))


# -- who holds ------------------------------------------------------------------------------------------------------------


def _held(kind: str, name: str) -> Bring:
    """A finalizer of somebody else on one of Submariner's objects; without C(name) on the first of its kind."""

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        query = ("-n", MEMBER_NAMESPACE, "get", kind, "-o", "json")
        items = json.loads(_kubectl(stage, *query))["items"]
        fitting = [i for i in items if name in ("", i["metadata"]["name"]) and _own(i)]
        if not fitting:
            raise ScenarioFailed(f"there is no {kind} {name} to hold")
        meta = fitting[0]["metadata"]
        finalizers = [*meta.get("finalizers", []), NEVER]
        _patch(stage, kind, meta["name"], MEMBER_NAMESPACE, {"metadata": {"finalizers": finalizers}})
        try:
            yield
        finally:
            # Only this one: the operator's, if it still is there, is the operator's.
            again = stage.fleet.lab.kubectl(MEMBER, *query, check=False)
            for item in json.loads(again.out)["items"] if again.rc == 0 else []:
                rest = [f for f in item["metadata"].get("finalizers", []) if f != NEVER]
                if item["metadata"]["name"] == meta["name"]:
                    patch = {"metadata": {"finalizers": rest or None}}
                    _patch(stage, kind, meta["name"], MEMBER_NAMESPACE, patch, check=False)

    return bring


def _own(item: Json) -> bool:
    """Not a copy of another cluster's record, which goes when its original does."""
    return str(item.get("spec", {}).get("cluster_id", MEMBER)) == MEMBER


@contextmanager
def _definition_stuck(stage: Stage) -> Iterator[None]:
    """A user's object of one of Submariner's kinds is held, and the definition was asked to go."""
    held = {
        "apiVersion": "submariner.io/v1", "kind": "GlobalEgressIP", "spec": {"numberOfIPs": 1},
        "metadata": {"name": NAME, "namespace": NAME, "finalizers": [NEVER]},
    }  # fmt: skip
    _kubectl(stage, "create", "namespace", NAME)
    try:
        _create(stage, held)
        _kubectl(stage, "delete", "customresourcedefinition", "globalegressips.submariner.io", "--wait=false")
        yield
    finally:
        free = {"metadata": {"finalizers": None}}
        _patch(stage, "globalegressips.submariner.io", NAME, NAME, free, check=False)
        _kubectl(stage, "delete", "namespace", NAME, "--wait=true", timeout=120)


@contextmanager
def _node_gone(stage: Stage) -> Iterator[None]:
    """Its kubelet does not answer any more; what it has started runs on, and nothing there can be ended."""
    node = gateway_node(stage)
    stage.fleet.lab.in_node(node, "systemctl", "stop", "kubelet")
    try:
        yield
    finally:
        stage.fleet.lab.in_node(node, "systemctl", "start", "kubelet")
        wait = ("wait", f"node/{node}", "--for=condition=Ready", f"--timeout={_READY_WITHIN:.0f}s")
        _kubectl(stage, *wait, timeout=_READY_WITHIN + 20)


def gateway_node(stage: Stage) -> str:
    """The worker, on which Submariner's pods run."""
    names = sorted(node.name for node in stage.fleet.lab.nodes() if node.cluster == MEMBER)
    return next(name for name in names if not name.endswith("-control-plane"))


# -- what cannot be told --------------------------------------------------------------------------------------------------


@contextmanager
def _api_broken(stage: Stage) -> Iterator[None]:
    service = {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1.{_GROUP}"},
        "spec": {
            "group": _GROUP, "version": "v1", "service": {**_NOBODY, "port": 443}, "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 1000, "versionPriority": 10,
        },
    }  # fmt: skip
    _create(stage, service)
    try:
        _until(lambda: _GROUP in _kubectl(stage, "get", "--raw", "/apis"), "the broken API is listed")
        yield
    finally:
        _kubectl(stage, "delete", "apiservice", f"v1.{_GROUP}")
        _until(lambda: _GROUP not in _kubectl(stage, "get", "--raw", "/apis"), "the broken API is forgotten")


@contextmanager
def _one_marker(stage: Stage) -> Iterator[None]:
    """The line that ends lighthouse's block is gone, so that nothing tells where it ends."""
    query = ("-n", "kube-system", "get", "configmap", "coredns", "-o", "json")
    before = str(json.loads(_kubectl(stage, *query))["data"]["Corefile"])
    kept = [line for line in before.splitlines(keepends=True) if "lighthouse-end" not in line]
    if len(kept) == len(before.splitlines()):
        raise ScenarioFailed("the Corefile has no block of lighthouse")
    _patch(stage, "configmap", "coredns", "kube-system", {"data": {"Corefile": "".join(kept)}})
    try:
        yield
    finally:
        _patch(stage, "configmap", "coredns", "kube-system", {"data": {"Corefile": before}})


# -- a lot of it ----------------------------------------------------------------------------------------------------------


def service_import(name: str, ours: bool) -> Json:
    """As lighthouse makes it in a user's namespace, or as another implementation may."""
    notes = {"annotations": {"lighthouse.submariner.io/use-clusterset-ip": "false"}} if ours else {}
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport",
        "metadata": {"name": name, "namespace": NAME, **notes},
        "spec": {"type": "ClusterSetIP", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
    }  # fmt: skip


@contextmanager
def _many_imports(stage: Stage) -> Iterator[None]:
    """All of them go; one beside them, which is not lighthouse's, stays."""
    _kubectl(stage, "create", "namespace", NAME)
    try:
        ours = [service_import(f"service-{number}", True) for number in range(IMPORTS)]
        chunks = [ours[start : start + _CHUNK] for start in range(0, len(ours), _CHUNK)]
        parallel(lambda chunk: _create(stage, *chunk, timeout=300), chunks)
        _create(stage, service_import(NAME, False))
        yield
        names = _kubectl(stage, "-n", NAME, "get", "serviceimports.multicluster.x-k8s.io", "-o", "name").split()
        expected = [f"serviceimport.multicluster.x-k8s.io/{NAME}"]
        stage.require([] if names == expected else names[:5] or ["none"], "just the import of somebody else is left")
    finally:
        _kubectl(stage, "delete", "namespace", NAME, "--wait=true", timeout=300)


OBSTACLES: dict[str, Obstacle] = {
    "policy": Obstacle(
        _policy,
        (
            "ClusterRole submariner-gateway still there", f"ValidatingAdmissionPolicy '{NAME}'",
            f"have whoever made ValidatingAdmissionPolicy {NAME} allow it",
        ),
    ),
    "webhook": Obstacle(
        _webhook,
        (
            "CustomResourceDefinition gateways.submariner.io still there", f'failed calling webhook "{_WEBHOOK}"',
            f"repair what serves the webhook {_WEBHOOK}",
        ),
    ),
    "finalizer-record": Obstacle(
        _held("endpoints.submariner.io", ""),
        (
            f"Namespace {MEMBER_NAMESPACE} still there", f"waits for Endpoint {MEMBER_NAMESPACE}/",
            f"held by finalizer {NEVER}", "take it off by hand",
        ),
    ),
    "finalizer-resource": Obstacle(
        _held("submariners.submariner.io", "submariner"),
        (
            f"Submariner {MEMBER_NAMESPACE}/submariner still there", f"held by finalizer {NEVER}",
            "wait for that, see remaining",
        ),
    ),
    "finalizer-content": Obstacle(
        _held("roles.rbac.authorization.k8s.io", "submariner-gateway"),
        (
            f"Namespace {MEMBER_NAMESPACE} still there",
            f"waits for Role {MEMBER_NAMESPACE}/submariner-gateway, held by finalizer {NEVER}",
        ),
    ),
    "definition-stuck": Obstacle(
        _definition_stuck,
        (
            "CustomResourceDefinition globalegressips.submariner.io still there",
            f"waits for GlobalEgressIP {NAME}/{NAME}, held by finalizer {NEVER}",
        ),
    ),
    "node-gone": Obstacle(
        _node_gone, ("still there after", "cannot end, since that node is not Ready", "bring the node back"),
        timeout=240, begun=_REMOVING,
    ),
    "api-broken": Obstacle(
        _api_broken,
        (f"contents of namespace {MEMBER_NAMESPACE} not answered", f"{_GROUP}/v1", "delete its APIService"),
        refused=True,
    ),
    "one-marker": Obstacle(
        _one_marker,
        ("ConfigMap kube-system/coredns", "marker lines do not come in pairs", "by hand"),
        refused=True,
    ),
    "many-imports": Obstacle(_many_imports, (), timeout=300),
}  # fmt: skip


def by(name: str) -> Callable[[Stage], None]:
    obstacle = OBSTACLES[name]

    def act(stage: Stage) -> None:
        stage.damage("healthy")
        others = foreign.plant(stage.fleet)
        before = stage.fleet.steady_reading() if obstacle.refused else None
        ended = _run_into(stage, obstacle)
        stage.require(unclear(obstacle, ended), "the run ends as it should, and says why")
        if before is not None:
            stage.require_unchanged(before, "the refusal changes nothing")
        stage.succeed("uninstall", *CONFIRM, name="again")
        stage.require(left(stage.fleet), "nothing of Submariner is left")
        stage.require(others.changes(), "what belongs to others is as it was")
        others.take_back()

    return act


def _run_into(stage: Stage, obstacle: Obstacle) -> Run:
    options = (*CONFIRM, "-e", f"submariner_cleanup_timeout={obstacle.timeout}")
    if not obstacle.begun:
        with obstacle.bring(stage):
            return stage.play("uninstall", *options, name="obstructed")
    with stage.playbook("uninstall", *options) as running:
        if not running.wait_for(obstacle.begun):
            raise ScenarioFailed(f"the run ended before {obstacle.begun!r}")
        with obstacle.bring(stage):
            ended = running.finish()
    stage.notes.append(f"obstructed {ended.seconds:.0f} s")
    return ended


def unclear(obstacle: Obstacle, ended: Run) -> list[str]:
    """What is wrong with how it ended."""
    said = [failure.message for failure in ended.failures]
    text = " ".join(said)
    expected = 2 if obstacle.says else 0
    found = [] if ended.code == expected else [f"exit code {ended.code}, not {expected}: {text or 'no message'}"]
    found += [f"not said: {word}; but: {text or 'no message'}" for word in obstacle.says if word not in text]
    found += [f"more than one line: {one}" for one in said if "\n" in one.strip() or "Traceback" in one]
    limit = obstacle.timeout + _OVERHEAD
    return found + ([f"it took {ended.seconds:.0f} s, more than {limit:.0f}"] if ended.seconds > limit else [])
