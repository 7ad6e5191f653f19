# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_cleanup from end to end: an API server and a kubelet that answer, and nodes whose tools answer and change."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_access as node_access
from ansible_collections.submariner.lifecycle.plugins.module_utils import _node_script as node_script
from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, ExecResult
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_cleanup import WAITS
from ansible_collections.submariner.lifecycle.plugins.modules import node_cleanup
from tests.unit.fake_api import FakeApi
from tests.unit.kubelet import Kubelet
from tests.unit.nodes import TOOLS, FakeNode
from tests.unit.northbound import FOREIGN_POLICY, FOREIGN_ROUTE, left, program, serve
from tests.unit.run_module import Outcome, run_module

Json = dict[str, t.Any]

PODS, NODES, NAMESPACES = ("", "pods"), ("", "nodes"), ("", "namespaces")
OURS = "submariner-lifecycle"
IMAGE = "registry.example/route-agent:1"


class Fleet:
    """A cluster with nodes, a kubelet for them, and an exec that reaches their tools."""

    def __init__(self, api: FakeApi, folder: Path) -> None:
        self.api, self.folder = api, folder
        self.nodes: dict[str, FakeNode] = {}
        self.kubelet = Kubelet(api)
        self.kubelet.start()

    def add(
        self,
        name: str,
        state: str = "",
        recorded: str = "",
        ready: str = "True",
        labels: dict[str, str] | None = None,
        **tools: str | None,
    ) -> None:
        condition = {"type": "Ready", "status": ready, "reason": "KubeletStopped", "lastTransitionTime": "yesterday"}
        body = {"metadata": {"name": name, "labels": labels or {}}, "status": {"conditions": [condition]}}
        self.api.cluster.create(NODES, body)
        if state:
            self.nodes[name] = FakeNode(self.folder / name, state, recorded, **tools)

    def execute(
        self, _api: Api, namespace: str, pod: str, _container: str, argv: list[str], timeout: float = 0
    ) -> ExecResult:
        body = self.api.cluster.get(PODS, namespace, pod)
        environment = {item["name"]: item["value"] for item in body["spec"]["containers"][0]["env"]}
        done = self.nodes[body["spec"]["nodeName"]].run(argv[2], **environment)
        return ExecResult(done.returncode, done.stdout, done.stderr)

    def cleanup(self, check: bool = False, **options: t.Any) -> Outcome:
        arguments = {"host": self.api.url, "api_key": "token-of-the-test", "image": IMAGE, **options}
        return run_module(node_cleanup.main, arguments, check=check, diff=True)


@pytest.fixture
def fleet(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet(api, tmp_path)

    def execute(client: Api, *args: t.Any, **options: t.Any) -> ExecResult:
        return made.execute(client, *args, **options)

    monkeypatch.setattr(Api, "exec", execute)
    monkeypatch.setattr(own_pods, "START_LIMIT", 1.0)
    return made


def no_traces(api: FakeApi) -> None:
    assert api.cluster.objects(PODS) == []
    assert OURS not in [item["metadata"]["name"] for item in api.cluster.objects(NAMESPACES)]


def test_plan_apply_and_a_second_run(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", "globalnet-west-uninstalled", "west-worker")
    before = fleet.nodes["a"].files.joinpath("iptables-save").read_text()

    planned = fleet.cleanup()
    assert not planned.changed
    assert [(entry["node"], entry["kind"]) for entry in planned["plan"]] == [
        ("a", "jump"),
        ("a", "chain"),
        ("b", "jump"),
        ("b", "chain"),
    ]
    assert planned["verdict"] == "fail"

    checked = fleet.cleanup(check=True, state="apply")
    assert checked.changed
    assert "a: chain iptables-nft filter/SUBMARINER-FORWARD\n" in checked["diff"]["before"]
    assert checked["diff"]["after"] == ""
    assert fleet.nodes["a"].files.joinpath("iptables-save").read_text() == before

    applied = fleet.cleanup(state="apply")
    assert applied.changed
    assert applied["removed"] == planned["plan"]
    assert applied["verdict"] == "pass"
    assert {node["state"] for node in applied["nodes"]} == {"clean"}
    left = fleet.nodes["a"].files.joinpath("iptables-save").read_text()
    assert left.splitlines() == [line for line in before.splitlines() if "SUBMARINER" not in line]

    again = fleet.cleanup(state="apply")
    assert (again.failed, again.changed, again["plan"], again["verdict"]) == (False, False, [], "pass")
    no_traces(api)


def test_what_does_not_go_fails_with_its_cause(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node", iptables_nft="echo 'iptables: Resource busy.' >&2; exit 4")
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert outcome.msg.endswith(" on a: iptables: Resource busy.")
    assert len(outcome["remaining"]) == 2
    assert not outcome["removed"]


def test_what_a_server_says_ends_a_sentence_once(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.api.fault(403, verb="list", path="/api/v1/pods$", message="Ask the platform team.")
    outcome = fleet.cleanup(state="apply")
    assert "cannot be listed: Ask the platform team. Nothing was changed." in outcome.msg


@pytest.mark.parametrize("gone", [False, True])
def test_evidence_stays_until_the_rest_is_gone(fleet: Fleet, gone: bool) -> None:
    """A command may fail because somebody else was faster: then nothing has to wait."""
    empty = 'echo "[]" > "$files/ip-rule"' if gone else ":"
    deletions = (
        f'*"rule delete"*) {empty}; echo "No such file" >&2; exit 2 ;; '
        '*"route delete"*) echo "[]" > "$files/ip-route" ;; *"link delete"*) echo "[]" > "$files/ip-link" ;; '
    )
    fleet.add("a", "label-removed-first", "west-node", ip=str(TOOLS["ip"]).replace("*-6*", f"{deletions} *-6*", 1))
    outcome = fleet.cleanup(state="apply")
    left = {entry["kind"]: entry["cause"] for entry in outcome["remaining"] if entry["kind"] in ("rule", "link")}
    assert left == ({} if gone else {"rule": "No such file", "link": WAITS})


def test_nodes_out_of_reach_are_named_and_never_clean(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", ready="Unknown")
    fleet.add("c")
    fleet.add("d")
    fleet.add("e")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    fleet.kubelet.statuses = {
        "c": {"phase": "Pending", "containerStatuses": [{"name": "node", "ready": False, "state": waiting}]},
        "d": {"phase": "Pending"},
        "e": {"phase": "Failed", "reason": "OutOfpods", "message": "Node has no room"},
    }
    outcome = fleet.cleanup()
    states = {node["name"]: (node["state"], node["cause"]) for node in outcome["nodes"]}
    assert states["a"][0] == "residue"
    assert {name for name, (state, _cause) in states.items() if state == "not inspected"} == {"b", "c", "d", "e"}
    assert "not ready since yesterday" in states["b"][1]
    assert "manifest unknown" in states["c"][1]
    assert "did not run within" in states["d"][1]
    assert "Node has no room" in states["e"][1]
    assert {entry["node"] for entry in outcome["unknown"]} == {"b", "c", "d", "e"}
    assert "b" not in fleet.kubelet.seen
    no_traces(api)


def test_only_unknown_nodes_is_not_a_pass(fleet: Fleet) -> None:
    fleet.add("b", ready="False")
    assert fleet.cleanup()["verdict"] == "unknown"


def test_a_layer_that_cannot_be_read_is_unknown(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node", ipset=None)
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert "a: ipsets: " in outcome.msg
    assert outcome["verdict"] == "unknown"
    assert [entry["layer"] for entry in outcome["unknown"]] == ["ipsets"]
    allowed = fleet.cleanup(state="apply", allow_uninspected=True)
    assert (allowed.failed, allowed["verdict"]) == (False, "unknown")
    assert "a: ipsets: " in str(allowed["warnings"])


def test_what_is_left_in_the_database_of_ovn_goes_and_what_others_have_there_stays(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", "west-uninstalled", "west-node")
    serve(fleet.nodes["a"])
    planned = fleet.cleanup()
    assert [(entry["node"], entry["kind"]) for entry in planned["plan"] if entry["kind"].startswith("OVN")] == [
        ("a", "OVN policy"),
        ("a", "OVN route"),
    ]
    applied = fleet.cleanup(state="apply")
    assert (applied["removed"], applied["verdict"]) == (planned["plan"], "pass")
    assert left(fleet.nodes["a"]) == [FOREIGN_POLICY, FOREIGN_ROUTE]
    assert [entry["kind"] for entry in applied["kept"]] == ["OVN policy"]
    assert not fleet.cleanup(state="apply").changed


def test_a_database_of_ovn_that_cannot_be_asked_is_no_success_unless_allowed(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    serve(fleet.nodes["a"])
    program(fleet.nodes["a"], "nsenter", "echo 'ovn-nbctl: database connection failed ()' >&2; exit 1")
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert "a: OVN northbound database: ovn-nbctl: database connection failed ()" in outcome.msg
    assert not fleet.cleanup(state="apply", allow_uninspected=True).failed


def test_a_database_of_ovn_that_no_node_serves_is_told_and_does_not_fail(fleet: Fleet) -> None:
    for name in ("a", "b"):
        fleet.add(name, "west-uninstalled", "west-node")
        links = fleet.nodes[name].files / "ip-link"
        links.write_text(links.read_text().replace('"ifname":"lo"', '"ifname":"ovn-k8s-mp0"'))
    outcome = fleet.cleanup(state="apply")
    assert (outcome.failed, outcome["verdict"]) == (False, "pass")
    assert "2 of the nodes run OVN-Kubernetes, and none of those looked at serves" in str(outcome["warnings"])
    serve(fleet.nodes["b"])
    assert "warnings" not in fleet.cleanup(state="apply").result


def test_nodes_that_are_not_inspected_are_no_success_unless_allowed(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", ready="Unknown")
    fleet.add("c", ready="Unknown")
    for check in (True, False):
        outcome = fleet.cleanup(check=check, state="apply")
        assert outcome.failed
        assert "b, c: the node is not ready since yesterday" in outcome.msg
        assert "submariner_cleanup_allow_uninspected" in outcome.msg
        assert "\n" not in outcome.msg
    assert outcome["removed"]
    allowed = fleet.cleanup(state="apply", allow_uninspected=True)
    assert not allowed.failed
    assert "b, c: the node is not ready" in str(allowed["warnings"])
    no_traces(api)


REFUSED = 'violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)'


@pytest.mark.parametrize("owner", ["submariner.lifecycle", ""])
def test_a_namespace_that_admits_no_node_pods(fleet: Fleet, api: FakeApi, owner: str) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", "west-uninstalled", "west-node")
    labels = {"pod-security.kubernetes.io/enforce": "restricted", "app.kubernetes.io/managed-by": owner}
    api.cluster.create(NAMESPACES, {"metadata": {"name": OURS, "labels": labels}})

    def level() -> str:
        ours = next(o for o in api.cluster.objects(NAMESPACES) if o["metadata"]["name"] == OURS)
        return str(ours["metadata"]["labels"]["pod-security.kubernetes.io/enforce"])

    if owner:
        assert not fleet.cleanup(state="apply").failed
        assert level() == "privileged"
        return
    api.fault(403, verb="create", path="/pods$", message=REFUSED)
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert "a, b: the pod was not accepted" in outcome.msg
    assert "was not made by this collection and is left as it is: label it" in outcome.msg
    assert level() == "restricted"


def test_a_namespace_of_ours_that_cannot_be_relabelled(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "app.kubernetes.io/managed-by": "submariner.lifecycle",
    }
    api.cluster.create(NAMESPACES, {"metadata": {"name": OURS, "labels": labels}})
    api.fault(403, verb="create", path="/pods$", message=REFUSED)
    api.fault(403, verb="patch", path="/namespaces/")
    assert "could not be relabelled" in fleet.cleanup(state="apply").msg


def test_running_agents_forbid_to_apply(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "installed", "west-node")
    api.cluster.create(NAMESPACES, {"metadata": {"name": "submariner-operator"}})
    agent = {
        "metadata": {"name": "agent-x", "labels": {"app": "submariner-routeagent"}},
        "spec": {"nodeName": "a"},
        "status": {"phase": "Running"},
    }
    api.cluster.create(PODS, agent, "submariner-operator")
    before = fleet.nodes["a"].files.joinpath("iptables-save").read_text()
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert "agent-x on a" in outcome.msg
    assert outcome["plan"]
    assert fleet.nodes["a"].files.joinpath("iptables-save").read_text() == before
    assert not fleet.cleanup().failed


def test_agents_that_cannot_be_asked_about_forbid_to_apply(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    api.fault(403, verb="list", path="^/api/v1/pods", message="pods is forbidden")
    outcome = fleet.cleanup(state="apply")
    assert outcome.failed
    assert "pods is forbidden" in outcome.msg
    assert fleet.cleanup(state="apply", force=True)["verdict"] == "pass"


def test_broken_exec_is_a_node_not_inspected_and_the_pod_goes(
    fleet: Fleet, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> ExecResult:
        raise ApiFailure("The connection to pod x broke: reset.")

    fleet.add("a", "west-uninstalled", "west-node")
    monkeypatch.setattr(Api, "exec", broken)
    outcome = fleet.cleanup()
    assert "reset" in outcome["nodes"][0]["cause"]
    assert outcome["verdict"] == "unknown"
    no_traces(api)


def test_pods_are_privileged_bounded_and_tolerate_everything(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.cleanup(timeout=20)
    pod = fleet.kubelet.seen["a"]
    assert pod["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "submariner.lifecycle"
    spec = pod["spec"]
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert (spec["hostNetwork"], spec["hostPID"], spec["terminationGracePeriodSeconds"]) == (True, True, 1)
    assert 20 < spec["activeDeadlineSeconds"] < 600
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["privileged"] is True
    assert spec["containers"][0]["image"] == IMAGE


def test_pods_left_by_a_killed_run_are_swept(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    api.cluster.create(NAMESPACES, {"metadata": {"name": OURS}})
    old = {
        "metadata": {"name": "old", "labels": {own_pods.PURPOSE: node_access.PURPOSE}},
        "status": {"phase": "Failed"},
    }
    api.cluster.create(PODS, old, OURS)
    fleet.cleanup()
    assert api.cluster.objects(PODS) == []
    assert OURS in [item["metadata"]["name"] for item in api.cluster.objects(NAMESPACES)]


def test_image_of_the_running_agents_is_the_default(fleet: Fleet, api: FakeApi) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.cleanup(image="", fallback_image="quay.io/agent:1")
    assert fleet.kubelet.seen["a"]["spec"]["containers"][0]["image"] == "quay.io/agent:1"
    missing = fleet.cleanup(image="").msg
    assert "submariner_node_image" in missing
    assert "submariner_version" in missing
    api.cluster.create(NAMESPACES, {"metadata": {"name": "submariner-operator"}})
    spec = {"template": {"spec": {"containers": [{"name": "x", "image": "quay.io/agent:2"}]}}}
    api.cluster.create(
        ("apps", "daemonsets"), {"metadata": {"name": "submariner-routeagent"}, "spec": spec}, "submariner-operator"
    )
    fleet.cleanup(image="")
    assert fleet.kubelet.seen["a"]["spec"]["containers"][0]["image"] == "quay.io/agent:2"


def test_after_a_removal_the_image_that_most_nodes_still_have_is_the_default(fleet: Fleet, api: FakeApi) -> None:
    agent = "quay.io/submariner/submariner-route-agent"
    fleet.add("a", "west-uninstalled", "west-node")
    for node, tags in {"a": ["2"], "b": ["1", "2"], "c": ["1", "2"], "d": ["1"], "e": ["2"]}.items():
        images = [{"names": [f"{agent}@sha256:0", f"{agent}:{tag}"]} for tag in tags]
        body = {"metadata": {"name": node}, "status": {"images": images}}
        if node == "a":
            condition = {"type": "Ready", "status": "True"}
            api.cluster.replace(NODES, {**body, "status": {"images": images, "conditions": [condition]}}, "", "a")
        else:
            api.cluster.create(NODES, body)
    fleet.cleanup(image="", fallback_image=f"{agent}:3")
    assert fleet.kubelet.seen["a"]["spec"]["containers"][0]["image"] == f"{agent}:2"


def test_nodes_are_asked_for_by_name(fleet: Fleet) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("b", "west-uninstalled", "west-node")
    outcome = fleet.cleanup(nodes=["b", "nowhere"])
    assert {node["name"]: node["state"] for node in outcome["nodes"]} == {"b": "residue", "nowhere": "not inspected"}


@pytest.mark.parametrize("labels", [{"kubernetes.io/os": "windows"}, {"type": "virtual-kubelet"}])
def test_a_node_that_is_no_linux_machine_gets_no_pod(fleet: Fleet, labels: dict[str, str]) -> None:
    fleet.add("a", "west-uninstalled", "west-node")
    fleet.add("other", labels={"kubernetes.io/os": "linux", **labels})
    assert [node["name"] for node in fleet.cleanup()["nodes"]] == ["a"]
    assert fleet.kubelet.seen.keys() == {"a"}
    assert "that is a machine" in fleet.cleanup(nodes=["other"])["unknown"][0]["cause"]


def test_nodes_that_cannot_be_listed_fail_with_the_reason(fleet: Fleet, api: FakeApi) -> None:
    api.fault(403, verb="list", path="/nodes", message="nodes is forbidden")
    outcome = fleet.cleanup()
    assert outcome.failed
    assert "nodes is forbidden" in outcome.msg


def test_many_commands_go_in_several_short_scripts(tmp_path: Path) -> None:
    node = FakeNode(tmp_path, "west-uninstalled", "west-node", echo="printf '%s' $1")

    class Counting(node_access.Visit):
        scripts: t.ClassVar[list[str]] = []

        def _shell(self, body: str) -> str:
            self.scripts.append(body)
            return node.run(node_script.preamble(self._nonce, from_pod=False) + body).stdout

    commands = [["cat", f"/nowhere/{number:0>40}"] if number % 2 else ["echo", "1"] for number in range(150)]
    causes = Counting("x").run(commands)
    assert [bool(cause) for cause in causes] == [bool(number % 2) for number in range(150)]
    assert len(Counting.scripts) > 1
    assert max(len(script) for script in Counting.scripts) < 3 * node_access.COMMANDS_LENGTH


@pytest.mark.parametrize("away", [{"drop": True}, {"status": 503}], ids=["gone", "starting"])
def test_a_server_that_is_away_for_a_moment_is_waited_for(fleet: Fleet, away: t.Any) -> None:
    fleet.add("a", "healthy-two-nodes", "west-worker")
    fleet.api.fault(verb="list", path="/nodes$", times=2, **away)
    assert [node["state"] for node in fleet.cleanup()["nodes"]] == ["residue"]
    fleet.api.fault(verb="list", path="/nodes$", **away)
    outcome = fleet.cleanup(timeout=1)
    assert "No node was visited" in outcome.msg
